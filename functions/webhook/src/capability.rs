//! Deliveries of senders that cannot sign: they are believed as far as their address is one that only they were given.

use std::borrow::Cow;

use switchboard_core::{Freshness, ProviderId, Secret, SecretUnavailable};
use switchboard_lambda::{ApiError, Reply, Request, WEBHOOK_URL_SECRET};
use switchboard_providers::capability_url::{CapabilityUrls, HookFacts, UrlProof};
use switchboard_providers::hamsa::HamsaWebhooks;
use switchboard_providers::omnidimension::OmnidimensionWebhooks;
use switchboard_providers::{Cause, Inbound, Rejection, Verified, Webhooks};
use switchboard_store::{Hook, HookStanding};

use crate::call::{Claim, take};
use crate::delivery::reject;
use crate::{App, Operation};

pub(crate) async fn receive(app: &App, request: &Request<Operation>, provider: ProviderId) -> Result<Reply, ApiError> {
    let sender = provider.as_str();
    let token = request.parameter("token");
    let mut hook = match find(app, token, Freshness::Cached).await? {
        Ok(hook) => hook,
        Err(rejection) => return Ok(reject(app, request, sender, rejection).await),
    };
    let inbound = Inbound { urls: &[], headers: &request.headers, body: &request.body };
    let mut proved = prove(app, token, &hook, &inbound, (sender, Freshness::Cached)).await?;
    // What does not fit may have been made from a row or with a key that is newer than ours.
    if let Err(rejection) = &proved
        && matches!(
            rejection.cause,
            Cause::UrlMismatch | Cause::RotatedUrl | Cause::RetiredUrlKey | Cause::WrongCredential
        )
    {
        hook = match find(app, token, Freshness::Refetched).await? {
            Ok(hook) => hook,
            Err(rejection) => return Ok(reject(app, request, sender, rejection).await),
        };
        proved = prove(app, token, &hook, &inbound, (sender, Freshness::Refetched)).await?;
    }
    let (reader, verified) = match proved {
        Ok(proved) => proved,
        Err(rejection) => return Ok(reject(app, request, sender, rejection).await),
    };
    let events = reader.normalise(&verified).unwrap_or_default();
    let body = match provider {
        // Its payload may hold the agent's own key.
        ProviderId::Omnidimension => OmnidimensionWebhooks::storable(verified.body()),
        _ => Cow::Borrowed(verified.body()),
    };
    let claim = Claim { provider, sender, call: hook.call, hook: Some(&hook) };
    take(app, &claim, (verified.replay_key(), &body), events).await
}

/// The row of the URL that a token names, if it holds.
async fn find(app: &App, token: &str, freshness: Freshness) -> Result<Result<Hook, Rejection>, ApiError> {
    let Some(id) = CapabilityUrls::hook_of(token) else { return Ok(Err(Rejection::of(Cause::MalformedToken))) };
    let Some(hook) = app.known_hooks.find(&app.shell.store, id, freshness).await? else {
        return Ok(Err(Rejection::of(Cause::UnknownHook)));
    };
    Ok(match hook.standing(app.shell.now()) {
        HookStanding::Live => Ok(hook),
        HookStanding::Revoked | HookStanding::Expired => Err(Rejection::of(Cause::RevokedHook)),
    })
}

/// Proves the address, and the static credential where the sender was given one.
async fn prove<'a>(
    app: &App,
    token: &str,
    hook: &Hook,
    inbound: &Inbound<'a>,
    (sender, freshness): (&str, Freshness),
) -> Result<Result<(Box<dyn Webhooks>, Verified<'a>), Rejection>, ApiError> {
    let urls = app.shell.hook_urls()?;
    let (accepted, retired) = (urls.accepted(freshness).await?, urls.retired(freshness).await?);
    let keys = CapabilityUrls::new(&accepted, &retired).map_err(|bad| SecretUnavailable::Incomplete {
        name: urls.secret_name().to_owned(),
        key: WEBHOOK_URL_SECRET,
        what: bad.to_string(),
    })?;
    let facts = HookFacts { hook: hook.id, sender: &hook.sender, purpose: &hook.purpose, generation: hook.generation };
    let proof = match keys.prove(token, &facts) {
        Ok(proof) => proof,
        Err(rejection) => return Ok(Err(rejection)),
    };
    let now = app.shell.now();
    if sender == ProviderId::Omnidimension.as_str() {
        let reader = OmnidimensionWebhooks::new(proof);
        let verified = reader.verify(inbound, now);
        return Ok(verified.map(|verified| (Box::new(reader) as Box<dyn Webhooks>, verified)));
    }
    // Only what was given out for one call goes with a credential; it may have been made with any of the keys that hold.
    let credentials = if hook.call.is_some() { urls.credentials(hook, freshness).await? } else { Vec::new() };
    Ok(hamsa(&proof, credentials, inbound, now))
}

fn hamsa<'a>(
    proof: &UrlProof,
    credentials: Vec<Secret>,
    inbound: &Inbound<'a>,
    now: switchboard_core::Timestamp,
) -> Result<(Box<dyn Webhooks>, Verified<'a>), Rejection> {
    let mut expected: Vec<Option<Secret>> = credentials.into_iter().map(Some).collect();
    if expected.is_empty() {
        expected.push(None);
    }
    let mut refused = Rejection::of(Cause::WrongCredential);
    for credential in expected {
        let reader = HamsaWebhooks::new(proof.clone(), credential);
        match reader.verify(inbound, now) {
            Ok(verified) => return Ok((Box::new(reader), verified)),
            Err(rejection) => refused = rejection,
        }
    }
    Err(refused)
}

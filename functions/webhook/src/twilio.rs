//! Twilio's deliveries: the address and the form are signed, with the account's token or a shared key.

use switchboard_core::{CallId, Freshness, ProviderId, SecretUnavailable};
use switchboard_lambda::{ApiError, Reply, Request};
use switchboard_providers::twilio::TwilioWebhooks;
use switchboard_providers::{Cause, Inbound, Webhooks};

use crate::call::{Claim, take};
use crate::delivery::reject;
use crate::{App, Operation};

/// The sender's name in keys and in the log.
const SENDER: &str = "twilio";

pub(crate) async fn receive(app: &App, request: &Request<Operation>) -> Result<Reply, ApiError> {
    let urls = addresses(app, request);
    let inbound = Inbound { urls: &urls, headers: &request.headers, body: &request.body };
    let now = app.shell.now();
    let mut reader = reader(app, Freshness::Cached).await?;
    let mut verified = reader.verify(&inbound, now);
    // What fits no key may have been made with one that is newer than our cache.
    if let Err(rejection) = &verified
        && matches!(rejection.cause, Cause::SignatureMismatch | Cause::RetiredSecret | Cause::UnknownKey)
    {
        reader = self::reader(app, Freshness::Refetched).await?;
        verified = reader.verify(&inbound, now);
    }
    let verified = match verified {
        Ok(verified) => verified,
        Err(rejection) => return Ok(reject(app, request, SENDER, rejection).await),
    };
    let events = reader.normalise(&verified).unwrap_or_default();
    // The address is part of what is signed, and it is ours: it says which call it was given for.
    let call = verified.url().and_then(call_in);
    let claim = Claim { provider: ProviderId::Twilio, sender: SENDER, call, hook: None };
    take(app, &claim, (verified.replay_key(), verified.body()), events).await
}

/// The addresses that Twilio may have been given: ours as configured, and as the gateway was asked; never a header's.
fn addresses(app: &App, request: &Request<Operation>) -> Vec<String> {
    let query = request.raw_query.as_deref().map(|query| format!("?{query}")).unwrap_or_default();
    let configured = app.shell.public_base_url.clone();
    let asked = request.domain.as_ref().map(|domain| format!("https://{domain}"));
    configured.into_iter().chain(asked).map(|base| format!("{base}{}{query}", request.path)).collect()
}

fn call_in(url: &str) -> Option<CallId> {
    let (_, query) = url.split_once('?')?;
    query.split('&').find_map(|pair| CallId::parse(pair.strip_prefix("call=")?))
}

async fn reader(app: &App, freshness: Freshness) -> Result<TwilioWebhooks, ApiError> {
    let name = &app.twilio_secret_name;
    let bundle = app.shell.secrets.secret(name, freshness).await?;
    TwilioWebhooks::read(&bundle, app.shell.now()).map_err(|bad| {
        SecretUnavailable::Incomplete { name: name.clone(), key: bad.key(), what: bad.to_string() }.into()
    })
}

//! OpenAI's deliveries: Standard Webhooks signatures. Of all kinds one is ours: a call that came in and waits.
//!
//! It is written down first, then answered as the installation's rule has it, as long as the sender can wait; what is not done in time
//! is the sweep's, ten seconds later at the latest. A second function for that would have to be waited for as well, or could be lost.

use std::time::Duration;

use switchboard_core::{Call, Duty, Freshness, ProviderId, SecretUnavailable};
use switchboard_lambda::{ApiError, Reply, Request};
use switchboard_providers::openai::{OpenaiWebhooks, WEBHOOK_SECRET_KEY};
use switchboard_providers::{Cause, Inbound, Webhooks};
use switchboard_store::{Change, Changed};

use crate::call::{Claim, take};
use crate::delivery::reject;
use crate::{App, Operation};

/// The sender's name in keys and in the log.
const SENDER: &str = "openai";
/// How long answering the call may hold up the acknowledgement.
const ANSWER_PATIENCE: Duration = Duration::from_secs(2);

pub(crate) async fn receive(app: &App, request: &Request<Operation>) -> Result<Reply, ApiError> {
    let inbound = Inbound { urls: &[], headers: &request.headers, body: &request.body };
    let now = app.shell.now();
    let mut reader = reader(app, Freshness::Cached).await?;
    let mut verified = reader.verify(&inbound, now);
    // What fits no secret may have been signed with one that is newer than our cache.
    if let Err(rejection) = &verified
        && matches!(rejection.cause, Cause::SignatureMismatch | Cause::RetiredSecret)
    {
        reader = self::reader(app, Freshness::Refetched).await?;
        verified = reader.verify(&inbound, now);
    }
    let verified = match verified {
        Ok(verified) => verified,
        Err(rejection) => return Ok(reject(app, request, SENDER, rejection).await),
    };
    let events = reader.normalise(&verified).unwrap_or_default();
    let claim = Claim { provider: ProviderId::Openai, sender: SENDER, call: None, hook: None };
    take(app, &claim, (verified.replay_key(), verified.body()), events).await
}

/// Answers a call that waits, as long as the sender can wait for that. What is not done in time is due.
pub(crate) async fn answer(app: &App, call: Call) {
    if call.duties.get(Duty::Answer).is_none() {
        return;
    }
    // Written down before it is asked for: whoever comes after a lost answer must know that it may have been taken.
    let now = app.shell.now();
    let claim = |call: &mut Call| {
        call.duties.get(Duty::Answer).filter(|due| due.tries == 0)?;
        call.tried(Duty::Answer, now);
        Some(Change::default())
    };
    let call = match app.shell.store.call_change_from(call, claim).await {
        Ok(Changed::Done(call)) => *call,
        // Somebody else is at it.
        Ok(_) => return,
        Err(error) => {
            tracing::info!(%error, "a waiting call is answered later");
            return;
        }
    };
    match tokio::time::timeout(ANSWER_PATIENCE, app.desk.answer(call, &app.reception)).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::info!(%error, "a waiting call is answered later"),
        Err(_) => tracing::info!("a waiting call is answered later"),
    }
}

async fn reader(app: &App, freshness: Freshness) -> Result<OpenaiWebhooks, ApiError> {
    let name = &app.openai_secret_name;
    let bundle = app.shell.secrets.secret(name, freshness).await?;
    let now = app.shell.now();
    let (accepted, retired) = (bundle.accepted(WEBHOOK_SECRET_KEY, now), bundle.retired(WEBHOOK_SECRET_KEY, now));
    OpenaiWebhooks::new(&accepted, &retired).map_err(|bad| {
        SecretUnavailable::Incomplete { name: name.clone(), key: WEBHOOK_SECRET_KEY, what: bad.to_string() }.into()
    })
}

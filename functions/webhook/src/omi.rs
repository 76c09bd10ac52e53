//! OMI's deliveries: Standard Webhooks signatures, bodies `{event, data, timestamp}`.

use switchboard_core::{
    EventId, Freshness, ProviderId, SecretUnavailable, Session, SessionError, SessionState, Timestamp,
};
use switchboard_lambda::{ApiError, Reply, Request};
use switchboard_providers::omi::{OmiWebhooks, WEBHOOK_SECRET_KEY};
use switchboard_providers::{Cause, Inbound, News, ProviderEvent, Rejection, Verified, Webhooks};
use switchboard_store::{Delivery, Journaled, SessionChange};

use crate::delivery::{UNREADABLE, keep_body, received, reject};
use crate::{App, Operation};

/// The sender's name in keys and in the log.
const SENDER: &str = "omi";
pub(crate) async fn receive(app: &App, request: &Request<Operation>) -> Result<Reply, ApiError> {
    let inbound = Inbound { urls: &[], headers: &request.headers, body: &request.body };
    let now = app.shell.now();
    let reader = reader(app, Freshness::Cached).await?;
    let verified = match reader.verify(&inbound, now) {
        Ok(verified) => verified,
        Err(rejection) => match second_look(app, &inbound, rejection, now).await? {
            Ok(verified) => verified,
            Err(rejection) => return Ok(reject(app, request, SENDER, rejection).await),
        },
    };
    let event = reader.normalise(&verified).ok().and_then(|events| events.into_iter().next());
    let session = match event.as_ref().and_then(|event| event.session) {
        Some(id) => app.shell.store.session_fetch_any(id).await?,
        None => None,
    };
    let session = session.filter(|session| session.provider == ProviderId::Omi);
    let change = change(event.as_ref(), session.as_ref(), now);
    let journaled = journal(app, &verified, event.as_ref(), &change, now).await?;
    received(journaled == Journaled::Duplicate)
}

/// A reader with the secrets that hold. A secret that is missing or unusable is our trouble, not the sender's.
async fn reader(app: &App, freshness: Freshness) -> Result<OmiWebhooks, ApiError> {
    let name = &app.omi_secret_name;
    let bundle = app.shell.secrets.secret(name, freshness).await?;
    let now = app.shell.now();
    let (accepted, retired) = (bundle.accepted(WEBHOOK_SECRET_KEY, now), bundle.retired(WEBHOOK_SECRET_KEY, now));
    OmiWebhooks::new(&accepted, &retired).map_err(|bad| {
        SecretUnavailable::Incomplete { name: name.clone(), key: WEBHOOK_SECRET_KEY, what: bad.to_string() }.into()
    })
}

/// A signature that fits no secret may have been made with one that is newer than our cache.
async fn second_look<'a>(
    app: &App,
    inbound: &Inbound<'a>,
    rejection: Rejection,
    now: Timestamp,
) -> Result<Result<Verified<'a>, Rejection>, ApiError> {
    if matches!(rejection.cause, Cause::SignatureMismatch | Cause::RetiredSecret) {
        return Ok(reader(app, Freshness::Refetched).await?.verify(inbound, now));
    }
    Ok(Err(rejection))
}

/// What follows from an event for the session that it is about. Nothing reopens a session, and a context changes by turns and
/// by its owner alone: an echo of an older state must not overwrite a newer one.
fn change<'s>(event: Option<&ProviderEvent>, session: Option<&'s Session>, now: Timestamp) -> SessionChange<'s> {
    let (Some(event), Some(session)) = (event, session) else { return SessionChange::None };
    // The sender's time, unless it is from before the session or from the future.
    let at = event.at.unwrap_or(now).clamp(session.created_at.min(now), now);
    match &event.news {
        News::SessionEnded if session.state != SessionState::Ended => SessionChange::End { session, at },
        News::SessionError { code, message } => {
            SessionChange::Error { session, error: SessionError { code: code.clone(), message: message.clone(), at } }
        }
        News::SessionEnded | News::Nothing | News::Call(_) => SessionChange::None,
    }
}

async fn journal(
    app: &App,
    verified: &Verified<'_>,
    event: Option<&ProviderEvent>,
    change: &SessionChange<'_>,
    now: Timestamp,
) -> Result<Journaled, ApiError> {
    let kept = keep_body(app, SENDER, verified.replay_key(), verified.body()).await?;
    let delivery = Delivery {
        event_id: EventId::generate(now),
        sender: SENDER,
        replay_key: verified.replay_key(),
        kind: event.map_or(UNREADABLE, |event| event.kind.as_str()),
        session: event.and_then(|event| event.session),
        body: kept.as_body(),
        received_at: now,
    };
    Ok(app.shell.store.delivery_journal(&delivery, change).await?)
}

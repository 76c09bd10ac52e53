//! OMI's deliveries: Standard Webhooks signatures, bodies `{event, data, timestamp}`.

use bytes::Bytes;
use http::StatusCode;
use serde::Serialize;
use switchboard_core::{
    EventId, Freshness, ProviderId, SecretUnavailable, Session, SessionError, SessionState, Timestamp,
};
use switchboard_lambda::{ApiError, Reply, Request};
use switchboard_providers::omi::{OmiWebhooks, WEBHOOK_SECRET_KEY};
use switchboard_providers::{Cause, Inbound, News, ProviderEvent, Rejection, Verified, Webhooks};
use switchboard_store::{Delivery, DeliveryBody, Journaled, SessionChange};

use crate::{App, Operation};

/// The sender's name in keys and in the log.
const SENDER: &str = "omi";
/// The largest body that is kept in a table item, in bytes (api: "bodies above 256 KB").
const MAX_ITEM_BODY: usize = 256 * 1024;
/// The kind of an event that cannot be read.
const UNREADABLE: &str = "unreadable";

/// The answer to a delivery that is kept.
#[derive(Debug, Serialize)]
struct ReceivedOut {
    received: bool,
    duplicate: bool,
}

pub(crate) async fn receive(app: &App, request: &Request<Operation>) -> Result<Reply, ApiError> {
    let inbound = Inbound { headers: &request.headers, body: &request.body };
    let now = app.shell.now();
    let reader = reader(app, Freshness::Cached).await?;
    let verified = match reader.verify(&inbound, now) {
        Ok(verified) => verified,
        Err(rejection) => match second_look(app, &inbound, rejection, now).await? {
            Ok(verified) => verified,
            Err(rejection) => return Ok(reject(app, request, rejection, now).await),
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
    let duplicate = journaled == Journaled::Duplicate;
    Reply::json(StatusCode::OK, &ReceivedOut { received: true, duplicate })
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
    match rejection.cause {
        Cause::SignatureMismatch | Cause::RetiredSecret => {
            Ok(reader(app, Freshness::Refetched).await?.verify(inbound, now))
        }
        Cause::MissingHeader
        | Cause::MalformedHeader
        | Cause::TooOld
        | Cause::TooNew
        | Cause::SecretNotDecoded
        | Cause::ReserialisedBody => Ok(Err(rejection)),
    }
}

/// Answers a delivery that is not believed, and keeps why, for the operator who asks.
async fn reject(app: &App, request: &Request<Operation>, rejection: Rejection, now: Timestamp) -> Reply {
    let cause = rejection.cause;
    tracing::warn!(sender = SENDER, cause = cause.code(), request_id = %request.id, "a delivery was rejected");
    let record = switchboard_store::Rejection {
        request_id: request.id.clone(),
        sender: SENDER.to_owned(),
        cause: cause.code().to_owned(),
        explanation: cause.explanation().to_owned(),
        at: now,
        evidence: rejection.evidence,
    };
    if let Err(error) = app.shell.store.rejection_record(&record).await {
        tracing::warn!(%error, "a rejection cannot be explained later");
    }
    Reply::empty(StatusCode::UNAUTHORIZED)
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
        News::SessionEnded | News::Nothing => SessionChange::None,
    }
}

async fn journal(
    app: &App,
    verified: &Verified<'_>,
    event: Option<&ProviderEvent>,
    change: &SessionChange<'_>,
    now: Timestamp,
) -> Result<Journaled, ApiError> {
    let event_id = EventId::generate(now);
    let text = std::str::from_utf8(verified.body()).ok().filter(|text| text.len() <= MAX_ITEM_BODY);
    let object_key = Delivery::object_key(SENDER, verified.replay_key());
    let body = match text {
        Some(text) => DeliveryBody::Inline(text),
        None => {
            // The bytes first: the row that names them must not exist without them.
            let bytes = Bytes::copy_from_slice(verified.body());
            app.shell.bucket()?.put(&object_key, "application/octet-stream", bytes).await?;
            DeliveryBody::Bucket(&object_key)
        }
    };
    let delivery = Delivery {
        event_id,
        sender: SENDER,
        replay_key: verified.replay_key(),
        kind: event.map_or(UNREADABLE, |event| event.kind.as_str()),
        session: event.and_then(|event| event.session),
        body,
        received_at: now,
    };
    Ok(app.shell.store.delivery_journal(&delivery, change).await?)
}

//! What every sender's deliveries have in common: their bytes are kept, what is not believed is refused and can be explained.

use std::borrow::Cow;

use bytes::Bytes;
use http::StatusCode;
use serde::Serialize;
use switchboard_lambda::{ApiError, Reply, Request};
use switchboard_providers::Rejection;
use switchboard_store::{Delivery, DeliveryBody};

use crate::{App, Operation};

/// The largest body that is kept in a table item, in bytes (api: "bodies above 256 KB").
const MAX_ITEM_BODY: usize = 256 * 1024;
/// The kind of an event that cannot be read.
pub(crate) const UNREADABLE: &str = "unreadable";

/// The answer to a delivery that is kept.
#[derive(Debug, Serialize)]
struct ReceivedOut {
    received: bool,
    duplicate: bool,
}

/// 200: it is kept.
pub(crate) fn received(duplicate: bool) -> Result<Reply, ApiError> {
    Reply::json(StatusCode::OK, &ReceivedOut { received: true, duplicate })
}

/// Where a delivery's bytes are kept.
pub(crate) enum Kept<'a> {
    /// With its row.
    Inline(Cow<'a, str>),
    /// In the bucket.
    Bucket(String),
}

impl Kept<'_> {
    pub(crate) fn as_body(&self) -> DeliveryBody<'_> {
        match self {
            Self::Inline(text) => DeliveryBody::Inline(text),
            Self::Bucket(key) => DeliveryBody::Bucket(key),
        }
    }
}

/// Keeps a delivery's bytes, unless its row can hold them. The bytes first: the row that names them must not exist without
/// them.
pub(crate) async fn keep_body<'a>(
    app: &App,
    sender: &str,
    replay_key: &str,
    body: &'a [u8],
) -> Result<Kept<'a>, ApiError> {
    if let Some(text) = std::str::from_utf8(body).ok().filter(|text| text.len() <= MAX_ITEM_BODY) {
        return Ok(Kept::Inline(Cow::Borrowed(text)));
    }
    let key = Delivery::object_key(sender, replay_key);
    app.shell.bucket()?.put(&key, "application/octet-stream", Bytes::copy_from_slice(body)).await?;
    Ok(Kept::Bucket(key))
}

/// Answers a delivery that is not believed, and keeps why, for the operator who asks.
pub(crate) async fn reject(app: &App, request: &Request<Operation>, sender: &str, rejection: Rejection) -> Reply {
    let cause = rejection.cause;
    tracing::warn!(sender, cause = cause.code(), request_id = %request.id, "a delivery was rejected");
    let record = switchboard_store::Rejection {
        request_id: request.id.clone(),
        sender: sender.to_owned(),
        cause: cause.code().to_owned(),
        explanation: cause.explanation().to_owned(),
        at: app.shell.now(),
        evidence: rejection.evidence,
    };
    if let Err(error) = app.shell.store.rejection_record(&record).await {
        tracing::warn!(%error, "a rejection cannot be explained later");
    }
    Reply::empty(StatusCode::UNAUTHORIZED)
}

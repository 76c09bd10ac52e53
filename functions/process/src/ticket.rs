//! `POST /api/voice/uploads`: a presigned upload for recordings that do not fit into a request.
//!
//! A Lambda event carries about 4.5 MB of audio, OMI takes 10 MB. The URL is signed with the exact length and type and
//! `If-None-Match: *`, so that it admits one recording, once; the ticket is bound to one session.

use std::time::Duration;

use http::StatusCode;
use serde::{Deserialize, Serialize};
use switchboard_auth::Caller;
use switchboard_core::{MAX_AUDIO_BYTES, Timestamp, UploadId};
use switchboard_lambda::{ApiError, Mint, Reply, Request, session_id, session_of, session_unusable};
use switchboard_store::Upload;

use crate::input::read_audio_type;
use crate::{App, Operation};

/// How long a ticket holds: a slow phone uploads 10 MB in a few minutes.
const TICKET_LIFETIME: Duration = Duration::from_secs(15 * 60);

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct UploadIn {
    session_id: String,
    mime_type: String,
    bytes: u64,
}

/// The answer; `url` and `headers` are minted.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct UploadOut {
    upload_id: UploadId,
    method: &'static str,
    expires_at: Timestamp,
}

pub(crate) async fn upload(app: &App, caller: &Caller, request: &Request<Operation>) -> Result<Reply, ApiError> {
    let asked: UploadIn = request.json()?;
    let id = session_id("sessionId", &asked.session_id)?;
    let audio_type = read_audio_type("mimeType", Some(&asked.mime_type))?;
    if !(1..=MAX_AUDIO_BYTES).contains(&asked.bytes) {
        return Err(ApiError::invalid("bytes", format!("must be from 1 to {MAX_AUDIO_BYTES}")));
    }
    let session = session_of(&app.shell, caller, id).await?;
    let now = app.shell.now();
    session.usable(now).map_err(session_unusable)?;
    let upload = Upload {
        id: UploadId::generate(now),
        tenant: session.tenant,
        session: session.id,
        audio_type,
        bytes: asked.bytes,
        expires_at: now.plus(TICKET_LIFETIME),
        used_by: None,
    };
    app.shell.store.upload_create(&upload).await?;
    let body = UploadOut { upload_id: upload.id, method: "PUT", expires_at: upload.expires_at };
    let mint = Mint::Upload {
        key: upload.object_key(),
        content_type: audio_type.as_str().to_owned(),
        bytes: upload.bytes,
        expires_at: upload.expires_at,
    };
    Ok(Reply::json(StatusCode::CREATED, &body)?.minting("headers", mint))
}

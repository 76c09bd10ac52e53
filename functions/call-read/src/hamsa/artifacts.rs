//! What comes with Hamsa's calls, call by call: recordings, and transcripts with their text.

use futures_util::{StreamExt, TryStreamExt, stream};
use http::StatusCode;
use serde::Serialize;
use switchboard_auth::Caller;
use switchboard_core::{Call, CallId, Timestamp};
use switchboard_lambda::{ApiError, Reply, Request, old_status};
use switchboard_store::CallFilter;

use super::filter_of_hamsa;
use crate::list::{DEFAULT_LIMIT, MAX_LIMIT, page};
use crate::plain_text::beginning;
use crate::transcript::turns_of;
use crate::{App, Operation};

/// Transcripts on a page unless `limit` says otherwise. Each is read for its text.
const DEFAULT_TRANSCRIPTS: u16 = 10;
/// Most transcripts on a page.
const MAX_TRANSCRIPTS: u16 = 20;
/// Most characters of a transcript on such a page: some minutes of talk. The whole is at its `url`.
const MAX_TEXT_CHARS: usize = 8_000;
/// Transcripts that are read at the same time; one may have some megabytes.
const AT_ONCE: usize = 4;

/// What the dashboard shows of a call beside what comes with it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct HeldOut {
    call_id: CallId,
    job_id: CallId,
    /// Where the whole is, beneath the API's address.
    url: String,
    status: &'static str,
    to_number: Option<String>,
    /// In seconds.
    duration: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scenario: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<String>,
    created_at: Timestamp,
}

/// A page of recordings.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RecordingsOut {
    recordings: Vec<HeldOut>,
    next_cursor: Option<String>,
}

/// A transcript with its text, or the beginning of it.
#[derive(Debug, Serialize)]
struct TranscriptOut {
    #[serde(flatten)]
    held: HeldOut,
    text: String,
    truncated: bool,
}

/// A page of transcripts.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct TranscriptsOut {
    transcripts: Vec<TranscriptOut>,
    next_cursor: Option<String>,
}

impl HeldOut {
    fn new(call: &Call, url: String) -> Self {
        Self {
            call_id: call.id,
            job_id: call.id,
            url,
            status: old_status(call),
            to_number: call.to.as_ref().map(|to| to.expose().to_owned()),
            duration: call.duration_secs(),
            scenario: call.scenario.clone(),
            language: call.language().map(str::to_owned),
            created_at: call.created_at,
        }
    }
}

/// Where a call's recording is, beneath the API's address.
pub(crate) fn recording_url(call: &Call) -> String {
    format!("/api/calls/{}/recording", call.id)
}

pub(crate) async fn recordings(app: &App, caller: &Caller, request: &Request<Operation>) -> Result<Reply, ApiError> {
    let limit = request.limit(DEFAULT_LIMIT, MAX_LIMIT)?;
    let filter = CallFilter { has_recording: true, ..filter_of_hamsa(request)? };
    let page = page(app, caller, request, "hamsa/recordings", &filter, limit).await?;
    let recordings = page.calls.iter().map(|call| HeldOut::new(call, recording_url(call))).collect();
    Reply::json(StatusCode::OK, &RecordingsOut { recordings, next_cursor: page.next_cursor })
}

pub(crate) async fn transcripts(app: &App, caller: &Caller, request: &Request<Operation>) -> Result<Reply, ApiError> {
    let limit = request.limit(DEFAULT_TRANSCRIPTS, MAX_TRANSCRIPTS)?;
    let filter = CallFilter { has_transcript: true, ..filter_of_hamsa(request)? };
    let page = page(app, caller, request, "hamsa/transcripts", &filter, limit).await?;
    let read = stream::iter(page.calls).map(|call| with_text(app, call));
    let transcripts = read.buffered(AT_ONCE).try_collect().await?;
    Reply::json(StatusCode::OK, &TranscriptsOut { transcripts, next_cursor: page.next_cursor })
}

async fn with_text(app: &App, call: Call) -> Result<TranscriptOut, ApiError> {
    let (text, truncated) = beginning(&turns_of(app, &call).await?, MAX_TEXT_CHARS);
    let held = HeldOut::new(&call, format!("/api/calls/{}/transcript", call.id));
    Ok(TranscriptOut { held, text, truncated })
}

//! Jobs: Hamsa's calls with the dashboard's few fields beside ours.

use http::StatusCode;
use serde::Serialize;
use switchboard_auth::Caller;
use switchboard_core::{ArtifactState, Call, CallId, Fault, PhoneNumber, ProviderId};
use switchboard_lambda::{ApiError, CallOut, Reply, Request, call_of, old_status};

use super::artifacts::recording_url;
use super::filter_of_hamsa;
use crate::list::{DEFAULT_LIMIT, MAX_LIMIT, page};
use crate::{App, Operation};

/// A call, and the same in the dashboard's words.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct JobOut {
    #[serde(flatten)]
    call: CallOut,
    id: CallId,
    job_id: CallId,
    /// `queued`, `ringing`, `in-progress`, `completed`, `failed`.
    status: &'static str,
    to_number: Option<String>,
    from_number: Option<String>,
    /// In seconds.
    duration: Option<u32>,
    recording_url: Option<String>,
}

/// A page of jobs.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct JobsOut {
    jobs: Vec<JobOut>,
    next_cursor: Option<String>,
}

impl JobOut {
    fn new(call: &Call, caller: &Caller) -> Self {
        // Whoever gets here has the scope to see numbers in full.
        let number = |number: &Option<PhoneNumber>| number.as_ref().map(|number| number.expose().to_owned());
        Self {
            call: CallOut::new(call, caller),
            id: call.id,
            job_id: call.id,
            status: old_status(call),
            to_number: number(&call.to),
            from_number: number(&call.from),
            duration: call.duration_secs(),
            recording_url: (call.recording_state() == ArtifactState::Ready).then(|| recording_url(call)),
        }
    }
}

pub(crate) async fn jobs(app: &App, caller: &Caller, request: &Request<Operation>) -> Result<Reply, ApiError> {
    let limit = request.limit(DEFAULT_LIMIT, MAX_LIMIT)?;
    let page = page(app, caller, request, "hamsa/jobs", &filter_of_hamsa(request)?, limit).await?;
    let jobs = page.calls.iter().map(|call| JobOut::new(call, caller)).collect();
    Reply::json(StatusCode::OK, &JobsOut { jobs, next_cursor: page.next_cursor })
}

pub(crate) async fn job(app: &App, caller: &Caller, request: &Request<Operation>) -> Result<Reply, ApiError> {
    let call = call_of(&app.shell, caller, request.parameter("callId")).await?;
    if call.provider() != Some(ProviderId::Hamsa) {
        let message = "this call is not held by hamsa; GET /api/calls/{callId} shows every call";
        return Err(ApiError::new(Fault::NotFound, message));
    }
    Reply::json(StatusCode::OK, &JobOut::new(&call, caller))
}

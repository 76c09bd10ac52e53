//! `GET /api/calls/{callId}/recording`: leads to our own copy, never to its provider.

use std::time::Duration;

use switchboard_auth::Caller;
use switchboard_core::{ArtifactState, Fault};
use switchboard_lambda::{ApiError, Reply, Request, call_of};

use crate::{App, Operation};

/// How long the address of a recording holds: for a player to begin, and to jump about in it.
const ADDRESS_VALID_FOR: Duration = Duration::from_secs(15 * 60);
/// When it is worth asking again for what comes after a call: the sweep looks every ten seconds.
const ASK_AGAIN: Duration = Duration::from_secs(10);

pub(crate) async fn recording(app: &App, caller: &Caller, request: &Request<Operation>) -> Result<Reply, ApiError> {
    let call = call_of(&app.shell, caller, request.parameter("callId")).await?;
    match (call.recording_state(), &call.recording_key) {
        (ArtifactState::Ready, Some(key)) => {
            Ok(Reply::found_at(app.shell.bucket()?.presign_get(key, ADDRESS_VALID_FOR)?))
        }
        (ArtifactState::Ready | ArtifactState::Pending, _) => Err(pending("the recording")),
        (ArtifactState::None, _) => Err(missing("recording")),
    }
}

/// 409: it is not known yet whether there is one, or it is on its way.
pub(crate) fn pending(what: &str) -> ApiError {
    let message = format!("{what} is not here yet; it comes after the call has ended");
    ApiError::new(Fault::InProgress, message).with_retry_after(ASK_AGAIN)
}

/// 404: there is none and will be none.
pub(crate) fn missing(what: &str) -> ApiError {
    ApiError::new(Fault::NotFound, format!("this call has no {what}"))
}

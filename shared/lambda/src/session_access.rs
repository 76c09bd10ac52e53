//! Finding the session that a request is about: only in the caller's own tenant, and with a session token only its own.

use switchboard_auth::Caller;
use switchboard_core::{Session, SessionId, Unusable};

use crate::{ApiError, Shell};

/// Longest text that is taken for a session's id, in characters.
const MAX_ID_CHARS: usize = 128;

/// Reads a session id from a body's field. A text that names no session is as good as unknown (404); one that is too long
/// to be an id at all is a wrong value (400).
///
/// # Errors
/// 404 or 400.
pub fn session_id(field: &str, text: &str) -> Result<SessionId, ApiError> {
    if text.len() > MAX_ID_CHARS {
        return Err(ApiError::invalid(field, format!("is longer than {MAX_ID_CHARS} characters")));
    }
    SessionId::parse(text).ok_or_else(|| session_unusable(Unusable::Unknown))
}

/// The caller's session with this id, whatever its state, except while it is opening.
///
/// # Errors
/// 404 if there is none in the caller's tenant; 403 if the caller's token is for another session.
pub async fn session_of(shell: &Shell, caller: &Caller, id: SessionId) -> Result<Session, ApiError> {
    caller.require_session(&id).map_err(ApiError::denied)?;
    let session = shell.store.session_fetch(caller.tenant(), id).await?;
    session.filter(|session| session.status(shell.now()).is_some()).ok_or_else(|| session_unusable(Unusable::Unknown))
}

/// The error for a session that takes no turn.
#[must_use]
pub fn session_unusable(why: Unusable) -> ApiError {
    let message = match why {
        Unusable::Unknown => "there is no such session; open one with POST /api/voice/session",
        Unusable::Ended => "the session was ended; open a new one with POST /api/voice/session",
        Unusable::Expired => "the session has timed out; open a new one with POST /api/voice/session",
    };
    ApiError::new(why.fault(), message)
}

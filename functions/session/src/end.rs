//! `POST /api/voice/session/{sessionId}/end` and `DELETE /api/voice/session/{sessionId}`.
//!
//! Ending is ours to decide and never fails because a provider is down: the row is ended and the slot free before the provider
//! is told. Whether its side is closed too is kept; asking again tells it again.

use http::StatusCode;
use serde::Serialize;
use switchboard_auth::Caller;
use switchboard_core::{EndedBy, Session, SessionId, SessionStatus, Timestamp};
use switchboard_lambda::{ApiError, Reply, Request, session_id, session_of};
use switchboard_store::Ended;

use crate::{App, Operation};

/// The answer, the same however often it is asked for.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct EndedOut {
    session_id: SessionId,
    status: SessionStatus,
    ended_at: Option<Timestamp>,
}

pub(crate) async fn end(app: &App, caller: &Caller, request: &Request<Operation>) -> Result<Reply, ApiError> {
    let id =
        session_id("sessionId", request.parameter("sessionId")).map_err(|_| ApiError::not_found("no such session"))?;
    let session = session_of(&app.shell, caller, id).await?;
    let ended = match session.ended_at {
        Some(_) => session,
        None => {
            // A session that had timed out was over at that moment, not now.
            let at = app.shell.now().min(session.expires_at);
            match app.shell.store.session_end(&session, EndedBy::Request, at).await? {
                Ended::Now(session) | Ended::Before(session) => session,
            }
        }
    };
    if !ended.upstream_closed {
        close_upstream(app, &ended).await;
    }
    let body = EndedOut { session_id: id, status: SessionStatus::Ended, ended_at: ended.ended_at };
    Reply::json(StatusCode::OK, &body)
}

/// Tells the provider. What goes wrong here is for the log and for the next time: the session is ended all the same.
async fn close_upstream(app: &App, session: &Session) {
    let closed = async {
        app.take_budget(session).await?;
        app.sessions_of(session.provider)?.close(session.id).await?;
        app.shell.store.session_upstream_closed(session.id).await?;
        Ok::<_, ApiError>(())
    };
    if let Err(error) = closed.await {
        tracing::warn!(fault = ?error.fault(), "the provider's side of an ended session may still be open");
    }
}

//! `GET /api/voice/session/{sessionId}`.

use http::StatusCode;
use serde::Serialize;
use switchboard_auth::{Caller, Cursor};
use switchboard_core::{Session, Turn};
use switchboard_lambda::{ApiError, Reply, Request, session_id, session_of};

use crate::out::{SessionOut, with_token};
use crate::{App, Operation};

/// Utterances on a page unless `limit` says otherwise.
const DEFAULT_LIMIT: u16 = 50;
/// Most utterances on a page.
const MAX_LIMIT: u16 = 100;

/// The answer: the session and a page of its history, oldest first.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionWithTurns<'a> {
    #[serde(flatten)]
    session: SessionOut<'a>,
    turns: Vec<Turn>,
    next_cursor: Option<String>,
}

pub(crate) async fn read(app: &App, caller: &Caller, request: &Request<Operation>) -> Result<Reply, ApiError> {
    let id =
        session_id("sessionId", request.parameter("sessionId")).map_err(|_| ApiError::not_found("no such session"))?;
    let limit = request.limit(DEFAULT_LIMIT, MAX_LIMIT)?;
    let session = session_of(&app.shell, caller, id).await?;
    let list = list_name(&session);
    let after = app.shell.cursor_opened(request, &list).await?;
    let page = app.shell.store.turn_list(id, limit, after.as_ref().map(Cursor::position)).await?;
    let next_cursor = app.shell.cursor_sealed(page.next, &list).await?;
    let session_out = SessionOut::new(&session, &app.limits, app.shell.now());
    let body = SessionWithTurns { session: session_out, turns: page.turns, next_cursor };
    Ok(with_token(Reply::json(StatusCode::OK, &body)?, &session, caller))
}

fn list_name(session: &Session) -> String {
    format!("{}/turns/{}", session.tenant, session.id)
}

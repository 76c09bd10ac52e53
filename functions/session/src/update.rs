//! `PATCH /api/voice/session/{sessionId}`.

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value};
use switchboard_auth::Caller;
use switchboard_core::{Context, Session};
use switchboard_lambda::{ApiError, Reply, Request, session_id, session_of, session_unusable};
use switchboard_store::StoreError;

use crate::out::SessionOut;
use crate::{App, Operation};

/// How often a change that somebody else got in the way of is made anew: the provider has made it already, and every turn that
/// runs at the same time gets in the way once.
const ATTEMPTS: u32 = 16;

/// The request.
#[derive(Debug, Deserialize)]
struct PatchIn {
    context: Map<String, Value>,
}

pub(crate) async fn update(app: &App, caller: &Caller, request: &Request<Operation>) -> Result<Reply, ApiError> {
    let id =
        session_id("sessionId", request.parameter("sessionId")).map_err(|_| ApiError::not_found("no such session"))?;
    let patch = request.json::<PatchIn>()?.context;
    let session = session_of(&app.shell, caller, id).await?;
    session.usable(app.shell.now()).map_err(session_unusable)?;
    merged(&session, &patch)?;
    // The provider first: if it refuses, nothing has changed here either; if we fail after it, the same patch can be sent
    // again, because it sets values.
    app.take_budget(&session).await?;
    match app.sessions_of(session.provider)?.update(id, &patch).await {
        Ok(()) => {}
        Err(error) => return Err(app.after_provider_error(&session, error).await),
    }
    let session = apply(app, caller, session, &patch).await?;
    let body = SessionOut::new(&session, &app.limits, app.shell.now());
    Reply::json(StatusCode::OK, &body)
}

/// Lays the patch over whatever the context is by now.
async fn apply(
    app: &App,
    caller: &Caller,
    mut session: Session,
    patch: &Map<String, Value>,
) -> Result<Session, ApiError> {
    for _ in 1..ATTEMPTS {
        match app.shell.store.session_set_context(&session, merged(&session, patch)?).await {
            Err(StoreError::Contended { .. }) => {
                session = session_of(&app.shell, caller, session.id).await?;
                session.usable(app.shell.now()).map_err(session_unusable)?;
            }
            other => return Ok(other?),
        }
    }
    Ok(app.shell.store.session_set_context(&session, merged(&session, patch)?).await?)
}

fn merged(session: &Session, patch: &Map<String, Value>) -> Result<Context, ApiError> {
    session.context.merged(patch).map_err(|too_large| ApiError::invalid("context", too_large.to_string()))
}

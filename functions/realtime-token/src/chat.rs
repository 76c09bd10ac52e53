//! ChatKit's sessions: handed on, and remembered only as far as it takes to know whose they are.
//!
//! OpenAI's hosted workflows end on 2026-11-30; what becomes of sessions with one then is OpenAI's answer.

use http::StatusCode;
use serde::{Deserialize, Serialize};
use switchboard_auth::Caller;
use switchboard_core::{Fault, MAX_USER_ID_CHARS};
use switchboard_lambda::{ApiError, Reply, Request, Shell};
use switchboard_providers::ExternalId;
use switchboard_providers::openai::ChatWish;

use crate::{App, Operation, person};

#[derive(Deserialize)]
struct ChatIn {
    user: String,
    workflow: Option<String>,
}

#[derive(Serialize)]
struct ChatOut<'a> {
    id: &'a str,
    client_secret: &'a str,
    expires_at: i64,
}

#[derive(Serialize)]
struct CancelledOut<'a> {
    id: &'a str,
    status: &'static str,
}

pub(crate) async fn open(app: &App, caller: &Caller, request: &Request<Operation>) -> Result<Reply, ApiError> {
    let ChatIn { user, workflow } = request.json()?;
    if user.trim().is_empty() || user.chars().count() > MAX_USER_ID_CHARS {
        return Err(ApiError::invalid("user", format!("must have 1 to {MAX_USER_ID_CHARS} characters")));
    }
    // A workflow of the account is its owner's; everybody else has the configured one.
    if workflow.is_some() {
        Shell::require_owner(caller.tenant(), &app.owner)?;
    }
    let workflow = workflow.or_else(|| app.chat.workflow.clone()).ok_or_else(|| {
        ApiError::invalid("workflow", "is required, because CHATKIT_AGENT_ID is not set").meaning(Fault::Unavailable)
    })?;
    if !workflow.starts_with("wf_") || ExternalId::parse(&workflow).is_none() {
        return Err(ApiError::invalid("workflow", "must be the name of a workflow: wf_ and letters and digits"));
    }
    let wish = ChatWish { user: person::user(caller.tenant(), &user).safety, workflow };
    let chat = app.desk.fleet.openai().chat_session(&wish).await?;
    app.shell.store.chat_session_put(chat.id.as_str(), caller.tenant()).await?;
    Reply::json(
        StatusCode::OK,
        &ChatOut {
            id: chat.id.as_str(),
            client_secret: chat.client_secret.expose(),
            expires_at: chat.expires_at.epoch_secs(),
        },
    )
    .map(Reply::made_anew)
}

pub(crate) async fn cancel(app: &App, caller: &Caller, request: &Request<Operation>) -> Result<Reply, ApiError> {
    let none = || ApiError::new(Fault::NotFound, "there is no such chat session");
    let id = ExternalId::parse(request.parameter("id")).ok_or_else(none)?;
    if app.shell.store.chat_session_tenant(id.as_str()).await?.as_ref() != Some(caller.tenant()) {
        return Err(none());
    }
    app.desk.fleet.openai().cancel_chat(&id).await?;
    Reply::json(StatusCode::OK, &CancelledOut { id: id.as_str(), status: "cancelled" })
}

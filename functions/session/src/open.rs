//! `POST /api/voice/session`.
//!
//! First our own row and slot, then the provider, then the row is made visible. A crash in between leaves a reservation that
//! lapses within a minute; a refusal by the provider takes it back at once.

use std::time::Duration;

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value};
use switchboard_auth::Caller;
use switchboard_core::{
    Context, Detail, Effect, EndedBy, Fault, Freshness, MAX_USER_ID_CHARS, Personal, ProviderId, Session, SessionId,
    SessionState, TenantId, Timestamp, is_language,
};
use switchboard_lambda::{ApiError, Reply, Request};
use switchboard_providers::OpenSession;
use switchboard_store::Opened;

use crate::out::{SessionOut, with_token};
use crate::{App, Operation};

/// How long closing a session that came to nothing is waited for; the caller is still to be answered.
const CLOSING_PATIENCE: Duration = Duration::from_secs(4);

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SessionIn {
    user_id: String,
    provider: Option<ProviderId>,
    language: Option<String>,
    context: Option<Map<String, Value>>,
}

/// A request that is valid.
struct NewSession {
    user_id: Personal,
    provider: ProviderId,
    language: Option<String>,
    context: Context,
}

impl TryFrom<SessionIn> for NewSession {
    type Error = ApiError;

    fn try_from(session: SessionIn) -> Result<Self, ApiError> {
        let mut details = Vec::new();
        let chars = session.user_id.chars().count();
        if session.user_id.trim().is_empty() || session.user_id.chars().any(char::is_control) {
            details.push(Detail::new("userId", "must not be empty, nor hold control characters"));
        } else if chars > MAX_USER_ID_CHARS {
            details
                .push(Detail::new("userId", format!("must have 1 to {MAX_USER_ID_CHARS} characters; it has {chars}")));
        }
        if session.language.as_deref().is_some_and(|language| !is_language(language)) {
            details.push(Detail::new("language", "must be a BCP 47 language tag like en-US or ar"));
        }
        let context = Context::new(session.context.unwrap_or_default()).unwrap_or_else(|too_large| {
            details.push(Detail::new("context", too_large.to_string()));
            Context::default()
        });
        if !details.is_empty() {
            return Err(
                ApiError::new(Fault::InvalidRequest, "a field of the request is not valid").with_details(details)
            );
        }
        Ok(Self {
            user_id: Personal::new(session.user_id),
            provider: session.provider.unwrap_or(ProviderId::Omi),
            language: session.language,
            context,
        })
    }
}

impl NewSession {
    fn into_session(self, tenant: &TenantId, now: Timestamp, app: &App) -> Session {
        Session {
            id: SessionId::generate(now),
            tenant: tenant.clone(),
            provider: self.provider,
            user_id: self.user_id,
            language: self.language,
            context: self.context,
            state: SessionState::Opening,
            created_at: now,
            expires_at: now.plus(app.limits.timeout),
            ended_at: None,
            ended_by: None,
            upstream_closed: false,
            last_error: None,
            slot: 0,
            version: 1,
        }
    }
}

pub(crate) async fn open(app: &App, caller: &Caller, request: &Request<Operation>) -> Result<Reply, ApiError> {
    let new = NewSession::try_from(request.json::<SessionIn>()?)?;
    app.sessions_of(new.provider)?;
    // The answer needs them: without keys nothing may be opened that nobody could then use or end.
    app.shell.signing_keys(Freshness::Cached).await?;
    let session = new.into_session(caller.tenant(), app.shell.now(), app);
    let reserved = match app.shell.store.session_open(session, app.limits.concurrent_sessions).await? {
        Opened::Reserved(session) => *session,
        Opened::Full => {
            let message = format!(
                "this tenant has {} sessions open, which is its limit; end one, or wait until one times out",
                app.limits.concurrent_sessions
            );
            return Err(ApiError::new(Fault::ConcurrencyLimit, message));
        }
    };
    let session = match open_upstream(app, &reserved).await {
        Ok(context) => activate(app, reserved, context).await?,
        Err(error) => return Err(give_up(app, &reserved, error).await),
    };
    let body = SessionOut::new(&session, &app.limits, app.shell.now());
    Ok(with_token(Reply::json(StatusCode::CREATED, &body)?, &session, caller))
}

/// Opens the provider's side and gives the context with what the provider added to it.
async fn open_upstream(app: &App, session: &Session) -> Result<Context, ApiError> {
    app.take_budget(session).await?;
    let request = OpenSession { session: session.id, language: session.language.as_deref(), context: &session.context };
    let theirs = app.sessions_of(session.provider)?.open(&request).await?;
    let merged = theirs.and_then(|theirs| session.context.merged(&theirs).ok());
    Ok(merged.unwrap_or_else(|| session.context.clone()))
}

/// Makes the session visible. If that fails, it is ended on both sides, as far as it can be: whether our write was made is not
/// known, and a session that nobody has the id of must not hold a slot.
async fn activate(app: &App, reserved: Session, context: Context) -> Result<Session, ApiError> {
    let expires_at = app.shell.now().plus(app.limits.timeout);
    let error = match app.shell.store.session_activate(reserved.clone(), context, expires_at).await {
        Ok(session) => return Ok(session),
        Err(error) => ApiError::from(error),
    };
    let ended = app.shell.store.session_end(&reserved, EndedBy::Request, app.shell.now()).await;
    let closed = close_upstream(app, &reserved).await;
    Err(match ended {
        Ok(_) if closed => error,
        _ => error.with_possible_effect().with("sessionId", reserved.id.to_string()),
    })
}

/// Takes back what a failed opening has left: the reservation, and the provider's side if it may be open.
async fn give_up(app: &App, reserved: &Session, error: ApiError) -> ApiError {
    if let Err(left_over) = app.shell.store.session_abandon(reserved).await {
        tracing::warn!(error = %left_over, "a reservation stays until its lease passes");
    }
    if error.effect() == Effect::None {
        error
    } else if close_upstream(app, reserved).await {
        error.without_effect()
    } else {
        error.with("sessionId", reserved.id.to_string())
    }
}

/// Closes the provider's side of a session that came to nothing; says whether it is known to be closed.
async fn close_upstream(app: &App, session: &Session) -> bool {
    let Ok(sessions) = app.sessions_of(session.provider) else { return true };
    match tokio::time::timeout(CLOSING_PATIENCE, sessions.close(session.id)).await {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            tracing::warn!(%error, "a session of the provider stays open until it times out there");
            false
        }
        Err(_) => {
            tracing::warn!("a session of the provider stays open until it times out there");
            false
        }
    }
}

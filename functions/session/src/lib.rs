//! Opens, reads, updates and ends voice sessions.
//!
//! | module | operation |
//! |---|---|
//! | `open` | `POST /api/voice/session` |
//! | `read` | `GET /api/voice/session/{sessionId}` |
//! | `update` | `PATCH /api/voice/session/{sessionId}` |
//! | `end` | `POST /api/voice/session/{sessionId}/end`, `DELETE /api/voice/session/{sessionId}` |

mod end;
mod open;
mod out;
mod read;
mod update;

use std::sync::Arc;
use std::time::Duration;

use switchboard_auth::{Access, Caller};
use switchboard_core::{EndedBy, Fault, ProviderId, Scope, Session, Unusable};
use switchboard_lambda::{
    ApiError, Boot, ConfigError, RateClass, Reply, Request, Route, Shell, session_unusable, take_upstream,
};
use switchboard_providers::omi::{Omi, OmiConfig};
use switchboard_providers::{Provider, ProviderError, ProviderErrorKind, Sessions};

/// What this function is made of.
#[derive(Debug)]
pub struct App {
    shell: Shell,
    omi: Omi,
    limits: Limits,
}

/// The limits of voice sessions.
#[derive(Clone, Copy, Debug)]
struct Limits {
    /// How many a tenant may have at once (`OMI_MAX_CONCURRENT_SESSIONS`).
    concurrent_sessions: u32,
    /// How long one lasts without a turn (`OMI_SESSION_TIMEOUT_SECS`).
    timeout: Duration,
    /// How many requests OMI takes in a minute, over all tenants (`OMI_REQUESTS_PER_MINUTE`).
    upstream_per_minute: u32,
}

/// What can be asked of this function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Open a session.
    Open,
    /// Read a session and its history.
    Read,
    /// Change a session's context.
    Update,
    /// End a session.
    End,
}

/// The routes.
pub const ROUTES: &[Route<Operation>] = &[
    Route::new("POST", "/api/voice/session", Operation::Open, Access::scope(Scope::VoiceWrite).or_public())
        .limited_by(RateClass::Voice)
        .idempotent_by_key(),
    Route::new(
        "GET",
        "/api/voice/session/{sessionId}",
        Operation::Read,
        Access::scope(Scope::VoiceRead).or_session_token(),
    ),
    Route::new("PATCH", "/api/voice/session/{sessionId}", Operation::Update, Access::scope(Scope::VoiceWrite)),
    Route::new(
        "POST",
        "/api/voice/session/{sessionId}/end",
        Operation::End,
        Access::scope(Scope::VoiceWrite).or_session_token(),
    )
    .limited_by(RateClass::Voice)
    .idempotent_by_key(),
    Route::new(
        "DELETE",
        "/api/voice/session/{sessionId}",
        Operation::End,
        Access::scope(Scope::VoiceWrite).or_session_token(),
    ),
];

impl App {
    /// Composes the function from its environment.
    ///
    /// # Errors
    /// [`ConfigError`] with every problem of the settings.
    pub fn compose(boot: &Boot) -> Result<Self, ConfigError> {
        let mut config = boot.config();
        let shell = Shell::compose(boot, &mut config);
        let omi = OmiConfig::read(&mut config);
        let timeout_secs = config.number("OMI_SESSION_TIMEOUT_SECS", 1_800_u64, 60..=86_400);
        let limits = Limits {
            concurrent_sessions: config.number("OMI_MAX_CONCURRENT_SESSIONS", 50, 1..=10_000),
            timeout: Duration::from_secs(timeout_secs),
            upstream_per_minute: config.number("OMI_REQUESTS_PER_MINUTE", 1_000, 1..=1_000_000),
        };
        config.finish()?;
        let omi = Omi::new(omi, Arc::clone(&shell.secrets), boot.clock(), boot.http());
        Ok(Self { shell, omi, limits })
    }

    /// The provider's sessions, if there are any.
    fn sessions_of(&self, provider: ProviderId) -> Result<&dyn Sessions, ApiError> {
        let known: Option<&dyn Provider> = (provider == self.omi.id()).then_some(&self.omi);
        known.and_then(Provider::sessions).ok_or_else(|| {
            let message = format!("{provider} offers no voice sessions; omi does");
            ApiError::new(Fault::UnsupportedByProvider, message).with("nearest", ProviderId::Omi.as_str())
        })
    }

    /// What a provider's error about a session means: that it does not know it any more ends the session here too, once the
    /// provider is seen to answer at all (a wrong address also gives 404).
    async fn after_provider_error(&self, session: &Session, error: ProviderError) -> ApiError {
        let account = self.omi.account();
        if !matches!(error.kind, ProviderErrorKind::NotFound(_)) {
            return error.into();
        }
        match account {
            Some(account) if account.reachable().await.is_ok() => {}
            _ => return ProviderError { kind: ProviderErrorKind::Failed(404), ..error }.into(),
        }
        tracing::warn!(%error, "the provider has dropped a session");
        match self.shell.store.session_end(session, EndedBy::Provider, self.shell.now()).await {
            Ok(_) => session_unusable(Unusable::Ended),
            Err(error) => error.into(),
        }
    }

    /// Takes a request to the provider from the installation's budget.
    async fn take_budget(&self, session: &Session) -> Result<(), ApiError> {
        take_upstream(&self.shell, session.provider, self.limits.upstream_per_minute, &session.tenant).await
    }
}

impl AsRef<Shell> for App {
    fn as_ref(&self) -> &Shell {
        &self.shell
    }
}

/// Answers a request.
///
/// # Errors
/// [`ApiError`], each with its documented status and code.
pub async fn handle(app: Arc<App>, caller: Caller, request: Request<Operation>) -> Result<Reply, ApiError> {
    match request.operation {
        Operation::Open => open::open(&app, &caller, &request).await,
        Operation::Read => read::read(&app, &caller, &request).await,
        Operation::Update => update::update(&app, &caller, &request).await,
        Operation::End => end::end(&app, &caller, &request).await,
    }
}

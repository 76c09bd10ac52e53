//! Takes one turn of a voice session, in writing or by voice, and hands out upload tickets for large recordings.
//!
//! | module | what |
//! |---|---|
//! | `turn` | `POST /api/voice/process` |
//! | `input` | what the person says: a text, an inline recording, an upload |
//! | `ticket` | `POST /api/voice/uploads` |

mod input;
mod ticket;
mod turn;

use std::sync::Arc;
use std::time::Duration;

use switchboard_auth::{Access, Caller};
use switchboard_core::{Fault, ProviderId, Scope, Session};
use switchboard_lambda::{ApiError, Boot, ConfigError, RateClass, Reply, Request, Route, Shell, take_upstream};
use switchboard_providers::omi::{Omi, OmiConfig};
use switchboard_providers::{Provider, Turns};

/// What this function is made of.
#[derive(Debug)]
pub struct App {
    shell: Shell,
    omi: Omi,
    /// How long a session lasts without a turn (`OMI_SESSION_TIMEOUT_SECS`).
    session_timeout: Duration,
    /// How many requests OMI takes in a minute, over all tenants (`OMI_REQUESTS_PER_MINUTE`).
    upstream_per_minute: u32,
}

/// What can be asked of this function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Take a turn.
    Process,
    /// Hand out an upload ticket.
    Upload,
}

/// The largest request with an inline recording, in bytes: what Lambda takes, base64 and JSON included.
const MAX_INLINE_BODY: usize = 6 * 1024 * 1024;

/// The routes.
pub const ROUTES: &[Route<Operation>] = &[
    Route::new(
        "POST",
        "/api/voice/process",
        Operation::Process,
        Access::scope(Scope::VoiceWrite).or_session_token().or_public(),
    )
    .limited_by(RateClass::Voice)
    .with_body_up_to(MAX_INLINE_BODY)
    .once_by_key(),
    Route::new("POST", "/api/voice/uploads", Operation::Upload, Access::scope(Scope::VoiceWrite).or_session_token())
        .limited_by(RateClass::Voice)
        .idempotent_by_key(),
];

impl App {
    /// Composes the function from its environment.
    ///
    /// # Errors
    /// [`ConfigError`] with every problem of the settings.
    pub fn compose(boot: &Boot) -> Result<Self, ConfigError> {
        let mut config = boot.config();
        let shell = Shell::compose(boot, &mut config);
        config.required("BUCKET_NAME");
        let omi = OmiConfig::read(&mut config);
        let timeout_secs = config.number("OMI_SESSION_TIMEOUT_SECS", 1_800_u64, 60..=86_400);
        let upstream_per_minute = config.number("OMI_REQUESTS_PER_MINUTE", 1_000, 1..=1_000_000);
        config.finish()?;
        let omi = Omi::new(omi, Arc::clone(&shell.secrets), boot.clock(), boot.http());
        Ok(Self { shell, omi, session_timeout: Duration::from_secs(timeout_secs), upstream_per_minute })
    }

    /// Who takes the turns of a session.
    fn turns_of(&self, provider: ProviderId) -> Result<&dyn Turns, ApiError> {
        let known: Option<&dyn Provider> = (provider == self.omi.id()).then_some(&self.omi);
        known.and_then(Provider::turns).ok_or_else(|| {
            let message = format!("{provider} takes no turns; omi does");
            ApiError::new(Fault::UnsupportedByProvider, message).with("nearest", ProviderId::Omi.as_str())
        })
    }

    /// Takes a request to the provider from the installation's budget.
    async fn take_budget(&self, session: &Session) -> Result<(), ApiError> {
        take_upstream(&self.shell, session.provider, self.upstream_per_minute, &session.tenant).await
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
        Operation::Process => turn::process(&app, &caller, &request).await,
        Operation::Upload => ticket::upload(&app, &caller, &request).await,
    }
}

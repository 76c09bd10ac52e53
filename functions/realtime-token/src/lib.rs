//! Realtime voice in the browser, on a leash.
//!
//! The broker hands a page's offer on to OpenAI with the installation's key, so that it knows the call's name and can hang up; the page
//! keeps the call up by renewing a lease, and what is not renewed is ended. Raw credentials, which nobody can take back, are for
//! servers with a scope of their own, and counted. Beta-shaped options are taken and said in today's words.
//!
//! | module | what |
//! |---|---|
//! | `person` | for whom: whose calls and minutes are counted, under what name OpenAI knows them |
//! | `wish` | what a caller asks for, made a session |
//! | `open` | `POST /api/realtime/calls`: the broker |
//! | `lease` | renewing, ending |
//! | `raw` | `POST /api/realtime/token` |
//! | `translation` | `POST /api/realtime/translate` |
//! | `chat` | ChatKit's sessions |
//! | `words` | `POST /api/calls/{callId}/transcript`: what was said, as the page heard it |

mod chat;
mod lease;
mod open;
mod person;
mod raw;
mod translation;
mod wish;
mod words;

use std::sync::Arc;
use std::time::Duration;

use switchboard_auth::{Access, Caller};
use switchboard_calls::Desk;
use switchboard_core::{Scope, TenantId};
use switchboard_lambda::{ApiError, Boot, ConfigError, Reply, Request, Route, Shell};
use switchboard_providers::fleet::{Fleet, FleetConfig};
use switchboard_providers::openai::{ChatConfig, RealtimeConfig};
use switchboard_store::RealtimeQuota;

/// What this function is made of.
#[derive(Debug)]
pub struct App {
    shell: Shell,
    desk: Desk,
    realtime: RealtimeConfig,
    chat: ChatConfig,
    quota: RealtimeQuota,
    /// How many raw credentials a person may have in a day (`REALTIME_TOKENS_PER_DAY`).
    tokens_per_day: u32,
    /// How long a call may last at most, and lasts where nobody says (`REALTIME_MAX_DURATION_SECS`).
    longest: Duration,
    /// Whose the account with OpenAI is (`ACCOUNT_OWNER_TENANT`).
    owner: TenantId,
}

/// What can be asked of this function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A raw credential.
    Token,
    /// Hand an offer on.
    Open,
    /// Renew a lease.
    Renew,
    /// End a call.
    End,
    /// Say beta-shaped options in today's words.
    Translate,
    /// Open a chat.
    Chat,
    /// Cancel a chat.
    CancelChat,
    /// Take down what was said.
    Words,
}

/// Anybody who may speak: a server for its users, or a page with its session's token.
const SPEAKER: Access = Access::scope(Scope::VoiceWrite).or_session_token();

/// The routes.
pub const ROUTES: &[Route<Operation>] = &[
    Route::new("POST", "/api/realtime/token", Operation::Token, Access::scope(Scope::RealtimeRaw)).idempotent_by_key(),
    Route::new("POST", "/api/v1/chatkit/realtime-session", Operation::Token, Access::scope(Scope::RealtimeRaw))
        .idempotent_by_key(),
    Route::new("POST", "/api/realtime/calls", Operation::Open, SPEAKER).once_by_key(),
    Route::new("POST", "/api/realtime/calls/{rtsId}/renew", Operation::Renew, SPEAKER).idempotent_by_key(),
    Route::new("POST", "/api/realtime/calls/{rtsId}/end", Operation::End, SPEAKER).idempotent_by_key(),
    Route::new("POST", "/api/realtime/translate", Operation::Translate, SPEAKER),
    Route::new("POST", "/api/chatkit/session", Operation::Chat, Access::scope(Scope::VoiceWrite)).idempotent_by_key(),
    Route::new("POST", "/api/v1/chatkit/session", Operation::Chat, Access::scope(Scope::VoiceWrite))
        .idempotent_by_key(),
    Route::new("POST", "/api/chatkit/session/{id}/cancel", Operation::CancelChat, Access::scope(Scope::VoiceWrite))
        .idempotent_by_key(),
    Route::new(
        "POST",
        "/api/calls/{callId}/transcript",
        Operation::Words,
        Access::scope(Scope::CallsWrite).or_session_token(),
    )
    .idempotent_by_key(),
];

impl App {
    /// Composes the function from its environment.
    ///
    /// # Errors
    /// [`ConfigError`] with every problem of the settings.
    pub fn compose(boot: &Boot) -> Result<Self, ConfigError> {
        let mut config = boot.config();
        let shell = Shell::compose(boot, &mut config).with_ice_servers(&mut config);
        let fleet = FleetConfig::read(&mut config);
        let realtime = RealtimeConfig::read(&mut config);
        let chat = ChatConfig::read(&mut config);
        let quota = RealtimeQuota {
            calls_per_user: config.number("REALTIME_MAX_CONCURRENT", 2, 1..=100),
            calls_per_tenant: config.number("REALTIME_TENANT_MAX_CONCURRENT", 50, 1..=10_000),
            secs_per_user: config.number("REALTIME_MINUTES_PER_DAY", 60_u32, 1..=1_440).saturating_mul(60),
            secs_per_tenant: config.number("REALTIME_TENANT_MINUTES_PER_DAY", 1_000_u32, 1..=1_000_000) * 60,
        };
        let tokens_per_day = config.number("REALTIME_TOKENS_PER_DAY", 100, 1..=100_000);
        let longest = Duration::from_secs(config.number("REALTIME_MAX_DURATION_SECS", 1_800, 60..=3_600));
        let owner = Shell::account_owner(&mut config);
        config.finish()?;
        let fleet = Fleet::new(fleet, &shell.secrets, &shell.clock, &boot.http());
        let desk = Desk { store: shell.store.clone(), fleet };
        Ok(Self { shell, desk, realtime, chat, quota, tokens_per_day, longest, owner })
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
        Operation::Token => raw::token(&app, &caller, &request).await,
        Operation::Open => open::open(&app, &caller, &request).await,
        Operation::Renew => lease::renew(&app, &caller, &request).await,
        Operation::End => lease::end(&app, &caller, &request).await,
        Operation::Translate => translation::translate(&request),
        Operation::Chat => chat::open(&app, &caller, &request).await,
        Operation::CancelChat => chat::cancel(&app, &caller, &request).await,
        Operation::Words => words::take(&app, &caller, &request).await,
    }
}

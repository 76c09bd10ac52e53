//! Says whether the installation works, what its providers can do and what is left on its accounts, and answers what no other
//! function serves: 404, 405 and preflights.
//!
//! | module | what |
//! |---|---|
//! | `check` | `GET /api/health`, `GET /health`, shallow and deep |
//! | `credits` | `GET /api/credits` |
//! | `providers` | `GET /api/providers`, and the providers themselves |
//! | `look` | questions that may not take long |
//! | `fallback` | `$default` |
//! | `paths` | every path of the API with its methods |

mod check;
mod credits;
mod fallback;
mod look;
pub mod paths;
mod providers;

use std::sync::Arc;

use switchboard_auth::{Access, Caller};
use switchboard_core::{Scope, TenantId, Timestamp};
use switchboard_lambda::{ApiError, Boot, ConfigError, Reply, Request, Route, Shell};
use tokio::sync::Mutex;

use check::Services;
use providers::Known;

/// What this function is made of.
#[derive(Debug)]
pub struct App {
    shell: Shell,
    providers: Vec<Known>,
    /// Whose the accounts are (`ACCOUNT_OWNER_TENANT`).
    owner: TenantId,
    /// What the last look at the providers found. The lock is held while looking, so that a process looks once.
    last_look: Mutex<Option<(Timestamp, Services)>>,
}

/// What can be asked of this function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Whether it works.
    Health,
    /// What is left on the accounts.
    Credits,
    /// What the providers can do.
    Providers,
    /// Whatever no other route takes.
    Fallback,
}

/// The routes.
pub const ROUTES: &[Route<Operation>] = &[
    Route::new("GET", "/api/health", Operation::Health, Access::anyone()),
    Route::new("GET", "/health", Operation::Health, Access::anyone()),
    Route::new("GET", "/api/credits", Operation::Credits, Access::scope(Scope::CallsRead)),
    Route::new("GET", "/api/providers", Operation::Providers, Access::scope(Scope::CallsRead)),
    Route::fallback(Operation::Fallback),
];

impl App {
    /// Composes the function from its environment.
    ///
    /// # Errors
    /// [`ConfigError`] with every problem of the settings.
    pub fn compose(boot: &Boot) -> Result<Self, ConfigError> {
        let mut config = boot.config();
        let shell = Shell::compose(boot, &mut config);
        let owner = Shell::account_owner(&mut config);
        let providers = providers::compose(boot, &mut config, &shell);
        config.finish()?;
        Ok(Self { shell, providers, owner, last_look: Mutex::default() })
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
        Operation::Health => check::health(&app, &caller, &request).await,
        Operation::Credits => credits::credits(&app, &caller, &request).await,
        Operation::Providers => providers::providers(&app, &caller).await,
        Operation::Fallback => fallback::fallback(&request),
    }
}

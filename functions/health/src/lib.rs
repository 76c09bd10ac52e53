//! Says whether the installation works, and answers what no other function serves: 404, 405 and preflights.
//!
//! | module | what |
//! |---|---|
//! | `check` | `GET /api/health`, shallow and deep |
//! | `fallback` | `$default` |
//! | `paths` | every path of the API with its methods |

mod check;
mod fallback;
pub mod paths;

use std::sync::Arc;

use switchboard_auth::{Access, Caller};
use switchboard_core::{SecretSource, Timestamp};
use switchboard_lambda::{ApiError, Boot, ConfigError, Reply, Request, Route, Shell};
use switchboard_providers::omi::{Omi, OmiConfig};
use tokio::sync::Mutex;

use check::ServiceState;

/// What this function is made of.
#[derive(Debug)]
pub struct App {
    shell: Shell,
    omi: Omi,
    /// What the last look at the providers found. The lock is held while looking, so that a process looks once.
    last_look: Mutex<Option<(Timestamp, ServiceState)>>,
}

/// What can be asked of this function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Whether it works.
    Health,
    /// Whatever no other route takes.
    Fallback,
}

/// The routes.
pub const ROUTES: &[Route<Operation>] =
    &[Route::new("GET", "/api/health", Operation::Health, Access::anyone()), Route::fallback(Operation::Fallback)];

impl App {
    /// Composes the function from its environment.
    ///
    /// # Errors
    /// [`ConfigError`] with every problem of the settings.
    pub fn compose(boot: &Boot) -> Result<Self, ConfigError> {
        let mut config = boot.config();
        let shell = Shell::compose(boot, &mut config);
        let omi = OmiConfig::read(&mut config);
        config.finish()?;
        let secrets: Arc<dyn SecretSource> = Arc::clone(&shell.secrets);
        let omi = Omi::new(omi, secrets, boot.clock(), boot.http());
        Ok(Self { shell, omi, last_look: Mutex::default() })
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
        Operation::Fallback => fallback::fallback(&request),
    }
}

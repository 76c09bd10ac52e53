//! Reads calls: lists, one of them, and what comes with it.

mod one;

use std::sync::Arc;

use switchboard_auth::{Access, Caller};
use switchboard_core::Scope;
use switchboard_lambda::{ApiError, Boot, ConfigError, Reply, Request, Route, Shell};

/// What this function is made of.
#[derive(Debug)]
pub struct App {
    shell: Shell,
}

/// What can be asked of this function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// One call.
    Read,
}

/// The routes.
pub const ROUTES: &[Route<Operation>] =
    &[Route::new("GET", "/api/calls/{callId}", Operation::Read, Access::scope(Scope::CallsRead))];

impl App {
    /// Composes the function from its environment.
    ///
    /// # Errors
    /// [`ConfigError`] with every problem of the settings.
    pub fn compose(boot: &Boot) -> Result<Self, ConfigError> {
        let mut config = boot.config();
        let shell = Shell::compose(boot, &mut config);
        config.finish()?;
        Ok(Self { shell })
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
        Operation::Read => one::read(&app, &caller, &request).await,
    }
}

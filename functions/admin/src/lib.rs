//! What operators ask for.
//!
//! | module | operation |
//! |---|---|
//! | `explain` | `POST /api/webhooks/explain` |

mod explain;

use std::sync::Arc;

use switchboard_auth::{Access, Caller};
use switchboard_core::{Scope, TenantId};
use switchboard_lambda::{ApiError, Boot, ConfigError, Reply, Request, Route, Shell};

/// What this function is made of.
#[derive(Debug)]
pub struct App {
    shell: Shell,
    /// Who owns what belongs to no tenant (`ACCOUNT_OWNER_TENANT`).
    owner: TenantId,
}

/// What can be asked of this function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Why a delivery was rejected.
    Explain,
}

/// The routes.
pub const ROUTES: &[Route<Operation>] =
    &[Route::new("POST", "/api/webhooks/explain", Operation::Explain, Access::scope(Scope::Operator))];

impl App {
    /// Composes the function from its environment.
    ///
    /// # Errors
    /// [`ConfigError`] with every problem of the settings.
    pub fn compose(boot: &Boot) -> Result<Self, ConfigError> {
        let mut config = boot.config();
        let shell = Shell::compose(boot, &mut config);
        let owner = config.parsed(
            "ACCOUNT_OWNER_TENANT",
            "default",
            TenantId::parse,
            "a tenant's name: 1 to 64 of a-z, 0-9 and -",
        );
        config.finish()?;
        // `finish` has failed if there is none.
        Ok(Self { shell, owner: owner.unwrap_or_else(TenantId::public) })
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
        Operation::Explain => explain::explain(&app, &caller, &request).await,
    }
}

//! What operators ask for.
//!
//! | module | operation |
//! |---|---|
//! | `explain` | `POST /api/webhooks/explain` |
//! | `webhook_urls` | `GET`, `POST /api/webhook-urls`, `POST …/{hookId}/rotate`, `DELETE …/{hookId}` |

mod explain;
mod webhook_urls;

use std::sync::Arc;

use switchboard_auth::{Access, Caller};
use switchboard_core::{Scope, TenantId};
use switchboard_lambda::{ApiError, Boot, ConfigError, Reply, Request, Route, Shell};
use switchboard_providers::capability_url;

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
    /// The addresses of senders that cannot sign.
    ListHooks,
    /// Make one.
    CreateHook,
    /// Give one another token.
    RotateHook,
    /// Take one back.
    RevokeHook,
}

/// The routes.
pub const ROUTES: &[Route<Operation>] = &[
    Route::new("POST", "/api/webhooks/explain", Operation::Explain, Access::scope(Scope::Operator)),
    Route::new("GET", "/api/webhook-urls", Operation::ListHooks, Access::scope(Scope::Operator)),
    Route::new("POST", "/api/webhook-urls", Operation::CreateHook, Access::scope(Scope::Operator)).idempotent_by_key(),
    Route::new("POST", "/api/webhook-urls/{hookId}/rotate", Operation::RotateHook, Access::scope(Scope::Operator))
        .idempotent_by_key(),
    Route::new("DELETE", "/api/webhook-urls/{hookId}", Operation::RevokeHook, Access::scope(Scope::Operator)),
];

impl App {
    /// Composes the function from its environment.
    ///
    /// # Errors
    /// [`ConfigError`] with every problem of the settings.
    pub fn compose(boot: &Boot) -> Result<Self, ConfigError> {
        let mut config = boot.config();
        let shell = Shell::compose(boot, &mut config).with_hook_urls(&mut config, capability_url::make_token);
        let owner = Shell::account_owner(&mut config);
        config.finish()?;
        Ok(Self { shell, owner })
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
        Operation::ListHooks => webhook_urls::list(&app, &caller, &request).await,
        Operation::CreateHook => webhook_urls::create(&app, &caller, &request).await,
        Operation::RotateHook => webhook_urls::rotate(&app, &caller, &request).await,
        Operation::RevokeHook => webhook_urls::revoke(&app, &caller, &request).await,
    }
}

//! The agents and numbers of the accounts with providers.
//!
//! They live with their providers; the table says only whose they are. A tenant's agents are those that it made here; what nobody
//! claimed is the account owner's, and what is somebody else's does not exist (404). Numbers are claimed by nobody, so they are
//! the owner's. What may be written is a closed list: an agent reports to this installation and to nobody else, and calls
//! cannot be passed on to numbers that no dial policy has seen.
//!
//! | module | operation |
//! |---|---|
//! | `list` | `GET /api/agents`, `GET /api/numbers` |
//! | `create` | `POST /api/agents` |
//! | `one` | `GET`, `PUT`, `DELETE /api/agents/{provider}/{agentId}` |
//! | `info` | `GET /agent/info`, the agent of the configuration |
//! | `draft` | what may be written |
//! | `out` | agents and numbers as callers see them |
//! | `offers` | which provider has agents, and which lets programs write them |

mod create;
mod draft;
mod info;
mod list;
mod offers;
mod one;
mod out;

use std::sync::Arc;

use switchboard_auth::{Access, Caller};
use switchboard_core::{Scope, TenantId};
use switchboard_lambda::{ApiError, Boot, ConfigError, Reply, Request, Route, Shell};
use switchboard_providers::capability_url;

use offers::Offers;

/// What this function is made of.
#[derive(Debug)]
pub struct App {
    shell: Shell,
    offers: Offers,
    /// Whose the accounts are (`ACCOUNT_OWNER_TENANT`).
    owner: TenantId,
}

/// What can be asked of this function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A page of the caller's agents.
    List,
    /// Make an agent.
    Create,
    /// One agent.
    Read,
    /// Change an agent.
    Update,
    /// Remove an agent.
    Delete,
    /// A page of the account's numbers.
    Numbers,
    /// The agent of the configuration.
    Info,
}

/// The path of one agent.
const ONE: &str = "/api/agents/{provider}/{agentId}";

/// The routes.
pub const ROUTES: &[Route<Operation>] = &[
    Route::new("GET", "/api/agents", Operation::List, Access::scope(Scope::AgentsRead)),
    Route::new("POST", "/api/agents", Operation::Create, Access::scope(Scope::AgentsWrite)).once_by_key(),
    Route::new("GET", ONE, Operation::Read, Access::scope(Scope::AgentsRead)),
    Route::new("PUT", ONE, Operation::Update, Access::scope(Scope::AgentsWrite)),
    Route::new("DELETE", ONE, Operation::Delete, Access::scope(Scope::AgentsWrite)),
    Route::new("GET", "/api/numbers", Operation::Numbers, Access::scope(Scope::AgentsRead)),
    Route::new("GET", "/agent/info", Operation::Info, Access::scope(Scope::AgentsRead)),
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
        let offers = Offers::compose(boot, &mut config, &shell);
        config.finish()?;
        Ok(Self { shell, offers, owner })
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
        Operation::List => list::agents(&app, &caller, &request).await,
        Operation::Create => create::create(&app, &caller, &request).await,
        Operation::Read => one::read(&app, &caller, &request).await,
        Operation::Update => one::update(&app, &caller, &request).await,
        Operation::Delete => one::delete(&app, &caller, &request).await,
        Operation::Numbers => list::numbers(&app, &caller, &request).await,
        Operation::Info => info::info(&app, &caller, &request).await,
    }
}

//! Places calls: by phone, or with a browser's credential for one.
//!
//! A call is written down first, with its idempotency key, its slot, what the dial policy counts and the money it may cost;
//! then a conditional write lets exactly one process past the fence; then bytes leave, once. What came of it is bound, failed
//! for certain, or unknown; an unknown one is never dialled again by anybody.
//!
//! | module | what |
//! |---|---|
//! | `order` | the request: what is asked for, made valid |
//! | `preflight` | what is found out before anything is written: policy, scenario, provider, agent |
//! | `dry_run` | the same without the call |
//! | `place` | writing down and answering |
//! | `dial` | fence, dial, bind, fall back |
//! | `agent` | the agent of the configuration |
//! | `old_shapes` | R1's and R4's requests and answers |

mod agent;
mod dial;
mod dry_run;
mod old_shapes;
mod order;
mod place;
mod preflight;

use std::sync::Arc;

use switchboard_auth::{Access, Caller};
use switchboard_calls::Desk;
use switchboard_core::{DialPolicy, Scope, TenantId};
use switchboard_lambda::{ApiError, Boot, ConfigError, Reply, Request, Route, Shell};
use switchboard_providers::capability_url;
use switchboard_providers::fleet::{Fleet, FleetConfig};

/// What this function is made of.
#[derive(Debug)]
pub struct App {
    shell: Shell,
    desk: Desk,
    policy: DialPolicy,
    /// How many calls a tenant may have at once (`CALL_MAX_CONCURRENT`).
    concurrent_calls: u32,
    /// Who owns agents that nobody claimed (`ACCOUNT_OWNER_TENANT`).
    owner: TenantId,
}

/// What can be asked of this function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Place a call.
    Create,
    /// Place a call with OmniDimension, in R1's shape.
    CreateAsR1,
    /// Place a call with Hamsa, in R4's shape.
    CreateAsR4,
}

/// The routes. They bind their idempotency keys themselves: for good, and to the call.
pub const ROUTES: &[Route<Operation>] = &[
    Route::new("POST", "/api/calls", Operation::Create, Access::scope(Scope::CallsWrite)),
    Route::new("POST", "/call/create", Operation::CreateAsR1, Access::scope(Scope::CallsWrite)),
    Route::new("POST", "/api/hamsa/call", Operation::CreateAsR4, Access::scope(Scope::CallsWrite)),
];

impl App {
    /// Composes the function from its environment.
    ///
    /// # Errors
    /// [`ConfigError`] with every problem of the settings.
    pub fn compose(boot: &Boot) -> Result<Self, ConfigError> {
        let mut config = boot.config();
        let shell = Shell::compose(boot, &mut config).with_hook_urls(&mut config, capability_url::make_token);
        let fleet = FleetConfig::read(&mut config);
        let policy = DialPolicy::read(&mut config);
        let concurrent_calls = config.number("CALL_MAX_CONCURRENT", 50, 1..=10_000);
        let owner = Shell::account_owner(&mut config);
        config.finish()?;
        let fleet = Fleet::new(fleet, &shell.secrets, &shell.clock, &boot.http());
        let desk = Desk { store: shell.store.clone(), fleet };
        Ok(Self { shell, desk, policy, concurrent_calls, owner })
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
        Operation::Create => place::create(&app, &caller, &request).await,
        Operation::CreateAsR1 => old_shapes::create_as_r1(&app, &caller, &request).await,
        Operation::CreateAsR4 => old_shapes::create_as_r4(&app, &caller, &request).await,
    }
}

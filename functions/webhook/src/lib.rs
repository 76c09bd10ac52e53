//! Takes every provider's webhooks: verified on their raw bytes, kept and applied in one transaction, then acknowledged.
//!
//! A 2xx means that the bytes are durable. What cannot be believed gets 401 with an empty body; what we cannot do for reasons of
//! our own gets 503, so that the sender tries again.
//!
//! | module | what |
//! |---|---|
//! | `omi` | OMI: `POST /api/webhook`, `POST /webhooks/omi` |
//! | `openai` | OpenAI: `POST /webhooks/openai` |
//! | `twilio` | Twilio, which signs address and form: `POST /webhooks/twilio` |
//! | `capability` | Hamsa and OmniDimension, which cannot sign: `POST /webhooks/hamsa/{token}`, `POST /webhooks/omnidimension/{token}` |
//! | `call` | what follows for a call, whoever says it |
//! | `known_hooks` | the rows of webhook URLs, for a minute |
//! | `delivery` | keeping bodies, refusing |

mod call;
mod capability;
mod delivery;
mod known_hooks;
mod omi;
mod openai;
mod twilio;

use std::sync::Arc;

use switchboard_auth::{Access, Caller};
use switchboard_calls::Desk;
use switchboard_core::{Fault, ProviderId, TenantId};
use switchboard_lambda::{ApiError, Boot, ConfigError, RateClass, Reply, Request, Route, Shell};
use switchboard_providers::capability_url;
use switchboard_providers::fleet::{Fleet, FleetConfig};
use switchboard_providers::openai::{RealtimeConfig, Reception};

/// What this function is made of.
#[derive(Debug)]
pub struct App {
    shell: Shell,
    /// The secret with `OMI_WEBHOOK_SECRET` (`OMI_WEBHOOK_SECRET_NAME`).
    omi_secret_name: String,
    /// The secret with Twilio's signing keys (`TWILIO_WEBHOOK_SECRET_NAME`).
    twilio_secret_name: String,
    /// The secret with `OPENAI_WEBHOOK_SECRET` (`OPENAI_WEBHOOK_SECRET_NAME`).
    openai_secret_name: String,
    /// What becomes of calls that come in over SIP.
    reception: Reception,
    known_hooks: known_hooks::KnownHooks,
    desk: Desk,
    /// Whose the calls are that came in from outside (`ACCOUNT_OWNER_TENANT`).
    owner: TenantId,
}

/// What can be delivered to this function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A delivery of OMI.
    Omi,
    /// A delivery of Twilio.
    Twilio,
    /// A delivery of OpenAI.
    Openai,
    /// A delivery of Hamsa.
    Hamsa,
    /// A delivery of OmniDimension.
    Omnidimension,
}

/// The largest delivery, in bytes. The gateway and Lambda take a little more.
const MAX_DELIVERY: usize = 5 * 1024 * 1024;

/// The routes. A delivery proves itself by its signature; credentials are not looked at, and no rate limit could be told from an
/// attack on the sender.
pub const ROUTES: &[Route<Operation>] = &[
    Route::new("POST", "/api/webhook", Operation::Omi, Access::self_proving())
        .limited_by(RateClass::Unlimited)
        .with_body_up_to(MAX_DELIVERY),
    Route::new("POST", "/webhooks/omi", Operation::Omi, Access::self_proving())
        .limited_by(RateClass::Unlimited)
        .with_body_up_to(MAX_DELIVERY),
    Route::new("POST", "/webhooks/twilio", Operation::Twilio, Access::self_proving())
        .limited_by(RateClass::Unlimited)
        .with_body_up_to(MAX_DELIVERY),
    // Where an operator has chosen GET at Twilio, the same parameters come in the query.
    Route::new("GET", "/webhooks/twilio", Operation::Twilio, Access::self_proving()).limited_by(RateClass::Unlimited),
    Route::new("POST", "/webhooks/openai", Operation::Openai, Access::self_proving())
        .limited_by(RateClass::Unlimited)
        .with_body_up_to(MAX_DELIVERY),
    Route::new("POST", "/webhooks/hamsa/{token}", Operation::Hamsa, Access::self_proving())
        .limited_by(RateClass::Unlimited)
        .with_body_up_to(MAX_DELIVERY),
    Route::new("POST", "/webhooks/omnidimension/{token}", Operation::Omnidimension, Access::self_proving())
        .limited_by(RateClass::Unlimited)
        .with_body_up_to(MAX_DELIVERY),
];

impl App {
    /// Composes the function from its environment.
    ///
    /// # Errors
    /// [`ConfigError`] with every problem of the settings.
    pub fn compose(boot: &Boot) -> Result<Self, ConfigError> {
        let mut config = boot.config();
        let shell = Shell::compose(boot, &mut config).with_hook_urls(&mut config, capability_url::make_token);
        config.required("BUCKET_NAME");
        let omi_secret_name = config.required("OMI_WEBHOOK_SECRET_NAME");
        let twilio_secret_name = config.required("TWILIO_WEBHOOK_SECRET_NAME");
        let openai_secret_name = config.required("OPENAI_WEBHOOK_SECRET_NAME");
        let fleet = FleetConfig::read(&mut config);
        let realtime = RealtimeConfig::read(&mut config);
        let reception = Reception::read(&mut config, &realtime);
        let owner = Shell::account_owner(&mut config);
        config.finish()?;
        let fleet = Fleet::new(fleet, &shell.secrets, &shell.clock, &boot.http());
        let desk = Desk { store: shell.store.clone(), fleet };
        Ok(Self {
            shell,
            omi_secret_name,
            twilio_secret_name,
            openai_secret_name,
            reception,
            known_hooks: known_hooks::KnownHooks::default(),
            desk,
            owner,
        })
    }
}

impl AsRef<Shell> for App {
    fn as_ref(&self) -> &Shell {
        &self.shell
    }
}

/// Answers a delivery.
///
/// # Errors
/// [`ApiError`] with 413 or 503.
pub async fn handle(app: Arc<App>, _caller: Caller, request: Request<Operation>) -> Result<Reply, ApiError> {
    let answered = match request.operation {
        Operation::Omi => omi::receive(&app, &request).await,
        Operation::Twilio => twilio::receive(&app, &request).await,
        Operation::Openai => openai::receive(&app, &request).await,
        Operation::Hamsa => capability::receive(&app, &request, ProviderId::Hamsa).await,
        Operation::Omnidimension => capability::receive(&app, &request, ProviderId::Omnidimension).await,
    };
    // A sender is told that the trouble is ours, whatever it is, so that it tries again.
    answered.map_err(|error| if error.fault() == Fault::Internal { error.meaning(Fault::Unavailable) } else { error })
}

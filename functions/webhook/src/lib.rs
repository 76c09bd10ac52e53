//! Takes every provider's webhooks: verified on their raw bytes, kept and applied in one transaction, then acknowledged.
//!
//! A 2xx means that the bytes are durable. What cannot be believed gets 401 with an empty body; what we cannot do for reasons of
//! our own gets 503, so that the sender tries again.
//!
//! | module | sender |
//! |---|---|
//! | `omi` | OMI: `POST /api/webhook`, `POST /webhooks/omi` |

mod omi;

use std::sync::Arc;

use switchboard_auth::{Access, Caller};
use switchboard_core::Fault;
use switchboard_lambda::{ApiError, Boot, ConfigError, RateClass, Reply, Request, Route, Shell};

/// What this function is made of.
#[derive(Debug)]
pub struct App {
    shell: Shell,
    /// The secret with `OMI_WEBHOOK_SECRET` (`OMI_WEBHOOK_SECRET_NAME`).
    omi_secret_name: String,
}

/// What can be delivered to this function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A delivery of OMI.
    Omi,
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
        let omi_secret_name = config.required("OMI_WEBHOOK_SECRET_NAME");
        config.finish()?;
        Ok(Self { shell, omi_secret_name })
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
    };
    // A sender is told that the trouble is ours, whatever it is, so that it tries again.
    answered.map_err(|error| if error.fault() == Fault::Internal { error.meaning(Fault::Unavailable) } else { error })
}

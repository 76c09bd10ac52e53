//! The simulated providers of the local world and their control plane.
//!
//! They are real HTTP servers that behave: they check credentials, remember, and post signed webhooks back, on the
//! world's clock. They are written from the providers' contracts and know nothing of the product that calls them.
//!
//! `omi.rs` is OMI's voice API. Between a provider and its callers lie `front.rs` (recording, and faults acting on
//! requests), `port.rs` and `line.rs` (faults acting on connections). `deliveries.rs` keeps the webhooks that are owed to
//! the gateway, `courier.rs` posts them, `clockwork.rs` does it on time. `control.rs` serves `/_sim/*`.

use std::future::Future;
use std::io;
use std::sync::Arc;

use axum::Router;
use switchboard_core::Clock;
use tokio::net::TcpListener;

use self::clockwork::{Clockwork, SaveOffset, Ticker};
use self::control::{Controls, Schedule, WebhookUrl};
use self::deliveries::{Deliveries, DeliveriesError};
use self::faults::Faults;
use self::omi::{Omi, OmiAccount};
use self::provider::Provider;
use self::recorder::Recorder;
use self::signature::WebhookSecret;
use crate::clock::ScriptedClock;
use crate::guard::{Guard, guard};
use crate::ledger::Ledger;
use crate::stopwatch::Stopwatch;

pub mod clockwork;
pub mod control;
mod courier;
pub mod deliveries;
pub mod faults;
mod form;
mod front;
mod line;
pub mod omi;
mod port;
pub mod provider;
pub mod recorder;
mod refusal;
pub mod signature;
#[cfg(test)]
mod testbed;

pub use self::port::UNCOUNTED;

/// What the simulators are made from.
pub struct Setup {
    /// The world's clock.
    pub clock: ScriptedClock,
    /// Where sessions and owed webhooks are kept.
    pub ledger: Ledger,
    /// Keeps the clock's offset whenever the control plane moves the clock.
    pub save_offset: SaveOffset,
    /// The account that callers of OMI must prove to have.
    pub omi: OmiAccount,
    /// What OMI signs its webhooks with.
    pub omi_webhook_secret: WebhookSecret,
    /// Chooses among wordings; the same seed says the same things.
    pub seed: u64,
    /// Adds up the simulators' time.
    pub(crate) stopwatch: Stopwatch,
}

impl std::fmt::Debug for Setup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Setup").field("clock", &self.clock).field("omi", &self.omi).finish_non_exhaustive()
    }
}

/// All simulated providers of one world.
#[derive(Clone, Debug)]
pub struct Simulators {
    recorder: Arc<Recorder>,
    faults: Arc<Faults>,
    deliveries: Arc<Deliveries>,
    clockwork: Arc<Clockwork>,
    schedule: Arc<Schedule>,
    omi: Arc<Omi>,
    stopwatch: Stopwatch,
}

impl Simulators {
    /// The simulators with what their ledger still knows. Webhooks wait until [`Simulators::set_gateway`].
    ///
    /// # Errors
    ///
    /// The ledger cannot be read, or no HTTP client can be made.
    pub fn open(setup: Setup) -> Result<Self, DeliveriesError> {
        let Setup { clock, ledger, save_offset, omi, omi_webhook_secret, seed, stopwatch } = setup;
        let deliveries = Arc::new(Deliveries::open(clock.clone(), ledger.clone(), omi_webhook_secret)?);
        Ok(Self {
            recorder: Arc::new(Recorder::new(clock.clone())),
            faults: Arc::default(),
            clockwork: Arc::new(Clockwork::new(clock.clone(), Arc::clone(&deliveries), save_offset)),
            schedule: Arc::default(),
            stopwatch,
            omi: Arc::new(Omi::new(omi, clock, ledger, Arc::clone(&deliveries), seed)),
            deliveries,
        })
    }

    /// Where webhooks go from now on, such as `http://localhost:3000`.
    pub fn set_gateway(&self, base: &str) {
        self.deliveries.set_gateway(base);
    }

    /// What OMI signs with from now on.
    pub fn set_omi_webhook_secret(&self, secret: WebhookSecret) {
        self.deliveries.set_secret(secret);
    }

    /// OMI with its front, for a server of one's own. The faults that act on connections (`refuse`,
    /// `reset_after_send`, the end of `hang`) need [`Simulators::serve_omi`]; here they answer 502.
    pub fn omi_router(&self) -> Router {
        let service = Arc::clone(&self.omi).router();
        let observed = front::behind(omi::FACE, Arc::clone(&self.recorder), Arc::clone(&self.faults), service);
        // Programs call a provider, pages never do.
        self.stopwatch.on(guard(observed, Guard::control_plane()))
    }

    /// Serves OMI on `listener`, its base URL being `http://<address>/v1`, until the future is dropped.
    ///
    /// # Errors
    ///
    /// The listener has no address.
    pub fn serve_omi(&self, listener: TcpListener) -> impl Future<Output = io::Result<()>> + Send + use<> {
        port::serve(listener, Provider::Omi, Arc::clone(&self.faults), self.omi_router())
    }

    /// The routes below `/_sim`.
    pub fn control_router(&self) -> Router {
        control::router(Controls {
            recorder: Arc::clone(&self.recorder),
            faults: Arc::clone(&self.faults),
            deliveries: Arc::clone(&self.deliveries),
            clockwork: Arc::clone(&self.clockwork),
            schedule: Arc::clone(&self.schedule),
            webhook_urls,
        })
    }

    /// Starts doing what is due as wall time passes. Worlds on a fixed clock have no need of it.
    #[must_use]
    pub fn spawn_ticker(&self) -> Ticker {
        self.clockwork.tick()
    }

    /// Does everything that is due now, and answers how many webhooks were attempted.
    pub async fn run_due(&self) -> usize {
        self.deliveries.run_due(self.clockwork.clock().now()).await
    }

    /// The clock, and moving it.
    #[must_use]
    pub fn clockwork(&self) -> &Clockwork {
        &self.clockwork
    }

    /// What `POST /_sim/sweep` runs.
    #[must_use]
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// The faults that are armed.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// The requests that arrived.
    #[must_use]
    pub fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// The webhooks that are owed.
    #[must_use]
    pub fn deliveries(&self) -> &Deliveries {
        &self.deliveries
    }
}

fn webhook_urls(deliveries: &Deliveries) -> Vec<WebhookUrl> {
    let gateway = deliveries.gateway().into_iter();
    gateway.map(|base| WebhookUrl { provider: Provider::Omi, url: format!("{base}{}", omi::WEBHOOK_PATH) }).collect()
}

#[cfg(test)]
mod tests;

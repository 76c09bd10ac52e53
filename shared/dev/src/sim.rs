//! The simulated providers of the local world and their control plane.
//!
//! They are real HTTP servers that behave: they check credentials, remember, and post signed webhooks back, on the
//! world's clock. They are written from the providers' contracts and know nothing of the product that calls them.
//!
//! `omi.rs` is OMI's voice API; `hamsa.rs`, `omnidimension.rs` and `twilio.rs` place phone calls, `openai.rs` holds
//! realtime calls, and the lines are those of `carrier.rs`. Between a provider and its callers lie `front.rs` (recording,
//! and faults acting on requests), `port.rs` and `connection.rs` (faults acting on connections). `deliveries.rs` keeps the
//! webhooks that are owed, `courier.rs` posts them, `clockwork.rs` does it all on time. `control.rs` serves `/_sim/*`.
//! `page.rs` is no provider: it plays the browser at the other end of a realtime call.

use std::future::Future;
use std::io;
use std::sync::Arc;

use axum::Router;
use tokio::net::TcpListener;

use self::carrier::{Carrier, CarrierError, Meter, Report};
use self::clockwork::{Clockwork, SaveOffset, Ticker};
use self::control::{Controls, Schedule, WebhookUrl, WebhookUrls};
use self::deliveries::{Deliveries, DeliveriesError, SigningKeys};
use self::faults::Faults;
use self::front::Face;
use self::hamsa::Hamsa;
use self::omi::{Omi, OmiAccount};
use self::omnidimension::{Agents, Omnidimension};
use self::openai::{Openai, Peers};
use self::provider::Provider;
use self::recorder::Recorder;
use self::signature::WebhookSecret;
use self::twilio::{Twilio, TwilioAccount};
use crate::clock::ScriptedClock;
use crate::guard::{Guard, guard};
use crate::ledger::{Ledger, LedgerError};
use crate::stopwatch::Stopwatch;

mod address;
mod calendar;
pub mod carrier;
pub mod clockwork;
mod connection;
pub mod control;
mod courier;
pub mod deliveries;
mod dialogue;
pub mod faults;
mod form;
mod front;
mod hamsa;
pub mod omi;
mod omnidimension;
mod openai;
pub mod page;
mod port;
pub mod provider;
mod query;
pub mod recorder;
mod refusal;
pub mod signature;
mod sound;
#[cfg(test)]
mod testbed;
pub mod twilio;

pub use self::port::UNCOUNTED;

/// The providers that are simulated, in the order in which they are listed to people.
pub const SIMULATED: [Provider; 5] = Provider::ALL;

/// What the simulators are made from.
pub struct Setup {
    /// The world's clock.
    pub clock: ScriptedClock,
    /// Where sessions, lines and owed webhooks are kept.
    pub ledger: Ledger,
    /// Keeps the clock's offset whenever the control plane moves the clock.
    pub save_offset: SaveOffset,
    /// The account that callers of OMI must prove to have.
    pub omi: OmiAccount,
    /// The key of callers of Hamsa.
    pub hamsa_api_key: String,
    /// The key of callers of OmniDimension.
    pub omnidimension_api_key: String,
    /// The account that callers of Twilio must prove to have.
    pub twilio: TwilioAccount,
    /// The key of callers of OpenAI.
    pub openai_api_key: String,
    /// The origins of the pages that may speak to OpenAI themselves, comma-separated.
    pub pages: String,
    /// What those sign their webhooks with that sign them.
    pub signing_keys: SigningKeys,
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

/// Why the simulators do not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The webhooks that are owed.
    #[error(transparent)]
    Deliveries(#[from] DeliveriesError),
    /// The carrier's lines.
    #[error(transparent)]
    Carrier(#[from] CarrierError),
    /// What else they keep.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// All simulated providers of one world.
#[derive(Clone, Debug)]
pub struct Simulators {
    recorder: Arc<Recorder>,
    faults: Arc<Faults>,
    deliveries: Arc<Deliveries>,
    carrier: Arc<Carrier>,
    clockwork: Arc<Clockwork>,
    schedule: Arc<Schedule>,
    omi: Arc<Omi>,
    hamsa: Arc<Hamsa>,
    omnidimension: Arc<Omnidimension>,
    twilio: Arc<Twilio>,
    openai: Arc<Openai>,
    pages: String,
    stopwatch: Stopwatch,
}

impl Simulators {
    /// The simulators with what their ledger still knows. Webhooks wait until [`Simulators::set_gateway`].
    ///
    /// # Errors
    ///
    /// The ledger cannot be read, or no HTTP client can be made.
    pub fn open(setup: Setup) -> Result<Self, OpenError> {
        let Setup {
            clock, ledger, save_offset, omi, hamsa_api_key, omnidimension_api_key, twilio, openai_api_key, ..
        } = setup;
        let deliveries = Arc::new(Deliveries::open(clock.clone(), ledger.clone(), setup.signing_keys)?);
        let of_hamsa = Arc::new(hamsa::Reporter::new(Arc::clone(&deliveries)));
        let agents = Agents::open(ledger.clone())?;
        let of_omnidimension = Arc::new(omnidimension::Reporter::new(Arc::clone(&deliveries), agents));
        let of_twilio = Arc::new(twilio::Reporter::new(Arc::clone(&deliveries), twilio.sid.clone()));
        let (hamsa, omnidimension, twilio_calls) =
            (Arc::clone(&of_hamsa), Arc::clone(&of_omnidimension), Arc::clone(&of_twilio));
        let peers = Arc::new(Peers::default());
        let of_openai = Arc::clone(&peers);
        let reports: [(Provider, Report); 4] = [
            (Provider::Hamsa, Arc::new(move |line, progress| hamsa.report(line, progress))),
            (Provider::Omnidimension, Arc::new(move |line, progress| omnidimension.report(line, progress))),
            (Provider::Twilio, Arc::new(move |line, progress| twilio_calls.report(line, progress))),
            (Provider::Openai, Arc::new(move |line, progress| of_openai.report(line, progress))),
        ];
        let carrier = Arc::new(Carrier::open(clock.clone(), ledger.clone(), reports)?);
        let schedule = Arc::new(Schedule::default());
        let clockwork = Clockwork::new(
            clock.clone(),
            Arc::clone(&carrier),
            Arc::clone(&deliveries),
            Arc::clone(&schedule),
            save_offset,
        );
        let omnidimension = Omnidimension::open(
            omnidimension_api_key,
            clock.clone(),
            ledger.clone(),
            Arc::clone(&carrier),
            of_omnidimension,
        )?;
        let openai = Openai::open(
            openai_api_key,
            clock.clone(),
            ledger.clone(),
            (Arc::clone(&carrier), peers),
            Arc::clone(&deliveries),
        )?;
        let hamsa = Hamsa::new(hamsa_api_key, clock.clone(), ledger.clone(), Arc::clone(&carrier), of_hamsa);
        Ok(Self {
            recorder: Arc::new(Recorder::new(clock.clone())),
            faults: Arc::default(),
            clockwork: Arc::new(clockwork),
            schedule,
            stopwatch: setup.stopwatch,
            hamsa: Arc::new(hamsa),
            omnidimension: Arc::new(omnidimension),
            twilio: Arc::new(Twilio::new(twilio, clock.clone(), Arc::clone(&carrier), of_twilio)),
            omi: Arc::new(Omi::new(omi, clock, ledger, Arc::clone(&deliveries), setup.seed)),
            openai: Arc::new(openai),
            pages: setup.pages,
            carrier,
            deliveries,
        })
    }

    /// Where webhooks go from now on that are addressed by a path, such as `http://localhost:3000`.
    pub fn set_gateway(&self, base: &str) {
        self.deliveries.set_gateway(base);
    }

    /// What OMI signs with from now on.
    pub fn set_omi_webhook_secret(&self, secret: WebhookSecret) {
        self.deliveries.set_omi_secret(secret);
    }

    /// What Twilio signs with from now on.
    pub fn set_twilio_signing_token(&self, auth_token: String) {
        self.deliveries.set_twilio_token(auth_token);
    }

    /// What OpenAI signs with from now on.
    pub fn set_openai_webhook_secret(&self, secret: WebhookSecret) {
        self.deliveries.set_openai_secret(secret);
    }

    /// Where the webhooks of all agents of Hamsa or OmniDimension go from now on that have none of their own; kept in
    /// memory only. The other providers have no agents, and nothing happens.
    pub fn set_agent_webhook(&self, provider: Provider, url: String) {
        match provider {
            Provider::Hamsa => self.hamsa.set_agent_webhook(url),
            Provider::Omnidimension => self.omnidimension.set_agent_webhook(url),
            Provider::Omi | Provider::Twilio | Provider::Openai => {}
        }
    }

    /// A provider with its front, for a server of one's own. The faults that act on connections (`refuse`,
    /// `reset_after_send`, the end of `hang`) need [`Simulators::serve`]; here they answer 502.
    pub fn router(&self, provider: Provider) -> Router {
        let (face, service): (Face, Router) = match provider {
            Provider::Omi => (omi::face(), Arc::clone(&self.omi).router()),
            Provider::Hamsa => (hamsa::face(), Arc::clone(&self.hamsa).router()),
            Provider::Omnidimension => (omnidimension::face(), Arc::clone(&self.omnidimension).router()),
            Provider::Twilio => (self.twilio.face(), Arc::clone(&self.twilio).router()),
            Provider::Openai => (self.openai.face(), Arc::clone(&self.openai).router()),
        };
        let observed = front::behind(face, Arc::clone(&self.recorder), Arc::clone(&self.faults), service);
        self.stopwatch.on(match provider {
            // A page brings its own offer, with the secret that its server got for it.
            Provider::Openai => guard(openai::open_to_pages(observed), Guard::product(&self.pages)),
            // Programs call the others, pages never do.
            Provider::Omi | Provider::Omnidimension | Provider::Hamsa | Provider::Twilio => {
                guard(observed, Guard::control_plane())
            }
        })
    }

    /// Serves a provider on `listener` until the future is dropped. Its base URL is [`base_url`] of the address.
    ///
    /// # Errors
    ///
    /// The listener has no address.
    pub fn serve(
        &self,
        provider: Provider,
        listener: TcpListener,
    ) -> impl Future<Output = io::Result<()>> + Send + use<> {
        if let Ok(address) = listener.local_addr() {
            let base = format!("http://{address}");
            match provider {
                Provider::Hamsa => self.hamsa.listens_at(base),
                Provider::Omnidimension => self.omnidimension.listens_at(base),
                Provider::Twilio => self.twilio.listens_at(base),
                Provider::Omi | Provider::Openai => {}
            }
        }
        port::serve(listener, provider, Arc::clone(&self.faults), self.router(provider))
    }

    /// The routes below `/_sim`.
    pub fn control_router(&self) -> Router {
        control::router(Controls {
            recorder: Arc::clone(&self.recorder),
            faults: Arc::clone(&self.faults),
            deliveries: Arc::clone(&self.deliveries),
            clockwork: Arc::clone(&self.clockwork),
            schedule: Arc::clone(&self.schedule),
            carrier: Arc::clone(&self.carrier),
            openai: Arc::clone(&self.openai),
            webhook_urls: WebhookUrls(Arc::new({
                let simulators = self.clone();
                move || simulators.webhook_urls()
            })),
        })
    }

    /// Where the simulators would post now: what is set up, and what calls that are up have asked for.
    #[must_use]
    pub fn webhook_urls(&self) -> Vec<WebhookUrl> {
        let of_omi = self.deliveries.gateway().map(|base| format!("{base}{}", omi::WEBHOOK_PATH));
        let of_omi = of_omi.map(|url| WebhookUrl { provider: Provider::Omi, url });
        let others = [
            self.openai.webhook_urls(),
            self.omnidimension.webhook_urls(),
            self.hamsa.webhook_urls(),
            self.twilio.webhook_urls(),
        ];
        of_omi.into_iter().chain(others.into_iter().flatten()).collect()
    }

    /// Every line that was ever placed, and how long it was answered.
    ///
    /// # Errors
    ///
    /// Something was due on a line and could not be kept.
    pub fn meter(&self) -> Result<Meter, LedgerError> {
        self.carrier.meter()
    }

    /// Starts doing what is due as wall time passes. Worlds on a fixed clock have no need of it.
    #[must_use]
    pub fn spawn_ticker(&self) -> Ticker {
        self.clockwork.tick()
    }

    /// Does everything that is due now, and answers how many webhooks were attempted.
    ///
    /// # Errors
    ///
    /// A line cannot be kept.
    pub async fn run_due(&self) -> Result<usize, LedgerError> {
        self.clockwork.run_due().await
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

/// The base URL of a provider that listens at `http://127.0.0.1:<port>`, as the product's configuration wants it.
#[must_use]
pub fn base_url(provider: Provider, port: u16) -> String {
    let path = match provider {
        Provider::Omi => "/v1",
        Provider::Omnidimension => omnidimension::BASE,
        Provider::Openai => openai::BASE,
        Provider::Hamsa | Provider::Twilio => "",
    };
    format!("http://127.0.0.1:{port}{path}")
}

#[cfg(test)]
mod tests;

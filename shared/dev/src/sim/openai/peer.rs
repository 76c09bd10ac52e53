//! The far ends of realtime calls: real WebRTC peers on loopback, one task for each.
//!
//! A peer answers the session description of a page, exchanges sound and events with it, and hangs up when it is told to.
//! What it says is the agent's part; how long a call may last, and what it is billed, the carrier's.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use str0m::change::SdpOffer;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use self::call::Call;
use self::figures::Figures;
use self::wire::{Role, Wire};
use super::agent::Agent;
use super::refusal::{Refusal, trouble};
use super::session::Session;
use crate::ledger::LedgerError;
use crate::sim::carrier::line::{Line, Progress};

pub(crate) mod call;
mod cipher;
mod crypto;
mod figures;
pub(crate) mod tone;
pub(crate) mod wire;

pub(super) use self::call::Watchers;
pub(super) use self::figures::Counts;

/// A session description that is one, and describes nothing.
const NOTHING: &str = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n";

/// All peers of one world.
#[derive(Debug, Default)]
pub(crate) struct Peers(Mutex<HashMap<String, Peer>>);

#[derive(Debug)]
struct Peer {
    figures: Arc<Figures>,
    hang_up: watch::Sender<bool>,
    task: AbortHandle,
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The end of a call that is ready to begin.
pub(super) struct Answer {
    wire: Wire,
    /// The session description to be given to the page.
    pub(super) sdp: String,
}

impl Answer {
    /// Answers a page's offer. Nothing is heard of it before it is put through.
    pub(super) fn to(offer: &str) -> Result<Self, Refusal> {
        let has_audio = offer.lines().any(|line| line.starts_with("m=audio"));
        let offer = SdpOffer::from_sdp_string(offer).map_err(|_| Refusal::invalid_offer())?;
        if !has_audio {
            return Err(Refusal::invalid_offer());
        }
        let mut wire = Wire::open(Role::Server).map_err(|error| {
            tracing::error!(%error, "the simulated OpenAI cannot take a call");
            trouble()
        })?;
        let answer = wire.rtc().sdp_api().accept_offer(offer).map_err(|_| Refusal::invalid_offer())?;
        Ok(Self { wire, sdp: answer.to_sdp_string() })
    }
}

/// An answer behind which there is nobody.
pub(super) fn unattended(offer: &str) -> String {
    Answer::to(offer).map_or_else(|_| NOTHING.to_owned(), |answer| answer.sdp)
}

impl Peers {
    /// Begins the call `id`.
    pub(super) fn put_through(&self, id: &str, answer: Answer, session: Session, watchers: Watchers) {
        let (hang_up, hung_up) = watch::channel(false);
        let figures = Arc::new(Figures::default());
        let call = Call::new(answer.wire, Agent::new(session), Arc::clone(&figures), watchers);
        let task = tokio::spawn(call.run(hung_up)).abort_handle();
        self.peers().insert(id.to_owned(), Peer { figures, hang_up, task });
    }

    /// Closes the connection of a call, if there is one.
    pub(super) fn hang_up(&self, id: &str) {
        if let Some(peer) = self.peers().get(id) {
            peer.hang_up.send_replace(true);
        }
    }

    /// What went over a call so far; nothing where it has no peer in this run.
    pub(super) fn counts(&self, id: &str) -> Counts {
        self.peers().get(id).map(|peer| peer.figures.now()).unwrap_or_default()
    }

    /// The carrier tells of a line: with its end the connection ends, too.
    pub(crate) fn report(&self, line: &Line, progress: Progress) -> Result<(), LedgerError> {
        if progress == Progress::Ended {
            self.hang_up(&line.external_id);
        }
        Ok(())
    }

    fn peers(&self) -> MutexGuard<'_, HashMap<String, Peer>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! One call from its first packet to its last: sound both ways, events both ways, and the end.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use str0m::Event;
use str0m::channel::ChannelId;
use str0m::media::{MediaKind, Mid};
use tokio::sync::watch;
use tokio::time::Instant;

use super::figures::Figures;
use super::tone::{self, PACKET_MILLIS};
use super::wire::{Step, Wire};
use crate::sim::openai::agent::{Agent, event_name};

/// The data channel over which page and agent exchange events.
pub(crate) const CHANNEL: &str = "oai-events";

/// How long a page may send nothing at all until it is taken to be gone. Browsers send sound fifty times a second and ask
/// whether they are still welcome every few seconds; the library itself would take longer to notice.
const GONE_AFTER: Duration = Duration::from_secs(10);

/// How often a call that waits for its page looks up.
const LOOK: Duration = Duration::from_secs(1);

/// How long saying goodbye may take.
const GOODBYE: Duration = Duration::from_secs(1);

/// When a call has fallen behind its own sound by this much it leaves out what it missed.
const BEHIND: Duration = Duration::from_millis(200);

/// Who wants to know how a call goes on. The second is told by dropping, so that nothing can keep it from being told.
pub(in crate::sim::openai) struct Watchers {
    /// Page and agent hear each other.
    pub(in crate::sim::openai) connected: Box<dyn Fn() + Send + Sync>,
    /// There is no connection any more, whoever ended it.
    pub(in crate::sim::openai) gone: Box<dyn Fn() + Send + Sync>,
}

impl Drop for Watchers {
    fn drop(&mut self) {
        (self.gone)();
    }
}

/// A call.
pub(super) struct Call {
    wire: Wire,
    agent: Agent,
    figures: Arc<Figures>,
    watchers: Watchers,
    began: Instant,
    audio: Option<Mid>,
    channel: Option<ChannelId>,
    is_connected: bool,
    /// Events for which the channel had no room yet.
    waiting: VecDeque<String>,
    packets: u64,
    voice: u64,
    next_packet: Instant,
}

impl Call {
    pub(super) fn new(wire: Wire, agent: Agent, figures: Arc<Figures>, watchers: Watchers) -> Self {
        let began = Instant::now();
        Self {
            wire,
            agent,
            figures,
            watchers,
            began,
            audio: None,
            channel: None,
            is_connected: false,
            waiting: VecDeque::new(),
            packets: 0,
            voice: 0,
            next_packet: began,
        }
    }

    /// Goes on until either end closes it or `hung_up` becomes true.
    pub(super) async fn run(mut self, mut hung_up: watch::Receiver<bool>) {
        loop {
            let due = if self.is_connected { self.next_packet } else { Instant::now() + LOOK };
            tokio::select! {
                () = told(&mut hung_up) => return self.say_goodbye().await,
                step = self.wire.next(due) => match step {
                    Step::Closed => return,
                    Step::Event(event) => self.take(*event),
                    Step::Due => self.go_on(),
                },
            }
            if self.is_connected && self.wire.silent_for() > GONE_AFTER {
                return;
            }
        }
    }

    async fn say_goodbye(mut self) {
        self.wire.close();
        let until = Instant::now() + GOODBYE;
        while !matches!(self.wire.next(until).await, Step::Closed | Step::Due) {}
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Connected => {
                self.is_connected = true;
                self.next_packet = Instant::now();
                (self.watchers.connected)();
            }
            Event::MediaAdded(media) if media.kind == MediaKind::Audio => self.audio = Some(media.mid),
            Event::MediaData(sound) => {
                self.figures.came(sound.data.len());
                self.agent.hear(self.began.elapsed());
            }
            Event::ChannelOpen(channel, label) if label == CHANNEL => {
                self.channel = Some(channel);
                self.agent.open();
            }
            Event::ChannelData(data) if Some(data.id) == self.channel => {
                let text = String::from_utf8_lossy(&data.data);
                self.figures.event(event_name(&text));
                self.agent.take(&text, self.began.elapsed());
                self.figures.updates(self.agent.updates());
            }
            Event::ChannelClose(channel) if Some(channel) == self.channel => self.channel = None,
            _ => {}
        }
        self.tell();
    }

    /// Sends the next packet of sound, and lets the agent do what is due.
    fn go_on(&mut self) {
        if !self.is_connected {
            return;
        }
        let now = Instant::now();
        let packet = Duration::from_millis(PACKET_MILLIS);
        self.next_packet = if now.duration_since(self.next_packet) > BEHIND { now } else { self.next_packet } + packet;
        self.agent.tick(self.began.elapsed());
        self.tell();
        let sound = if self.agent.speaks() {
            self.voice += 1;
            tone::voice(self.voice)
        } else {
            tone::silence()
        };
        let bytes = sound.len();
        if let Some(mid) = self.audio
            && self.wire.play(mid, self.packets, sound)
        {
            self.figures.went(bytes);
        }
        self.packets += 1;
    }

    /// Sends the events that are owed, as far as the channel takes them.
    fn tell(&mut self) {
        while let Some(event) = self.agent.next_event() {
            self.waiting.push_back(event.to_string());
        }
        let Some(channel) = self.channel else { return };
        while let Some(event) = self.waiting.front()
            && self.wire.say(channel, event)
        {
            self.waiting.pop_front();
        }
    }
}

/// Waits until somebody has hung up, or nobody could any more.
async fn told(hung_up: &mut watch::Receiver<bool>) {
    let _ = hung_up.wait_for(|hung_up| *hung_up).await;
}

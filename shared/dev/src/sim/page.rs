//! A page in a browser, as far as a realtime call goes: a microphone that is never quiet, a loudspeaker, and a channel for events.
//!
//! For tests that need a real peer and no browser. It lives only while it is waited for: one that nobody waits for is a stalled
//! tab. It makes an offer and takes an answer; how these come to the other end is not its business.

use std::time::Duration;

use serde_json::Value;
use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::channel::ChannelId;
use str0m::media::{Direction, MediaKind, Mid};
use str0m::{Event, RtcError};
use tokio::time::Instant;

use super::openai::peer::call::CHANNEL;
use super::openai::peer::tone::{self, PACKET_MILLIS};
use super::openai::peer::wire::{Role, Step, Wire, WireError};

/// A page.
pub struct Page {
    wire: Wire,
    offer: String,
    pending: Option<SdpPendingOffer>,
    microphone: Mid,
    channel: ChannelId,
    is_muted: bool,
    is_connected: bool,
    is_open: bool,
    is_closed: bool,
    sent: u64,
    heard: u64,
    voices_heard: u64,
    events: Vec<Value>,
    next_packet: Instant,
}

/// Why a page has no call.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// It has no socket or no certificate.
    #[error("a page cannot make a connection: {0}")]
    Wire(String),
    /// It has nothing to offer.
    #[error("a page has nothing to offer")]
    Offer,
    /// The answer is not one to its offer.
    #[error("a page cannot use the answer to its offer")]
    Answer(#[from] RtcError),
    /// The answer is no session description at all.
    #[error("what a page got is no session description: {0}")]
    NotAnAnswer(String),
}

impl From<WireError> for PageError {
    fn from(error: WireError) -> Self {
        Self::Wire(error.to_string())
    }
}

impl std::fmt::Debug for Page {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("Page");
        shown.field("is_connected", &self.is_connected).field("is_closed", &self.is_closed);
        shown.field("sent", &self.sent).field("heard", &self.heard).finish_non_exhaustive()
    }
}

impl Page {
    /// A page that is ready to call, with an offer of one microphone and the channel for events.
    ///
    /// # Errors
    ///
    /// The machine has no socket for it.
    pub fn open() -> Result<Self, PageError> {
        let mut wire = Wire::open(Role::Page)?;
        let mut changes = wire.rtc().sdp_api();
        let microphone = changes.add_media(MediaKind::Audio, Direction::SendRecv, None, None, None);
        let channel = changes.add_channel(CHANNEL.to_owned());
        let (offer, pending) = changes.apply().ok_or(PageError::Offer)?;
        Ok(Self {
            wire,
            offer: offer.to_sdp_string(),
            pending: Some(pending),
            microphone,
            channel,
            is_muted: false,
            is_connected: false,
            is_open: false,
            is_closed: false,
            sent: 0,
            heard: 0,
            voices_heard: 0,
            events: Vec::new(),
            next_packet: Instant::now(),
        })
    }

    /// Its session description, to be posted.
    #[must_use]
    pub fn offer(&self) -> &str {
        &self.offer
    }

    /// Takes the answer to its offer. It connects while it is waited for.
    ///
    /// # Errors
    ///
    /// It is none.
    pub fn take_answer(&mut self, answer: &str) -> Result<(), PageError> {
        let answer = SdpAnswer::from_sdp_string(answer).map_err(|error| PageError::NotAnAnswer(error.to_string()))?;
        let pending = self.pending.take().ok_or(PageError::Offer)?;
        Ok(self.wire.rtc().sdp_api().accept_answer(pending, answer)?)
    }

    /// Lives until `wanted` holds, or for so long; answers whether it holds.
    pub async fn wait(&mut self, patience: Duration, mut wanted: impl FnMut(&Self) -> bool + Send) -> bool {
        let until = Instant::now() + patience;
        while !wanted(self) {
            if self.is_closed || Instant::now() >= until {
                return false;
            }
            match self.wire.next(self.next_packet.min(until)).await {
                Step::Closed => self.is_closed = true,
                Step::Event(event) => self.take(*event),
                Step::Due => self.speak(),
            }
        }
        true
    }

    /// Lives until an event of this type has come, and gives the newest one.
    pub async fn event(&mut self, kind: &str, patience: Duration) -> Option<Value> {
        let of_kind = |page: &Self| page.events.iter().rfind(|event| event["type"] == kind).cloned();
        self.wait(patience, |page| of_kind(page).is_some()).await;
        of_kind(self)
    }

    /// Sends an event, and answers whether the channel is open and took it.
    pub fn send(&mut self, event: &Value) -> bool {
        self.wire.say(self.channel, &event.to_string())
    }

    /// Turns the microphone off or on.
    pub fn mute(&mut self, is_muted: bool) {
        self.is_muted = is_muted;
    }

    /// Hangs up and says so to the other end.
    pub async fn close(mut self) {
        self.wire.close();
        // On loopback a goodbye takes no time.
        self.wait(Duration::from_secs(1), |page| page.is_closed).await;
    }

    /// Whether both ends hear each other.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.is_connected
    }

    /// Whether its channel is open.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// Whether the connection is over.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// How many packets of sound have come, silence among them, and in how many of these somebody spoke.
    #[must_use]
    pub fn heard(&self) -> (u64, u64) {
        (self.heard, self.voices_heard)
    }

    /// Every event that has come, in its order.
    #[must_use]
    pub fn events(&self) -> &[Value] {
        &self.events
    }

    /// Forgets the events that have come.
    pub fn forget_events(&mut self) {
        self.events.clear();
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Connected => self.is_connected = true,
            Event::ChannelOpen(channel, _) if channel == self.channel => self.is_open = true,
            Event::ChannelClose(channel) if channel == self.channel => self.is_open = false,
            Event::ChannelData(data) => self.events.extend(serde_json::from_slice::<Value>(&data.data)),
            Event::MediaData(sound) => {
                self.heard += 1;
                self.voices_heard += u64::from(sound.data != tone::silence());
            }
            _ => {}
        }
    }

    fn speak(&mut self) {
        self.next_packet = Instant::now() + Duration::from_millis(PACKET_MILLIS);
        if self.is_connected && !self.is_muted && self.wire.play(self.microphone, self.sent, tone::voice(self.sent)) {
            self.sent += 1;
        }
    }
}

//! When somebody is taken to speak: sound has arrived for a while, and then it is taken to be over.
//!
//! A stand-in for the detection of speech. It hears that there is sound, not what it is like; a microphone that never stops
//! therefore speaks in turns, one after each answer.

use std::time::Duration;

use crate::sim::openai::new_id;
use crate::sim::openai::refusal::Refusal;

/// How long sound has to arrive until somebody is taken to speak, and to have spoken.
pub(super) const STARTS_AFTER: Duration = Duration::from_secs(1);
pub(super) const STOPS_AFTER: Duration = Duration::from_secs(2);

/// After this much silence whoever spoke is done, and who has not begun yet begins anew.
const PAUSE: Duration = Duration::from_millis(500);

/// How often somebody speaks. A microphone that is left alone would go on for ever.
const TURNS: usize = 3;

/// What was noticed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// Somebody has begun to speak.
    Started { item_id: String, at: Duration },
    /// Somebody has spoken, for so long.
    Stopped { item_id: String, lasted: Duration },
}

/// What has been heard.
#[derive(Debug, Default)]
pub(super) struct Hearing {
    /// When the sound began that has not been made a message of.
    since: Option<Duration>,
    /// When there was sound last.
    last: Duration,
    /// The message that will be made of what is being said.
    speaking: Option<String>,
    turns: usize,
    /// Whether sound came as an event, of which the length is unknown.
    appended: bool,
    /// All that was made messages of.
    total: Duration,
}

impl Hearing {
    pub(super) fn hear(&mut self, at: Duration) {
        self.since.get_or_insert(at);
        self.last = at;
    }

    pub(super) fn append(&mut self) {
        self.appended = true;
    }

    pub(super) fn clear(&mut self) {
        (self.since, self.speaking, self.appended) = (None, None, false);
    }

    /// How long messages have been spoken, all together.
    pub(super) fn heard(&self) -> Duration {
        self.total
    }

    /// What is noticed at this time.
    pub(super) fn tick(&mut self, at: Duration) -> Option<Heard> {
        let since = self.since?;
        let is_quiet = at.saturating_sub(self.last) > PAUSE;
        if let Some(item_id) = self.speaking.clone() {
            if !is_quiet && at.saturating_sub(since) < STOPS_AFTER {
                return None;
            }
            let lasted = self.last.saturating_sub(since);
            self.turns += 1;
            self.total += lasted;
            self.clear();
            return Some(Heard::Stopped { item_id, lasted });
        }
        if is_quiet {
            self.since = None;
            return None;
        }
        if at.saturating_sub(since) < STARTS_AFTER || self.turns >= TURNS {
            return None;
        }
        let item_id = new_id("item");
        self.speaking = Some(item_id.clone());
        Some(Heard::Started { item_id, at: since })
    }

    /// Makes a message of all there is, because the page says so.
    pub(super) fn commit(&mut self, at: Duration) -> Result<(String, Duration), Refusal> {
        let lasted = match (self.since, self.appended) {
            (Some(since), _) => at.saturating_sub(since),
            (None, true) => Duration::from_secs(1),
            (None, false) => {
                let message = "Error committing input audio buffer: buffer too small. Expected at least 100ms of audio, but \
                               buffer only has 0.00ms of audio.";
                return Err(Refusal::new(http::StatusCode::BAD_REQUEST, "input_audio_buffer_commit_empty", message));
            }
        };
        let item_id = self.speaking.clone().unwrap_or_else(|| new_id("item"));
        self.total += lasted;
        self.clear();
        Ok((item_id, lasted))
    }
}

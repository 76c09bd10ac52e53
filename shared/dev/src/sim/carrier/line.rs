//! One line: placed, ringing, answered, talking, ended, and what comes next and when.
//!
//! It is a record and its rules. Who placed it, and what they make of its progress, it does not know.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use switchboard_core::Timestamp;

use super::callee::Callee;
use crate::sim::provider::Provider;

/// How long after placing it rings, and how long after placing it is picked up.
pub(crate) const RINGS_AFTER: Duration = Duration::from_secs(2);
pub(crate) const PICKED_UP_AFTER: Duration = Duration::from_secs(5);

/// How long after the answer the first words have been said.
pub(crate) const SPOKEN_AFTER: Duration = Duration::from_secs(5);

/// How long people talk, and how long it takes to leave a message on a machine.
pub(crate) const TALK: Duration = Duration::from_secs(20);
pub(crate) const MESSAGE: Duration = Duration::from_secs(10);

/// How long a caller talks who was let in.
pub(crate) const CALL: Duration = Duration::from_secs(40);

/// The carrier's own limit, counted from the answer: four hours, as Twilio's default is.
pub(crate) const CAP: Duration = Duration::from_secs(4 * 60 * 60);

/// How a line ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Ending {
    /// The parties had said what they had to say.
    Finished,
    /// Somebody asked for it.
    Requested,
    /// Somebody asked for it before anybody answered, as a cancellation.
    Cancelled,
    /// A time limit was reached.
    LimitReached,
    /// The callee was busy.
    Busy,
    /// Nobody answered.
    NoAnswer,
}

/// What has just happened to a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// It was placed.
    Placed,
    /// It rings.
    Ringing,
    /// It was answered.
    Answered,
    /// The first words were said.
    Spoken,
    /// It ended.
    Ended,
}

/// A line.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Line {
    /// Counts up from 1 over all lines ever placed.
    pub(crate) seq: u64,
    /// Who placed it.
    pub(crate) provider: Provider,
    /// The id by which that provider's callers know it.
    pub(crate) external_id: String,
    /// The call's sid at Twilio, where Twilio carries it and has not been told to forget it.
    pub(crate) call_sid: Option<String>,
    pub(crate) to: String,
    pub(crate) from: String,
    pub(crate) callee: Callee,
    pub(crate) ring_limit_secs: u64,
    pub(crate) talk_limit_secs: u64,
    pub(crate) placed_at: Timestamp,
    pub(crate) ringing_at: Option<Timestamp>,
    pub(crate) answered_at: Option<Timestamp>,
    pub(crate) spoken_at: Option<Timestamp>,
    pub(crate) ended_at: Option<Timestamp>,
    pub(crate) ending: Option<Ending>,
    /// What the provider that placed it keeps with it.
    pub(crate) notes: Value,
}

impl fmt::Debug for Line {
    /// Without the numbers, which are people's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Line");
        shown.field("seq", &self.seq).field("provider", &self.provider).field("external_id", &self.external_id);
        shown.field("callee", &self.callee).field("ending", &self.ending).finish_non_exhaustive()
    }
}

#[derive(Clone, Copy)]
enum Step {
    Ring,
    Answer,
    Speak,
    End(Ending),
}

impl Line {
    pub(crate) fn is_up(&self) -> bool {
        self.ended_at.is_none()
    }

    /// How long it has been answered at `now`, or was when it ended.
    pub(crate) fn talked(&self, now: Timestamp) -> Duration {
        self.answered_at.map_or(Duration::ZERO, |answered| self.ended_at.unwrap_or(now).since(answered))
    }

    /// When something happens next.
    pub(super) fn due_at(&self) -> Option<Timestamp> {
        self.next().map(|(due, _)| due)
    }

    /// Does what is next, at its own time.
    pub(super) fn step(&mut self) -> Option<Progress> {
        let (at, step) = self.next()?;
        Some(match step {
            Step::Ring => {
                self.ringing_at = Some(at);
                Progress::Ringing
            }
            Step::Answer => {
                self.answered_at = Some(at);
                Progress::Answered
            }
            Step::Speak => {
                self.spoken_at = Some(at);
                Progress::Spoken
            }
            Step::End(ending) => {
                self.end(at, ending);
                Progress::Ended
            }
        })
    }

    pub(super) fn end(&mut self, at: Timestamp, ending: Ending) {
        self.ended_at = Some(at);
        self.ending = Some(ending);
    }

    fn next(&self) -> Option<(Timestamp, Step)> {
        if self.ended_at.is_some() {
            return None;
        }
        if let Some(answered) = self.answered_at {
            return self.next_of_talk(answered);
        }
        if self.callee.is_let_in() {
            return Some((self.placed_at.plus(Duration::from_secs(self.ring_limit_secs)), Step::End(Ending::NoAnswer)));
        }
        let picked_up = self.placed_at.plus(PICKED_UP_AFTER);
        if self.callee == Callee::Busy {
            return Some((picked_up, Step::End(Ending::Busy)));
        }
        let Some(ringing) = self.ringing_at else { return Some((self.placed_at.plus(RINGS_AFTER), Step::Ring)) };
        let given_up = ringing.plus(Duration::from_secs(self.ring_limit_secs));
        let too_late = given_up < picked_up && self.callee != Callee::Ignores;
        if self.callee == Callee::NoAnswer || too_late {
            return Some((given_up, Step::End(Ending::NoAnswer)));
        }
        Some((picked_up, Step::Answer))
    }

    fn next_of_talk(&self, answered: Timestamp) -> Option<(Timestamp, Step)> {
        let spoken = self.spoken_at.is_none().then(|| (answered.plus(SPOKEN_AFTER), Step::Speak));
        let said = match self.callee {
            Callee::Stays | Callee::Ignores | Callee::Busy | Callee::NoAnswer | Callee::Page => None,
            Callee::Talks | Callee::Unreported | Callee::ReplyLost => Some(TALK),
            Callee::Voicemail => Some(MESSAGE),
            Callee::Caller => Some(CALL),
        };
        let finished = said.map(|talk| (answered.plus(talk), Step::End(Ending::Finished)));
        let limit = CAP.min(Duration::from_secs(self.talk_limit_secs));
        let limited = (self.callee != Callee::Ignores).then(|| (answered.plus(limit), Step::End(Ending::LimitReached)));
        [spoken, finished, limited].into_iter().flatten().min_by_key(|(due, _)| *due)
    }
}

//! Calls as Twilio is asked for them and changed, by forms in PascalCase.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::account::owns;
use super::refusal::Refusal;
use crate::random::uuid;
use crate::sim::carrier::callee::Callee;
use crate::sim::carrier::line::{CAP, Line};
use crate::sim::provider::Provider;
use crate::sim::query::Parameters;

/// How long a number rings where nobody says, and at most, in seconds.
const RINGS_SECS: u64 = 60;
const RINGS_MOST_SECS: u64 = 600;

/// What Twilio keeps with a call.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Notes {
    pub(super) status_callback: Option<String>,
    /// The names of the events that it is told of.
    pub(super) events: Vec<String>,
    pub(super) recording: Option<RecordingNotes>,
    /// Whether it is found out who answers.
    pub(super) detects_machines: bool,
}

/// What Twilio keeps with a recording.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RecordingNotes {
    pub(super) sid: String,
    pub(super) channels: u8,
    pub(super) callback: Option<String>,
    pub(super) events: Vec<String>,
}

impl Notes {
    /// The notes of a line. One that another provider placed over the account has none of Twilio's.
    pub(super) fn of(line: &Line) -> Self {
        if line.provider != Provider::Twilio {
            return Self::default();
        }
        serde_json::from_value(line.notes.clone()).unwrap_or_default()
    }
}

/// A call that can be placed.
#[derive(Debug)]
pub(super) struct Wish {
    pub(super) to: String,
    pub(super) from: String,
    pub(super) callee: Callee,
    pub(super) ring_limit: Duration,
    pub(super) talk_limit: Duration,
    pub(super) notes: Notes,
}

impl Wish {
    pub(super) fn read(form: &Parameters) -> Result<Self, Refusal> {
        let to = form.get("To").ok_or_else(|| Refusal::invalid(21201, "No 'To' number is specified"))?;
        let from = form.get("From").ok_or_else(|| Refusal::invalid(21213, "No 'From' number is specified"))?;
        let callee = Callee::at(to)
            .ok_or_else(|| Refusal::Invalid(21211, format!("The 'To' number {to} is not a valid phone number.")))?;
        if !owns(from) {
            let message = format!(
                "The source phone number provided, {from}, is not yet verified for your account. You may only make \
                 calls from phone numbers that you've verified or purchased from Twilio."
            );
            return Err(Refusal::Invalid(21210, message));
        }
        if ["Url", "Twiml", "ApplicationSid"].iter().all(|name| form.get(name).is_none()) {
            return Err(Refusal::invalid(21205, "Url parameter is required."));
        }
        Ok(Self {
            to: to.to_owned(),
            from: from.to_owned(),
            callee,
            ring_limit: Duration::from_secs(seconds(form, "Timeout")?.unwrap_or(RINGS_SECS).min(RINGS_MOST_SECS)),
            talk_limit: seconds(form, "TimeLimit")?.map_or(CAP, Duration::from_secs).min(CAP),
            notes: Notes {
                status_callback: form.get("StatusCallback").map(str::to_owned),
                events: events(form, "StatusCallbackEvent"),
                recording: recording(form),
                detects_machines: form.get("MachineDetection").is_some(),
            },
        })
    }
}

fn recording(form: &Parameters) -> Option<RecordingNotes> {
    let wanted = form.get("Record").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    wanted.then(|| RecordingNotes {
        sid: format!("RE{}", uuid().simple()),
        channels: if form.get("RecordingChannels") == Some("dual") { 2 } else { 1 },
        callback: form.get("RecordingStatusCallback").map(str::to_owned),
        events: events(form, "RecordingStatusCallbackEvent"),
    })
}

/// The values of a repeated name; `completed` where there is none. One value may hold several, too, with spaces between.
fn events(form: &Parameters, name: &str) -> Vec<String> {
    let given: Vec<String> = form.all(name).flat_map(str::split_whitespace).map(str::to_owned).collect();
    if given.is_empty() { vec!["completed".to_owned()] } else { given }
}

/// What a call that exists is asked to change.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) status: Option<Wanted>,
    /// Whether the call is to follow other instructions, which only a call in progress can.
    pub(super) redirects: bool,
    status_callback: Option<String>,
    talk_limit_secs: Option<u64>,
}

/// The state that a call is asked to go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Completed,
    Cancelled,
}

impl Change {
    pub(super) fn read(form: &Parameters) -> Result<Self, Refusal> {
        let status = match form.get("Status") {
            None => None,
            Some("completed") => Some(Wanted::Completed),
            Some("canceled") => Some(Wanted::Cancelled),
            Some(other) => {
                return Err(Refusal::Invalid(21218, format!("Invalid status {other}: must be completed or canceled")));
            }
        };
        Ok(Self {
            status,
            redirects: form.get("Url").is_some() || form.get("Twiml").is_some(),
            status_callback: form.get("StatusCallback").map(str::to_owned),
            talk_limit_secs: seconds(form, "TimeLimit")?,
        })
    }

    /// Changes what is kept with the line; ending it is another matter.
    pub(super) fn apply(self, line: &mut Line) {
        if let Some(secs) = self.talk_limit_secs {
            line.talk_limit_secs = secs;
        }
        if self.status_callback.is_some() && line.provider == Provider::Twilio {
            let notes = Notes { status_callback: self.status_callback, ..Notes::of(line) };
            line.notes = serde_json::to_value(notes).unwrap_or_default();
        }
    }
}

fn seconds(form: &Parameters, name: &str) -> Result<Option<u64>, Refusal> {
    let read = form.get(name).map(str::parse).transpose();
    read.map_err(|_| Refusal::Invalid(20001, format!("{name} must be a number of seconds")))
}

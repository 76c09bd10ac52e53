//! The callbacks of the simulated Twilio: forms about the status of calls and recordings. They are always posted.

use std::sync::Arc;

use super::call::{answered_by, duration_secs, status};
use super::orders::{Notes, RecordingNotes};
use super::recordings::{PROCESSED_AFTER, Recording};
use super::resource::VERSION;
use crate::ledger::LedgerError;
use crate::sim::address::Address;
use crate::sim::calendar::rfc2822;
use crate::sim::carrier::line::{Ending, Line, Progress};
use crate::sim::deliveries::{Deliveries, Message, Sender};

/// Turns the progress of calls into callbacks.
#[derive(Debug)]
pub(crate) struct Reporter {
    deliveries: Arc<Deliveries>,
    pub(super) account_sid: String,
    /// Where the simulator listens, which recordings are served from.
    pub(super) own: Address,
}

type Form = Vec<(&'static str, String)>;

impl Reporter {
    pub(crate) fn new(deliveries: Arc<Deliveries>, account_sid: String) -> Self {
        Self { deliveries, account_sid, own: Address::default() }
    }

    /// Owes the callbacks that a call's progress gives rise to.
    pub(crate) fn report(&self, line: &Line, progress: Progress) -> Result<(), LedgerError> {
        if line.callee.goes_unreported() {
            return Ok(());
        }
        let notes = Notes::of(line);
        let of_call = self.of_call(line, &notes, progress);
        let of_recording = notes.recording.as_ref().and_then(|recording| self.of_recording(line, recording, progress));
        self.deliveries.owe(of_call.into_iter().chain(of_recording))
    }

    fn of_call(&self, line: &Line, notes: &Notes, progress: Progress) -> Option<Message> {
        let event = match progress {
            Progress::Placed => "initiated",
            Progress::Ringing => "ringing",
            Progress::Answered => "answered",
            Progress::Ended => "completed",
            Progress::Spoken => return None,
        };
        let is_wanted = |event: &str| notes.events.iter().any(|wanted| wanted == event);
        let url = notes.status_callback.as_deref().filter(|_| is_wanted(event))?;
        // How many of those that are wanted came before.
        let before = [
            ("initiated", progress != Progress::Placed),
            ("ringing", line.ringing_at.is_some() && progress != Progress::Ringing),
            ("answered", line.answered_at.is_some() && progress != Progress::Answered),
        ];
        let sequence = before.iter().filter(|(event, happened)| *happened && is_wanted(event)).count();
        let at = match progress {
            Progress::Ringing => line.ringing_at,
            Progress::Answered => line.answered_at,
            Progress::Ended => line.ended_at,
            Progress::Placed | Progress::Spoken => None,
        };
        let call_status = if progress == Progress::Placed { "initiated" } else { status(line) };
        let mut form = self.about_call(line, call_status);
        form.push(("Timestamp", rfc2822(at.unwrap_or(line.placed_at))));
        form.push(("CallbackSource", "call-progress-events".to_owned()));
        form.push(("SequenceNumber", sequence.to_string()));
        if let Some(who) = answered_by(line, notes) {
            form.push(("AnsweredBy", who.to_owned()));
        }
        if progress == Progress::Ended {
            self.add_ending(&mut form, line);
        }
        Some(Message::new(Sender::Twilio, url, encoded(&form)))
    }

    fn about_call(&self, line: &Line, call_status: &str) -> Form {
        let (to, from) = (line.to.clone(), line.from.clone());
        vec![
            ("CallSid", line.call_sid.clone().unwrap_or_default()),
            ("AccountSid", self.account_sid.clone()),
            ("From", from.clone()),
            ("To", to.clone()),
            ("Caller", from),
            ("Called", to),
            ("CallStatus", call_status.to_owned()),
            ("ApiVersion", VERSION.to_owned()),
            ("Direction", "outbound-api".to_owned()),
            ("FromCountry", "US".to_owned()),
            ("FromState", String::new()),
            ("FromCity", String::new()),
            ("FromZip", String::new()),
            ("ToState", String::new()),
            ("ToCity", String::new()),
            ("ToZip", String::new()),
        ]
    }

    /// `CallDuration` is in seconds, `Duration` in billed minutes.
    fn add_ending(&self, form: &mut Form, line: &Line) {
        let secs = duration_secs(line).unwrap_or_default();
        form.push(("CallDuration", secs.to_string()));
        form.push(("Duration", secs.div_ceil(60).to_string()));
        let sip = match line.ending {
            Some(Ending::Busy) => "486",
            Some(Ending::NoAnswer | Ending::Cancelled) => "487",
            Some(Ending::Finished | Ending::Requested | Ending::LimitReached) | None => "200",
        };
        form.push(("SipResponseCode", sip.to_owned()));
        if let Some(recording) = Recording::of(line) {
            form.push(("RecordingUrl", self.own.below(&recording.media_path(&self.account_sid))));
            form.push(("RecordingSid", recording.notes.sid));
            form.push(("RecordingDuration", secs.to_string()));
        }
    }

    fn of_recording(&self, line: &Line, notes: &RecordingNotes, progress: Progress) -> Option<Message> {
        let recording = Recording::of(line);
        let event = match (progress, &recording) {
            (Progress::Answered, Some(_)) => "in-progress",
            (Progress::Ended, Some(_)) => "completed",
            (Progress::Ended, None) => "absent",
            _ => return None,
        };
        let url = notes.callback.as_deref().filter(|_| notes.events.iter().any(|wanted| wanted == event))?;
        let mut form: Form = vec![
            ("AccountSid", self.account_sid.clone()),
            ("CallSid", line.call_sid.clone().unwrap_or_default()),
            ("RecordingSid", notes.sid.clone()),
            ("RecordingStatus", event.to_owned()),
            ("RecordingChannels", notes.channels.to_string()),
            ("RecordingSource", "OutboundAPI".to_owned()),
            ("ErrorCode", "0".to_owned()),
        ];
        if let Some(recording) = recording {
            form.push(("RecordingUrl", self.own.below(&recording.media_path(&self.account_sid))));
            form.push(("RecordingStartTime", rfc2822(recording.begun_at())));
            if event == "completed" {
                form.push(("RecordingDuration", duration_secs(line).unwrap_or_default().to_string()));
            }
        }
        let after = if event == "completed" { PROCESSED_AFTER } else { std::time::Duration::ZERO };
        Some(Message { after, ..Message::new(Sender::Twilio, url, encoded(&form)) })
    }
}

fn encoded(form: &Form) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish()
}

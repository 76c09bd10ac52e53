//! Recordings of calls that were placed with `Record=true`.

use std::time::Duration;

use serde_json::{Value, json};
use switchboard_core::Timestamp;

use super::orders::{Notes, RecordingNotes};
use super::resource::{API, VERSION};
use crate::sim::calendar::rfc2822;
use crate::sim::carrier::line::Line;

/// How long after the end of a call its recording is ready.
pub(super) const PROCESSED_AFTER: Duration = Duration::from_secs(5);

/// The recording of a call that was answered.
#[derive(Debug)]
pub(super) struct Recording {
    pub(super) notes: RecordingNotes,
    pub(super) call_sid: String,
    begun_at: Timestamp,
    ended_at: Option<Timestamp>,
}

impl Recording {
    pub(super) fn of(line: &Line) -> Option<Self> {
        let notes = Notes::of(line).recording?;
        let call_sid = line.call_sid.clone()?;
        Some(Self { notes, call_sid, begun_at: line.answered_at?, ended_at: line.ended_at })
    }

    pub(super) fn begun_at(&self) -> Timestamp {
        self.begun_at
    }

    pub(super) fn lasted(&self, now: Timestamp) -> Duration {
        self.ended_at.unwrap_or(now).since(self.begun_at)
    }

    pub(super) fn status(&self, now: Timestamp) -> &'static str {
        match self.ended_at {
            None => "in-progress",
            Some(ended) if now < ended.plus(PROCESSED_AFTER) => "processing",
            Some(_) => "completed",
        }
    }

    /// Where the sound is, without a suffix.
    pub(super) fn media_path(&self, account_sid: &str) -> String {
        format!("{API}/{account_sid}/Recordings/{}", self.notes.sid)
    }

    /// The recording's resource.
    pub(super) fn shown(&self, account_sid: &str, base: &str, now: Timestamp) -> Value {
        let status = self.status(now);
        let duration = if status == "completed" { self.lasted(now).as_secs().to_string() } else { "-1".to_owned() };
        let path = self.media_path(account_sid);
        json!({
            "sid": self.notes.sid, "account_sid": account_sid, "call_sid": self.call_sid, "conference_sid": null,
            "status": status, "duration": duration, "channels": self.notes.channels, "source": "OutboundAPI",
            "start_time": rfc2822(self.begun_at), "date_created": rfc2822(self.begun_at),
            "date_updated": rfc2822(self.ended_at.unwrap_or(self.begun_at)), "price": null, "price_unit": "USD",
            "error_code": null, "encryption_details": null, "api_version": VERSION, "uri": format!("{path}.json"),
            "media_url": format!("{base}{path}"), "subresource_uris": {},
        })
    }
}

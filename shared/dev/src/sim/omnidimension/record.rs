//! A finished call as OmniDimension's log and its webhook show it. While a call lasts there is no record of it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use switchboard_core::Timestamp;

use crate::sim::address::Address;
use crate::sim::calendar;
use crate::sim::carrier::line::{Ending, Line};
use crate::sim::dialogue::{self, Language, Speaker, UTTERANCE_SECS, Utterance};

/// What the first call's request, and the first call's record, are counted from. Neither can be told from the other.
pub(super) const FIRST_REQUEST: u64 = 3_166_940;
pub(super) const FIRST_RECORD: u64 = 50_958;

/// What a call costs a minute, in dollars.
const MINUTE_COSTS: f64 = 0.08;

/// What OmniDimension keeps with a call.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Notes {
    pub(super) agent_id: u64,
    pub(super) agent_name: String,
    pub(super) call_sid: String,
    pub(super) context: Map<String, Value>,
    pub(super) arabic: bool,
}

/// How a call ended, in the two spellings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Completed,
    Voicemail,
    Busy,
    NoAnswer,
    Cancelled,
}

impl Status {
    /// In the log, which knows no voicemail and no cancellation.
    pub(super) fn in_log(self) -> &'static str {
        match self {
            Self::Completed | Self::Voicemail => "completed",
            Self::Busy => "busy",
            Self::NoAnswer => "no-answer",
            Self::Cancelled => "failed",
        }
    }

    /// In the webhook and its triggers.
    pub(super) fn in_webhook(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Voicemail => "voicemail_detected",
            Self::Busy => "busy",
            Self::NoAnswer => "no_answer",
            Self::Cancelled => "cancelled",
        }
    }
}

/// A finished call.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) id: u64,
    pub(super) notes: Notes,
    pub(super) status: Status,
    line: Line,
    ended_at: Timestamp,
    secs: u64,
}

impl Record {
    /// The record of a line; `None` while it lasts, or where the line is not OmniDimension's.
    pub(super) fn of(line: &Line) -> Option<Self> {
        let (ended_at, ending) = (line.ended_at?, line.ending?);
        let notes: Notes = serde_json::from_value(line.notes.clone()).ok()?;
        let status = match ending {
            Ending::Busy => Status::Busy,
            Ending::NoAnswer => Status::NoAnswer,
            Ending::Finished | Ending::Requested | Ending::Cancelled | Ending::LimitReached
                if line.answered_at.is_none() =>
            {
                Status::Cancelled
            }
            _ if line.callee.is_machine() => Status::Voicemail,
            Ending::Finished | Ending::Requested | Ending::Cancelled | Ending::LimitReached => Status::Completed,
        };
        Some(Self {
            id: FIRST_RECORD + line.seq,
            secs: line.talked(ended_at).as_secs(),
            line: line.clone(),
            notes,
            status,
            ended_at,
        })
    }

    pub(super) fn secs(&self) -> u64 {
        self.secs
    }

    fn request_id(&self) -> u64 {
        FIRST_REQUEST + self.line.seq
    }

    /// `false` where nobody answered.
    fn recording(&self, own: &Address) -> Value {
        if self.line.answered_at.is_none() {
            return Value::Bool(false);
        }
        json!(own.below(&format!("/recordings/{}.mp3", self.id)))
    }

    fn said(&self) -> Vec<Utterance> {
        let language = if self.notes.arabic { Language::Arabic } else { Language::English };
        dialogue::heard(&self.line, language, &self.notes.context, self.ended_at)
    }

    fn is_voicemail(&self) -> bool {
        self.status == Status::Voicemail
    }

    /// Each line as `user: …` or `LLM: …`.
    fn spoken(&self) -> Vec<String> {
        let line = |utterance: &Utterance| {
            let who = if utterance.speaker == Speaker::User { "user" } else { "LLM" };
            format!("{who}: {}", utterance.text)
        };
        self.said().iter().map(line).collect()
    }

    /// What the user said, each with the agent's answer. The greeting answers nobody.
    fn interactions(&self, time_key: &str) -> Vec<Value> {
        let mut interactions: Vec<Value> = Vec::new();
        let mut query = String::new();
        for utterance in &self.said() {
            if utterance.speaker == Speaker::User {
                query.clone_from(&utterance.text);
                continue;
            }
            let said_at = self.line.answered_at.unwrap_or(self.ended_at);
            let said_at = said_at.plus(std::time::Duration::from_secs(utterance.at_secs + UTTERANCE_SECS));
            let mut interaction = Map::new();
            interaction.insert("sequence".into(), json!(interactions.len() + 1));
            interaction.insert("user_query".into(), json!(std::mem::take(&mut query)));
            interaction.insert("bot_response".into(), json!(utterance.text));
            interaction.insert(time_key.into(), json!(calendar::year_first(said_at)));
            interactions.push(Value::Object(interaction));
        }
        interactions
    }

    fn summary(&self) -> String {
        match self.status {
            Status::Voicemail => "The call was answered by a machine.".to_owned(),
            Status::Completed if self.said().len() > 3 => "The customer agreed to what was proposed.".to_owned(),
            Status::Completed => "The call was short.".to_owned(),
            Status::Busy | Status::NoAnswer | Status::Cancelled => String::new(),
        }
    }

    fn sentiment(&self) -> &'static str {
        if self.said().len() > 3 { "Positive" } else { "Neutral" }
    }

    /// An element of `call_log_data`.
    pub(super) fn logged(&self, own: &Address) -> Value {
        let recording = self.recording(own);
        let available = if recording.is_string() { calendar::year_first(self.ended_at) } else { String::new() };
        let minutes = f64::from(u32::try_from(self.secs).unwrap_or(u32::MAX)) / 60.0;
        json!({
            "id": self.id, "bot_name": self.notes.agent_name,
            "time_of_call": calendar::month_first(self.line.placed_at),
            "from_number": self.line.from, "to_number": self.line.to, "call_direction": "outbound",
            "call_status": self.status.in_log(),
            "call_duration": format!("{}:{}", self.secs / 60, self.secs % 60),
            "call_duration_in_seconds": self.secs, "recording_url": recording, "internal_recording_url": recording,
            "recording_available_at": available, "channel_type": "Voice",
            "sentiment_score": self.sentiment(), "sentiment_analysis_details": false,
            "call_conversation": self.spoken().join("<br/>"),
            "extracted_variables": {"interaction_count_total": self.said().len() / 2},
            "interactions": self.interactions("time_of_call"),
            "hangup_source": null, "hangup_reason": null, "is_voicemail": self.is_voicemail(),
            "amd_status": false, "amd_answered_by": false, "call_cost": minutes * MINUTE_COSTS,
            "aggregated_estimated_cost": minutes * MINUTE_COSTS,
            "call_request_id": {"id": self.request_id(), "type_of_request": "api"},
            "post_call_actions": {"call_recording_webhook_ids": []},
        })
    }

    /// The body of the post-call webhook. It carries nothing of the call's context.
    pub(super) fn posted(&self, own: &Address) -> Value {
        let recording = self.recording(own);
        let available = if recording.is_string() { json!(calendar::year_first(self.ended_at)) } else { Value::Null };
        json!({
            "call_id": self.id, "call_sid": self.notes.call_sid, "bot_id": self.notes.agent_id,
            "bot_name": self.notes.agent_name, "phone_number": self.line.to, "call_direction": "outbound",
            "to_number": self.line.to, "call_request_id": self.request_id(), "from_number": self.line.from,
            "call_date": calendar::year_first(self.line.placed_at),
            "start_time": calendar::year_first(self.line.answered_at.unwrap_or(self.line.placed_at)),
            "end_time": calendar::year_first(self.ended_at), "call_duration": self.secs,
            "user_email": "demo@example.com", "call_status": self.status.in_webhook(), "hangup_source": false,
            "recording_url": recording, "recording_available_at": available,
            "low_interaction": self.said().len() <= 2,
            "call_report": {
                "summary": self.summary(), "sentiment": self.sentiment(), "extracted_variables": {},
                "full_conversation": self.spoken().iter().map(|line| format!(" \n {line}")).collect::<String>(),
                "interactions": self.interactions("time"),
            },
        })
    }
}

//! A conversation as Hamsa sees it, on the phone or in a browser, and the shapes in which its endpoints show it.

use serde_json::{Map, Value, json};
use switchboard_core::Timestamp;

use super::agents::PROJECT_ID;
use super::orders::Notes;
use super::web::WebConversation;
use crate::sim::address::Address;
use crate::sim::carrier::line::{Ending, Line};
use crate::sim::dialogue::{self, Language, Speaker, Utterance};

/// What a minute costs, in ten-thousandths of a dollar. Made up: Hamsa publishes no tariff.
const MINUTE_COSTS: u64 = 700;

/// Where a conversation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Pending,
    InProgress,
    Completed,
    NoAnswer,
    Failed,
    Terminated,
}

impl Status {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::InProgress => "IN_PROGRESS",
            Self::Completed => "COMPLETED",
            Self::NoAnswer => "NO_ANSWER",
            Self::Failed => "FAILED",
            Self::Terminated => "TERMINATED",
        }
    }

    pub(super) fn is_final(self) -> bool {
        !matches!(self, Self::Pending | Self::InProgress)
    }
}

/// One conversation.
#[derive(Debug)]
pub(super) struct Conversation {
    pub(super) id: String,
    pub(super) notes: Notes,
    pub(super) status: Status,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) talked_secs: u64,
    /// The line, where there is one, and the time at which it is looked at.
    phone: Option<(Line, Timestamp)>,
}

impl Conversation {
    /// Of a line that Hamsa placed; `None` where its notes are not Hamsa's.
    pub(super) fn on_phone(line: &Line, now: Timestamp) -> Option<Self> {
        let notes: Notes = serde_json::from_value(line.notes.clone()).ok()?;
        let status = match (line.ending, line.answered_at) {
            (None, None) => Status::Pending,
            (None, Some(_)) => Status::InProgress,
            (Some(Ending::Finished | Ending::LimitReached), Some(_)) => Status::Completed,
            (Some(Ending::Finished | Ending::LimitReached), None) => Status::Failed,
            (Some(Ending::Requested | Ending::Cancelled), _) => Status::Terminated,
            (Some(Ending::Busy), _) => Status::Failed,
            (Some(Ending::NoAnswer), _) => Status::NoAnswer,
        };
        Some(Self {
            id: line.external_id.clone(),
            status,
            created_at: line.placed_at,
            updated_at: line.ended_at.or(line.answered_at).unwrap_or(line.placed_at),
            talked_secs: line.talked(now).as_secs(),
            phone: Some((line.clone(), now)),
            notes,
        })
    }

    /// Of a browser. Nobody speaks in it: the audio goes over a server that is not simulated.
    pub(super) fn in_browser(web: WebConversation, now: Timestamp) -> Self {
        let status = match (web.started_at, web.ended_at) {
            (_, Some(_)) => Status::Terminated,
            (Some(_), None) => Status::InProgress,
            (None, None) => Status::Pending,
        };
        let talked = web.started_at.map(|started| web.ended_at.unwrap_or(now).since(started));
        Self {
            id: web.id,
            status,
            created_at: web.created_at,
            updated_at: web.ended_at.or(web.started_at).unwrap_or(web.created_at),
            talked_secs: talked.unwrap_or_default().as_secs(),
            phone: None,
            notes: web.notes,
        }
    }

    /// What has been said.
    pub(super) fn said(&self) -> Vec<Utterance> {
        let said = |(line, now): &(Line, Timestamp)| dialogue::heard(line, self.language(), &self.notes.params, *now);
        self.phone.as_ref().map(said).unwrap_or_default()
    }

    fn was_answered(&self) -> bool {
        self.phone.as_ref().is_some_and(|(line, _)| line.answered_at.is_some())
    }

    fn language(&self) -> Language {
        let of_call = self.notes.params.get("language").or_else(|| self.notes.agent_details.get("lang"));
        match (of_call.and_then(Value::as_str), self.notes.agent()) {
            (Some(tag), _) => Language::tagged(tag),
            (None, Some(agent)) => agent.language(),
            (None, None) => Language::English,
        }
    }

    fn channel(&self) -> &'static str {
        if self.phone.is_some() { "Telephone" } else { "Web" }
    }

    /// `[{"Agent":"…"},{"User":"…"}]`.
    pub(super) fn transcription(&self) -> Value {
        let turn = |utterance: &Utterance| match utterance.speaker {
            Speaker::Agent => json!({"Agent": utterance.text}),
            Speaker::User => json!({"User": utterance.text}),
        };
        self.said().iter().map(turn).collect()
    }

    /// Every parameter of the call, flat, and beside them what was extracted.
    pub(super) fn outcome(&self) -> Value {
        let mut outcome = self.notes.params.clone();
        if self.was_answered() {
            outcome.insert("callOutcome".into(), json!(if self.said().len() > 3 { "agreed" } else { "unfinished" }));
        }
        Value::Object(outcome)
    }

    /// Where the recording is, once there is one.
    pub(super) fn media_url(&self, own: &Address) -> Option<String> {
        let recorded = self.status.is_final() && self.was_answered();
        recorded.then(|| own.below(&format!("/media/conversations/{}.wav", self.id)))
    }

    fn title(&self) -> String {
        format!("Conversation {}", self.created_at)
    }

    fn agent_name(&self) -> Value {
        let inline = self.notes.agent_details.get("agentName").cloned();
        self.notes.agent().map(|agent| json!(agent.name)).or(inline).unwrap_or_default()
    }

    fn call_params(&self) -> Value {
        let numbers = |(line, _): &(Line, Timestamp)| json!({"userNumber": line.to, "machineNumber": line.from});
        self.phone.as_ref().map_or(Value::Null, numbers)
    }

    /// The fields that the detail and a fresh call have in common. `jobResponse` is `null` until there is one.
    pub(super) fn job(&self, own: &Address) -> Map<String, Value> {
        let answered = self.status.is_final() && self.was_answered();
        let response = answered
            .then(|| json!({"transcription": self.transcription(), "outcomeResult": self.outcome(), "summary": null}));
        let job = json!({
            "id": self.id, "title": self.title(), "model": "gpt-4.1-mini", "type": "VOICE_AGENTS",
            "status": self.status.as_str(), "voiceAgentId": self.notes.voice_agent_id, "projectId": PROJECT_ID,
            "agentDetails": self.notes.agent_details, "jobResponse": response, "mediaUrl": self.media_url(own),
            "createdAt": self.created_at, "updatedAt": self.updated_at,
        });
        if let Value::Object(fields) = job { fields } else { Map::new() }
    }

    /// `GET /v1/voice-agents/conversation/{id}`.
    pub(super) fn detail(&self, own: &Address) -> Value {
        let mut fields = self.job(own);
        let more = json!({
            "callParams": self.call_params(), "channelType": self.channel(),
            "callDuration": self.status.is_final().then_some(self.talked_secs),
            "callAnalysis": null, "logs": [], "performanceMetrics": null,
        });
        if let Value::Object(more) = more {
            fields.extend(more);
        }
        Value::Object(fields)
    }

    /// `GET /v1/jobs?jobId=`. `toScript` and `fromScript` belong to other kinds of jobs and are empty.
    pub(super) fn job_detail(&self, own: &Address) -> Value {
        let mut fields = self.job(own);
        let more =
            json!({"fromScript": null, "toScript": null, "totalCost": self.cost(), "usageTime": self.talked_secs});
        if let Value::Object(more) = more {
            fields.extend(more);
        }
        Value::Object(fields)
    }

    /// An item of `/v1/jobs/all` and `/v2/jobs`.
    pub(super) fn job_item(&self, own: &Address) -> Value {
        json!({
            "id": self.id, "title": self.title(), "type": "VOICE_AGENTS", "url": self.media_url(own),
            "status": self.status.as_str(), "cost": self.cost(),
            "attributes": {"channelType": self.channel(), "callParams": self.call_params(),
                "voiceAgentId": self.notes.voice_agent_id},
            "callDuration": self.talked_secs, "createdAt": self.created_at, "updatedAt": self.updated_at,
        })
    }

    /// An item of `/v1/voice-agents/conversations/minimal-list`.
    pub(super) fn minimal(&self) -> Value {
        json!({
            "id": self.id, "createdAt": self.created_at, "status": self.status.as_str(),
            "voiceAgentId": self.notes.voice_agent_id, "agentName": self.agent_name(), "duration": self.talked_secs,
            "channelType": self.channel(), "callParams": self.call_params(),
        })
    }

    /// What a webhook says about an event of this conversation.
    pub(super) fn event(&self, kind: &str, data: &Value, at: Timestamp) -> Value {
        json!({
            "eventType": kind, "callId": self.notes.call_id, "timestamp": at, "projectId": PROJECT_ID,
            "agentId": self.notes.voice_agent_id, "agentName": self.agent_name(), "data": data,
        })
    }

    /// In dollars; begun minutes count, unanswered ones do not. `null` while it lasts.
    pub(super) fn cost(&self) -> Value {
        if !self.status.is_final() {
            return Value::Null;
        }
        let units = self.talked_secs.div_ceil(60) * MINUTE_COSTS;
        json!(format!("{}.{:04}", units / 10_000, units % 10_000))
    }
}

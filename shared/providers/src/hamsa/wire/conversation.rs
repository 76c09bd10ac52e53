//! Hamsa's record of one conversation, in our words; its rows in the list of conversations, too.
//!
//! Follows `GET /v1/voice-agents/conversation/{id}` and `…/conversations/minimal-list` of docs.tryhamsa.com, read 2026-11.

use serde_json::{Map, Value};
use switchboard_core::{
    Artifact, EndClaim, EndReason, LegId, Observation, Personal, Progress, Role, Source, SpokenTurn, Timestamp,
    Transcript,
};

use super::{CALL_PARAM, LEG_PARAM, time};
use crate::ExternalId;
use crate::lenient::{Field, canonical};

/// The kind of name under which Hamsa knows a call. A conversation's id is its job's.
pub(in crate::hamsa) const JOB_ID: &str = "jobId";

/// What a status means: still going on, over, or a word that is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::hamsa) enum Status {
    Alive(Progress),
    Over(EndReason),
    Unknown,
}

impl Status {
    /// The documented words. There is none for ringing.
    pub(in crate::hamsa) fn of(word: &str) -> Self {
        match word {
            "PENDING" => Self::Alive(Progress::Dialing),
            "IN_PROGRESS" => Self::Alive(Progress::InProgress),
            "COMPLETED" => Self::Over(EndReason::Completed),
            "NO_ANSWER" => Self::Over(EndReason::NoAnswer),
            // Hamsa does not say whether it or the carrier failed.
            "FAILED" => Self::Over(EndReason::ProviderError),
            "FORWARDED" => Self::Over(EndReason::Transferred),
            // What the request to terminate leaves behind, by whomever it was made.
            "TERMINATED" => Self::Over(EndReason::EndedByRequest),
            _ => Self::Unknown,
        }
    }
}

/// What a record says of its call.
pub(in crate::hamsa) fn observe(record: &Value, kind: &str) -> Observation {
    let record = Field::whole(record);
    let mut said = Observation::new(Source::ProviderApi, kind);
    let word = record.at("status").text().unwrap_or_default();
    let duration_secs = record.at("callDuration").whole_number();
    let (transcript, listed) = transcript(record);
    let recording = record.at("mediaUrl").text();
    said.at = time(record.at("updatedAt")).or(time(record.at("createdAt")));
    said.dialed_at = time(record.at("createdAt"));
    match Status::of(word) {
        Status::Alive(progress) => said.progress = Some(progress),
        Status::Over(reason) => said.end = Some(EndClaim::new(reason, word)),
        // A recording or a transcript is made of what is over; without them all that is known is that Hamsa has the call.
        Status::Unknown if recording.is_some() || !transcript.is_empty() => {
            said.end = Some(EndClaim::new(EndReason::Unknown, word));
        }
        Status::Unknown => said.progress = Some(Progress::Dialing),
    }
    let is_over = said.end.is_some();
    let unheard = is_over && (word == "NO_ANSWER" || duration_secs == Some(0));
    said.duration_secs = duration_secs.filter(|_| is_over);
    said.recording = match recording {
        Some(address) => Some(Artifact::Ready(address.to_owned())),
        None => unheard.then_some(Artifact::None),
    };
    // The list of turns is there, and empty, where nobody spoke; it is not there where the conversation is still worked on.
    let none_will_come = unheard || (is_over && listed && word != "FAILED");
    said.transcript = if transcript.is_empty() {
        none_will_come.then_some(Artifact::None)
    } else {
        Some(Artifact::Ready(transcript))
    };
    read_findings(record, unheard, &mut said);
    // No record names a price in a currency.
    said.cost = is_over.then_some(Artifact::None);
    said.external_ids.extend(record.at("id").id().map(|id| (JOB_ID.to_owned(), id.as_str().to_owned())));
    said
}

/// What was found out about the conversation: its outcome where the record has it, else the analysis.
fn read_findings(record: Field<'_>, unheard: bool, said: &mut Observation) {
    let analysis = record.at("callAnalysis");
    said.summary = match analysis.at("summary").personal() {
        Some(summary) => Some(Artifact::Ready(summary)),
        None => unheard.then_some(Artifact::None),
    };
    let found = outcome(record.at("jobResponse").at("outcomeResult")).or_else(|| analysis.object().map(as_text));
    said.analysis = match found {
        Some(found) => Some(Artifact::Ready(found)),
        None => unheard.then_some(Artifact::None),
    };
}

/// Our attempt, where a record gives its parameters back.
pub(in crate::hamsa) fn leg_of(record: &Value) -> Option<LegId> {
    leg_in(Field::whole(record).at("jobResponse").at("outcomeResult"))
}

/// Our attempt among the parameters that come back in `outcomeResult`.
pub(in crate::hamsa) fn leg_in(outcome: Field<'_>) -> Option<LegId> {
    outcome.at(LEG_PARAM).text().and_then(LegId::parse)
}

/// `outcomeResult` without our own names, if anything is left.
pub(in crate::hamsa) fn outcome(outcome: Field<'_>) -> Option<Personal> {
    let mut found: Map<String, Value> = outcome.object()?.clone();
    found.retain(|name, _| name != CALL_PARAM && name != LEG_PARAM);
    (!found.is_empty()).then(|| as_text(&found))
}

fn as_text(found: &Map<String, Value>) -> Personal {
    Personal::new(canonical(&Value::Object(found.clone())))
}

/// The turns of `jobResponse.transcription`, and whether there is such a list at all.
fn transcript(record: Field<'_>) -> (Transcript, bool) {
    let listed = record.at("jobResponse").at("transcription");
    (turns(listed), listed.is_list())
}

/// `[{"Agent": "…"}, {"User": "…"}]`. Whoever is not the agent is whom it talks to.
pub(in crate::hamsa) fn turns(listed: Field<'_>) -> Transcript {
    Transcript::new(listed.list().filter_map(|turn| turn.object()).flatten().filter_map(|(speaker, text)| {
        let role = if speaker.eq_ignore_ascii_case("agent") { Role::Agent } else { Role::User };
        Some(SpokenTurn { role, text: Field::whole(text).personal()?, at_secs: None })
    }))
}

/// A row of the list.
pub(in crate::hamsa) struct Row<'a> {
    pub(in crate::hamsa) id: ExternalId,
    pub(in crate::hamsa) created_at: Option<Timestamp>,
    /// Whom it was to.
    pub(in crate::hamsa) to: Field<'a>,
    /// Whether it is certainly no phone call.
    pub(in crate::hamsa) is_web: bool,
    pub(in crate::hamsa) observation: Observation,
}

/// A page of the list.
pub(in crate::hamsa) struct Rows<'a> {
    pub(in crate::hamsa) rows: Vec<Row<'a>>,
    /// How many elements the page has, readable or not.
    pub(in crate::hamsa) listed: usize,
}

/// A page of `minimal-list`.
pub(in crate::hamsa) fn rows(data: &Value) -> Option<Rows<'_>> {
    let calls = Field::whole(data).at("calls");
    if !calls.is_list() {
        return None;
    }
    Some(Rows { rows: calls.list().filter_map(row).collect(), listed: calls.list().count() })
}

fn row(listed: Field<'_>) -> Option<Row<'_>> {
    let id = listed.at("id").id()?;
    let mut observation = Observation::new(Source::ProviderApi, "list");
    let word = listed.at("status").text().unwrap_or_default();
    let created_at = time(listed.at("createdAt"));
    match Status::of(word) {
        Status::Alive(progress) => observation.progress = Some(progress),
        Status::Over(reason) => observation.end = Some(EndClaim::new(reason, word)),
        Status::Unknown => observation.progress = Some(Progress::Dialing),
    }
    // When it was made is no moment of its end, so that it is not said when this was.
    observation.dialed_at = created_at;
    observation.external_ids.insert(JOB_ID.to_owned(), id.as_str().to_owned());
    Some(Row {
        id,
        created_at,
        to: listed.at("callParams").at("userNumber"),
        is_web: listed.at("channelType").text().is_some_and(|channel| channel.eq_ignore_ascii_case("web")),
        observation,
    })
}

#[cfg(test)]
mod tests;

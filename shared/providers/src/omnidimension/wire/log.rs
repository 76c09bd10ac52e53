//! OmniDimension's record of one call, in our words: an entry of the log, or a post-call report, which says the same under
//! other names.
//!
//! Follows `GET /calls/logs` of docs.omnidim.io's OpenAPI and the vendor's webhook example, read 2026-11. Entries exist for calls that are
//! over. Two spellings of each status occur. Times carry no zone; UTC is assumed, which is what its database keeps.

use std::time::Duration;

use serde_json::{Map, Value, json};
use switchboard_core::{
    Artifact, Currency, EndClaim, EndReason, Micros, Observation, Personal, Progress, Role, Source, SpokenTurn,
    Timestamp, Transcript,
};

use crate::ExternalId;
use crate::lenient::{Field, canonical};

/// The kinds of names under which OmniDimension knows a call: what a dispatch answers, and its entry in the log.
pub(in crate::omnidimension) const REQUEST_ID: &str = "requestId";
pub(in crate::omnidimension) const LOG_ID: &str = "callLogId";
/// The kind of a browser session's name.
pub(in crate::omnidimension) const SESSION_ID: &str = "sessionId";

/// How far before its dispatch an entry may say that a call was made: clocks differ.
pub(in crate::omnidimension) const CLOCK_SLACK: Duration = Duration::from_secs(120);
/// How long after its dispatch a call may be made: it waits in the dialler's queue for a free line.
const LONGEST_WAIT: Duration = Duration::from_secs(4 * 60 * 60);

/// What a status means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::omnidimension) enum Status {
    Over(EndReason),
    /// No such word is documented: only what is over is logged. Should one turn up, the call is alive.
    Alive(Progress),
}

impl Status {
    /// The words of the log and of reports, in any spelling. A word that is not known is of a call that is over: nothing else
    /// is logged.
    pub(in crate::omnidimension) fn of(word: &str) -> Self {
        let word = word.to_ascii_lowercase().replace(['-', ' '], "_");
        match word.as_str() {
            "completed" => Self::Over(EndReason::Completed),
            "voicemail_detected" | "voicemail" => Self::Over(EndReason::Voicemail),
            "busy" => Self::Over(EndReason::Busy),
            "no_answer" => Self::Over(EndReason::NoAnswer),
            // Whether it or the carrier failed is not said.
            "failed" => Self::Over(EndReason::ProviderError),
            "cancelled" | "canceled" => Self::Over(EndReason::EndedByRequest),
            "dispatched" | "queued" | "initiated" => Self::Alive(Progress::Dialing),
            "ringing" => Self::Alive(Progress::Ringing),
            "in_progress" | "ongoing" | "answered" => Self::Alive(Progress::InProgress),
            _ => Self::Over(EndReason::Unknown),
        }
    }
}

/// The names that a record goes by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::omnidimension) struct Names {
    pub(in crate::omnidimension) log: ExternalId,
    pub(in crate::omnidimension) request: Option<ExternalId>,
}

impl Names {
    /// The name under which a call's events and records come: its request's. One that nobody requested goes by its entry, told from
    /// requests, which are numbers too.
    pub(in crate::omnidimension) fn reference(&self) -> Option<ExternalId> {
        match &self.request {
            Some(request) => Some(request.clone()),
            None => ExternalId::parse(&format!("log-{}", self.log)),
        }
    }
}

/// The entries of an answer: the log is wrapped in a list, one entry of it too.
pub(in crate::omnidimension) fn entries(answer: &Value) -> Option<(Vec<Field<'_>>, Option<u32>)> {
    let field = Field::whole(answer);
    let listed = field.at("call_log_data");
    listed.is_list().then(|| (listed.list().collect(), field.at("total_records").whole_number()))
}

/// An entry's names.
pub(in crate::omnidimension) fn names(entry: Field<'_>) -> Option<Names> {
    Some(Names { log: entry.at("id").id()?, request: entry.at("call_request_id").at("id").id() })
}

/// When an entry says that its call was made.
pub(in crate::omnidimension) fn called_at(entry: Field<'_>) -> Option<Timestamp> {
    entry.at("time_of_call").text().and_then(time)
}

/// What an entry of the log says of its call, which was dispatched at `dispatched_at`.
pub(in crate::omnidimension) fn observe(entry: Field<'_>, kind: &str, dispatched_at: Timestamp) -> Observation {
    let mut said = Observation::new(Source::ProviderApi, kind);
    read_end(entry, &mut said);
    // A zone other than UTC would put the call before its dispatch, or hours behind it: such a time is left out.
    let plausible = dispatched_at.minus(CLOCK_SLACK)..=dispatched_at.plus(LONGEST_WAIT);
    said.dialed_at = called_at(entry).filter(|at| plausible.contains(at));
    said.duration_secs =
        entry.at("call_duration_in_seconds").whole_number().or_else(|| duration(entry.at("call_duration")));
    let reported = entry.at("post_call_actions").at("call_recording_webhook_ids");
    let summary = reported.list().find_map(|report| summary_sent(report.at("payload")));
    said.summary = summary.map(Artifact::Ready);
    said.analysis = analysis(entry.at("extracted_variables"), entry.at("sentiment_score")).map(Artifact::Ready);
    said.recording = recording(entry);
    said.transcript = ready(transcript(entry.at("call_conversation"), entry.at("interactions")));
    // Prices are in US dollars, as the rates are (`rates_per_minute_usd`). Zero may mean that it is not reckoned yet.
    let cost = entry.at("call_cost").money(Currency::USD).filter(|cost| cost.amount() != Micros::ZERO);
    said.cost = cost.map(Artifact::Ready);
    settle_unanswered(&mut said);
    add_names(&mut said, names(entry));
    said
}

/// What a post-call report says of its call.
pub(in crate::omnidimension) fn observe_report(report: Field<'_>, kind: &str) -> Observation {
    let told = report.at("call_report");
    let mut said = Observation::new(Source::UnsignedWebhook, kind);
    read_end(report, &mut said);
    let moment = |name: &str| report.at(name).text().and_then(time);
    // Whether `start_time` is when it rang or when somebody answered is not said.
    said.dialed_at = moment("call_date");
    said.ended_at = moment("end_time").filter(|_| said.end.is_some());
    said.at = said.ended_at.or(said.dialed_at);
    said.duration_secs = report.at("call_duration").whole_number().or_else(|| duration(report.at("call_duration")));
    said.summary = told.at("summary").personal().map(Artifact::Ready);
    said.analysis = analysis(told.at("extracted_variables"), told.at("sentiment")).map(Artifact::Ready);
    said.recording = recording(report);
    said.transcript = ready(transcript(told.at("full_conversation"), told.at("interactions")));
    settle_unanswered(&mut said);
    add_names(&mut said, report_names(report));
    said
}

/// A report's names: here the request stands bare.
pub(in crate::omnidimension) fn report_names(report: Field<'_>) -> Option<Names> {
    Some(Names { log: report.at("call_id").id()?, request: report.at("call_request_id").id() })
}

fn add_names(said: &mut Observation, names: Option<Names>) {
    let Some(names) = names else { return };
    said.external_ids.insert(LOG_ID.to_owned(), names.log.as_str().to_owned());
    said.external_ids.extend(names.request.map(|id| (REQUEST_ID.to_owned(), id.as_str().to_owned())));
}

/// Whether the call is over, and why as far as status, machine detection and whoever hung up tell.
fn read_end(record: Field<'_>, said: &mut Observation) {
    let word = record.at("call_status").text();
    // The short form of a report has no status: that there is a report says that it is over, and no more.
    let reason = match word.map_or(Status::Over(EndReason::Completed), Status::of) {
        Status::Alive(progress) => {
            said.progress = Some(progress);
            return;
        }
        Status::Over(EndReason::Completed) => completed_how(record),
        Status::Over(reason) => reason,
    };
    let raw = match (word, record.at("hangup_source").text()) {
        (Some(word), Some(source)) => format!("{word} ({source})"),
        (Some(word), None) => word.to_owned(),
        (None, _) => "reported".to_owned(),
    };
    said.end = Some(EndClaim::new(reason, raw));
}

/// How a call was completed, where the record says.
fn completed_how(record: Field<'_>) -> EndReason {
    let lower = |name: &str| record.at(name).text().unwrap_or_default().to_ascii_lowercase();
    let (source, why) = (lower("hangup_source"), lower("hangup_reason"));
    if record.at("is_voicemail").flag() == Some(true) {
        EndReason::Voicemail
    } else if why.contains("transfer") {
        EndReason::Transferred
    } else if why.contains("max") && (why.contains("duration") || why.contains("time")) {
        EndReason::MaxDuration
    } else {
        match source.as_str() {
            "user" | "customer" | "callee" | "human" => EndReason::CompletedByCallee,
            "agent" | "bot" | "assistant" | "llm" | "ai" => EndReason::CompletedByAgent,
            _ => EndReason::Completed,
        }
    }
}

/// Whom nobody answered there is nothing to hear, to read or to pay of.
fn settle_unanswered(said: &mut Observation) {
    let unanswered = said.end.as_ref().is_some_and(|end| {
        matches!(
            end.reason,
            EndReason::Busy | EndReason::NoAnswer | EndReason::ProviderError | EndReason::EndedByRequest
        )
    });
    // A line that failed while they talked has a duration.
    if !unanswered || said.duration_secs.unwrap_or(0) > 0 {
        return;
    }
    said.recording = said.recording.take().or(Some(Artifact::None));
    said.transcript = said.transcript.take().or(Some(Artifact::None));
    said.summary = said.summary.take().or(Some(Artifact::None));
    // How a conversation felt that never was is made up.
    said.analysis = Some(Artifact::None);
    said.cost = said.cost.take().or(Some(Artifact::None));
}

fn recording(record: Field<'_>) -> Option<Artifact<String>> {
    record.at("recording_url").text().map(|address| Artifact::Ready(address.to_owned()))
}

fn ready(transcript: Transcript) -> Option<Artifact<Transcript>> {
    (!transcript.is_empty()).then_some(Artifact::Ready(transcript))
}

/// The summary in a report that was sent, which the log keeps as JSON text.
fn summary_sent(payload: Field<'_>) -> Option<Personal> {
    let sent: Value = serde_json::from_str(payload.text()?).ok()?;
    Field::whole(&sent).at("call_report").at("summary").personal()
}

/// What was extracted and how the callee felt, as JSON text; `None` if neither is there.
fn analysis(extracted: Field<'_>, sentiment: Field<'_>) -> Option<Personal> {
    let mut found = Map::new();
    let mut fields = extracted.object().cloned().unwrap_or_default();
    // A count that stands among what was extracted and is no part of it.
    fields.remove("interaction_count_total");
    if !fields.is_empty() {
        found.insert("extracted".to_owned(), Value::Object(fields));
    }
    found.extend(sentiment.text().map(|text| ("sentiment".to_owned(), json!(text))));
    (!found.is_empty()).then(|| Personal::new(canonical(&Value::Object(found))))
}

/// The whole conversation as text, else its interactions.
fn transcript(whole: Field<'_>, interactions: Field<'_>) -> Transcript {
    let from_text = Transcript::new(whole.text().map(turns_of).unwrap_or_default());
    if !from_text.is_empty() {
        return from_text;
    }
    let turn = |role, said: Field<'_>| said.personal().map(|text| SpokenTurn { role, text, at_secs: None });
    Transcript::new(interactions.list().flat_map(|each| {
        [turn(Role::User, each.at("user_query")), turn(Role::Agent, each.at("bot_response"))].into_iter().flatten()
    }))
}

/// Lines `user: …` and `LLM: …`, separated by `<br/>` or line ends; a line without a speaker goes on with the turn before it.
fn turns_of(conversation: &str) -> Vec<SpokenTurn> {
    let mut turns: Vec<(Role, String)> = Vec::new();
    for line in conversation.replace("<br/>", "\n").replace("<br />", "\n").replace("<br>", "\n").lines() {
        let line = line.trim();
        match (spoken_by(line), turns.last_mut()) {
            (Some((role, text)), _) => turns.push((role, text.to_owned())),
            (None, Some((_, text))) if !line.is_empty() => {
                text.push(' ');
                text.push_str(line);
            }
            (None, _) => {}
        }
    }
    turns.into_iter().map(|(role, text)| SpokenTurn { role, text: Personal::new(text), at_secs: None }).collect()
}

fn spoken_by(line: &str) -> Option<(Role, &str)> {
    let (speaker, text) = line.split_once(':')?;
    let role = match speaker.trim().to_ascii_lowercase().as_str() {
        "user" | "customer" => Role::User,
        "llm" | "bot" | "agent" | "assistant" => Role::Agent,
        _ => return None,
    };
    Some((role, text.trim()))
}

/// `M:S`, or `H:M:S`, in seconds.
fn duration(field: Field<'_>) -> Option<u32> {
    let text = field.text().filter(|text| text.contains(':'))?;
    text.split(':').try_fold(0_u32, |total, part| total.checked_mul(60)?.checked_add(part.trim().parse().ok()?))
}

/// `MM/DD/YYYY HH:MM:SS` of the log, or `YYYY-MM-DD HH:MM:SS` of reports.
pub(in crate::omnidimension) fn time(text: &str) -> Option<Timestamp> {
    let (date, time_of_day) = text.trim().split_once([' ', 'T'])?;
    let date = match date.split_once('/') {
        Some((month, rest)) => {
            let (day, year) = rest.split_once('/')?;
            format!("{year:0>4}-{month:0>2}-{day:0>2}")
        }
        None => date.to_owned(),
    };
    Timestamp::parse(&format!("{date}T{}Z", time_of_day.trim_end_matches('Z')))
}

#[cfg(test)]
mod tests;

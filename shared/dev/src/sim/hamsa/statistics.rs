//! The figures of the simulated Hamsa: of a project over a period, and of its agents.

use serde_json::{Value, json};
use switchboard_core::Timestamp;

use super::agents::PROJECT_ID;
use super::conversation::{Conversation, Status};
use super::refusal::Refusal;
use crate::sim::calendar;
use crate::sim::query::Parameters;

/// A stretch of time that statistics are asked for. All three parameters are required.
#[derive(Debug)]
pub(super) struct Period {
    start: Timestamp,
    end: Timestamp,
}

impl Period {
    pub(super) fn read(query: &Parameters) -> Result<Self, Refusal> {
        let time = |name: &str| {
            let value = query.get(name).ok_or_else(|| Refusal::Invalid(format!("{name} is required")))?;
            let millis = value.parse().ok().map(Timestamp::from_epoch_millis);
            millis.or_else(|| calendar::parsed(value)).ok_or_else(|| Refusal::Invalid(format!("{name} must be a date")))
        };
        project(query)?;
        Ok(Self { start: time("startPeriod")?, end: time("endPeriod")? })
    }

    pub(super) fn covers(&self, conversation: &Conversation) -> bool {
        (self.start..=self.end).contains(&conversation.created_at)
    }
}

/// Checks the `projectId` that lists and statistics want.
pub(super) fn project(query: &Parameters) -> Result<(), Refusal> {
    match query.get("projectId") {
        Some(PROJECT_ID) => Ok(()),
        Some(_) => Err(Refusal::invalid("projectId is not a project of this key")),
        None => Err(Refusal::invalid("projectId is required")),
    }
}

/// `GET /v1/projects/statistics/numbers`: every value is a string.
pub(super) fn numbers(conversations: &[Conversation]) -> Value {
    let figure = |value: String| json!({"value": value});
    json!({
        "tokens": figure(conversations.iter().map(tokens).sum::<u64>().to_string()),
        "transcription": figure(conversations.iter().map(|c| c.talked_secs).sum::<u64>().to_string()),
        "price": figure(format!("{:.4}", conversations.iter().map(price).sum::<f64>())),
        "requests": figure(conversations.len().to_string()),
    })
}

/// `GET /v1/projects/statistics/chart`: one point for each day that has any.
pub(super) fn chart(conversations: &[Conversation]) -> Value {
    let mut days: Vec<String> = conversations.iter().map(|c| calendar::day(c.created_at)).collect();
    days.sort_unstable();
    days.dedup();
    let series = |unit: &str, figure: fn(&Conversation) -> f64| -> Value {
        let of_day = |day: &String| {
            let that_day = conversations.iter().filter(|c| calendar::day(c.created_at) == *day);
            json!({"date": day, "value": that_day.map(figure).sum::<f64>(), "unit": unit})
        };
        days.iter().map(of_day).collect()
    };
    json!({
        "cost": series("USD", price),
        "requests": series("requests", |_| 1.0),
        "transcription": series("seconds", seconds),
        "tokens": series("tokens", |c| f64::from(u32::try_from(tokens(c)).unwrap_or(u32::MAX))),
    })
}

/// `GET /v1/agent-analytics/{overview,performance,satisfaction}`.
pub(super) fn analytics(kind: &str, conversations: &[Conversation]) -> Result<Value, Refusal> {
    let ended = |status: Status| conversations.iter().filter(|c| c.status == status).count();
    let seconds: u64 = conversations.iter().map(|c| c.talked_secs).sum();
    let count = u64::try_from(conversations.len()).unwrap_or_default();
    match kind {
        "overview" => Ok(json!({"totalCalls": count, "completedCalls": ended(Status::Completed),
            "failedCalls": ended(Status::Failed), "noAnswerCalls": ended(Status::NoAnswer), "totalDuration": seconds})),
        "performance" => Ok(json!({"averageDuration": seconds.checked_div(count).unwrap_or_default()})),
        "satisfaction" => Ok(json!({"averageScore": null, "responses": 0})),
        _ => Err(Refusal::NoSuchEndpoint),
    }
}

fn price(conversation: &Conversation) -> f64 {
    conversation.cost().as_str().and_then(|cost| cost.parse().ok()).unwrap_or_default()
}

fn seconds(conversation: &Conversation) -> f64 {
    f64::from(u32::try_from(conversation.talked_secs).unwrap_or(u32::MAX))
}

/// A token for every four characters, as a rule of thumb.
fn tokens(conversation: &Conversation) -> u64 {
    let characters: usize = conversation.said().iter().map(|utterance| utterance.text.chars().count()).sum();
    u64::try_from(characters / 4).unwrap_or_default()
}

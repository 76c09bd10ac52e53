//! The three lists of conversations, each with paging and filters of its own.

use serde_json::{Map, Value, json};
use switchboard_core::Timestamp;

use super::conversation::Conversation;
use super::refusal::Refusal;
use crate::sim::address::Address;
use crate::sim::query::{Parameters, page};

/// How many conversations the minimal list shows at once, and at most.
const MINIMAL_PAGE: usize = 100;
const MINIMAL_LARGEST: usize = 200;

/// How many jobs a page has where nobody says.
const JOBS_PAGE: usize = 10;

/// The type that every conversation has as a job.
const TYPE: &str = "VOICE_AGENTS";

/// What `GET /v1/voice-agents/conversations/minimal-list` is asked for.
#[derive(Debug)]
pub(super) struct MinimalWish {
    page: usize,
    size: usize,
    statuses: Vec<String>,
    agent: Option<String>,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
}

impl MinimalWish {
    pub(super) fn read(query: &Parameters) -> Result<Self, Refusal> {
        let number = |name: &str, default| {
            query.number(name, default).ok_or_else(|| Refusal::Invalid(format!("{name} must be a number")))
        };
        let (page, size) = (number("page", 1)?, number("perPage", MINIMAL_PAGE)?);
        if page < 1 || !(1..=MINIMAL_LARGEST).contains(&size) {
            return Err(Refusal::invalid("page must be at least 1 and perPage from 1 to 200"));
        }
        Ok(Self {
            page,
            size,
            statuses: query.all("status").map(str::to_owned).collect(),
            agent: query.get("voiceAgentId").map(str::to_owned),
            start: time(query, "startTime")?,
            end: time(query, "endTime")?,
        })
    }

    /// Whether what began at `at` can be among them; cheaper to ask than the rest.
    pub(super) fn covers(&self, at: Timestamp) -> bool {
        self.start.is_none_or(|start| at >= start) && self.end.is_none_or(|end| at <= end)
    }

    /// The page of `covered`, the newest first; `total` counts all conversations.
    pub(super) fn answer(&self, total: usize, mut covered: Vec<Conversation>) -> Value {
        covered.retain(|conversation| self.agent.is_none() || conversation.notes.voice_agent_id == self.agent);
        let is_wanted = |status: &str| self.statuses.is_empty() || self.statuses.iter().any(|wanted| wanted == status);
        covered.retain(|conversation| is_wanted(conversation.status.as_str()));
        let filtered = covered.len();
        let calls: Vec<Value> = page(covered, self.page, self.size).iter().map(Conversation::minimal).collect();
        json!({"total": total, "filtered": filtered, "calls": calls})
    }
}

/// Milliseconds since the epoch.
fn time(query: &Parameters, name: &str) -> Result<Option<Timestamp>, Refusal> {
    let read = |value: &str| value.parse().map(Timestamp::from_epoch_millis);
    query.get(name).map(read).transpose().map_err(|_| Refusal::Invalid(format!("{name} must be epoch milliseconds")))
}

/// What both lists of jobs can be asked for.
#[derive(Debug)]
pub(super) struct JobsWish {
    page: usize,
    size: usize,
    status: Option<String>,
    kind: Option<String>,
    oldest_first: bool,
}

impl JobsWish {
    /// The body of `POST /v1/jobs/all`. `skip` is the number of the page, from 1.
    pub(super) fn of_body(body: &Map<String, Value>) -> Result<Self, Refusal> {
        let number = |name: &str, default: usize| match body.get(name) {
            None | Some(Value::Null) => Ok(default),
            Some(value) => {
                let number = value.as_u64().and_then(|number| usize::try_from(number).ok());
                number
                    .filter(|number| *number >= 1)
                    .ok_or_else(|| Refusal::Invalid(format!("{name} must be at least 1")))
            }
        };
        let text = |name: &str| body.get(name).and_then(Value::as_str).filter(|t| !t.is_empty()).map(str::to_owned);
        let direction = body.get("sort").and_then(|sort| sort.get("direction")).and_then(Value::as_str);
        Ok(Self {
            page: number("skip", 1)?,
            size: number("take", JOBS_PAGE)?,
            status: text("status"),
            kind: text("type"),
            oldest_first: direction.is_some_and(|direction| direction.eq_ignore_ascii_case("asc")),
        })
    }

    /// The query of `GET /v2/jobs`.
    pub(super) fn of_query(query: &Parameters) -> Result<Self, Refusal> {
        let kind = query.get("type").ok_or_else(|| Refusal::invalid("type is required"))?;
        let number = |name: &str, default| {
            let number = query.number(name, default).filter(|number| *number >= 1);
            number.ok_or_else(|| Refusal::Invalid(format!("{name} must be at least 1")))
        };
        Ok(Self {
            page: number("page", 1)?,
            size: number("perPage", JOBS_PAGE)?,
            status: query.get("status").map(str::to_owned),
            kind: Some(kind.to_owned()),
            oldest_first: query.get("orderBy").is_some_and(|order| order.eq_ignore_ascii_case("asc")),
        })
    }

    pub(super) fn answer(&self, mut all: Vec<Conversation>, own: &Address) -> Value {
        let total = all.len();
        let of_type = self.kind.as_deref().is_none_or(|kind| kind == TYPE);
        all.retain(|job| of_type && self.status.as_deref().is_none_or(|status| status == job.status.as_str()));
        if self.oldest_first {
            all.reverse();
        }
        let filtered = all.len();
        let jobs: Vec<Value> = page(all, self.page, self.size).iter().map(|job| job.job_item(own)).collect();
        json!({"jobs": jobs, "total": total, "filtered": filtered})
    }
}

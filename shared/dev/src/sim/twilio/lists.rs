//! Lists of Twilio: filters whose names carry a `<` or `>`, and pages that name the next one.

use serde_json::{Map, Value, json};
use switchboard_core::Timestamp;

use super::call::status;
use super::refusal::Refusal;
use crate::sim::calendar;
use crate::sim::carrier::line::Line;
use crate::sim::query::Parameters;

/// The size of a page where nobody says, and at most.
const PAGE: usize = 50;
const LARGEST_PAGE: usize = 1000;

/// The parameters of a page itself.
const PAGING: [&str; 3] = ["PageSize", "Page", "PageToken"];

/// Which calls are wanted.
#[derive(Debug)]
pub(super) struct Filter<'a> {
    query: &'a Parameters,
    started: Span,
    ended: Span,
}

/// Times that are wanted: from one to another, each inclusive where it is a moment. A date alone means midnight.
#[derive(Debug, Default)]
struct Span {
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    /// A day that the time has to lie on.
    on: Option<String>,
}

impl Span {
    fn read(query: &Parameters, name: &str) -> Result<Self, Refusal> {
        let time = |suffix: &str| {
            let value = query.get(&format!("{name}{suffix}")).map(str::to_owned);
            let read = |text: String| {
                calendar::parsed(&text).ok_or_else(|| Refusal::Invalid(20001, format!("{name} must be a date")))
            };
            value.map(read).transpose()
        };
        Ok(Self { from: time(">")?, until: time("<")?, on: time("")?.map(calendar::day) })
    }

    fn covers(&self, at: Option<Timestamp>) -> bool {
        let Some(at) = at else { return self.from.is_none() && self.until.is_none() && self.on.is_none() };
        self.from.is_none_or(|from| at >= from)
            && self.until.is_none_or(|until| at <= until)
            && self.on.as_ref().is_none_or(|day| calendar::day(at) == *day)
    }
}

impl<'a> Filter<'a> {
    pub(super) fn read(query: &'a Parameters) -> Result<Self, Refusal> {
        Ok(Self { query, started: Span::read(query, "StartTime")?, ended: Span::read(query, "EndTime")? })
    }

    pub(super) fn covers(&self, line: &Line) -> bool {
        let is = |name: &str, value: &str| self.query.get(name).is_none_or(|wanted| wanted == value);
        line.call_sid.is_some()
            && is("To", &line.to)
            && is("From", &line.from)
            && is("Status", status(line))
            && self.query.get("ParentCallSid").is_none()
            && self.started.covers(Some(line.placed_at))
            && self.ended.covers(line.ended_at)
    }
}

/// One page of `items` (each with a `sid`) under `key`, at `path`.
pub(super) fn paged(key: &str, path: &str, query: &Parameters, items: Vec<Value>) -> Result<Value, Refusal> {
    let number = |name: &str, default| {
        query.number(name, default).ok_or_else(|| Refusal::Invalid(20001, format!("{name} must be a number")))
    };
    let (page, size) = (number("Page", 0)?, number("PageSize", PAGE)?.clamp(1, LARGEST_PAGE));
    let sid = |item: &Value| item.get("sid").and_then(Value::as_str).unwrap_or_default().to_owned();
    // What is newer than the token's item has come since, and belongs to earlier pages.
    let after = query.get("PageToken").and_then(|token| token.strip_prefix("PA"));
    let start = match after.and_then(|last| items.iter().position(|item| sid(item) == last)) {
        Some(position) => position + 1,
        None => page.saturating_mul(size),
    };
    let shown: Vec<Value> = items.iter().skip(start).take(size).cloned().collect();
    let uri = |page: usize, token: Option<&str>| {
        let mut encoded = form_urlencoded::Serializer::new(String::new());
        encoded.extend_pairs(query.without(&PAGING)).append_pair("PageSize", &size.to_string());
        encoded.append_pair("Page", &page.to_string());
        if let Some(token) = token {
            encoded.append_pair("PageToken", token);
        }
        format!("{path}?{}", encoded.finish())
    };
    let more = items.len() > start + shown.len();
    let next = shown.last().filter(|_| more).map(|last| uri(page + 1, Some(&format!("PA{}", sid(last)))));
    let mut answer = Map::new();
    answer.insert("page".to_owned(), json!(page));
    answer.insert("page_size".to_owned(), json!(size));
    answer.insert("start".to_owned(), json!(page.saturating_mul(size)));
    answer.insert("end".to_owned(), json!((page.saturating_mul(size) + shown.len()).saturating_sub(1)));
    answer.insert("uri".to_owned(), json!(uri(page, query.get("PageToken"))));
    answer.insert("first_page_uri".to_owned(), json!(uri(0, None)));
    answer.insert("previous_page_uri".to_owned(), json!(page.checked_sub(1).map(|previous| uri(previous, None))));
    answer.insert("next_page_uri".to_owned(), json!(next));
    answer.insert(key.to_owned(), Value::Array(shown));
    Ok(Value::Object(answer))
}

//! What the control plane is asked for, read from queries and bodies. Unknown fields are ignored; a known field with a
//! wrong value is refused by its name.

use std::time::Duration;

use serde_json::{Map, Value};

use super::super::deliveries::{DeliverySettings, Extent};
use super::super::faults::{Effect, Fault};
use super::super::openai::IncomingWish;
use super::super::provider::{Operation, Provider};
use super::super::refusal::Refusal;

/// The farthest the clock is moved at once: ten years. What is farther off is a slip of units.
const LONGEST_ADVANCE_SECS: u64 = 10 * 366 * 24 * 60 * 60;

/// The slowest answer, in milliseconds: ten minutes, past every caller's patience.
const SLOWEST_MILLIS: u64 = 10 * 60 * 1000;

#[derive(Debug, PartialEq, Eq)]
pub(super) struct RequestsWish {
    pub(super) provider: Option<Provider>,
    pub(super) since: u64,
}

pub(super) fn requests(query: &str) -> Result<RequestsWish, Refusal> {
    let mut wish = RequestsWish { provider: None, since: 0 };
    for (name, value) in form_urlencoded::parse(query.as_bytes()).filter(|(_, value)| !value.is_empty()) {
        match &*name {
            "provider" => wish.provider = Some(provider(&value)?),
            "since" => wish.since = value.parse().map_err(|_| Refusal::field("since", "expected a seq"))?,
            _ => {}
        }
    }
    Ok(wish)
}

pub(super) fn fault(body: &[u8]) -> Result<Fault, Refusal> {
    let fields = object(body)?;
    let provider = provider(text(&fields, "provider")?.ok_or(Refusal::field("provider", "is required"))?)?;
    let operation =
        match text(&fields, "operation")? {
            None => None,
            Some(name) => Some(Operation::named(name).ok_or_else(|| {
                Refusal::field("operation", &one_of(Operation::ALL.iter().map(|known| known.as_str())))
            })?),
        };
    let status = number(&fields, "status", 200, 599)?.map(|status| u16::try_from(status).unwrap_or(502));
    let millis = number(&fields, "millis", 0, SLOWEST_MILLIS)?;
    let times = number(&fields, "times", 1, u64::from(u32::MAX))?.unwrap_or(1);
    let effect = match text(&fields, "fault")? {
        Some("refuse") => Effect::Refuse,
        Some("status") => Effect::Status(status.ok_or(Refusal::field("status", "is required for this fault"))?),
        Some("reset_after_send") => Effect::ResetAfterSend,
        Some("hang") => Effect::Hang,
        Some("garbage") => Effect::Garbage,
        Some("slow") => {
            Effect::Slow(Duration::from_millis(millis.ok_or(Refusal::field("millis", "is required for this fault"))?))
        }
        Some("lie_ok") => Effect::LieOk,
        Some(_) => {
            let known = ["refuse", "status", "reset_after_send", "hang", "garbage", "slow", "lie_ok"];
            return Err(Refusal::field("fault", &one_of(known.into_iter())));
        }
        None => return Err(Refusal::field("fault", "is required")),
    };
    Ok(Fault { provider, operation, effect, times: u32::try_from(times).unwrap_or(u32::MAX) })
}

pub(super) fn advance(body: &[u8]) -> Result<Duration, Refusal> {
    let secs = number(&object(body)?, "advanceSecs", 0, LONGEST_ADVANCE_SECS)?;
    secs.map(Duration::from_secs).ok_or(Refusal::field("advanceSecs", "is required"))
}

pub(super) fn deliveries(body: &[u8]) -> Result<DeliverySettings, Refusal> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(DeliverySettings::default());
    }
    let fields = object(body)?;
    Ok(DeliverySettings {
        reorder: extent(&fields, "reorder")?,
        duplicate: extent(&fields, "duplicate")?,
        drop: extent(&fields, "drop")?,
        delay: Duration::from_secs(number(&fields, "delaySecs", 0, LONGEST_ADVANCE_SECS)?.unwrap_or(0)),
    })
}

/// An empty body leaves everything as it usually is.
pub(super) fn incoming(body: &[u8]) -> Result<IncomingWish, Refusal> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(IncomingWish::default());
    }
    let fields = object(body)?;
    let wrong = || Refusal::field("headers", "expected a list of {name, value}");
    let headers = match given(&fields, "headers") {
        None => Vec::new(),
        Some(headers) => {
            headers.as_array().ok_or_else(wrong)?.iter().map(header).collect::<Option<_>>().ok_or_else(wrong)?
        }
    };
    let own = |name: &str| Ok::<_, Refusal>(text(&fields, name)?.map(str::to_owned));
    Ok(IncomingWish { from: own("from")?, to: own("to")?, headers, webhook_url: own("webhookUrl")? })
}

fn header(given: &Value) -> Option<(String, String)> {
    let text = |name: &str| given.get(name)?.as_str().map(str::to_owned);
    Some((text("name")?, text("value")?))
}

fn object(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(Refusal::invalid("the body must be a JSON object")),
        Err(error) => Err(Refusal::invalid(&format!("the body is not JSON: {error}"))),
    }
}

fn provider(name: &str) -> Result<Provider, Refusal> {
    let known = || Provider::ALL.iter().map(|known| known.as_str());
    Provider::named(name).ok_or_else(|| Refusal::field("provider", &one_of(known())))
}

fn one_of<'a>(known: impl Iterator<Item = &'a str>) -> String {
    format!("expected one of {}", known.collect::<Vec<_>>().join(", "))
}

fn given<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    fields.get(name).filter(|value| !value.is_null())
}

fn text<'a>(fields: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, Refusal> {
    given(fields, name).map(|value| value.as_str().ok_or(Refusal::field(name, "expected a string"))).transpose()
}

fn number(fields: &Map<String, Value>, name: &str, least: u64, most: u64) -> Result<Option<u64>, Refusal> {
    let Some(value) = given(fields, name) else { return Ok(None) };
    match value.as_u64() {
        Some(number) if (least..=most).contains(&number) => Ok(Some(number)),
        _ => Err(Refusal::field(name, &format!("expected a whole number from {least} to {most}"))),
    }
}

/// `true` means all, a number the next so many.
fn extent(fields: &Map<String, Value>, name: &str) -> Result<Extent, Refusal> {
    match given(fields, name) {
        None | Some(Value::Bool(false)) => Ok(Extent::None),
        Some(Value::Bool(true)) => Ok(Extent::All),
        Some(value) => {
            let count = value.as_u64().and_then(|count| u32::try_from(count).ok());
            count.map(Extent::Next).ok_or(Refusal::field(name, "expected true, false or how many"))
        }
    }
}

//! OmniDimension's JSON: what is sent, and answers read leniently.
//!
//! Follows the types generated from docs.omnidim.io's OpenAPI (TypeScript SDK) and the Python SDK 0.6.0, read 2026-11. What is missing is
//! the literal `false`, `null` or `""`. Ids are numbers.

use serde_json::{Map, Value, json};
use switchboard_core::{Currency, Personal, Timestamp};

use crate::lenient::Field;
use crate::{Agent, AgentDraft, Balance, Decline, ExternalId, OwnedNumber, PlaceCall};

pub(super) mod log;

/// What the agent is to report, where it reports at all.
const REPORTED: [&str; 4] = ["summary", "extracted_variables", "fullConversation", "sentiment"];
/// After which calls: all of them, where the default is those that somebody or something answered.
const REPORTED_AFTER: [&str; 6] = ["completed", "voicemail_detected", "failed", "no_answer", "busy", "cancelled"];

/// An id as the number that is sent; `None` if it is none. A phone number is none, and Rust would read its `+`.
pub(super) fn number_of(id: &str) -> Option<u64> {
    id.bytes().all(|byte| byte.is_ascii_digit()).then(|| id.parse().ok()).flatten()
}

/// `POST /calls/dispatch`. The context carries our names for the call, too: it is shown beside the call in the dashboard.
pub(super) fn dispatch(call: &PlaceCall<'_>, to: &str, agent: u64, from: Option<Value>) -> Value {
    let mut body = json!({ "agent_id": agent, "to_number": to, "call_context": variables(call) });
    if let Value::Object(fields) = &mut body {
        fields.extend(from.map(|from| ("from_number_id".to_owned(), from)));
    }
    body
}

/// `POST /sessions/create`.
pub(super) fn session(call: &PlaceCall<'_>, agent: u64) -> Value {
    json!({ "agent_id": agent, "type": "voice", "custom_variables": variables(call) })
}

fn variables(call: &PlaceCall<'_>) -> Map<String, Value> {
    let given = call.params.iter().map(|(name, value)| (name.clone(), json!(Personal::expose(value))));
    let ours = [("switchboardCallId", call.call.to_string()), ("switchboardLegId", call.leg.to_string())];
    // Ours come last: nobody's parameter passes for them.
    given.chain(ours.map(|(name, id)| (name.to_owned(), json!(id)))).collect()
}

/// What the answer of a dispatch says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Dispatched {
    /// It was taken under this name.
    As(ExternalId),
    /// It was not.
    Declined(Decline),
    /// It makes no sense.
    Unreadable,
}

/// The answer of a dispatch. A refusal may come with a status that says success.
pub(super) fn dispatched(answer: &Value) -> Dispatched {
    let field = Field::whole(answer);
    if field.at("success").flag() == Some(false) {
        return Dispatched::Declined(reason(field));
    }
    field.at("requestId").id().map_or(Dispatched::Unreadable, Dispatched::As)
}

/// What a refusal means.
pub(super) fn decline(status: u16, body: &[u8]) -> Option<Decline> {
    match status {
        402 => Some(Decline::NoCredit),
        400 | 403 | 404 | 409 | 422 => {
            let answer: Value = serde_json::from_slice(body).ok()?;
            let field = Field::whole(&answer);
            let said = reason(field);
            let in_business = field.at("success").flag() == Some(false);
            // 403 and 404 keep their meaning unless the words are those of a refused call.
            let is_told = match status {
                403 => false,
                404 => said == Decline::UnknownAgent,
                _ => said != Decline::Other,
            };
            (in_business || is_told).then_some(said)
        }
        _ => None,
    }
}

/// Why a call was refused, by the words: there are no codes.
fn reason(answer: Field<'_>) -> Decline {
    let text = |name: &str| answer.at(name).text().unwrap_or_default().to_lowercase();
    let said = ["error", "error_description", "detail", "message"].map(text).join(" ");
    let says = |words: &[&str]| words.iter().any(|word| said.contains(word));
    if says(&["concurren"]) {
        Decline::Concurrency
    } else if answer.at("plan_expire").flag() == Some(true) || says(&["balance", "credit", "payment", "plan ", "plan_"])
    {
        Decline::NoCredit
    } else if says(&["agent", "bot"]) && says(&["not found", "invalid", "exist"]) {
        Decline::UnknownAgent
    } else if says(&[
        "permission",
        "not allowed",
        "not permitted",
        "forbidden",
        "country",
        "from_number",
        "from number",
    ]) {
        Decline::NotPermitted
    } else if says(&["number", "phone"]) {
        Decline::InvalidNumber
    } else {
        Decline::Other
    }
}

/// A browser's credential for a session.
pub(super) struct Session<'a> {
    pub(super) id: Option<ExternalId>,
    pub(super) token: &'a str,
    pub(super) url: &'a str,
    pub(super) expires_at: Option<Timestamp>,
}

/// The answer of `POST /sessions/create`.
pub(super) fn session_in(answer: &Value) -> Option<Session<'_>> {
    let field = Field::whole(answer);
    Some(Session {
        id: field.at("session_id").id(),
        token: field.at("token").text()?,
        url: field.at("ws_url").text()?,
        expires_at: expiry(field.at("expires_at")),
    })
}

/// A time whose form is not documented: RFC 3339, a date and a time, seconds or milliseconds since the epoch.
fn expiry(field: Field<'_>) -> Option<Timestamp> {
    /// No session ends before 2001 in milliseconds, or after 33658 in seconds.
    const FIRST_MILLIS: i64 = 1_000_000_000_000;
    if let Some(text) = field.text()
        && let Some(at) = Timestamp::parse(text).or_else(|| log::time(text))
    {
        return Some(at);
    }
    let number: i64 = field.decimal()?.split('.').next()?.parse().ok()?;
    Some(if number < FIRST_MILLIS { Timestamp::from_epoch_secs(number) } else { Timestamp::from_epoch_millis(number) })
}

/// A page of something: what can be read of it, and how many there are in all.
pub(super) struct Listed<T> {
    pub(super) items: Vec<T>,
    pub(super) total: Option<u32>,
}

/// The answer of `GET /agents`.
pub(super) fn agents(answer: &Value) -> Listed<Agent> {
    let field = Field::whole(answer);
    Listed {
        items: field.at("bots").list().filter_map(agent_in).collect(),
        total: field.at("total_records").whole_number(),
    }
}

/// One agent, as the object itself.
pub(super) fn agent(answer: &Value) -> Option<Agent> {
    agent_in(Field::whole(answer))
}

fn agent_in(record: Field<'_>) -> Option<Agent> {
    Some(Agent {
        id: record.at("id").id()?,
        name: record.at("name").text().unwrap_or_default().to_owned(),
        language: record.at("transcriber").at("language").or(record.at("language")).text().map(str::to_owned),
        max_call_secs: max_call_secs(record),
        details: crate::agent_record::disclosable(record.object()?, &["id", "name"]),
    })
}

/// The longest call of an agent, in seconds. It is written into `transcriber`, and read where an agent's record has it.
pub(super) fn max_call_secs(record: Field<'_>) -> Option<u32> {
    const NAME: &str = "max_call_duration_in_sec";
    record.at(NAME).or(record.at("transcriber").at(NAME)).whole_number().filter(|secs| *secs > 0)
}

/// The names of placeholders that an agent has values for itself: `dynamic_variables` with a default.
pub(super) fn provided(record: Field<'_>) -> Vec<&str> {
    let variables = record.at("dynamic_variables");
    let listed = variables.list().filter_map(|variable| {
        let default = variable.at("default").or(variable.at("default_value")).or(variable.at("value"));
        variable.at("name").or(variable.at("key")).text().filter(|_| default.is_there())
    });
    let named = variables.object().into_iter().flatten();
    listed.chain(named.filter(|(_, value)| Field::whole(value).is_there()).map(|(name, _)| name.as_str())).collect()
}

/// The body of `POST /agents/create` and `PUT /agents/{id}`: what the draft names, under the names that writing takes (reading
/// has others).
pub(super) fn draft(draft: &AgentDraft, report_to: Option<&str>) -> Value {
    let mut body = Map::new();
    let mut put = |name: &str, value: Option<Value>| body.extend(value.map(|value| (name.to_owned(), value)));
    put("name", draft.name.as_ref().map(|name| json!(name)));
    put("welcome_message", draft.welcome_message.as_ref().map(|message| json!(message)));
    put(
        "context_breakdown",
        draft.instructions.as_ref().map(|parts| {
            parts.iter().map(|part| json!({ "title": part.title, "body": part.body, "is_enabled": true })).collect()
        }),
    );
    put(
        "model",
        group([
            ("model", draft.model.as_ref().map(|model| json!(model))),
            ("temperature", draft.temperature.map(|temperature| json!(temperature))),
        ]),
    );
    // A voice is named together with whose it is, or not taken.
    put(
        "voice",
        draft.voice_id.as_ref().map(
            |voice| json!({ "provider": draft.voice_provider.as_deref().unwrap_or("eleven_labs"), "voice_id": voice }),
        ),
    );
    put("transcriber", draft.max_call_secs.map(|secs| json!({ "max_call_duration_in_sec": secs })));
    put("post_call_actions", report_to.map(|url| {
        json!({ "webhook": { "enabled": true, "url": url, "include": REPORTED, "trigger_call_statuses": REPORTED_AFTER } })
    }));
    Value::Object(body)
}

/// An object of what is there; `None` of nothing.
fn group<const N: usize>(fields: [(&str, Option<Value>); N]) -> Option<Value> {
    let there: Map<String, Value> =
        fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
    (!there.is_empty()).then_some(Value::Object(there))
}

/// The answer of `GET /phone_number/list`.
pub(super) fn numbers(answer: &Value) -> Listed<OwnedNumber> {
    let field = Field::whole(answer);
    Listed {
        items: field.at("phone_numbers").list().filter_map(number_in).collect(),
        total: field.at("total_records").whole_number(),
    }
}

fn number_in(record: Field<'_>) -> Option<OwnedNumber> {
    Some(OwnedNumber {
        id: record.at("id").id()?,
        number: record.at("phone_number").text()?.to_owned(),
        agent_id: record.at("active_bot_id").id(),
        carrier: record.at("number_provider").text().map(str::to_lowercase),
    })
}

/// The answer of `GET /account/balance`.
pub(super) fn balance(answer: &Value) -> Option<Balance> {
    let field = Field::whole(answer);
    let balance = field.at("balance");
    let currency = balance.at("currency").text().and_then(Currency::parse)?;
    Some(Balance {
        amount: balance.at("amount").money(currency)?,
        estimated_minutes: field.at("estimated_minutes_remaining").at("basic_model").whole_number(),
        can_place_calls: balance.at("can_place_calls").flag(),
    })
}

#[cfg(test)]
mod tests;

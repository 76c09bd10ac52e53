//! Hamsa's JSON: what is sent, and answers read leniently.
//!
//! Follows the OpenAPI of docs.tryhamsa.com, read 2026-11: answers are enveloped in `{success, message, data}`. `success` is not
//! looked at: the documentation itself shows `false` on success, so that the status and the presence of `data` decide.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use switchboard_core::{Personal, Timestamp};

use crate::lenient::Field;
use crate::{Agent, Decline, ExternalId, OwnedNumber, PlaceCall, ReportTo};

pub(super) mod conversation;

/// The parameters that carry our names for a call; Hamsa gives them back in `outcomeResult`.
pub(super) const CALL_PARAM: &str = "switchboardCallId";
pub(super) const LEG_PARAM: &str = "switchboardLegId";

/// What is written where a secret would stand.
const REDACTED: &str = "[redacted]";

/// `POST /v1/voice-agents/call`: from one of Hamsa's numbers, or from `from`.
pub(super) fn place_from_theirs(call: &PlaceCall<'_>, to: &str, agent: &ExternalId, from: Option<&str>) -> Value {
    let mut body = json!({ "toNumber": to, "voiceAgentId": agent.as_str(), "params": params(call) });
    if let Value::Object(fields) = &mut body {
        fields.extend(from.map(|from| ("fromNumber".to_owned(), Value::from(from))));
        if let Some(report_to) = call.report_to {
            report(fields, report_to, |secret| secret);
        }
    }
    body
}

/// The same with its secrets left out, to be shown.
pub(super) fn redacted(mut body: Value, report_to: Option<&ReportTo>) -> Value {
    if let (Value::Object(fields), Some(report_to)) = (&mut body, report_to)
        && fields.contains_key("webhookUrl")
    {
        report(fields, report_to, |_| REDACTED);
    }
    body
}

fn report<'a>(fields: &mut Map<String, Value>, report_to: &'a ReportTo, show: impl Fn(&'a str) -> &'a str) {
    fields.insert("webhookUrl".to_owned(), json!(show(report_to.url.expose())));
    if let Some(credential) = &report_to.credential {
        // It comes back as `Authorization: Bearer <authSecret>`; that no other `authKey` is documented is why.
        fields
            .insert("webhookAuth".to_owned(), json!({ "authKey": "Bearer", "authSecret": show(credential.expose()) }));
    }
}

/// `POST /v1/voice-agents/phone-number/call`: from a number of the account. Takes these four fields only, so that what becomes of
/// the call is reported to the agent's own webhook.
pub(super) fn place_from_own(call: &PlaceCall<'_>, to: &str, agent: &ExternalId, own: &str) -> Value {
    json!({ "toNumber": to, "phoneNumber": own, "voiceAgentId": agent.as_str(), "params": params(call) })
}

/// `POST /v1/voice-agents/room/participant-token`.
pub(super) fn participant_token(call: &PlaceCall<'_>, agent: &ExternalId) -> Value {
    json!({ "voiceAgentId": agent.as_str(), "params": params(call) })
}

/// `POST /v1/voice-agents/room/conversation-init`, with what the SDK sends for a plain voice call.
pub(super) fn conversation_init(call: &PlaceCall<'_>, agent: &ExternalId, job: &ExternalId) -> Value {
    json!({
        "tools": [],
        "voiceEnablement": true,
        "voiceAgentId": agent.as_str(),
        "params": params(call),
        "jobId": job.as_str(),
        "channelType": "Web",
    })
}

fn params<'a>(call: &'a PlaceCall<'_>) -> BTreeMap<&'a str, String> {
    let given = call.params.iter().map(|(name, value)| (name.as_str(), Personal::expose(value).to_owned()));
    // Ours come last: nobody's parameter passes for them.
    given.chain([(CALL_PARAM, call.call.to_string()), (LEG_PARAM, call.leg.to_string())]).collect()
}

/// What an answer envelops.
pub(super) fn data(mut answer: Value) -> Option<Value> {
    let data = answer.get_mut("data")?.take();
    (!data.is_null()).then_some(data)
}

/// The name of a placed call: `jobId` from one endpoint, `id` from the other.
pub(super) fn job_of(data: &Value) -> Option<ExternalId> {
    let data = Field::whole(data);
    data.at("jobId").or(data.at("id")).id()
}

/// An `id`.
pub(super) fn id_of(data: &Value) -> Option<ExternalId> {
    Field::whole(data).at("id").id()
}

/// A browser's credential for a room.
pub(super) struct RoomToken<'a> {
    pub(super) token: &'a str,
    pub(super) job: ExternalId,
}

/// The credential in the answer of `participant-token`.
pub(super) fn room_token(data: &Value) -> Option<RoomToken<'_>> {
    let data = Field::whole(data);
    Some(RoomToken { token: data.at("liveKitAccessToken").text()?, job: data.at("jobId").id()? })
}

/// The agents in a page of the list, and how many there are in all.
pub(super) fn agents(data: &Value) -> (Vec<Agent>, Option<u32>) {
    let data = Field::whole(data);
    let listed = data.at("voiceAgents").or(data);
    (listed.list().filter_map(agent_in).collect(), data.at("total").whole_number())
}

/// One agent.
pub(super) fn agent(data: &Value) -> Option<Agent> {
    agent_in(Field::whole(data))
}

fn agent_in(record: Field<'_>) -> Option<Agent> {
    let name = record.at("agentName").or(record.at("name"));
    let language = record.at("lang").or(record.at("language"));
    Some(Agent {
        id: record.at("id").id()?,
        name: name.text().unwrap_or_default().to_owned(),
        language: language.text().map(str::to_owned),
        max_call_secs: None,
        details: crate::agent_record::disclosable(record.object()?, &["id", "agentName", "name", "lang", "language"]),
    })
}

/// The account's numbers. The documentation shows no answer: a list is taken bare, or under the names it may have.
pub(super) fn numbers(data: &Value) -> Vec<OwnedNumber> {
    let data = Field::whole(data);
    let named = data.at("phoneNumbers").or(data.at("numbers")).or(data.at("items"));
    let listed = if data.is_list() { data } else { named };
    listed.list().filter_map(number_in).collect()
}

fn number_in(record: Field<'_>) -> Option<OwnedNumber> {
    let number = record.at("phoneNumber").or(record.at("number"));
    let agent = record.at("voiceAgentId").or(record.at("agentId"));
    Some(OwnedNumber {
        id: record.at("id").id()?,
        number: number.text()?.to_owned(),
        agent_id: agent.id(),
        carrier: record.at("provider").text().map(str::to_lowercase),
    })
}

/// What a refusal means, by its words: `{success: false, message, messageKey?}` is all there is, and its keys are not published.
pub(super) fn decline(status: u16, body: &[u8]) -> Option<Decline> {
    if !matches!(status, 400 | 402 | 404 | 409 | 422) {
        return None;
    }
    let answer: Value = serde_json::from_slice(body).ok()?;
    let field = Field::whole(&answer);
    let text = |name: &str| field.at(name).text().unwrap_or_default().to_lowercase();
    let said = format!("{} {}", text("message"), text("messageKey"));
    let says = |words: &[&str]| words.iter().any(|word| said.contains(word));
    let of_an_agent = says(&["agent"]) && says(&["not found", "notfound", "invalid", "exist"]);
    if status == 404 {
        return of_an_agent.then_some(Decline::UnknownAgent);
    }
    let over = ["ended", "terminat", "complet", "finish", "closed"];
    Some(if says(&["not active"]) || (says(&["already", "has been", "no longer"]) && says(&over)) {
        Decline::AlreadyOver
    } else if status == 402 || says(&["credit", "balance", "insufficient", "quota", "payment"]) {
        Decline::NoCredit
    } else if says(&["concurren", "simultaneous"]) {
        Decline::Concurrency
    } else if of_an_agent {
        Decline::UnknownAgent
    } else if says(&["permission", "not allowed", "not permitted", "forbidden", "country", "belong"]) {
        Decline::NotPermitted
    } else if says(&["number", "tonumber", "e.164", "e164"]) {
        Decline::InvalidNumber
    } else {
        Decline::Other
    })
}

/// A time: RFC 3339, or milliseconds since the epoch.
pub(super) fn time(field: Field<'_>) -> Option<Timestamp> {
    if let Some(at) = field.text().and_then(Timestamp::parse) {
        return Some(at);
    }
    field.decimal()?.parse().ok().map(Timestamp::from_epoch_millis)
}

#[cfg(test)]
mod tests;

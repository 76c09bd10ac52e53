//! Calls as they are asked for: three endpoints with three bodies, and what Hamsa keeps of them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::agents::{self, Agent, HAMSA_NUMBER};
use super::refusal::Refusal;
use crate::random::uuid;
use crate::sim::carrier::callee::Callee;
use crate::sim::courier::is_here;

/// Which endpoint a call is placed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// `/v1/voice-agents/call`: over a number of Hamsa's, unless `fromNumber` says otherwise.
    Call,
    /// `/v1/voice-agents/phone-number/call`: over the customer's own number. It takes no webhook of its own.
    PhoneNumber,
    /// `/v1/voice-agents/twilio/call`: the older form of that, which does.
    Twilio,
}

/// Where a call's webhooks go, and with what.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Hook {
    pub(super) url: String,
    pub(super) bearer: Option<String>,
}

/// What Hamsa keeps with a conversation.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Notes {
    /// The id that webhooks give the call: not the conversation's.
    pub(super) call_id: String,
    pub(super) voice_agent_id: Option<String>,
    pub(super) agent_details: Value,
    pub(super) params: Map<String, Value>,
    pub(super) hook: Option<Hook>,
}

impl Notes {
    pub(super) fn agent(&self) -> Option<&'static Agent> {
        Agent::known(self.voice_agent_id.as_deref()?)
    }
}

/// A call that can be placed.
#[derive(Debug)]
pub(super) struct Wish {
    pub(super) to: String,
    pub(super) callee: Callee,
    pub(super) from: String,
    pub(super) notes: Notes,
}

impl Wish {
    pub(super) fn read(endpoint: Endpoint, raw: &[u8]) -> Result<Self, Refusal> {
        let body = body_object(raw)?;
        let to = text(&body, "toNumber")?.ok_or_else(|| Refusal::invalid("toNumber is required"))?.to_owned();
        let callee = Callee::at(&to).ok_or_else(|| Refusal::invalid("toNumber must be a valid phone number"))?;
        let from = match endpoint {
            Endpoint::Call => text(&body, "fromNumber")?.unwrap_or(HAMSA_NUMBER),
            Endpoint::PhoneNumber => required(&body, "phoneNumber")?,
            Endpoint::Twilio => required(&body, "twilioPhoneNumber")?,
        };
        if !agents::owns(from) {
            return Err(Refusal::invalid("The number to call from does not belong to this project"));
        }
        if endpoint == Endpoint::PhoneNumber && !body.contains_key("params") {
            return Err(Refusal::invalid("params is required"));
        }
        let hook = if endpoint == Endpoint::PhoneNumber { None } else { hook(&body)? };
        Ok(Self { callee, from: from.to_owned(), notes: Notes { hook, ..notes(&body)? }, to })
    }
}

/// What a body says about the conversation itself.
pub(super) fn notes(body: &Map<String, Value>) -> Result<Notes, Refusal> {
    let voice_agent_id = text(body, "voiceAgentId")?.map(str::to_owned);
    let agent_details = body.get("agentDetails").cloned().unwrap_or_default();
    match &voice_agent_id {
        Some(id) if Agent::known(id).is_none() => return Err(Refusal::NoSuchAgent),
        None if !agent_details.is_object() => return Err(Refusal::invalid("voiceAgentId or agentDetails is required")),
        Some(_) | None => {}
    }
    let params = match body.get("params") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(params)) if params.values().all(Value::is_string) => params.clone(),
        Some(_) => return Err(Refusal::invalid("params must be an object of strings")),
    };
    let call_id = format!("call_{}", uuid());
    Ok(Notes { call_id, voice_agent_id, agent_details, params, hook: None })
}

fn hook(body: &Map<String, Value>) -> Result<Option<Hook>, Refusal> {
    let Some(url) = text(body, "webhookUrl")? else { return Ok(None) };
    // Hamsa itself wants HTTPS everywhere; a local world can have none on its own machine.
    if !url.starts_with("https://") && !is_here(url) {
        return Err(Refusal::invalid("webhookUrl must use HTTPS"));
    }
    let bearer = match body.get("webhookAuth") {
        None | Some(Value::Null) => None,
        Some(Value::Object(auth)) => Some(required(auth, "authSecret")?.to_owned()),
        Some(_) => return Err(Refusal::invalid("webhookAuth must be an object")),
    };
    Ok(Some(Hook { url: url.to_owned(), bearer }))
}

/// The JSON object that a body must be.
pub(super) fn body_object(raw: &[u8]) -> Result<Map<String, Value>, Refusal> {
    match serde_json::from_slice(raw) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) | Err(_) => Err(Refusal::invalid("The body must be a JSON object")),
    }
}

fn required<'a>(fields: &'a Map<String, Value>, name: &str) -> Result<&'a str, Refusal> {
    text(fields, name)?.ok_or_else(|| Refusal::Invalid(format!("{name} is required")))
}

fn text<'a>(fields: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, Refusal> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text).filter(|text| !text.is_empty()).map(String::as_str)),
        Some(_) => Err(Refusal::Invalid(format!("{name} must be a string"))),
    }
}

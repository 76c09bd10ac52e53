//! R1's and R4's way of asking for a call and of being answered, over the same call.
//!
//! R1 (`POST /call/create`) asks OmniDimension, R4 (`POST /api/hamsa/call`) asks Hamsa. Their front ends read a few fields by
//! names of their own, which stand beside ours in the answer.

use std::collections::BTreeMap;

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use switchboard_auth::Caller;
use switchboard_core::{Channel, Detail, Fault, ProviderId};
use switchboard_lambda::{ApiError, CallOut, Reply, Request, old_status};

use crate::dry_run::dry_run;
use crate::order::{CallIn, Order, ProviderIn};
use crate::place::{Placing, carry_out};
use crate::{App, Operation};

/// R1's request.
#[derive(Debug, Deserialize)]
struct R1In {
    phone_number: Option<String>,
    to: Option<String>,
    region: Option<String>,
    #[serde(default)]
    context: BTreeMap<String, Value>,
    #[serde(alias = "maxDurationSecs")]
    max_duration_secs: Option<u32>,
    #[serde(default, alias = "dryRun")]
    dry_run: bool,
}

/// R4's request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct R4In {
    to_number: Option<String>,
    phone_number: Option<String>,
    region: Option<String>,
    scenario: Option<String>,
    #[serde(default)]
    params: BTreeMap<String, Value>,
    language: Option<String>,
    voice_agent_id: Option<String>,
    max_duration_secs: Option<u32>,
    #[serde(default)]
    dry_run: bool,
}

pub(crate) async fn create_as_r1(app: &App, caller: &Caller, request: &Request<Operation>) -> Result<Reply, ApiError> {
    let body: R1In = request.json()?;
    let call = CallIn {
        channel: Some(Channel::Phone),
        provider: Some(ProviderIn::Named(ProviderId::Omnidimension)),
        to: named(body.phone_number.or(body.to), "phone_number")?,
        region: body.region,
        params: texts(body.context, "context")?,
        max_duration_secs: body.max_duration_secs,
        dry_run: body.dry_run,
        ..CallIn::default()
    };
    place(app, caller, call, request, "call_id").await
}

pub(crate) async fn create_as_r4(app: &App, caller: &Caller, request: &Request<Operation>) -> Result<Reply, ApiError> {
    let body: R4In = request.json()?;
    let call = CallIn {
        channel: Some(Channel::Phone),
        provider: Some(ProviderIn::Named(ProviderId::Hamsa)),
        // R4's own client calls our number `phoneNumber` and the callee `toNumber`; its front end calls the callee so, too.
        to: named(body.to_number.or(body.phone_number), "toNumber")?,
        region: body.region,
        scenario: body.scenario,
        params: texts(body.params, "params")?,
        language: body.language,
        agent_id: body.voice_agent_id,
        max_duration_secs: body.max_duration_secs,
        dry_run: body.dry_run,
        ..CallIn::default()
    };
    place(app, caller, call, request, "jobId").await
}

async fn place(
    app: &App,
    caller: &Caller,
    call: CallIn,
    request: &Request<Operation>,
    id_field: &str,
) -> Result<Reply, ApiError> {
    let order = Order::try_from(call)?;
    if order.dry_run {
        return dry_run(app, caller, &order, request).await;
    }
    let placing = carry_out(app, caller, &order, request).await?;
    answer(&placing, caller, id_field)
}

fn named(to: Option<String>, field: &str) -> Result<Option<String>, ApiError> {
    match to {
        Some(to) => Ok(Some(to)),
        None => Err(ApiError::invalid(field, "is required")),
    }
}

/// Values for placeholders, as these front ends send them: texts, and now and then a number.
fn texts(values: BTreeMap<String, Value>, field: &str) -> Result<BTreeMap<String, String>, ApiError> {
    let mut texts = BTreeMap::new();
    let mut wrong = Vec::new();
    for (name, value) in values {
        match value {
            Value::String(text) => drop(texts.insert(name, text)),
            Value::Number(number) => drop(texts.insert(name, number.to_string())),
            Value::Bool(flag) => drop(texts.insert(name, flag.to_string())),
            Value::Null => {}
            Value::Array(_) | Value::Object(_) => {
                let shown: String = name.chars().take(64).collect();
                wrong.push(Detail::new(format!("{field}.{shown}"), "must be a text"));
            }
        }
    }
    if wrong.is_empty() {
        return Ok(texts);
    }
    Err(ApiError::new(Fault::InvalidRequest, "a field of the request is not valid").with_details(wrong))
}

/// 202 with the call, and beside it what these front ends read: whether it went well, how it stands, and its name under
/// `id_field`.
fn answer(placing: &Placing, caller: &Caller, id_field: &str) -> Result<Reply, ApiError> {
    let mut body = serde_json::to_value(CallOut::new(&placing.call, caller))
        .map_err(|_| ApiError::internal("a call cannot be written"))?;
    if let Value::Object(body) = &mut body {
        body.insert("success".to_owned(), json!(true));
        body.insert("status".to_owned(), json!(old_status(&placing.call)));
        body.insert(id_field.to_owned(), json!(placing.call.id));
    }
    let reply = Reply::json(StatusCode::ACCEPTED, &body)?;
    Ok(if placing.replayed { reply.replayed() } else { reply })
}

//! The endpoints of the simulated OmniDimension: what each reads, asks the service for, and shows.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, RawQuery, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use http::{StatusCode, header};
use serde_json::{Map, Value, json};
use switchboard_core::Clock;

use super::refusal::{self, Refusal};
use super::{BASE, CONCURRENCY, Omnidimension, catalogue, numbers};
use crate::random::uuid;
use crate::sim::query::{Parameters, page};
use crate::sim::sound;

/// How long the token of a session can be used.
const SESSION_LASTS: Duration = Duration::from_secs(15 * 60);

/// The page size of a list where nobody says, and the largest.
const PAGE: usize = 30;
const LARGEST_PAGE: usize = 150;

pub(super) fn router(service: Arc<Omnidimension>) -> Router {
    let api = Router::new()
        .route("/agents", get(agents_list))
        .route("/agents/create", post(agent_create))
        .route("/agents/{id}", get(agent_read).put(agent_update).delete(agent_delete))
        .route("/calls/dispatch", post(dispatch))
        .route("/calls/logs", get(logs))
        .route("/calls/logs/{id}", get(log))
        .route("/calls/bulk_call", get(bulk_calls))
        .route("/sessions/create", post(session))
        .route("/phone_number/list", get(numbers_list))
        .route("/phone_number/attach", post(number_attach))
        .route("/phone_number/detach", post(number_detach))
        .route("/phone_number/import/twilio", post(number_import))
        .route("/account/balance", get(balance))
        .route("/knowledge_base/list", get(async || Json(json!({"success": true, "files": []}))))
        .route("/providers/{kind}", get(catalogue_list))
        .route("/providers/voice/{id}", get(async |Path(id): Path<String>| catalogue::voice(&id).map(Json)))
        .route("/voices", get(async || Json(json!({"voices": [], "cursor": false}))))
        .fallback(async || Refusal::NotFound("Endpoint"))
        .method_not_allowed_fallback(async || refusal::with_status(StatusCode::METHOD_NOT_ALLOWED))
        .layer(from_fn_with_state(Arc::clone(&service), guard));
    Router::new()
        .nest(BASE, api)
        .route("/recordings/{file}", get(recording))
        .fallback(async || Refusal::NotFound("Endpoint"))
        .with_state(service)
}

type Service = State<Arc<Omnidimension>>;

async fn guard(State(service): Service, request: Request, next: Next) -> Response {
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if given.and_then(|value| value.strip_prefix("Bearer ")) != Some(service.api_key.as_str()) {
        return Refusal::BadKey.into_response();
    }
    next.run(request).await
}

fn body_object(raw: &[u8]) -> Result<Map<String, Value>, Refusal> {
    match serde_json::from_slice(raw) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) | Err(_) => Err(Refusal::invalid("The body must be a JSON object")),
    }
}

fn parameters(query: Option<String>) -> Parameters {
    Parameters::read(&query.unwrap_or_default())
}

/// `pageno` and `pagesize`.
fn paging(query: &Parameters) -> Result<(usize, usize), Refusal> {
    let number = |name: &str, default| {
        query.number(name, default).ok_or_else(|| Refusal::Invalid(format!("{name} must be an integer")))
    };
    Ok((number("pageno", 1)?, number("pagesize", PAGE)?))
}

async fn agents_list(State(service): Service, RawQuery(query): RawQuery) -> Result<Json<Value>, Refusal> {
    let query = parameters(query);
    let (number, size) = paging(&query)?;
    let mut agents = service.reporter.agents.all()?;
    let name = query.get("name").unwrap_or_default().to_lowercase();
    agents.retain(|agent| agent.name().to_lowercase().contains(&name));
    let total = agents.len();
    let hook = &service.reporter.agents_hook;
    let shown: Vec<Value> =
        page(agents, number, size.min(LARGEST_PAGE)).iter().map(|agent| agent.shown(hook)).collect();
    Ok(Json(json!({"bots": shown, "total_records": total})))
}

async fn agent_create(State(service): Service, raw: Bytes) -> Result<Json<Value>, Refusal> {
    let agent = service.reporter.agents.create(body_object(&raw)?)?;
    Ok(Json(json!({"id": agent.id, "name": agent.name(), "status": "Completed"})))
}

async fn agent_read(State(service): Service, Path(id): Path<String>) -> Result<Json<Value>, Refusal> {
    let agent = service.reporter.agents.find(agent_id(&id)?)?.ok_or(Refusal::NotFound("Agent"))?;
    Ok(Json(agent.shown(&service.reporter.agents_hook)))
}

async fn agent_update(State(service): Service, Path(id): Path<String>, raw: Bytes) -> Result<Json<Value>, Refusal> {
    let agent = service.reporter.agents.update(agent_id(&id)?, body_object(&raw)?)?;
    Ok(Json(json!({"id": agent.id, "name": agent.name(), "status": "Completed"})))
}

async fn agent_delete(State(service): Service, Path(id): Path<String>) -> Result<Json<Value>, Refusal> {
    service.reporter.agents.delete(agent_id(&id)?)?;
    Ok(Json(json!({"success": true, "message": "Agent deleted successfully"})))
}

fn agent_id(id: &str) -> Result<u64, Refusal> {
    id.parse().map_err(|_| Refusal::NotFound("Agent"))
}

async fn dispatch(State(service): Service, raw: Bytes) -> Result<Response, Refusal> {
    service.dispatch(&body_object(&raw)?)
}

async fn logs(State(service): Service, RawQuery(query): RawQuery) -> Result<Json<Value>, Refusal> {
    let query = parameters(query);
    let (number, size) = paging(&query)?;
    let bulk = query.get("bulk_call_id").is_some();
    if bulk && size > LARGEST_PAGE {
        return Err(Refusal::PageTooLarge);
    }
    let agent = query.get("agentid").map(agent_id).transpose()?;
    let status = query.get("call_status");
    // No call belongs to a bulk call: there are none.
    let found = service.records(|record| {
        !bulk
            && agent.is_none_or(|agent| record.notes.agent_id == agent)
            && status.is_none_or(|status| record.status.in_log() == status)
    })?;
    let total = found.len();
    let own = &service.reporter.own;
    let shown: Vec<Value> =
        page(found, number, size.min(LARGEST_PAGE)).iter().map(|record| record.logged(own)).collect();
    Ok(Json(json!({"call_log_data": shown, "total_records": total})))
}

/// One record comes in the same list as many.
async fn log(State(service): Service, Path(id): Path<String>) -> Result<Json<Value>, Refusal> {
    let record = service.record(&id)?.logged(&service.reporter.own);
    Ok(Json(json!({"call_log_data": [record], "total_records": 1})))
}

async fn bulk_calls(RawQuery(query): RawQuery) -> Result<Json<Value>, Refusal> {
    let (_, size) = paging(&parameters(query))?;
    if size > LARGEST_PAGE {
        return Err(Refusal::PageTooLarge);
    }
    Ok(Json(json!({"success": true, "bulk_calls": [], "total_records": 0})))
}

async fn session(State(service): Service, raw: Bytes) -> Result<Json<Value>, Refusal> {
    let body = body_object(&raw)?;
    let id = body.get("agent_id").and_then(Value::as_u64);
    let id = id.ok_or_else(|| Refusal::invalid("agent_id must be an integer"))?;
    service.reporter.agents.find(id)?.ok_or(Refusal::NotFound("Agent"))?;
    if body.get("type").and_then(Value::as_str) != Some("voice") {
        return Err(Refusal::invalid("type must be voice"));
    }
    let (session, token) = (uuid(), format!("sess_{}", uuid().simple()));
    Ok(Json(json!({
        "session_id": session.to_string(), "token": token, "expires_at": service.clock.now().plus(SESSION_LASTS),
        "ws_url": format!("wss://live.omnidim.io/chat/start_voice_chat?request_token={token}"),
    })))
}

async fn numbers_list(State(service): Service, RawQuery(query): RawQuery) -> Result<Json<Value>, Refusal> {
    let (number, size) = paging(&parameters(query))?;
    let numbers = service.numbers.all()?;
    let total = numbers.len();
    let shown: Vec<Value> = page(numbers, number, size.min(LARGEST_PAGE)).iter().map(numbers::Number::shown).collect();
    Ok(Json(json!({"success": true, "phone_numbers": shown, "total_records": total})))
}

async fn number_attach(State(service): Service, raw: Bytes) -> Result<Json<Value>, Refusal> {
    let body = body_object(&raw)?;
    let agent = integer(&body, "agent_id")?;
    service.reporter.agents.find(agent)?.ok_or(Refusal::NotFound("Agent"))?;
    service.numbers.attach(integer(&body, "phone_number_id")?, Some(agent))?;
    Ok(Json(json!({"success": true, "message": "Phone number attached"})))
}

async fn number_detach(State(service): Service, raw: Bytes) -> Result<Json<Value>, Refusal> {
    service.numbers.attach(integer(&body_object(&raw)?, "phone_number_id")?, None)?;
    Ok(Json(json!({"success": true, "message": "Phone number detached"})))
}

async fn number_import(State(service): Service, raw: Bytes) -> Result<Json<Value>, Refusal> {
    let number = service.numbers.import(&body_object(&raw)?)?;
    Ok(Json(json!({"success": true, "phone_number": number.shown()})))
}

fn integer(body: &Map<String, Value>, name: &str) -> Result<u64, Refusal> {
    let number = body.get(name).and_then(Value::as_u64);
    number.ok_or_else(|| Refusal::Invalid(format!("{name} must be an integer")))
}

async fn balance(State(service): Service) -> Result<Json<Value>, Refusal> {
    let in_use = service.in_use()?;
    let available = CONCURRENCY.saturating_sub(in_use);
    Ok(Json(json!({
        "success": true, "organization": {"id": 77, "name": "Local"},
        "balance": {"amount": 42.5, "currency": "USD", "display_amount": "42.50", "display_currency": "USD",
            "is_low": false, "can_place_calls": true},
        "estimated_minutes_remaining": {"basic_model": 531, "premium_model": 283},
        "rates_per_minute_usd": {"basic_model": 0.08, "premium_model": 0.15},
        "plan": {"name": "Local", "is_usage_based": false},
        "concurrency": {"limit": CONCURRENCY, "in_use": in_use, "available": available, "shared_limit": false,
            "shared_in_use": false},
        "auto_recharge": {"enabled": false, "threshold_usd": false, "amount_usd": false},
    })))
}

async fn catalogue_list(Path(kind): Path<String>, RawQuery(query): RawQuery) -> Result<Json<Value>, Refusal> {
    catalogue::list(&kind, &parameters(query)).map(Json)
}

/// Recordings are open to whoever knows their URL.
async fn recording(State(service): Service, Path(file): Path<String>) -> Result<Response, Refusal> {
    let record = service.record(file.strip_suffix(".mp3").unwrap_or_default())?;
    let sound = sound::call_mp3(Duration::from_secs(record.secs()));
    Ok(([(header::CONTENT_TYPE, "audio/mpeg")], sound).into_response())
}

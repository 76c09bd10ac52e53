//! The endpoints of the simulated Hamsa: what each reads, asks the service for, and shows.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, RawQuery, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use http::{StatusCode, header};
use serde_json::{Value, json};

use super::agents::{self, Agent};
use super::lists::{JobsWish, MinimalWish};
use super::orders::{Endpoint, Wish, body_object};
use super::refusal::{self, Refusal};
use super::statistics::{self, Period};
use super::{Hamsa, TERMINATED, succeeded};
use crate::random::uuid;
use crate::sim::front::Lost;
use crate::sim::query::Parameters;
use crate::sim::sound;

pub(super) fn router(hamsa: Arc<Hamsa>) -> Router {
    let guarded = Router::new()
        .route("/v1/voice-agents/call", post(call))
        .route("/v1/voice-agents/phone-number/call", post(phone_number_call))
        .route("/v1/voice-agents/twilio/call", post(twilio_call))
        .route("/v1/voice-agents/conversation/{id}/terminate", get(terminate))
        .route("/v1/voice-agents/conversation/{id}", get(read))
        .route("/v1/voice-agents/conversations/minimal-list", get(minimal_list))
        .route("/v1/jobs", get(job))
        .route("/v1/jobs/all", post(all_jobs))
        .route("/v2/jobs", get(jobs))
        .route("/v1/projects/by-api-key", get(project))
        .route("/v1/projects/statistics/{kind}", get(project_statistics))
        .route("/v1/agent-analytics/{kind}", get(analytics))
        .route("/v1/voice-agents", get(voice_agents))
        .route("/v2/voice-agents", get(voice_agents))
        .route("/v1/voice-agents/{id}", get(voice_agent))
        .route("/v1/voice-agents/phone-number/list", get(numbers))
        .route("/v1/voice-agents/room/participant-token", post(participant_token))
        .route("/v1/voice-agents/room/conversation-init", post(room_init))
        .route("/v1/voice-agents/conversation-init", post(conversation_init))
        .fallback(async || Refusal::NoSuchEndpoint)
        .method_not_allowed_fallback(async || refusal::with_status(StatusCode::METHOD_NOT_ALLOWED))
        .layer(from_fn_with_state(Arc::clone(&hamsa), guard));
    guarded.route("/media/conversations/{file}", get(media)).with_state(hamsa)
}

type Service = State<Arc<Hamsa>>;

/// The scheme is the word `Token`; anything else is refused.
async fn guard(State(hamsa): Service, request: Request, next: Next) -> Response {
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if given.and_then(|value| value.strip_prefix("Token ")) != Some(hamsa.api_key.as_str()) {
        return Refusal::BadKey.into_response();
    }
    next.run(request).await
}

fn created(data: &Value, lost: bool) -> Response {
    let mut answer = (StatusCode::CREATED, succeeded(data)).into_response();
    if lost {
        answer.extensions_mut().insert(Lost);
    }
    answer
}

async fn call(State(hamsa): Service, raw: Bytes) -> Result<Response, Refusal> {
    let (conversation, lost) = hamsa.place(Wish::read(Endpoint::Call, &raw)?)?;
    Ok(created(&Value::Object(conversation.job(&hamsa.reporter.own)), lost))
}

async fn phone_number_call(State(hamsa): Service, raw: Bytes) -> Result<Response, Refusal> {
    let (conversation, lost) = hamsa.place(Wish::read(Endpoint::PhoneNumber, &raw)?)?;
    Ok(created(&json!({"voiceAgentId": conversation.notes.voice_agent_id, "jobId": conversation.id}), lost))
}

async fn twilio_call(State(hamsa): Service, raw: Bytes) -> Result<Response, Refusal> {
    let (conversation, lost) = hamsa.place(Wish::read(Endpoint::Twilio, &raw)?)?;
    Ok(created(&Value::Object(conversation.job(&hamsa.reporter.own)), lost))
}

async fn terminate(State(hamsa): Service, Path(id): Path<String>) -> Result<Json<Value>, Refusal> {
    hamsa.terminate(&id)?;
    Ok(Json(json!({"success": true, "message": TERMINATED.0, "messageKey": TERMINATED.1})))
}

async fn read(State(hamsa): Service, Path(id): Path<String>) -> Result<Response, Refusal> {
    Ok(succeeded(&hamsa.find(&id)?.detail(&hamsa.reporter.own)))
}

async fn minimal_list(State(hamsa): Service, RawQuery(query): RawQuery) -> Result<Response, Refusal> {
    let wish = MinimalWish::read(&parameters(query))?;
    let covered = hamsa.all_that(|at| wish.covers(at))?;
    Ok(succeeded(&wish.answer(hamsa.count()?, covered)))
}

async fn job(State(hamsa): Service, RawQuery(query): RawQuery) -> Result<Json<Value>, Refusal> {
    let query = parameters(query);
    let id = query.get("jobId").ok_or_else(|| Refusal::invalid("jobId is required"))?;
    let (job, own) = (hamsa.find(id)?, &hamsa.reporter.own);
    let preview = job.media_url(own);
    Ok(Json(json!({"success": true, "message": "Success", "previewUrl": preview, "data": job.job_detail(own)})))
}

async fn all_jobs(State(hamsa): Service, RawQuery(query): RawQuery, raw: Bytes) -> Result<Response, Refusal> {
    statistics::project(&parameters(query))?;
    let wish = JobsWish::of_body(&body_object(&raw)?)?;
    Ok(succeeded(&wish.answer(hamsa.all()?, &hamsa.reporter.own)))
}

async fn jobs(State(hamsa): Service, RawQuery(query): RawQuery) -> Result<Response, Refusal> {
    let query = parameters(query);
    statistics::project(&query)?;
    Ok(succeeded(&JobsWish::of_query(&query)?.answer(hamsa.all()?, &hamsa.reporter.own)))
}

async fn project(State(hamsa): Service) -> Response {
    succeeded(&json!({"id": agents::PROJECT_ID, "name": "Local", "createdAt": hamsa.started}))
}

async fn project_statistics(
    State(hamsa): Service,
    Path(kind): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let shape = match kind.as_str() {
        "numbers" => statistics::numbers,
        "chart" => statistics::chart,
        _ => return Err(Refusal::NoSuchEndpoint),
    };
    let period = Period::read(&parameters(query))?;
    let mut conversations = hamsa.all()?;
    conversations.retain(|conversation| period.covers(conversation));
    Ok(succeeded(&shape(&conversations)))
}

async fn analytics(State(hamsa): Service, Path(kind): Path<String>) -> Result<Response, Refusal> {
    Ok(succeeded(&statistics::analytics(&kind, &hamsa.all()?)?))
}

async fn voice_agents(State(hamsa): Service, RawQuery(query): RawQuery) -> Response {
    let query = parameters(query);
    let hook = hamsa.reporter.agents_hook.get();
    let found = agents::all(query.get("search").unwrap_or_default());
    let shown: Vec<Value> = found.map(|agent| agent.shown(hamsa.started, hook.as_deref())).collect();
    succeeded(&json!({"total": agents::all("").count(), "filtered": shown.len(), "voiceAgents": shown}))
}

async fn voice_agent(State(hamsa): Service, Path(id): Path<String>) -> Result<Response, Refusal> {
    let agent = Agent::known(&id).ok_or(Refusal::NoSuchAgent)?;
    Ok(succeeded(&agent.shown(hamsa.started, hamsa.reporter.agents_hook.get().as_deref())))
}

async fn numbers() -> Response {
    succeeded(&agents::numbers())
}

/// A token of the media server's form; nothing here could open it.
async fn participant_token(State(hamsa): Service, raw: Bytes) -> Result<Response, Refusal> {
    let web = hamsa.open_in_browser(&raw)?;
    let token = format!("eyJhbGciOiJIUzI1NiJ9.{}.{}", uuid().simple(), uuid().simple());
    Ok(created(&json!({"liveKitAccessToken": token, "jobId": web.id}), false))
}

async fn room_init(State(hamsa): Service, raw: Bytes) -> Result<Response, Refusal> {
    let body = body_object(&raw)?;
    let id = body.get("jobId").and_then(Value::as_str).ok_or_else(|| Refusal::invalid("jobId is required"))?;
    hamsa.start_in_browser(hamsa.web.find(id)?.ok_or(Refusal::NoSuchConversation)?)?;
    Ok(created(&json!({"jobId": id}), false))
}

async fn conversation_init(State(hamsa): Service, raw: Bytes) -> Result<Response, Refusal> {
    let web = hamsa.open_in_browser(&raw)?;
    let id = web.id.clone();
    hamsa.start_in_browser(web)?;
    Ok(created(&json!({"jobId": id}), false))
}

/// Recordings are open to whoever knows their URL, as those in Hamsa's bucket are.
async fn media(State(hamsa): Service, Path(file): Path<String>) -> Result<Response, Refusal> {
    let conversation = hamsa.find(file.strip_suffix(".wav").unwrap_or_default())?;
    if conversation.media_url(&hamsa.reporter.own).is_none() {
        return Err(Refusal::NoSuchConversation);
    }
    let sound = sound::call_wav(&conversation.id, Duration::from_secs(conversation.talked_secs));
    Ok(([(header::CONTENT_TYPE, "audio/wav")], sound).into_response())
}

fn parameters(query: Option<String>) -> Parameters {
    Parameters::read(&query.unwrap_or_default())
}

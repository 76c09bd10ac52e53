//! The simulated OMI voice API: a real HTTP service under `/v1` that holds conversations and posts webhooks back.
//!
//! Written from the published wire contract, apart from the product's client. What its endpoints are is here; what
//! they do is in the files below, one noun each. It does not know that it can be made to fail: that is `front.rs`.

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use http::request::Parts;
use http::{Method, StatusCode, Uri};
use serde_json::{Map, Value, json};
use switchboard_core::{Clock, Timestamp};

use self::access::RateLimit;
use self::refusal::Refusal;
use self::sessions::{Opening, Session, Sessions, body_object};
use self::turns::Turn;
use super::deliveries::{Deliveries, Message, Sender};
use super::front::Face;
use super::provider::{Operation, Provider};
use crate::clock::ScriptedClock;
use crate::ledger::Ledger;

pub use self::access::OmiAccount;

mod access;
mod conversation;
mod events;
mod facts;
mod intents;
mod language;
mod refusal;
mod sessions;
mod speech;
mod turns;

/// Where OMI posts its webhooks on the gateway.
pub(crate) const WEBHOOK_PATH: &str = "/api/webhook";

/// What the front has to know of OMI.
pub(crate) fn face() -> Face {
    let lie = Arc::new(|method: &Method, uri: &Uri, body: &Bytes| lie(method, uri.path(), body));
    Face { provider: Provider::Omi, operation, lie, error: refusal::with_status }
}

/// The service.
#[derive(Debug)]
pub(crate) struct Omi {
    account: OmiAccount,
    clock: ScriptedClock,
    started: Timestamp,
    seed: u64,
    sessions: Sessions,
    deliveries: Arc<Deliveries>,
    limit: RateLimit,
    /// Held from reading a session to writing it back, so that turns at the same moment do not lose each other.
    writing: Mutex<()>,
}

impl Omi {
    pub(crate) fn new(
        account: OmiAccount,
        clock: ScriptedClock,
        ledger: Ledger,
        deliveries: Arc<Deliveries>,
        seed: u64,
    ) -> Self {
        let started = clock.now();
        let limit = RateLimit::new(started);
        Self { account, clock, started, seed, sessions: Sessions(ledger), deliveries, limit, writing: Mutex::default() }
    }

    pub(crate) fn router(self: Arc<Self>) -> Router {
        let guarded = Router::new()
            .route("/v1/sessions", post(open))
            .route("/v1/sessions/{id}", get(read).patch(change).delete(end))
            .route("/v1/process", post(process_text))
            .route("/v1/process/audio", post(process_audio))
            .route("/v1/auth/verify", get(verify))
            .fallback(async || Refusal::NoSuchEndpoint)
            .method_not_allowed_fallback(async || refusal::with_status(StatusCode::METHOD_NOT_ALLOWED))
            .layer(from_fn_with_state(Arc::clone(&self), guard));
        guarded.route("/v1/health", get(health)).with_state(self)
    }

    fn open(&self, wish: Opening) -> Result<(StatusCode, Session), Refusal> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        if let Some(known) = self.sessions.find(wish.session_id())? {
            if known.ended_at.is_some() {
                return Err(Refusal::SessionEnded);
            }
            return Ok((StatusCode::OK, self.sessions.live(wish.session_id(), now)?));
        }
        let session = Session::new(wish, now, self.seed);
        self.sessions.keep(&session)?;
        self.owe([events::session_created(&session)])?;
        Ok((StatusCode::CREATED, session))
    }

    /// Changes a live session and owes the events that the change gives rise to.
    fn with<T>(
        &self,
        id: &str,
        change: impl FnOnce(&mut Session, Timestamp) -> Result<(T, Vec<Value>), Refusal>,
    ) -> Result<T, Refusal> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        let mut session = self.sessions.live(id, now)?;
        let (outcome, events) = change(&mut session, now)?;
        self.sessions.keep(&session)?;
        self.owe(events)?;
        Ok(outcome)
    }

    fn owe(&self, events: impl IntoIterator<Item = Value>) -> Result<(), Refusal> {
        let messages = events.into_iter().map(|event| Message::new(Sender::Omi, WEBHOOK_PATH, event));
        Ok(self.deliveries.owe(messages)?)
    }

    fn take(&self, turn: Turn) -> Result<Json<Value>, Refusal> {
        let id = turn.session_id.clone();
        let answer = self.with(&id, |session, now| turn.take(session, now).map(|done| (done.answer, done.events)))?;
        Ok(Json(answer))
    }
}

type Service = State<Arc<Omi>>;

async fn guard(State(omi): Service, request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    // The front has limited the body already.
    let Ok(raw) = axum::body::to_bytes(body, usize::MAX).await else { return Refusal::TooLarge.into_response() };
    let now = omi.clock.now();
    if let Err(refusal) = omi.account.check(&head, &raw, now).and_then(|()| omi.limit.count(now)) {
        return refusal.into_response();
    }
    next.run(Request::from_parts(head, Body::from(raw))).await
}

async fn open(State(omi): Service, raw: Bytes) -> Result<Response, Refusal> {
    let wish = Opening::read(&body_object(&raw)?)?;
    let (status, session) = omi.open(wish)?;
    Ok((status, Json(session.shown())).into_response())
}

async fn read(State(omi): Service, Path(id): Path<String>) -> Result<Json<Value>, Refusal> {
    Ok(Json(omi.sessions.live(&id, omi.clock.now())?.shown()))
}

async fn change(State(omi): Service, Path(id): Path<String>, raw: Bytes) -> Result<Json<Value>, Refusal> {
    let changes = sessions::object(&body_object(&raw)?, "context")?;
    let changes = changes.ok_or_else(|| Refusal::invalid("context is required"))?;
    let shown = omi.with(&id, |session, now| {
        session.merge(changes)?;
        session.updated_at = now;
        Ok((session.shown(), vec![events::session_updated(session)]))
    })?;
    Ok(Json(shown))
}

async fn end(State(omi): Service, Path(id): Path<String>) -> Result<Json<Value>, Refusal> {
    let shown = omi.with(&id, |session, now| {
        session.ended_at = Some(now);
        Ok((session.shown(), vec![events::session_ended(session, now)]))
    })?;
    Ok(Json(shown))
}

async fn process_text(State(omi): Service, raw: Bytes) -> Result<Json<Value>, Refusal> {
    omi.take(Turn::text(&raw)?)
}

async fn process_audio(State(omi): Service, head: Parts, raw: Bytes) -> Result<Json<Value>, Refusal> {
    omi.take(Turn::audio(&head, &raw).await?)
}

async fn verify(State(omi): Service) -> Json<Value> {
    let scopes = ["voice:process", "sessions:manage", "webhooks:receive", "ai:interact"];
    Json(json!({"valid": true, "appId": omi.account.app_id, "scopes": scopes}))
}

async fn health(State(omi): Service) -> Json<Value> {
    let uptime_secs = omi.clock.now().since(omi.started).as_secs();
    Json(json!({"status": "healthy", "version": "1.0.0", "uptime": uptime_secs}))
}

fn operation(_: &Method, path: &str) -> Operation {
    if path.starts_with("/v1/sessions") {
        Operation::Session
    } else if path.starts_with("/v1/process") {
        Operation::Process
    } else {
        Operation::Status
    }
}

/// What a caller would see had the request been served.
fn lie(method: &Method, path: &str, body: &Bytes) -> Response {
    let wish: Map<String, Value> = serde_json::from_slice(body).unwrap_or_default();
    let context = wish.get("context").cloned().unwrap_or_else(|| json!({}));
    let in_path = path.strip_prefix("/v1/sessions/");
    let id = in_path.map(|id| json!(id)).or(wish.get("sessionId").cloned());
    let (status, answer) = match operation(method, path) {
        Operation::Session if in_path.is_none() => (
            StatusCode::CREATED,
            json!({"sessionId": id, "status": "active", "config": wish.get("config"), "context": context}),
        ),
        Operation::Session => {
            let state = if *method == Method::DELETE { "ended" } else { "active" };
            (StatusCode::OK, json!({"sessionId": id, "status": state, "context": context}))
        }
        Operation::Process => (
            StatusCode::OK,
            json!({"response": "Certainly, I have taken care of that.", "transcription": "", "context": context, "actions": []}),
        ),
        _ => (StatusCode::OK, json!({"valid": true, "status": "healthy"})),
    };
    (status, Json(answer)).into_response()
}

#[cfg(test)]
mod tests;

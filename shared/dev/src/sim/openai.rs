//! The simulated OpenAI: realtime calls with a real WebRTC peer, client secrets, calls that come in by telephone, ChatKit.
//!
//! Written from the published wire contract, apart from the product's client. Its endpoints are here, one noun each in the files
//! below. The far end of a call is `peer.rs`, what it says `agent.rs`; lines and their seconds are the carrier's. Sound runs on
//! wall time, for the network is a real one; secrets, sessions and ringing follow the world's clock.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use bytes::Bytes;
use http::request::Parts;
use http::{Method, StatusCode, Uri};
use serde_json::{Map, Value};

use self::access::Caller;
use self::calls::Verb;
use self::chatkit::ChatKit;
use self::client_secrets::ClientSecrets;
use self::incoming::IncomingCalls;
use self::refusal::Refusal;
use super::carrier::Carrier;
use super::control::WebhookUrl;
use super::deliveries::Deliveries;
use super::front::Face;
use super::provider::{Operation, Provider};
use crate::clock::ScriptedClock;
use crate::ledger::{Ledger, LedgerError};
use crate::random::uuid;

pub(super) use self::access::open_to_pages;
pub(crate) use self::incoming::IncomingWish;
pub(crate) use self::peer::Peers;

mod access;
mod agent;
mod calls;
mod chatkit;
mod client_secrets;
mod incoming;
mod lies;
mod models;
mod offer;
pub(crate) mod peer;
mod refusal;
mod session;

/// What follows the address in the base URL.
pub(super) const BASE: &str = "/v1";

/// Where calls are opened.
const CALLS: &str = "/v1/realtime/calls";

/// Where webhooks are posted on the gateway.
const WEBHOOK_PATH: &str = "/webhooks/openai";

/// The longest that a session lasts, as published.
const SESSION_LIMIT: Duration = Duration::from_secs(60 * 60);

/// How long a call waits for its page to connect.
const CONNECTS_WITHIN: Duration = Duration::from_secs(30);

/// The service.
pub(crate) struct Openai {
    api_key: String,
    clock: ScriptedClock,
    carrier: Arc<Carrier>,
    deliveries: Arc<Deliveries>,
    peers: Arc<Peers>,
    secrets: ClientSecrets,
    incoming: IncomingCalls,
    chatkit: ChatKit,
}

impl std::fmt::Debug for Openai {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Openai").field("peers", &self.peers).finish_non_exhaustive()
    }
}

impl Openai {
    /// The service with what `ledger` still knows; calls of pages that were up in an earlier run end.
    pub(crate) fn open(
        api_key: String,
        clock: ScriptedClock,
        ledger: Ledger,
        (carrier, peers): (Arc<Carrier>, Arc<Peers>),
        deliveries: Arc<Deliveries>,
    ) -> Result<Self, LedgerError> {
        let openai = Self {
            api_key,
            secrets: ClientSecrets::new(clock.clone(), ledger.clone()),
            chatkit: ChatKit::new(clock.clone(), ledger.clone()),
            incoming: IncomingCalls(ledger),
            clock,
            carrier,
            deliveries,
            peers,
        };
        openai.end_orphans()?;
        Ok(openai)
    }

    /// What the front has to know of this OpenAI.
    pub(crate) fn face(self: &Arc<Self>) -> Face {
        let openai = Arc::clone(self);
        let lie = Arc::new(move |method: &Method, uri: &Uri, body: &Bytes| openai.lie(method, uri, body));
        Face { provider: Provider::Openai, operation, lie, error: refusal::with_status }
    }

    pub(crate) fn router(self: Arc<Self>) -> Router {
        Router::new()
            .route("/v1/realtime/client_secrets", post(mint))
            .route(CALLS, post(open_call))
            .route("/v1/realtime/calls/{id}/{verb}", post(tell_call))
            .route("/v1/realtime/sessions", post(async || Refusal::beta_shape()))
            .route("/v1/realtime/transcription_sessions", post(async || Refusal::beta_shape()))
            .route("/v1/chatkit/sessions", post(open_chat))
            .route("/v1/chatkit/sessions/{id}/cancel", post(cancel_chat))
            .route("/v1/chatkit/threads", get(async || Json(ChatKit::threads())))
            .route("/v1/models", get(async || Json(models::list())))
            .route("/v1/models/{id}", get(async |Path(id): Path<String>| models::one(&id).map(Json)))
            .fallback(async |method: Method, uri: Uri| Refusal::no_such_url(&method, uri.path()))
            .method_not_allowed_fallback(async |method: Method, uri: Uri| {
                let message = format!("Not allowed to {method} on {}.", uri.path());
                Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_supported", message)
            })
            .layer(from_fn_with_state(Arc::clone(&self), access::check))
            .with_state(self)
    }

    /// Where webhooks are posted.
    pub(crate) fn webhook_urls(&self) -> Vec<WebhookUrl> {
        let url = self.deliveries.gateway().map(|base| format!("{base}{WEBHOOK_PATH}"));
        url.map(|url| WebhookUrl { provider: Provider::Openai, url }).into_iter().collect()
    }
}

type Service = State<Arc<Openai>>;

async fn mint(State(openai): Service, raw: Bytes) -> Result<Json<Value>, Refusal> {
    openai.secrets.mint(&object(&raw)?).map(Json)
}

async fn open_call(
    State(openai): Service,
    Extension(caller): Extension<Caller>,
    head: Parts,
    raw: Bytes,
) -> Result<Response, Refusal> {
    openai.open_call(caller, &head, &raw).await
}

async fn tell_call(
    State(openai): Service,
    Path((id, verb)): Path<(String, String)>,
    head: Parts,
    raw: Bytes,
) -> Result<(), Refusal> {
    let verb = Verb::named(&verb).ok_or_else(|| Refusal::no_such_url(&head.method, head.uri.path()))?;
    openai.tell_call(&id, verb, &raw)
}

async fn open_chat(State(openai): Service, raw: Bytes) -> Result<Json<Value>, Refusal> {
    openai.chatkit.open(&object(&raw)?).map(Json)
}

async fn cancel_chat(State(openai): Service, Path(id): Path<String>) -> Result<Json<Value>, Refusal> {
    openai.chatkit.cancel(&id).map(Json)
}

/// A body, which must be a JSON object.
fn object(raw: &Bytes) -> Result<Map<String, Value>, Refusal> {
    serde_json::from_slice(raw).map_err(|_| {
        let message = "We could not parse the JSON body of your request. The API expects a JSON object.";
        Refusal::new(StatusCode::BAD_REQUEST, "invalid_json", message)
    })
}

/// What a request is about. Whoever decides about a call that rings places it, or ends it.
fn operation(method: &Method, path: &str) -> Operation {
    let of_call = path.strip_prefix(CALLS).map(|rest| rest.rsplit('/').next().unwrap_or_default());
    match of_call {
        Some("") => Operation::Sdp,
        Some("hangup") => Operation::Hangup,
        Some("accept") => Operation::Place,
        Some("reject" | "refer") => Operation::End,
        Some(_) => Operation::Status,
        None if path.starts_with("/v1/realtime/") => Operation::Token,
        None if path.starts_with("/v1/chatkit/sessions") => Operation::Session,
        None if path.starts_with("/v1/chatkit/") && *method == Method::GET => Operation::List,
        None => Operation::Status,
    }
}

/// A name that nobody else has, with what it is a name of before it.
fn new_id(prefix: &str) -> String {
    format!("{prefix}_{}", uuid().simple())
}

#[cfg(test)]
mod tests;

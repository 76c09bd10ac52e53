//! The simulators on loopback ports with a fixed clock, a gateway that takes their webhooks, and a client.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use bytes::Bytes;
use dynoxide::Database;
use http::{HeaderMap, StatusCode, Uri};
use serde_json::{Value, json};
use switchboard_core::Timestamp;
use tokio::net::TcpListener;

use super::deliveries::SigningKeys;
use super::provider::Provider;
use super::signature::WebhookSecret;
use super::{OmiAccount, SIMULATED, Setup, Simulators, TwilioAccount, base_url};
use crate::clock::ScriptedClock;
use crate::credentials::{
    HAMSA_API_KEY, OMNIDIMENSION_API_KEY, OPENAI_API_KEY, OPENAI_WEBHOOK_SECRET, TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN,
};
use crate::ledger::Ledger;

pub(crate) const KEY: &str = "omi_dev_0000";
/// Where the one page comes from that may speak to OpenAI.
pub(crate) const PAGE: &str = "http://localhost:3000";
pub(crate) const WEBHOOK_SECRET: &str = "whsec_bG9jYWwtb21pLXdlYmhvb2stc2VjcmV0LTAwMDE=";

/// One webhook as the gateway got it: `body` is JSON, or a form as an object (of repeated names the last counts).
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) raw: Bytes,
    pub(crate) body: Value,
}

/// A gateway that takes every webhook with 200, or with the statuses it was told to answer first.
#[derive(Clone, Debug)]
pub(crate) struct Gateway {
    base: String,
    seen: Arc<Mutex<(Vec<Received>, VecDeque<u16>)>>,
}

impl Gateway {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let gateway = Self { base, seen: Arc::default() };
        let router = Router::new()
            .route("/api/webhook", post(take))
            .route("/webhooks/{sender}", post(take))
            .with_state(gateway.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        gateway
    }

    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.seen.lock().unwrap().0.clone()
    }

    pub(crate) fn events(&self) -> Vec<String> {
        self.received().iter().map(|hook| hook.body["event"].as_str().unwrap().to_owned()).collect()
    }

    /// What came to `/webhooks/{sender}`.
    pub(crate) fn of(&self, sender: &str) -> Vec<Received> {
        let path = format!("/webhooks/{sender}");
        self.received().into_iter().filter(|hook| hook.path == path).collect()
    }

    pub(crate) fn answer_next(&self, statuses: &[u16]) {
        self.seen.lock().unwrap().1.extend(statuses);
    }
}

async fn take(State(gateway): State<Gateway>, uri: Uri, headers: HeaderMap, raw: Bytes) -> StatusCode {
    let mut seen = gateway.seen.lock().unwrap();
    let body = serde_json::from_slice(&raw).unwrap_or_else(|_| {
        let pairs = form_urlencoded::parse(&raw).into_owned();
        Value::Object(pairs.map(|(name, value)| (name, Value::String(value))).collect())
    });
    seen.0.push(Received { path: uri.path().to_owned(), headers, raw, body });
    StatusCode::from_u16(seen.1.pop_front().unwrap_or(200)).unwrap()
}

/// Everything at once.
#[derive(Debug)]
pub(crate) struct Testbed {
    pub(crate) simulators: Simulators,
    pub(crate) clock: ScriptedClock,
    pub(crate) ledger: Ledger,
    pub(crate) gateway: Gateway,
    pub(crate) client: reqwest::Client,
    pub(crate) omi: String,
    bases: HashMap<Provider, String>,
    control: String,
    saved: Arc<Mutex<Duration>>,
}

pub(crate) fn start_time() -> Timestamp {
    Timestamp::from_epoch_secs(1_795_169_208)
}

pub(crate) fn client() -> reqwest::Client {
    // Whoever was first has installed it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

pub(crate) fn setup(clock: &ScriptedClock, ledger: &Ledger, saved: Arc<Mutex<Duration>>) -> Setup {
    Setup {
        clock: clock.clone(),
        ledger: ledger.clone(),
        save_offset: Arc::new(move |offset| {
            *saved.lock().unwrap() = offset;
            Ok(())
        }),
        omi: OmiAccount { api_key: KEY.into(), api_secret: None, app_id: "app_local".into() },
        hamsa_api_key: HAMSA_API_KEY.into(),
        omnidimension_api_key: OMNIDIMENSION_API_KEY.into(),
        twilio: TwilioAccount { sid: TWILIO_ACCOUNT_SID.into(), auth_token: TWILIO_AUTH_TOKEN.into() },
        openai_api_key: OPENAI_API_KEY.into(),
        pages: PAGE.into(),
        signing_keys: signing_keys(),
        seed: 0,
        stopwatch: crate::stopwatch::Stopwatch::default(),
    }
}

pub(crate) fn signing_keys() -> SigningKeys {
    SigningKeys {
        omi: WebhookSecret::parse(WEBHOOK_SECRET).unwrap(),
        twilio: TWILIO_AUTH_TOKEN.into(),
        openai: WebhookSecret::parse(OPENAI_WEBHOOK_SECRET).unwrap(),
    }
}

impl Testbed {
    pub(crate) async fn start() -> Self {
        let clock = ScriptedClock::fixed(start_time());
        let ledger = Ledger::open(Database::memory().unwrap()).unwrap();
        let saved = Arc::default();
        let simulators = Simulators::open(setup(&clock, &ledger, Arc::clone(&saved))).unwrap();
        let gateway = Gateway::start().await;
        simulators.set_gateway(gateway.base());
        let control = listener().await;
        let control_address = control.local_addr().unwrap();
        let mut bases = HashMap::new();
        for provider in SIMULATED {
            let own = listener().await;
            bases.insert(provider, base_url(provider, own.local_addr().unwrap().port()));
            tokio::spawn(simulators.serve(provider, own));
        }
        let router = simulators.control_router();
        tokio::spawn(async move { axum::serve(control, router).await });
        Self {
            simulators,
            clock,
            ledger,
            gateway,
            client: client(),
            omi: bases[&Provider::Omi].clone(),
            bases,
            control: format!("http://{control_address}"),
            saved,
        }
    }

    pub(crate) fn saved_offset(&self) -> Duration {
        *self.saved.lock().unwrap()
    }

    pub(crate) async fn advance(&self, secs: u64) {
        self.simulators.clockwork().advance(Duration::from_secs(secs)).await.unwrap();
    }

    /// A request to OMI with the right credentials.
    pub(crate) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = http::Method::from_bytes(method.as_bytes()).unwrap();
        let url = format!("{}{path}", self.omi);
        self.client.request(method, url).bearer_auth(KEY).header("x-omi-app-id", "app_local")
    }

    pub(crate) async fn call(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let request = self.request(method, path).header("content-type", "application/json");
        read(request.body(body.to_string()).send().await.unwrap()).await
    }

    /// A provider's base URL.
    pub(crate) fn base(&self, provider: Provider) -> &str {
        &self.bases[&provider]
    }

    /// A request to any provider with the right credentials; `path` follows its base URL.
    pub(crate) fn to(&self, provider: Provider, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = http::Method::from_bytes(method.as_bytes()).unwrap();
        let request = self.client.request(method, format!("{}{path}", self.bases[&provider]));
        match provider {
            Provider::Hamsa => request.header("authorization", format!("Token {HAMSA_API_KEY}")),
            Provider::Omnidimension => request.bearer_auth(OMNIDIMENSION_API_KEY),
            Provider::Twilio => request.basic_auth(TWILIO_ACCOUNT_SID, Some(TWILIO_AUTH_TOKEN)),
            Provider::Openai => request.bearer_auth(OPENAI_API_KEY),
            Provider::Omi => panic!("use `request`"),
        }
    }

    /// The same with JSON, or without a body where it is `null`.
    pub(crate) async fn ask(&self, provider: Provider, method: &str, path: &str, body: Value) -> (u16, Value) {
        let mut request = self.to(provider, method, path);
        if !body.is_null() {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        read(request.send().await.unwrap()).await
    }

    pub(crate) async fn open_session(&self, id: &str) {
        let (status, _) = self.call("POST", "/sessions", json!({"sessionId": id})).await;
        assert_eq!(status, 201);
    }

    pub(crate) fn turn(&self, id: &str, text: &str) -> reqwest::RequestBuilder {
        let body = json!({"sessionId": id, "input": {"type": "text", "content": text}});
        self.request("POST", "/process").body(body.to_string())
    }

    pub(crate) async fn say(&self, id: &str, text: &str) -> Value {
        let (status, answer) = read(self.turn(id, text).send().await.unwrap()).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    pub(crate) async fn control_raw(&self, method: &str, path: &str, body: &str) -> (u16, HeaderMap, Value) {
        let method = http::Method::from_bytes(method.as_bytes()).unwrap();
        let request = self.client.request(method, format!("{}{path}", self.control)).body(body.to_owned());
        let answer = request.send().await.unwrap();
        let headers = answer.headers().clone();
        let (status, body) = read(answer).await;
        (status, headers, body)
    }

    pub(crate) async fn control(&self, method: &str, path: &str, body: &str) -> Value {
        let (status, headers, answer) = self.control_raw(method, path, body).await;
        assert_eq!(status, 200, "{answer}");
        assert!(headers.contains_key("x-request-id"));
        answer
    }
}

async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

pub(crate) async fn read(answer: reqwest::Response) -> (u16, Value) {
    let status = answer.status().as_u16();
    (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default())
}

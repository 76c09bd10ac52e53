//! What the tests stand on: a world with a clock that stands still, and a client that speaks to it over HTTP.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use switchboard_auth::PresentedKey;
use switchboard_core::{ApiKey, Clock, Scope, TenantId, Timestamp};
use switchboard_dev::credentials::{LOCAL_KEY, OTHER_KEY};
use switchboard_dev::world::{Options, World};
use switchboard_lambda::{AwsSettings, Boot};

/// The time at which every test world begins.
pub(crate) fn start_time() -> Timestamp {
    Timestamp::parse("2026-11-20T12:00:00Z").unwrap()
}

/// A world and a client for it.
#[derive(Debug)]
pub(crate) struct TestWorld {
    pub(crate) world: World,
    http: reqwest::Client,
}

impl TestWorld {
    /// The local world, in memory, its clock standing at [`start_time`].
    pub(crate) async fn start() -> Self {
        Self::with(&[]).await
    }

    /// The same with other parameters of the template.
    pub(crate) async fn with(parameters: &[(&str, &str)]) -> Self {
        let mut options = Options::for_tests(start_time());
        options.parameters = parameters.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        Self::from(World::start(options).await.unwrap())
    }

    fn from(world: World) -> Self {
        Self { world, http: client() }
    }

    /// A client with the local API key (all scopes, tenant `local`).
    pub(crate) fn as_local(&self) -> Caller<'_> {
        self.bearing(LOCAL_KEY)
    }

    /// A client with the other tenant's key.
    pub(crate) fn as_other(&self) -> Caller<'_> {
        self.bearing(OTHER_KEY)
    }

    /// A client without a credential.
    pub(crate) fn as_nobody(&self) -> Caller<'_> {
        Caller { world: self, headers: HeaderMap::new() }
    }

    /// A client with this bearer credential.
    pub(crate) fn bearing(&self, credential: &str) -> Caller<'_> {
        self.as_nobody().with("authorization", &format!("Bearer {credential}"))
    }

    /// The gateway's base URL.
    pub(crate) fn base(&self) -> &str {
        &self.world.endpoints().gateway
    }

    /// The HTTP client, for requests that go elsewhere.
    pub(crate) fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// Moves the clock and waits until everything that became due has happened.
    pub(crate) async fn advance(&self, by: Duration) {
        self.world.simulators().clockwork().advance(by).await.unwrap();
    }

    /// What a function of this world starts from, for a client of the stand-ins of one's own.
    pub(crate) fn boot(&self, function: &str) -> Boot {
        let environment = self.world.environment(function).expect("no such function").clone();
        Boot::new(environment, Arc::new(self.world.clock().clone()))
    }

    /// The settings by which that function reaches AWS.
    pub(crate) fn aws(&self, boot: &Boot) -> AwsSettings {
        let mut config = boot.config();
        let settings = AwsSettings::read(&mut config);
        config.finish().unwrap();
        settings
    }

    /// A new API key of a tenant.
    pub(crate) async fn new_key(&self, tenant: &str, scopes: impl IntoIterator<Item = Scope>) -> String {
        let key = PresentedKey::generate().unwrap();
        let row = ApiKey {
            id: key.id().to_owned(),
            hash: key.hash(),
            tenant: TenantId::parse(tenant).unwrap(),
            scopes: scopes.into_iter().collect(),
            created_at: self.now(),
            revoked_at: None,
        };
        assert!(self.world.store().api_key_create(&row).await.unwrap());
        key.reveal().expose().to_owned()
    }

    /// The time in the world.
    pub(crate) fn now(&self) -> Timestamp {
        self.world.clock().now()
    }
}

/// A client of the HTTP stack that the product's functions use, with the same TLS provider.
pub(crate) fn client() -> reqwest::Client {
    LazyClient::get()
}

struct LazyClient;

impl LazyClient {
    fn get() -> reqwest::Client {
        let lazy = switchboard_lambda::lazy_http_client();
        std::sync::LazyLock::force(&lazy).as_ref().unwrap().clone()
    }
}

/// Somebody who makes requests.
#[derive(Clone, Debug)]
pub(crate) struct Caller<'w> {
    world: &'w TestWorld,
    headers: HeaderMap,
}

impl Caller<'_> {
    /// The same with another header.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
        self
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(reqwest::Method::GET, path, None).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(reqwest::Method::DELETE, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.clone().json().send(reqwest::Method::POST, path, Some(body.to_string().into_bytes())).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.clone().json().send(reqwest::Method::PATCH, path, Some(body.to_string().into_bytes())).await
    }

    /// Any request, with exactly this body.
    pub(crate) async fn send(&self, method: reqwest::Method, path: &str, body: Option<Vec<u8>>) -> Answer {
        let mut request =
            self.world.http.request(method, format!("{}{path}", self.world.base())).headers(self.headers.clone());
        if let Some(body) = body {
            request = request.body(body);
        }
        Answer::read(request.send().await.unwrap()).await
    }

    /// The same body under the media type that the routes of the API take.
    pub(crate) async fn send_json(&self, method: reqwest::Method, path: &str, body: Option<Vec<u8>>) -> Answer {
        self.clone().json().send(method, path, body).await
    }

    fn json(mut self) -> Self {
        self.headers.entry("content-type").or_insert(HeaderValue::from_static("application/json"));
        self
    }
}

/// An answer, whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// The body as JSON; `null` if it is not.
    pub(crate) json: Value,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) async fn read(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await.unwrap().to_vec();
        Self { status, headers, json: serde_json::from_slice(&body).unwrap_or_default(), body }
    }

    /// Fails the test unless the status is this.
    #[track_caller]
    pub(crate) fn expect(&self, status: u16) {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
    }

    /// Fails the test unless this is the documented error.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, code: &str) {
        self.expect(status);
        assert_eq!(self.json.pointer("/error/code"), Some(&code.into()), "{}", self.json);
        let id = self.json.pointer("/error/requestId").and_then(Value::as_str).unwrap_or_default();
        assert_eq!(self.header("x-request-id"), Some(id), "the error names its request");
    }

    /// Fails the test unless this is the documented error about this field.
    #[track_caller]
    pub(crate) fn refused_field(&self, status: u16, code: &str, field: &str) {
        self.refused(status, code);
        assert_eq!(self.json.pointer("/error/details/0/field"), Some(&field.into()), "{}", self.json);
    }

    /// The names of the members of an object in the JSON, in order.
    #[track_caller]
    pub(crate) fn members(&self, pointer: &str) -> Vec<&str> {
        let found = self.json.pointer(pointer).and_then(Value::as_object);
        let mut names: Vec<&str> = found
            .unwrap_or_else(|| panic!("no object at {pointer:?} in {}", self.json))
            .keys()
            .map(String::as_str)
            .collect();
        names.sort_unstable();
        names
    }

    /// A text in the JSON.
    #[track_caller]
    pub(crate) fn text(&self, pointer: &str) -> String {
        let found = self.json.pointer(pointer).and_then(Value::as_str);
        found.unwrap_or_else(|| panic!("no text at {pointer} in {}", self.json)).to_owned()
    }

    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

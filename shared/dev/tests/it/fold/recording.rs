//! Wire bodies, read by the provider library as the functions read them: deliveries are verified first, answers come from a server.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::Value;
use sha1::Sha1;
use switchboard_core::{CallId, HookId, KeyedSecret, LegId, Observation, PhoneNumber, ProviderId, Secret};
use switchboard_dev::credentials::TWILIO_AUTH_TOKEN;
use switchboard_lambda::Shell;
use switchboard_providers::capability_url::{CapabilityUrls, HookFacts};
use switchboard_providers::fleet::{Fleet, FleetConfig};
use switchboard_providers::hamsa::HamsaWebhooks;
use switchboard_providers::omnidimension::OmnidimensionWebhooks;
use switchboard_providers::twilio::TwilioWebhooks;
use switchboard_providers::{CallSearch, Inbound, KnownCall, News, PlaceCall, Provider, Webhooks};
use tokio::task::AbortHandle;

use super::{Recorded, Word};
use crate::harness::{TestWorld, start_time};

/// Where Twilio was told to report to.
const CALLBACK: &str = "https://sb.example.com/webhooks/twilio";

/// Takes down what a provider says.
pub(super) struct Recorder<'w> {
    world: &'w TestWorld,
    provider: ProviderId,
    words: Vec<Word>,
}

impl<'w> Recorder<'w> {
    pub(super) fn of(world: &'w TestWorld, provider: ProviderId) -> Self {
        Self { world, provider, words: Vec::new() }
    }

    pub(super) fn finish(self) -> Recorded {
        Recorded { provider: self.provider, words: self.words }
    }

    /// A delivery with this body.
    pub(super) async fn delivered(&mut self, body: &str) {
        let reader = self.reader().await;
        let (urls, headers) = (vec![CALLBACK.to_owned()], self.headers(body));
        let inbound = Inbound { urls: &urls, headers: &headers, body: body.as_bytes() };
        let verified = reader.verify(&inbound, start_time()).unwrap();
        let mut events = reader.normalise(&verified).unwrap();
        assert_eq!(events.len(), 1);
        let News::Call(news) = events.remove(0).news else { panic!("it is about no call: {body}") };
        self.words.push(Word { observation: news.observation, delivered: true });
    }

    /// The provider's answer to the request that placed the call.
    pub(super) async fn placed(&mut self, status: u16, answer: &Value) {
        let server = Server::answering(status, &[answer]).await;
        let (fleet, to) = (self.fleet(&server.base).await, callee());
        let now = start_time();
        let params = BTreeMap::new();
        let place = PlaceCall {
            call: CallId::generate(now),
            leg: LegId::generate(now),
            to: Some(&to),
            from: None,
            agent_id: None,
            params: &params,
            max_duration: Duration::from_secs(600),
            report_to: None,
        };
        let placed = provider(&fleet, self.provider).calls().unwrap().place(&place).await.unwrap();
        self.read(placed.observation);
    }

    /// The provider's record of the call that it knows by these names; a provider that is asked twice answers in this order.
    pub(super) async fn record(&mut self, ids: &[(&'static str, &'static str)], answers: &[&Value]) {
        let server = Server::answering(200, answers).await;
        let fleet = self.fleet(&server.base).await;
        let now = start_time();
        let ids = ids.iter().copied().collect();
        let known = KnownCall { leg: LegId::generate(now), ids, to: None, dialed_at: now, answered: true };
        let found = provider(&fleet, self.provider).records().unwrap().read(&known).await.unwrap();
        self.read(found.expect("it has no such record").observation);
    }

    /// The call among the provider's records of calls to its number.
    pub(super) async fn listed(&mut self, answer: &Value) {
        let server = Server::answering(200, &[answer]).await;
        let (fleet, to, now) = (self.fleet(&server.base).await, callee(), start_time());
        let until = now.plus(Duration::from_secs(60));
        let search = CallSearch { leg: LegId::generate(now), to: &to, since: now, until };
        let mut found = provider(&fleet, self.provider).records().unwrap().find(&search).await.unwrap();
        assert_eq!(found.len(), 1);
        self.read(found.remove(0).observation);
    }

    fn read(&mut self, observation: Observation) {
        self.words.push(Word { observation, delivered: false });
    }

    async fn fleet(&self, base: &str) -> Fleet {
        let (shell, mut config) = self.composed();
        for url in [&mut config.hamsa.base_url, &mut config.omnidimension.base_url, &mut config.twilio.base_url] {
            base.clone_into(url);
        }
        Fleet::new(config, &shell.secrets, &shell.clock, &self.world.boot("webhook").http())
    }

    fn composed(&self) -> (Shell, FleetConfig) {
        let boot = self.world.boot("webhook");
        let mut settings = boot.config();
        let shell = Shell::compose(&boot, &mut settings);
        let config = FleetConfig::read(&mut settings);
        settings.finish().unwrap();
        (shell, config)
    }

    async fn reader(&self) -> Box<dyn Webhooks> {
        if self.provider == ProviderId::Twilio {
            let (shell, _) = self.composed();
            let secrets = shell.secrets.secret("switchboard/twilio-webhook", switchboard_core::Freshness::Cached).await;
            return Box::new(TwilioWebhooks::read(&secrets.unwrap(), start_time()).unwrap());
        }
        let key = KeyedSecret { kid: "test".to_owned(), value: Secret::new("k".repeat(32)) };
        let urls = CapabilityUrls::new(&[key], &[]).unwrap();
        let hook = HookId::generate(start_time());
        let facts = HookFacts { hook, sender: self.provider.as_str(), purpose: "calls", generation: 1 };
        let proof = urls.prove(urls.token(&facts).expose(), &facts).unwrap();
        match self.provider {
            ProviderId::Hamsa => Box::new(HamsaWebhooks::new(proof, None)),
            _ => Box::new(OmnidimensionWebhooks::new(proof)),
        }
    }

    fn headers(&self, body: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if self.provider == ProviderId::Twilio {
            headers.insert("content-type", HeaderValue::from_static("application/x-www-form-urlencoded"));
            headers.insert("x-twilio-signature", twilio_signature(body).parse().unwrap());
        }
        headers
    }
}

/// Whom the recorded calls are to.
fn callee() -> PhoneNumber {
    PhoneNumber::from_e164("+15005550001").unwrap()
}

fn provider(fleet: &Fleet, id: ProviderId) -> &dyn Provider {
    fleet.get(id).unwrap()
}

/// HMAC-SHA1 over the address and the form's names and values in the order of the names.
fn twilio_signature(form: &str) -> String {
    let pairs: BTreeMap<_, _> = form_urlencoded::parse(form.as_bytes()).collect();
    let mut mac = Hmac::<Sha1>::new_from_slice(TWILIO_AUTH_TOKEN.as_bytes()).unwrap();
    mac.update(CALLBACK.as_bytes());
    for (name, value) in pairs {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    STANDARD.encode(mac.finalize().into_bytes())
}

/// Gives its answers one after the other, whatever it is asked.
struct Server {
    base: String,
    serving: AbortHandle,
}

impl Server {
    async fn answering(status: u16, answers: &[&Value]) -> Self {
        let status = StatusCode::from_u16(status).unwrap();
        let answers: VecDeque<String> = answers.iter().map(|answer| answer.to_string()).collect();
        let answers = Arc::new(Mutex::new(answers));
        let answer = move || {
            let next = answers.lock().unwrap().pop_front();
            async move { next.map_or((StatusCode::NOT_FOUND, String::new()), |body| (status, body)) }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer);
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() }).abort_handle();
        Self { base, serving }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

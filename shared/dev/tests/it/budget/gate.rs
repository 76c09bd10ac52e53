//! A gate between one function and the table, which counts what passes by its kind.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use switchboard_dev::functions;
use switchboard_dev::gateway::Function;
use switchboard_dev::listener::{Listener, Serving};
use switchboard_lambda::{Boot, Environment};

use crate::harness::TestWorld;
use crate::permissions::forward;

/// Counts by kind of request.
pub(super) type Counts = BTreeMap<String, usize>;

#[derive(Clone)]
struct Toll {
    upstream: String,
    client: reqwest::Client,
    counts: Arc<Mutex<Counts>>,
}

/// One function behind its gate.
pub(super) struct Gate {
    boot: Boot,
    name: String,
    function: Option<Function>,
    counts: Arc<Mutex<Counts>>,
    _server: Serving,
}

impl Gate {
    /// Composes a function once more, behind a gate; `settings` override its environment.
    pub(super) async fn before(world: &TestWorld, name: &str, settings: &[(&str, &str)]) -> Self {
        const TABLE: &str = "AWS_ENDPOINT_URL_DYNAMODB";
        let mut environment: Environment = world.world.environment(name).unwrap().clone();
        let counts: Arc<Mutex<Counts>> = Arc::default();
        let upstream = environment[TABLE].clone();
        let toll = Toll { upstream, client: world.http().clone(), counts: Arc::clone(&counts) };
        let listener = Listener::bind(0).await.unwrap();
        environment.insert(TABLE.to_owned(), format!("http://localhost:{}", listener.port()));
        environment.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let server = listener.serve(&Router::new().fallback(pass).with_state(toll));
        let boot = Boot::new(environment, Arc::new(world.world.clock().clone()));
        let function = functions::compose(name, &boot).unwrap();
        Self { boot, name: name.to_owned(), function, counts, _server: server }
    }

    pub(super) fn function(&self) -> Function {
        Arc::clone(self.function.as_ref().unwrap_or_else(|| panic!("{} answers no requests", self.name)))
    }

    /// The sweep behind this gate.
    pub(super) fn sweep(&self) -> sweep::App {
        sweep::App::compose(&self.boot).unwrap()
    }

    /// Counts from zero.
    pub(super) fn reset(&self) {
        self.counts.lock().unwrap().clear();
    }

    /// How often something of this kind passed.
    pub(super) fn count(&self, kind: &str) -> usize {
        self.counts.lock().unwrap().get(kind).copied().unwrap_or(0)
    }

    /// Everything that passed but these kinds.
    pub(super) fn counted(&self, but: &[&str]) -> Counts {
        let counts = self.counts.lock().unwrap().clone();
        counts.into_iter().filter(|(kind, _)| !but.contains(&kind.as_str())).collect()
    }
}

async fn pass(State(toll): State<Toll>, request: Request) -> Response {
    let target = request.headers().get("x-amz-target").unwrap().to_str().unwrap();
    let kind = target.rsplit('.').next().unwrap().to_owned();
    *toll.counts.lock().unwrap().entry(kind).or_default() += 1;
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    forward(&toll.client, &toll.upstream, head, body).await
}

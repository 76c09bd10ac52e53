//! Lambda's runtime API as one process sees it: a question for the next event, an event, an answer.
//!
//! Source: "Using the Lambda runtime API for custom runtimes", AWS Lambda developer guide, read 2026-11.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Path as UrlPath, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::Value;
use tokio::process::{Child, Command};
use tokio::sync::{Mutex, mpsc};

use super::Failed;
use crate::listener::{Listener, Serving};

/// How long a function may take to start or to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// A function's process and the API that it speaks to.
pub(super) struct RuntimeApi {
    _child: Child,
    _server: Serving,
    init: Duration,
    events: mpsc::Sender<String>,
    happenings: Mutex<mpsc::Receiver<Happening>>,
}

/// One event and its answer.
pub(super) struct Invocation {
    /// From handing out the event to having the answer.
    pub(super) took: Duration,
    /// The answer's HTTP status.
    pub(super) status: u64,
}

enum Happening {
    Asked(Instant),
    Handed(Instant),
    Answered(Instant, Value),
    Failed(String),
}

struct Api {
    events: Mutex<mpsc::Receiver<String>>,
    happenings: mpsc::Sender<Happening>,
}

impl RuntimeApi {
    /// Starts a function and waits until it asks for its first event.
    pub(super) async fn start(binary: &Path, environment: &BTreeMap<String, String>) -> Result<Self, Failed> {
        let (events, events_out) = mpsc::channel(1);
        let (happenings_in, happenings) = mpsc::channel(16);
        let api = Arc::new(Api { events: Mutex::new(events_out), happenings: happenings_in });
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(answered))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(failed))
            .route("/2018-06-01/runtime/init/error", post(failed_init))
            .with_state(api);
        let server = Listener::bind(0).await?.serve(&router);
        let begun_at = Instant::now();
        let child = Command::new(binary)
            .env_clear()
            .envs(environment)
            .env("AWS_LAMBDA_RUNTIME_API", format!("127.0.0.1:{}", server.port()))
            .env("AWS_LAMBDA_FUNCTION_NAME", "bench")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| Failed(format!("{}: {error}", binary.display())))?;
        let mut api =
            Self { _child: child, _server: server, init: Duration::ZERO, events, happenings: Mutex::new(happenings) };
        match api.happening().await? {
            Happening::Asked(at) => api.init = at.duration_since(begun_at),
            Happening::Failed(what) => return Err(Failed(what)),
            Happening::Handed(_) | Happening::Answered(..) => {
                return Err(Failed("a function answered before it asked".to_owned()));
            }
        }
        Ok(api)
    }

    /// From starting the process to its first question.
    pub(super) fn init(&self) -> Duration {
        self.init
    }

    /// Hands out an event and waits for the answer, and for the question after it.
    pub(super) async fn invoke(&self, event: &str) -> Result<Invocation, Failed> {
        self.events.send(event.to_owned()).await?;
        let (mut handed, mut answer) = (None, None);
        loop {
            match self.happening().await? {
                Happening::Handed(at) => handed = Some(at),
                Happening::Answered(at, body) => answer = Some((at, body)),
                Happening::Failed(what) => return Err(Failed(what)),
                Happening::Asked(_) => {
                    if let (Some(handed), Some((at, body))) = (handed, answer.take()) {
                        let status = body.get("statusCode").and_then(Value::as_u64).unwrap_or(0);
                        return Ok(Invocation { took: at.duration_since(handed), status });
                    }
                }
            }
        }
    }

    async fn happening(&self) -> Result<Happening, Failed> {
        let mut happenings = self.happenings.lock().await;
        match tokio::time::timeout(PATIENCE, happenings.recv()).await {
            Ok(Some(happening)) => Ok(happening),
            Ok(None) => Err(Failed("the runtime API has stopped".to_owned())),
            Err(_) => Err(Failed(format!("the function did nothing for {} s", PATIENCE.as_secs()))),
        }
    }
}

async fn next(State(api): State<Arc<Api>>) -> Response {
    report(&api, Happening::Asked(Instant::now())).await;
    let Some(event) = api.events.lock().await.recv().await else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    report(&api, Happening::Handed(Instant::now())).await;
    let headers = [
        ("lambda-runtime-aws-request-id", "00000000-0000-4000-8000-000000000000"),
        ("lambda-runtime-deadline-ms", "32503680000000"),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-central-1:000000000000:function:bench"),
        ("content-type", "application/json"),
    ];
    (headers, event).into_response()
}

async fn answered(State(api): State<Arc<Api>>, UrlPath(_id): UrlPath<String>, body: bytes::Bytes) -> StatusCode {
    let at = Instant::now();
    report(&api, Happening::Answered(at, serde_json::from_slice(&body).unwrap_or_default())).await;
    StatusCode::ACCEPTED
}

async fn failed(State(api): State<Arc<Api>>, body: String) -> StatusCode {
    report(&api, Happening::Failed(format!("the function failed: {body}"))).await;
    StatusCode::ACCEPTED
}

async fn failed_init(State(api): State<Arc<Api>>, body: String) -> StatusCode {
    report(&api, Happening::Failed(format!("the function does not start: {body}"))).await;
    StatusCode::ACCEPTED
}

/// Whoever measures may have gone; then there is nobody to tell.
async fn report(api: &Api, happening: Happening) {
    let _ = api.happenings.send(happening).await;
}

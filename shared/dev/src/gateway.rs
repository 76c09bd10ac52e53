//! The HTTP API in front of the functions: routes as the template has them, requests turned into Lambda's events and
//! decoded by `lambda_http`, answers taken back through Lambda's payload, and AWS's own refusals.
//!
//! It calls functions by name and does not know what they do. Where it listens and who may reach it is not its matter.
//! What it does not imitate: throttling, and functions that run one request at a time.

mod answer;
mod event;
mod intrinsics;
mod path;
mod route;
mod template;

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use http::header::CONTENT_LENGTH;
use http::request::Parts;
use lambda_http::RequestExt;
use switchboard_core::Clock;

use self::answer::{Refusal, deliver};
use self::event::{Arrival, event};
use self::route::{Route, Routes};
pub use self::template::{Deployment, FunctionSpec, Template, TemplateError};
use crate::aws::{ACCOUNT, REGION};
use crate::random;

/// The largest body that an HTTP API takes, in bytes.
const BODY_LIMIT: usize = 10 * 1024 * 1024;

/// The largest event and the largest answer of a function, in bytes of JSON: Lambda's 6 MB and its envelope.
const PAYLOAD_LIMIT: usize = 6_291_556;

/// The longest request line and headers together, in bytes.
const HEADER_LIMIT: usize = 10_240;

/// The longest an HTTP API waits for a function.
const INTEGRATION_TIMEOUT: Duration = Duration::from_secs(30);

/// How much of a body that is too large is read and thrown away, in bytes, so that a client that is still sending hears
/// the answer before the connection closes.
const DRAIN_LIMIT: usize = 64 * 1024 * 1024;

/// The paths of the local world's control plane, which are never a function's.
const CONTROL_PLANE: &str = "/_sim";

/// A function as it is called: its whole life on one request. It answers, whatever happens.
pub type Function =
    Arc<dyn Fn(lambda_http::Request) -> BoxFuture<'static, http::Response<lambda_http::Body>> + Send + Sync>;

/// The template and the functions do not fit together.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// The template names a function that is not there.
    #[error("the template deploys {0}, but no such function is composed; add it to the world's functions")]
    NotComposed(String),
    /// A function is there that the template does not name.
    #[error("the function {0} is composed, but the template does not deploy it; add it to template.yaml")]
    NotDeployed(String),
    /// A route cannot be one.
    #[error("the template gives {function} the route {method} {path}, which an HTTP API cannot have")]
    Route {
        /// The function's name.
        function: String,
        /// The route's method.
        method: String,
        /// The route's path.
        path: String,
    },
    /// Two functions claim one route.
    #[error("the template gives the route {0} to two functions")]
    Ambiguous(String),
}

/// The HTTP API. Clones share it.
#[derive(Clone)]
pub struct Gateway {
    inner: Arc<Inner>,
}

struct Inner {
    routes: Routes,
    functions: Vec<Deployed>,
    clock: Arc<dyn Clock>,
    domain: String,
}

#[derive(Clone)]
struct Deployed {
    name: String,
    function: Function,
    limit: Duration,
    config: Arc<lambda_http::lambda_runtime::Config>,
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let functions: Vec<&str> = self.inner.functions.iter().map(|deployed| deployed.name.as_str()).collect();
        f.debug_struct("Gateway").field("functions", &functions).field("routes", &self.inner.routes).finish()
    }
}

impl Gateway {
    /// Puts `functions` (by the names of their crates) behind the routes of `specs`. Events take their time from `clock`
    /// and say that they came to `domain`.
    ///
    /// # Errors
    ///
    /// The template and the functions differ, or a route is impossible or taken twice.
    pub fn new(
        specs: &[FunctionSpec],
        mut functions: BTreeMap<String, Function>,
        clock: Arc<dyn Clock>,
        domain: &str,
    ) -> Result<Self, GatewayError> {
        let mut routes: Vec<Route> = Vec::new();
        let mut deployed = Vec::new();
        for spec in specs {
            // What has no route is called by nobody here: the schedule's functions.
            if spec.routes.is_empty() {
                continue;
            }
            let function = functions.remove(&spec.name).ok_or_else(|| GatewayError::NotComposed(spec.name.clone()))?;
            for (method, path) in &spec.routes {
                let route = Route::read(method, path, deployed.len()).ok_or_else(|| GatewayError::Route {
                    function: spec.name.clone(),
                    method: method.clone(),
                    path: path.clone(),
                })?;
                if routes.iter().any(|other| other.key == route.key) {
                    return Err(GatewayError::Ambiguous(route.key));
                }
                routes.push(route);
            }
            deployed.push(Deployed::new(spec, function));
        }
        if let Some((name, _)) = functions.pop_first() {
            return Err(GatewayError::NotDeployed(name));
        }
        let routes = Routes::new(routes);
        Ok(Self { inner: Arc::new(Inner { routes, functions: deployed, clock, domain: domain.to_owned() }) })
    }

    /// The API as a router: every path is its, those of the control plane excepted, for which another router is merged.
    pub fn into_router(self) -> Router {
        Router::new().fallback(move |request: Request| {
            let gateway = self.clone();
            async move { gateway.answer(request).await }
        })
    }

    async fn answer(&self, request: Request) -> Response {
        let request_id = random::uuid().to_string();
        match self.inner.handle(request, &request_id).await {
            Ok(response) => response,
            Err(refusal) => {
                tracing::debug!(?refusal, "the gateway refuses a request");
                refusal.response(&request_id)
            }
        }
    }
}

impl Deployed {
    fn new(spec: &FunctionSpec, function: Function) -> Self {
        let config = lambda_http::lambda_runtime::Config {
            function_name: spec.name.clone(),
            memory: i32::try_from(spec.memory_mb).unwrap_or(i32::MAX),
            version: "$LATEST".to_owned(),
            ..lambda_http::lambda_runtime::Config::default()
        };
        let limit = spec.timeout.min(INTEGRATION_TIMEOUT);
        Self { name: spec.name.clone(), function, limit, config: Arc::new(config) }
    }
}

impl Inner {
    async fn handle(&self, request: Request, request_id: &str) -> Result<Response, Refusal> {
        let (parts, body) = request.into_parts();
        if header_bytes(&parts) > HEADER_LIMIT {
            return Err(Refusal::HeadersTooLarge);
        }
        let body = read(&parts, body).await?;
        let path = path::delivered(parts.uri.path()).ok_or(Refusal::BadRequest)?;
        if path == CONTROL_PLANE || path.starts_with("/_sim/") {
            return Err(Refusal::NotFound);
        }
        let (route, parameters) = self.routes.find(&parts.method, &path).ok_or(Refusal::NotFound)?;
        let deployed = self.functions.get(route.function).ok_or(Refusal::Failed)?;
        let trace_id = trace_id(self.clock.now().epoch_secs());
        let event = event(&Arrival {
            method: &parts.method,
            path: &path,
            query: parts.uri.query().unwrap_or_default(),
            headers: &parts.headers,
            body: &body,
            route_key: &route.key,
            parameters: &parameters,
            domain: &self.domain,
            peer: peer(&parts),
            request_id,
            trace_id: &trace_id,
            at: self.clock.now(),
        })
        .to_string();
        if event.len() > PAYLOAD_LIMIT {
            return Err(Refusal::TooLarge);
        }
        let answer = self.invoke(deployed, event, trace_id).await?;
        deliver(answer, request_id)
    }

    /// Runs the function on a task of its own: it goes on when the client hangs up, and its panic is its own, as in AWS.
    async fn invoke(
        &self,
        deployed: &Deployed,
        event: String,
        trace_id: String,
    ) -> Result<http::Response<lambda_http::Body>, Refusal> {
        let mut context = lambda_http::Context::default();
        context.request_id = random::uuid().to_string();
        context.deadline = u64::try_from(self.clock.now().plus(deployed.limit).epoch_millis()).unwrap_or(0);
        context.invoked_function_arn = format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{}", deployed.name);
        context.xray_trace_id = Some(trace_id);
        context.env_config = Arc::clone(&deployed.config);
        let function = Arc::clone(&deployed.function);
        let mut running = tokio::spawn(async move {
            match lambda_http::request::from_str(&event) {
                Ok(request) => Some(function(request.with_lambda_context(context)).await),
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "an event cannot be decoded");
                    None
                }
            }
        });
        match tokio::time::timeout(deployed.limit, &mut running).await {
            Ok(Ok(Some(answer))) => Ok(answer),
            Ok(Ok(None)) => Err(Refusal::Failed),
            Ok(Err(panicked)) => {
                tracing::error!(function = deployed.name, error = %panicked, "a function failed");
                Err(Refusal::Failed)
            }
            Err(_) => {
                running.abort();
                tracing::warn!(function = deployed.name, limit = ?deployed.limit, "a function took too long");
                Err(Refusal::TooSlow)
            }
        }
    }
}

fn header_bytes(parts: &Parts) -> usize {
    let line = parts.method.as_str().len() + parts.uri.to_string().len();
    // Each header has its colon, its space and its line end.
    parts.headers.iter().fold(line, |sum, (name, value)| sum + name.as_str().len() + value.len() + 4)
}

async fn read(parts: &Parts, body: Body) -> Result<Bytes, Refusal> {
    let announced = parts.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    let mut whole = BytesMut::with_capacity(announced.unwrap_or(0).min(BODY_LIMIT));
    let mut seen = 0_usize;
    let mut stream = body.into_data_stream();
    while let Some(part) = stream.next().await {
        let part = part.map_err(|_| Refusal::BadRequest)?;
        seen = seen.saturating_add(part.len());
        if seen <= BODY_LIMIT {
            whole.extend_from_slice(&part);
        } else if seen > DRAIN_LIMIT {
            break;
        }
    }
    if seen > BODY_LIMIT { Err(Refusal::TooLarge) } else { Ok(whole.freeze()) }
}

/// Who sent the request; the loopback address where the router is asked without a connection, as tests do.
fn peer(parts: &Parts) -> IpAddr {
    let info = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    info.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |ConnectInfo(address)| address.ip())
}

fn trace_id(epoch_secs: i64) -> String {
    let random = random::uuid().simple().to_string();
    let random: String = random.chars().take(24).collect();
    format!("Root=1-{epoch_secs:08x}-{random}")
}

#[cfg(test)]
mod tests;

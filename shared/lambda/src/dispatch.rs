//! The way of a request through the shell. Generic over the function's own types, and the only thing here that is.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;

use http::{HeaderName, HeaderValue, Response, StatusCode};
use lambda_http::Body;
use switchboard_auth::{Caller, Principal};
use switchboard_core::{Fault, Timestamp};
use switchboard_store::{Fence, RateVerdict};

use crate::error::status_and_code;
use crate::idempotency::{self, Start};
use crate::log::Line;
use crate::reply::Body as ReplyBody;
use crate::request::Incoming;
use crate::route::{self, Parameters, Route};
use crate::{ApiError, Reply, Request, Shell, rate_limit};

/// Serves a function's events until Lambda stops the process.
///
/// # Errors
/// If the Lambda runtime's API cannot be reached.
pub async fn serve<A, O, H, F>(app: A, routes: &'static [Route<O>], handle: H) -> Result<(), lambda_http::Error>
where
    A: AsRef<Shell> + Send + Sync + 'static,
    O: Copy + Send + Sync + 'static,
    H: Fn(Arc<A>, Caller, Request<O>) -> F + Copy + Send + Sync + 'static,
    F: Future<Output = Result<Reply, ApiError>> + Send + 'static,
{
    let app = Arc::new(app);
    let service = lambda_http::service_fn(move |event: lambda_http::Request| {
        let app = Arc::clone(&app);
        async move { Ok::<_, Infallible>(dispatch(app, routes, handle, event).await) }
    });
    lambda_http::run(service).await
}

/// Answers one event.
pub async fn dispatch<A, O, H, F>(
    app: Arc<A>,
    routes: &'static [Route<O>],
    handle: H,
    event: lambda_http::Request,
) -> Response<Body>
where
    A: AsRef<Shell> + Send + Sync + 'static,
    O: Copy + Send + Sync + 'static,
    H: Fn(Arc<A>, Caller, Request<O>) -> F + Send + Sync,
    F: Future<Output = Result<Reply, ApiError>> + Send,
{
    let shell: &Shell = app.as_ref().as_ref();
    let begun_at = shell.now();
    let incoming = Incoming::read(event);
    let request_id = incoming.id.clone();
    let cors = shell.origins.answer_headers(&incoming.headers);
    let mut journey = Journey { begun_at, route_key: "-".to_owned(), caller: None, rate: None, replayed: false };

    let outcome = match route::find(routes, &incoming.method, &incoming.path) {
        None => Err(ApiError::not_found("no such route")),
        Some((route, parameters)) => {
            journey.route_key = route.key();
            travel(&app, route, parameters, incoming, &handle, &mut journey).await
        }
    };
    let outcome = match outcome {
        Ok(mut reply) => reply.mint(shell).await.map(|()| reply),
        Err(error) => Err(error),
    };
    journey.line(shell, &request_id, &outcome).write();
    let mut response = render(outcome, &request_id, &journey);
    for (name, value) in cors {
        insert(&mut response, HeaderName::from_static(name), &value);
    }
    response
}

/// What is learnt about a request on its way.
struct Journey {
    begun_at: Timestamp,
    route_key: String,
    caller: Option<Caller>,
    rate: Option<RateVerdict>,
    replayed: bool,
}

/// From the route to the handler and back.
async fn travel<A, O, H, F>(
    app: &Arc<A>,
    route: &'static Route<O>,
    parameters: Parameters,
    incoming: Incoming,
    handle: &H,
    journey: &mut Journey,
) -> Result<Reply, ApiError>
where
    A: AsRef<Shell> + Send + Sync + 'static,
    O: Copy + Send + Sync + 'static,
    H: Fn(Arc<A>, Caller, Request<O>) -> F + Send + Sync,
    F: Future<Output = Result<Reply, ApiError>> + Send,
{
    let shell: &Shell = app.as_ref().as_ref();
    if incoming.body.len() > route.max_body {
        let message = format!("the body has {} bytes; this route takes {}", incoming.body.len(), route.max_body);
        return Err(ApiError::new(Fault::PayloadTooLarge, message));
    }
    let caller = crate::authenticate::authenticate(shell, route.access, &incoming.headers, incoming.address).await?;
    journey.caller = Some(caller.clone());
    journey.rate = rate_limit::count(shell, route.rate, &caller).await;
    if let Some(verdict) = journey.rate.filter(|verdict| !verdict.allowed) {
        return Err(rate_limit::exceeded(&verdict));
    }
    let fence: Option<Fence> = if route.idempotent_by_key {
        match idempotency::begin(shell, &caller, &journey.route_key, route.repeatable, &incoming).await? {
            Start::Fresh(fence) => fence,
            Start::Replay(answer) => {
                journey.replayed = true;
                let first = Reply::restore(&answer)?;
                if !first.is_made_anew() {
                    return Ok(first);
                }
                None
            }
        }
    } else {
        None
    };
    let request_id = incoming.id.clone();
    let outcome = handle(Arc::clone(app), caller, incoming.into_request(route.operation, parameters)).await;
    if let Some(fence) = &fence {
        idempotency::finish(shell, fence, &outcome, &request_id).await;
    }
    outcome
}

impl Journey {
    fn line<'a>(&'a self, shell: &Shell, request_id: &'a str, outcome: &'a Result<Reply, ApiError>) -> Line<'a> {
        let (status, outcome, causes) = match outcome {
            // A refusal that says nothing to the caller, such as a webhook's 401, is told apart in the log.
            Ok(reply) if reply.status.as_u16() >= 400 => (reply.status, "rejected", None),
            Ok(reply) => (reply.status, "ok", None),
            Err(error) => {
                let (status, code) = status_and_code(error.fault());
                (status, code, error.causes())
            }
        };
        Line {
            request_id,
            route: &self.route_key,
            tenant: self.caller.as_ref().map(|caller| caller.tenant().as_str()),
            credential: match self.caller.as_ref().map(Caller::principal) {
                None => "refused",
                Some(Principal::ApiKey { .. }) => "api_key",
                Some(Principal::Session { .. }) => "session_token",
                Some(Principal::Anonymous { .. }) => "none",
            },
            status: status.as_u16(),
            outcome,
            latency: shell.now().since(self.begun_at),
            replayed: self.replayed,
            causes,
        }
    }
}

/// Writes an answer out. Nothing that came in decides about headers, so that this cannot fail; what could not stand in one
/// is left out.
fn render(outcome: Result<Reply, ApiError>, request_id: &str, journey: &Journey) -> Response<Body> {
    let (status, body, headers) = match outcome {
        Ok(reply) => (reply.status, reply.body, reply.headers),
        Err(error) => {
            let (status, _) = status_and_code(error.fault());
            let mut headers = error.headers().to_vec();
            if let Some(after) = error.retry_after() {
                headers.push((http::header::RETRY_AFTER, rate_limit::whole_secs(after).to_string()));
            }
            if status == StatusCode::UNAUTHORIZED {
                headers.push((http::header::WWW_AUTHENTICATE, "Bearer".to_owned()));
            }
            (status, ReplyBody::Json(error.body(request_id)), headers)
        }
    };
    let mut response = match body {
        ReplyBody::Empty => Response::new(Body::Empty),
        ReplyBody::Text(text) => {
            let mut response = Response::new(Body::Text(text));
            insert(&mut response, http::header::CONTENT_TYPE, "text/plain; charset=utf-8");
            response
        }
        ReplyBody::Json(body) => {
            let mut response = Response::new(Body::Text(serde_json::Value::Object(body).to_string()));
            insert(&mut response, http::header::CONTENT_TYPE, "application/json; charset=utf-8");
            response
        }
    };
    *response.status_mut() = status;
    for (name, value) in headers {
        insert(&mut response, name, &value);
    }
    for (name, value) in journey.rate.iter().flat_map(rate_limit::headers) {
        insert(&mut response, name, &value);
    }
    if journey.replayed {
        insert(&mut response, idempotency::REPLAYED, "true");
    }
    insert(&mut response, HeaderName::from_static("x-request-id"), request_id);
    // Answers hold tokens and what people said: no cache may keep them, no browser may guess their type.
    insert(&mut response, http::header::CACHE_CONTROL, "no-store");
    insert(&mut response, http::header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    response
}

fn insert(response: &mut Response<Body>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

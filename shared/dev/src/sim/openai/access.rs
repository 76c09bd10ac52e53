//! Who may use the simulated OpenAI, and what every answer of it has: a request id, and permission for pages to read it.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};

use super::client_secrets::PREFIX;
use super::refusal::Refusal;
use super::session::Session;
use super::{CALLS, Openai, new_id};

const BETA: HeaderName = HeaderName::from_static("openai-beta");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const VERSION: HeaderName = HeaderName::from_static("openai-version");

/// How long a browser may remember that it is welcome, in seconds.
const REMEMBERED_SECS: &str = "600";

/// Who asks.
#[derive(Clone)]
pub(super) enum Caller {
    /// A server with the project's key.
    Server,
    /// A page with a client secret: whoever has it gets this session.
    Page(Box<Session>),
}

impl Openai {
    /// Finds out who asks.
    pub(super) fn caller(&self, head: &Parts) -> Result<Caller, Refusal> {
        let given = text(&head.headers, &header::AUTHORIZATION).and_then(|value| value.split_once(' '));
        let key = match given {
            Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer") && !key.trim().is_empty() => key.trim(),
            _ => return Err(Refusal::no_key()),
        };
        if key == self.api_key {
            return Ok(Caller::Server);
        }
        // A client secret opens calls and nothing else.
        let opens_calls = head.method == Method::POST && head.uri.path() == CALLS;
        let session = if key.starts_with(PREFIX) && opens_calls { self.secrets.find(key)? } else { None };
        session.map(|session| Caller::Page(Box::new(session))).ok_or_else(|| Refusal::bad_key(key))
    }
}

/// Lets through who may ask, and speaks the API of today.
pub(super) async fn check(State(openai): State<Arc<Openai>>, request: Request, next: Next) -> Response {
    let (mut head, body) = request.into_parts();
    let path = head.uri.path();
    let is_realtime = path.starts_with("/v1/realtime/");
    let is_chatkit = path.starts_with("/v1/chatkit/");
    let checked = openai.caller(&head).and_then(|caller| match beta(&head.headers) {
        Some(beta) if is_realtime && beta.contains("realtime=") => Err(Refusal::beta_shape()),
        beta if is_chatkit && !beta.is_some_and(|beta| beta.split(',').any(|one| one.trim() == "chatkit_beta=v1")) => {
            let message = "You must provide the 'chatkit_beta=v1' OpenAI-Beta header to access the ChatKit API.";
            Err(Refusal::new(StatusCode::BAD_REQUEST, "invalid_beta", message))
        }
        _ => Ok(caller),
    });
    match checked {
        Ok(caller) => {
            head.extensions.insert(caller);
            next.run(Request::from_parts(head, body)).await
        }
        Err(refusal) => refusal.into_response(),
    }
}

fn beta(headers: &HeaderMap) -> Option<&str> {
    text(headers, &BETA)
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Answers preflights, and gives every answer what all have. Which pages come so far is the guard's to say.
pub(in crate::sim) fn open_to_pages(router: Router) -> Router {
    router.layer(from_fn(async |request: Request, next: Next| {
        let is_preflight = request.method() == Method::OPTIONS
            && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        let mut answer = if is_preflight { preflight() } else { next.run(request).await };
        let headers = answer.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("Location, X-Request-ID"));
        headers.insert(VERSION, HeaderValue::from_static("2020-10-01"));
        if let Ok(id) = HeaderValue::from_str(&new_id("req")) {
            headers.insert(REQUEST_ID, id);
        }
        answer
    }))
}

fn preflight() -> Response {
    let allowed = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "DELETE, GET, OPTIONS, PATCH, POST, PUT"),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "accept, authorization, content-type, openai-beta, openai-safety-identifier",
        ),
        (header::ACCESS_CONTROL_MAX_AGE, REMEMBERED_SECS),
    ];
    (StatusCode::OK, allowed).into_response()
}

//! What every request to a simulated provider passes first: it is recorded, and runs into the fault armed for it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{Method, StatusCode, Uri, header};
use tokio::time::sleep;

use super::connection::Switch;
use super::faults::{Effect, Faults};
use super::provider::{Operation, Provider};
use super::recorder::Recorder;

/// The largest body that is read at all, in bytes: above every provider's own limit, so that the provider refuses.
const READ_AT_MOST: usize = 24 * 1024 * 1024;

/// How long a hanging provider leaves its caller without an answer, in wall time.
const HANG: Duration = Duration::from_secs(60);

/// Not JSON, not UTF-8, and cut short: what no client can take for an answer.
const GARBAGE: &[u8] = b"{\"resp\xff\xfe\x00onse\": <html>";

/// What the front must know of the provider behind it.
#[derive(Clone)]
pub(crate) struct Face {
    pub(crate) provider: Provider,
    /// The operation of a method and path.
    pub(crate) operation: fn(&Method, &str) -> Operation,
    /// What a success looks like, for a provider that says it did what it did not do. Of a question it is an answer of
    /// the right shape with nothing in it.
    pub(crate) lie: Lie,
    /// How this provider words an error of the given status.
    pub(crate) error: fn(StatusCode) -> Response,
}

/// Answers a method, a URI and a body.
pub(crate) type Lie = Arc<dyn Fn(&Method, &Uri, &Bytes) -> Response + Send + Sync>;

impl fmt::Debug for Face {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Face").field(&self.provider).finish()
    }
}

/// A mark on an answer that its provider wants lost: the work is done, and the connection is reset.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lost;

#[derive(Clone, Debug)]
struct Front {
    face: Face,
    recorder: Arc<Recorder>,
    faults: Arc<Faults>,
}

/// The provider's router behind its front.
pub(crate) fn behind(face: Face, recorder: Arc<Recorder>, faults: Arc<Faults>, service: Router) -> Router {
    service
        .layer(from_fn_with_state(Front { face, recorder, faults }, pass))
        // The front limits bodies itself; it has to see what the service then refuses.
        .layer(DefaultBodyLimit::disable())
}

async fn pass(State(front): State<Front>, request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    let connection = head.extensions.get::<ConnectInfo<Switch>>().map(|ConnectInfo(switch)| switch.clone());
    let face = &front.face;
    if front.faults.refusing(face.provider).is_some() {
        // Came through the closing door: as little is done for it as for one that found the door closed.
        return cut(connection.as_ref());
    }
    let operation = (face.operation)(&head.method, head.uri.path());
    let Ok(body) = axum::body::to_bytes(body, READ_AT_MOST).await else {
        front.recorder.record((face.provider, operation), &head, &Bytes::new(), None).await;
        return (face.error)(StatusCode::PAYLOAD_TOO_LARGE);
    };
    let effect = front.faults.take(face.provider, operation);
    front.recorder.record((face.provider, operation), &head, &body, effect.map(Effect::as_str)).await;
    let (method, uri) = (head.method.clone(), head.uri.clone());
    let served = async {
        let answer = next.run(Request::from_parts(head, Body::from(body.clone()))).await;
        if answer.extensions().get::<Lost>().is_some() { cut(connection.as_ref()) } else { answer }
    };
    match effect {
        None => served.await,
        Some(Effect::Slow(by)) => {
            let answer = served.await;
            sleep(by).await;
            answer
        }
        Some(Effect::Garbage) => {
            served.await;
            (StatusCode::OK, [(header::CONTENT_TYPE, "application/json")], GARBAGE).into_response()
        }
        Some(Effect::ResetAfterSend) => {
            served.await;
            cut(connection.as_ref())
        }
        Some(Effect::Hang) => {
            served.await;
            sleep(HANG).await;
            cut(connection.as_ref())
        }
        Some(Effect::Status(status)) => (face.error)(StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY)),
        Some(Effect::LieOk) => (face.lie)(&method, &uri, &body),
        Some(Effect::Refuse) => cut(connection.as_ref()),
    }
}

/// Cuts the connection. The answer given back to the HTTP library is never written: its connection refuses.
fn cut(connection: Option<&Switch>) -> Response {
    if let Some(connection) = connection {
        connection.cut();
    }
    StatusCode::BAD_GATEWAY.into_response()
}

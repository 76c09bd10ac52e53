//! The wire between a function and the table, on which requests get stuck and answers get lost. What has arrived is carried out,
//! whether or not the sender is still there to hear of it.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use futures_util::stream;
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use switchboard_dev::listener::{Listener, Serving};
use tokio::sync::{Notify, watch};

/// What happens to a request.
#[derive(Clone)]
pub(crate) enum Mishap {
    /// Carried out; the connection breaks instead of an answer.
    Lost,
    /// Carried out; the table says that it is in trouble.
    Denied,
    /// Not carried out; the table says that it is in trouble.
    Refused,
    /// Stuck on its way there until the gate is opened.
    HeldBefore(Gate),
    /// Carried out; the answer is stuck until the gate is opened.
    HeldAfter(Gate),
}

/// A place where something is held.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<(Notify, Notify)>);

impl Gate {
    /// Returns when something is held here.
    pub(crate) async fn reached(&self) {
        self.0.0.notified().await;
    }

    /// Lets it go.
    pub(crate) fn open(&self) {
        self.0.1.notify_one();
    }

    async fn hold(&self) {
        self.0.0.notify_one();
        self.0.1.notified().await;
    }
}

/// Whether a request is meant, by its operation and its body.
type Meant = Box<dyn FnMut(&str, &str) -> bool + Send>;

struct Rule {
    meant: Meant,
    mishap: Mishap,
}

struct Inner {
    upstream: String,
    client: reqwest::Client,
    rules: Mutex<Vec<Rule>>,
    seen: Mutex<usize>,
    under_way: watch::Sender<usize>,
}

/// The wire.
pub(crate) struct Wire {
    inner: Arc<Inner>,
    server: Serving,
}

impl Wire {
    pub(crate) async fn to(upstream: &str, client: reqwest::Client) -> Self {
        let inner = Arc::new(Inner {
            upstream: upstream.to_owned(),
            client,
            rules: Mutex::default(),
            seen: Mutex::default(),
            under_way: watch::Sender::new(0),
        });
        let router = Router::new().fallback(pass).with_state(Arc::clone(&inner));
        Self { inner, server: Listener::bind(0).await.unwrap().serve(&router) }
    }

    pub(crate) fn base(&self) -> String {
        format!("http://localhost:{}", self.server.port())
    }

    /// From now on every request that is meant meets with this.
    pub(crate) fn whenever(&self, meant: impl FnMut(&str, &str) -> bool + Send + 'static, mishap: Mishap) {
        self.inner.rules.lock().unwrap().push(Rule { meant: Box::new(meant), mishap });
    }

    /// The next request that is meant, and no other one, meets with this.
    pub(crate) fn once(&self, mut meant: impl FnMut(&str, &str) -> bool + Send + 'static, mishap: Mishap) {
        let mut spent = false;
        let meant = move |operation: &str, body: &str| {
            let now = !spent && meant(operation, body);
            spent |= now;
            now
        };
        self.whenever(meant, mishap);
    }

    /// Lets everything pass again.
    pub(crate) fn mend(&self) {
        self.inner.rules.lock().unwrap().clear();
    }

    /// How many requests have come by.
    pub(crate) fn seen(&self) -> usize {
        *self.inner.seen.lock().unwrap()
    }

    /// Returns when nothing is under way: everything that was sent has been carried out.
    pub(crate) async fn quiet(&self) {
        let mut under_way = self.inner.under_way.subscribe();
        under_way.wait_for(|requests| *requests == 0).await.unwrap();
    }
}

/// Whether this writes that a call is being dialled: the fence.
pub(crate) fn is_fence(operation: &str, body: &str) -> bool {
    operation == "TransactWriteItems"
        && body.contains(r#"\"placing\":{\"state\":\"dialing\""#)
        && !is_bind(operation, body)
}

/// Whether this makes a provider's name stand for a call: the bind.
pub(crate) fn is_bind(operation: &str, body: &str) -> bool {
    operation == "TransactWriteItems" && body.contains(r#""REF#"#)
}

/// An answer as it came.
struct Carried {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

async fn pass(State(inner): State<Arc<Inner>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let target = head.headers.get("x-amz-target").map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
    *inner.seen.lock().unwrap() += 1;
    let mishap = {
        let text = std::str::from_utf8(&body).unwrap();
        let mut rules = inner.rules.lock().unwrap();
        // Every rule is asked, so that each counts for itself.
        let meant: Vec<Mishap> =
            rules.iter_mut().filter_map(|rule| (rule.meant)(&operation, text).then(|| rule.mishap.clone())).collect();
        meant.into_iter().next()
    };
    match mishap {
        None => answer(carry(&inner, head, body).await),
        Some(Mishap::Lost) => {
            carry(&inner, head, body).await;
            broken()
        }
        Some(Mishap::Denied) => {
            carry(&inner, head, body).await;
            in_trouble()
        }
        Some(Mishap::Refused) => in_trouble(),
        Some(Mishap::HeldBefore(gate)) => {
            gate.hold().await;
            answer(carry(&inner, head, body).await)
        }
        Some(Mishap::HeldAfter(gate)) => {
            let carried = carry(&inner, head, body).await;
            gate.hold().await;
            answer(carried)
        }
    }
}

/// Carries a request out, on a task of its own: who sent it may be gone.
async fn carry(inner: &Arc<Inner>, head: Parts, body: Bytes) -> Carried {
    let url = format!("{}{}", inner.upstream, head.uri.path_and_query().unwrap());
    let request = inner.client.request(head.method, url).headers(head.headers).body(body);
    inner.under_way.send_modify(|requests| *requests += 1);
    let under_way = inner.under_way.clone();
    let carried = tokio::spawn(async move {
        let sent = request.send().await.unwrap();
        let (status, headers) = (sent.status(), sent.headers().clone());
        let body = sent.bytes().await.unwrap();
        under_way.send_modify(|requests| *requests -= 1);
        Carried { status, headers, body }
    });
    carried.await.unwrap()
}

fn answer(carried: Carried) -> Response {
    let mut response = Response::builder().status(carried.status);
    *response.headers_mut().unwrap() = carried.headers;
    response.headers_mut().unwrap().remove("transfer-encoding");
    response.body(Body::from(carried.body)).unwrap()
}

/// Begins, and breaks off.
fn broken() -> Response {
    let cut = stream::once(async { Err::<Bytes, _>(std::io::Error::other("cut")) });
    Response::builder().header("content-length", 100).body(Body::from_stream(cut)).unwrap()
}

fn in_trouble() -> Response {
    let body = r#"{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError","message":"trouble"}"#;
    let response = Response::builder().status(500).header("content-type", "application/x-amz-json-1.0");
    response.body(Body::from(body)).unwrap()
}

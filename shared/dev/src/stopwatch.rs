//! How long the stand-ins were at work, so that a measurement of a function can leave their time out.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;

/// Adds up the time that routers take to answer. Clones share one sum.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stopwatch(Arc<AtomicU64>);

impl Stopwatch {
    /// Has `router`'s time counted.
    pub(crate) fn on(&self, router: Router) -> Router {
        router.layer(from_fn_with_state(self.clone(), time))
    }

    /// The time so far. Requests at the same moment count each.
    pub(crate) fn total(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }
}

async fn time(State(stopwatch): State<Stopwatch>, request: Request, next: Next) -> Response {
    let begun_at = Instant::now();
    let response = next.run(request).await;
    let nanos = u64::try_from(begun_at.elapsed().as_nanos()).unwrap_or(u64::MAX);
    stopwatch.0.fetch_add(nanos, Ordering::Relaxed);
    response
}

//! The control plane of the simulators: `/_sim/*`.
//!
//! For people and tests that drive the local world. It reads and sets what the other files keep, and knows no provider.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use switchboard_core::{Clock, Timestamp};

use super::carrier::{Carrier, Meter};
use super::clockwork::Clockwork;
use super::deliveries::{Deliveries, Delivery};
use super::faults::Faults;
use super::openai::Openai;
use super::provider::Provider;
use super::recorder::Recorder;
use super::refusal::{Refusal, identified};

mod wishes;

/// A webhook address as its provider knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookUrl {
    /// Who posts to it.
    pub provider: Provider,
    /// The whole address.
    pub url: String,
}

type Run = Arc<dyn Fn() -> BoxFuture<'static, Option<Timestamp>> + Send + Sync>;

/// What the schedule runs; a part of the world adds its own jobs.
#[derive(Default)]
pub struct Schedule {
    jobs: Mutex<Vec<(String, Run)>>,
    /// One run at a time, as in a deployment.
    running: tokio::sync::Mutex<()>,
    /// Until when the last run said that there would be nothing to do, if nothing happens before.
    idle_until: Mutex<Option<Timestamp>>,
}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Schedule").field(&self.names()).finish()
    }
}

impl Schedule {
    /// Adds a job behind the others, or puts it in the place of the one of that name. It answers when it will have something to
    /// do, if nothing else happens before: while the clock is moved, it is not run before that.
    pub fn add(&self, name: &str, run: impl Fn() -> BoxFuture<'static, Option<Timestamp>> + Send + Sync + 'static) {
        let run: Run = Arc::new(run);
        let mut jobs = self.jobs();
        match jobs.iter_mut().find(|(known, _)| known == name) {
            Some((_, job)) => *job = run,
            None => jobs.push((name.to_owned(), run)),
        }
    }

    /// Runs all jobs one after the other and answers their names.
    pub async fn run(&self) -> Vec<String> {
        let _one_at_a_time = self.running.lock().await;
        let jobs = self.jobs().clone();
        let mut next = Vec::new();
        for (_, run) in &jobs {
            next.push(run().await);
        }
        // A job that does not say is run every time.
        let next: Option<Vec<Timestamp>> = next.into_iter().collect();
        *self.idle() = next.and_then(|next| next.into_iter().min());
        jobs.into_iter().map(|(name, _)| name).collect()
    }

    /// Until when there is nothing to do, as far as the last run could tell.
    pub(crate) fn idle_until(&self) -> Option<Timestamp> {
        *self.idle()
    }

    /// Something has happened: what the last run said does not hold any more.
    pub(crate) fn disturb(&self) {
        *self.idle() = None;
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Option<Timestamp>> {
        self.idle_until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.jobs().is_empty()
    }

    fn names(&self) -> Vec<String> {
        self.jobs().iter().map(|(name, _)| name.clone()).collect()
    }

    fn jobs(&self) -> std::sync::MutexGuard<'_, Vec<(String, Run)>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells where the simulators would post.
#[derive(Clone)]
pub(crate) struct WebhookUrls(pub(crate) Arc<dyn Fn() -> Vec<WebhookUrl> + Send + Sync>);

impl fmt::Debug for WebhookUrls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookUrls")
    }
}

/// What the control plane reads and sets.
#[derive(Clone, Debug)]
pub(crate) struct Controls {
    pub(crate) recorder: Arc<Recorder>,
    pub(crate) faults: Arc<Faults>,
    pub(crate) deliveries: Arc<Deliveries>,
    pub(crate) clockwork: Arc<Clockwork>,
    pub(crate) schedule: Arc<Schedule>,
    pub(crate) carrier: Arc<Carrier>,
    pub(crate) openai: Arc<Openai>,
    pub(crate) webhook_urls: WebhookUrls,
}

/// The routes below `/_sim`, with their own answers to unknown paths and methods.
pub(crate) fn router(controls: Controls) -> Router {
    Router::new()
        .route("/_sim/requests", get(requests))
        .route("/_sim/faults", post(arm).delete(disarm))
        .route("/_sim/clock", get(time).post(advance))
        .route("/_sim/meter", get(meter))
        .route("/_sim/realtime", get(realtime))
        .route("/_sim/openai/incoming", post(incoming))
        .route("/_sim/sweep", post(sweep))
        .route("/_sim/deliveries", get(owed).post(misdeliver))
        .route("/_sim/webhook-urls", get(webhook_urls))
        .fallback(async || Refusal::not_found())
        .method_not_allowed_fallback(async || Refusal::method_not_allowed())
        .with_state(controls)
        .layer(axum::middleware::map_response(async |answer: Response| identified(answer)))
}

async fn requests(State(controls): State<Controls>, RawQuery(query): RawQuery) -> Result<Json<Value>, Refusal> {
    let wish = wishes::requests(query.as_deref().unwrap_or_default())?;
    Ok(Json(json!({"requests": controls.recorder.requests(wish.provider, wish.since)})))
}

/// Answers when every port has followed, so that the next request already meets the fault.
async fn arm(State(controls): State<Controls>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let fault = wishes::fault(&body)?;
    let armed = json!({"provider": fault.provider, "operation": fault.operation, "fault": fault.effect.as_str(),
        "times": fault.times});
    controls.faults.arm(fault);
    follow(&controls).await?;
    Ok(Json(json!({"armed": armed})))
}

async fn disarm(State(controls): State<Controls>) -> Result<Json<Value>, Refusal> {
    let cleared = controls.faults.clear();
    follow(&controls).await?;
    Ok(Json(json!({"cleared": cleared})))
}

async fn follow(controls: &Controls) -> Result<(), Refusal> {
    if controls.faults.settled().await { Ok(()) } else { Err(Refusal::internal("a simulator's port did not follow")) }
}

fn told(clockwork: &Clockwork) -> Json<Value> {
    let clock = clockwork.clock();
    Json(json!({"now": clock.now(), "offsetSecs": clock.offset().as_secs()}))
}

async fn time(State(controls): State<Controls>) -> Json<Value> {
    told(&controls.clockwork)
}

async fn advance(State(controls): State<Controls>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let by: Duration = wishes::advance(&body)?;
    controls.clockwork.advance(by).await.map_err(|error| Refusal::internal(&error.to_string()))?;
    Ok(told(&controls.clockwork))
}

async fn meter(State(controls): State<Controls>) -> Result<Json<Meter>, Refusal> {
    controls.carrier.meter().map(Json).map_err(|error| Refusal::internal(&error.to_string()))
}

async fn realtime(State(controls): State<Controls>) -> Result<Json<Value>, Refusal> {
    controls.openai.shown().map(Json).map_err(|error| Refusal::internal(&error.to_string()))
}

async fn incoming(State(controls): State<Controls>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let wish = wishes::incoming(&body)?;
    let ringing = controls.openai.ring(wish).map_err(|error| Refusal::internal(&error.to_string()))?;
    Ok(Json(json!({"callId": ringing.call_id, "webhookId": ringing.webhook_id})))
}

async fn sweep(State(controls): State<Controls>) -> Json<Value> {
    Json(json!({"ran": controls.schedule.run().await}))
}

async fn misdeliver(State(controls): State<Controls>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let settings = wishes::deliveries(&body)?;
    controls.deliveries.set(settings);
    Ok(Json(json!({"reset": settings == super::deliveries::DeliverySettings::default()})))
}

async fn owed(State(controls): State<Controls>) -> Json<Value> {
    let shown = |deliveries: Vec<Delivery>| deliveries.iter().map(Delivery::shown).collect::<Vec<_>>();
    Json(json!({"pending": shown(controls.deliveries.pending()), "failed": shown(controls.deliveries.failed())}))
}

async fn webhook_urls(State(controls): State<Controls>) -> Json<Value> {
    let urls = controls.webhook_urls.0();
    let urls: Vec<Value> = urls.iter().map(|hook| json!({"provider": hook.provider, "url": hook.url})).collect();
    Json(json!({"urls": urls}))
}

#[cfg(test)]
mod tests;

//! The log: JSON, one line per request, no personal data.
//!
//! A line holds the route's key, never a path or a query; ids of sessions, texts, tokens and phone numbers have no way in,
//! because their types cannot be printed. `LOG_LEVEL` sets what is logged, `DEBUG=true` raises our own targets to debug and nobody
//! else's: an SDK at debug level prints request bodies.

use std::time::Duration;

use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry;

use crate::Environment;

/// The target of the line per request.
const REQUEST: &str = "switchboard_lambda::request";
/// Our crates, by how their targets begin.
const OURS: [&str; 17] = [
    "switchboard_core",
    "switchboard_providers",
    "switchboard_store",
    "switchboard_auth",
    "switchboard_lambda",
    "switchboard_calls",
    "session",
    "process",
    "webhook",
    "health",
    "admin",
    "agents",
    "call_create",
    "call_end",
    "realtime_token",
    "call_read",
    "sweep",
];

/// What is logged.
#[derive(Clone, Debug)]
pub struct LogFilter(Targets);

impl LogFilter {
    /// Reads `LOG_LEVEL` and `DEBUG`.
    #[must_use]
    pub fn from_environment(environment: &Environment) -> Self {
        let debug = environment.get("DEBUG").is_some_and(|value| value == "true");
        let level = match environment.get("LOG_LEVEL").map(|level| level.to_ascii_lowercase()).as_deref() {
            _ if debug => LevelFilter::DEBUG,
            Some("error") => LevelFilter::ERROR,
            Some("warn") => LevelFilter::WARN,
            // There is nothing below debug in our own code, so that `trace` means the same.
            Some("debug" | "trace") => LevelFilter::DEBUG,
            _ => LevelFilter::INFO,
        };
        let targets = Targets::new()
            .with_default(LevelFilter::WARN)
            .with_targets(OURS.map(|target| (target, level)))
            // The line per request is what alarms and bills are made from; no level switches it off.
            .with_target(REQUEST, LevelFilter::INFO);
        Self(targets)
    }

    /// Leaves out what these targets say.
    #[must_use]
    pub fn and_silence<const N: usize>(self, targets: [&'static str; N]) -> Self {
        Self(self.0.with_targets(targets.map(|target| (target, LevelFilter::OFF))))
    }

    /// As a filter of a layer.
    #[must_use]
    pub fn into_targets(self) -> Targets {
        self.0
    }
}

/// A subscriber that writes JSON lines, as a function has it.
pub fn subscriber<W>(filter: LogFilter, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_writer(writer);
    registry().with(filter.0).with(lines)
}

/// Makes this process log to standard output, which Lambda collects.
pub(crate) fn install(environment: &Environment) -> Result<(), lambda_http::Error> {
    tracing::subscriber::set_global_default(subscriber(LogFilter::from_environment(environment), std::io::stdout))
        .map_err(Into::into)
}

/// What the line about a request says.
pub(crate) struct Line<'a> {
    pub(crate) request_id: &'a str,
    pub(crate) route: &'a str,
    pub(crate) tenant: Option<&'a str>,
    pub(crate) credential: &'a str,
    pub(crate) status: u16,
    pub(crate) outcome: &'a str,
    pub(crate) latency: Duration,
    pub(crate) replayed: bool,
    pub(crate) causes: Option<String>,
}

impl Line<'_> {
    pub(crate) fn write(&self) {
        let latency_ms = u64::try_from(self.latency.as_millis()).unwrap_or(u64::MAX);
        let (tenant, causes) = (self.tenant.unwrap_or("-"), self.causes.as_deref().unwrap_or("-"));
        if self.status >= 500 {
            tracing::error!(
                target: REQUEST, request_id = self.request_id, route = self.route, tenant, credential = self.credential,
                status = self.status, outcome = self.outcome, latency_ms, replayed = self.replayed, causes, "request"
            );
        } else {
            tracing::info!(
                target: REQUEST, request_id = self.request_id, route = self.route, tenant, credential = self.credential,
                status = self.status, outcome = self.outcome, latency_ms, replayed = self.replayed, causes, "request"
            );
        }
    }
}

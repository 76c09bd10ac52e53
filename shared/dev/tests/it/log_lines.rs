//! The log: one line a request, and nothing in it that a stranger must not read.

use std::io;
use std::sync::{LazyLock, Mutex, Once, PoisonError};

use serde_json::Value;
use switchboard_dev::credentials::LOCAL_KEY;
use switchboard_lambda::{Environment, LogFilter, subscriber};
use tracing::Level;

use crate::harness::TestWorld;
use crate::tour::{self, CANARY, Tourist};

/// What every function of this process has logged.
static LOG: LazyLock<Mutex<Vec<u8>>> = LazyLock::new(Mutex::default);

/// Writes to [`LOG`].
struct Memory;

impl io::Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn settings(pairs: &[(&str, &str)]) -> Environment {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Makes this process log into memory, as much as a function ever does. Tests that run meanwhile log there, too.
fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let filter = LogFilter::from_environment(&settings(&[("LOG_LEVEL", "debug"), ("DEBUG", "true")]));
        tracing::subscriber::set_global_default(subscriber(filter, || Memory)).unwrap();
    });
}

fn lines() -> Vec<String> {
    let log = LOG.lock().unwrap_or_else(PoisonError::into_inner).clone();
    String::from_utf8(log).unwrap().lines().map(str::to_owned).collect()
}

/// What the tour told and was given, and what it was done with.
struct Told {
    private: Vec<String>,
    visits: Vec<tour::Visit>,
}

/// The tour, and the answers of installations that lack something.
async fn go_everywhere() -> Told {
    let world = TestWorld::start().await;
    let mut tourist = Tourist::new(&world, world.base());
    tour::everywhere(&mut tourist).await;
    let mut told = Told { private: tourist.private, visits: tourist.visits };

    let body = serde_json::json!({"userId": CANARY, "context": {CANARY: CANARY}});
    let open = ("POST", "/api/voice/session");
    for (parameters, statuses) in [
        ([("RateLimitMaxRequests", "1")], [201, 429]),
        ([("OmiMaxConcurrentSessions", "1")], [201, 429]),
        ([("OmiRequestsPerMinute", "1")], [201, 503]),
        ([("SigningSecretName", "switchboard/none")], [503, 503]),
        ([("OmiSecretName", "switchboard/none")], [503, 503]),
    ] {
        let world = TestWorld::with(&parameters).await;
        let mut tourist = Tourist::new(&world, world.base());
        for status in statuses {
            tourist.json("POST /api/voice/session", status, open, LOCAL_KEY, &body).await;
        }
        told.private.extend(tourist.private);
        told.visits.extend(tourist.visits);
    }
    let world = TestWorld::with(&[("OmiWebhookSecretName", "switchboard/none")]).await;
    let mut tourist = Tourist::new(&world, world.base());
    tourist.deliver(503, CANARY, world.now(), CANARY.as_bytes()).await;
    told.visits.extend(tourist.visits);
    told
}

#[tokio::test]
async fn every_request_is_one_line_that_names_its_route_and_nothing_private() {
    listen();
    let told = go_everywhere().await;
    let lines = lines();

    for visit in &told.visits {
        let is_its = |line: &&Value| line["request_id"] == visit.request_id.as_str() && line["message"] == "request";
        let about_it = lines.iter().filter(|line| line.contains(&visit.request_id));
        let parsed: Vec<Value> = about_it.map(|line| serde_json::from_str(line).unwrap()).collect();
        let own: Vec<&Value> = parsed.iter().filter(is_its).collect();
        assert_eq!(own.len(), 1, "{visit:?}: {parsed:?}");
        let line = own[0];
        assert_eq!(line["route"], visit.route, "{visit:?}");
        assert_eq!(line["status"], visit.status, "{visit:?}");
        assert!(line["latency_ms"].is_u64() && line["tenant"].is_string(), "{line}");
        assert_eq!(line["outcome"] == "ok", visit.status < 400, "{line}");
        assert_eq!(line["level"] == "ERROR", visit.status >= 500, "{line}");
    }
    assert!(told.visits.len() > 100, "the tour is a long one: {}", told.visits.len());

    for secret in told.private.iter().map(String::as_str).chain([CANARY, "canary"]) {
        let leak = lines.iter().find(|line| line.contains(secret));
        assert_eq!(leak, None, "the log holds {secret}");
    }
    let whole: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(whole.iter().all(|line| line["level"].is_string() && line["timestamp"].is_string()));
}

#[test]
fn the_levels_of_the_template_mean_what_they_say_and_no_level_hides_the_line_per_request() {
    let ours = "switchboard_store::sessions";
    for (pairs, enabled, disabled) in [
        (&[("LOG_LEVEL", "error")][..], Some(Level::ERROR), Some(Level::WARN)),
        (&[("LOG_LEVEL", "warn")], Some(Level::WARN), Some(Level::INFO)),
        (&[("LOG_LEVEL", "info")], Some(Level::INFO), Some(Level::DEBUG)),
        (&[], Some(Level::INFO), Some(Level::DEBUG)),
        (&[("LOG_LEVEL", "debug")], Some(Level::DEBUG), None),
        (&[("LOG_LEVEL", "trace")], Some(Level::DEBUG), None),
        (&[("LOG_LEVEL", "error"), ("DEBUG", "true")], Some(Level::DEBUG), None),
    ] {
        let targets = LogFilter::from_environment(&settings(pairs)).into_targets();
        assert!(enabled.is_none_or(|level| targets.would_enable(ours, &level)), "{pairs:?}");
        assert!(disabled.is_none_or(|level| !targets.would_enable(ours, &level)), "{pairs:?}");
        assert!(targets.would_enable("switchboard_lambda::request", &Level::INFO), "{pairs:?}");
        for theirs in ["aws_smithy_runtime", "aws_sdk_dynamodb", "hyper", "reqwest", "lambda_runtime"] {
            assert!(!targets.would_enable(theirs, &Level::INFO), "{pairs:?}: {theirs} prints bodies at such levels");
        }
    }
}

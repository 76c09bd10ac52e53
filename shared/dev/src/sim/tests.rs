//! How the faults look to a client: what counts is what it can conclude, and what was done.

use std::time::{Duration, Instant};

use serde_json::json;
use switchboard_core::Clock;

use super::testbed::{Testbed, read, setup, start_time};
use super::*;

async fn arm(bed: &Testbed, fault: &str) {
    bed.control("POST", "/_sim/faults", fault).await;
}

/// How many turns the session has had.
async fn turns(bed: &Testbed) -> serde_json::Value {
    let (_, session) = bed.call("GET", "/sessions/ses_1", json!(null)).await;
    session["context"]["turnCount"].clone()
}

/// Waits for the port to have noticed a refusal, which is a moment after its client has.
async fn refusals_left(bed: &Testbed, left: Option<u32>) {
    let noticed = async {
        while bed.simulators.faults().refusing(Provider::Omi) != left {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), noticed).await.unwrap();
    assert!(bed.simulators.faults().settled().await);
}

async fn with_session() -> Testbed {
    let bed = Testbed::start().await;
    bed.open_session("ses_1").await;
    bed
}

fn recorded(bed: &Testbed) -> Vec<Option<&'static str>> {
    let all = bed.simulators.recorder().requests(None, 0);
    all.into_iter().filter(|request| request.path == "/v1/process").map(|request| request.fault).collect()
}

#[tokio::test]
async fn a_refused_connection_is_certainly_not_sent_and_only_as_often_as_armed() {
    let bed = with_session().await;
    arm(&bed, r#"{"provider":"omi","operation":"process","fault":"refuse","times":2}"#).await;
    for attempt in 0..2 {
        let refused = bed.turn("ses_1", "hello").send().await.unwrap_err();
        assert!(refused.is_connect() && !refused.is_timeout(), "attempt {attempt}: {refused:?}");
        refusals_left(&bed, [Some(1), None][attempt]).await;
    }
    assert_eq!(bed.say("ses_1", "hello").await["metadata"]["turn"], 1);
    assert_eq!(recorded(&bed), [None]);
}

#[tokio::test]
async fn many_refusals_are_immediate_and_last_until_cleared() {
    let bed = with_session().await;
    arm(&bed, r#"{"provider":"omi","fault":"refuse","times":1000}"#).await;
    let started = Instant::now();
    for _ in 0..5 {
        assert!(bed.turn("ses_1", "hello").send().await.unwrap_err().is_connect());
    }
    assert!(started.elapsed() < Duration::from_secs(1));
    bed.control("DELETE", "/_sim/faults", "").await;
    assert_eq!(bed.say("ses_1", "hello").await["metadata"]["turn"], 1);
}

#[tokio::test]
async fn a_refusal_that_nobody_ran_into_is_gone_when_cleared() {
    let bed = with_session().await;
    arm(&bed, r#"{"provider":"omi","fault":"refuse"}"#).await;
    bed.control("DELETE", "/_sim/faults", "").await;
    bed.say("ses_1", "hello").await;
}

#[tokio::test]
async fn a_client_with_little_patience_still_knows_that_nothing_was_sent() {
    let bed = with_session().await;
    arm(&bed, r#"{"provider":"omi","fault":"refuse"}"#).await;
    let hasty = reqwest::Client::builder().no_proxy().connect_timeout(Duration::from_millis(300)).build().unwrap();
    let refused = hasty.get(format!("{}/health", bed.omi)).send().await.unwrap_err();
    assert!(refused.is_connect(), "{refused:?}");
    refusals_left(&bed, None).await;
    let answer = hasty.get(format!("{}/health", bed.omi)).send().await;
    assert!(answer.is_ok(), "{answer:?}");
}

#[tokio::test]
async fn status_answers_and_does_nothing() {
    let bed = with_session().await;
    arm(&bed, r#"{"provider":"omi","operation":"process","fault":"status","status":429}"#).await;
    let answer = bed.turn("ses_1", "hello").send().await.unwrap();
    assert_eq!(answer.headers()["retry-after"], "1");
    let (status, body) = read(answer).await;
    assert_eq!((status, &body["error"]["code"]), (429, &json!("too_many_requests")));
    assert_eq!(turns(&bed).await, json!(null));
    assert_eq!(recorded(&bed), [Some("status")]);
}

#[tokio::test]
async fn reset_after_send_does_the_work_and_the_client_cannot_know() {
    let bed = with_session().await;
    arm(&bed, r#"{"provider":"omi","operation":"process","fault":"reset_after_send"}"#).await;
    let lost = bed.turn("ses_1", "hello").send().await.unwrap_err();
    assert!(!lost.is_connect() && !lost.is_timeout() && lost.is_request(), "{lost:?}");
    assert!(format!("{lost:?}").contains("ConnectionReset"), "{lost:?}");
    assert_eq!(turns(&bed).await, 1);
    // The client's connection was a used one, which libraries may retry by themselves: this one was not.
    assert_eq!(recorded(&bed), [Some("reset_after_send")]);
}

#[tokio::test]
async fn hang_does_the_work_and_leaves_the_client_waiting() {
    let bed = with_session().await;
    arm(&bed, r#"{"provider":"omi","operation":"process","fault":"hang"}"#).await;
    let late = bed.turn("ses_1", "hello").timeout(Duration::from_millis(300)).send().await.unwrap_err();
    assert!(late.is_timeout() && !late.is_connect(), "{late:?}");
    assert_eq!(turns(&bed).await, 1);
}

#[tokio::test]
async fn garbage_does_the_work_and_answers_what_nobody_can_read() {
    let bed = with_session().await;
    arm(&bed, r#"{"provider":"omi","operation":"process","fault":"garbage"}"#).await;
    let answer = bed.turn("ses_1", "hello").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let bytes = answer.bytes().await.unwrap();
    assert!(serde_json::from_slice::<serde_json::Value>(&bytes).is_err() && std::str::from_utf8(&bytes).is_err());
    assert_eq!(turns(&bed).await, 1);
}

#[tokio::test]
async fn slow_does_the_work_and_answers_after_its_time() {
    let bed = with_session().await;
    arm(&bed, r#"{"provider":"omi","operation":"process","fault":"slow","millis":250}"#).await;
    let started = Instant::now();
    bed.say("ses_1", "hello").await;
    assert!(started.elapsed() >= Duration::from_millis(250));
    assert_eq!(turns(&bed).await, 1);
}

#[tokio::test]
async fn lie_ok_looks_like_success_and_did_nothing() {
    let bed = Testbed::start().await;
    arm(&bed, r#"{"provider":"omi","fault":"lie_ok","times":2}"#).await;
    let (status, session) = bed.call("POST", "/sessions", json!({"sessionId": "ses_1", "context": {"a": 1}})).await;
    assert_eq!((status, &session["sessionId"], &session["context"]["a"]), (201, &json!("ses_1"), &json!(1)));
    let answer = bed.say("ses_1", "hello").await;
    assert!(answer["response"].is_string() && answer["actions"].is_array());
    assert_eq!(bed.call("GET", "/sessions/ses_1", json!(null)).await.0, 404);
    bed.advance(60).await;
    assert_eq!(bed.gateway.received().len(), 0);
}

#[tokio::test]
async fn a_killed_world_goes_on_where_it_was() {
    let bed = with_session().await;
    bed.say("ses_1", "my name is Sara").await;
    let again = Simulators::open(setup(&bed.clock, &bed.ledger, Arc::default())).unwrap();
    again.set_gateway(bed.gateway.base());
    assert_eq!(again.deliveries().pending(), bed.simulators.deliveries().pending());
    bed.clock.advance(Duration::from_secs(1));
    assert_eq!(again.run_due().await.unwrap(), 2);
    assert_eq!(bed.gateway.events(), ["session.created", "ai.response"]);
    assert_eq!(bed.clock.now(), start_time().plus(Duration::from_secs(1)));
}

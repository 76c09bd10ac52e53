use serde_json::json;

use super::super::deliveries::{DeliverySettings, Extent};
use super::super::faults::{Effect, Fault};
use super::super::provider::Operation;
use super::super::testbed::Testbed;
use super::*;

#[test]
fn a_wish_with_a_wrong_field_is_refused_by_the_name_of_the_field() {
    for (body, field) in [
        (r#"{"fault":"hang"}"#, "provider"),
        (r#"{"provider":"acme","fault":"hang"}"#, "provider"),
        (r#"{"provider":"omi"}"#, "fault"),
        (r#"{"provider":"omi","fault":"explode"}"#, "fault"),
        (r#"{"provider":"omi","fault":"hang","operation":"dance"}"#, "operation"),
        (r#"{"provider":"omi","fault":"hang","times":0}"#, "times"),
        (r#"{"provider":"omi","fault":"hang","times":"2"}"#, "times"),
        (r#"{"provider":"omi","fault":"status"}"#, "status"),
        (r#"{"provider":"omi","fault":"status","status":99}"#, "status"),
        (r#"{"provider":"omi","fault":"slow"}"#, "millis"),
        (r#"{"provider":"omi","fault":"slow","millis":-1}"#, "millis"),
    ] {
        let refusal = format!("{:?}", wishes::fault(body.as_bytes()).unwrap_err());
        assert!(refusal.contains(&format!("detail: Some((\"{field}\"")), "{body}: {refusal}");
    }
    assert!(wishes::advance(br#"{"advanceSecs":1.5}"#).is_err());
    assert!(wishes::advance(b"{}").is_err());
    assert!(wishes::deliveries(br#"{"drop":"yes"}"#).is_err());
    assert!(wishes::requests("since=-1").is_err());
    assert!(wishes::fault(b"not json").is_err());
}

#[test]
fn a_right_wish_is_read_in_full() {
    let body = br#"{"provider":"omi","operation":"process","fault":"slow","millis":250,"times":3,"else":1}"#;
    assert_eq!(
        wishes::fault(body).unwrap(),
        Fault {
            provider: Provider::Omi,
            operation: Some(Operation::Process),
            effect: Effect::Slow(Duration::from_millis(250)),
            times: 3,
        }
    );
    assert_eq!(wishes::fault(br#"{"provider":"omi","fault":"refuse"}"#).unwrap().times, 1);
    assert_eq!(wishes::deliveries(b"").unwrap(), DeliverySettings::default());
    assert_eq!(wishes::deliveries(br#"{"drop":true,"duplicate":2,"reorder":false,"delaySecs":9}"#).unwrap(), {
        DeliverySettings {
            reorder: Extent::None,
            duplicate: Extent::Next(2),
            drop: Extent::All,
            delay: Duration::from_secs(9),
        }
    });
}

#[tokio::test]
async fn refusals_of_the_control_plane_have_the_products_shape() {
    let bed = Testbed::start().await;
    let (status, headers, body) = bed.control_raw("POST", "/_sim/faults", r#"{"provider":"omi"}"#).await;
    assert_eq!(status, 400);
    assert_eq!(body["error"]["code"], "invalid_request");
    assert_eq!(body["error"]["details"], json!([{"field": "fault", "message": "is required"}]));
    assert_eq!(body["error"]["requestId"].as_str().unwrap(), headers["x-request-id"].to_str().unwrap());
    assert_eq!(bed.control_raw("GET", "/_sim/nothing", "").await.0, 404);
    assert_eq!(bed.control_raw("PUT", "/_sim/clock", "").await.0, 405);
}

#[tokio::test]
async fn moving_the_clock_delivers_what_becomes_due_and_keeps_the_offset() {
    let bed = Testbed::start().await;
    bed.open_session("ses_1").await;
    assert_eq!(bed.gateway.received().len(), 0);
    let told = bed.control("POST", "/_sim/clock", r#"{"advanceSecs":60}"#).await;
    assert_eq!(told["offsetSecs"], 60);
    assert_eq!(told, bed.control("GET", "/_sim/clock", "").await);
    let received = bed.gateway.received();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].body["event"], "session.created");
    assert_eq!(bed.saved_offset(), Duration::from_secs(60));
}

#[tokio::test]
async fn requests_are_listed_from_a_seq_on() {
    let bed = Testbed::start().await;
    bed.open_session("ses_1").await;
    bed.say("ses_1", "hello").await;
    let all = bed.control("GET", "/_sim/requests?provider=omi", "").await;
    let operations: Vec<_> = all["requests"].as_array().unwrap().iter().map(|r| r["operation"].clone()).collect();
    assert_eq!(operations, [json!("session"), json!("process")]);
    assert_eq!(all["requests"][1]["path"], "/v1/process");
    assert_eq!(all["requests"][1]["body"]["input"]["content"], "hello");
    assert!(all["requests"][1]["headers"]["authorization"].as_str().unwrap().starts_with("sha256:"));
    let since = bed.control("GET", "/_sim/requests?since=1", "").await;
    assert_eq!(since["requests"].as_array().unwrap().len(), 1);
    let none = bed.control("GET", "/_sim/requests?provider=twilio", "").await;
    assert_eq!(none["requests"], json!([]));
}

#[tokio::test]
async fn the_schedule_runs_all_jobs_in_order() {
    let bed = Testbed::start().await;
    assert_eq!(bed.control("POST", "/_sim/sweep", "").await, json!({"ran": []}));
    for name in ["settle", "expire"] {
        bed.simulators.schedule().add(name, || Box::pin(async { None }));
    }
    assert_eq!(bed.control("POST", "/_sim/sweep", "").await, json!({"ran": ["settle", "expire"]}));
}

#[tokio::test]
async fn the_webhook_addresses_are_told_once_the_gateway_is_known() {
    let bed = Testbed::start().await;
    let urls = bed.control("GET", "/_sim/webhook-urls", "").await;
    let base = bed.gateway.base();
    let omi = json!({"provider": "omi", "url": format!("{base}/api/webhook")});
    let openai = json!({"provider": "openai", "url": format!("{base}/webhooks/openai")});
    assert_eq!(urls["urls"], json!([omi, openai]));
}

#[tokio::test]
async fn the_meter_counts_every_line_by_its_provider_and_number() {
    let bed = Testbed::start().await;
    let none = json!({"dials": 0, "linesUp": 0, "secondsUp": 0, "lines": []});
    assert_eq!(bed.control("GET", "/_sim/meter", "").await, none);
    let body = json!({"agent_id": 1930, "to_number": "+15005550004"});
    let (_, placed) = bed.ask(Provider::Omnidimension, "POST", "/calls/dispatch", body).await;
    bed.advance(65).await;
    let line = json!({"provider": "omnidimension", "externalId": placed["requestId"].to_string(),
        "to": "+15005550004", "up": true, "seconds": 60});
    let meter = json!({"dials": 1, "linesUp": 1, "secondsUp": 60, "lines": [line]});
    assert_eq!(bed.control("GET", "/_sim/meter", "").await, meter);
}

#[tokio::test]
async fn what_is_owed_is_shown_without_what_it_is_authorised_with() {
    let bed = Testbed::start().await;
    let body = json!({"toNumber": "+15005550001", "agentDetails": {}, "webhookUrl": "http://localhost:1/hook",
        "webhookAuth": {"authKey": "bearer", "authSecret": "canary"}});
    assert_eq!(bed.ask(Provider::Hamsa, "POST", "/v1/voice-agents/call", body).await.0, 201);
    let owed = bed.control("GET", "/_sim/deliveries", "").await;
    assert_eq!(owed["pending"][0]["sender"], "hamsa");
    assert_eq!(owed["pending"][0]["target"], "http://localhost:1/hook");
    let asked = bed.control("GET", "/_sim/requests", "").await;
    assert!(!owed.to_string().contains("canary") && !asked.to_string().contains("canary"));
    let urls = bed.control("GET", "/_sim/webhook-urls", "").await;
    assert_eq!(
        urls["urls"].as_array().unwrap().last(),
        Some(&json!({"provider": "hamsa", "url": "http://localhost:1/hook"}))
    );
}

#[tokio::test]
async fn moving_the_clock_runs_the_schedule_at_every_whole_minute_and_everything_else_in_between() {
    let bed = Testbed::start().await;
    let seen: Arc<Mutex<Vec<(i64, usize)>>> = Arc::default();
    let (noted, simulators, clock) = (Arc::clone(&seen), bed.simulators.clone(), bed.clock.clone());
    bed.simulators.schedule().add("sweep", move || {
        let up = simulators.meter().unwrap().lines_up;
        noted.lock().unwrap().push((clock.now().epoch_secs() % 3600, up));
        Box::pin(async { None })
    });
    let body = json!({"agent_id": 1930, "to_number": "+15005550001"});
    bed.ask(Provider::Omnidimension, "POST", "/calls/dispatch", body).await;
    // The world began at 10:06:48; the call lasts until 10:07:13.
    bed.advance(132).await;
    assert_eq!(*seen.lock().unwrap(), [(7 * 60, 1), (8 * 60, 0), (9 * 60, 0)]);
    let started = std::time::Instant::now();
    bed.advance(24 * 3600).await;
    assert_eq!(seen.lock().unwrap().len(), 3 + 24 * 60);
    assert!(started.elapsed() < Duration::from_secs(5), "a quiet day passes quickly");
}

#[tokio::test]
async fn a_refused_connection_works_for_every_provider_and_dials_nobody() {
    let bed = Testbed::start().await;
    for provider in [Provider::Hamsa, Provider::Omnidimension, Provider::Twilio] {
        let fault = json!({"provider": provider, "operation": "place", "fault": "refuse", "times": 1000});
        bed.control("POST", "/_sim/faults", &fault.to_string()).await;
        let refused = bed.to(provider, "POST", "/").send().await.unwrap_err();
        assert!(refused.is_connect(), "{provider:?}: {refused:?}");
        bed.control("DELETE", "/_sim/faults", "").await;
        assert!(bed.to(provider, "POST", "/").send().await.is_ok());
    }
}

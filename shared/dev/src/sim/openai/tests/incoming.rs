//! Calls that come in by telephone.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::*;
use crate::credentials::OPENAI_WEBHOOK_SECRET;
use crate::sim::Simulators;
use crate::sim::testbed::{Received, setup};

async fn ring(bed: &Testbed, wish: &str) -> (String, String) {
    let told = bed.control("POST", "/_sim/openai/incoming", wish).await;
    let text = |name: &str| told[name].as_str().unwrap().to_owned();
    (text("callId"), text("webhookId"))
}

async fn tell(bed: &Testbed, id: &str, verb: &str, body: Value) -> u16 {
    bed.ask(Openai, "POST", &format!("/realtime/calls/{id}/{verb}"), body).await.0
}

async fn accept(bed: &Testbed, id: &str) -> u16 {
    tell(bed, id, "accept", json!({"type": "realtime", "model": "gpt-realtime-2.1", "instructions": "Answer."})).await
}

/// Checks a delivery as Standard Webhooks has it, apart from the code that signs.
fn is_signed(hook: &Received) -> bool {
    let header = |name: &str| hook.headers[name].to_str().unwrap();
    let key = STANDARD.decode(OPENAI_WEBHOOK_SECRET.strip_prefix("whsec_").unwrap()).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    mac.update(format!("{}.{}.", header("webhook-id"), header("webhook-timestamp")).as_bytes());
    mac.update(&hook.raw);
    header("webhook-signature") == format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[tokio::test]
async fn the_webhook_tells_who_calls_and_is_signed() {
    let bed = Testbed::start().await;
    let wish = json!({"from": "+96891234567", "to": "+15005550101",
        "headers": [{"name": "X-Note", "value": "a"}, {"name": "X-Note", "value": "b"}]});
    let (id, webhook_id) = ring(&bed, &wish.to_string()).await;
    bed.advance(1).await;
    let hooks = bed.gateway.of("openai");
    assert_eq!(hooks.len(), 1);
    assert!(is_signed(&hooks[0]));
    assert_eq!(hooks[0].headers["webhook-id"], webhook_id.as_str());
    let event = &hooks[0].body;
    assert_eq!((&event["object"], &event["type"]), (&json!("event"), &json!("realtime.call.incoming")));
    assert_eq!((&event["data"]["call_id"], &event["data"]["sip_media_security"]), (&json!(id), &json!("srtp")));
    assert!(event["id"].as_str().unwrap().starts_with("evt_") && event["created_at"].is_i64());
    let headers = event["data"]["sip_headers"].as_array().unwrap();
    let named = |name: &str| -> Vec<&str> {
        let of_name = headers.iter().filter(|header| header["name"] == name);
        of_name.map(|header| header["value"].as_str().unwrap()).collect()
    };
    assert!(matches!(named("From")[..], [from] if from.starts_with("sip:+96891234567@")), "{headers:?}");
    assert_eq!(named("X-Note"), ["a", "b"]);
    assert_eq!(bed.simulators.meter().unwrap().dials, 0, "it rings, and nobody has answered");
    let wrong = r#"{"headers":{"X-Note":"a"}}"#;
    let (status, _, refused) = bed.control_raw("POST", "/_sim/openai/incoming", wrong).await;
    assert_eq!((status, &refused["error"]["details"][0]["field"]), (400, &json!("headers")));
}

#[tokio::test]
async fn a_webhook_that_is_not_taken_is_tried_again_and_may_come_twice_or_never() {
    let bed = Testbed::start().await;
    bed.gateway.answer_next(&[500, 302]);
    ring(&bed, "").await;
    for (secs, attempts) in [(1, 1), (5, 2), (20, 2), (10, 3), (300, 3)] {
        bed.advance(secs).await;
        assert_eq!(bed.gateway.of("openai").len(), attempts, "{secs}");
    }
    let ids: Vec<_> = bed.gateway.of("openai").iter().map(|hook| hook.headers["webhook-id"].clone()).collect();
    assert!(ids.iter().all(|id| *id == ids[0]) && bed.gateway.of("openai").iter().all(is_signed));
    bed.control("POST", "/_sim/deliveries", r#"{"duplicate":1}"#).await;
    ring(&bed, "{}").await;
    bed.advance(1).await;
    assert_eq!(bed.gateway.of("openai").len(), 5);
    bed.control("POST", "/_sim/deliveries", r#"{"drop":1}"#).await;
    ring(&bed, "{}").await;
    bed.advance(300).await;
    assert_eq!(bed.gateway.of("openai").len(), 5);
}

#[tokio::test]
async fn an_accepted_call_is_a_line_for_as_long_as_its_caller_talks() {
    let bed = Testbed::start().await;
    let (id, _) = ring(&bed, r#"{"from":"+96891234567"}"#).await;
    bed.advance(59).await;
    assert_eq!(tell(&bed, &id, "accept", json!({"model": "gpt-realtime"})).await, 400, "a session has a type");
    assert_eq!(tell(&bed, &id, "accept", json!({"type": "realtime", "voice": "ash"})).await, 400);
    assert_eq!(accept(&bed, &id).await, 200);
    assert_eq!(accept(&bed, &id).await, 400, "nobody accepts it twice");
    bed.advance(39).await;
    assert_eq!(meter(&bed), (1, 39));
    let shown = figures(&bed, &id).await;
    assert_eq!((&shown["kind"], &shown["up"], &shown["audioPacketsIn"]), (&json!("sip"), &json!(true), &json!(0)));
    bed.advance(10).await;
    assert_eq!(meter(&bed), (0, 40));
    assert_eq!(figures(&bed, &id).await["endedBy"], "caller");
    assert_eq!((accept(&bed, &id).await, hang_up(&bed, &id).await.0), (404, 404));
}

#[tokio::test]
async fn nobody_waits_longer_than_a_minute_and_a_rejected_call_is_over() {
    let bed = Testbed::start().await;
    let (late, _) = ring(&bed, "").await;
    bed.advance(60).await;
    assert_eq!((accept(&bed, &late).await, tell(&bed, &late, "reject", Value::Null).await), (404, 404));
    for (verb, body, status) in [
        ("reject", Value::Null, 200),
        ("reject", json!({"status_code": 486}), 200),
        ("reject", json!({"status_code": 200}), 400),
        ("reject", json!({"reason": "busy"}), 400),
        ("hangup", Value::Null, 200),
        ("refer", json!({"target_uri": "tel:+14155550123"}), 404),
    ] {
        let (id, _) = ring(&bed, "").await;
        assert_eq!(tell(&bed, &id, verb, body.clone()).await, status, "{verb} {body}");
        let still_rings = status != 200;
        assert_eq!(accept(&bed, &id).await, if still_rings { 200 } else { 404 }, "{verb} {body}");
    }
    for (verb, body) in [
        ("accept", json!({"type": "realtime"})),
        ("reject", Value::Null),
        ("refer", json!({"target_uri": "tel:+14155550123"})),
        ("hangup", Value::Null),
    ] {
        assert_eq!(tell(&bed, "rtc_unknown", verb, body).await, 404, "{verb}");
    }
}

#[tokio::test]
async fn an_accepted_call_is_hung_up_or_passed_on() {
    let bed = Testbed::start().await;
    for (verb, body) in [("hangup", Value::Null), ("refer", json!({"target_uri": "sip:desk@example.com"}))] {
        let (id, _) = ring(&bed, "").await;
        assert_eq!(accept(&bed, &id).await, 200);
        bed.advance(10).await;
        assert_eq!(tell(&bed, &id, "refer", json!({})).await, 400, "whom to?");
        assert_eq!(tell(&bed, &id, verb, body.clone()).await, 200, "{verb}");
        assert_eq!((meter(&bed).0, &figures(&bed, &id).await["endedBy"]), (0, &json!("hangup")));
        assert_eq!(tell(&bed, &id, verb, body).await, 404, "{verb}");
    }
    assert_eq!(meter(&bed), (0, 20));
}

#[tokio::test]
async fn an_accepted_call_goes_on_when_the_world_is_killed() {
    let bed = Testbed::start().await;
    let (id, _) = ring(&bed, "").await;
    accept(&bed, &id).await;
    bed.advance(10).await;
    let again = Simulators::open(setup(&bed.clock, &bed.ledger, std::sync::Arc::default())).unwrap();
    assert_eq!(again.meter().unwrap().lines_up, 1);
    again.clockwork().advance(Duration::from_secs(60)).await.unwrap();
    assert_eq!((again.meter().unwrap().lines_up, again.meter().unwrap().seconds_up), (0, 40));
}

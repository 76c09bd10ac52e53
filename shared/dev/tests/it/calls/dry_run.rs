//! `dryRun`: what would be sent, and what speaks for and against it. Nothing is dialled and nothing is written.

use super::*;
use crate::rows::rows_that_matter;

fn dry(mut body: Value) -> Value {
    body["dryRun"] = json!(true);
    body
}

fn failed_checks(answer: &Answer) -> Vec<&str> {
    let checks = answer.json["checks"].as_array().unwrap().iter();
    checks.filter(|check| check["ok"] == false).map(|check| check["check"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_be_sent_is_what_is_sent_with_every_secret_left_out() {
    let world = TestWorld::start().await;
    for provider in PROVIDERS {
        let mut body = order(provider, &magic(1));
        body["params"] = json!({"customerName": "Amal"});
        let before = rows_that_matter(&world).await;
        let answer = try_place(&world, &dry(body.clone())).await;
        answer.expect(200);
        assert_eq!(answer.text("/wouldSend/provider"), provider);
        assert_eq!(rows_that_matter(&world).await, before, "{provider}: something was written");
        assert!(asked(&world, simulated(provider), Operation::Place).is_empty());
        place(&world, &body).await;
        let sent = asked(&world, simulated(provider), Operation::Place).pop().unwrap();
        assert_eq!(answer.text("/wouldSend/method"), sent.method, "{provider}");
        let (shown, sent) = (&answer.json["wouldSend"]["body"], &sent.body);
        let names = |body: &Value| {
            let mut names: Vec<String> = body.as_object().unwrap().keys().cloned().collect();
            names.sort_unstable();
            names
        };
        assert_eq!(names(shown), names(sent), "{provider}");
        // The address is a capability, and what goes with it is a password.
        let text = answer.json.to_string();
        assert!(!text.contains("hk_") && !text.contains("hook_"), "{provider}: {text}");
        for secret in ["hamsa-local-key-0000", "omnidim-local-key-0000", "12345\""] {
            assert!(!text.contains(secret), "{provider}");
        }
        assert_eq!(text.contains("[redacted]"), provider != "omnidimension", "{provider}: {text}");
    }
    assert_eq!(meter(&world).dials, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_speaks_against_a_call_is_a_check_that_does_not_hold() {
    let world = TestWorld::with(&[("CallMaxConcurrent", "1")]).await;
    let failing = async |body: Value| {
        let answer = try_place(&world, &dry(body)).await;
        answer.expect(200);
        failed_checks(&answer).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert!(failing(order("hamsa", &magic(1))).await.is_empty());
    assert_eq!(failing(order("hamsa", "+4930901820")).await, ["destination"]);
    let mut body = order("hamsa", &magic(1));
    body["scenario"] = json!("technical-support");
    assert_eq!(failing(body).await, ["scenario"]);
    let mut body = order("hamsa", &magic(1));
    body["agentId"] = json!("5f0d8e7a-2c41-4b7e-9f2f-0e6a1d3c9b84");
    assert_eq!(failing(body).await, ["placeholders"]);
    let mut body = order("hamsa", &magic(1));
    body["agentId"] = json!("no-such-agent");
    assert_eq!(failing(body).await, ["agent"]);
    // Its agent talks for up to an hour, and nobody could end it before.
    assert_eq!(failing(order("omnidimension", &magic(1))).await, ["max_duration"]);
    let mut body = order("omnidimension", &magic(1));
    body["maxDurationSecs"] = json!(3_600);
    assert!(failing(body).await.is_empty());
    assert_eq!(meter(&world).dials, 0);
    place(&world, &order("hamsa", &magic(4))).await;
    assert_eq!(failing(order("hamsa", &magic(1))).await, ["concurrency"]);
    assert_eq!(meter(&world).dials, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_binds_no_key_and_a_web_call_shows_its_request_too() {
    let world = TestWorld::start().await;
    let body = order("hamsa", &magic(1));
    place_under(&world, "k", &dry(body.clone())).await.expect(200);
    let placed = place_under(&world, "k", &body).await;
    placed.expect(202);
    assert_eq!(placed.header("idempotent-replayed"), None);
    for provider in ["hamsa", "omnidimension"] {
        let answer = try_place(&world, &dry(json!({"channel": "web", "provider": provider}))).await;
        answer.expect(200);
        assert_eq!(answer.text("/wouldSend/method"), "POST");
        assert!(asked(&world, simulated(provider), Operation::Token).is_empty());
    }
}

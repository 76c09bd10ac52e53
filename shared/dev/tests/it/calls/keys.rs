//! Idempotency keys: bound to their call for good, whatever became of it.

use std::collections::BTreeSet;

use super::*;

fn callers(answers: &[Answer]) -> BTreeSet<String> {
    answers.iter().map(|answer| answer.text("/callId")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_dials_once_however_often_and_at_whatever_time_it_comes() {
    let world = TestWorld::start().await;
    for provider in PROVIDERS {
        let body = order(provider, &magic(1));
        let at_once = (0..8).map(|_| place_under(&world, provider, &body));
        let answers = futures_util::future::join_all(at_once).await;
        answers.iter().for_each(|answer| answer.expect(202));
        let replayed = answers.iter().filter(|answer| answer.header("idempotent-replayed") == Some("true")).count();
        assert_eq!((callers(&answers).len(), replayed), (1, 7), "{provider}");
    }
    for secs in [60, 24 * 60 * 60 + 1, 30 * 24 * 60 * 60] {
        world.world.clock().advance(Duration::from_secs(secs));
        pass(&world, 120).await;
        for provider in PROVIDERS {
            // Other spaces and another order are the same request.
            let body = format!(
                r#"{{ "to":"{}", "provider":"{provider}","maxDurationSecs": {LASTS_SECS}, "channel":"phone"}}"#,
                magic(1)
            );
            let again = world.as_local().with("idempotency-key", provider);
            let again = again.send_json(reqwest::Method::POST, CALLS, Some(body.into_bytes())).await;
            again.expect(202);
            assert_eq!(again.header("idempotent-replayed"), Some("true"), "{provider} {secs}");
            assert_eq!(again.text("/phase"), "ended", "{provider}: the call as it is now");
        }
    }
    assert_eq!(meter(&world).dials, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_body_is_a_mismatch_and_another_tenants_key_another_key() {
    let world = TestWorld::start().await;
    let body = order("hamsa", &magic(1));
    let first = place_under(&world, "k", &body).await;
    first.expect(202);
    let other = place_under(&world, "k", &order("hamsa", &magic(2))).await;
    other.refused(422, "idempotency_mismatch");
    assert_eq!(other.text("/error/callId"), first.text("/callId"));
    // What would be refused by itself is a mismatch, too: the key tells that it is no new request.
    let mut wrong = body.clone();
    wrong["scenario"] = json!("payment-reminder");
    place_under(&world, "k", &wrong).await.refused(422, "idempotency_mismatch");
    let theirs = world.as_other().with("idempotency-key", "k").post(CALLS, &order("hamsa", &magic(2))).await;
    theirs.expect(202);
    assert_ne!(theirs.text("/callId"), first.text("/callId"));
    assert_eq!(meter(&world).dials, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certain_failure_is_final_for_its_key() {
    let world = TestWorld::start().await;
    for (number, provider) in PROVIDERS.iter().enumerate() {
        let body = order(provider, &magic(6));
        let refused = place_under(&world, provider, &body).await;
        refused.refused(422, "provider_rejected");
        let again = place_under(&world, provider, &body).await;
        again.expect(202);
        assert_eq!(again.text("/callId"), refused.text("/error/callId"));
        assert_eq!((again.text("/phase"), again.text("/endReason")), ("ended".to_owned(), "invalid_number".to_owned()));
        assert_eq!(asked(&world, simulated(provider), Operation::Place).len(), 1, "{provider}");
        let anew = place_under(&world, &format!("{provider}-{number}"), &order(provider, &magic(1))).await;
        anew.expect(202);
    }
    assert_eq!(meter(&world).dials, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_never_dialled_again_under_its_key() {
    let world = TestWorld::start().await;
    for provider in PROVIDERS {
        let body = order(provider, &magic(9));
        let lost = place_under(&world, provider, &body).await;
        lost.expect(202);
        assert_eq!(lost.text("/outcome"), "unknown");
        for secs in [0, 1, 60, 120] {
            pass(&world, secs).await;
            let again = place_under(&world, provider, &body).await;
            again.expect(202);
            assert_eq!(again.text("/callId"), lost.text("/callId"), "{provider}");
        }
        assert_eq!(read(&world, &lost.text("/callId")).await.text("/endReason"), "completed");
    }
    assert_eq!(meter(&world).dials, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_before_anything_was_written_leaves_the_key_free() {
    let world = TestWorld::with(&[("CallMaxConcurrent", "1")]).await;
    let stays = place(&world, &order("hamsa", &magic(4))).await;
    let body = order("hamsa", &magic(1));
    place_under(&world, "k", &body).await.refused(429, "concurrency_limit");
    end(&world, &stays).await.expect(200);
    let placed = place_under(&world, "k", &body).await;
    placed.expect(202);
    assert_eq!(placed.header("idempotent-replayed"), None);
    // Its own call holds the only slot; it is answered with it all the same.
    let again = place_under(&world, "k", &body).await;
    again.expect(202);
    assert_eq!(again.text("/callId"), placed.text("/callId"));
    for key in ["", "\u{7f}", &"k".repeat(256)] {
        let Ok(value) = reqwest::header::HeaderValue::from_str(key) else { continue };
        let answer = world.as_local().with("idempotency-key", value.to_str().unwrap()).post(CALLS, &body).await;
        answer.refused(400, "invalid_request");
    }
}

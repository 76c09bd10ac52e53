//! What a page posts of what was said.

use switchboard_core::Scope;

use super::*;

fn turns(texts: &[(&str, &str)]) -> Value {
    let turns: Vec<Value> = texts.iter().map(|(role, text)| json!({"role": role, "text": text})).collect();
    json!({ "turns": turns })
}

/// What is kept, as (role, text).
async fn said(world: &TestWorld, call: &str) -> Vec<(String, String)> {
    let read = world.as_local().get(&words_of(call)).await;
    read.expect(200);
    let text = |turn: &Value, name: &str| turn[name].as_str().unwrap().to_owned();
    read.json["turns"].as_array().unwrap().iter().map(|turn| (text(turn, "role"), text(turn, "text"))).collect()
}

fn texts(of: &[(String, String)]) -> Vec<&str> {
    of.iter().map(|(_, text)| text.as_str()).collect()
}

#[tokio::test]
async fn posts_of_a_page_and_of_its_server_add_up_and_one_that_holds_everything_replaces_it() {
    let world = TestWorld::start().await;
    let (_, token) = page_token(&world).await;
    let page = world.bearing(&token);
    let held = open(&page, &json!({"sdp": offer()})).await;
    let path = words_of(&held.call);
    let first = page.post(&path, &turns(&[("user", "Hello")])).await;
    first.expect(202);
    assert_eq!(first.json, json!({"callId": held.call, "status": "ready", "turns": 1}));
    page.post(&path, &turns(&[("agent", "Good day")])).await.expect(202);
    assert_eq!(said(&world, &held.call).await, [("user".into(), "Hello".into()), ("agent".into(), "Good day".into())]);
    // The server adds; the page sends everything it has each time.
    let writer = world.new_key("local", [Scope::CallsWrite]).await;
    world.bearing(&writer).post(&path, &turns(&[("user", "How late is it?")])).await.expect(202);
    let all = [("user", "Hello"), ("agent", "Good day"), ("user", "How late is it?"), ("agent", "Noon.")];
    for _ in 0..2 {
        let answer = page.post(&path, &turns(&all)).await;
        assert_eq!(answer.json["turns"], 4);
    }
    assert_eq!(texts(&said(&world, &held.call).await), ["Hello", "Good day", "How late is it?", "Noon."]);
    // A post that was lost is sent again under its key, and is not said twice.
    let keyed = page.clone().with("idempotency-key", "k");
    for _ in 0..2 {
        keyed.post(&path, &turns(&[("user", "Thanks")])).await.expect(202);
    }
    assert_eq!(said(&world, &held.call).await.len(), 5);
    // What is said last may be told after the end.
    world.as_local().post(&end_of(&held.rts), &json!({})).await.expect(200);
    page.post(&path, &turns(&[("agent", "Bye")])).await.expect(202);
    assert_eq!(said(&world, &held.call).await.len(), 6);
}

#[tokio::test]
async fn two_posts_at_once_are_both_kept() {
    let world = TestWorld::start().await;
    let local = world.as_local();
    let held = open(&local, &wish("ada")).await;
    let path = words_of(&held.call);
    let bodies: Vec<Value> = (0..6).map(|at| turns(&[("user", &format!("turn {at}"))])).collect();
    let answers = futures_util::future::join_all(bodies.iter().map(|body| local.post(&path, body))).await;
    for (body, answer) in bodies.iter().zip(answers) {
        if answer.status == 503 {
            local.post(&path, body).await.expect(202);
        } else {
            answer.expect(202);
        }
    }
    let mut kept = said(&world, &held.call).await;
    kept.sort();
    assert_eq!(texts(&kept), ["turn 0", "turn 1", "turn 2", "turn 3", "turn 4", "turn 5"]);
}

#[tokio::test]
async fn what_a_page_says_proves_neither_an_end_nor_a_cost() {
    let world = TestWorld::start().await;
    let local = world.as_local();
    let held = open(&local, &wish("ada")).await;
    let path = words_of(&held.call);
    let mut lies = turns(&[("agent", "This call is over and cost nothing.")]);
    let claims = json!({
        "phase": "ended", "endReason": "completed", "endedAt": "2026-11-20T12:00:01.000Z", "durationSecs": 1,
        "cost": {"amount": "0.0000", "currency": "USD"}, "summary": "Nothing.", "outcome": "known", "ended": true,
    });
    lies.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
    let without_words = |mut call: Value| {
        call["artifacts"]["transcript"] = Value::Null;
        call
    };
    let before = read(&world, &held.call).await;
    local.post(&path, &lies).await.expect(202);
    let after = read(&world, &held.call).await;
    assert_eq!(after["artifacts"]["transcript"], "ready");
    assert_eq!(without_words(after), without_words(before));
    local.post(&end_of(&held.rts), &json!({})).await.expect(200);
    let before = read(&world, &held.call).await;
    lies["turns"][0]["text"] = json!("And it lasted for hours.");
    lies["durationSecs"] = json!(7_200);
    local.post(&path, &lies).await.expect(202);
    assert_eq!(without_words(read(&world, &held.call).await), without_words(before));
}

#[tokio::test]
async fn words_are_taken_of_realtime_calls_only_and_from_whoever_they_belong_to() {
    let world = TestWorld::start().await;
    let ((_, token), (_, stranger)) = (page_token(&world).await, page_token(&world).await);
    let held = open(&world.bearing(&token), &json!({"sdp": offer()})).await;
    let path = words_of(&held.call);
    let body = turns(&[("user", "Hi")]);
    world.as_other().post(&path, &body).await.refused(404, "not_found");
    world.bearing(&stranger).post(&path, &body).await.refused(404, "not_found");
    let reader = world.new_key("local", [Scope::CallsRead, Scope::VoiceWrite]).await;
    world.bearing(&reader).post(&path, &body).await.refused(403, "forbidden");
    world.as_nobody().post(&path, &body).await.refused(401, "unauthenticated");
    let phone = calls::place(&world, &calls::order("twilio", &calls::magic(4))).await;
    let refused = world.as_local().post(&words_of(&phone), &body).await;
    refused.refused(422, "unsupported_by_provider");
    assert!(refused.text("/error/nearest").starts_with("GET "), "{}", refused.json);
    world.bearing(&token).post(&words_of(&phone), &body).await.refused(404, "not_found");
    for wrong in [
        json!({}),
        turns(&[]),
        json!({"turns": [{"role": "narrator", "text": "x"}]}),
        json!({"turns": [{"role": "user"}]}),
        json!({"turns": vec![json!({"role": "user", "text": "x"}); 501]}),
    ] {
        world.as_local().post(&path, &wrong).await.refused(400, "invalid_request");
    }
    assert_eq!(said(&world, &held.call).await, []);
}

#[tokio::test]
async fn what_is_too_much_is_refused_whole_and_leaves_what_was_kept() {
    let world = TestWorld::start().await;
    let local = world.as_local();
    let held = open(&local, &wish("ada")).await;
    let path = words_of(&held.call);
    for wrong in ["", "  ", &"x".repeat(20_001)] {
        let refused = local.post(&path, &turns(&[("user", "Hi"), ("user", wrong)])).await;
        refused.refused_field(400, "invalid_request", "turns[1].text");
    }
    let page = |at: usize| -> Value {
        let text = format!("{at} {}", "x".repeat(19_000));
        turns(&[("agent", text.as_str()); 10])
    };
    let mut kept = 0;
    let refused = loop {
        let answer = local.post(&path, &page(kept)).await;
        if answer.status != 202 {
            break answer;
        }
        kept += 1;
    };
    refused.refused(413, "payload_too_large");
    assert_eq!((said(&world, &held.call).await.len(), kept), (kept * 10, 5), "a megabyte, and no more");
}

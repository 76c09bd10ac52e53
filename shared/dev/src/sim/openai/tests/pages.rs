//! Pages that call: what goes over the connection, and what ends it. Time is paused: nobody waits for sound.

use super::*;
use crate::sim::Simulators;
use crate::sim::testbed::setup;

#[tokio::test(start_paused = true)]
async fn a_page_and_the_agent_hear_each_other_until_the_server_hangs_up() {
    let bed = Testbed::start().await;
    let session = json!({"type": "realtime", "audio": {"input": {"transcription": {"model": "whisper-1"}}}});
    let (mut page, id) = call(&bed, session).await;
    let created = page.event("session.created", SOON).await.unwrap();
    assert_eq!(created["session"]["audio"]["input"]["transcription"]["model"], "whisper-1");
    assert!(created["session"]["expires_at"].as_i64() > Some(0), "{created}");
    let heard = page.event("conversation.item.input_audio_transcription.completed", SOON).await.unwrap();
    assert_eq!(heard["transcript"], "Hello, can you hear me?");
    let done = page.event("response.done", SOON).await.unwrap();
    assert_eq!(done["response"]["status"], "completed", "{done}");
    assert!(done["response"]["usage"]["total_tokens"].as_u64() > Some(0), "{done}");
    let (packets, voices) = page.heard();
    assert!(voices > 50 && packets > voices, "{packets} {voices}");
    let shown = figures(&bed, &id).await;
    assert!(shown["audioPacketsIn"].as_u64() > Some(50) && shown["audioBytesIn"].as_u64() > Some(2000), "{shown}");
    assert!(shown["audioPacketsOut"].as_u64() >= Some(packets), "{shown}");

    bed.advance(7).await;
    let metered = bed.simulators.meter().unwrap();
    assert_eq!((metered.lines[0].external_id.as_str(), metered.lines[0].to.as_str()), (id.as_str(), ""));
    assert_eq!(meter(&bed), (1, 7));
    assert_eq!(hang_up(&bed, &id).await, (200, Value::Null));
    assert!(page.wait(SOON, Page::is_closed).await, "{page:?}");
    assert_eq!(figures(&bed, &id).await["endedBy"], "hangup");
    bed.advance(60).await;
    assert_eq!(meter(&bed), (0, 7));
    let (status, again) = hang_up(&bed, &id).await;
    assert_eq!((status, &again["error"]["type"]), (404, &json!("invalid_request_error")));
}

#[tokio::test(start_paused = true)]
async fn a_page_changes_its_session_asks_in_writing_and_is_told_what_it_may_not() {
    let bed = Testbed::start().await;
    let (mut page, id) = call(&bed, json!({"type": "realtime", "audio": {"input": {"turn_detection": null}}})).await;
    let beta =
        json!({"type": "session.update", "event_id": "mine", "session": {"type": "realtime", "temperature": 0.8}});
    assert!(page.send(&beta));
    let refused = page.event("error", SOON).await.unwrap()["error"].clone();
    assert_eq!((&refused["code"], &refused["event_id"]), (&json!("unknown_parameter"), &json!("mine")));
    let update =
        json!({"type": "session.update", "session": {"type": "realtime", "instructions": "Say \"Blue heron.\""}});
    page.send(&update);
    assert!(page.event("session.updated", SOON).await.is_some());
    page.send(&json!({"type": "response.create"}));
    let said = page.event("response.output_audio_transcript.done", SOON).await.unwrap();
    assert_eq!(said["transcript"], "Blue heron.");
    let shown = figures(&bed, &id).await;
    assert_eq!(shown["events"], json!(["session.update", "session.update", "response.create"]));
    assert_eq!(shown["sessionUpdates"], 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_ends_with_its_page_whether_that_says_goodbye_or_not() {
    let bed = Testbed::start().await;
    let (page, closed) = call(&bed, json!({"type": "realtime"})).await;
    let (tab, vanished) = call(&bed, json!({"type": "realtime"})).await;
    page.close().await;
    assert_eq!(ended(&bed, &closed).await["endedBy"], "page");
    assert_eq!(figures(&bed, &vanished).await["up"], true);
    let since = tokio::time::Instant::now();
    drop(tab);
    assert_eq!(ended(&bed, &vanished).await["endedBy"], "page");
    let noticed_after = since.elapsed();
    assert!((10..12).contains(&noticed_after.as_secs()), "{noticed_after:?}");
    assert_eq!(meter(&bed).0, 0);
}

#[tokio::test(start_paused = true)]
async fn a_quiet_page_stays_and_nothing_is_answered() {
    let bed = Testbed::start().await;
    let (mut page, id) = call(&bed, json!({"type": "realtime"})).await;
    page.mute(true);
    page.wait(Duration::from_secs(25), |_| false).await;
    assert!(!page.is_closed() && page.heard().1 == 0, "{page:?}");
    assert_eq!(figures(&bed, &id).await["up"], true);
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_page_never_connects_ends_after_half_a_minute_and_costs_nothing() {
    let bed = Testbed::start().await;
    let (_page, id) = opened(&bed, json!({"type": "realtime"})).await;
    bed.advance(29).await;
    assert_eq!((meter(&bed), &figures(&bed, &id).await["connected"]), ((1, 0), &json!(false)));
    bed.advance(1).await;
    assert_eq!((meter(&bed), &figures(&bed, &id).await["endedBy"]), ((0, 0), &json!("never_connected")));
    assert_eq!(hang_up(&bed, &id).await.0, 404);
}

#[tokio::test(start_paused = true)]
async fn a_session_ends_after_an_hour_of_the_worlds_time() {
    let bed = Testbed::start().await;
    let (mut page, id) = call(&bed, json!({"type": "realtime"})).await;
    bed.advance(3599).await;
    assert_eq!(meter(&bed), (1, 3599));
    bed.advance(100).await;
    assert_eq!(meter(&bed), (0, 3600));
    assert!(page.wait(SOON, Page::is_closed).await, "{page:?}");
    assert_eq!(figures(&bed, &id).await["endedBy"], "limit");
}

#[tokio::test(start_paused = true)]
async fn a_secret_opens_calls_until_it_expires_and_they_outlive_it() {
    let bed = Testbed::start().await;
    let body = json!({"expires_after": {"anchor": "created_at", "seconds": 10}, "session": {"type": "realtime"}});
    let (_, minted) = bed.ask(Openai, "POST", "/realtime/client_secrets", body).await;
    let secret = minted["value"].as_str().unwrap();
    let mut page = Page::open().unwrap();
    let answer = post_offer(&bed, secret, page.offer()).await;
    let id = id_in(&answer);
    page.take_answer(&answer.text().await.unwrap()).unwrap();
    assert!(page.wait(SOON, Page::is_connected).await);
    let twin = Page::open().unwrap();
    assert_eq!(post_offer(&bed, secret, twin.offer()).await.status(), 201);
    bed.advance(9).await;
    assert_eq!(post_offer(&bed, secret, twin.offer()).await.status(), 201);
    bed.advance(1).await;
    assert_eq!(post_offer(&bed, secret, twin.offer()).await.status(), 401);
    assert_eq!(figures(&bed, &id).await["up"], true);
}

#[tokio::test(start_paused = true)]
async fn calls_of_pages_do_not_survive_a_restart_and_secrets_do() {
    let bed = Testbed::start().await;
    let secret = mint(&bed, json!({"type": "realtime"})).await;
    let (_page, id) = call(&bed, json!({"type": "realtime"})).await;
    bed.advance(5).await;
    let again = Simulators::open(setup(&bed.clock, &bed.ledger, std::sync::Arc::default())).unwrap();
    let metered = again.meter().unwrap();
    assert_eq!((metered.lines_up, metered.seconds_up, metered.lines[0].external_id.as_str()), (0, 5, id.as_str()));
    assert_eq!(again.openai.shown().unwrap()["calls"][0]["endedBy"], "restart");
    let router = again.router(Openai);
    let request = http::Request::post("/v1/realtime/calls")
        .header("host", "localhost")
        .header("authorization", format!("Bearer {secret}"))
        .header("content-type", "application/sdp")
        .body(axum::body::Body::from(Page::open().unwrap().offer().to_owned()));
    let answer = tower::ServiceExt::oneshot(router, request.unwrap()).await.unwrap();
    assert_eq!(answer.status(), 201);
}

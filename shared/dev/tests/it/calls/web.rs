//! Calls in a browser: the credential to join, and what becomes of them.

use switchboard_core::EndReason;

use super::*;
use crate::rows::rows;

fn web(provider: &str) -> Value {
    json!({"channel": "web", "provider": provider, "maxDurationSecs": LASTS_SECS})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_gets_what_it_needs_to_join_and_nothing_of_it_is_kept() {
    let world = TestWorld::start().await;
    for (provider, kind) in [("hamsa", "livekit"), ("omnidimension", "websocket")] {
        let placed = place_under(&world, provider, &web(provider)).await;
        placed.expect(202);
        assert_eq!(placed.text("/connect/kind"), kind, "{provider}");
        assert!(placed.text("/connect/url").starts_with("wss://"), "{provider}");
        assert_eq!((placed.text("/channel"), placed.json.get("to")), ("web".to_owned(), None));
        let token = placed.text("/connect/token");
        assert!(token.len() > 20, "{provider}");
        let again = place_under(&world, provider, &web(provider)).await;
        again.expect(202);
        assert_eq!((again.text("/callId"), again.json.get("connect")), (placed.text("/callId"), None));
        let kept = rows(&world).await;
        assert!(kept.values().all(|row| !row.to_string().contains(&token)), "{provider}");
    }
    assert_eq!(meter(&world).dials, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn hamsas_web_calls_are_ended_by_request_and_at_their_deadline() {
    let world = TestWorld::start().await;
    let asked = place(&world, &web("hamsa")).await;
    let left = place(&world, &web("hamsa")).await;
    // Only the record tells: the first look at it is the sweep's.
    pass(&world, 70).await;
    assert_eq!(read(&world, &asked).await.text("/phase"), "in_progress");
    let ended = end(&world, &asked).await;
    ended.expect(200);
    assert_eq!(ended.text("/endReason"), "ended_by_request");
    pass(&world, LASTS_SECS).await;
    let call = kept(&world, &left).await;
    assert_eq!(call.end().map(|end| end.reason), Some(EndReason::MaxDuration));
    assert!(call.slot.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_nobody_can_end_or_ask_about_says_so_and_gives_its_slot_back() {
    let world = TestWorld::start().await;
    let id = place(&world, &web("omnidimension")).await;
    end(&world, &id).await.refused(422, "unsupported_by_provider");
    pass(&world, LASTS_SECS + 90).await;
    assert!(!kept(&world, &id).await.alarms.is_empty(), "somebody is told");
    pass(&world, 16 * 60).await;
    let call = kept(&world, &id).await;
    assert!(!call.is_live() && call.slot.is_none() && call.alarms.is_empty(), "{:?}", call.alarms);
    assert_eq!(call.end().map(|end| end.reason), Some(EndReason::Unknown), "nobody knows how it ended");
    assert_eq!((call.duration_secs(), call.cost()), (None, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn twilio_holds_no_call_in_a_browser_and_the_answer_names_who_does() {
    let world = TestWorld::start().await;
    let refused = try_place(&world, &web("twilio")).await;
    refused.refused(422, "unsupported_by_provider");
    assert_eq!(refused.text("/error/nearest"), "hamsa");
    let mut body = web("hamsa");
    body["fallback"] = json!(["twilio"]);
    try_place(&world, &body).await.refused(422, "unsupported_by_provider");
    body["fallback"] = json!([]);
    body["to"] = json!(magic(1));
    try_place(&world, &body).await.refused_field(400, "invalid_request", "to");
    assert!(asked(&world, Provider::Hamsa, Operation::Token).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_that_cannot_be_had_is_no_call_and_the_next_provider_is_asked() {
    let world = TestWorld::start().await;
    go_wrong(&world, Provider::Hamsa, Operation::Token, Effect::ResetAfterSend, 1).await;
    let lost = try_place(&world, &web("hamsa")).await;
    lost.refused(502, "provider_unavailable");
    let call = kept(&world, &lost.text("/error/callId")).await;
    assert!(!call.is_live() && call.slot.is_none(), "nobody can join it");
    go_wrong(&world, Provider::Hamsa, Operation::Token, Effect::Status(429), 1).await;
    let mut body = web("hamsa");
    body["fallback"] = json!(["omnidimension"]);
    let placed = try_place(&world, &body).await;
    placed.expect(202);
    assert_eq!(
        (placed.text("/provider"), placed.text("/connect/kind")),
        ("omnidimension".to_owned(), "websocket".to_owned())
    );
}

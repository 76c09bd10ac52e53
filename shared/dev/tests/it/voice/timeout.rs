//! Sessions time out by the clock, thirty minutes after the last turn.

use std::time::Duration;

use serde_json::json;

use crate::harness::TestWorld;
use crate::talk::{UPLOADS, asked_of_omi, end_of, open, path_of, read, say, upload};

const MINUTE: Duration = Duration::from_secs(60);
const MILLISECOND: Duration = Duration::from_millis(1);

#[tokio::test]
async fn every_turn_gives_a_session_another_thirty_minutes() {
    let world = TestWorld::start().await;
    let caller = world.as_local();
    let session = open(&caller).await;
    for _ in 0..2 {
        world.advance(29 * MINUTE).await;
        say(&caller, &session, "Still here").await.expect(200);
        let expected = world.now().plus(30 * MINUTE).to_string();
        assert_eq!(read(&caller, &session).await.text("/expiresAt"), expected);
    }
    world.advance(30 * MINUTE - MILLISECOND).await;
    say(&caller, &session, "In the last millisecond").await.expect(200);
}

#[tokio::test]
async fn thirty_minutes_after_its_last_turn_a_session_takes_nothing_more_and_can_still_be_ended() {
    let world = TestWorld::start().await;
    let caller = world.as_local();
    let session = open(&caller).await;
    say(&caller, &session, "Hello").await.expect(200);
    let timed_out_at = world.now().plus(30 * MINUTE).to_string();
    world.advance(30 * MINUTE).await;
    let asked = asked_of_omi(&world).len();
    say(&caller, &session, "Anybody there?").await.refused(409, "session_expired");
    caller.patch(&path_of(&session), &json!({"context": {"a": 1}})).await.refused(409, "session_expired");
    caller.post(UPLOADS, &upload(&session, "audio/wav", 100)).await.refused(409, "session_expired");
    assert_eq!(asked_of_omi(&world).len(), asked, "nobody else is asked");
    let expired = read(&caller, &session).await;
    assert_eq!(expired.text("/status"), "expired");
    assert_eq!(expired.json["turns"].as_array().unwrap().len(), 2);

    world.advance(MINUTE).await;
    let ended = caller.post(&end_of(&session), &json!({})).await;
    ended.expect(200);
    assert_eq!(ended.text("/status"), "ended");
    assert_eq!(ended.text("/endedAt"), timed_out_at, "it was over when its time ran out");
    assert_eq!(read(&caller, &session).await.text("/status"), "ended");
    say(&caller, &session, "Hello?").await.refused(409, "session_ended");
}

#[tokio::test]
async fn the_timeout_is_a_setting_of_the_deployment() {
    let world = TestWorld::with(&[("OmiSessionTimeoutSecs", "90")]).await;
    let caller = world.as_local();
    let session = open(&caller).await;
    assert_eq!(read(&caller, &session).await.json["limits"]["timeoutSecs"], json!(90));
    world.advance(Duration::from_secs(89)).await;
    say(&caller, &session, "Hello").await.expect(200);
    world.advance(Duration::from_secs(90)).await;
    say(&caller, &session, "Hello").await.refused(409, "session_expired");
}

//! Ending a session: by either route, as often as one likes, whether or not OMI is there.

use std::time::Duration;

use serde_json::json;
use switchboard_dev::sim::faults::Effect;
use switchboard_dev::sim::provider::Operation;

use crate::harness::TestWorld;
use crate::talk::{ALWAYS, UPLOADS, asked_of_omi, end_of, go_wrong, mend, open, path_of, read, say, upload};

#[tokio::test]
async fn both_routes_end_a_session_and_give_the_same_answer_ever_after() {
    let world = TestWorld::start().await;
    let caller = world.as_local();
    for delete_first in [false, true] {
        let session = open(&caller).await;
        let (own, end) = (path_of(&session), end_of(&session));
        let first = if delete_first { caller.delete(&own).await } else { caller.post(&end, &json!({})).await };
        first.expect(200);
        let expected = json!({"sessionId": session, "status": "ended", "endedAt": world.now()});
        assert_eq!(first.json, expected);
        world.advance(Duration::from_secs(61)).await;
        for again in [caller.delete(&own).await, caller.post(&end, &json!({})).await, caller.delete(&own).await] {
            again.expect(200);
            assert_eq!(again.json, expected);
        }
        // A body is not needed: R0's clients send none.
        caller.send(reqwest::Method::POST, &end, None).await.expect(200);
    }
}

#[tokio::test]
async fn an_ended_session_takes_nothing_more_and_keeps_its_history() {
    let world = TestWorld::start().await;
    let caller = world.as_local();
    let session = open(&caller).await;
    say(&caller, &session, "Hello").await.expect(200);
    caller.delete(&path_of(&session)).await.expect(200);
    let asked = asked_of_omi(&world).len();
    say(&caller, &session, "Hello?").await.refused(409, "session_ended");
    caller.patch(&path_of(&session), &json!({"context": {"a": 1}})).await.refused(409, "session_ended");
    caller.post(UPLOADS, &upload(&session, "audio/wav", 100)).await.refused(409, "session_ended");
    assert_eq!(asked_of_omi(&world).len(), asked);
    // Long after its time would have run out it is still ended, not expired.
    world.advance(Duration::from_secs(3_600)).await;
    let ended = read(&caller, &session).await;
    assert_eq!(ended.text("/status"), "ended");
    assert_eq!(ended.json["turns"].as_array().unwrap().len(), 2);
    say(&caller, &session, "Hello?").await.refused(409, "session_ended");
}

#[tokio::test]
async fn a_session_ends_while_omi_is_down_and_omi_is_told_when_it_is_asked_again() {
    let world = TestWorld::with(&[("OmiMaxConcurrentSessions", "1")]).await;
    let caller = world.as_local();
    for (effect, by_delete) in [(Effect::Refuse, true), (Effect::Status(500), false), (Effect::Status(401), true)] {
        let session = open(&caller).await;
        let end = async || match by_delete {
            true => caller.delete(&path_of(&session)).await,
            false => caller.post(&end_of(&session), &json!({})).await,
        };
        go_wrong(&world, Operation::Session, effect, ALWAYS).await;
        let first = end().await;
        first.expect(200);
        assert_eq!(read(&caller, &session).await.text("/status"), "ended", "{effect:?}");
        mend(&world).await;
        open_and_end(&world).await;

        let told = |world: &TestWorld| {
            let own = format!("/v1/sessions/{session}");
            asked_of_omi(world).iter().filter(|r| r.method == "DELETE" && r.path == own && r.fault.is_none()).count()
        };
        assert_eq!(told(&world), 0, "{effect:?}");
        assert_eq!(end().await.json, first.json);
        assert_eq!(told(&world), 1, "{effect:?}");
        assert_eq!(end().await.json, first.json);
        assert_eq!(told(&world), 1, "once it knows, it is not told again");
    }
}

/// There is room for another session.
async fn open_and_end(world: &TestWorld) {
    let session = open(&world.as_local()).await;
    world.as_local().delete(&path_of(&session)).await.expect(200);
}

#[tokio::test]
async fn a_session_that_omi_has_dropped_is_ended_by_the_next_turn() {
    let world = TestWorld::with(&[("OmiMaxConcurrentSessions", "1")]).await;
    let caller = world.as_local();
    for status in [404, 410] {
        let session = open(&caller).await;
        go_wrong(&world, Operation::Process, Effect::Status(status), 1).await;
        say(&caller, &session, "Hello").await.refused(409, "session_ended");
        let ended = read(&caller, &session).await;
        assert_eq!(ended.text("/status"), "ended", "{status}");
        assert_eq!(ended.json["turns"], json!([]));
        say(&caller, &session, "Hello").await.refused(409, "session_ended");
        open_and_end(&world).await;
    }
}

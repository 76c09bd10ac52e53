//! A call whose provider's answer was lost, of which somebody has heard since: that it is seen does not say under which name the
//! provider has it, and without that it can be neither read nor ended.

use std::time::Duration;

use serde_json::json;
use switchboard_core::{Call, CallId};

use crate::harness::{Answer, Caller, TestWorld};

/// Answers, and never ends by itself.
const STAYS: &str = "+15005550004";

async fn placed(world: &TestWorld, caller: &Caller<'_>, fault: &str) -> CallId {
    let mut fault = json!({"provider": "hamsa", "operation": "place", "fault": fault});
    if fault["fault"] == "status" {
        fault["status"] = json!(500);
    }
    world.as_nobody().post("/_sim/faults", &fault).await.expect(200);
    let body = json!({"channel": "phone", "provider": "hamsa", "to": STAYS, "maxDurationSecs": 300});
    let placed = caller.post("/api/calls", &body).await;
    placed.expect(202);
    assert_eq!(placed.json["outcome"], "unknown");
    CallId::parse(&placed.text("/callId")).unwrap()
}

async fn read(world: &TestWorld, id: CallId) -> Call {
    world.world.store().call_fetch_any(id).await.unwrap().unwrap()
}

async fn end(caller: &Caller<'_>, id: CallId) -> Answer {
    caller.post(&format!("/api/calls/{id}/end"), &json!({})).await
}

fn lines_up(world: &TestWorld) -> usize {
    world.world.simulators().meter().unwrap().lines_up
}

#[tokio::test]
async fn a_call_that_is_seen_and_not_named_gets_its_name_and_can_be_ended() {
    let world = TestWorld::start().await;
    let id = placed(&world, &world.as_local(), "reset_after_send").await;
    // Its webhooks come to an address of its own, and call it by another name than the records do.
    world.advance(Duration::from_secs(7)).await;
    let seen = read(&world, id).await;
    assert!(!seen.outcome_is_unknown() && seen.answered_at().is_some());
    world.advance(Duration::from_secs(60)).await;
    let line = world.world.simulators().meter().unwrap().lines[0].external_id.clone();
    assert_eq!(read(&world, id).await.legs[0].reference, Some(line));
    end(&world.as_local(), id).await.expect(200);
    assert_eq!(lines_up(&world), 0);
}

#[tokio::test]
async fn the_deadline_ends_a_call_whose_answer_was_lost() {
    let world = TestWorld::start().await;
    let id = placed(&world, &world.as_local(), "reset_after_send").await;
    world.advance(Duration::from_secs(390)).await;
    assert_eq!(lines_up(&world), 0);
    let call = read(&world, id).await;
    assert!(!call.is_live() && call.alarms.is_empty());
}

#[tokio::test]
async fn two_tenants_dial_one_number_with_their_answers_lost_and_neither_ends_the_others_line() {
    let world = TestWorld::start().await;
    let (local, other) = (world.as_local(), world.as_other());
    let (first, second) =
        (placed(&world, &local, "reset_after_send").await, placed(&world, &other, "reset_after_send").await);
    world.advance(Duration::from_secs(120)).await;
    end(&other, first).await.refused(404, "not_found");
    // Two lines, two calls, one number: nobody can tell which is whose, so that nothing is ended on a guess.
    end(&local, first).await.expect(202);
    assert_eq!(lines_up(&world), 2);
    assert!(read(&world, first).await.is_live() && read(&world, second).await.is_live());
    // And whoever cannot be ended is told of by an alarm.
    world.advance(Duration::from_secs(300)).await;
    for id in [first, second] {
        assert!(!read(&world, id).await.alarms.is_empty());
    }
}

#[tokio::test]
async fn the_line_of_a_call_that_was_seen_is_not_taken_for_that_of_one_that_was_never_dialled() {
    let world = TestWorld::start().await;
    let (local, other) = (world.as_local(), world.as_other());
    // Ours is up, and seen under the wrong name; theirs was never dialled, which nobody knows. There is one line.
    let ours = placed(&world, &local, "reset_after_send").await;
    world.advance(Duration::from_secs(7)).await;
    let theirs = placed(&world, &other, "status").await;
    assert_eq!(world.world.simulators().meter().unwrap().dials, 1);
    world.advance(Duration::from_secs(120)).await;
    assert_eq!(read(&world, theirs).await.legs[0].reference, None);
    end(&other, theirs).await.expect(202);
    assert_eq!(lines_up(&world), 1, "and it is not theirs to end");
    assert!(read(&world, ours).await.is_live());
}

//! Webhooks that come early, twice, late, in another order, or never: the call is the same.

use std::sync::Arc;

use switchboard_core::{EndReason, EntryNote, Source};
use switchboard_dev::sim::deliveries::{DeliverySettings, Extent};

use super::*;

/// What a call has come to, without its names and where it was heard from.
fn story(call: &Call) -> Value {
    json!({
        "end": call.end(), "secs": call.duration_secs(), "answered": call.answered_at(), "ended": call.ended_at(),
        "transcript": call.transcript(), "artifacts": [call.transcript_state(), call.recording_state(), call.analysis_state()],
        "cost": call.cost(), "slot": call.slot.is_some(), "alarms": call.alarms.len(),
    })
}

/// Places a call with each provider under these settings, and gives what they have come to.
async fn stories(settings: DeliverySettings) -> Vec<Value> {
    let world = TestWorld::start().await;
    world.world.simulators().deliveries().set(settings);
    let mut placed = Vec::new();
    for provider in PROVIDERS {
        placed.push(place(&world, &order(provider, &magic(1))).await);
    }
    // Past the last delay, and past the looks for what comes after the end.
    pass(&world, 15 * 60).await;
    let mut stories = Vec::new();
    for id in placed {
        stories.push(story(&kept(&world, &id).await));
    }
    assert_eq!(meter(&world).dials, 3);
    stories
}

#[tokio::test(flavor = "multi_thread")]
async fn however_deliveries_go_wrong_the_call_comes_to_the_same() {
    let undisturbed = stories(DeliverySettings::default()).await;
    assert!(undisturbed.iter().all(|story| story["end"]["reason"] == "completed" && story["secs"] == 20));
    let all = DeliverySettings::default();
    for settings in [
        DeliverySettings { duplicate: Extent::All, ..all },
        DeliverySettings { reorder: Extent::All, ..all },
        DeliverySettings { delay: Duration::from_secs(90), ..all },
        DeliverySettings { reorder: Extent::All, duplicate: Extent::All, delay: Duration::from_secs(20), ..all },
    ] {
        assert_eq!(stories(settings).await, undisturbed, "{settings:?}");
    }
    // Who is told nothing finds it in the record; only when somebody answered is told by nobody there.
    let told_nothing = stories(DeliverySettings { drop: Extent::All, ..all }).await;
    for (story, undisturbed) in told_nothing.iter().zip(&undisturbed) {
        for part in ["end", "secs", "transcript", "cost", "slot", "alarms"] {
            assert_eq!(story[part], undisturbed[part], "{part}");
        }
    }
    // Half of them is enough, too.
    let told_little = stories(DeliverySettings { drop: Extent::Next(3), ..all }).await;
    assert!(told_little.iter().all(|story| story["end"]["reason"] == "completed" && story["secs"] == 20));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_timeline_tells_of_repetitions_and_of_what_came_too_late() {
    for provider in ["hamsa", "twilio"] {
        let world = TestWorld::start().await;
        let both = DeliverySettings { duplicate: Extent::All, reorder: Extent::All, ..DeliverySettings::default() };
        world.world.simulators().deliveries().set(both);
        let id = place(&world, &order(provider, &magic(1))).await;
        pass(&world, 120).await;
        let call = kept(&world, &id).await;
        let timeline = world.world.store().call_entries(call.id, None, 100).await.unwrap().entries;
        let noted = |note| timeline.iter().filter(|entry| entry.note == Some(note)).count();
        let taken = timeline.iter().filter(|entry| entry.note != Some(EntryNote::Duplicate));
        let delivered = taken.filter(|entry| matches!(entry.source, Source::UnsignedWebhook | Source::Carrier)).count();
        assert!(noted(EntryNote::Duplicate) >= 4, "{provider}: {timeline:?}");
        assert!(noted(EntryNote::Regression) + noted(EntryNote::AlreadyKnown) >= 1, "{provider}: {timeline:?}");
        assert!(delivered >= noted(EntryNote::Duplicate), "{provider}");
        let repeated = timeline.iter().filter(|entry| entry.note == Some(EntryNote::Duplicate));
        assert!(repeated.clone().all(|entry| !entry.applied), "{provider}");
        // The API shows the same, in the order in which it was heard.
        let shown = world.as_local().get(&format!("{CALLS}/{id}/events?limit=100")).await;
        shown.expect(200);
        assert_eq!(shown.json["events"].as_array().unwrap().len(), timeline.len(), "{provider}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_that_come_before_the_answer_to_the_dial_are_not_lost() {
    for provider in PROVIDERS {
        let world = Arc::new(TestWorld::start().await);
        go_wrong(&world, simulated(provider), Operation::Place, Effect::Slow(Duration::from_millis(1_500)), 1).await;
        let (placing, body) = (Arc::clone(&world), order(provider, &magic(1)));
        let placing = tokio::spawn(async move { try_place(&placing, &body).await });
        while meter(&world).dials == 0 {
            tokio::task::yield_now().await;
        }
        // The whole call passes while its placer waits.
        pass(&world, 30).await;
        assert!(!placing.is_finished(), "{provider}: the answer came before the end");
        assert!(world.world.simulators().deliveries().failed().is_empty(), "{provider}");
        let placed = placing.await.unwrap();
        placed.expect(202);
        let id = placed.text("/callId");
        pass(&world, 60).await;
        let call = kept(&world, &id).await;
        assert_eq!(call.end().map(|end| end.reason), Some(EndReason::Completed), "{provider}");
        assert_eq!((call.duration_secs(), call.legs.len(), meter(&world).dials), (Some(20), 1, 1), "{provider}");
        let timeline = world.world.store().call_entries(call.id, None, 100).await.unwrap().entries;
        let told = timeline.iter().any(|entry| matches!(entry.source, Source::UnsignedWebhook | Source::Carrier));
        assert!(told, "{provider}: {timeline:?}");
        let waiting = crate::rows::rows(&world).await;
        assert!(!waiting.keys().any(|key| key.contains("WAIT")), "{provider}: nothing waits any more");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_world_whose_sweep_and_webhooks_were_away_for_an_hour_catches_up() {
    let world = TestWorld::start().await;
    world.world.simulators().deliveries().set(DeliverySettings { drop: Extent::All, ..DeliverySettings::default() });
    let mut placed = Vec::new();
    for provider in PROVIDERS {
        placed.push(place(&world, &order(provider, &magic(8))).await);
    }
    world.world.clock().advance(Duration::from_secs(60 * 60));
    pass(&world, 120).await;
    for id in placed {
        let call = kept(&world, &id).await;
        assert_eq!(call.end().map(|end| end.reason), Some(EndReason::Completed), "{:?}", call.provider());
        assert_eq!(call.duration_secs(), Some(20));
        assert!(call.alarms.is_empty() && call.slot.is_none());
    }
}

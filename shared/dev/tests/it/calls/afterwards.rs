//! What comes after a call: its recording, copied once; its transcript; the alarms that were open about it.

use switchboard_core::ArtifactState;

use super::*;

/// Fetches of recordings that a provider has seen.
fn fetches(world: &TestWorld, provider: &str) -> usize {
    let media = |request: &RecordedRequest| {
        request.path.contains("/media/") || request.path.contains("/recordings/") || request.path.ends_with(".mp3")
    };
    let all = world.world.simulators().recorder().requests(Some(simulated(provider)), 0);
    all.iter().filter(|request| media(request)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_is_copied_once_and_served_from_our_copy() {
    let world = TestWorld::start().await;
    let mut placed = Vec::new();
    for provider in PROVIDERS {
        let id = place(&world, &order(provider, &magic(1))).await;
        let early = world.as_local().get(&format!("{CALLS}/{id}/recording")).await;
        early.refused(409, "in_progress");
        placed.push((provider, id));
    }
    pass(&world, 10 * 60).await;
    for (provider, id) in &placed {
        assert_eq!(fetches(&world, provider), 1, "{provider}: fetched once");
        let found = world.as_local().get(&format!("{CALLS}/{id}/recording")).await;
        let place = found.header("location").map(str::to_owned);
        // The client of these tests does not follow: the answer itself is looked at.
        let bytes = match (found.status, place) {
            (302, Some(address)) => world.http().get(address).send().await.unwrap().bytes().await.unwrap().to_vec(),
            (200, _) => found.body.clone(),
            other => panic!("{provider}: {other:?}"),
        };
        assert!(bytes.len() > 1_000, "{provider}: {} bytes", bytes.len());
        let sound = bytes.starts_with(b"RIFF") || bytes.starts_with(b"ID3") || bytes.first() == Some(&0xff);
        assert!(sound, "{provider}");
        assert_eq!(fetches(&world, provider), 1, "{provider}: served from our copy");
        world.as_other().get(&format!("{CALLS}/{id}/recording")).await.refused(404, "not_found");
    }
    let busy = place(&world, &order("twilio", &magic(2))).await;
    pass(&world, 60).await;
    world.as_local().get(&format!("{CALLS}/{busy}/recording")).await.refused(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_that_cannot_be_had_at_first_is_fetched_later() {
    let world = TestWorld::start().await;
    let id = place(&world, &order("hamsa", &magic(1))).await;
    pass(&world, 30).await;
    // Reads and recordings are one kind of request there.
    go_wrong(&world, Provider::Hamsa, Operation::Get, Effect::Status(500), 8).await;
    pass(&world, 60).await;
    assert_eq!(kept(&world, &id).await.recording_state(), ArtifactState::Pending);
    pass(&world, 10 * 60).await;
    assert_eq!(kept(&world, &id).await.recording_state(), ArtifactState::Ready);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_is_kept_where_the_provider_has_it() {
    let world = TestWorld::start().await;
    for provider in ["hamsa", "omnidimension"] {
        let id = place(&world, &order(provider, &magic(1))).await;
        let path = format!("{CALLS}/{id}/transcript");
        assert_eq!(world.as_local().get(&path).await.text("/status"), "pending", "{provider}");
        pass(&world, 60).await;
        let told = world.as_local().get(&path).await;
        told.expect(200);
        let turns = told.json["turns"].as_array().unwrap();
        assert_eq!(told.text("/status"), "ready", "{provider}");
        assert!(turns.len() >= 4, "{provider}: {turns:?}");
        let of = |role: &str| turns.iter().filter(|turn| turn["role"] == role).count();
        assert!(of("agent") > 0 && of("user") > 0 && of("agent") + of("user") == turns.len(), "{provider}");
    }
    let id = place(&world, &order("twilio", &magic(1))).await;
    pass(&world, 60).await;
    assert_eq!(world.as_local().get(&format!("{CALLS}/{id}/transcript")).await.text("/status"), "none");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_is_opened_once_and_closed_when_its_cause_is_gone() {
    let world = TestWorld::start().await;
    let id = place(&world, &order("omnidimension", &magic(4))).await;
    let alarms = async |query: &str| {
        let listed = world.as_local().get(&format!("/api/alarms{query}")).await;
        listed.expect(200);
        let alarms = listed.json["alarms"].as_array().unwrap().clone();
        alarms.into_iter().filter(|alarm| alarm["callId"] == json!(id)).collect::<Vec<_>>()
    };
    pass(&world, LASTS_SECS).await;
    assert!(alarms("?open=true").await.is_empty());
    pass(&world, 90).await;
    let open = alarms("?open=true").await;
    assert_eq!(open.len(), 1);
    assert_eq!(open[0]["kind"], "cannot_end");
    pass(&world, 10 * 60).await;
    assert_eq!(alarms("?open=true").await.len(), 1, "one cause, one alarm, however long it lasts");
    // Its agent's own limit ends it after an hour.
    world.world.clock().advance(Duration::from_secs(60 * 60));
    pass(&world, 6 * 60).await;
    assert!(alarms("?open=true").await.is_empty());
    let closed = alarms("?open=false").await;
    assert_eq!(closed.len(), 1);
    assert!(closed[0]["closedAt"].is_string() && closed[0]["alarmId"] == open[0]["alarmId"]);
}

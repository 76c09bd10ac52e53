//! A world that is killed during a call: the line goes on, as a real carrier's would, and so do we.

use super::*;
use crate::harness::client;
use crate::restart::Process;

async fn place_with(world: &Process, provider: &str, key: &str) -> Answer {
    world.send("POST", CALLS, Some(key), Some(order(provider, &magic(4)))).await
}

async fn dials(world: &Process) -> (u64, u64) {
    let meter = world.get("/_sim/meter").await;
    (meter.json["dials"].as_u64().unwrap(), meter.json["linesUp"].as_u64().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_world_finds_its_lines_again_and_ends_them() {
    let data = tempfile::tempdir().unwrap();
    let world = Process::start(data.path(), &[]);
    let mut placed = Vec::new();
    for provider in ["hamsa", "twilio"] {
        let answer = place_with(&world, provider, provider).await;
        answer.expect(202);
        placed.push((provider, answer.text("/callId")));
    }
    world.post("/_sim/clock", json!({"advanceSecs": 10})).await.expect(200);
    world.kill();

    let world = Process::start(data.path(), &[]);
    assert_eq!(dials(&world).await, (2, 2));
    for (provider, id) in &placed {
        let call = world.get(&format!("{CALLS}/{id}")).await;
        call.expect(200);
        assert_eq!(call.text("/phase"), "in_progress", "{provider}");
        let again = place_with(&world, provider, provider).await;
        again.expect(202);
        assert_eq!(again.text("/callId"), *id, "{provider}");
    }
    // One is ended by request, the other by the sweep at its deadline.
    let ended = world.post(&end_of(&placed[0].1), json!({})).await;
    ended.expect(200);
    assert_eq!(ended.text("/endReason"), "ended_by_request");
    world.post("/_sim/clock", json!({"advanceSecs": LASTS_SECS + 60})).await.expect(200);
    let left = world.get(&format!("{CALLS}/{}", placed[1].1)).await;
    assert_eq!(left.text("/endReason"), "max_duration");
    assert_eq!(dials(&world).await, (2, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_world_killed_while_it_dials_finds_out_what_became_of_it_and_never_dials_again() {
    let data = tempfile::tempdir().unwrap();
    let world = Process::start(data.path(), &[]);
    let hang = json!({"provider": "hamsa", "operation": "place", "fault": "hang"});
    world.post("/_sim/faults", hang).await.expect(200);
    let (base, body) = (world.base.clone(), order("hamsa", &magic(4)).to_string());
    let cut_off = tokio::spawn(async move {
        let request = client()
            .post(format!("{base}{CALLS}"))
            .bearer_auth(switchboard_dev::credentials::LOCAL_KEY)
            .header("idempotency-key", "k")
            .header("content-type", "application/json")
            .body(body);
        request.send().await.is_err()
    });
    while dials(&world).await.0 == 0 {
        tokio::task::yield_now().await;
    }
    // Nor does anybody tell us.
    world.post("/_sim/deliveries", json!({"drop": true})).await.expect(200);
    world.kill();
    assert!(cut_off.await.unwrap());

    let world = Process::start(data.path(), &[]);
    let again = place_with(&world, "hamsa", "k").await;
    again.expect(202);
    assert_eq!((again.text("/phase"), again.text("/outcome")), ("dialing".to_owned(), "known".to_owned()));
    world.post("/_sim/clock", json!({"advanceSecs": LASTS_SECS + 150})).await.expect(200);
    let call = world.get(&format!("{CALLS}/{}", again.text("/callId"))).await;
    call.expect(200);
    assert_eq!((call.text("/phase"), call.text("/outcome")), ("ended".to_owned(), "known".to_owned()), "{}", call.json);
    assert_eq!(call.text("/endReason"), "max_duration");
    assert_eq!(dials(&world).await, (1, 0));
    let again = place_with(&world, "hamsa", "k").await;
    assert_eq!(again.text("/callId"), call.text("/callId"));
    assert_eq!(dials(&world).await.0, 1);
}

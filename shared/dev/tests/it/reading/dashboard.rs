use serde_json::{Value, json};
use switchboard_core::{Artifact, Call, EndReason, Observation, PhoneNumber, ProviderId};
use switchboard_dev::sim::faults::{Effect, Fault};
use switchboard_dev::sim::provider::Provider;
use switchboard_store::CallWrite;

use super::{pages, texts};
use crate::harness::{TestWorld, start_time};
use crate::made_calls::{answered, ended, hear, keep, keep_with, reserved, said, transcript, unanswered};

fn hamsa() -> Call {
    reserved("local", ProviderId::Hamsa, start_time())
}

/// A call with a recording and a transcript of these texts.
async fn with_artifacts(world: &TestWorld, texts: &[String]) -> Call {
    let said_in_it = transcript(texts.iter().cloned());
    let mut call = ended(hamsa(), EndReason::Completed, 20);
    let heard = Observation {
        transcript: Some(Artifact::Ready(said_in_it.clone())),
        recording: Some(Artifact::Ready("elsewhere".to_owned())),
        ..said("read")
    };
    hear(&mut call, &heard);
    call.recording_copied(format!("recordings/{}.mp3", call.id), start_time());
    keep_with(world.world.store(), call, &CallWrite { transcript: Some(&said_in_it), ..CallWrite::default() }).await
}

#[tokio::test]
async fn a_job_is_a_call_with_the_dashboards_words_beside_ours() {
    let world = TestWorld::start().await;
    let store = world.world.store();
    let rings = {
        let mut call = hamsa();
        call.from = PhoneNumber::from_e164("+15005550100");
        call
    };
    let mut expected = Vec::new();
    for (call, status) in [
        (rings, "queued"),
        (answered(hamsa()), "in-progress"),
        (ended(hamsa(), EndReason::Completed, 20), "completed"),
        (unanswered(hamsa(), EndReason::NoAnswer), "failed"),
    ] {
        expected.push((keep(store, call).await.id.to_string(), status.to_owned()));
    }
    keep(store, reserved("local", ProviderId::Twilio, start_time())).await;
    let listed = pages(&world.as_local(), "/api/hamsa/jobs?limit=2", "jobs", 10).await.concat();
    let mut found: Vec<(String, String)> = texts(&listed, "id").into_iter().zip(texts(&listed, "status")).collect();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
    for job in &listed {
        let id = job["id"].as_str().unwrap();
        let one = world.as_local().get(&format!("/api/hamsa/jobs/{id}")).await;
        assert_eq!((one.status, &one.json), (200, job));
        // Everything of the call is there, too.
        let call = world.as_local().get(&format!("/api/calls/{id}")).await.json;
        for (name, value) in call.as_object().unwrap() {
            assert_eq!(&job[name], value, "{name}");
        }
        assert_eq!((&job["jobId"], &job["toNumber"]), (&json!(id), &json!("+96891234567")));
        let completed = job["status"] == "completed";
        assert_eq!(job["duration"], if completed { json!(20) } else { Value::Null });
    }
}

#[tokio::test]
async fn a_call_of_another_provider_is_no_job() {
    let world = TestWorld::start().await;
    let call = keep(world.world.store(), reserved("local", ProviderId::Twilio, start_time())).await;
    world.as_local().get(&format!("/api/hamsa/jobs/{}", call.id)).await.refused(404, "not_found");
    world.as_local().get(&format!("/api/calls/{}", call.id)).await.expect(200);
}

#[tokio::test]
async fn only_what_can_be_heard_is_among_the_recordings_and_only_what_can_be_read_among_the_transcripts() {
    let world = TestWorld::start().await;
    let call = with_artifacts(&world, &["مرحبًا".to_owned(), "Hello".to_owned()]).await;
    keep(world.world.store(), ended(hamsa(), EndReason::Completed, 20)).await;
    let recordings = pages(&world.as_local(), "/api/hamsa/recordings", "recordings", 10).await.concat();
    let shared = json!({
        "callId": call.id, "jobId": call.id, "status": "completed", "toNumber": "+96891234567", "duration": 20,
        "createdAt": "2026-11-20T12:00:00.000Z",
    });
    let with = |more: Value| {
        let mut all = shared.as_object().unwrap().clone();
        all.extend(more.as_object().unwrap().clone());
        Value::Object(all)
    };
    assert_eq!(recordings, [with(json!({"url": format!("/api/calls/{}/recording", call.id)}))]);
    let transcripts = pages(&world.as_local(), "/api/hamsa/transcripts", "transcripts", 10).await.concat();
    let text = "Agent: \u{2068}مرحبًا\u{2069}\nUser: Hello\n";
    let expected = json!({"url": format!("/api/calls/{}/transcript", call.id), "text": text, "truncated": false});
    assert_eq!(transcripts, [with(expected)]);
    let job = world.as_local().get(&format!("/api/hamsa/jobs/{}", call.id)).await;
    assert_eq!(job.text("/recordingUrl"), format!("/api/calls/{}/recording", call.id));
}

#[tokio::test]
async fn a_page_of_transcripts_has_room_for_long_ones() {
    let world = TestWorld::start().await;
    let long: Vec<String> = (0..400).map(|turn| format!("{turn} {}", "word ".repeat(20))).collect();
    for _ in 0..3 {
        with_artifacts(&world, &long).await;
    }
    let pages = pages(&world.as_local(), "/api/hamsa/transcripts?limit=2", "transcripts", 10).await;
    assert!(pages.iter().all(|page| page.len() <= 2));
    let transcripts = pages.concat();
    assert_eq!(transcripts.len(), 3);
    for transcript in transcripts {
        let text = transcript["text"].as_str().unwrap();
        assert_eq!(transcript["truncated"], true);
        assert!((7_000..=8_000).contains(&text.chars().count()) && text.ends_with('\n'));
    }
    world.as_local().get("/api/hamsa/transcripts?limit=21").await.refused_field(400, "invalid_request", "limit");
}

async fn go_wrong(world: &TestWorld, effect: Effect) {
    let faults = world.world.simulators().faults();
    faults.arm(Fault { provider: Provider::Hamsa, operation: None, effect, times: 20 });
    assert!(faults.settled().await);
}

#[tokio::test]
async fn the_status_says_whether_hamsa_answers_our_key() {
    let world = TestWorld::start().await;
    let connected = world.as_local().get("/api/hamsa/status").await;
    let expected = json!({
        "provider": "hamsa", "connected": true, "status": "connected", "checkedAt": "2026-11-20T12:00:00.000Z",
    });
    assert_eq!((connected.status, &connected.json), (200, &expected));
    for effect in [Effect::Status(401), Effect::Status(500), Effect::Refuse] {
        let world = TestWorld::start().await;
        go_wrong(&world, effect).await;
        let answer = world.as_local().get("/api/hamsa/status").await;
        answer.expect(200);
        assert_eq!((&answer.json["connected"], &answer.json["status"]), (&json!(false), &json!("disconnected")));
        assert!(answer.text("/message").contains("hamsa"), "{}", answer.json);
    }
    let other = TestWorld::with(&[("HamsaSecretName", "switchboard/nowhere")]).await;
    let answer = other.as_local().get("/api/hamsa/status").await;
    assert_eq!((&answer.json["connected"], &answer.json["status"]), (&json!(false), &json!("not_configured")));
}

#[tokio::test]
async fn hamsas_own_figures_stand_beside_ours_and_their_absence_keeps_nothing_from_the_owner() {
    let world = TestWorld::start().await;
    keep(world.world.store(), ended(hamsa(), EndReason::Completed, 20)).await;
    keep(world.world.store(), ended(reserved("local", ProviderId::Twilio, start_time()), EndReason::Completed, 20))
        .await;
    let answer = world.as_local().get("/api/hamsa/analytics").await;
    answer.expect(200);
    assert_eq!(answer.json["calls"]["byProvider"], json!({"hamsa": 1}));
    let ours = world.as_local().get("/api/analytics?provider=hamsa").await.json;
    for (name, value) in ours.as_object().unwrap() {
        assert_eq!(&answer.json[name], value, "{name}");
    }
    assert_eq!(answer.text("/statistics/numbers/requests/value"), "0");
    assert!(answer.json["statistics"]["chart"].is_object() || answer.json["statistics"]["chart"].is_array());
    go_wrong(&world, Effect::Status(500)).await;
    let without = world.as_local().get("/api/hamsa/analytics").await;
    without.expect(200);
    assert_eq!((&without.json["calls"], &without.json["statistics"]), (&answer.json["calls"], &Value::Null));
}

//! Ending a call, whatever it is doing.

use switchboard_core::{AlarmKind, EndReason, Phase};
use switchboard_dev::credentials::TWILIO_NUMBERS;
use switchboard_dev::sim::deliveries::{DeliverySettings, Extent};

use super::*;

/// Seconds after placing at which a simulated line is queued, rings, and is answered.
const STAGES: [(u64, &str); 3] = [(1, "dialing"), (3, "ringing"), (10, "in_progress")];

fn rungs(call: &Call) -> Vec<(&str, &str)> {
    let rungs = call.ending.iter().flat_map(|ending| &ending.rungs);
    rungs.map(|rung| (rung.rung.as_str(), rung.result.as_str())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queued_a_ringing_and_a_live_call_are_ended_with_evidence_and_again_with_the_same_answer() {
    let world = TestWorld::start().await;
    for provider in ["hamsa", "twilio"] {
        for (secs, phase) in STAGES {
            let id = place(&world, &order(provider, &magic(4))).await;
            pass(&world, secs).await;
            // Hamsa has no word for ringing.
            let phase = if provider == "hamsa" && phase == "ringing" { "dialing" } else { phase };
            assert_eq!(read(&world, &id).await.text("/phase"), phase, "{provider} after {secs} s");
            let ended = end(&world, &id).await;
            ended.expect(200);
            assert_eq!(ended.text("/phase"), "ended", "{provider} {phase}");
            assert_eq!(ended.text("/endReason"), "ended_by_request", "{provider} {phase}");
            assert_eq!((ended.text("/billable"), ended.text("/fault")), ("unknown".to_owned(), "none".to_owned()));
            assert!(ended.json.get("ending").is_none(), "what is over is not ending any more");
            assert_eq!(meter(&world).lines_up, 0, "{provider} {phase}");
            let again = end(&world, &id).await;
            again.expect(200);
            assert_eq!(again.text("/endReason"), "ended_by_request");
            // Whatever is delivered late changes nothing about that.
            pass(&world, 60).await;
            let call = kept(&world, &id).await;
            assert_eq!(call.end().map(|end| end.reason), Some(EndReason::EndedByRequest), "{provider} {phase}");
            assert_eq!(rungs(&call), [(format!("{provider}.end").as_str(), "accepted")]);
            assert_eq!(call.answered_at().is_some(), phase == "in_progress", "{provider} {phase}");
        }
    }
    assert_eq!(meter(&world).dials, 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_has_ended_by_itself_keeps_its_reason_and_nobody_is_asked() {
    let world = TestWorld::start().await;
    for provider in PROVIDERS {
        let id = place(&world, &order(provider, &magic(1))).await;
        pass(&world, 60).await;
        let ended = end(&world, &id).await;
        ended.expect(200);
        assert_eq!(ended.text("/endReason"), "completed", "{provider}");
        assert!(asked(&world, simulated(provider), Operation::End).is_empty(), "{provider}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_not_there_or_another_tenants_cannot_be_ended() {
    let world = TestWorld::start().await;
    let id = place(&world, &order("hamsa", &magic(4))).await;
    for call in ["call_01a1f8d3-ea00-7000-8000-000000000000", "nonsense"] {
        end(&world, call).await.refused(404, "not_found");
    }
    world.as_other().post(&end_of(&id), &json!({})).await.refused(404, "not_found");
    assert_eq!(meter(&world).lines_up, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn omnidimension_ends_no_call_unless_it_runs_over_our_own_number() {
    let world = TestWorld::start().await;
    let id = place(&world, &order("omnidimension", &magic(4))).await;
    pass(&world, 10).await;
    let refused = end(&world, &id).await;
    refused.refused(422, "unsupported_by_provider");
    assert!(refused.text("/error/nearest").contains("max_call_duration"));
    assert!(kept(&world, &id).await.ending.is_none(), "nothing was begun that cannot be done");

    let mut body = order("omnidimension", &magic(4));
    body["from"] = json!(TWILIO_NUMBERS[0]);
    body["to"] = json!("+96891234567");
    let id = place(&world, &body).await;
    pass(&world, 1).await;
    let number = "+96891234567";
    let up = |world: &TestWorld| meter(world).lines.iter().any(|line| line.to == number && line.up);
    assert!(up(&world));
    let ended = end(&world, &id).await;
    ended.expect(200);
    assert!(!up(&world));
    let call = kept(&world, &id).await;
    assert_eq!(rungs(&call).last(), Some(&("twilio.line", "accepted")));
    assert_eq!(call.end().map(|end| end.reason), Some(EndReason::EndedByRequest));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_may_be_anybodys_is_not_cut() {
    let world = TestWorld::start().await;
    let number = "+96891234567";
    let mut body = order("omnidimension", number);
    body["from"] = json!(TWILIO_NUMBERS[0]);
    let ours = place(&world, &body).await;
    let other = world.as_other().post(CALLS, &body).await;
    other.expect(202);
    pass(&world, 6).await;
    let answer = end(&world, &ours).await;
    answer.expect(202);
    assert_eq!(answer.json.pointer("/ending/rungs/0/result"), Some(&json!("ambiguous")), "{}", answer.json);
    assert_eq!(meter(&world).lines.iter().filter(|line| line.to == number && line.up).count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_whose_answer_was_lost_is_ended_as_soon_as_it_is_found() {
    let world = TestWorld::start().await;
    for provider in ["hamsa", "twilio"] {
        // Nobody tells us either: only the provider's own records do.
        world
            .world
            .simulators()
            .deliveries()
            .set(DeliverySettings { drop: Extent::All, ..DeliverySettings::default() });
        go_wrong(&world, simulated(provider), Operation::Place, Effect::ResetAfterSend, 1).await;
        let placed = try_place(&world, &order(provider, &magic(4))).await;
        placed.expect(202);
        assert_eq!(placed.text("/outcome"), "unknown");
        let id = placed.text("/callId");
        // An end looks for it, too; for now nobody can tell.
        go_wrong(&world, simulated(provider), Operation::List, Effect::Status(500), 2).await;
        let asked = end(&world, &id).await;
        asked.expect(202);
        assert_eq!(asked.text("/phase"), "dialing", "{provider}: it is not over because we wish it");
        assert_eq!(asked.json.pointer("/ending/rungs"), Some(&json!([])), "{provider}");
        pass(&world, 120).await;
        let call = kept(&world, &id).await;
        assert_eq!(call.end().map(|end| end.reason), Some(EndReason::EndedByRequest), "{provider}");
        assert_eq!((meter(&world).lines_up, call.outcome_is_unknown()), (0, false), "{provider}");
    }
    assert_eq!(meter(&world).dials, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_being_placed_at_this_moment_is_ended_once_it_is_placed() {
    let world = std::sync::Arc::new(TestWorld::start().await);
    for provider in ["hamsa", "twilio"] {
        let slow = Effect::Slow(Duration::from_millis(700));
        go_wrong(&world, simulated(provider), Operation::Place, slow, 1).await;
        let (placing, body) = (std::sync::Arc::clone(&world), order(provider, &magic(4)));
        let key = format!("{provider}-now");
        let first = tokio::spawn({
            let (key, body) = (key.clone(), body.clone());
            async move { place_under(&placing, &key, &body).await }
        });
        while asked(&world, simulated(provider), Operation::Place).is_empty() {
            tokio::task::yield_now().await;
        }
        // Its caller asks again, and learns its name while the first request is still waiting.
        let again = place_under(&world, &key, &body).await;
        again.expect(202);
        let id = again.text("/callId");
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert!(!first.is_finished(), "the provider has answered already");
        let asked = end(&world, &id).await;
        asked.expect(202);
        assert_eq!((asked.text("/phase"), asked.json["ending"].is_object()), ("dialing".to_owned(), true));
        let placed = first.await.unwrap();
        placed.expect(202);
        assert_eq!(placed.text("/callId"), id);
        pass(&world, 60).await;
        let call = kept(&world, &id).await;
        assert_eq!(call.end().map(|end| end.reason), Some(EndReason::EndedByRequest), "{provider}");
        assert_eq!(meter(&world).lines_up, 0, "{provider}");
    }
    assert_eq!(meter(&world).dials, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_is_only_said_to_be_done_is_asked_for_again() {
    for (effect, result) in [(Effect::LieOk, "accepted"), (Effect::Status(500), "failed")] {
        let world = TestWorld::start().await;
        let id = place(&world, &order("hamsa", &magic(4))).await;
        pass(&world, 10).await;
        // An end may be asked for twice in one request.
        go_wrong(&world, Provider::Hamsa, Operation::End, effect, 2).await;
        let asked = end(&world, &id).await;
        asked.expect(202);
        assert_eq!(
            asked.text("/phase"),
            "in_progress",
            "{effect:?}: the phase does not change before there is evidence"
        );
        assert_eq!(asked.json.pointer("/ending/rungs/0/result"), Some(&json!(result)));
        assert_eq!(meter(&world).lines_up, 1);
        world.world.simulators().faults().clear();
        pass(&world, 60).await;
        let call = kept(&world, &id).await;
        assert_eq!(call.end().map(|end| end.reason), Some(EndReason::EndedByRequest), "{effect:?}");
        assert_eq!(meter(&world).lines_up, 0, "{effect:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_ignores_the_end_stays_live_and_is_told_of_after_its_deadline() {
    let world = TestWorld::start().await;
    let id = place(&world, &order("twilio", &magic(5))).await;
    pass(&world, 10).await;
    let asked = end(&world, &id).await;
    asked.expect(202);
    assert_eq!(asked.text("/phase"), "in_progress");
    pass(&world, LASTS_SECS + 80).await;
    let call = kept(&world, &id).await;
    assert_eq!(call.phase(), Phase::InProgress);
    assert_eq!(call.alarms.keys().collect::<Vec<_>>(), [&AlarmKind::PastDeadline]);
    let shown = read(&world, &id).await;
    assert!(shown.json["ending"]["rungs"].as_array().unwrap().len() > 2, "{}", shown.json);
}

//! Which provider holds a call, and who is next: only where the one before certainly did not dial.

use switchboard_core::{EndReason, Placing};

use super::*;
use crate::talk::ALWAYS;

fn first_and_second(provider: &str, second: &str, to: &str) -> Value {
    let mut body = order(provider, to);
    body["fallback"] = json!([second]);
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_provider_dials_where_the_first_certainly_did_not() {
    for (provider, second) in [("hamsa", "twilio"), ("omnidimension", "hamsa"), ("twilio", "omnidimension")] {
        let world = TestWorld::start().await;
        for effect in
            [Effect::Status(400), Effect::Status(401), Effect::Status(404), Effect::Status(429), Effect::Refuse]
        {
            let before = meter(&world).dials;
            let times = if effect == Effect::Refuse { ALWAYS } else { 2 };
            go_wrong(&world, simulated(provider), Operation::Place, effect, times).await;
            let placed = try_place(&world, &first_and_second(provider, second, &magic(1))).await;
            world.world.simulators().faults().clear();
            assert!(world.world.simulators().faults().settled().await);
            placed.expect(202);
            assert_eq!(placed.text("/provider"), second, "{provider} {effect:?}");
            let call = kept(&world, &placed.text("/callId")).await;
            assert_eq!(call.legs.len(), 2, "{provider} {effect:?}");
            assert_eq!((&call.legs[0].placing, &call.legs[1].placing), (&Placing::NotDialled, &Placing::Bound));
            assert_eq!(meter(&world).dials, before + 1, "{provider} {effect:?}");
            assert!(call.external_ids().keys().all(|id| id.starts_with(second)), "{:?}", call.external_ids());
        }
        pass(&world, 60).await;
        assert_eq!(meter(&world).lines_up, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_dials_where_the_first_may_have() {
    for (provider, second) in [("hamsa", "twilio"), ("omnidimension", "hamsa"), ("twilio", "omnidimension")] {
        let world = TestWorld::start().await;
        for effect in [Effect::ResetAfterSend, Effect::Garbage, Effect::Status(500), Effect::Status(502)] {
            let done = !matches!(effect, Effect::Status(_));
            let before = meter(&world).dials;
            go_wrong(&world, simulated(provider), Operation::Place, effect, 1).await;
            let placed = try_place(&world, &first_and_second(provider, second, &magic(1))).await;
            placed.expect(202);
            assert_eq!(placed.text("/outcome"), "unknown", "{provider} {effect:?}");
            pass(&world, 180).await;
            let call = kept(&world, &placed.text("/callId")).await;
            assert_eq!(call.legs.len(), 1, "{provider} {effect:?}: never another provider");
            assert_eq!(meter(&world).dials, before + usize::from(done), "{provider} {effect:?}");
            if done {
                assert_eq!(call.end().map(|end| end.reason), Some(EndReason::Completed), "{provider} {effect:?}");
                assert!(!call.outcome_is_unknown());
            } else if provider == "omnidimension" {
                // Only finished calls are logged there, so that nobody can tell.
                assert!(call.outcome_is_unknown() && call.is_live(), "{effect:?}");
            } else {
                assert_eq!(call.end().map(|end| end.reason), Some(EndReason::NotDialled), "{provider} {effect:?}");
                assert!(call.slot.is_none() && call.alarms.is_empty());
            }
        }
        assert!(asked(&world, simulated(second), Operation::Place).is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_hangs_may_have_dialled() {
    let world = TestWorld::start().await;
    for provider in PROVIDERS {
        go_wrong(&world, simulated(provider), Operation::Place, Effect::Hang, 1).await;
    }
    let bodies = [("hamsa", "twilio"), ("omnidimension", "hamsa"), ("twilio", "omnidimension")]
        .map(|(provider, second)| first_and_second(provider, second, &magic(1)));
    // They lose patience at the same time, so that it takes no longer than one of them.
    let placed = futures_util::future::join_all(bodies.iter().map(|body| try_place(&world, body))).await;
    for (placed, provider) in placed.iter().zip(PROVIDERS) {
        placed.expect(202);
        assert_eq!((placed.text("/provider"), placed.text("/outcome")), (provider.to_owned(), "unknown".to_owned()));
    }
    pass(&world, 180).await;
    for placed in &placed {
        let call = kept(&world, &placed.text("/callId")).await;
        assert_eq!(call.end().map(|end| end.reason), Some(EndReason::Completed), "{:?}", call.provider());
    }
    assert_eq!(meter(&world).dials, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_is_left_the_last_refusal_is_the_answer_and_the_call_says_why() {
    let world = TestWorld::start().await;
    for (effect, status, code) in [
        (Effect::Status(429), 503, "provider_busy"),
        (Effect::Status(401), 502, "provider_unavailable"),
        (Effect::Status(400), 422, "provider_rejected"),
    ] {
        for provider in ["hamsa", "twilio"] {
            go_wrong(&world, simulated(provider), Operation::Place, effect, 2).await;
        }
        let refused = try_place(&world, &first_and_second("hamsa", "twilio", &magic(1))).await;
        world.world.simulators().faults().clear();
        refused.refused(status, code);
        let call = kept(&world, &refused.text("/error/callId")).await;
        assert!(!call.is_live() && call.slot.is_none() && !call.outcome_is_unknown());
        assert_eq!(call.legs.len(), 2);
        let shown = read(&world, &refused.text("/error/callId")).await;
        assert_eq!(
            (shown.text("/phase"), shown.text("/billable")),
            ("ended".to_owned(), "no".to_owned()),
            "{effect:?}"
        );
    }
    assert_eq!(meter(&world).dials, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn auto_takes_the_first_that_can_and_answers() {
    let world = TestWorld::start().await;
    let mut body = order("auto", &magic(1));
    for provider in PROVIDERS {
        assert_eq!(try_place(&world, &body).await.text("/provider"), provider);
        go_wrong(&world, simulated(provider), Operation::Status, Effect::Refuse, ALWAYS).await;
    }
    let refused = try_place(&world, &body).await;
    refused.refused(502, "provider_unavailable");
    assert_eq!(meter(&world).dials, 3);
    // Nobody is asked for what nobody can do.
    body["channel"] = json!("web");
    body.as_object_mut().unwrap().remove("to");
    world.world.simulators().faults().clear();
    assert!(world.world.simulators().faults().settled().await);
    go_wrong(&world, Provider::Hamsa, Operation::Status, Effect::Refuse, ALWAYS).await;
    assert_eq!(try_place(&world, &body).await.text("/provider"), "omnidimension");
    body.as_object_mut().unwrap().remove("provider");
    assert_eq!(try_place(&world, &body).await.text("/provider"), "omnidimension", "nothing is the same as auto");
}

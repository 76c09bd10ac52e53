//! Two attempts of one call: the first was certainly refused, the second is up, and then the first contradicts.

use switchboard_core::{Duty, EndReason, Phase, Placing, Source};
use switchboard_dev::sim::faults::Effect;
use switchboard_dev::sim::provider::{Operation, Provider};
use switchboard_lambda::{HookAddress, Shell};
use switchboard_providers::capability_url::make_token;
use switchboard_store::{Changed, Heard};

use super::*;
use crate::calls::{self, LASTS_SECS};

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_first_attempt_says_and_in_whatever_order_the_live_one_stays_watched() {
    let world = TestWorld::start().await;
    let [hamsa, _, twilio] = recorded(&world).await;
    let mut call = dialling(&[ProviderId::Hamsa, ProviderId::Twilio]);
    let [first, second] = [call.legs[0].id, call.legs[1].id];
    let now = start_time();
    call.not_dialled(first, EndReason::ProviderError, "refused", now);
    call.bind(second, Some("CA1"), &twilio.words[0].observation, now);
    // The first five words of Twilio's: it was answered.
    for word in &twilio.words[..5] {
        call.observe(second, &word.observation, now);
    }
    // Every subset of what Hamsa may say late, each in its own order.
    for said in 0..1_usize << WORDS {
        let mut call = call.clone();
        for (_, word) in hamsa.words.iter().enumerate().filter(|(word, _)| said & (1 << word) != 0) {
            call.observe(first, &word.observation, now);
            assert_eq!(call.phase(), Phase::InProgress, "{said:09b}");
            assert_eq!(call.provider(), Some(ProviderId::Twilio), "{said:09b}");
            assert!(call.slot.is_some(), "{said:09b}");
            for duty in [Duty::Poll, Duty::End] {
                assert!(call.duties.get(duty).is_some_and(|due| due.at <= call.deadline_at), "{said:09b} {duty:?}");
            }
        }
    }
}

/// Places a call that Hamsa refuses and Twilio carries, to somebody who never hangs up.
async fn carried_by_the_second(world: &TestWorld) -> String {
    calls::go_wrong(world, Provider::Hamsa, Operation::Place, Effect::Status(429), 1).await;
    let mut body = calls::order("hamsa", &calls::magic(4));
    body["fallback"] = json!(["twilio"]);
    let id = calls::place(world, &body).await;
    calls::pass(world, 10).await;
    let call = calls::kept(world, &id).await;
    assert_eq!((call.phase(), call.provider()), (Phase::InProgress, Some(ProviderId::Twilio)));
    assert_eq!(call.legs[0].placing, Placing::NotDialled);
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_of_the_first_attempt_that_comes_late_leaves_the_live_line_to_the_sweep() {
    let world = TestWorld::start().await;
    let [hamsa, ..] = recorded(&world).await;
    let id = carried_by_the_second(&world).await;
    let call = calls::kept(&world, &id).await;
    let over = hamsa.words.iter().rev().find(|word| word.observation.source == Source::ProviderApi).unwrap();
    assert!(over.observation.end.is_some());
    let (event, now) = (switchboard_core::EventId::generate(world.now()), world.now());
    let heard =
        Heard { leg: call.legs[0].id, observation: &over.observation, event, received_at: now, reference: None };
    let heard = world.world.store().call_hear(call.id, None, heard, None, None).await.unwrap();
    let Changed::Done(call) = heard else { panic!("{heard:?}") };
    assert_eq!((call.phase(), call.end()), (Phase::InProgress, None), "the live attempt decides");
    calls::pass(&world, LASTS_SECS).await;
    let call = calls::kept(&world, &id).await;
    assert_eq!(call.end().map(|end| end.reason), Some(EndReason::MaxDuration));
    assert_eq!((calls::meter(&world).dials, calls::meter(&world).lines_up), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_attempt_that_is_answered_after_all_is_watched_beside_the_live_one() {
    let world = TestWorld::start().await;
    let id = carried_by_the_second(&world).await;
    let call = calls::kept(&world, &id).await;
    let boot = world.boot("call-create");
    let mut settings = boot.config();
    let shell = Shell::compose(&boot, &mut settings).with_hook_urls(&mut settings, make_token);
    let hook = world.world.store().hook_fetch(call.legs[0].hook.unwrap()).await.unwrap().unwrap();
    let urls = shell.hook_urls().unwrap();
    let url = urls.url(&HookAddress::new(world.base(), &hook)).await.unwrap();
    let credential = urls.credential(&hook).await.unwrap();
    let answered = json!({
        "eventType": "call.answered", "callId": "call_uuid_1", "timestamp": world.now(), "projectId": "p", "agentId": "a",
        "agentName": "Collections", "data": {"timestamp": world.now(), "conversationId": "late-job"},
    });
    let posted = world.http().post(url.expose()).bearer_auth(credential.expose());
    let posted = posted.header("content-type", "application/json").body(answered.to_string()).send().await.unwrap();
    assert_eq!(posted.status(), 200);

    let call = calls::kept(&world, &id).await;
    assert!(call.legs.iter().all(Leg::is_live), "both may be up");
    calls::pass(&world, LASTS_SECS + 90).await;
    let call = calls::kept(&world, &id).await;
    assert_eq!(calls::meter(&world).lines_up, 0, "the line that can be ended is ended");
    assert!(!call.legs[1].is_live());
    // Hamsa knows no such call, so that nobody can say that it is over; a person is told.
    assert!(call.legs[0].is_live() && call.is_live());
    assert_eq!(call.alarms.len(), 1, "{:?}", call.alarms);
    let rungs: Vec<&str> = call.ending.iter().flat_map(|ending| &ending.rungs).map(|rung| rung.rung.as_str()).collect();
    assert!(rungs.contains(&"hamsa.end") && rungs.contains(&"twilio.end"), "{rungs:?}");
}

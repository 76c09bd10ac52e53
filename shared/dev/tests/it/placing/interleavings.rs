//! What broke earlier designs, by name: two that come to one call at the same moment, in an order that is held fast.

use serde_json::{Value, json};
use switchboard_core::{Call, EndReason, Entry, EntryNote, Phase, Placing, Source};
use switchboard_dev::credentials::{OWNER, TWILIO_NUMBERS};
use switchboard_dev::sim::deliveries::{DeliverySettings, Extent};
use switchboard_dev::sim::faults::Effect;
use switchboard_dev::sim::provider::{Operation, Provider};
use tokio::task::JoinHandle;

use super::creator::Creator;
use super::{CALLS, PROVIDERS, STAYS, TALKS, call_in, go_wrong, kept, mend, meter, order, place, secs};
use crate::harness::{Answer, Caller, TestWorld};
use crate::rows::rows_of;
use crate::wire::{Gate, Mishap, is_bind, is_fence};

const KEY: &str = "the-key";

/// A creator that is stuck on its way.
struct Stuck {
    world: TestWorld,
    creating: JoinHandle<Answer>,
    gate: Gate,
    order: Value,
    call: Call,
    _creator: Creator,
}

impl Stuck {
    async fn at(provider: Provider, to: &str, meant: fn(&str, &str) -> bool, mishap: impl Fn(Gate) -> Mishap) -> Self {
        let world = TestWorld::start().await;
        let creator = Creator::start(&world, &[provider]).await;
        let (gate, order) = (Gate::default(), order(provider, to));
        creator.wire.once(meant, mishap(gate.clone()));
        let creating = tokio::spawn(creator.create(KEY, &order));
        gate.reached().await;
        // Whoever uses the key meanwhile is told of the call as it is.
        let again = place(&world.as_local(), KEY, &order).await;
        again.expect(202);
        let call = kept(&world, call_in(&again).unwrap()).await;
        Self { world, creating, gate, order, call, _creator: creator }
    }

    async fn call(&self) -> Call {
        kept(&self.world, self.call.id).await
    }

    /// Lets the creator go on and waits for its answer.
    async fn go_on(&mut self) -> Answer {
        self.gate.open();
        let answer = (&mut self.creating).await.unwrap();
        answer.expect(202);
        answer
    }

    fn dials(&self) -> usize {
        meter(&self.world).dials
    }

    async fn slots_held(&self) -> usize {
        slots_held(&self.world).await
    }
}

/// How many slots the tenant's calls hold, those beyond the limit included.
async fn slots_held(world: &TestWorld) -> usize {
    rows_of(world, &format!("SLOTS#{OWNER}#call")).await.len()
}

async fn end(caller: &Caller<'_>, call: &Call) -> Answer {
    caller.post(&format!("{CALLS}/{}/end", call.id), &json!({})).await
}

fn misdeliver(world: &TestWorld, settings: DeliverySettings) {
    world.world.simulators().deliveries().set(settings);
}

/// Places a call whose answer is lost, and gives the call.
async fn lost(world: &TestWorld, caller: &Caller<'_>, key: &str, order: &Value, provider: Provider) -> Call {
    go_wrong(world, provider, Operation::Place, Effect::ResetAfterSend, 1).await;
    let answer = place(caller, key, order).await;
    answer.expect(202);
    assert_eq!(answer.text("/outcome"), "unknown");
    kept(world, call_in(&answer).unwrap()).await
}

fn reason(call: &Call) -> Option<EndReason> {
    call.end().map(|end| end.reason)
}

#[tokio::test]
async fn an_end_that_comes_before_the_fence_wins_and_nobody_is_called() {
    let mut stuck = Stuck::at(Provider::Twilio, STAYS, is_fence, Mishap::HeldBefore).await;
    assert_eq!(stuck.call.phase(), Phase::Reserved);
    let ended = end(&stuck.world.as_local(), &stuck.call).await;
    ended.expect(200);
    assert_eq!(ended.text("/endReason"), "cancelled_before_dial");
    let answer = stuck.go_on().await;
    assert_eq!((answer.text("/phase"), answer.text("/endReason")), ("ended".into(), "cancelled_before_dial".into()));
    assert_eq!((stuck.dials(), stuck.slots_held().await), (0, 0));
}

#[tokio::test]
async fn an_end_that_comes_behind_the_fence_waits_for_the_line_and_ends_it() {
    for provider in [Provider::Hamsa, Provider::Twilio] {
        let mut stuck = Stuck::at(provider, STAYS, is_fence, Mishap::HeldAfter).await;
        let asked = end(&stuck.world.as_local(), &stuck.call).await;
        asked.expect(202);
        assert_eq!(asked.text("/phase"), "dialing", "nothing is known of it yet, least of all that it is over");
        stuck.go_on().await;
        assert_eq!(stuck.dials(), 1);
        stuck.world.advance(secs(60)).await;
        let call = stuck.call().await;
        assert_eq!((call.phase(), reason(&call)), (Phase::Ended, Some(EndReason::EndedByRequest)), "{provider:?}");
        assert_eq!((meter(&stuck.world).lines_up, stuck.slots_held().await), (0, 0));
    }
}

#[tokio::test]
async fn a_creator_that_is_killed_after_its_bytes_left_is_not_repeated_by_a_retry_an_hour_later() {
    for provider in PROVIDERS {
        let stuck = Stuck::at(provider, TALKS, is_bind, Mishap::HeldBefore).await;
        stuck.creating.abort();
        assert_eq!(stuck.dials(), 1, "the bytes had left");
        stuck.world.advance(secs(3_600)).await;
        let again = place(&stuck.world.as_local(), KEY, &stuck.order).await;
        again.expect(202);
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert_eq!((again.text("/phase"), again.text("/outcome")), ("ended".into(), "known".into()), "{provider:?}");
        let call = stuck.call().await;
        assert!(call.legs[0].evidence.was_seen(), "{provider:?}: its record was found");
        assert_eq!((stuck.dials(), stuck.slots_held().await), (1, 0), "{provider:?}");
    }
}

#[tokio::test]
async fn a_creator_that_is_too_slow_for_its_fence_finds_the_call_taken_back() {
    let mut stuck = Stuck::at(Provider::Hamsa, TALKS, is_fence, Mishap::HeldBefore).await;
    stuck.world.advance(secs(55)).await;
    assert_eq!(stuck.call().await.phase(), Phase::Reserved, "it may still come to dial");
    stuck.world.advance(secs(65)).await;
    assert_eq!(reason(&stuck.call().await), Some(EndReason::NotDialled));
    let answer = stuck.go_on().await;
    assert_eq!(answer.text("/endReason"), "not_dialled");
    assert_eq!((stuck.dials(), stuck.slots_held().await), (0, 0));
}

#[tokio::test]
async fn the_sweep_leaves_a_slow_creator_alone_for_as_long_as_it_may_be_dialling() {
    for provider in PROVIDERS {
        let mut stuck = Stuck::at(provider, TALKS, is_fence, Mishap::HeldAfter).await;
        let Placing::Dialing { dial_by } = stuck.call.legs[0].placing else { panic!("{:?}", stuck.call.legs) };
        let may_take = dial_by.since(stuck.world.now());
        assert!(may_take >= secs(29 + 60), "the function's time limit, and a minute");
        stuck.world.advance(may_take - secs(1)).await;
        stuck.world.world.simulators().schedule().run().await;
        assert_eq!(stuck.call().await.legs[0].placing, Placing::Dialing { dial_by }, "{provider:?}");
        assert_eq!((stuck.dials(), stuck.slots_held().await), (0, 1), "neither dialled by somebody else nor released");
        stuck.go_on().await;
        assert_eq!(stuck.call().await.legs[0].placing, Placing::Bound, "{provider:?}");
        stuck.world.advance(secs(300)).await;
        assert_eq!((stuck.call().await.phase(), stuck.dials(), stuck.slots_held().await), (Phase::Ended, 1, 0));
    }
}

#[tokio::test]
async fn a_creator_that_comes_back_when_nobody_believed_in_it_any_more_is_believed() {
    for provider in PROVIDERS {
        let mut stuck = Stuck::at(provider, TALKS, is_fence, Mishap::HeldAfter).await;
        stuck.world.advance(secs(300)).await;
        let given_up = stuck.call().await;
        if provider == Provider::Omnidimension {
            assert!(given_up.is_live() && given_up.outcome_is_unknown(), "a call that is not logged may be up");
        } else {
            assert_eq!(reason(&given_up), Some(EndReason::NotDialled), "{provider:?}: it is not among the records");
            assert_eq!(stuck.slots_held().await, 0);
        }
        stuck.go_on().await;
        let call = stuck.call().await;
        assert!(call.is_live() && !call.outcome_is_unknown(), "{provider:?}: {:?}", call.legs);
        assert_eq!((stuck.dials(), stuck.slots_held().await), (1, 1), "{provider:?}: it has its slot back");
        stuck.world.advance(secs(300)).await;
        assert_eq!((stuck.call().await.phase(), stuck.dials(), stuck.slots_held().await), (Phase::Ended, 1, 0));
    }
}

#[tokio::test]
async fn what_is_delivered_before_the_bind_is_part_of_the_call_after_it() {
    for provider in PROVIDERS {
        let mut stuck = Stuck::at(provider, TALKS, is_bind, Mishap::HeldBefore).await;
        // It rings, is answered, talks and ends, and the provider tells of all of it, while the creator is stuck.
        stuck.world.advance(secs(70)).await;
        let external = meter(&stuck.world).lines[0].external_id.clone();
        let id = stuck.call.legs[0].provider;
        let waiting = stuck.world.world.store().waiting_list(id, &external).await.unwrap();
        // Two of them name the call by the address that their events come to.
        assert_eq!(waiting.len(), usize::from(provider == Provider::Omnidimension), "{provider:?}");
        let bound_at = stuck.world.now();
        stuck.go_on().await;
        stuck.world.advance(secs(60)).await;
        let call = stuck.call().await;
        assert_eq!(reason(&call), Some(EndReason::Completed), "{provider:?}: {:?}", call.legs);
        assert_eq!(call.legs[0].reference.as_deref(), Some(external.as_str()));
        let waiting = stuck.world.world.store().waiting_list(id, &external).await.unwrap();
        assert_eq!(waiting.len(), 0, "{provider:?}: nothing is left waiting");
        let said = stuck.world.world.store().call_entries(call.id, None, 100).await.unwrap().entries;
        let early = |entry: &&Entry| entry.received_at < bound_at && entry.source != Source::Presumption;
        let early: Vec<&str> = said.iter().filter(early).map(|entry| entry.kind.as_str()).collect();
        assert!(!early.is_empty(), "{provider:?}: {said:?}");
        assert!(stuck.world.world.simulators().deliveries().failed().is_empty());
        assert_eq!((stuck.dials(), stuck.slots_held().await), (1, 0));
    }
}

#[tokio::test]
async fn two_unknown_calls_to_one_number_are_never_taken_for_each_other() {
    for provider in PROVIDERS {
        let world = TestWorld::start().await;
        misdeliver(&world, DeliverySettings { drop: Extent::All, ..DeliverySettings::default() });
        let order = order(provider, TALKS);
        let both = [
            lost(&world, &world.as_local(), "first", &order, provider).await,
            lost(&world, &world.as_other(), "second", &order, provider).await,
        ];
        world.advance(secs(200)).await;
        for call in &both {
            let call = kept(&world, call.id).await;
            assert!(call.outcome_is_unknown(), "{provider:?}: two records, two attempts, and nothing to tell by");
            assert!(call.external_ids().is_empty());
        }
        world.advance(secs(1_200)).await;
        for call in &both {
            let call = kept(&world, call.id).await;
            assert!(!call.is_live() && call.outcome_is_unknown() && call.alarms.len() == 1, "{provider:?}: {call:?}");
        }
        assert_eq!((meter(&world).dials, slots_held(&world).await), (2, 0));
    }
}

#[tokio::test]
async fn one_record_is_given_to_none_of_two_attempts_that_may_have_made_it() {
    for provider in PROVIDERS {
        // One that never came to dial, and one that has.
        let stuck = Stuck::at(provider, TALKS, is_fence, Mishap::HeldAfter).await;
        stuck.creating.abort();
        let world = &stuck.world;
        misdeliver(world, DeliverySettings { drop: Extent::All, ..DeliverySettings::default() });
        let dialled = lost(world, &world.as_local(), "second", &stuck.order, provider).await;
        world.advance(secs(300)).await;
        for call in [stuck.call().await, kept(world, dialled.id).await] {
            assert!(call.outcome_is_unknown() && call.external_ids().is_empty(), "{provider:?}: {call:?}");
        }
        assert_eq!(stuck.dials(), 1);
    }
}

#[tokio::test]
async fn two_tenants_dial_one_number_with_replies_lost_one_ends_and_the_other_stays_up() {
    for (provider, told) in [
        (Provider::Twilio, true),
        (Provider::Hamsa, true),
        (Provider::Twilio, false),
        (Provider::Hamsa, false),
        (Provider::Omnidimension, false),
    ] {
        let world = TestWorld::start().await;
        if !told {
            misdeliver(&world, DeliverySettings { drop: Extent::All, ..DeliverySettings::default() });
        }
        let mut order = order(provider, STAYS);
        order["maxDurationSecs"] = json!(3_600);
        order["from"] = json!(TWILIO_NUMBERS[0]);
        let ours = lost(&world, &world.as_local(), "ours", &order, provider).await;
        let theirs = lost(&world, &world.as_other(), "theirs", &order, provider).await;
        world.advance(secs(20)).await;
        let asked = end(&world.as_local(), &ours).await;
        assert!([200, 202].contains(&asked.status), "{provider:?}: {}", asked.json);
        world.advance(secs(120)).await;
        let (ours, theirs) = (kept(&world, ours.id).await, kept(&world, theirs.id).await);
        assert!(theirs.is_live() && theirs.ending.is_none(), "{provider:?}, told {told}");
        if told && provider == Provider::Twilio {
            // Each is known by the address that its events came to, so that the right one of the two lines is ended.
            assert_eq!(reason(&ours), Some(EndReason::EndedByRequest), "{provider:?}: {ours:?}");
            let up = meter(&world).lines.into_iter().filter(|line| line.up).map(|line| line.external_id);
            let theirs: Vec<String> = theirs.legs.iter().filter_map(|leg| leg.reference.clone()).collect();
            assert_eq!(up.collect::<Vec<_>>(), theirs, "{provider:?}");
        } else {
            // Which of the two lines is whose nobody can tell, and so neither is ended. Hamsa's events tell that there is a call,
            // and name it in a way that no request takes.
            assert!(ours.is_live() && ours.outcome_is_unknown() != told, "{provider:?}: {ours:?}");
            assert_eq!(meter(&world).lines_up, 2, "{provider:?}");
        }
    }
}

#[tokio::test]
async fn a_call_that_only_its_events_tell_of_is_found_among_the_records_and_can_be_ended() {
    let world = TestWorld::start().await;
    let mut order = order(Provider::Hamsa, STAYS);
    order["maxDurationSecs"] = json!(3_600);
    let call = lost(&world, &world.as_local(), KEY, &order, Provider::Hamsa).await;
    world.advance(secs(7)).await;
    let told = kept(&world, call.id).await;
    assert_eq!(told.phase(), Phase::InProgress);
    assert!(told.legs[0].reference.is_none(), "its events name it in a way that no request takes");
    end(&world.as_local(), &call).await.expect(200);
    assert_eq!(meter(&world).lines_up, 0);
}

#[tokio::test]
async fn a_record_of_a_call_that_is_up_is_not_given_to_another_attempt_that_never_dialled() {
    // Theirs is up, told of by its events only; ours was never dialled, and there is one record to that number.
    let stuck = Stuck::at(Provider::Hamsa, STAYS, is_fence, Mishap::HeldAfter).await;
    stuck.creating.abort();
    let world = &stuck.world;
    let theirs = lost(world, &world.as_other(), "theirs", &stuck.order, Provider::Hamsa).await;
    world.advance(secs(40)).await;
    end(&world.as_local(), &stuck.call).await.expect(202);
    world.advance(secs(10)).await;
    assert!(stuck.call().await.external_ids().is_empty(), "{:?}", stuck.call().await.legs);
    assert!(kept(world, theirs.id).await.is_live());
    assert_eq!(meter(world).lines_up, 1);
}

#[tokio::test]
async fn what_counts_as_not_dialled_and_is_answered_after_all_is_watched_again_to_its_end() {
    for provider in [Provider::Hamsa, Provider::Twilio] {
        let world = TestWorld::start().await;
        misdeliver(&world, DeliverySettings { delay: secs(300), ..DeliverySettings::default() });
        // The provider says for minutes that there is no such call.
        go_wrong(&world, provider, Operation::List, Effect::LieOk, 1_000).await;
        let mut order = order(provider, STAYS);
        order["maxDurationSecs"] = json!(1_200);
        let call = lost(&world, &world.as_local(), KEY, &order, provider).await;
        world.advance(secs(200)).await;
        let given_up = kept(&world, call.id).await;
        assert_eq!((given_up.phase(), reason(&given_up)), (Phase::Ended, Some(EndReason::NotDialled)), "{provider:?}");
        assert_eq!(slots_held(&world).await, 0, "{provider:?}");
        assert_eq!(given_up.duties.next_at(), None, "{provider:?}: nothing is left to be done about it");

        world.advance(secs(200)).await;
        mend(&world).await;
        let live = kept(&world, call.id).await;
        assert_eq!(live.phase(), Phase::InProgress, "{provider:?}: {:?}", live.legs);
        assert_eq!(slots_held(&world).await, 1, "{provider:?}: it has a slot again");
        assert!(
            live.duties.next_at().is_some_and(|at| at <= live.deadline_at),
            "{provider:?}: and is due at its deadline"
        );
        let said = world.world.store().call_entries(call.id, None, 100).await.unwrap().entries;
        assert!(said.iter().any(|entry| entry.note == Some(EntryNote::Reopened)), "{provider:?}: {said:?}");

        world.advance(live.deadline_at.since(world.now()) + secs(90)).await;
        let ended = kept(&world, call.id).await;
        assert_eq!((ended.phase(), reason(&ended)), (Phase::Ended, Some(EndReason::MaxDuration)), "{provider:?}");
        assert_eq!((meter(&world).dials, meter(&world).lines_up, slots_held(&world).await), (1, 0, 0), "{provider:?}");
        let again = place(&world.as_local(), KEY, &order).await;
        assert_eq!(call_in(&again), Some(call.id));
        assert_eq!(meter(&world).dials, 1, "{provider:?}");
    }
}

mod whose_end;

use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{Currency, HookId, LegId, Micros, Money, TenantId};

fn at(secs: i64) -> Timestamp {
    Timestamp::from_epoch_secs(1_000_000 + secs)
}

fn call(providers: &[ProviderId]) -> Call {
    let now = at(0);
    Call {
        id: CallId::generate(now),
        tenant: TenantId::parse("acme").unwrap(),
        channel: Channel::Phone,
        direction: Direction::Outbound,
        to: None,
        from: None,
        agent_id: None,
        scenario: None,
        language: None,
        params: BTreeMap::new(),
        metadata: Personal::new("{}"),
        user_id: None,
        created_at: now,
        deadline_at: now.plus(Duration::from_secs(600)),
        fallback: Vec::new(),
        legs: providers.iter().map(|provider| Leg::reserved(LegId::generate(now), *provider)).collect(),
        ending: None,
        duties: Duties::default(),
        slot: Some(SlotHold { number: Some(0), lease_until: at(1_500) }),
        spend: None,
        recording_key: None,
        recording_lost: false,
        lease: None,
        alarms: BTreeMap::new(),
        version: 1,
    }
}

fn dialled(provider: ProviderId) -> (Call, LegId) {
    let mut call = call(&[provider]);
    let leg = call.legs[0].id;
    assert!(call.begin_dialing(leg, at(90), at(0)));
    (call, leg)
}

fn said(source: Source) -> Observation {
    Observation::new(source, "test")
}

fn ended(source: Source, reason: EndReason) -> Observation {
    Observation { end: Some(EndClaim::new(reason, "raw")), ended_at: Some(at(30)), ..said(source) }
}

fn progress(source: Source, progress: Progress) -> Observation {
    Observation { progress: Some(progress), ..said(source) }
}

fn observation() -> impl Strategy<Value = Observation> {
    let source = prop::sample::select(vec![
        Source::Presumption,
        Source::UnsignedWebhook,
        Source::SignedWebhook,
        Source::ProviderApi,
        Source::Carrier,
    ]);
    let progress =
        prop::option::of(prop::sample::select(vec![Progress::Dialing, Progress::Ringing, Progress::InProgress]));
    let end = prop::option::of(prop::sample::select(EndReason::ALL.to_vec()));
    let secs = || prop::option::of(0_i64..60);
    let artifact = prop::option::of(prop::option::of(0_i64..4));
    let turns = prop::option::of(prop::option::of(1_usize..4));
    (source, progress, end, (secs(), secs(), secs()), prop::option::of(0_u32..5), artifact, turns, 0_u8..3).prop_map(
        |(source, progress, end, (dialed, answered, over), duration_secs, cost, turns, id)| Observation {
            progress,
            end: end.map(|reason| EndClaim::new(reason, "raw")),
            dialed_at: dialed.map(at),
            answered_at: answered.map(at),
            ended_at: over.map(at),
            duration_secs,
            cost: cost.map(|cost| {
                cost.map_or(Artifact::None, |micros| Artifact::Ready(Money::new(Micros::new(micros), Currency::USD)))
            }),
            transcript: turns.map(|turns| {
                turns.map_or(Artifact::None, |turns| {
                    let turn = |n| SpokenTurn {
                        role: crate::Role::Agent,
                        text: Personal::new(format!("turn {n}")),
                        at_secs: None,
                    };
                    Artifact::Ready(Transcript::new((0..turns).map(turn)))
                })
            }),
            external_ids: BTreeMap::from([("id".to_owned(), id.to_string())]),
            ..said(source)
        },
    )
}

proptest! {
    #[test]
    fn any_order_and_any_repetition_of_the_same_words_gives_the_same_record(
        words in prop::collection::vec(observation(), 1..8),
        order in prop::collection::vec(any::<prop::sample::Index>(), 0..24),
    ) {
        let fold = |heard: &mut dyn Iterator<Item = &Observation>| {
            let mut leg = Leg::reserved(LegId::generate(at(0)), ProviderId::Hamsa);
            for observation in heard {
                leg.evidence = leg.evidence.with(observation);
            }
            serde_json::to_string(&leg.evidence).unwrap()
        };
        let straight = fold(&mut words.iter());
        prop_assert_eq!(&straight, &fold(&mut words.iter().rev()));
        let repeated = order.iter().map(|index| index.get(&words)).chain(words.iter().rev());
        prop_assert_eq!(&straight, &fold(&mut repeated.collect::<Vec<_>>().into_iter()));
    }

    #[test]
    fn a_call_that_lives_always_has_something_due_and_holds_a_slot(words in prop::collection::vec(observation(), 0..8)) {
        let (mut call, leg) = dialled(ProviderId::Hamsa);
        for (n, observation) in words.iter().enumerate() {
            call.observe(leg, observation, at(i64::try_from(n).unwrap()));
            prop_assert_eq!(call.is_live(), call.slot.is_some());
            prop_assert!(!call.is_live() || call.duties.next_at().is_some_and(|due| due <= call.deadline_at));
        }
    }

    #[test]
    fn differences_of_contributions_add_up_to_the_last_one(words in prop::collection::vec(observation(), 0..8)) {
        let (mut call, leg) = dialled(ProviderId::Twilio);
        let mut figures: BTreeMap<String, i64> = BTreeMap::new();
        let mut before = Contribution::default();
        for observation in &words {
            call.observe(leg, observation, at(1));
            let after = call.contribution();
            for part in after.since(&before) {
                for (name, count) in part.counts {
                    *figures.entry(name).or_default() += count;
                }
            }
            before = after;
        }
        figures.retain(|_, count| *count != 0);
        prop_assert_eq!(figures, before.counts);
    }
}

#[test]
fn only_a_reserved_leg_passes_the_fence_and_only_a_reserved_leg_is_taken_back() {
    let mut taken = call(&[ProviderId::Hamsa]);
    let leg = taken.legs[0].id;
    assert!(taken.take_back(EndReason::CancelledBeforeDial, at(1)));
    assert!(!taken.begin_dialing(leg, at(90), at(2)));
    assert_eq!((taken.phase(), taken.end().unwrap().reason), (Phase::Ended, EndReason::CancelledBeforeDial));

    let (mut sent, leg) = dialled(ProviderId::Hamsa);
    assert!(!sent.take_back(EndReason::CancelledBeforeDial, at(1)));
    assert!(!sent.begin_dialing(leg, at(90), at(2)));
    assert_eq!(sent.phase(), Phase::Dialing);
}

#[test]
fn not_dialled_is_a_presumption_that_an_answer_overrules() {
    let (mut call, leg) = dialled(ProviderId::Hamsa);
    call.legs[0].reference = Some("job-1".to_owned());
    call.not_dialled(leg, EndReason::NotDialled, "503", at(2));
    assert_eq!((call.phase(), call.slot.is_some()), (Phase::Ended, false));
    let heard = call.observe(leg, &progress(Source::UnsignedWebhook, Progress::InProgress), at(5));
    assert_eq!(heard.note, Some(EntryNote::Reopened));
    assert_eq!((call.phase(), call.slot.is_some()), (Phase::InProgress, true));
    assert!(call.duties.get(Duty::End).is_some() && call.duties.get(Duty::Poll).is_some());
}

#[test]
fn the_word_of_a_sender_that_cannot_sign_ends_nothing_until_the_record_says_so() {
    let (mut call, leg) = dialled(ProviderId::Omnidimension);
    call.bind(leg, None, &progress(Source::ProviderApi, Progress::Dialing), at(1));
    let heard = call.observe(leg, &ended(Source::UnsignedWebhook, EndReason::Completed), at(31));
    assert_eq!(heard.note, Some(EntryNote::ToBeReadBack));
    assert!(call.is_live() && call.duties.due(at(31)).contains(&Duty::ReadBack));
    call.observe(leg, &ended(Source::ProviderApi, EndReason::Completed), at(32));
    assert_eq!((call.phase(), call.end().unwrap().reason), (Phase::Ended, EndReason::Completed));
    assert_eq!(call.duties.get(Duty::ReadBack), None);
}

#[test]
fn what_has_ended_stays_ended_whatever_is_heard_later() {
    let (mut call, leg) = dialled(ProviderId::Twilio);
    call.observe(leg, &ended(Source::Carrier, EndReason::Busy), at(30));
    let heard = call.observe(leg, &progress(Source::Carrier, Progress::Ringing), at(31));
    assert_eq!((heard.note, call.phase()), (Some(EntryNote::Regression), Phase::Ended));
}

#[test]
fn a_late_contradiction_of_a_refused_attempt_does_not_take_the_live_one_out_of_sight() {
    let (mut call, first) = dialled(ProviderId::Hamsa);
    call.not_dialled(first, EndReason::NotDialled, "503", at(1));
    let second = LegId::generate(at(1));
    call.add_leg(Leg::reserved(second, ProviderId::Twilio), at(1));
    assert_eq!(call.phase(), Phase::Dialing, "between two attempts it is still being dialled");
    assert!(call.begin_dialing(second, at(91), at(1)));
    call.bind(second, None, &progress(Source::Carrier, Progress::Ringing), at(2));

    call.observe(first, &ended(Source::ProviderApi, EndReason::ProviderError), at(8));
    assert_eq!((call.phase(), call.provider()), (Phase::Ringing, Some(ProviderId::Twilio)));
    assert!(call.duties.get(Duty::End).is_some());

    call.observe(second, &progress(Source::Carrier, Progress::InProgress), at(9));
    call.observe(first, &progress(Source::UnsignedWebhook, Progress::InProgress), at(10));
    call.observe(second, &ended(Source::Carrier, EndReason::Completed), at(30));
    assert_eq!(call.phase(), Phase::Ended, "the first attempt's end is attested, so that only the second one was open");
}

#[test]
fn a_lost_answer_is_unknown_until_somebody_has_seen_the_call() {
    let (mut call, leg) = dialled(ProviderId::Hamsa);
    call.to = PhoneNumber::from_e164("+96891234567");
    call.outcome_lost(leg, "no answer in time", at(20));
    assert!(call.outcome_is_unknown() && call.is_live());
    assert!(call.duties.get(Duty::Settle).is_some());
    assert_eq!((call.cost(), call.duration_secs()), (None, None));
    call.observe(leg, &progress(Source::ProviderApi, Progress::Ringing), at(30));
    assert!(!call.outcome_is_unknown());
    assert_eq!(call.legs[0].placing, Placing::Bound);
}

#[test]
fn a_call_that_lives_without_a_name_is_looked_for_until_it_has_one() {
    let (mut call, leg) = dialled(ProviderId::Hamsa);
    call.to = PhoneNumber::from_e164("+96891234567");
    call.outcome_lost(leg, "the connection broke", at(10));
    call.observe(leg, &progress(Source::UnsignedWebhook, Progress::InProgress), at(11));
    assert!(call.legs[0].lacks_name() && !call.outcome_is_unknown());
    assert!(call.duties.get(Duty::Settle).is_some() && call.duties.get(Duty::Poll).is_none());
    let quarantined = call.deadline_at.plus(QUARANTINE);
    assert_eq!(call.hopeless(&[], quarantined), [], "it is known to be up");
    call.bind(leg, Some("job"), &progress(Source::ProviderApi, Progress::InProgress), at(20));
    assert!(!call.legs[0].lacks_name());
    assert!(call.duties.get(Duty::Settle).is_none() && call.duties.get(Duty::Poll).is_some());
}

#[test]
fn an_end_that_was_asked_for_is_told_from_one_that_came_by_itself() {
    for (by, asked_at, expected) in [
        (EndingBy::Request, 20, EndReason::EndedByRequest),
        (EndingBy::Deadline, 20, EndReason::MaxDuration),
        // It was over (at 30) before anybody asked.
        (EndingBy::Request, 40, EndReason::Completed),
    ] {
        let (mut call, leg) = dialled(ProviderId::Hamsa);
        call.observe(leg, &progress(Source::ProviderApi, Progress::InProgress), at(5));
        call.ask_to_end(by, at(asked_at));
        call.observe(leg, &ended(Source::ProviderApi, EndReason::Completed), at(45));
        assert_eq!(call.end().unwrap().reason, expected);
    }
}

#[test]
fn what_was_given_up_is_unknown_and_not_over_and_comes_back_when_it_is_seen() {
    let (mut call, leg) = dialled(ProviderId::Twilio);
    call.bind(leg, Some("CA1"), &progress(Source::Carrier, Progress::InProgress), at(1));
    let late = call.deadline_at.plus(LONGEST_LINE);
    assert_eq!(call.hopeless(&[leg], late), [], "its record has just shown it alive");
    assert_eq!(call.hopeless(&[], late), [leg]);
    call.give_up(leg, late);
    assert_eq!((call.phase(), call.end().unwrap().reason), (Phase::Ended, EndReason::Unknown));
    assert!(call.outcome_is_unknown() && call.ended_at().is_none());
    call.raise(AlarmKind::OutcomeUnknown, "nobody says", late);
    let heard = call.observe(leg, &progress(Source::Carrier, Progress::InProgress), late);
    assert_eq!((heard.note, call.phase()), (Some(EntryNote::Reopened), Phase::InProgress));
    assert!(call.alarms.is_empty());
}

#[test]
fn the_ladder_is_climbed_at_the_deadline_and_when_an_alarm_is_due_however_long_it_has_rested() {
    let (mut call, leg) = dialled(ProviderId::Hamsa);
    call.bind(leg, Some("job"), &progress(Source::ProviderApi, Progress::InProgress), at(1));
    call.ask_to_end(EndingBy::Request, at(10));
    let (mut now, mut climbed) = (at(20), Vec::new());
    while now <= call.deadline_at.plus(ALARM_AFTER) {
        call.tried(Duty::End, now);
        climbed.push(now);
        now = call.duties.get(Duty::End).unwrap().at;
    }
    assert!(climbed.contains(&call.deadline_at) && climbed.contains(&call.deadline_at.plus(ALARM_AFTER)));
}

#[test]
fn a_call_that_was_never_dialled_has_an_end_and_no_moment_of_dialling() {
    let (mut call, leg) = dialled(ProviderId::Hamsa);
    call.not_dialled(leg, EndReason::InvalidNumber, "declined", at(2));
    assert_eq!((call.dialed_at(), call.ended_at()), (None, Some(at(2))));
}

#[test]
fn the_end_and_the_length_of_a_talk_tell_when_it_was_answered() {
    let (mut call, leg) = dialled(ProviderId::Hamsa);
    let mut over = Observation { ended_at: Some(at(60)), ..ended(Source::ProviderApi, EndReason::Completed) };
    over.duration_secs = Some(20);
    call.observe(leg, &over, at(61));
    assert_eq!((call.answered_at(), call.duration_secs()), (Some(at(40)), Some(20)));
    assert_eq!(call.contribution().counts["talkSecs"], 20);
}

#[test]
fn money_is_held_while_a_call_lives_and_then_counts_what_it_used() {
    let (mut call, leg) = dialled(ProviderId::Hamsa);
    call.spend = Some(SpendHold {
        day: "1970-01-12".to_owned(),
        principal: "k".to_owned(),
        held: 1_000_000,
        counted: 1_000_000,
    });
    call.observe(leg, &progress(Source::ProviderApi, Progress::InProgress), at(1));
    assert_eq!(call.spend.as_ref().unwrap().counted, 1_000_000);
    let over = Observation { duration_secs: Some(60), ..ended(Source::ProviderApi, EndReason::Completed) };
    call.observe(leg, &over, at(70));
    assert_eq!(call.spend.as_ref().unwrap().counted, 100_000, "a tenth of the ten minutes that it was allowed");
    let billed = Observation {
        cost: Some(Artifact::Ready(Money::new(Micros::new(42), Currency::USD))),
        ..said(Source::ProviderApi)
    };
    call.observe(leg, &billed, at(90));
    assert_eq!(call.spend.as_ref().unwrap().counted, 42);
}

#[test]
fn a_call_is_read_back_as_it_was_written() {
    let (mut call, leg) = dialled(ProviderId::Hamsa);
    call.legs[0].hook = Some(HookId::generate(at(0)));
    call.observe(leg, &ended(Source::ProviderApi, EndReason::Voicemail), at(3));
    call.ask_to_end(EndingBy::Request, at(4));
    call.raise(AlarmKind::CannotEnd, "nothing ends it", at(5));
    let text = serde_json::to_string(&call).unwrap();
    assert_eq!(serde_json::from_str::<Call>(&text).unwrap(), call);
    assert!(serde_json::from_value::<Call>(json!({})).is_err());
}

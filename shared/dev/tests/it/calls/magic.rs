//! Every magic number with every provider, from POST to the end and to what comes after it.

use switchboard_core::{AlarmKind, ArtifactState, EndReason, Phase};

use super::*;

use ArtifactState::{None as Absent, Ready};

/// Past everything that is awaited after a call: the last look for what comes after the end is about eighty minutes behind it.
const LONG_AFTER_SECS: u64 = 2 * 60 * 60;

/// What comes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Outcome {
    reason: EndReason,
    secs: Option<u32>,
    /// Transcript, recording, summary, analysis, cost.
    artifacts: [ArtifactState; 5],
    /// In millionths of a dollar.
    cost: Option<i64>,
}

fn outcome(reason: EndReason, secs: u32, artifacts: [ArtifactState; 5], cost: Option<i64>) -> Outcome {
    Outcome { reason, secs: Some(secs), artifacts, cost }
}

/// What every provider makes of every callee that can be called and lets the call end. Hamsa has no word for a busy line and none
/// for a machine, and names no price; OmniDimension names everything; Twilio knows the line and not what was said.
fn outcomes(provider: &str) -> [(u32, Outcome); 6] {
    use EndReason::{Busy, Completed, NoAnswer, ProviderError, Voicemail};
    let nothing = [Absent; 5];
    let talk = |artifacts, cost| [1, 8, 9].map(|digit| (digit, outcome(Completed, 20, artifacts, cost)));
    let ([one, eight, nine], [busy, nobody, machine]) = match provider {
        "hamsa" => {
            let kept = [Ready, Ready, Absent, Ready, Absent];
            let others = [(ProviderError, 0, nothing), (NoAnswer, 0, nothing), (Completed, 10, kept)];
            (talk(kept, None), others.map(|(reason, secs, artifacts)| outcome(reason, secs, artifacts, None)))
        }
        "omnidimension" => {
            let machine = outcome(Voicemail, 10, [Ready; 5], Some(13_333));
            (
                talk([Ready; 5], Some(26_667)),
                [outcome(Busy, 0, nothing, None), outcome(NoAnswer, 0, nothing, None), machine],
            )
        }
        _ => {
            let kept = [Absent, Ready, Absent, Absent, Ready];
            let machine = outcome(Voicemail, 10, kept, Some(13_000));
            (talk(kept, Some(13_000)), [outcome(Busy, 0, nothing, None), outcome(NoAnswer, 0, nothing, None), machine])
        }
    };
    // Who is told nothing has no report to take the summary from.
    let eight = match provider {
        "omnidimension" => (8, Outcome { artifacts: [Ready, Ready, Absent, Ready, Ready], ..eight.1 }),
        _ => eight,
    };
    [one, (2, busy), (3, nobody), (7, machine), eight, nine]
}

fn outcome_of(call: &Call) -> Outcome {
    Outcome {
        reason: call.end().expect("it has not ended").reason,
        secs: call.duration_secs(),
        artifacts: [
            call.transcript_state(),
            call.recording_state(),
            call.summary_state(),
            call.analysis_state(),
            call.cost_state(),
        ],
        cost: call.cost().map(|cost| cost.micros()),
    }
}

async fn every_callee(provider: &str) {
    let world = TestWorld::start().await;
    let expected = outcomes(provider);
    let mut placed = Vec::new();
    for (digit, outcome) in expected {
        let answer = world.as_local().post(CALLS, &order(provider, &magic(digit))).await;
        answer.expect(202);
        // Only the answer to the last number is lost; nobody has said anything yet that could end it.
        let known = if digit == 9 { "unknown" } else { "known" };
        assert_eq!(answer.text("/outcome"), known, "{provider} {digit}");
        assert_eq!((answer.text("/phase"), answer.text("/provider")), ("dialing".to_owned(), provider.to_owned()));
        assert!(answer.json.get("endReason").is_none() && answer.json["cost"].is_null());
        placed.push((digit, answer.text("/callId"), outcome));
    }
    pass(&world, LASTS_SECS).await;
    for (digit, id, outcome) in &placed {
        let call = kept(&world, id).await;
        assert_eq!(call.end().map(|end| end.reason), Some(outcome.reason), "{provider} {digit}: ended in time");
        assert!(!call.outcome_is_unknown(), "{provider} {digit}");
    }
    pass(&world, LONG_AFTER_SECS).await;
    for (digit, id, outcome) in &placed {
        let call = kept(&world, id).await;
        assert_eq!(outcome_of(&call), *outcome, "{provider} {digit}");
        assert!(call.is_settled() && call.duties.next_at().is_none(), "{provider} {digit}: {:?}", call.duties);
        assert!(call.alarms.is_empty() && call.slot.is_none(), "{provider} {digit}");
        assert_eq!(dials_to(&world, &magic(*digit)), 1, "{provider} {digit}: dialled once");
        // Who answered is known where anybody was told.
        let talked = outcome.secs != Some(0);
        assert!(call.dialed_at().is_some(), "{provider} {digit}");
        assert!(talked || call.answered_at().is_none(), "{provider} {digit}");
    }
    assert_eq!(meter(&world).lines_up, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn hamsa_brings_every_call_to_its_end() {
    every_callee("hamsa").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn omnidimension_brings_every_call_to_its_end() {
    every_callee("omnidimension").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn twilio_brings_every_call_to_its_end() {
    every_callee("twilio").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_nobody_hangs_up_is_ended_at_the_deadline_where_the_provider_can() {
    let world = TestWorld::start().await;
    let mut placed = Vec::new();
    for provider in PROVIDERS {
        placed.push((provider, place(&world, &order(provider, &magic(4))).await));
    }
    pass(&world, LASTS_SECS + 60).await;
    for (provider, id) in &placed {
        let call = kept(&world, id).await;
        let line = meter(&world).lines.into_iter().find(|line| line.provider.as_str() == *provider).unwrap();
        if *provider == "omnidimension" {
            // It has no request that ends a call. A person is told, and its agent's own limit of an hour ends it.
            assert!(line.up && call.is_live());
            assert_eq!(call.alarms.keys().collect::<Vec<_>>(), [&AlarmKind::CannotEnd]);
            continue;
        }
        assert_eq!(call.end().map(|end| end.reason), Some(EndReason::MaxDuration), "{provider}");
        assert_eq!((line.up, line.seconds), (false, LASTS_SECS - 5), "{provider}: answered after five seconds");
        assert_eq!(call.duration_secs().map(u64::from), Some(LASTS_SECS - 5), "{provider}");
        assert!(call.alarms.is_empty(), "{provider}");
    }
    world.world.clock().advance(Duration::from_secs(55 * 60));
    pass(&world, 10 * 60).await;
    let call = kept(&world, &placed[1].1).await;
    assert_eq!((call.phase(), call.duration_secs()), (Phase::Ended, Some(3_600)));
    assert!(call.alarms.is_empty(), "the alarm is closed");
    assert_eq!(meter(&world).lines_up, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_obeys_nobody_has_an_open_alarm_within_ninety_seconds_of_its_deadline() {
    let world = TestWorld::start().await;
    let mut placed = Vec::new();
    for provider in PROVIDERS {
        placed.push((provider, place(&world, &order(provider, &magic(5))).await));
    }
    pass(&world, LASTS_SECS + 90).await;
    for (provider, id) in &placed {
        let call = kept(&world, id).await;
        assert!(call.is_live() && call.slot.is_some(), "{provider}: it is up and holds its slot");
        let (kind, open) = call.alarms.iter().next().expect("nobody is told");
        let expected = if *provider == "omnidimension" { AlarmKind::CannotEnd } else { AlarmKind::PastDeadline };
        assert_eq!(*kind, expected, "{provider}");
        assert!(open.since <= call.deadline_at.plus(Duration::from_secs(90)), "{provider}");
    }
    assert_eq!(meter(&world).lines_up, 3);
    // The leases that the slots were taken for have passed, and the lines are still up.
    pass(&world, 25 * 60).await;
    for (provider, id) in &placed {
        let call = kept(&world, id).await;
        let lease = call.slot.as_ref().expect("the slot is lost").lease_until;
        assert!(lease > world.now() && call.is_live(), "{provider}");
    }
    // Longer than any carrier keeps a line up. (The sweep, too, was away.) Whose record shows it up is up; of what no record
    // tells, nobody knows any more, which is not that it is over.
    world.world.clock().advance(Duration::from_secs(4 * 60 * 60));
    pass(&world, 60).await;
    for (provider, id) in &placed {
        let call = kept(&world, id).await;
        assert!(!call.alarms.is_empty(), "{provider}: somebody is still told");
        if *provider != "omnidimension" {
            assert!(call.is_live() && call.slot.is_some(), "{provider}");
            continue;
        }
        assert_eq!(call.end().map(|end| end.reason), Some(EndReason::Unknown), "{provider}");
        assert_eq!(
            (call.duration_secs(), call.cost(), call.ended_at()),
            (None, None, None),
            "{provider}: nobody knows"
        );
        assert!(call.slot.is_none() && call.outcome_is_unknown(), "{provider}");
        end(&world, id).await.expect(202);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_the_provider_cannot_call_is_refused_and_the_call_says_why() {
    let world = TestWorld::start().await;
    for provider in PROVIDERS {
        let answer = world.as_local().post(CALLS, &order(provider, &magic(6))).await;
        answer.refused(422, "provider_rejected");
        let call = kept(&world, &answer.text("/error/callId")).await;
        assert_eq!(call.end().map(|end| end.reason), Some(EndReason::InvalidNumber), "{provider}");
        assert_eq!((call.phase(), call.slot.is_none(), call.dialed_at().is_some()), (Phase::Ended, true, false));
        assert!(call.is_settled() && call.duties.next_at().is_none(), "{provider}");
    }
    assert_eq!(meter(&world).dials, 0);
}

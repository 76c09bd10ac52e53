//! Who ended a call: the deadline, whoever asked for it, the carrier's limit, or those who talked.

use std::time::Duration;

use super::{at, dialled, ended, progress};
use crate::{EndReason, EndingBy, Observation, Progress, ProviderId, RUNG_ACCEPTED, RUNG_ALREADY_OVER, Rung, Source};

#[test]
fn a_line_that_the_carrier_ends_at_its_limit_has_used_up_its_time() {
    for (secs, reason) in [(119, EndReason::Completed), (120, EndReason::MaxDuration)] {
        let (mut call, leg) = dialled(ProviderId::Twilio);
        call.legs[0].cap_secs = Some(120);
        let over = Observation { duration_secs: Some(secs), ..ended(Source::Carrier, EndReason::Completed) };
        call.observe(leg, &over, at(130));
        assert_eq!(call.end().unwrap().reason, reason);
    }
}

#[test]
fn seconds_prevented_run_from_the_forced_end_to_the_carriers_own() {
    let (mut call, leg) = dialled(ProviderId::Hamsa);
    call.legs[0].cap_secs = Some(3_600);
    let answered = Observation { answered_at: Some(at(10)), ..progress(Source::ProviderApi, Progress::InProgress) };
    call.observe(leg, &answered, at(10));
    call.ask_to_end(EndingBy::Deadline, at(600));
    let over = Observation { ended_at: Some(at(605)), ..ended(Source::ProviderApi, EndReason::Completed) };
    call.observe(leg, &over, at(606));
    assert_eq!(call.ghost_secs_prevented(), 3_610 - 605);
    assert_eq!(call.contribution().counts["ghostSecsPrevented"], 3_005);
}

#[test]
fn a_call_that_was_over_before_the_deadline_was_noticed_has_prevented_nothing() {
    let (mut call, leg) = dialled(ProviderId::Hamsa);
    call.ask_to_end(EndingBy::Deadline, at(660));
    let mut over = Observation { ended_at: Some(at(625)), ..ended(Source::ProviderApi, EndReason::Completed) };
    over.duration_secs = Some(20);
    call.observe(leg, &over, at(661));
    assert_eq!(call.ghost_secs_prevented(), 0);
    assert_eq!(call.end().unwrap().reason, EndReason::Completed);
}

#[test]
fn a_provider_that_writes_whole_seconds_has_not_ended_a_call_before_it_was_asked_to() {
    let (mut call, leg) = dialled(ProviderId::Twilio);
    call.observe(leg, &progress(Source::ProviderApi, Progress::InProgress), at(5));
    call.ask_to_end(EndingBy::Request, at(20).plus(Duration::from_millis(700)));
    let over = Observation { ended_at: Some(at(20)), ..ended(Source::ProviderApi, EndReason::Completed) };
    call.observe(leg, &over, at(21));
    assert_eq!(call.end().unwrap().reason, EndReason::EndedByRequest);
}

/// A call that its provider logs once it is over, without saying when that was.
fn logged(reason: EndReason, secs: u32) -> Observation {
    let mut logged = ended(Source::ProviderApi, reason);
    (logged.ended_at, logged.dialed_at, logged.duration_secs) = (None, Some(at(1)), Some(secs));
    logged
}

#[test]
fn what_must_have_been_over_before_its_end_was_asked_for_was_not_ended_by_that() {
    for (by, reason) in [(EndingBy::Request, EndReason::EndedByRequest), (EndingBy::Deadline, EndReason::MaxDuration)] {
        for (secs, expected) in [(20, EndReason::Completed), (400, reason)] {
            let (mut call, leg) = dialled(ProviderId::Omnidimension);
            call.ask_to_end(by, at(300));
            call.observe(leg, &logged(EndReason::Completed, secs), at(3_600));
            assert_eq!(call.end().map(|end| end.reason), Some(expected), "{by:?} after {secs} s");
        }
    }
}

#[test]
fn a_line_that_was_cut_while_it_rang_was_ended_by_request_whatever_its_provider_calls_it() {
    for (result, reason) in [(RUNG_ACCEPTED, EndReason::EndedByRequest), ("failed", EndReason::ProviderError)] {
        let (mut call, leg) = dialled(ProviderId::Omnidimension);
        call.ask_to_end(EndingBy::Request, at(3));
        call.climbed(Rung { rung: "twilio.line".to_owned(), result: result.to_owned(), at: at(3) }, at(3));
        call.observe(leg, &logged(EndReason::ProviderError, 0), at(4));
        assert_eq!(call.end().map(|end| end.reason), Some(reason));
    }
}

#[test]
fn what_its_provider_did_not_know_any_more_when_it_was_first_asked_was_not_ended_by_that() {
    for (by, first, reason) in [
        (EndingBy::Deadline, RUNG_ALREADY_OVER, EndReason::Completed),
        (EndingBy::Request, RUNG_ALREADY_OVER, EndReason::Completed),
        // It was not renewed, whatever else became of it.
        (EndingBy::Lease, RUNG_ALREADY_OVER, EndReason::LeaseExpired),
        // What was asked before may have been what ended it.
        (EndingBy::Deadline, "failed", EndReason::MaxDuration),
        (EndingBy::Request, "failed", EndReason::EndedByRequest),
    ] {
        let (mut call, leg) = dialled(ProviderId::Openai);
        call.observe(leg, &progress(Source::ProviderApi, Progress::InProgress), at(5));
        call.ask_to_end(by, at(300));
        for result in [first, RUNG_ALREADY_OVER] {
            let rung = Rung { rung: "openai.hang_up".to_owned(), result: result.to_owned(), at: at(300) };
            call.climbed(rung, at(300));
        }
        let over = Observation { ended_at: None, ..ended(Source::ProviderApi, EndReason::Completed) };
        call.observe(leg, &over, at(301));
        assert_eq!(call.end().map(|end| end.reason), Some(reason), "{by:?} {first}");
    }
}

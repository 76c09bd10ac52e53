//! What is made of each delivery.

use proptest::prelude::*;
use switchboard_core::{EndReason, Progress};

use super::*;

const CALL: &str = "CA00000000000000000000000000000001";
const RECORDING: &str = "RE00000000000000000000000000000001";

fn leg() -> LegId {
    LegId::generate(Timestamp::from_epoch_secs(1))
}

fn read_at(url: &str, form: &str) -> ProviderEvent {
    let verified = Verified::new(form.as_bytes(), String::new(), String::new()).at(url);
    let mut events = read(&verified).unwrap();
    assert_eq!(events.len(), 1);
    events.remove(0)
}

fn news(form: &str) -> CallNews {
    match read_at("https://sb.example.com/webhooks/twilio", form).news {
        News::Call(news) => *news,
        other => panic!("{form}: {other:?}"),
    }
}

#[test]
fn a_status_callback_says_what_happened_when_and_to_which_attempt() {
    let leg = leg();
    let form = format!(
        "AccountSid=AC0&CallSid={CALL}&CallStatus=completed&Duration=1&CallDuration=49&SequenceNumber=3\
         &CallbackSource=call-progress-events&Timestamp=Fri%2C+20+Nov+2026+10%3A06%3A48+%2B0000&Direction=outbound-api"
    );
    let event = read_at(&format!("https://sb.example.com/webhooks/twilio?leg={leg}"), &form);
    let at = Timestamp::parse("2026-11-20T10:06:48Z");
    assert_eq!((event.kind.as_str(), event.at), ("call.completed", at));
    let News::Call(news) = event.news else { panic!("no news") };
    assert_eq!(
        (news.leg, news.reference.as_ref().map(ExternalId::as_str), &news.inbound),
        (Some(leg), Some(CALL), &None)
    );
    let said = news.observation;
    assert_eq!((said.source, said.at, said.ended_at), (Source::Carrier, at, at));
    assert_eq!(said.duration_secs, Some(49), "seconds, and not the billed minutes");
    assert_eq!(said.end.map(|end| end.reason), Some(EndReason::Completed));
    assert_eq!((said.transcript, said.recording, said.cost), (Some(Artifact::None), None, None));
    assert_eq!(said.external_ids.get(CALL_SID).map(String::as_str), Some(CALL));
}

#[test]
fn each_status_puts_its_time_where_it_belongs() {
    let at = Timestamp::parse("2026-11-20T10:06:48Z");
    for (status, progress, dialed, answered, ended) in [
        ("initiated", Some(Progress::Dialing), at, None, None),
        ("queued", Some(Progress::Dialing), None, None, None),
        ("ringing", Some(Progress::Ringing), None, None, None),
        ("in-progress", Some(Progress::InProgress), None, at, None),
        ("busy", None, None, None, at),
        ("no-answer", None, None, None, at),
    ] {
        let said =
            news(&format!("CallSid={CALL}&CallStatus={status}&Timestamp=Fri%2C+20+Nov+2026+10%3A06%3A48+%2B0000"))
                .observation;
        assert_eq!(
            (said.progress, said.dialed_at, said.answered_at, said.ended_at),
            (progress, dialed, answered, ended),
            "{status}"
        );
        assert_eq!(said.end.is_some(), ended.is_some(), "{status}");
    }
}

#[test]
fn the_sip_response_and_the_detection_of_machines_refine_the_end() {
    let reason = |more: &str| news(&format!("CallSid={CALL}&{more}")).observation.end.map(|end| end.reason);
    assert_eq!(reason("CallStatus=failed&SipResponseCode=404"), Some(EndReason::InvalidNumber));
    assert_eq!(reason("CallStatus=failed&SipResponseCode="), Some(EndReason::CarrierError));
    assert_eq!(reason("CallStatus=failed&SipResponseCode=99999999"), Some(EndReason::CarrierError));
    assert_eq!(reason("CallStatus=completed&AnsweredBy=machine_end_silence"), Some(EndReason::Voicemail));
}

#[test]
fn a_recording_is_known_by_its_name_from_either_callback() {
    let ready = Some(Artifact::Ready(RECORDING.to_owned()));
    let recording = |form: &str| news(&format!("CallSid={CALL}&{form}")).observation.recording;
    assert_eq!(
        recording(&format!("CallStatus=completed&RecordingSid={RECORDING}&RecordingUrl=https://evil.example")),
        ready
    );
    assert_eq!(recording(&format!("RecordingStatus=completed&RecordingSid={RECORDING}")), ready);
    assert_eq!(recording(&format!("RecordingStatus=absent&RecordingSid={RECORDING}")), Some(Artifact::None));
    let event = read_at(
        "https://sb.example.com",
        &format!("CallSid={CALL}&RecordingStatus=in-progress&RecordingSid={RECORDING}"),
    );
    assert_eq!((event.kind.as_str(), event.news), ("recording.in-progress", News::Nothing));
}

#[test]
fn a_recording_callback_does_not_end_a_call() {
    let said = news(&format!("CallSid={CALL}&RecordingStatus=completed&RecordingSid={RECORDING}&CallStatus=completed"));
    assert_eq!((said.observation.end, said.observation.progress), (None, None));
}

#[test]
fn a_call_is_inbound_only_where_twilio_says_so() {
    let inbound =
        news(&format!("CallSid={CALL}&CallStatus=ringing&Direction=inbound&From=%2B14158675309&To=%2B15005550100"))
            .inbound;
    let inbound = inbound.unwrap();
    assert_eq!(inbound.from.as_ref().map(PhoneNumber::expose), Some("+14158675309"));
    assert_eq!(inbound.to.as_ref().map(PhoneNumber::expose), Some("+15005550100"));
    let hidden = news(&format!("CallSid={CALL}&CallStatus=ringing&Direction=inbound&From=anonymous")).inbound.unwrap();
    assert_eq!((hidden.from, hidden.to), (None, None));
    for direction in ["outbound-api", "outbound-dial", "trunking-originating", "", "Inbound"] {
        assert_eq!(
            news(&format!("CallSid={CALL}&CallStatus=ringing&Direction={direction}")).inbound,
            None,
            "{direction}"
        );
    }
}

#[test]
fn the_leg_of_a_dialled_person_is_not_the_call() {
    let parent = "CA00000000000000000000000000000002";
    let url = format!("https://sb.example.com/webhooks/twilio?leg={}", leg());
    let event = read_at(&url, &format!("CallSid={CALL}&ParentCallSid={parent}&CallStatus=completed&Direction=inbound"));
    assert_eq!((event.kind.as_str(), event.news), ("call.completed", News::Nothing));
}

#[test]
fn what_is_not_known_is_kept_and_changes_nothing() {
    for (form, kind) in [
        (format!("CallSid={CALL}&Digits=1"), "unknown"),
        (format!("CallSid={CALL}&CallbackSource=call-progress-events"), "call-progress-events"),
        ("CallStatus=completed".to_owned(), "call.completed"),
        ("CallSid=..%2F&CallStatus=completed".to_owned(), "call.completed"),
        (r#"{"CallStatus":"completed"}"#.to_owned(), "json"),
    ] {
        let event = read_at("https://sb.example.com/webhooks/twilio", &form);
        assert_eq!((event.kind.as_str(), event.news), (kind, News::Nothing), "{form}");
    }
    let unheard = news(&format!("CallSid={CALL}&CallStatus=on-hold")).observation;
    assert_eq!((unheard.progress, unheard.end), (None, None));
}

#[test]
fn a_delivery_by_get_is_read_from_its_address() {
    let leg = leg();
    let event =
        read_at(&format!("https://sb.example.com/webhooks/twilio?leg={leg}&CallSid={CALL}&CallStatus=ringing"), "");
    let News::Call(news) = event.news else { panic!("no news") };
    assert_eq!((news.leg, news.observation.progress), (Some(leg), Some(Progress::Ringing)));
    let nothing = Verified::new(b"", String::new(), String::new()).at("https://sb.example.com/webhooks/twilio");
    assert_eq!(read(&nothing), Err(WebhookError::NotTheirForm));
}

proptest! {
    #[test]
    fn no_form_makes_reading_panic(
        body: Vec<u8>,
        url in ".{0,30}",
        values in prop::collection::vec((prop::sample::select(vec!["CallSid", "CallStatus", "Timestamp", "CallDuration", "RecordingStatus", "RecordingSid", "Direction", "From", "SipResponseCode"]), ".{0,40}"), 0..9),
    ) {
        let _ = read(&Verified::new(&body, String::new(), String::new()).at(&url));
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(&values).finish();
        for event in read(&Verified::new(form.as_bytes(), String::new(), String::new())).unwrap_or_default() {
            prop_assert!(event.kind.chars().count() <= MAX_KIND_CHARS);
        }
    }
}

//! What is sent, to the letter, and what is made of what comes back.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;
use switchboard_core::{CallId, EndReason, LegId, Secret};

use super::*;
use crate::ReportTo;
use crate::lenient::tests::any_json;

const SID: &str = "CA00000000000000000000000000000001";

fn config() -> TwilioConfig {
    TwilioConfig {
        detect_machines: false,
        base_url: "https://api.twilio.com".to_owned(),
        secret_name: "switchboard/twilio".to_owned(),
        agent_url: Some("https://agent.example.com/voice?x=1".to_owned()),
        phone_number: PhoneNumber::from_e164("+15005550100"),
        record: false,
    }
}

/// Calls `check` with a call whose ids are known.
fn with_call(change: impl FnOnce(&mut PlaceCall<'_>), check: impl FnOnce(&PlaceCall<'_>)) {
    let now = Timestamp::from_epoch_secs(1_795_169_208);
    let to = PhoneNumber::from_e164("+15005550001").unwrap();
    let params = BTreeMap::new();
    let report_to = ReportTo { url: Secret::new("https://sb.example.com/webhooks/twilio?leg=leg_1"), credential: None };
    let mut call = PlaceCall {
        call: CallId::generate(now),
        leg: LegId::generate(now),
        to: Some(&to),
        from: None,
        agent_id: None,
        params: &params,
        max_duration: Duration::from_secs(600),
        report_to: Some(&report_to),
    };
    change(&mut call);
    check(&call);
}

fn values<'f>(form: &'f Form, name: &str) -> Vec<&'f str> {
    form.iter().filter(|(known, _)| *known == name).map(|(_, value)| value.as_str()).collect()
}

#[test]
fn a_call_is_placed_with_its_limits_and_with_a_callback_for_every_event() {
    with_call(
        |_| {},
        |call| {
            let form = place_form(&config(), call).unwrap();
            assert_eq!(values(&form, "To"), ["+15005550001"]);
            assert_eq!(values(&form, "From"), ["+15005550100"]);
            assert_eq!(values(&form, "TimeLimit"), ["600"]);
            assert_eq!(values(&form, "Timeout"), ["60"]);
            let agent = format!("https://agent.example.com/voice?x=1&callId={}&legId={}", call.call, call.leg);
            assert_eq!(values(&form, "Url"), [agent]);
            let callback = format!("https://sb.example.com/webhooks/twilio?leg=leg_1#{RETRY_OVERRIDES}");
            assert_eq!(values(&form, "StatusCallback"), [callback]);
            assert_eq!(values(&form, "StatusCallbackEvent"), ["initiated", "ringing", "answered", "completed"]);
            assert!(values(&form, "Record").is_empty() && values(&form, "RecordingStatusCallback").is_empty());
        },
    );
}

#[test]
fn a_call_is_recorded_only_where_the_installation_wants_that() {
    with_call(
        |_| {},
        |call| {
            let form = place_form(&TwilioConfig { record: true, ..config() }, call).unwrap();
            assert_eq!(values(&form, "Record"), ["true"]);
            assert_eq!(values(&form, "RecordingStatusCallback"), values(&form, "StatusCallback"));
            assert_eq!(values(&form, "RecordingStatusCallbackEvent"), ["completed", "absent"]);
        },
    );
}

#[test]
fn a_call_that_lacks_something_is_declined_before_anything_is_sent() {
    let declined = |config: &TwilioConfig, change: fn(&mut PlaceCall<'_>)| {
        let mut declined = None;
        with_call(change, |call| declined = place_form(config, call).err());
        declined
    };
    assert_eq!(declined(&TwilioConfig { agent_url: None, ..config() }, |_| {}), Some(Decline::UnknownAgent));
    assert_eq!(declined(&TwilioConfig { phone_number: None, ..config() }, |_| {}), Some(Decline::NotPermitted));
    assert_eq!(declined(&config(), |call| call.agent_id = Some("agent")), Some(Decline::UnknownAgent));
    assert_eq!(declined(&config(), |call| call.from = Some("my number")), Some(Decline::NotPermitted));
    assert_eq!(declined(&config(), |call| call.to = None), Some(Decline::InvalidNumber));
    assert_eq!(declined(&config(), |call| call.from = Some("+15005550199")), None);
}

#[test]
fn a_time_limit_is_never_larger_than_twilio_takes() {
    with_call(
        |call| call.max_duration = Duration::from_secs(1_000_000),
        |call| assert_eq!(values(&place_form(&config(), call).unwrap(), "TimeLimit"), ["14400"]),
    );
}

#[test]
fn the_record_of_a_finished_call_is_read_with_its_times_its_length_and_its_price() {
    let record = json!({
        "sid": SID, "status": "completed", "to": "+15005550001", "from": "+15005550100",
        "date_created": "Fri, 20 Nov 2026 10:06:48 +0000", "date_updated": "Fri, 20 Nov 2026 10:07:20 +0000",
        "start_time": "Fri, 20 Nov 2026 10:06:50 +0000", "end_time": "Fri, 20 Nov 2026 10:07:19 +0000",
        "duration": "20", "price": "-0.03000", "price_unit": "USD", "answered_by": null, "parent_call_sid": null,
    });
    let record = CallRecord::read_answer(record.to_string().as_bytes()).unwrap();
    let said = record.observation("call read");
    assert_eq!(said.source, Source::Carrier);
    assert_eq!(said.end.unwrap().reason, EndReason::Completed);
    assert_eq!(said.dialed_at, Timestamp::parse("2026-11-20T10:06:50Z"));
    assert_eq!(said.ended_at, Timestamp::parse("2026-11-20T10:07:19Z"));
    assert_eq!(said.duration_secs, Some(20));
    assert_eq!(said.cost, Some(Artifact::Ready(Money::new(Micros::new(30_000), Currency::USD))));
    assert_eq!(said.external_ids, BTreeMap::from([(CALL_SID.to_owned(), SID.to_owned())]));
}

#[test]
fn a_price_that_has_not_come_is_neither_zero_nor_none() {
    for price in [json!(null), json!(""), json!(false), json!("soon")] {
        let record = json!({"sid": SID, "status": "completed", "price": price, "price_unit": "USD", "duration": "5"});
        let record = CallRecord::read(Field::whole(&record)).unwrap();
        assert_eq!(record.observation("call read").cost, None, "{price}");
    }
}

#[test]
fn a_live_call_has_no_length_yet() {
    let record = json!({"sid": SID, "status": "in-progress", "duration": null, "start_time": null});
    let record = CallRecord::read(Field::whole(&record)).unwrap();
    let said = record.observation("call read");
    assert_eq!((said.progress, said.end, said.duration_secs), (Some(Progress::InProgress), None, None));
    assert!(record.is_talking() && !record.is_over());
}

#[test]
fn recordings_are_ready_gone_or_still_to_come() {
    let re = "RE00000000000000000000000000000001";
    let one = |status: &str| json!({"sid": re, "status": status, "duration": "-1"});
    for (recordings, expected) in [
        (vec![], Some(Artifact::None)),
        (vec![one("absent")], Some(Artifact::None)),
        (vec![one("deleted"), one("absent")], Some(Artifact::None)),
        (vec![one("processing")], None),
        (vec![one("in-progress")], None),
        (vec![one("absent"), one("processing")], None),
        (vec![one("something-new")], None),
        (vec![one("deleted"), one("completed")], Some(Artifact::Ready(re.to_owned()))),
    ] {
        assert_eq!(read_recordings(&recordings), expected, "{recordings:?}");
    }
}

#[test]
fn times_are_read_in_the_forms_that_twilio_writes() {
    let expected = Timestamp::parse("2010-08-10T08:02:17Z");
    for text in [
        "Tue, 10 Aug 2010 08:02:17 +0000",
        "Tue, 10 Aug 2010 08:02:17 GMT",
        "10 Aug 2010 08:02:17 +0000",
        "Mon, 10 Aug 2010 08:02:17 +0000",
        "Tue, 10 Aug 2010 12:02:17 +0400",
        "2010-08-10T08:02:17Z",
    ] {
        assert_eq!(read_time(text), expected, "{text}");
    }
    for text in ["", "yesterday", "10/08/2010", "Tue, 32 Aug 2010 08:02:17 +0000"] {
        assert_eq!(read_time(text), None, "{text}");
    }
}

#[test]
fn a_page_without_its_list_is_none() {
    assert!(read_page(br#"{"calls":[],"next_page_uri":null}"#, "calls").is_some_and(|page| page.next.is_none()));
    let page = read_page(br#"{"calls":[{}],"next_page_uri":"/2010-04-01/x"}"#, "calls").unwrap();
    assert_eq!((page.items.len(), page.next.as_deref()), (1, Some("/2010-04-01/x")));
    for body in [r#"{"recordings":[]}"#, r#"{"calls":{}}"#, "[]", "null", "<html>", ""] {
        assert!(read_page(body.as_bytes(), "calls").is_none(), "{body}");
    }
}

proptest! {
    #[test]
    fn nothing_that_twilio_can_answer_makes_reading_panic(value in any_json(), status in ".{0,12}", price in "-?[0-9]{0,20}\\.?[0-9]{0,9}", time in ".{0,40}") {
        let body = value.to_string();
        read_page(body.as_bytes(), "calls");
        read_recordings(std::slice::from_ref(&value));
        read_time(&time);
        if let Some(record) = CallRecord::read(Field::whole(&value)) {
            record.found("call read");
        }
        let record = json!({"sid": SID, "status": status, "price": price, "price_unit": "usd", "start_time": time, "duration": value});
        let record = CallRecord::read(Field::whole(&record)).unwrap();
        record.found("call read");
    }
}

use http::HeaderMap;
use proptest::prelude::*;
use serde_json::json;
use switchboard_core::{PhoneNumber, Secret};

use super::*;
use crate::lenient::tests::any_json;
use crate::{Cause, ExternalId};

/// A delivery signed by another implementation of the scheme.
const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const SENT_AT: i64 = 1_760_000_000;
const SIGNATURE: &str = "v1,n5xIy/iodBTj/A8AJtxgkuBGRBT8z9ji0XdJChXUP8E=";
const BODY: &str = r#"{"id":"evt_1","object":"event","type":"realtime.call.incoming","created_at":1760000000,"data":{"call_id":"rtc_1","sip_headers":[{"name":"From","value":"sip:+14155550100@example.com"}]}}"#;

fn reader() -> OpenaiWebhooks {
    let secret = |kid: &str, value: &str| KeyedSecret { kid: kid.to_owned(), value: Secret::new(value) };
    OpenaiWebhooks::new(&[secret("new", "whsec_bG9jYWwtb3BlbmFpLXdlYmhvb2stc2VjcmV0LTE="), secret("old", SECRET)], &[])
        .unwrap()
}

fn headers(id: &str, timestamp: &str, signature: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in [("webhook-id", id), ("webhook-timestamp", timestamp), ("webhook-signature", signature)] {
        headers.insert(name, value.parse().unwrap());
    }
    headers
}

fn verify(headers: &HeaderMap, body: &[u8], now_secs: i64) -> Option<Cause> {
    let inbound = Inbound { urls: &[], headers, body };
    reader().verify(&inbound, Timestamp::from_epoch_secs(now_secs)).err().map(|rejection| rejection.cause)
}

fn read(body: &str) -> Result<Vec<ProviderEvent>, WebhookError> {
    reader().normalise(&Verified::new(body.as_bytes(), String::new(), String::new()))
}

fn incoming(data: &Value) -> News {
    let body = json!({"id": "evt_1", "object": "event", "type": INCOMING, "created_at": SENT_AT, "data": data});
    read(&body.to_string()).unwrap().remove(0).news
}

#[test]
fn a_delivery_signed_elsewhere_holds_and_its_name_tells_a_repetition() {
    let headers = headers("wh_1", "1760000000", SIGNATURE);
    let inbound = Inbound { urls: &[], headers: &headers, body: BODY.as_bytes() };
    let reader = reader();
    let verified = reader.verify(&inbound, Timestamp::from_epoch_secs(SENT_AT)).unwrap();
    assert_eq!((verified.replay_key(), verified.secret_kid()), ("wh_1", "old"));
    let events = reader.normalise(&verified).unwrap();
    let [event] = events.as_slice() else { panic!("one event") };
    assert_eq!((event.kind.as_str(), event.at), (INCOMING, Some(Timestamp::from_epoch_secs(SENT_AT))));
    let News::Call(news) = &event.news else { panic!("news of a call") };
    assert_eq!((news.reference.as_ref().map(ExternalId::as_str), news.leg), (Some("rtc_1"), None));
    let said = &news.observation;
    assert_eq!((said.source, said.progress, &said.end), (Source::SignedWebhook, Some(Progress::Ringing), &None));
    assert_eq!(said.external_ids.get(CALL_ID).map(String::as_str), Some("rtc_1"));
    let inbound = news.inbound.as_ref().unwrap();
    assert_eq!((&inbound.from, &inbound.to), (&PhoneNumber::from_e164("+14155550100"), &None));
}

#[test]
fn a_delivery_holds_for_five_minutes_either_way() {
    let headers = headers("wh_1", "1760000000", SIGNATURE);
    for (skew, cause) in [(0, None), (300, None), (-300, None), (301, Some(Cause::TooOld)), (-301, Some(Cause::TooNew))]
    {
        assert_eq!(verify(&headers, BODY.as_bytes(), SENT_AT + skew), cause, "{skew}");
    }
}

#[test]
fn a_signature_is_taken_among_others_but_not_without_its_version() {
    let bare = SIGNATURE.trim_start_matches("v1,");
    for (signature, cause) in [
        (format!("v1,AAAA {SIGNATURE}"), None),
        (format!("{SIGNATURE} v1,AAAA"), None),
        (bare.to_owned(), Some(Cause::MalformedHeader)),
        (format!("v2,{bare}"), Some(Cause::MalformedHeader)),
        ("v1,AAAA".to_owned(), Some(Cause::SignatureMismatch)),
    ] {
        assert_eq!(verify(&headers("wh_1", "1760000000", &signature), BODY.as_bytes(), SENT_AT), cause, "{signature}");
    }
}

#[test]
fn who_rings_is_read_from_the_first_header_of_its_name_if_it_is_a_number() {
    let number = "+14155550100";
    for (value, expected) in [
        ("sip:+14155550100@sip.example.com", Some(number)),
        ("SIP:+14155550100@sip.example.com:5061;transport=tls", Some(number)),
        ("sips:+14155550100@sip.example.com", Some(number)),
        ("<sip:+14155550100@sip.example.com;user=phone>;tag=a1", Some(number)),
        ("\"Jane <sip:+15005550001@x>\" <sip:+14155550100@sip.example.com>;tag=a1", Some(number)),
        ("Jane <sip:+14155550100;npdi:secret@sip.example.com>", Some(number)),
        ("sip:+14155550100:secret@sip.example.com", Some(number)),
        ("tel:+14155550100", Some(number)),
        ("<tel:+1-415-555-0100;phone-context=example.com>", Some(number)),
        ("tel:+1(415)555.0100", Some(number)),
        ("sip:14155550100@sip.example.com", None),
        ("sip:jane@example.com", None),
        ("sip:anonymous@anonymous.invalid", None),
        ("sip:+14155550100", None),
        ("mailto:+14155550100@example.com", None),
        ("+14155550100", None),
        ("tel:+0123456", None),
        ("<", None),
        ("", None),
    ] {
        for (name, other) in [("From", "To"), ("from", "Contact")] {
            let sip_headers = json!([
                {"name": other, "value": "sip:+15005550001@x"},
                {"name": name, "value": value},
                {"name": "FROM", "value": "sip:+15005550002@x"},
            ]);
            let News::Call(news) = incoming(&json!({"call_id": "rtc_1", "sip_headers": sip_headers})) else {
                panic!("news of a call")
            };
            let inbound = news.inbound.unwrap();
            assert_eq!(inbound.from, expected.and_then(PhoneNumber::from_e164), "{value}");
            let to = (other == "To").then_some("+15005550001").and_then(PhoneNumber::from_e164);
            assert_eq!((inbound.to, inbound.agent_id), (to, None));
        }
    }
}

#[test]
fn a_call_that_has_no_usable_name_is_no_news() {
    for data in [json!({}), json!(null), json!({"call_id": "../x"}), json!({"call_id": false}), json!([])] {
        assert_eq!(incoming(&data), News::Nothing, "{data}");
    }
    for headers in [json!(null), json!("x"), json!([{"name": "From"}, 7]), json!({"From": "tel:+14155550100"})] {
        let News::Call(news) = incoming(&json!({"call_id": "rtc_1", "sip_headers": headers})) else {
            panic!("news of a call")
        };
        assert_eq!(news.inbound.unwrap().from, None, "{headers}");
    }
}

#[test]
fn every_other_kind_is_kept_and_says_nothing() {
    for kind in [
        "live.transport.incoming",
        "live.call.incoming",
        "batch.completed",
        "response.completed",
        "fine_tuning.job.failed",
        "eval.run.succeeded",
        "safety.alert.created",
        "something.new",
    ] {
        let body = json!({"id": "evt_1", "type": kind, "created_at": SENT_AT, "data": {"call_id": "rtc_1"}});
        let events = read(&body.to_string()).unwrap();
        assert_eq!((events.len(), events[0].kind.as_str(), &events[0].news), (1, kind, &News::Nothing));
        assert_eq!(events[0].at, Some(Timestamp::from_epoch_secs(SENT_AT)));
    }
}

#[test]
fn what_has_not_the_form_is_said_to_be_unreadable() {
    for body in ["", "x", "[]", "{}", r#"{"type":7}"#, r#"{"type":""}"#] {
        assert_eq!(read(body), Err(WebhookError::NotTheirJson), "{body}");
    }
}

proptest! {
    #[test]
    fn one_changed_bit_of_the_body_breaks_the_signature(at in 0..BODY.len(), bit in 0_u8..8) {
        let mut body = BODY.as_bytes().to_vec();
        body[at] ^= 1 << bit;
        prop_assert!(verify(&headers("wh_1", "1760000000", SIGNATURE), &body, SENT_AT).is_some());
    }

    #[test]
    fn one_changed_character_of_what_is_signed_beside_the_body_breaks_it(
        id in "[a-z0-9_]{1,8}",
        later in 0_i64..300,
        tag in "[A-Za-z0-9+/]{43}=",
    ) {
        let timestamp = (SENT_AT + later).to_string();
        if id != "wh_1" || later != 0 {
            prop_assert!(verify(&headers(&id, &timestamp, SIGNATURE), BODY.as_bytes(), SENT_AT).is_some());
        }
        if format!("v1,{tag}") != SIGNATURE {
            let forged = headers("wh_1", "1760000000", &format!("v1,{tag}"));
            prop_assert!(verify(&forged, BODY.as_bytes(), SENT_AT).is_some());
        }
    }

    #[test]
    fn nothing_that_json_can_hold_makes_reading_panic(data in any_json(), value in "\\PC{0,40}") {
        let _ = incoming(&data);
        let _ = incoming(&json!({"call_id": "rtc_1", "sip_headers": [{"name": "From", "value": value}, data]}));
        let _ = read(&data.to_string());
    }
}

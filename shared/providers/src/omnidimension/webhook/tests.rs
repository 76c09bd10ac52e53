use http::HeaderMap;
use proptest::prelude::*;
use serde_json::json;
use switchboard_core::{Artifact, EndClaim, EndReason, HookId, KeyedSecret, Personal, Role, Secret, Source};

use super::*;
use crate::capability_url::{CapabilityUrls, HookFacts};
use crate::lenient::tests::any_json;

fn reader(sender: &str) -> OmnidimensionWebhooks {
    let key = KeyedSecret { kid: "k".to_owned(), value: Secret::new("k".repeat(32)) };
    let urls = CapabilityUrls::new(&[key], &[]).unwrap();
    let hook = HookId::generate(Timestamp::from_epoch_secs(1));
    let facts = HookFacts { hook, sender, purpose: "account", generation: 1 };
    OmnidimensionWebhooks::new(urls.prove(urls.token(&facts).expose(), &facts).unwrap())
}

fn read(body: &[u8]) -> Result<Vec<ProviderEvent>, WebhookError> {
    let headers = HeaderMap::new();
    let reader = reader("omnidimension");
    let inbound = Inbound { urls: &[], headers: &headers, body };
    reader.normalise(&reader.verify(&inbound, Timestamp::from_epoch_secs(1)).unwrap())
}

fn news(body: &Value) -> CallNews {
    let mut events = read(body.to_string().as_bytes()).unwrap();
    assert_eq!((events.len(), events[0].kind.as_str()), (1, "post_call"));
    match events.remove(0).news {
        News::Call(news) => *news,
        other => panic!("no news of a call: {other:?}"),
    }
}

fn report(more: Value) -> Value {
    let mut report = json!({
        "call_id": 50_958, "call_sid": "CA1", "bot_id": 6_340, "bot_name": "Demo User", "phone_number": "+15005550001",
        "call_direction": "outbound", "to_number": "+15005550001", "call_request_id": 3_166_940, "from_number": "+15005550100",
        "call_date": "2026-05-04 14:46:15", "start_time": "2026-05-04 14:46:15", "end_time": "2026-05-04 14:46:55",
        "call_duration": 40, "user_email": "demo@example.com", "call_status": "completed", "hangup_source": false,
        "recording_url": false, "recording_available_at": null, "low_interaction": true,
        "call_report": {"summary": "They talked.", "sentiment": "Positive", "extracted_variables": {"name": "Jane"},
            "full_conversation": " \n user: hi \n LLM: hello \n", "interactions": []},
    });
    report.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    report
}

#[test]
fn the_full_report_is_read_whole() {
    let news = news(&report(json!({})));
    assert_eq!(news.reference.unwrap().as_str(), "3166940");
    assert_eq!((news.leg, news.inbound), (None, None));
    let said = news.observation;
    assert_eq!(said.source, Source::UnsignedWebhook);
    assert_eq!(said.end, Some(EndClaim::new(EndReason::Completed, "completed")));
    assert_eq!((said.at, said.ended_at), (Timestamp::parse("2026-05-04T14:46:55Z"), said.at));
    assert_eq!((said.dialed_at, said.duration_secs), (Timestamp::parse("2026-05-04T14:46:15Z"), Some(40)));
    assert_eq!(said.summary, Some(Artifact::Ready(Personal::new("They talked."))));
    // Whether a recording will come is not said, and neither is a price.
    assert_eq!((said.recording, said.cost), (None, None));
    let Some(Artifact::Ready(transcript)) = said.transcript else { panic!("no transcript") };
    assert_eq!(transcript.turns().iter().map(|turn| turn.role).collect::<Vec<_>>(), [Role::User, Role::Agent]);
    let ids: Vec<_> = said.external_ids.iter().map(|(kind, id)| (kind.as_str(), id.as_str())).collect();
    assert_eq!(ids, [("callLogId", "50958"), ("requestId", "3166940")]);
}

#[test]
fn the_short_report_says_that_the_call_is_over_and_no_more() {
    let news = news(&json!({
        "call_id": 7, "bot_id": 6_340, "bot_name": "Demo", "phone_number": "+15005550001", "call_date": "2026-05-04 14:46:15",
        "user_email": "demo@example.com", "call_report": {"summary": "x"},
    }));
    assert_eq!(news.reference.unwrap().as_str(), "log-7");
    assert_eq!(news.observation.end, Some(EndClaim::new(EndReason::Completed, "reported")));
    assert_eq!(news.observation.ended_at, None);
    assert_eq!(news.inbound, None);
}

#[test]
fn a_call_is_inbound_only_where_the_report_says_so() {
    let inbound = |more: Value| news(&report(more)).inbound;
    let came_in =
        inbound(json!({"call_direction": "inbound", "call_request_id": false, "from_number": "+15005550002"})).unwrap();
    assert_eq!(came_in.from, PhoneNumber::from_e164("+15005550002"));
    assert_eq!((came_in.to, came_in.agent_id.as_deref()), (PhoneNumber::from_e164("+15005550001"), Some("6340")));
    for direction in [json!("outbound"), json!(false), json!(""), json!("internal")] {
        assert_eq!(inbound(json!({"call_direction": direction, "call_request_id": false})), None, "{direction}");
    }
}

#[test]
fn a_chat_is_no_call_and_its_secret_is_not_kept() {
    let chat =
        report(json!({"call_sid": "secret_key_0123-abc_DEF_uuid-1", "from_number": "Chat", "to_number": "Assistant"}));
    let body = chat.to_string();
    assert_eq!(read(body.as_bytes()).unwrap()[0].news, News::Nothing);
    let kept = String::from_utf8(OmnidimensionWebhooks::storable(body.as_bytes()).into_owned()).unwrap();
    assert!(kept.contains(r#""secret_key_[removed]""#) && !kept.contains("0123-abc_DEF"), "{kept}");
    assert!(serde_json::from_str::<Value>(&kept).is_ok());
    let call = report(json!({})).to_string();
    assert!(matches!(OmnidimensionWebhooks::storable(call.as_bytes()), Cow::Borrowed(_)));
}

#[test]
fn a_url_of_another_sender_is_refused() {
    let headers = HeaderMap::new();
    let inbound = Inbound { urls: &[], headers: &headers, body: b"{}" };
    let rejection = reader("hamsa").verify(&inbound, Timestamp::from_epoch_secs(1)).unwrap_err();
    assert_eq!(rejection.cause, crate::Cause::WrongSender);
}

#[test]
fn what_names_no_call_is_said_to_be_unreadable() {
    for body in ["", "[]", "{}", r#"{"call_id":false}"#, r#"{"call_id":"../1"}"#, "<html>"] {
        assert_eq!(read(body.as_bytes()), Err(WebhookError::NotTheirJson), "{body}");
    }
}

proptest! {
    #[test]
    fn no_delivery_makes_reading_panic(bytes in prop::collection::vec(any::<u8>(), 0..64), value in any_json()) {
        let _ = read(&bytes);
        let body = report(json!({"call_status": value, "call_report": value, "call_date": value, "call_direction": "inbound"}));
        read(body.to_string().as_bytes()).unwrap();
    }

    #[test]
    fn no_secret_survives_being_stored(secret in "[a-zA-Z0-9_-]{8,24}", around in ".{0,10}") {
        let body = format!("{around}secret_key_{secret}\"{around}secret_key_{secret}");
        let kept = OmnidimensionWebhooks::storable(body.as_bytes());
        let kept = String::from_utf8(kept.into_owned()).unwrap();
        let stripped = kept.replace(&around, "");
        prop_assert!(!stripped.contains(&format!("secret_key_{secret}")), "{}", kept);
    }
}

use http::HeaderMap;
use proptest::prelude::*;
use serde_json::json;
use switchboard_core::{HookId, KeyedSecret, LegId, Personal, Role};

use super::*;
use crate::capability_url::{CapabilityUrls, HookFacts};
use crate::lenient::tests::any_json;

const AT: &str = "2024-01-15T14:35:00.000Z";

fn reader(credential: Option<&str>) -> HamsaWebhooks {
    let key = KeyedSecret { kid: "k".to_owned(), value: Secret::new("k".repeat(32)) };
    let urls = CapabilityUrls::new(&[key], &[]).unwrap();
    let hook = HookId::generate(Timestamp::from_epoch_secs(1));
    let facts = HookFacts { hook, sender: "hamsa", purpose: "call", generation: 1 };
    HamsaWebhooks::new(urls.prove(urls.token(&facts).expose(), &facts).unwrap(), credential.map(Secret::new))
}

fn verify(reader: &HamsaWebhooks, authorization: Option<&[u8]>) -> Option<Cause> {
    let mut headers = HeaderMap::new();
    if let Some(value) = authorization {
        headers.insert(CREDENTIAL_HEADER, http::HeaderValue::from_bytes(value).unwrap());
    }
    let inbound = Inbound { urls: &[], headers: &headers, body: b"{}" };
    reader.verify(&inbound, Timestamp::from_epoch_secs(1)).err().map(|rejection| rejection.cause)
}

fn read(body: &[u8]) -> Result<Vec<ProviderEvent>, WebhookError> {
    let headers = HeaderMap::new();
    let reader = reader(None);
    let inbound = Inbound { urls: &[], headers: &headers, body };
    reader.normalise(&reader.verify(&inbound, Timestamp::from_epoch_secs(1)).unwrap())
}

fn news(body: &Value) -> (String, CallNews) {
    let mut events = read(body.to_string().as_bytes()).unwrap();
    assert_eq!(events.len(), 1);
    let event = events.remove(0);
    let News::Call(news) = event.news else { panic!("no news of a call") };
    (event.kind, *news)
}

#[test]
fn the_credential_is_taken_with_and_without_its_scheme_and_nothing_else_is() {
    let secret = "a-static-credential-of-32-bytes--";
    let reader_with = reader(Some(secret));
    for (given, cause) in [
        (Some(format!("Bearer {secret}")), None),
        (Some(format!("bearer {secret}")), None),
        (Some(secret.to_owned()), None),
        (None, Some(Cause::MissingHeader)),
        (Some(String::new()), Some(Cause::WrongCredential)),
        (Some("Bearer ".to_owned()), Some(Cause::WrongCredential)),
        (Some(format!("Token  {secret}")), Some(Cause::WrongCredential)),
        (Some(format!("Bearer {secret} ")), Some(Cause::WrongCredential)),
        (Some(secret.to_uppercase()), Some(Cause::WrongCredential)),
    ] {
        assert_eq!(verify(&reader_with, given.as_deref().map(str::as_bytes)), cause, "{given:?}");
    }
    assert_eq!(verify(&reader(None), None), None);
    // An empty secret is no secret that anybody could carry.
    assert_eq!(verify(&reader(Some("")), Some(b"")), Some(Cause::WrongCredential));
}

#[test]
fn every_event_is_read_and_an_unknown_one_says_nothing_of_the_call() {
    for (kind, progress, over) in [
        ("call.started", Some(Progress::Dialing), false),
        ("call.answered", Some(Progress::InProgress), false),
        ("transcription.update", Some(Progress::InProgress), false),
        ("tool.executed", Some(Progress::InProgress), false),
        ("call.ended", None, true),
        ("call.something_new", None, false),
    ] {
        let body = json!({"eventType": kind, "callId": "call_uuid_1", "timestamp": AT, "data": {}});
        let (read_kind, news) = news(&body);
        assert_eq!(read_kind, kind);
        let said = news.observation;
        assert_eq!((said.progress, said.end.is_some(), said.at), (progress, over, Timestamp::parse(AT)), "{kind}");
        assert_eq!(said.source, Source::UnsignedWebhook);
        assert_eq!(news.reference.unwrap().as_str(), "call_uuid_1");
        assert_eq!(said.answered_at.is_some(), kind == "call.answered");
    }
}

#[test]
fn the_end_is_read_out_of_its_data_within_data() {
    let leg = LegId::generate(Timestamp::from_epoch_secs(1));
    let (_, news) = news(&json!({
        "eventType": "call.ended", "callId": "call_uuid_12345", "timestamp": AT, "projectId": "p", "agentId": "a",
        "data": {"timestamp": AT, "data": {
            "conversationId": "conv-123-abc",
            "conversationRecording": "https://media.example/r.mp3",
            "transcription": [{"Agent": "Hello!"}, {"User": "Hi"}],
            "outcomeResult": {"application_id": "12345", "switchboardLegId": leg, "switchboardCallId": "call_x"},
        }},
    }));
    assert_eq!(news.reference.unwrap().as_str(), "conv-123-abc");
    assert_eq!((news.leg, news.inbound), (Some(leg), None));
    let said = news.observation;
    assert_eq!(said.end, Some(EndClaim::new(EndReason::Completed, "call.ended")));
    assert_eq!(said.ended_at, Timestamp::parse(AT));
    assert_eq!(said.recording, Some(Artifact::Ready("https://media.example/r.mp3".to_owned())));
    assert_eq!(said.analysis, Some(Artifact::Ready(Personal::new(r#"{"application_id":"12345"}"#))));
    let Some(Artifact::Ready(transcript)) = said.transcript else { panic!("no transcript") };
    assert_eq!(transcript.turns().iter().map(|turn| turn.role).collect::<Vec<_>>(), [Role::Agent, Role::User]);
    let ids: Vec<_> = said.external_ids.iter().map(|(kind, id)| (kind.as_str(), id.as_str())).collect();
    assert_eq!(ids, [("callId", "call_uuid_12345"), (JOB_ID, "conv-123-abc")]);
}

#[test]
fn an_end_with_a_flat_data_and_a_status_is_read_too() {
    let (_, news) = news(&json!({
        "eventType": "call.ended", "timestamp": AT, "data": {"conversationId": "c-1", "status": "NO_ANSWER"},
    }));
    assert_eq!(news.reference.unwrap().as_str(), "c-1");
    assert_eq!(news.observation.end, Some(EndClaim::new(EndReason::NoAnswer, "NO_ANSWER")));
}

#[test]
fn what_has_not_the_form_is_said_to_be_unreadable() {
    for body in ["", "[]", "{}", r#"{"eventType":7}"#, r#""x""#, "<html>"] {
        assert_eq!(read(body.as_bytes()), Err(WebhookError::NotTheirJson), "{body}");
    }
}

proptest! {
    #[test]
    fn no_delivery_makes_reading_panic(bytes in prop::collection::vec(any::<u8>(), 0..64), data in any_json()) {
        let _ = read(&bytes);
        let body = json!({"eventType": "call.ended", "callId": data, "timestamp": data, "data": {"data": data}});
        read(body.to_string().as_bytes()).unwrap();
    }
}

use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;
use switchboard_core::{CallId, LegId, PhoneNumber, Secret};

use super::*;
use crate::lenient::tests::any_json;

fn now() -> Timestamp {
    Timestamp::from_epoch_secs(1_795_169_208)
}

fn id(text: &str) -> ExternalId {
    ExternalId::parse(text).unwrap()
}

fn with_call<T>(read: impl FnOnce(&PlaceCall<'_>) -> T) -> T {
    let to = PhoneNumber::from_e164("+15005550001").unwrap();
    let params = BTreeMap::from([
        ("customerName".to_owned(), Personal::new("Jane")),
        (LEG_PARAM.to_owned(), Personal::new("leg_of_a_stranger")),
    ]);
    let report_to =
        ReportTo { url: Secret::new("https://x.example/webhooks/hamsa/t"), credential: Some(Secret::new("hunter2")) };
    read(&PlaceCall {
        call: CallId::generate(now()),
        leg: LegId::generate(now()),
        to: Some(&to),
        from: None,
        agent_id: None,
        params: &params,
        max_duration: Duration::from_secs(600),
        report_to: Some(&report_to),
    })
}

#[test]
fn a_call_from_one_of_theirs_is_reported_to_us_and_carries_our_names_whatever_the_caller_sends() {
    with_call(|call| {
        let body = place_from_theirs(call, "+15005550001", &id("agent-1"), None);
        assert_eq!(
            body,
            json!({
                "toNumber": "+15005550001",
                "voiceAgentId": "agent-1",
                "params": {
                    "customerName": "Jane",
                    "switchboardCallId": call.call.to_string(),
                    "switchboardLegId": call.leg.to_string(),
                },
                "webhookUrl": "https://x.example/webhooks/hamsa/t",
                "webhookAuth": { "authKey": "Bearer", "authSecret": "hunter2" },
            })
        );
        let shown = redacted(body, call.report_to).to_string();
        assert!(
            shown.contains("+15005550001") && !shown.contains("hunter2") && !shown.contains("x.example"),
            "{shown}"
        );
    });
}

#[test]
fn a_call_from_our_own_number_sends_the_four_documented_fields_and_no_other() {
    with_call(|call| {
        let body = place_from_own(call, "+15005550001", &id("agent-1"), "+15005550100");
        let mut names: Vec<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["params", "phoneNumber", "toNumber", "voiceAgentId"]);
        assert_eq!(redacted(body.clone(), call.report_to), body);
    });
}

#[test]
fn a_placed_call_is_named_by_either_endpoint() {
    for (data, name) in [
        (json!({"voiceAgentId": "a", "jobId": "j-1"}), Some("j-1")),
        (json!({"id": "j-2", "status": "PENDING", "jobResponse": null}), Some("j-2")),
        (json!({"jobId": null, "id": "j-3"}), Some("j-3")),
        (json!({"jobId": "../terminate"}), None),
        (json!({"message": "ok"}), None),
    ] {
        assert_eq!(job_of(&data), name.map(id), "{data}");
    }
}

#[test]
fn what_is_enveloped_counts_and_success_does_not() {
    assert_eq!(data(json!({"success": false, "data": {"id": 1}})), Some(json!({"id": 1})));
    for empty in [json!({"success": true}), json!({"success": true, "data": null}), json!([]), json!("x")] {
        assert_eq!(data(empty.clone()), None, "{empty}");
    }
}

#[test]
fn refusals_are_told_apart_by_their_words() {
    for (status, body, expected) in [
        (400, json!({"success": false, "message": "Conversation has already ended"}), Some(Decline::AlreadyOver)),
        (400, json!({"messageKey": "ConversationAlreadyTerminated"}), Some(Decline::AlreadyOver)),
        (400, json!({"message": "Insufficient balance"}), Some(Decline::NoCredit)),
        (402, json!({}), Some(Decline::NoCredit)),
        (400, json!({"message": "Maximum concurrent calls reached"}), Some(Decline::Concurrency)),
        (400, json!({"message": "Voice agent not found"}), Some(Decline::UnknownAgent)),
        (404, json!({"message": "Voice agent not found"}), Some(Decline::UnknownAgent)),
        (404, json!({"message": "Conversation not found"}), None),
        (400, json!({"message": "Calls to this country are not allowed"}), Some(Decline::NotPermitted)),
        (400, json!({"message": "The number does not belong to this project"}), Some(Decline::NotPermitted)),
        (400, json!({"message": "toNumber must be a valid E.164 number"}), Some(Decline::InvalidNumber)),
        (400, json!({"message": "could not be completed"}), Some(Decline::Other)),
        (401, json!({"message": "Invalid agent"}), None),
        (429, json!({"message": "too many concurrent"}), None),
    ] {
        assert_eq!(decline(status, body.to_string().as_bytes()), expected, "{status} {body}");
    }
    assert_eq!(decline(400, b"<html>"), None);
}

#[test]
fn agents_and_numbers_are_read_in_every_shape_they_may_have_and_without_credentials() {
    let listed = json!({"total": 2, "voiceAgents": [
        {"id": "a-1", "agentName": "Front desk", "lang": "ar", "webhookAuth": {"authSecret": "hunter2"}, "preamble": "Hi"},
        {"agentName": "nameless"},
    ]});
    let (agents, total) = agents(&listed);
    assert_eq!((agents.len(), total), (1, Some(2)));
    assert_eq!((agents[0].name.as_str(), agents[0].language.as_deref()), ("Front desk", Some("ar")));
    assert_eq!(Value::Object(agents[0].details.clone()), json!({"preamble": "Hi"}));
    let number = json!({"id": "n-1", "phoneNumber": "+15005550100", "provider": "Twilio", "voiceAgentId": false});
    for shape in [json!([number]), json!({"phoneNumbers": [number]}), json!({"items": [number]})] {
        let numbers = numbers(&shape);
        assert_eq!(numbers.len(), 1, "{shape}");
        assert_eq!((numbers[0].carrier.as_deref(), &numbers[0].agent_id), (Some("twilio"), &None));
    }
}

proptest! {
    #[test]
    fn no_answer_makes_reading_panic(answer in any_json(), status in 100_u16..600) {
        decline(status, answer.to_string().as_bytes());
        let _ = (job_of(&answer), id_of(&answer), room_token(&answer).is_some(), agent(&answer));
        let _ = (agents(&answer), numbers(&answer), data(answer));
    }
}

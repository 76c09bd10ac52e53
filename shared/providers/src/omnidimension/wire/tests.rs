use proptest::prelude::*;
use serde_json::json;
use switchboard_core::Micros;

use super::*;
use crate::Instruction;
use crate::lenient::tests::any_json;

fn id(text: &str) -> ExternalId {
    ExternalId::parse(text).unwrap()
}

#[test]
fn a_dispatch_is_taken_only_with_a_name_and_a_refusal_is_told_by_its_words() {
    for (answer, expected) in [
        (json!({"success": true, "status": "dispatched", "requestId": 3_166_940}), Dispatched::As(id("3166940"))),
        (json!({"requestId": "3166940"}), Dispatched::As(id("3166940"))),
        (json!({"success": true}), Dispatched::Unreadable),
        (json!({"success": true, "requestId": false}), Dispatched::Unreadable),
        (
            json!({"success": false, "plan_expire": false, "error": "Concurrency call limit exceeded"}),
            Dispatched::Declined(Decline::Concurrency),
        ),
        (json!({"success": false, "plan_expire": true, "error": "x"}), Dispatched::Declined(Decline::NoCredit)),
        (json!({"success": false, "error": "Insufficient balance"}), Dispatched::Declined(Decline::NoCredit)),
        (json!({"success": false, "error": "Invalid phone number"}), Dispatched::Declined(Decline::InvalidNumber)),
        (json!({"success": false, "error": "Agent not found"}), Dispatched::Declined(Decline::UnknownAgent)),
        (json!({"success": false, "error": "Country not allowed"}), Dispatched::Declined(Decline::NotPermitted)),
        (json!({"success": false, "requestId": 1}), Dispatched::Declined(Decline::Other)),
    ] {
        assert_eq!(dispatched(&answer), expected, "{answer}");
    }
}

#[test]
fn a_refusal_with_a_status_keeps_the_statuss_meaning_unless_its_words_say_more() {
    for (status, body, expected) in [
        (402, json!({"error": "payment_required"}), Some(Decline::NoCredit)),
        (400, json!({"success": false, "error": "Concurrency call limit exceeded"}), Some(Decline::Concurrency)),
        (403, json!({"success": false, "error": "Country not allowed"}), Some(Decline::NotPermitted)),
        (403, json!({"error": "forbidden", "error_description": "no Billing access"}), None),
        (404, json!({"error": "not_found", "error_description": "Agent not found"}), Some(Decline::UnknownAgent)),
        (404, json!({"error": "not_found", "error_description": "Call log not found"}), None),
        (400, json!({"error": "Invalid phone number"}), Some(Decline::InvalidNumber)),
        (400, json!({"error": "bad_request"}), None),
        (401, json!({"error": "unauthorized"}), None),
        (429, json!({"success": false, "error": "Concurrency call limit exceeded"}), None),
    ] {
        assert_eq!(decline(status, body.to_string().as_bytes()), expected, "{status} {body}");
    }
    assert_eq!(decline(400, b"<html>"), None);
}

#[test]
fn a_session_gives_its_credential_and_its_end_in_whatever_form() {
    let at = Timestamp::from_epoch_secs(1_795_169_208);
    for expires_at in [json!(at), json!(1_795_169_208), json!(1_795_169_208_000_i64), json!("2026-11-20 10:06:48")] {
        let answer =
            json!({"session_id": 7, "token": "sess_x", "expires_at": expires_at, "ws_url": "wss://live.example/x"});
        let session = session_in(&answer).unwrap();
        assert_eq!((session.token, session.url, session.id), ("sess_x", "wss://live.example/x", Some(id("7"))));
        assert_eq!(session.expires_at, Some(at), "{expires_at}");
    }
    assert!(session_in(&json!({"token": "sess_x"})).is_none());
    assert!(session_in(&json!({"token": "x", "ws_url": "y", "expires_at": "soon"})).unwrap().expires_at.is_none());
}

#[test]
fn a_draft_is_written_under_the_names_that_writing_takes_and_names_only_what_it_has() {
    assert_eq!(draft(&AgentDraft::default(), None), json!({}));
    let whole = AgentDraft {
        name: Some("1930".to_owned()),
        welcome_message: Some("Hello".to_owned()),
        instructions: Some(vec![Instruction { title: "Purpose".to_owned(), body: "Help".to_owned() }]),
        model: Some("gpt-4.1-mini".to_owned()),
        temperature: Some(0.5),
        voice_id: Some("v".to_owned()),
        voice_provider: None,
        max_call_secs: Some(600),
    };
    assert_eq!(
        draft(&whole, Some("https://x.example/webhooks/omnidimension/t")),
        json!({
            "name": "1930",
            "welcome_message": "Hello",
            "context_breakdown": [{"title": "Purpose", "body": "Help", "is_enabled": true}],
            "model": {"model": "gpt-4.1-mini", "temperature": 0.5},
            "voice": {"provider": "eleven_labs", "voice_id": "v"},
            "transcriber": {"max_call_duration_in_sec": 600},
            "post_call_actions": {"webhook": {
                "enabled": true,
                "url": "https://x.example/webhooks/omnidimension/t",
                "include": ["summary", "extracted_variables", "fullConversation", "sentiment"],
                "trigger_call_statuses": ["completed", "voicemail_detected", "failed", "no_answer", "busy", "cancelled"],
            }},
        })
    );
}

#[test]
fn an_agent_is_read_without_what_opens_it() {
    let record = json!({
        "id": 6340, "name": "1930", "secret_key": "0123456789abcdef", "transcriber": {"max_call_duration_in_sec": 900},
        "widget_config": {"iframeUrl": "https://omnidim.io/w?secret_key=0123456789abcdef"},
        "post_call_config_ids": [{"id": 1, "webhook_url": "https://x.example/t"}],
        "context_breakdown": [{"context_title": "Purpose", "context_body": "Help {{name}}"}],
    });
    let agent = agent(&record).unwrap();
    assert_eq!((agent.id.as_str(), agent.name.as_str(), agent.max_call_secs), ("6340", "1930", Some(900)));
    let shown = Value::Object(agent.details).to_string();
    assert!(shown.contains("Help {{name}}"), "{shown}");
    assert!(!shown.contains("0123456789abcdef") && !shown.contains("x.example"), "{shown}");
}

#[test]
fn the_longest_call_is_read_wherever_it_stands_and_zero_is_none() {
    for (record, secs) in [
        (json!({"max_call_duration_in_sec": 300}), Some(300)),
        (json!({"max_call_duration_in_sec": false, "transcriber": {"max_call_duration_in_sec": "120"}}), Some(120)),
        (json!({"max_call_duration_in_sec": 0}), None),
        (json!({"transcriber": false}), None),
    ] {
        assert_eq!(max_call_secs(Field::whole(&record)), secs, "{record}");
    }
}

#[test]
fn a_variable_with_a_default_needs_no_value() {
    for (variables, names) in [
        (
            json!([{"name": "a", "default": "x"}, {"name": "b", "default": false}, {"key": "c", "value": "y"}]),
            vec!["a", "c"],
        ),
        (json!({"a": "x", "b": ""}), vec!["a"]),
        (json!(false), vec![]),
    ] {
        assert_eq!(provided(Field::whole(&json!({"dynamic_variables": variables}))), names);
    }
}

#[test]
fn a_balance_is_exact_and_not_made_up() {
    let answer = json!({
        "success": true, "balance": {"amount": 12.34, "currency": "USD", "can_place_calls": true},
        "estimated_minutes_remaining": {"basic_model": 123.4, "premium_model": 60},
    });
    assert_eq!(
        balance(&answer),
        Some(Balance {
            amount: switchboard_core::Money::new(Micros::new(12_340_000), Currency::USD),
            estimated_minutes: Some(123),
            can_place_calls: Some(true),
        })
    );
    assert_eq!(balance(&json!({"balance": {"amount": 12.34}})), None);
    assert_eq!(balance(&json!({"balance": {"currency": "USD", "amount": false}})), None);
}

proptest! {
    #[test]
    fn no_answer_makes_reading_panic(answer in any_json(), status in 100_u16..600) {
        decline(status, answer.to_string().as_bytes());
        let _ = (dispatched(&answer), session_in(&answer).is_some(), agent(&answer), balance(&answer));
        let _ = (agents(&answer).total, numbers(&answer).total, provided(Field::whole(&answer)));
        agents(&json!({"bots": [answer]}));
        numbers(&json!({"phone_numbers": [answer]}));
    }
}

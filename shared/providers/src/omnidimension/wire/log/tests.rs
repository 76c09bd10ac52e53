use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::lenient::tests::any_json;

fn dispatched_at() -> Timestamp {
    Timestamp::parse("2026-05-04T14:46:00Z").unwrap()
}

fn entry(status: &str, more: Value) -> Value {
    let mut entry = json!({
        "id": 50_958, "time_of_call": "05/04/2026 14:46:15", "call_direction": "outbound", "call_status": status,
        "call_request_id": {"id": 3_166_940, "type_of_request": "api"}, "recording_url": false, "hangup_source": null,
        "recording_available_at": "", "extracted_variables": false,
    });
    entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    entry
}

fn said(status: &str, more: Value) -> Observation {
    observe(Field::whole(&entry(status, more)), "read", dispatched_at())
}

#[test]
fn every_status_has_its_meaning_in_both_spellings() {
    for (words, reason) in [
        (&["completed"][..], EndReason::Completed),
        (&["voicemail_detected"], EndReason::Voicemail),
        (&["busy", "BUSY"], EndReason::Busy),
        (&["no-answer", "no_answer"], EndReason::NoAnswer),
        (&["failed"], EndReason::ProviderError),
        (&["cancelled", "canceled"], EndReason::EndedByRequest),
        (&["something-new"], EndReason::Unknown),
    ] {
        for word in words {
            let said = said(word, json!({}));
            assert_eq!((said.end, said.progress), (Some(EndClaim::new(reason, word)), None), "{word}");
            assert_eq!(said.source, Source::ProviderApi);
        }
    }
    for (word, progress) in
        [("dispatched", Progress::Dialing), ("ringing", Progress::Ringing), ("in-progress", Progress::InProgress)]
    {
        assert_eq!((said(word, json!({})).end, said(word, json!({})).progress), (None, Some(progress)), "{word}");
    }
}

#[test]
fn how_a_call_was_completed_is_read_from_who_hung_up_and_why() {
    for (more, reason) in [
        (json!({"hangup_source": "user"}), EndReason::CompletedByCallee),
        (json!({"hangup_source": "Agent"}), EndReason::CompletedByAgent),
        (json!({"hangup_source": "network"}), EndReason::Completed),
        (json!({"is_voicemail": true, "hangup_source": "agent"}), EndReason::Voicemail),
        (json!({"hangup_reason": "max_call_duration reached"}), EndReason::MaxDuration),
        (json!({"hangup_reason": "call transferred"}), EndReason::Transferred),
    ] {
        assert_eq!(said("completed", more.clone()).end.unwrap().reason, reason, "{more}");
    }
    assert_eq!(said("completed", json!({"hangup_source": "user"})).end.unwrap().raw, "completed (user)");
    assert_eq!(said("busy", json!({"hangup_source": "user"})).end.unwrap().reason, EndReason::Busy);
}

#[test]
fn a_finished_call_gives_what_was_said_recorded_and_paid() {
    let sent = json!({"call_report": {"summary": "They talked."}}).to_string();
    let said = said(
        "completed",
        json!({
            "call_duration": "1:05", "call_duration_in_seconds": 65, "recording_url": "https://omnidim.io/r.mp3",
            "call_conversation": "user: hi<br/>LLM: hello: how are you?<br/>and yours?<br/>user: fine",
            "extracted_variables": {"name": "Jane", "interaction_count_total": 2}, "sentiment_score": "Positive", "call_cost": 0.0135,
            "post_call_actions": {"call_recording_webhook_ids": [{"payload": false}, {"payload": sent}]},
        }),
    );
    let Some(Artifact::Ready(transcript)) = said.transcript else { panic!("no transcript") };
    let turns: Vec<_> = transcript.turns().iter().map(|turn| (turn.role, turn.text.expose())).collect();
    assert_eq!(turns, [(Role::User, "hi"), (Role::Agent, "hello: how are you? and yours?"), (Role::User, "fine")]);
    assert_eq!(said.summary, Some(Artifact::Ready(Personal::new("They talked."))));
    let analysis = r#"{"extracted":{"name":"Jane"},"sentiment":"Positive"}"#;
    assert_eq!(said.analysis, Some(Artifact::Ready(Personal::new(analysis))));
    assert_eq!(said.recording, Some(Artifact::Ready("https://omnidim.io/r.mp3".to_owned())));
    let cost = switchboard_core::Money::new(Micros::new(13_500), Currency::USD);
    assert_eq!((said.duration_secs, said.cost), (Some(65), Some(Artifact::Ready(cost))));
    let ids: Vec<_> = said.external_ids.iter().map(|(kind, id)| (kind.as_str(), id.as_str())).collect();
    assert_eq!(ids, [(LOG_ID, "50958"), (REQUEST_ID, "3166940")]);
}

#[test]
fn whom_nobody_answered_there_is_nothing_to_wait_for_and_else_there_is() {
    for (status, more, none) in [
        ("no-answer", json!({"sentiment_score": "Neutral"}), true),
        ("busy", json!({"call_cost": 0}), true),
        ("failed", json!({"call_duration_in_seconds": 0}), true),
        ("failed", json!({"call_duration_in_seconds": 12}), false),
        ("completed", json!({"call_cost": 0}), false),
        ("something-new", json!({}), false),
    ] {
        let said = said(status, more.clone());
        let expected = none.then_some(Artifact::None);
        assert_eq!(said.recording, expected, "{status} {more}");
        assert_eq!((said.transcript, said.summary), (none.then_some(Artifact::None), none.then_some(Artifact::None)));
        assert_eq!((said.cost, said.analysis), (none.then_some(Artifact::None), none.then_some(Artifact::None)));
    }
}

#[test]
fn interactions_stand_in_where_there_is_no_text() {
    let interactions =
        json!([{"user_query": "", "bot_response": "Hello"}, {"user_query": "Hi", "bot_response": false}]);
    let said = said("completed", json!({"call_conversation": false, "interactions": interactions}));
    let Some(Artifact::Ready(transcript)) = said.transcript else { panic!("no transcript") };
    assert_eq!(transcript.turns().iter().map(|turn| turn.role).collect::<Vec<_>>(), [Role::Agent, Role::User]);
}

#[test]
fn times_are_read_in_both_forms_and_left_out_where_their_zone_is_evidently_another() {
    let at = Timestamp::parse("2026-05-04T14:46:15Z");
    assert_eq!((time("05/04/2026 14:46:15"), time("2026-05-04 14:46:15")), (at, at));
    for wrong in ["", "soon", "13/45/2026 00:00:00", "2026-05-04", "05/04/2026 25:00:00"] {
        assert_eq!(time(wrong), None, "{wrong}");
    }
    assert_eq!(said("completed", json!({})).dialed_at, at);
    for elsewhere in ["05/04/2026 20:16:15", "05/04/2026 09:46:15"] {
        assert_eq!(said("completed", json!({"time_of_call": elsewhere})).dialed_at, None, "{elsewhere}");
    }
}

#[test]
fn a_duration_is_read_as_minutes_and_seconds_where_it_is_not_given_in_seconds() {
    for (text, secs) in
        [("0:07", Some(7)), ("1:05", Some(65)), ("1:00:00", Some(3_600)), ("x:1", None), ("99999999:00", None)]
    {
        assert_eq!(said("completed", json!({"call_duration": text})).duration_secs, secs, "{text}");
    }
}

#[test]
fn one_entry_comes_in_the_same_list_as_many() {
    let answer = json!({"call_log_data": [entry("completed", json!({}))], "total_records": 1});
    let (entries, total) = entries(&answer).unwrap();
    assert_eq!((names(entries[0]).unwrap().reference().unwrap().as_str(), total), ("3166940", Some(1)));
    assert!(super::entries(&entry("completed", json!({}))).is_none());
}

#[test]
fn a_call_that_nobody_requested_goes_by_its_entry_which_no_request_can_be_taken_for() {
    let inbound = entry("completed", json!({"call_request_id": {"id": false, "type_of_request": ""}}));
    let names = names(Field::whole(&inbound)).unwrap();
    assert_eq!((names.request.clone(), names.reference().unwrap().as_str()), (None, "log-50958"));
}

proptest! {
    #[test]
    fn no_record_makes_reading_panic(record in any_json(), text in ".{0,40}") {
        observe(Field::whole(&record), "read", dispatched_at());
        observe_report(Field::whole(&record), "post_call");
        let fields = [
            "id", "call_status", "time_of_call", "call_duration", "call_conversation", "interactions", "call_cost",
            "post_call_actions", "extracted_variables", "call_request_id", "recording_url", "call_report",
        ];
        for value in [record, json!(text)] {
            let shaped: Map<String, Value> = fields.iter().map(|name| ((*name).to_owned(), value.clone())).collect();
            let shaped = Value::Object(shaped);
            observe(Field::whole(&shaped), "read", dispatched_at());
            observe_report(Field::whole(&shaped), "post_call");
        }
        time(&text);
    }
}

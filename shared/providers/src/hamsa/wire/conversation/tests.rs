use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::lenient::tests::any_json;

const CREATED: &str = "2026-11-20T10:06:48.000Z";
const UPDATED: &str = "2026-11-20T10:07:30.000Z";

fn record(status: &str, more: Value) -> Value {
    let mut record =
        json!({"id": "j-1", "status": status, "createdAt": CREATED, "updatedAt": UPDATED, "jobResponse": null});
    record.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    record
}

fn said(status: &str, more: Value) -> Observation {
    observe(&record(status, more), "read")
}

#[test]
fn every_status_has_its_meaning() {
    for (word, progress, reason) in [
        ("PENDING", Some(Progress::Dialing), None),
        ("IN_PROGRESS", Some(Progress::InProgress), None),
        ("COMPLETED", None, Some(EndReason::Completed)),
        ("NO_ANSWER", None, Some(EndReason::NoAnswer)),
        ("FAILED", None, Some(EndReason::ProviderError)),
        ("FORWARDED", None, Some(EndReason::Transferred)),
        ("TERMINATED", None, Some(EndReason::EndedByRequest)),
        ("SOMETHING_NEW", Some(Progress::Dialing), None),
        ("", Some(Progress::Dialing), None),
    ] {
        let said = said(word, json!({}));
        assert_eq!((said.progress, said.end), (progress, reason.map(|reason| EndClaim::new(reason, word))), "{word}");
        assert_eq!(said.source, Source::ProviderApi);
        assert_eq!((said.at, said.dialed_at), (Timestamp::parse(UPDATED), Timestamp::parse(CREATED)));
        assert_eq!(said.external_ids.get(JOB_ID).map(String::as_str), Some("j-1"));
    }
}

#[test]
fn an_unknown_status_ends_a_call_only_where_something_is_there_that_is_made_of_what_is_over() {
    let ended = said("ARCHIVED", json!({"mediaUrl": "https://x.example/r.mp3"}));
    assert_eq!(ended.end, Some(EndClaim::new(EndReason::Unknown, "ARCHIVED")));
    assert_eq!(ended.progress, None);
}

#[test]
fn a_finished_conversation_gives_what_was_said_and_recorded() {
    let said = said(
        "COMPLETED",
        json!({
            "callDuration": 42,
            "mediaUrl": "https://media.tryhamsa.com/r.mp3",
            "jobResponse": {
                "transcription": [{"Agent": "مرحبا"}, {"User": "Hi"}, {"User": false}, "noise"],
                "outcomeResult": {"switchboardCallId": "call_x", "switchboardLegId": "leg_x", "b": 1, "a": "yes"},
            },
            "callAnalysis": {"summary": "They greeted each other.", "mood": "good"},
        }),
    );
    let Some(Artifact::Ready(transcript)) = said.transcript else { panic!("no transcript") };
    let turns: Vec<_> = transcript.turns().iter().map(|turn| (turn.role, turn.text.expose())).collect();
    assert_eq!(turns, [(Role::Agent, "مرحبا"), (Role::User, "Hi")]);
    assert_eq!(said.recording, Some(Artifact::Ready("https://media.tryhamsa.com/r.mp3".to_owned())));
    assert_eq!(said.summary, Some(Artifact::Ready(Personal::new("They greeted each other."))));
    assert_eq!(said.analysis, Some(Artifact::Ready(Personal::new(r#"{"a":"yes","b":1}"#))));
    assert_eq!((said.duration_secs, said.cost), (Some(42), Some(Artifact::None)));
}

#[test]
fn none_is_said_only_where_none_will_come() {
    let empty = json!({"jobResponse": {"transcription": []}});
    let silent = Some(Artifact::None);
    for (status, more, transcript, recording) in [
        ("COMPLETED", json!({}), None, None),
        ("COMPLETED", empty.clone(), silent.clone(), None),
        ("TERMINATED", empty.clone(), silent.clone(), None),
        ("NO_ANSWER", json!({}), silent.clone(), Some(Artifact::None)),
        ("FAILED", empty.clone(), None, None),
        ("FAILED", json!({"callDuration": 0}), silent, Some(Artifact::None)),
        ("IN_PROGRESS", empty, None, None),
        ("PENDING", json!({"callDuration": 0}), None, None),
    ] {
        let said = said(status, more.clone());
        assert_eq!((said.transcript, said.recording), (transcript, recording), "{status} {more}");
    }
}

#[test]
fn our_attempt_is_read_where_it_comes_back() {
    let leg = LegId::generate(Timestamp::from_epoch_secs(1));
    let carried = record("COMPLETED", json!({"jobResponse": {"outcomeResult": {"switchboardLegId": leg}}}));
    assert_eq!(leg_of(&carried), Some(leg));
    for other in [json!({"outcomeResult": {"switchboardLegId": "leg_x"}}), json!({}), json!(null)] {
        assert_eq!(leg_of(&record("COMPLETED", json!({"jobResponse": other}))), None);
    }
}

#[test]
fn a_row_of_the_list_says_whom_it_was_to_or_that_it_does_not() {
    let to = switchboard_core::PhoneNumber::from_e164("+15005550001").unwrap();
    let data = json!({"total": 5, "calls": [
        {"id": "a", "createdAt": CREATED, "status": "PENDING", "channelType": "Telephone", "callParams": {"userNumber": "+1 500 555 0001"}},
        {"id": "b", "createdAt": CREATED, "status": "COMPLETED", "callParams": {"userNumber": "15005550002"}},
        {"id": "c", "createdAt": CREATED, "status": "PENDING", "callParams": null},
        {"id": "d", "createdAt": CREATED, "status": "PENDING", "channelType": "Web"},
        {"status": "PENDING"},
    ]});
    let read = rows(&data).unwrap();
    let seen: Vec<_> = read.rows.iter().map(|row| (row.id.as_str(), row.to.is_number(&to), row.is_web)).collect();
    assert_eq!(read.listed, 5);
    assert_eq!(seen, [("a", Some(true), false), ("b", Some(false), false), ("c", None, false), ("d", None, true)]);
    // When a row was made is no moment of its end.
    assert_eq!((read.rows[1].observation.at, read.rows[1].observation.ended_at), (None, None));
    assert!(rows(&json!({"total": 0})).is_none());
}

proptest! {
    #[test]
    fn no_record_makes_reading_panic(record in any_json(), listed in any_json()) {
        observe(&record, "read");
        leg_of(&record);
        let shaped = json!({"status": record, "jobResponse": {"transcription": listed, "outcomeResult": record}, "callDuration": listed});
        observe(&shaped, "read");
        if let Some(read) = rows(&json!({"calls": [listed, record]})) {
            prop_assert_eq!(read.listed, 2);
        }
    }
}

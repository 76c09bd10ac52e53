use super::*;

fn agent(session: &Value) -> Agent {
    let mut whole = json!({"type": "realtime"});
    whole.as_object_mut().unwrap().extend(session.as_object().unwrap().clone());
    let mut agent = Agent::new(Session::read("session", &whole, None).unwrap());
    agent.open();
    agent
}

fn told(agent: &mut Agent) -> Vec<Value> {
    std::iter::from_fn(|| agent.next_event()).collect()
}

fn kinds(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().unwrap()).collect()
}

/// Lets sound arrive, or not, for the tenths of a second `from..to`, and gives what was told.
fn live(agent: &mut Agent, from: u64, to: u64, is_loud: bool) -> Vec<Value> {
    for tenth in from..to {
        let at = Duration::from_millis(tenth * 100);
        if is_loud {
            agent.hear(at);
        }
        agent.tick(at);
    }
    told(agent)
}

fn send(agent: &mut Agent, event: &Value, at_millis: u64) -> Vec<Value> {
    agent.take(&event.to_string(), Duration::from_millis(at_millis));
    told(agent)
}

fn code(events: &[Value]) -> &str {
    assert_eq!(kinds(events), ["error"], "{events:?}");
    events[0]["error"]["code"].as_str().unwrap()
}

const ANSWERED: [&str; 6] = [
    "response.output_audio.done",
    "response.output_audio_transcript.done",
    "response.content_part.done",
    "response.output_item.done",
    "conversation.item.done",
    "response.done",
];

#[test]
fn two_seconds_of_sound_are_a_turn_that_is_transcribed_and_answered() {
    let mut agent = agent(&json!({"audio": {"input": {"transcription": {}}}}));
    assert_eq!(kinds(&told(&mut agent)), ["session.created"]);
    assert_eq!(kinds(&live(&mut agent, 0, 10, true)), [""; 0]);
    assert_eq!(kinds(&live(&mut agent, 10, 20, true)), ["input_audio_buffer.speech_started"]);
    let turn = live(&mut agent, 20, 21, true);
    assert_eq!(
        kinds(&turn),
        [
            "input_audio_buffer.speech_stopped",
            "input_audio_buffer.committed",
            "conversation.item.added",
            "conversation.item.done",
            "conversation.item.input_audio_transcription.completed",
            "response.created",
            "response.output_item.added",
            "conversation.item.added",
            "response.content_part.added",
            "output_audio_buffer.started",
        ]
    );
    assert!(agent.speaks());
    assert_eq!((&turn[4]["transcript"], &turn[4]["item_id"]), (&json!("Hello, can you hear me?"), &turn[1]["item_id"]));
    let answer = live(&mut agent, 21, 60, true);
    let deltas: String = answer.iter().filter_map(|event| event["delta"].as_str()).collect();
    let rest: Vec<&Value> = answer.iter().filter(|event| event.get("delta").is_none()).collect();
    let names: Vec<&str> = rest.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(&names[..6], ANSWERED);
    assert_eq!((names[6], rest[1]["transcript"].as_str()), ("output_audio_buffer.stopped", Some(deltas.as_str())));
    assert!(deltas.contains("I can hear you"), "{deltas}");
    let response = &rest[5]["response"];
    assert_eq!(
        (&response["status"], &response["output"][0]["content"][0]["transcript"]),
        (&json!("completed"), &json!(deltas))
    );
    let usage = &response["usage"];
    let parts = |side: &str| {
        let details = &usage[format!("{side}_token_details")];
        details["text_tokens"].as_u64().unwrap() + details["audio_tokens"].as_u64().unwrap()
    };
    assert_eq!(
        (usage["input_tokens"].as_u64(), usage["output_tokens"].as_u64()),
        (Some(parts("input")), Some(parts("output")))
    );
    assert_eq!(usage["total_tokens"], parts("input") + parts("output"));
    assert!(usage["input_token_details"]["audio_tokens"].as_u64() > Some(0), "{usage}");
    let ids: std::collections::HashSet<&str> = answer.iter().map(|event| event["event_id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), answer.len(), "no two events have one id");
}

#[test]
fn a_caller_says_three_things_and_is_then_quiet_whatever_the_microphone_does() {
    let mut agent = agent(&json!({"audio": {"input": {"transcription": {}}}}));
    let all = live(&mut agent, 0, 600, true);
    let of = |kind: &str| all.iter().filter(|event| event["type"] == kind).collect::<Vec<_>>();
    let said = of("conversation.item.input_audio_transcription.completed");
    assert_eq!((said.len(), of("response.done").len()), (3, 3));
    assert_eq!(said[2]["transcript"], "Thank you, that is all. Goodbye.");
}

/// What a session says about turns, and which events two and a half seconds of sound lead to.
#[test]
fn turns_are_noticed_transcribed_and_answered_only_as_the_session_says() {
    for (input, noticed, transcribed, answered) in [
        (json!({}), true, false, true),
        (json!({"turn_detection": null, "transcription": {}}), false, false, false),
        (json!({"turn_detection": {"type": "server_vad", "create_response": false}}), true, false, false),
        (json!({"turn_detection": {"type": "semantic_vad"}, "transcription": {}}), true, true, true),
    ] {
        let mut agent = agent(&json!({"audio": {"input": input}}));
        let events = live(&mut agent, 0, 25, true);
        let has = |kind: &str| kinds(&events).contains(&kind);
        assert_eq!(has("input_audio_buffer.speech_stopped"), noticed, "{input}");
        assert_eq!(has("conversation.item.input_audio_transcription.completed"), transcribed, "{input}");
        assert_eq!(has("response.created"), answered, "{input}");
    }
    let mut silent = agent(&json!({}));
    told(&mut silent);
    assert_eq!(kinds(&live(&mut silent, 0, 100, false)), [""; 0], "silence");
    live(&mut silent, 100, 105, true);
    assert_eq!(kinds(&live(&mut silent, 105, 200, false)), [""; 0], "half a second of sound");
}

#[test]
fn a_text_is_answered_aloud_under_the_instructions_of_the_moment() {
    let mut agent = agent(&json!({"instructions": "Be brief."}));
    told(&mut agent);
    let item =
        json!({"type": "message", "role": "user", "content": [{"type": "input_text", "text": "my name is Sara"}]});
    let created = send(&mut agent, &json!({"type": "conversation.item.create", "item": item}), 0);
    assert_eq!(kinds(&created), ["conversation.item.added", "conversation.item.done"]);
    let begun = send(&mut agent, &json!({"type": "response.create"}), 0);
    assert_eq!(begun[0]["response"]["status"], "in_progress");
    let answer = live(&mut agent, 0, 50, false);
    let said = answer.iter().find(|event| event["type"] == "response.output_audio_transcript.done").unwrap();
    assert_eq!(said["transcript"], "You said “my name is Sara”. I have noted that. I was told: Be brief.");

    let update =
        json!({"type": "session.update", "session": {"type": "realtime", "instructions": "Say \"Blue heron.\""}});
    assert_eq!(kinds(&send(&mut agent, &update, 6000)), ["session.updated"]);
    send(&mut agent, &json!({"type": "response.create"}), 6000);
    let answer = live(&mut agent, 60, 80, false);
    assert!(answer.iter().any(|event| event["transcript"] == "Blue heron."), "{answer:?}");
    assert_eq!(agent.updates(), 1);

    let written = json!({"type": "response.create", "response": {"output_modalities": ["text"], "conversation": "none",
        "instructions": "Say \"In writing.\"", "metadata": {"topic": "x"}}});
    let begun = send(&mut agent, &written, 8000);
    assert!(!agent.speaks());
    assert_eq!(
        (&begun[0]["response"]["metadata"]["topic"], &begun[0]["response"]["conversation_id"]),
        (&json!("x"), &Value::Null)
    );
    let answer = live(&mut agent, 80, 100, false);
    assert!(kinds(&answer).contains(&"response.output_text.delta"), "{answer:?}");
    assert_eq!(
        answer.last().unwrap()["response"]["output"][0]["content"][0],
        json!({"type": "output_text", "text": "In writing."})
    );
}

#[test]
fn an_answer_can_be_cancelled_and_there_is_one_at_a_time() {
    let mut agent = agent(&json!({}));
    told(&mut agent);
    let cancel = json!({"type": "response.cancel", "event_id": "mine"});
    let refused = send(&mut agent, &cancel, 0);
    assert_eq!((code(&refused), &refused[0]["error"]["event_id"]), ("response_cancel_not_active", &json!("mine")));
    let begun = send(&mut agent, &json!({"type": "response.create"}), 0);
    let again = send(&mut agent, &json!({"type": "response.create"}), 100);
    assert_eq!(code(&again), "conversation_already_has_active_response");
    let of_another = json!({"type": "response.cancel", "response_id": "resp_other"});
    assert_eq!(code(&send(&mut agent, &of_another, 100)), "response_cancel_not_active");
    live(&mut agent, 0, 4, false);
    let id = &begun[0]["response"]["id"];
    let cancelled = send(&mut agent, &json!({"type": "response.cancel", "response_id": id}), 400);
    let done = &cancelled.iter().find(|event| event["type"] == "response.done").unwrap()["response"];
    assert_eq!((&done["status"], &done["status_details"]["reason"]), (&json!("cancelled"), &json!("client_cancelled")));
    assert_eq!(done["output"][0]["content"][0]["transcript"], "Hello, how ");
    assert!(!agent.speaks());
    send(&mut agent, &json!({"type": "response.create"}), 500);
    let cleared = send(&mut agent, &json!({"type": "output_audio_buffer.clear"}), 600);
    assert_eq!(kinds(&cleared).last(), Some(&"output_audio_buffer.cleared"));
}

#[test]
fn what_was_heard_is_committed_or_cleared_when_the_page_says_so() {
    let mut agent = agent(&json!({"audio": {"input": {"turn_detection": null, "transcription": {}}}}));
    told(&mut agent);
    let commit = json!({"type": "input_audio_buffer.commit"});
    assert_eq!(code(&send(&mut agent, &commit, 0)), "input_audio_buffer_commit_empty");
    live(&mut agent, 0, 5, true);
    let cleared = send(&mut agent, &json!({"type": "input_audio_buffer.clear"}), 500);
    assert_eq!(kinds(&cleared), ["input_audio_buffer.cleared"]);
    assert_eq!(code(&send(&mut agent, &commit, 500)), "input_audio_buffer_commit_empty");
    send(&mut agent, &json!({"type": "input_audio_buffer.append", "audio": "AAAA"}), 600);
    let committed = send(&mut agent, &commit, 700);
    assert_eq!(kinds(&committed)[0], "input_audio_buffer.committed");
    let item = committed[0]["item_id"].clone();
    let of_item = |kind: &str| json!({"type": kind, "item_id": item});
    let shown = send(&mut agent, &of_item("conversation.item.retrieve"), 800);
    assert_eq!((shown[0]["type"].as_str(), &shown[0]["item"]["id"]), (Some("conversation.item.retrieved"), &item));
    let truncate =
        json!({"type": "conversation.item.truncate", "item_id": item, "content_index": 0, "audio_end_ms": 9});
    assert_eq!(send(&mut agent, &truncate, 800)[0]["audio_end_ms"], 9);
    assert_eq!(kinds(&send(&mut agent, &of_item("conversation.item.delete"), 900)), ["conversation.item.deleted"]);
    assert_eq!(code(&send(&mut agent, &of_item("conversation.item.retrieve"), 900)), "item_not_found");
}

/// An event, and the code and the parameter that it is refused with.
#[test]
fn events_that_the_api_does_not_know_are_refused_and_change_nothing() {
    for (event, code, param) in [
        (
            json!({"type": "session.update", "session": {"type": "realtime", "temperature": 1}}),
            "unknown_parameter",
            "session.temperature",
        ),
        (
            json!({"type": "session.update", "session": {"instructions": "x"}}),
            "missing_required_parameter",
            "session.type",
        ),
        (json!({"type": "session.update"}), "missing_required_parameter", "session"),
        (
            json!({"type": "session.update", "session": {"type": "realtime"}, "voice": "ash"}),
            "unknown_parameter",
            "voice",
        ),
        (
            json!({"type": "response.create", "response": {"modalities": ["text"]}}),
            "unknown_parameter",
            "response.modalities",
        ),
        (
            json!({"type": "response.create", "response": {"output_modalities": ["text", "audio"]}}),
            "invalid_value",
            "response.output_modalities",
        ),
        (json!({"type": "response.audio.delta"}), "invalid_value", "type"),
        (json!({"session": {}}), "missing_required_parameter", "type"),
        (
            json!({"type": "conversation.item.create", "item": {"type": "message", "role": "robot", "content": []}}),
            "invalid_value",
            "item.role",
        ),
        (
            json!({"type": "conversation.item.create", "item": {"type": "message", "role": "user", "content": [{"type": "text", "text": "x"}]}}),
            "invalid_value",
            "item.content[0].type",
        ),
    ] {
        let mut agent = agent(&json!({}));
        told(&mut agent);
        let refused = send(&mut agent, &event, 0);
        assert_eq!(self::code(&refused), code, "{event}");
        assert_eq!(refused[0]["error"]["param"], param, "{event}");
        assert_eq!((agent.updates(), agent.items.len()), (0, 0));
    }
    let mut agent = agent(&json!({}));
    told(&mut agent);
    agent.take("hello", Duration::ZERO);
    assert_eq!(code(&told(&mut agent)), "invalid_json");
    assert_eq!(
        (event_name("hello").as_str(), event_name(r#"{"type":"response.cancel"}"#).as_str()),
        ("unreadable", "response.cancel")
    );
}

#[test]
fn a_transcription_session_hears_and_never_answers() {
    let wanted = json!({"type": "transcription", "audio": {"input": {"transcription": {"model": "gpt-transcribe"}}}});
    let mut agent = Agent::new(Session::read("session", &wanted, None).unwrap());
    let events = live(&mut agent, 0, 40, true);
    assert!(kinds(&events).contains(&"conversation.item.input_audio_transcription.completed"));
    assert!(!kinds(&events).contains(&"response.created"));
    assert_eq!(code(&send(&mut agent, &json!({"type": "response.create"}), 5000)), "invalid_value");
}

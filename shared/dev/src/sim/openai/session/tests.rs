use super::*;

fn read(wanted: Value) -> Result<Session, Refusal> {
    Session::read("session", &wanted, None)
}

/// What is refused: the session's parameters beside its type, the code, and the path.
#[test]
fn whatever_the_api_does_not_know_is_refused_by_its_path() {
    for (wanted, code, param) in [
        (json!({"temperature": 0.8}), "unknown_parameter", "session.temperature"),
        (json!({"modalities": ["text", "audio"]}), "unknown_parameter", "session.modalities"),
        (json!({"voice": "alloy"}), "unknown_parameter", "session.voice"),
        (json!({"workflow": {"id": "wf_1"}}), "unknown_parameter", "session.workflow"),
        (json!({"max_response_output_tokens": 1}), "unknown_parameter", "session.max_response_output_tokens"),
        (json!({"turn_detection": null}), "unknown_parameter", "session.turn_detection"),
        (json!({"audio": {"voice": "alloy"}}), "unknown_parameter", "session.audio.voice"),
        (json!({"audio": {"output": {"voice": "fable"}}}), "invalid_value", "session.audio.output.voice"),
        (json!({"audio": {"output": {"voice": {}}}}), "missing_required_parameter", "session.audio.output.voice.id"),
        (json!({"audio": {"output": {"voice": 7}}}), "invalid_type", "session.audio.output.voice"),
        (json!({"audio": {"output": {"speed": 1.6}}}), "decimal_above_max_value", "session.audio.output.speed"),
        (json!({"audio": {"output": {"speed": 0.2}}}), "decimal_below_min_value", "session.audio.output.speed"),
        (json!({"audio": {"input": {"format": "pcm16"}}}), "invalid_type", "session.audio.input.format"),
        (
            json!({"audio": {"input": {"format": {"type": "audio/opus"}}}}),
            "invalid_value",
            "session.audio.input.format.type",
        ),
        (
            json!({"audio": {"input": {"turn_detection": {"type": "server_vad", "eagerness": "low"}}}}),
            "unknown_parameter",
            "session.audio.input.turn_detection.eagerness",
        ),
        (
            json!({"audio": {"input": {"transcription": {"model": "whisper-9"}}}}),
            "invalid_value",
            "session.audio.input.transcription.model",
        ),
        (json!({"output_modalities": ["text", "audio"]}), "invalid_value", "session.output_modalities"),
        (json!({"output_modalities": []}), "invalid_value", "session.output_modalities"),
        (json!({"output_modalities": ["video"]}), "invalid_value", "session.output_modalities[0]"),
        (json!({"max_output_tokens": 4097}), "integer_above_max_value", "session.max_output_tokens"),
        (json!({"max_output_tokens": 0}), "integer_below_min_value", "session.max_output_tokens"),
        (json!({"max_output_tokens": "all"}), "invalid_value", "session.max_output_tokens"),
        (json!({"max_output_tokens": 1.5}), "invalid_type", "session.max_output_tokens"),
        (json!({"instructions": null}), "invalid_type", "session.instructions"),
        (json!({"tools": [{"type": "function"}]}), "missing_required_parameter", "session.tools[0].name"),
        (json!({"tools": [{"name": "x"}]}), "missing_required_parameter", "session.tools[0].type"),
        (json!({"tool_choice": "always"}), "invalid_value", "session.tool_choice"),
        (json!({"type": "chat"}), "invalid_value", "session.type"),
        (json!({"type": 1}), "invalid_type", "session.type"),
    ] {
        let mut whole = json!({"type": "realtime"});
        whole.as_object_mut().unwrap().extend(wanted.as_object().unwrap().clone());
        let refused = read(whole).unwrap_err().object();
        assert_eq!((refused["code"].as_str(), refused["param"].as_str()), (Some(code), Some(param)), "{wanted}");
    }
    assert_eq!(read(json!({})).unwrap_err().object()["message"], "Missing required parameter: 'session.type'.");
    assert_eq!(read(json!([])).unwrap_err().object()["param"], "session");
}

#[test]
fn a_session_has_what_was_asked_for_and_defaults_for_the_rest() {
    let session = read(json!({"type": "realtime", "audio": {"input": {"transcription": {"language": "ar"}},
        "output": {"voice": {"id": "voice_1"}}}, "max_output_tokens": "inf", "tracing": "auto"}));
    let shown = session.unwrap().shown();
    assert!(shown["id"].as_str().unwrap().starts_with("sess_"));
    assert_eq!((&shown["model"], &shown["output_modalities"]), (&json!(DEFAULT_MODEL), &json!(["audio"])));
    let input = &shown["audio"]["input"];
    assert_eq!((&input["turn_detection"]["type"], &input["noise_reduction"]), (&json!("server_vad"), &Value::Null));
    assert_eq!(input["transcription"], json!({"model": "gpt-4o-mini-transcribe", "language": "ar", "prompt": null}));
    assert_eq!(shown["audio"]["output"]["voice"], json!({"id": "voice_1"}));
    let transcription = read(json!({"type": "transcription"})).unwrap();
    assert!(!transcription.answers() && !transcription.answers_turns() && transcription.detects_turns());
    assert!(read(json!({"type": "transcription", "model": "gpt-realtime"})).is_err());
}

#[test]
fn an_update_changes_what_it_names_and_a_refused_one_nothing() {
    let mut session = read(json!({"type": "realtime", "instructions": "be kind"})).unwrap();
    let input = json!({"turn_detection": {"type": "semantic_vad", "create_response": false}});
    session.update(&json!({"type": "realtime", "audio": {"input": input}}), true).unwrap();
    assert_eq!((session.instructions(), session.answers_turns()), (Some("be kind"), false));
    assert_eq!(session.input("turn_detection")["eagerness"], "auto");
    assert!(!session.transcribes());
    let before = session.clone();
    for (wanted, has_spoken, code) in [
        (json!({"type": "realtime", "instructions": "be rude", "temperature": 1}), false, "unknown_parameter"),
        (json!({"instructions": "be rude"}), false, "missing_required_parameter"),
        (json!({"type": "transcription"}), false, "invalid_value"),
        (json!({"type": "realtime", "model": "gpt-realtime-2"}), false, "cannot_update_model"),
        (json!({"type": "realtime", "audio": {"output": {"voice": "ash"}}}), true, "cannot_update_voice"),
    ] {
        assert_eq!(session.update(&wanted, has_spoken).unwrap_err().object()["code"], code, "{wanted}");
        assert_eq!(session, before);
    }
    session.update(&json!({"type": "realtime", "audio": {"output": {"voice": "ash"}}}), false).unwrap();
    assert_eq!(session.output("voice"), "ash");
}

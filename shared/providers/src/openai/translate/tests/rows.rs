//! The table: an option, and what becomes of it.

use super::*;

/// What becomes of one option.
enum Row {
    /// It is in the current shape.
    Becomes(Value),
    /// It is left out, with a reason that has these words in it.
    Dropped(&'static str),
    /// It is refused, with a message that has these words in it.
    Refused(&'static str),
}

use Row::{Becomes, Dropped as LeftOut, Refused};

fn check(rows: Vec<(Value, Row)>) {
    for (given, row) in rows {
        match (row, read(&given, false)) {
            (Becomes(expected), Ok((session, dropped))) => {
                assert_eq!((session, dropped), (expected, Vec::new()), "{given}");
            }
            (LeftOut(why), Ok((session, dropped))) => {
                assert_eq!((session, dropped.len()), (json!({}), 1), "{given}");
                assert!(dropped[0].why.contains(why), "{given}: {}", dropped[0].why);
                assert!(object(&given).contains_key(&dropped[0].field), "{given}: {}", dropped[0].field);
            }
            (Refused(message), Err(bad)) => {
                assert_eq!(bad.len(), 1, "{given}: {bad:?}");
                assert!(bad[0].message.contains(message), "{given}: {}", bad[0].message);
                assert!(object(&given).keys().any(|name| bad[0].field.starts_with(name.as_str())), "{given}");
            }
            (_, read) => panic!("{given}: {read:?}"),
        }
    }
}

/// A row of an option that stays as it is.
fn same(option: Value) -> (Value, Row) {
    (option.clone(), Becomes(option))
}

fn input(option: &str, value: &Value) -> Row {
    Becomes(json!({"audio": {"input": {option: value}}}))
}

fn output(option: &str, value: &Value) -> Row {
    Becomes(json!({"audio": {"output": {option: value}}}))
}

#[test]
fn the_betas_options_go_where_the_current_api_has_them() {
    let pcm = json!({"type": "audio/pcm", "rate": 24_000});
    let transcription = json!({"model": "whisper-1", "language": "en", "prompt": "names"});
    let server = json!({"type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300, "silence_duration_ms": 500});
    let semantic =
        json!({"type": "semantic_vad", "eagerness": "low", "create_response": true, "interrupt_response": false});
    check(vec![
        (json!({"modalities": ["text", "audio"]}), Becomes(json!({"output_modalities": ["audio"]}))),
        (json!({"modalities": ["audio", "text"]}), Becomes(json!({"output_modalities": ["audio"]}))),
        (json!({"modalities": ["audio"]}), Becomes(json!({"output_modalities": ["audio"]}))),
        (json!({"modalities": ["text"]}), Becomes(json!({"output_modalities": ["text"]}))),
        (json!({"modalities": []}), Refused("[\"audio\"] or [\"text\"]")),
        (json!({"modalities": ["video"]}), Refused("[\"audio\"] or [\"text\"]")),
        (json!({"modalities": ["audio", 7]}), Refused("[\"audio\"] or [\"text\"]")),
        (json!({"modalities": "audio"}), Refused("[\"audio\"] or [\"text\"]")),
        (json!({"voice": "verse"}), output("voice", &json!("verse"))),
        (json!({"voice": {"id": "voice_1"}}), output("voice", &json!({"id": "voice_1"}))),
        (json!({"speed": 1.25}), output("speed", &json!(1.25))),
        (json!({"speed": 1}), output("speed", &json!(1))),
        (json!({"speed": 0.2}), Refused("a number from 0.25 to 1.5")),
        (json!({"speed": "fast"}), Refused("a number from 0.25 to 1.5")),
        (json!({"input_audio_format": "pcm16"}), input("format", &pcm)),
        (json!({"input_audio_format": "g711_ulaw"}), input("format", &json!({"type": "audio/pcmu"}))),
        (json!({"input_audio_format": "g711_alaw"}), input("format", &json!({"type": "audio/pcma"}))),
        (json!({"input_audio_format": "mp3"}), Refused("audio/pcm")),
        (json!({"output_audio_format": "pcm16"}), output("format", &pcm)),
        (json!({"output_audio_format": "g711_ulaw"}), output("format", &json!({"type": "audio/pcmu"}))),
        (json!({"output_audio_format": "g711_alaw"}), output("format", &json!({"type": "audio/pcma"}))),
        (json!({"output_audio_format": 16}), Refused("audio/pcm")),
        (json!({"input_audio_transcription": transcription}), input("transcription", &transcription)),
        (json!({"input_audio_transcription": null}), input("transcription", &json!(null))),
        (json!({"input_audio_transcription": "whisper-1"}), Refused("an object")),
        (
            json!({"input_audio_noise_reduction": {"type": "far_field"}}),
            input("noise_reduction", &json!({"type": "far_field"})),
        ),
        (json!({"input_audio_noise_reduction": null}), input("noise_reduction", &json!(null))),
        (json!({"input_audio_noise_reduction": {"type": "middle"}}), Refused("\"near_field\", \"far_field\"")),
        (json!({"turn_detection": server}), input("turn_detection", &server)),
        (json!({"turn_detection": semantic}), input("turn_detection", &semantic)),
        (json!({"turn_detection": null}), input("turn_detection", &json!(null))),
        (json!({"turn_detection": {"threshold": 0.5}}), Refused("whose type is \"server_vad\", \"semantic_vad\"")),
        (json!({"turn_detection": {"type": "server_vad", "threshold": 2}}), Refused("a number from 0 to 1")),
        (json!({"turn_detection": "server_vad"}), Refused("an object whose type")),
        (json!({"max_response_output_tokens": 4096}), Becomes(json!({"max_output_tokens": 4096}))),
        (json!({"max_response_output_tokens": "inf"}), Becomes(json!({"max_output_tokens": "inf"}))),
        (json!({"max_response_output_tokens": 0}), Refused("a whole number from 1 to 4096")),
        (json!({"max_response_output_tokens": 4097}), Refused("\"inf\" or a whole number from 1 to 4096")),
        (json!({"max_response_output_tokens": 1.5}), Refused("a whole number from 1 to 4096")),
        (json!({"max_response_output_tokens": "many"}), Refused("\"inf\" or a whole number from 1 to 4096")),
    ]);
}

#[test]
fn options_of_the_current_api_are_carried() {
    let tool =
        json!({"type": "function", "name": "f", "description": "d", "parameters": {"type": "object", "$defs": {}}});
    let mcp = json!({"type": "mcp", "server_label": "docs", "server_url": "https://mcp.example.com", "require_approval": "never"});
    check(vec![
        same(json!({"model": "gpt-realtime-2.1-mini"})),
        same(json!({"model": "gpt-realtime-3-of-next-year"})),
        same(json!({"instructions": ""})),
        same(json!({"output_modalities": ["text"]})),
        same(json!({"audio": {"output": {"voice": "marin", "speed": 0.25, "format": {"type": "audio/pcma"}}}})),
        same(
            json!({"audio": {"input": {"noise_reduction": {"type": "near_field", "strength": 0.5}, "turn_detection": null}}}),
        ),
        same(
            json!({"audio": {"input": {"transcription": {"model": "gpt-transcribe", "languages": ["en", "ar"], "keywords": ["OMI"], "delay": "low"}}}}),
        ),
        same(json!({"audio": {"input": {"turn_detection": {"type": "server_vad", "idle_timeout_ms": null}}}})),
        (
            json!({"audio": {"input": {"format": {"type": "audio/pcm"}}}}),
            input("format", &json!({"type": "audio/pcm", "rate": 24_000})),
        ),
        same(json!({"include": ["item.input_audio_transcription.logprobs"]})),
        same(json!({"max_output_tokens": "inf"})),
        same(json!({"parallel_tool_calls": false})),
        same(json!({"prompt": {"id": "pmpt_1", "version": "2", "variables": {"a": "b"}}})),
        same(json!({"prompt": null})),
        same(json!({"reasoning": {"effort": "low"}})),
        same(json!({"tool_choice": "required"})),
        same(json!({"tool_choice": {"type": "function", "name": "f"}})),
        same(json!({"tool_choice": {"type": "mcp", "server_label": "docs", "name": null}})),
        same(json!({"tools": [tool, mcp]})),
        same(json!({"tools": []})),
        same(json!({"tracing": "auto"})),
        same(json!({"tracing": null})),
        same(json!({"tracing": {"workflow_name": "w", "group_id": "g", "metadata": {"k": "v"}}})),
        same(json!({"truncation": "disabled"})),
        same(
            json!({"truncation": {"type": "retention_ratio", "retention_ratio": 0.8, "token_limits": {"post_instructions": 5000}}}),
        ),
        (json!({"type": "realtime"}), Becomes(json!({}))),
    ]);
}

#[test]
fn what_the_api_would_refuse_is_refused_with_what_it_must_be() {
    check(vec![
        (json!({"model": "gpt-4o-realtime-preview"}), Refused("gpt-realtime-2.1")),
        (json!({"model": "gpt-4o-realtime-preview-2024-10-01"}), Refused("gpt-realtime-2.1")),
        (json!({"model": "gpt-4o-mini-realtime-preview-2024-12-17"}), Refused("gpt-realtime-2.1-mini")),
        (json!({"model": ""}), Refused("a current realtime model")),
        (json!({"model": 7}), Refused("a current realtime model")),
        (json!({"instructions": 7}), Refused("a text")),
        (json!({"output_modalities": "audio"}), Refused("[\"audio\"] or [\"text\"]")),
        (json!({"audio": "loud"}), Refused("an object")),
        (json!({"audio": {"output": {"speed": true}}}), Refused("a number from 0.25 to 1.5")),
        (json!({"audio": {"input": {"format": {"type": "audio/pcm", "rate": 16_000}}}}), Refused("24000")),
        (json!({"audio": {"input": {"format": {"type": "audio/pcmu", "channels": 2}}}}), Refused("audio/pcmu")),
        (json!({"include": ["everything"]}), Refused("item.input_audio_transcription.logprobs")),
        (json!({"include": "item.input_audio_transcription.logprobs"}), Refused("a list")),
        (json!({"parallel_tool_calls": "no"}), Refused("true or false")),
        (json!({"prompt": {"version": "2"}}), Refused("is missing")),
        (json!({"reasoning": {"effort": "some"}}), Refused("\"minimal\", \"low\"")),
        (json!({"tool_choice": "f"}), Refused("\"auto\", \"none\", \"required\" or an object")),
        (json!({"tool_choice": {"type": "function"}}), Refused("is missing")),
        (json!({"tools": [{"type": "function", "name": null}]}), Refused("is missing")),
        (json!({"tools": {}}), Refused("a list")),
        (json!({"tools": [{"type": "function", "function": {"name": "f"}, "name": 7}]}), Refused("a text")),
        (json!({"tools": [{"type": "web_search"}]}), Refused("\"function\", \"mcp\"")),
        (json!({"tracing": true}), Refused("\"auto\" or an object")),
        (json!({"truncation": {"type": "retention_ratio"}}), Refused("is missing")),
        (json!({"type": "transcription"}), Refused("\"realtime\"")),
        (json!({"type": null}), Refused("\"realtime\"")),
    ]);
}

#[test]
fn what_has_no_place_any_more_is_left_out_with_the_reason() {
    let workflow = "takes no workflow and no agent";
    let answer = "belongs to the answer";
    let unknown = "is not a session option of the current API";
    check(vec![
        (json!({"temperature": 0.8}), LeftOut("has no temperature")),
        (json!({"workflow": {"id": "wf_1"}}), LeftOut(workflow)),
        (json!({"workflow_id": "wf_1"}), LeftOut(workflow)),
        (json!({"workflowId": "wf_1"}), LeftOut(workflow)),
        (json!({"agent": "a"}), LeftOut(workflow)),
        (json!({"agent_id": "a"}), LeftOut(workflow)),
        (json!({"agentId": "a"}), LeftOut(workflow)),
        (json!({"id": "sess_1"}), LeftOut(answer)),
        (json!({"object": "realtime.session"}), LeftOut(answer)),
        (json!({"expires_at": 0}), LeftOut(answer)),
        (json!({"client_secret": {"value": "ek_1"}}), LeftOut(answer)),
        (json!({"maxOutputTokens": 7}), LeftOut(unknown)),
        (json!({"top_p": 1}), LeftOut(unknown)),
        (json!({"instructions": null}), LeftOut("is null")),
        (json!({"voice": null}), LeftOut("is null")),
    ]);
}

#[test]
fn what_is_unknown_within_an_option_is_left_out_by_its_path() {
    let given = json!({
        "turn_detection": {"type": "server_vad", "eagerness": "low", "threshold": null},
        "tools": [{"type": "function", "name": "f", "strict": true}],
        "audio": {"output": {"volume": 11}, "echo": true},
    });
    let (session, dropped) = read(&given, false).unwrap();
    assert_eq!(
        session,
        json!({
            "audio": {"input": {"turn_detection": {"type": "server_vad"}}, "output": {}},
            "tools": [{"type": "function", "name": "f"}],
        })
    );
    assert_eq!(
        fields(&dropped),
        [
            "audio.echo",
            "audio.output.volume",
            "tools[0].strict",
            "turn_detection.eagerness",
            "turn_detection.threshold"
        ]
    );
}

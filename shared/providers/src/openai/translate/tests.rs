//! Every row of the translation.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::lenient::tests::any_json;

mod rows;

fn object(value: &Value) -> &Map<String, Value> {
    value.as_object().unwrap()
}

/// The options of a translated session, without the type that every session has, and what was left out.
fn read(options: &Value, substitute_voice: bool) -> Result<(Value, Vec<Dropped>), Vec<BadOption>> {
    let translated = session(object(options), substitute_voice)?;
    let mut options = translated.session.as_json().clone();
    assert_eq!(options.remove("type"), Some(json!("realtime")));
    Ok((Value::Object(options), translated.dropped))
}

fn fields(dropped: &[Dropped]) -> Vec<&str> {
    dropped.iter().map(|dropped| dropped.field.as_str()).collect()
}

#[test]
fn a_voice_that_sessions_have_not_is_refused_or_replaced_by_the_nearest_if_that_is_allowed() {
    for (gone, nearest) in [("fable", "ballad"), ("onyx", "cedar"), ("nova", "coral")] {
        for options in [json!({"voice": gone}), json!({"audio": {"output": {"voice": gone}}})] {
            let bad = read(&options, false).unwrap_err();
            assert_eq!(bad.len(), 1);
            for valid in voice::VOICES {
                assert!(bad[0].message.contains(valid), "{valid}: {}", bad[0].message);
            }
            let (session, dropped) = read(&options, true).unwrap();
            assert_eq!(session, json!({"audio": {"output": {"voice": nearest}}}));
            assert_eq!(dropped[0].why, format!("{gone} is not a realtime voice; {nearest} is used"));
            assert_eq!(dropped[0].field, bad[0].field);
        }
    }
    for unknown in
        [json!("nobody"), json!("Alloy"), json!(""), json!(7), json!({"id": "../x"}), json!({"id": "voice_1", "x": 1})]
    {
        assert_eq!(read(&json!({"voice": unknown}), true).unwrap_err()[0].field, "voice", "{unknown}");
    }
}

#[test]
fn both_shapes_may_be_mixed_and_the_current_one_counts() {
    let options = json!({
        "voice": "echo",
        "speed": 1.5,
        "modalities": ["text"],
        "output_modalities": ["audio"],
        "audio": {"output": {"voice": "sage"}},
        "turn_detection": null,
    });
    let (session, dropped) = read(&options, false).unwrap();
    let expected = json!({
        "output_modalities": ["audio"],
        "audio": {"output": {"voice": "sage", "speed": 1.5}, "input": {"turn_detection": null}},
    });
    assert_eq!(session, expected);
    assert_eq!(fields(&dropped), ["modalities", "voice"]);
    assert_eq!(dropped[1].why, "audio.output.voice is given as well, and counts");
}

#[test]
fn what_is_left_out_is_named_in_order() {
    let options = json!({"voice": null, "temperature": 0.8, "audio": {"x": 1}, "x": 1, "instructions": null});
    let (_, dropped) = read(&options, false).unwrap();
    assert_eq!(fields(&dropped), ["audio.x", "instructions", "temperature", "voice", "x"]);
}

#[test]
fn everything_that_is_wrong_is_named_at_once_in_order_and_nothing_of_it_is_repeated() {
    let options = json!({
        "voice": "secretvoice",
        "model": "gpt-4o-realtime-preview-secret",
        "tools": [{"type": "function", "name": "f"}, {"type": "function"}, {"type": "secret"}],
        "speed": 7,
        "type": "secret",
    });
    let bad = read(&options, true).unwrap_err();
    let fields: Vec<&str> = bad.iter().map(|bad| bad.field.as_str()).collect();
    assert_eq!(fields, ["model", "speed", "tools[1].name", "tools[2]", "type", "voice"]);
    assert!(bad.iter().all(|bad| !bad.message.contains("secret")), "{bad:?}");
}

#[test]
fn an_event_is_translated_whole_or_by_its_session_alone() {
    let beta = json!({"instructions": "Be kind.", "temperature": 0.8, "max_response_output_tokens": 4096});
    let current = json!({"type": "realtime", "instructions": "Be kind.", "max_output_tokens": 4096});
    for (given, expected, left_out) in [
        (
            json!({"type": "session.update", "session": beta}),
            json!({"type": "session.update", "session": current}),
            vec!["temperature"],
        ),
        (
            json!({"event_id": "e1", "type": "session.update", "session": beta, "previous_item_id": "x"}),
            json!({"event_id": "e1", "type": "session.update", "session": current}),
            vec!["previous_item_id", "temperature"],
        ),
        (json!({"session": beta}), json!({"type": "session.update", "session": current}), vec!["temperature"]),
        (beta.clone(), json!({"type": "session.update", "session": current}), vec!["temperature"]),
        (
            json!({"type": "session.update", "session": {"model": "gpt-4o-realtime-preview", "instructions": ""}}),
            json!({"type": "session.update", "session": {"type": "realtime", "instructions": ""}}),
            vec!["model"],
        ),
        (
            json!({"type": "realtime", "tools": []}),
            json!({"type": "session.update", "session": {"type": "realtime", "tools": []}}),
            vec![],
        ),
        (json!({}), json!({"type": "session.update", "session": {"type": "realtime"}}), vec![]),
    ] {
        let translated = event(object(&given), false).unwrap();
        assert_eq!(Value::Object(translated.event), expected, "{given}");
        assert_eq!(fields(&translated.dropped), left_out, "{given}");
    }
}

#[test]
fn another_event_or_none_is_refused() {
    for (given, field) in [
        (json!({"type": "response.create"}), "type"),
        (json!({"type": "response.create", "session": {}}), "type"),
        (json!({"type": "realtime", "session": {}}), "type"),
        (json!({"type": "session.update"}), "session"),
        (json!({"type": "session.update", "session": "x"}), "session"),
        (json!({"session": null}), "session"),
        (json!({"type": "transcription"}), "type"),
        (json!({"session": {"voice": "nova"}}), "voice"),
    ] {
        let bad = event(object(&given), false).unwrap_err();
        assert_eq!(bad.iter().map(|bad| bad.field.as_str()).collect::<Vec<_>>(), [field], "{given}");
    }
}

#[test]
fn what_was_left_out_is_answered_as_field_and_why() {
    let translated = event(object(&json!({"temperature": 0.8})), false).unwrap();
    let answer = serde_json::to_value(&translated).unwrap();
    assert_eq!(answer["event"]["type"], "session.update");
    assert_eq!(answer["dropped"][0]["field"], "temperature");
    assert!(answer["dropped"][0]["why"].is_string());
}

#[test]
fn every_option_of_the_beta_has_a_place_in_the_current_api() {
    for (name, place) in MOVED {
        assert!(shape_at(place).is_some(), "{name}");
        assert!(CURRENT.iter().all(|member| member.name != *name), "{name} is an option of the current API");
    }
    assert!(shape_at(&["audio", "output", "nothing"]).is_none());
    assert!(shape_at(&["model", "name"]).is_none());
}

/// Options of which most mean something, with values that mostly do.
fn any_options() -> impl Strategy<Value = Map<String, Value>> {
    let sensible = prop::sample::select(vec![
        ("model", json!("gpt-realtime-2")),
        ("voice", json!("nova")),
        ("voice", json!({"id": "voice_1"})),
        ("speed", json!(1)),
        ("modalities", json!(["audio", "text"])),
        ("output_modalities", json!(["text"])),
        ("input_audio_format", json!("g711_ulaw")),
        ("output_audio_format", json!("pcm16")),
        ("input_audio_transcription", json!({"model": "whisper-1", "x": 1})),
        ("input_audio_noise_reduction", json!(null)),
        ("turn_detection", json!({"type": "server_vad", "threshold": 0.5, "eagerness": "low"})),
        ("max_response_output_tokens", json!("inf")),
        ("max_output_tokens", json!(7)),
        ("audio", json!({"input": {"format": {"type": "audio/pcm"}}, "output": {"voice": "cedar", "x": 1}, "x": 1})),
        ("audio", json!({"input": {"turn_detection": null}, "output": {}})),
        ("tools", json!([{"type": "function", "name": "f", "strict": true}])),
        ("tool_choice", json!({"type": "mcp", "server_label": "docs"})),
        ("tracing", json!("auto")),
        ("type", json!("realtime")),
        ("temperature", json!(0.8)),
        ("workflow", json!("wf_1")),
        ("x", json!({})),
    ]);
    let names: Vec<&str> =
        MOVED.iter().map(|(name, _)| *name).chain(CURRENT.iter().map(|option| option.name)).collect();
    let name = prop::sample::select(names);
    let option = prop_oneof![
        20 => sensible,
        2 => name.clone().prop_map(|name| (name, json!(null))),
        1 => (name, any_json()),
    ];
    prop::collection::vec(option, 0..8)
        .prop_map(|options| options.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

proptest! {
    #[test]
    fn what_was_translated_once_is_as_it_is_to_be(options in any_options(), substitute in any::<bool>()) {
        if let Ok(translated) = session(&options, substitute) {
            let again = session(translated.session.as_json(), false).unwrap();
            prop_assert_eq!(&again.session, &translated.session);
            prop_assert_eq!(again.dropped, vec![]);
            let names = translated.session.as_json().keys();
            prop_assert!(names.into_iter().all(|name| name == "type" || CURRENT.iter().any(|member| member.name == name)));
        }
    }

    #[test]
    fn nothing_is_left_out_without_a_word(options in any_options()) {
        if let Ok(Translated { session, dropped }) = session(&options, true) {
            prop_assert!(dropped.is_sorted());
            for name in options.keys() {
                let moved = MOVED.iter().find(|(moved, _)| moved == name);
                let own = [name.as_str()];
                let place = moved.map_or(&own[..], |(_, place)| place);
                let whole = Value::Object(session.as_json().clone());
                let there = place.iter().try_fold(&whole, |holder, name| holder.get(*name)).is_some();
                let said = fields(&dropped).contains(&name.as_str());
                prop_assert!(there || said, "{} of {:?} is nowhere", name, options);
            }
        }
    }

    #[test]
    fn nothing_that_json_can_hold_makes_translating_panic(value in any_json()) {
        if let Value::Object(options) = &value {
            let _ = (session(options, true), event(options, false));
        }
        let _ = event(object(&json!({"type": "session.update", "session": value})), true);
    }
}

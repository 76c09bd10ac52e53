//! What an installation configures.

use std::collections::BTreeMap;

use serde_json::Value;

use super::*;
use crate::scripted::Given;

fn options(session: &SessionConfig) -> Value {
    Value::Object(session.as_json().clone())
}

#[test]
fn every_function_needs_only_where_openai_is_and_the_name_of_its_key() {
    let mut given =
        Given::new(&[("OPENAI_BASE_URL", "https://api.openai.com/v1/"), ("OPENAI_SECRET_NAME", "switchboard/openai")]);
    let config = OpenaiConfig::read(&mut given);
    assert!(given.wrong.is_empty(), "{:?}", given.wrong);
    assert_eq!(
        (config.base_url.as_str(), config.organization, config.project),
        ("https://api.openai.com/v1", None, None)
    );
    let mut given = Given::new(&[("OPENAI_ORGANIZATION", "org 1"), ("OPENAI_PROJECT", "proj\n1")]);
    OpenaiConfig::read(&mut given);
    given.wrong.sort();
    assert_eq!(given.wrong, ["OPENAI_BASE_URL", "OPENAI_ORGANIZATION", "OPENAI_PROJECT", "OPENAI_SECRET_NAME"]);
}

#[test]
fn without_settings_there_is_a_session_that_speaks() {
    let mut given = Given::new(&[]);
    let config = RealtimeConfig::read(&mut given);
    assert!(given.wrong.is_empty(), "{:?}", given.wrong);
    let expected = json!({
        "type": "realtime",
        "model": "gpt-realtime-2.1",
        "output_modalities": ["audio"],
        "audio": {"output": {"voice": "marin"}},
    });
    assert_eq!(options(config.default_session()), expected);
    assert_eq!(config.presets(), &BTreeMap::from([("default".to_owned(), config.default_session().clone())]));
}

#[test]
fn the_settings_of_an_older_deployment_are_taken_where_they_still_mean_something() {
    let mut given = Given::new(&[
        ("OPENAI_REALTIME_MODEL", "gpt-realtime"),
        ("OPENAI_REALTIME_VOICE", "alloy"),
        ("OPENAI_REALTIME_MODALITIES", "text,audio"),
        ("OPENAI_REALTIME_INSTRUCTIONS", "You are a helpful assistant for the DataAPI platform."),
    ]);
    let config = RealtimeConfig::read(&mut given);
    assert!(given.wrong.is_empty(), "{:?}", given.wrong);
    let expected = json!({
        "type": "realtime",
        "model": "gpt-realtime",
        "instructions": "You are a helpful assistant for the DataAPI platform.",
        "output_modalities": ["audio"],
        "audio": {"output": {"voice": "alloy"}},
    });
    assert_eq!(options(config.default_session()), expected);
    let mut given = Given::new(&[("OPENAI_REALTIME_VOICE", r#"{"id": "voice_1"}"#)]);
    assert_eq!(RealtimeConfig::read(&mut given).default_session().voice(), Some("voice_1"));
    let mut given = Given::new(&[("OPENAI_REALTIME_MODALITIES", "text")]);
    assert_eq!(options(RealtimeConfig::read(&mut given).default_session())["output_modalities"], json!(["text"]));
}

#[test]
fn a_setting_that_means_nothing_any_more_is_named_with_what_it_must_be() {
    let voices = "alloy, ash, ballad, cedar, coral, echo, marin, sage, shimmer, verse";
    for (name, value, wanted) in [
        ("OPENAI_REALTIME_VOICE", "nova", voices),
        ("OPENAI_REALTIME_VOICE", "fable", voices),
        ("OPENAI_REALTIME_VOICE", "nobody", voices),
        ("OPENAI_REALTIME_MODEL", "gpt-4o-realtime-preview-2024-10-01", "gpt-realtime-2.1"),
        ("OPENAI_REALTIME_MODALITIES", "video", "[\"audio\"] or [\"text\"]"),
        ("OPENAI_REALTIME_MODALITIES", " , ", "[\"audio\"] or [\"text\"]"),
        (
            "REALTIME_PRESETS",
            r#"{"sales":{"voice":"onyx","speed":9}}"#,
            "sales.speed must be a number from 0.25 to 1.5; sales.voice",
        ),
        ("REALTIME_PRESETS", "{", "a JSON object"),
        ("REALTIME_PRESETS", "[]", "a JSON object"),
        ("REALTIME_PRESETS", r#"{"sales":[]}"#, "a JSON object"),
        ("REALTIME_PRESETS", r#"{"sales team":{}}"#, "a JSON object"),
    ] {
        let mut given = Given::new(&[(name, value)]);
        RealtimeConfig::read(&mut given);
        assert_eq!(given.wrong, [name], "{value}");
        assert!(given.forms[0].contains(wanted), "{value}: {}", given.forms[0]);
        assert!(!given.forms[0].starts_with("must"), "{}", given.forms[0]);
    }
}

#[test]
fn a_preset_is_laid_over_the_default_and_may_be_written_for_the_beta() {
    let presets = json!({
        "default": {"instructions": "Be kind.", "temperature": 0.8},
        "quick": {"voice": "cedar", "turn_detection": {"type": "semantic_vad"}, "max_response_output_tokens": 100},
    });
    let mut given =
        Given::new(&[("REALTIME_PRESETS", &presets.to_string()), ("OPENAI_REALTIME_INSTRUCTIONS", "Be brief.")]);
    let config = RealtimeConfig::read(&mut given);
    assert!(given.wrong.is_empty(), "{:?}", given.wrong);
    let expected = json!({
        "type": "realtime",
        "model": "gpt-realtime-2.1",
        "instructions": "Be kind.",
        "output_modalities": ["audio"],
        "max_output_tokens": 100,
        "audio": {"output": {"voice": "cedar"}, "input": {"turn_detection": {"type": "semantic_vad"}}},
    });
    assert_eq!(options(&config.presets()["quick"]), expected);
    assert_eq!(config.presets()["default"], *config.default_session());
    assert_eq!(options(config.default_session())["instructions"], "Be kind.");
    let dropped = |preset| config.dropped(preset).iter().map(|dropped| dropped.field.as_str()).collect::<Vec<_>>();
    assert_eq!((dropped("default"), dropped("quick"), dropped("other")), (vec!["temperature"], vec![], vec![]));
}

#[test]
fn a_chat_has_a_workflow_if_one_is_configured() {
    for (value, workflow, wrong) in [("", None, false), ("wf_68df", Some("wf_68df"), false), ("wf 1", None, true)] {
        let mut given = Given::new(&[("CHATKIT_AGENT_ID", value)]);
        assert_eq!(ChatConfig::read(&mut given).workflow.as_deref(), workflow);
        assert_eq!(!given.wrong.is_empty(), wrong, "{value}");
    }
}

//! The sessions that an installation configures: one from single settings, others by name.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use switchboard_core::Settings;

use super::session::SessionConfig;
use super::translate::model::DEFAULT_MODEL;
use super::translate::{self, BadOption, Dropped, Translated};
use crate::ExternalId;

/// The preset of callers who name none.
pub const DEFAULT_PRESET: &str = "default";
/// The voice where none is configured: one of the two that OpenAI recommends for their quality (API reference, 2026-11).
const DEFAULT_VOICE: &str = "marin";

/// What an installation configures about realtime sessions.
#[derive(Clone, Debug, PartialEq)]
pub struct RealtimeConfig {
    presets: BTreeMap<String, SessionConfig>,
    default: SessionConfig,
    dropped: BTreeMap<String, Vec<Dropped>>,
}

impl RealtimeConfig {
    /// Reads `OPENAI_REALTIME_MODEL`, `OPENAI_REALTIME_VOICE`, `OPENAI_REALTIME_MODALITIES` (`audio`, `text`, or both as older
    /// deployments have them, which means audio), `OPENAI_REALTIME_INSTRUCTIONS`; and `REALTIME_PRESETS`, an object from a name
    /// to a session's options in the current or the beta's shape. What a preset leaves out is as those four settings have it; a
    /// preset named `default` is laid over them, too.
    pub fn read(settings: &mut impl Settings) -> Self {
        let mut single = |name: &str, option: &str, default: &str, read: fn(&str) -> Value| {
            let text = settings.text(name, default);
            let given = (!text.is_empty()).then(|| (option.to_owned(), read(text.trim())));
            let options = Map::from_iter(given);
            let translated = translate::session(&options, false);
            let form = translated.as_ref().err().map(|bad| wanted(bad)).unwrap_or_default();
            settings.parsed(name, default, |_| translated.ok(), &form).map(|translated| translated.session)
        };
        let text: fn(&str) -> Value = |text| Value::from(text);
        let given = [
            single("OPENAI_REALTIME_MODEL", "model", DEFAULT_MODEL, text),
            single("OPENAI_REALTIME_VOICE", "voice", DEFAULT_VOICE, voice),
            single("OPENAI_REALTIME_MODALITIES", "modalities", "audio", words),
            single("OPENAI_REALTIME_INSTRUCTIONS", "instructions", "", text),
        ];
        let plain = SessionConfig::checked(Map::new());
        let from_settings = given.iter().flatten().fold(plain, |base, option| option.over(&base));
        let given = named(settings);
        let default = given.get(DEFAULT_PRESET).map(|preset| preset.session.over(&from_settings));
        let default = default.unwrap_or(from_settings);
        let mut presets = BTreeMap::from([(DEFAULT_PRESET.to_owned(), default.clone())]);
        let mut dropped = BTreeMap::new();
        for (name, preset) in given {
            presets.insert(name.clone(), preset.session.over(&default));
            dropped.insert(name, preset.dropped);
        }
        Self { presets, default, dropped }
    }

    /// The presets by their names, [`DEFAULT_PRESET`] among them.
    #[must_use]
    pub fn presets(&self) -> &BTreeMap<String, SessionConfig> {
        &self.presets
    }

    /// The session of callers who name no preset and no options.
    #[must_use]
    pub fn default_session(&self) -> &SessionConfig {
        &self.default
    }

    /// What of a preset's options the current API has no place for.
    #[must_use]
    pub fn dropped(&self, preset: &str) -> &[Dropped] {
        self.dropped.get(preset).map(Vec::as_slice).unwrap_or_default()
    }
}

/// A voice by its name, or one of the account's own as JSON.
fn voice(text: &str) -> Value {
    serde_json::from_str(text).ok().filter(Value::is_object).unwrap_or_else(|| Value::from(text))
}

/// A list of words with commas between them.
fn words(text: &str) -> Value {
    text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(Value::from).collect()
}

/// What a setting must be instead.
fn wanted(bad: &[BadOption]) -> String {
    let message = bad.first().map(|bad| bad.message.as_str()).unwrap_or_default();
    message.strip_prefix("must be ").unwrap_or(message).to_owned()
}

/// The presets of `REALTIME_PRESETS`.
fn named(settings: &mut impl Settings) -> BTreeMap<String, Translated> {
    const NAME: &str = "REALTIME_PRESETS";
    let text = settings.text(NAME, "{}");
    let read = read_presets(&text);
    let form = read.as_ref().err().cloned().unwrap_or_default();
    settings.parsed(NAME, "{}", |_| read.ok(), &form).unwrap_or_default()
}

/// # Errors
/// What the text must be instead, everything that is wrong with it at once.
fn read_presets(text: &str) -> Result<BTreeMap<String, Translated>, String> {
    const FORM: &str = "a JSON object from presets' names (1 to 64 of A-Z a-z 0-9 _ -) to objects of session options";
    let read: Map<String, Value> = serde_json::from_str(text).map_err(|_| FORM.to_owned())?;
    let (mut presets, mut wrong) = (BTreeMap::new(), Vec::new());
    for (name, options) in read {
        let (Some(_), Value::Object(options)) = (ExternalId::parse(&name), options) else {
            return Err(FORM.to_owned());
        };
        match translate::session(&options, false) {
            Ok(translated) => drop(presets.insert(name, translated)),
            Err(bad) => wrong.extend(bad.iter().map(|bad| format!("{name}.{} {}", bad.field, bad.message))),
        }
    }
    if wrong.is_empty() { Ok(presets) } else { Err(format!("{FORM}: {}", wrong.join("; "))) }
}

//! What of a provider's record of an agent may be shown, and which placeholders its texts have.
//!
//! Providers put credentials into such records: an agent's own key, tools' headers, addresses that open it for anybody.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use switchboard_core::{Personal, placeholders_in};

use crate::Check;
use crate::lenient::each_text;

/// Words that make a field's name one of a credential, or of an address that reports or opens something. Compared with the
/// name's letters and digits in lower case.
const UNDISCLOSED: [&str; 13] = [
    "secret",
    "token",
    "apikey",
    "accesskey",
    "authkey",
    "password",
    "passphrase",
    "credential",
    "authorization",
    "webhook",
    "iframe",
    "headers",
    "postcall",
];
/// Shorter texts occur by chance elsewhere, so that nothing can be told from finding one.
const MIN_SECRET_CHARS: usize = 8;

/// What may be shown of a record: everything but `known` fields (which stand elsewhere), credentials, webhook addresses, and
/// whatever repeats a credential.
pub(crate) fn disclosable(record: &Map<String, Value>, known: &[&str]) -> Map<String, Value> {
    let mut secrets = Vec::new();
    collect_secrets(record, &mut secrets);
    let shown = record.iter().filter(|(name, _)| !known.contains(&name.as_str()));
    stripped(shown, &secrets)
}

fn collect_secrets<'a>(record: &'a Map<String, Value>, secrets: &mut Vec<&'a str>) {
    for (name, value) in record {
        if is_undisclosed(name, value) {
            each_text(value, &mut |text| {
                if text.len() >= MIN_SECRET_CHARS {
                    secrets.push(text);
                }
            });
        } else {
            each_object(value, &mut |object| collect_secrets(object, secrets));
        }
    }
}

fn each_object<'a>(value: &'a Value, seen: &mut impl FnMut(&'a Map<String, Value>)) {
    match value {
        Value::Object(object) => seen(object),
        Value::Array(items) => {
            for item in items {
                each_object(item, seen);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn stripped<'a>(fields: impl Iterator<Item = (&'a String, &'a Value)>, secrets: &[&str]) -> Map<String, Value> {
    fields
        .filter(|(name, value)| !is_undisclosed(name, value))
        .filter_map(|(name, value)| Some((name.clone(), strip(value, secrets)?)))
        .collect()
}

/// The value without what must not be shown; `None` if nothing may be.
fn strip(value: &Value, secrets: &[&str]) -> Option<Value> {
    Some(match value {
        Value::String(text) if secrets.iter().any(|secret| text.contains(secret)) => return None,
        Value::Array(items) => items.iter().filter_map(|item| strip(item, secrets)).collect(),
        Value::Object(fields) => Value::Object(stripped(fields.iter(), secrets)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    })
}

/// A number is no credential: `max_tokens` is a limit.
fn is_undisclosed(name: &str, value: &Value) -> bool {
    if matches!(value, Value::Bool(_) | Value::Number(_)) {
        return false;
    }
    let name: String = name.chars().filter(char::is_ascii_alphanumeric).map(|char| char.to_ascii_lowercase()).collect();
    UNDISCLOSED.iter().any(|word| name.contains(word))
}

/// Whether every placeholder in an agent's texts has a value. `provided` are the ones that the agent itself has values for.
pub(crate) fn placeholders(
    record: &Map<String, Value>,
    provided: &[&str],
    params: &BTreeMap<String, Personal>,
) -> Check {
    let mut missing: Vec<String> = Vec::new();
    for value in record.values() {
        each_text(value, &mut |text| {
            for name in placeholders_in(text) {
                let given = params.get(name).is_some_and(|value| !value.expose().trim().is_empty());
                if !given && !provided.contains(&name) && !missing.iter().any(|known| known == name) {
                    missing.push(name.to_owned());
                }
            }
        });
    }
    if missing.is_empty() {
        return Check::held("placeholders", "every placeholder of the agent's texts has a value");
    }
    let message =
        format!("the agent's texts have placeholders without a value: {}; give them in `params`", missing.join(", "));
    Check { missing, ..Check::failed("placeholders", message) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_that_opens_or_reports_anything_is_shown_at_any_depth() {
        let record = json!({
            "id": 1, "name": "Front desk", "context": "Hello {{name}}",
            "secret_key": "agent-key-000000", "apiKey": "k", "access_token": "t", "webhookUrl": null,
            "widget_config": { "iframeUrl": "https://x/?k=agent-key-000000", "title": "Widget", "link": "https://x/agent-key-000000" },
            "post_call_config_ids": [{ "webhook_url": "https://hook.example/abc", "include_summary": true }],
            "tools": [{ "name": "lookup", "headers": { "X-Api-Key": "hunter2" }, "webhookUrl": "https://y", "max_tokens": 5 }],
            "note": "call https://hook.example/abc",
        });
        let shown = disclosable(record.as_object().unwrap(), &["id", "name"]);
        assert_eq!(
            Value::Object(shown),
            json!({
                "context": "Hello {{name}}",
                "widget_config": { "title": "Widget" },
                "tools": [{ "name": "lookup", "max_tokens": 5 }],
            })
        );
    }

    #[test]
    fn a_placeholder_without_a_value_is_named_once() {
        let record =
            json!({ "a": "Dear {{name}}, {{ name }}: {{amount}} on {{day}}", "b": [{ "c": "{{day}} {{agent}}" }] });
        let params =
            BTreeMap::from([("amount".to_owned(), Personal::new("12")), ("day".to_owned(), Personal::new(" "))]);
        let check = placeholders(record.as_object().unwrap(), &["agent"], &params);
        assert!(!check.ok);
        assert_eq!(check.missing, ["name", "day"]);
        assert!(placeholders(&Map::new(), &[], &params).ok);
    }
}

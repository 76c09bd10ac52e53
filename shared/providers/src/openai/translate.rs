//! Options of realtime sessions in the current shape, whether they are written in it or in that of the beta, which was shut down in
//! May 2026. Pure: nothing is asked of anybody.
//!
//! The API refuses a whole session for one option that it does not know, and so would this service's callers be refused who were
//! written for the beta. What has gone elsewhere is put there; what has gone for good is left out, and the caller is told why; what
//! would be refused anyway is refused here, with what it must be instead.
//!
//! | file | noun |
//! |---|---|
//! | `options` | the options, where the beta's have gone, why others are left out |
//! | `shape` | what an option must look like |
//! | `format` | audio formats, and what a session answers with |
//! | `model` | models |
//! | `voice` | voices |

use serde::Serialize;
use serde_json::{Map, Value};

use super::session::SessionConfig;
use options::{CURRENT, MOVED, shape_at, why_gone};
use shape::Findings;

mod format;
pub(super) mod model;
mod options;
mod shape;
mod voice;

/// The type of every session that is opened here.
const KIND: &str = "realtime";
/// The event that changes a session.
const UPDATE: &str = "session.update";

/// An option that is not sent on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Dropped {
    /// Its path, as in `temperature` or `tools[0].strict`.
    pub field: String,
    /// Why, for the caller to read.
    pub why: String,
}

/// An option that the API would refuse.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BadOption {
    /// Its path, as in `voice` or `tools[0].name`.
    pub field: String,
    /// What is wrong, for the caller to read; it repeats nothing that the caller wrote.
    pub message: String,
}

/// Options in the current shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Translated {
    /// The options that there were; partial.
    pub session: SessionConfig,
    /// What was left out, in the order of the paths.
    pub dropped: Vec<Dropped>,
}

/// An event in the current shape, as it is answered.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TranslatedEvent {
    /// `{"type": "session.update", "session": {…}}`.
    pub event: Map<String, Value>,
    /// What was left out, in the order of the paths.
    pub dropped: Vec<Dropped>,
}

/// Puts a session's options, in the current shape or the beta's or some of both, into the current shape. Where both name the
/// same thing, the current one counts. With `substitute_voice`, a voice that sessions do not have is replaced by the nearest,
/// which `dropped` then says.
///
/// # Errors
/// Every option that the API would refuse, in the order of the paths.
pub fn session(options: &Map<String, Value>, substitute_voice: bool) -> Result<Translated, Vec<BadOption>> {
    let mut found = Findings { dropped: Vec::new(), bad: Vec::new(), substitute_voice };
    let is_moved = |name: &str| MOVED.iter().any(|(moved, _)| *moved == name);
    let is_current = |name: &str| CURRENT.iter().any(|member| member.name == name);
    let (known, others): (Vec<_>, Vec<_>) = options
        .iter()
        .filter(|(name, _)| *name != "type")
        .map(|(name, value)| (name.clone(), value.clone()))
        .partition(|(name, _)| is_current(name));
    let mut session = shape::fit(CURRENT, &known.into_iter().collect(), "", &mut found);
    for (name, place) in MOVED {
        if let Some(value) = options.get(*name) {
            put(&mut session, place, (name, value), &mut found);
        }
    }
    for (name, _) in others.iter().filter(|(name, _)| !is_moved(name)) {
        found.drop(name, why_gone(name));
    }
    if options.get("type").is_some_and(|kind| kind != KIND) {
        found.refuse("type", "must be \"realtime\"; sessions that only transcribe are not opened here");
    }
    session.insert("type".to_owned(), Value::from(KIND));
    found.dropped.sort();
    found.bad.sort();
    if found.bad.is_empty() {
        Ok(Translated { session: SessionConfig::checked(session), dropped: found.dropped })
    } else {
        Err(found.bad)
    }
}

/// Puts an option of the beta where it has gone, unless something is there already.
fn put(session: &mut Map<String, Value>, place: &[&str], (name, value): (&str, &Value), found: &mut Findings) {
    let Some((last, holders)) = place.split_last() else { return };
    let Some(shape) = shape_at(place) else { return };
    let held = holders.iter().try_fold(&*session, |holder, name| holder.get(*name)?.as_object());
    if held.is_some_and(|holder| holder.contains_key(*last)) {
        return found.drop(name, format!("{} is given as well, and counts", place.join(".")));
    }
    let Some(fitted) = shape.fit(value, name, found) else { return };
    let holder = holders.iter().try_fold(session, |holder, name| {
        holder.entry(*name).or_insert_with(|| Value::Object(Map::new())).as_object_mut()
    });
    if let Some(holder) = holder {
        holder.insert((*last).to_owned(), fitted);
    }
}

/// Puts an event that changes a session, or the session of such an event alone, into an event of the current API. Its `event_id` is
/// kept. The model is left out: a running session keeps the one that it was opened with.
///
/// # Errors
/// Every option that the API would refuse; `type` and `session` where it is another event, or none.
pub fn event(event: &Map<String, Value>, substitute_voice: bool) -> Result<TranslatedEvent, Vec<BadOption>> {
    let bad = |field: &str, message: &str| vec![BadOption { field: field.to_owned(), message: message.to_owned() }];
    let kind = event.get("type").and_then(Value::as_str);
    // Types of sessions are single words, those of events have a dot.
    let is_event = event.contains_key("session") || kind.is_some_and(|kind| kind.contains('.'));
    if is_event && kind.is_some_and(|kind| kind != UPDATE) {
        return Err(bad("type", "must be \"session.update\"; other events need no translation"));
    }
    let options = if is_event { event.get("session").and_then(Value::as_object) } else { Some(event) };
    let mut options = options.ok_or_else(|| bad("session", "must be an object of session options"))?.clone();
    let mut dropped = Vec::new();
    if options.remove("model").is_some() {
        let why = "a session keeps the model that it was opened with";
        dropped.push(Dropped { field: "model".to_owned(), why: why.to_owned() });
    }
    let translated = session(&options, substitute_voice)?;
    dropped.extend(translated.dropped);
    let mut update = Map::new();
    update.insert("type".to_owned(), Value::from(UPDATE));
    update.insert("session".to_owned(), Value::Object(translated.session.as_json().clone()));
    if is_event {
        for (name, value) in event.iter().filter(|(name, _)| !matches!(name.as_str(), "type" | "session")) {
            match (name.as_str(), value) {
                ("event_id", Value::String(_)) => drop(update.insert(name.clone(), value.clone())),
                _ => dropped.push(Dropped { field: name.clone(), why: "is no part of a session.update".to_owned() }),
            }
        }
    }
    dropped.sort();
    Ok(TranslatedEvent { event: update, dropped })
}

#[cfg(test)]
mod tests;

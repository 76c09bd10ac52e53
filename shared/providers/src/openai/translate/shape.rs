//! What an option must look like, and fitting a value to it: what the API has no place for is left out and named, what it would
//! refuse is refused here with what it should be.

use serde_json::{Map, Value};

use super::{BadOption, Dropped, format, model, voice};

/// Why something unknown is left out. The API refuses a whole session for one name that it does not know.
pub(super) const UNKNOWN: &str = "is not a session option of the current API";

/// The form of a value.
#[derive(Debug)]
pub(super) enum Shape {
    /// A text.
    Text,
    /// True or false.
    Flag,
    /// A number between two, both included.
    Number(f64, f64),
    /// A whole number between two, both included.
    Whole(u64, u64),
    /// One of these words.
    Word(&'static [&'static str]),
    /// One of these words, or something else.
    WordOr(&'static [&'static str], &'static Shape),
    /// A list of such values.
    List(&'static Shape),
    /// An object with these members and no others.
    Members(&'static [Member]),
    /// An object whose `type` says which other members it has.
    Kinds(&'static [(&'static str, &'static [Member])]),
    /// An object that is the caller's own.
    Open,
    /// Whatever it is: the API will say.
    Any,
    /// Such a value, or null, which turns it off.
    OrNull(&'static Shape),
    /// A model of the Realtime API.
    Model,
    /// A voice of the Realtime API.
    Voice,
    /// What is answered with: the API's list of one word, or the beta's of two.
    Modalities,
    /// An audio format: the API's object, or the beta's word.
    Format,
}

/// A member of an object.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) name: &'static str,
    pub(super) shape: Shape,
    pub(super) required: bool,
}

/// A member that may be left out.
pub(super) const fn may(name: &'static str, shape: Shape) -> Member {
    Member { name, shape, required: false }
}

/// A member that must be there.
pub(super) const fn must(name: &'static str, shape: Shape) -> Member {
    Member { name, shape, required: true }
}

/// What is found while options are looked at.
#[derive(Debug)]
pub(super) struct Findings {
    pub(super) dropped: Vec<Dropped>,
    pub(super) bad: Vec<BadOption>,
    /// Whether a voice that there is no more may be replaced by the nearest.
    pub(super) substitute_voice: bool,
}

impl Findings {
    pub(super) fn drop(&mut self, field: impl Into<String>, why: impl Into<String>) {
        self.dropped.push(Dropped { field: field.into(), why: why.into() });
    }

    pub(super) fn refuse(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.bad.push(BadOption { field: field.into(), message: message.into() });
    }
}

impl Shape {
    /// The value as the API takes it; `None` if it is left out or refused, which is then among the findings.
    pub(super) fn fit(&self, value: &Value, path: &str, found: &mut Findings) -> Option<Value> {
        if value.is_null() && !matches!(self, Self::OrNull(_) | Self::Any) {
            found.drop(path, "is null, which says nothing here");
            return None;
        }
        match (self, value) {
            (Self::OrNull(shape), value) if !value.is_null() => shape.fit(value, path, found),
            (_, value) if self.holds(value) => Some(value.clone()),
            (Self::WordOr(_, shape), Value::Object(_)) => shape.fit(value, path, found),
            (Self::List(shape), Value::Array(items)) => Some(list(shape, items, path, found)),
            (Self::Members(members), Value::Object(object)) => Some(Value::Object(fit(members, object, path, found))),
            (Self::Kinds(kinds), Value::Object(object)) => self.fit_kind(kinds, object, path, found),
            (Self::Model, Value::String(name)) => model::fit(name, path, found),
            (Self::Voice, _) => voice::fit(value, path, found),
            (Self::Modalities, Value::Array(_)) => format::modalities(value, path, found),
            (Self::Format, _) => format::audio(value, path, found),
            _ => self.refuse(path, found),
        }
    }

    /// Whether a value can be taken as it is.
    fn holds(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Any, _)
            | (Self::OrNull(_), Value::Null)
            | (Self::Text, Value::String(_))
            | (Self::Flag, Value::Bool(_))
            | (Self::Open, Value::Object(_)) => true,
            (Self::Number(least, most), _) => value.as_f64().is_some_and(|number| (*least..=*most).contains(&number)),
            (Self::Whole(least, most), _) => value.as_u64().is_some_and(|number| (*least..=*most).contains(&number)),
            (Self::Word(words) | Self::WordOr(words, _), Value::String(word)) => words.contains(&word.as_str()),
            (Self::WordOr(_, shape), Value::Number(_)) => shape.holds(value),
            _ => false,
        }
    }

    fn fit_kind(
        &self,
        kinds: &[(&'static str, &'static [Member])],
        object: &Map<String, Value>,
        path: &str,
        found: &mut Findings,
    ) -> Option<Value> {
        let named = object.get("type").and_then(Value::as_str);
        let Some((kind, members)) = kinds.iter().find(|(kind, _)| named == Some(kind)) else {
            return self.refuse(path, found);
        };
        let rest: Map<String, Value> = object
            .iter()
            .filter(|(name, _)| *name != "type")
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let mut fitted = fit(members, &rest, path, found);
        fitted.insert("type".to_owned(), Value::from(*kind));
        Some(Value::Object(fitted))
    }

    fn refuse(&self, path: &str, found: &mut Findings) -> Option<Value> {
        found.refuse(path, format!("must be {}", self.expected()));
        None
    }

    /// What it must be, in words.
    fn expected(&self) -> String {
        match self {
            Self::Text => "a text".to_owned(),
            Self::Flag => "true or false".to_owned(),
            Self::Number(least, most) => format!("a number from {least} to {most}"),
            Self::Whole(least, most) => format!("a whole number from {least} to {most}"),
            Self::Word(words) => one_of(words),
            Self::WordOr(words, shape) => format!("{} or {}", one_of(words), shape.expected()),
            Self::List(shape) => format!("a list of which each is {}", shape.expected()),
            Self::Members(_) | Self::Open => "an object".to_owned(),
            Self::Kinds(kinds) => {
                let names: Vec<&str> = kinds.iter().map(|(kind, _)| *kind).collect();
                format!("an object whose type is {}", one_of(&names))
            }
            Self::Any => "anything".to_owned(),
            Self::OrNull(shape) => shape.expected(),
            Self::Model => model::expected(),
            Self::Voice => voice::expected(),
            Self::Modalities => format::MODALITIES_EXPECTED.to_owned(),
            Self::Format => format::AUDIO_EXPECTED.to_owned(),
        }
    }
}

/// Words with commas between them, in quotation marks, as they stand in JSON.
pub(super) fn one_of(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    quoted.join(", ")
}

/// The members of an object as the API takes them.
pub(super) fn fit(
    members: &[Member],
    object: &Map<String, Value>,
    path: &str,
    found: &mut Findings,
) -> Map<String, Value> {
    let mut fitted = Map::new();
    for (name, value) in object {
        let path = below(path, name);
        match members.iter().find(|member| member.name == name) {
            Some(member) => fitted.extend(member.shape.fit(value, &path, found).map(|value| (name.clone(), value))),
            None => found.drop(path, UNKNOWN),
        }
    }
    let is_missing = |member: &&Member| object.get(member.name).is_none_or(Value::is_null);
    for member in members.iter().filter(|member| member.required).filter(is_missing) {
        found.refuse(below(path, member.name), "is missing");
    }
    fitted
}

fn list(shape: &Shape, items: &[Value], path: &str, found: &mut Findings) -> Value {
    let fitted = items.iter().enumerate().filter_map(|(at, item)| shape.fit(item, &format!("{path}[{at}]"), found));
    fitted.collect()
}

/// The path of a member.
pub(super) fn below(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

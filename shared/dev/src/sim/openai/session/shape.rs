//! What JSON may look like at one place, and what is wrong with a value that does not: the paths and wordings that callers see.

use serde_json::{Map, Value};

use crate::sim::openai::refusal::Refusal;

/// What a value may be.
#[derive(Debug)]
pub(in crate::sim::openai) enum Shape {
    /// Anything.
    Any,
    /// A string.
    Text,
    /// A boolean.
    Flag,
    /// A whole number within bounds.
    Whole(i64, i64),
    /// A number within bounds.
    Number(f64, f64),
    /// One of these strings.
    OneOf(&'static [&'static str]),
    /// A list of such.
    List(&'static Shape),
    /// An object with these fields and no others.
    Object(&'static [Field]),
    /// An object whose `type` says which fields it has.
    Tagged(&'static [(&'static str, &'static [Field])]),
    /// An object with any names.
    Map,
    /// The first of these that is of the value's JSON type.
    Either(&'static [Shape]),
    /// Such, or `null`.
    OrNull(&'static Shape),
}

/// One field of an object.
#[derive(Debug)]
pub(in crate::sim::openai) struct Field {
    name: &'static str,
    shape: Shape,
    required: bool,
}

/// A field that may be left out.
pub(in crate::sim::openai) const fn optional(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, required: false }
}

/// A field that must be there.
pub(in crate::sim::openai) const fn required(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, required: true }
}

impl Shape {
    /// Checks a value that stands at `path`; the first thing wrong is told.
    pub(in crate::sim::openai) fn check(&self, path: &str, value: &Value) -> Result<(), Refusal> {
        match (self, value) {
            (Self::Any, _) | (Self::Text, Value::String(_)) | (Self::Flag, Value::Bool(_)) => Ok(()),
            (Self::Map, Value::Object(_)) | (Self::OrNull(_), Value::Null) => Ok(()),
            (Self::OrNull(shape), value) => shape.check(path, value),
            (Self::OneOf(supported), Value::String(given)) if supported.contains(&given.as_str()) => Ok(()),
            (Self::OneOf(supported), Value::String(given)) => Err(Refusal::unsupported(path, given, supported)),
            (Self::Whole(least, most), Value::Number(given)) if given.as_i64().is_some() => {
                let given = given.as_i64().unwrap_or_default();
                bounded(path, "integer", (given, *least, *most))
            }
            (Self::Number(least, most), Value::Number(given)) => {
                bounded(path, "decimal", (given.as_f64().unwrap_or(f64::NAN), *least, *most))
            }
            (Self::List(shape), Value::Array(items)) => {
                items.iter().enumerate().try_for_each(|(index, item)| shape.check(&format!("{path}[{index}]"), item))
            }
            (Self::Object(fields), Value::Object(given)) => check_fields(fields, path, given),
            (Self::Tagged(kinds), Value::Object(given)) => check_tagged(kinds, path, given),
            (Self::Either(shapes), value) => match shapes.iter().find(|shape| shape.is_of_type(value)) {
                Some(shape) => shape.check(path, value),
                None => Err(self.wrong_type(path, value)),
            },
            _ => Err(self.wrong_type(path, value)),
        }
    }

    fn is_of_type(&self, value: &Value) -> bool {
        match self {
            Self::Any => true,
            Self::Text | Self::OneOf(_) => value.is_string(),
            Self::Flag => value.is_boolean(),
            Self::Whole(..) => value.as_i64().is_some(),
            Self::Number(..) => value.is_number(),
            Self::List(_) => value.is_array(),
            Self::Object(_) | Self::Tagged(_) | Self::Map => value.is_object(),
            Self::Either(shapes) => shapes.iter().any(|shape| shape.is_of_type(value)),
            Self::OrNull(shape) => value.is_null() || shape.is_of_type(value),
        }
    }

    fn wanted(&self) -> String {
        match self {
            Self::Any => "anything".to_owned(),
            Self::Text | Self::OneOf(_) => "a string".to_owned(),
            Self::Flag => "a boolean".to_owned(),
            Self::Whole(..) => "an integer".to_owned(),
            Self::Number(..) => "a decimal".to_owned(),
            Self::List(_) => "an array".to_owned(),
            Self::Object(_) | Self::Tagged(_) | Self::Map => "an object".to_owned(),
            Self::Either(shapes) => {
                let wanted: Vec<String> = shapes.iter().map(Self::wanted).collect();
                format!("one of {}", wanted.join(" or "))
            }
            Self::OrNull(shape) => shape.wanted(),
        }
    }

    fn wrong_type(&self, path: &str, value: &Value) -> Refusal {
        let got = match value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(number) if number.is_f64() => "a decimal",
            Value::Number(_) => "an integer",
            Value::String(_) => "a string",
            Value::Array(_) => "an array",
            Value::Object(_) => "an object",
        };
        let message = format!("Invalid type for '{path}': expected {}, but got {got} instead.", self.wanted());
        Refusal::invalid("invalid_type", path, message)
    }
}

/// Checks the fields of an object that stands at `path`; the empty path is the body itself.
pub(in crate::sim::openai) fn check_fields(
    fields: &[Field],
    path: &str,
    given: &Map<String, Value>,
) -> Result<(), Refusal> {
    for (name, value) in given {
        let at = below(path, name);
        let field = fields.iter().find(|field| field.name == name).ok_or_else(|| Refusal::unknown_parameter(&at))?;
        field.shape.check(&at, value)?;
    }
    let missing = fields.iter().find(|field| field.required && !given.contains_key(field.name));
    missing.map_or(Ok(()), |field| Err(Refusal::missing_parameter(&below(path, field.name))))
}

fn check_tagged(
    kinds: &[(&'static str, &'static [Field])],
    path: &str,
    given: &Map<String, Value>,
) -> Result<(), Refusal> {
    let at = below(path, "type");
    let names: Vec<&str> = kinds.iter().map(|(name, _)| *name).collect();
    let kind = match given.get("type") {
        None => return Err(Refusal::missing_parameter(&at)),
        Some(Value::String(kind)) => kind,
        Some(other) => return Err(Shape::Text.wrong_type(&at, other)),
    };
    let fields = kinds.iter().find(|(name, _)| name == kind);
    let (_, fields) = fields.ok_or_else(|| Refusal::unsupported(&at, kind, &names))?;
    let others = given.iter().filter(|(name, _)| *name != "type").map(|(name, value)| (name.clone(), value.clone()));
    check_fields(fields, path, &others.collect())
}

fn below(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn bounded<N: PartialOrd + std::fmt::Display>(
    path: &str,
    kind: &'static str,
    (given, least, most): (N, N, N),
) -> Result<(), Refusal> {
    let (code, side, sign, bound) = match kind {
        _ if given >= least && given <= most => return Ok(()),
        "integer" if given < least => ("integer_below_min_value", "below minimum", ">=", least),
        "integer" => ("integer_above_max_value", "above maximum", "<=", most),
        _ if given < least => ("decimal_below_min_value", "below minimum", ">=", least),
        _ => ("decimal_above_max_value", "above maximum", "<=", most),
    };
    let message =
        format!("Invalid '{path}': {kind} {side} value. Expected a value {sign} {bound}, but got {given} instead.");
    Err(Refusal::invalid(code, path, message))
}

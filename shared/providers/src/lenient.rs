//! Reading providers' JSON leniently: what is of a wrong type (`false`, `null`, `""`) is absent, and nothing fails.
//!
//! Providers say "missing" in many ways (OmniDimension's is the literal `false`), and add fields and words as they please.

use serde_json::{Map, Value};
use switchboard_core::{Currency, Micros, Money, Personal, PhoneNumber};

use crate::ExternalId;

/// A place in an answer that may hold anything, or not be there.
#[derive(Clone, Copy)]
pub(crate) struct Field<'a>(Option<&'a Value>);

impl<'a> Field<'a> {
    /// A whole answer.
    pub(crate) fn whole(value: &'a Value) -> Self {
        Self(Some(value))
    }

    /// The field of this name.
    pub(crate) fn at(self, name: &str) -> Self {
        Self(self.0.and_then(|value| value.get(name)))
    }

    /// This, or `other` where this is not there.
    pub(crate) fn or(self, other: Self) -> Self {
        if self.is_there() { self } else { other }
    }

    /// Whether it says anything.
    pub(crate) fn is_there(self) -> bool {
        match self.0 {
            None | Some(Value::Null | Value::Bool(false)) => false,
            Some(Value::String(text)) => !text.trim().is_empty(),
            Some(Value::Bool(true) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => true,
        }
    }

    /// A text that is not empty.
    pub(crate) fn text(self) -> Option<&'a str> {
        self.0.and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty())
    }

    /// A text that is about a person.
    pub(crate) fn personal(self) -> Option<Personal> {
        self.text().map(Personal::new)
    }

    /// A truth value.
    pub(crate) fn flag(self) -> Option<bool> {
        self.0.and_then(Value::as_bool)
    }

    /// A name, written as a text or a number.
    pub(crate) fn id(self) -> Option<ExternalId> {
        match self.0? {
            Value::String(text) => ExternalId::parse(text.trim()),
            Value::Number(number) => number.as_u64().and_then(|number| ExternalId::parse(&number.to_string())),
            _ => None,
        }
    }

    /// A whole number that is not negative, written as a number or a text; decimals are cut.
    pub(crate) fn whole_number(self) -> Option<u32> {
        let text = self.decimal()?;
        let whole = text.split_once('.').map_or(text.as_str(), |(whole, _)| whole);
        whole.parse().ok()
    }

    /// A number as its digits, written as a number or a text.
    pub(crate) fn decimal(self) -> Option<String> {
        match self.0? {
            Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// An amount of a currency.
    pub(crate) fn money(self, currency: Currency) -> Option<Money> {
        let amount = Micros::rounded(&self.decimal()?).ok()?;
        Some(Money::new(amount, currency))
    }

    /// Whether it is this number, however it is written. `None` if it is no number at all.
    pub(crate) fn is_number(self, number: &PhoneNumber) -> Option<bool> {
        let digits = |text: &str| -> String { text.chars().filter(char::is_ascii_digit).collect() };
        let written = digits(self.text()?);
        (!written.is_empty()).then(|| written == digits(number.expose()))
    }

    /// The elements of a list; none where it is no list.
    pub(crate) fn list(self) -> impl Iterator<Item = Field<'a>> {
        self.0.and_then(Value::as_array).into_iter().flatten().map(Field::whole)
    }

    /// Whether it is a list.
    pub(crate) fn is_list(self) -> bool {
        self.0.is_some_and(Value::is_array)
    }

    /// An object that has fields.
    pub(crate) fn object(self) -> Option<&'a Map<String, Value>> {
        self.0.and_then(Value::as_object).filter(|object| !object.is_empty())
    }
}

/// JSON in its one canonical text (RFC 8785), so that equal contents are equal texts.
pub(crate) fn canonical(value: &Value) -> String {
    serde_json_canonicalizer::to_string(value).unwrap_or_else(|_| value.to_string())
}

/// Calls `seen` with every text in a value, at any depth.
pub(crate) fn each_text<'a>(value: &'a Value, seen: &mut impl FnMut(&'a str)) {
    match value {
        Value::String(text) => seen(text),
        Value::Array(items) => items.iter().for_each(|item| each_text(item, seen)),
        Value::Object(fields) => fields.values().for_each(|field| each_text(field, seen)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// Any JSON, three levels deep.
    pub(crate) fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map("[a-zA-Z_]{1,10}", inner, 0..5)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    #[test]
    fn every_way_of_saying_nothing_is_absent() {
        for nothing in [json!(null), json!(false), json!(""), json!("  ")] {
            let field = Field::whole(&nothing);
            assert!(!field.is_there() && field.text().is_none() && field.id().is_none(), "{nothing}");
            assert!(field.whole_number().is_none() && field.object().is_none() && field.list().next().is_none());
        }
    }

    #[test]
    fn numbers_are_read_however_they_are_written() {
        for (written, number) in [
            (json!(20), Some(20)),
            (json!("20"), Some(20)),
            (json!(20.9), Some(20)),
            (json!("20.0"), Some(20)),
            (json!(-1), None),
            (json!("1:20"), None),
            (json!(5_000_000_000_u64), None),
            (json!(true), None),
        ] {
            assert_eq!(Field::whole(&written).whole_number(), number, "{written}");
        }
        assert_eq!(Field::whole(&json!(3_166_940)).id(), ExternalId::parse("3166940"));
        assert_eq!(Field::whole(&json!("../etc")).id(), None);
    }

    proptest! {
        #[test]
        fn nothing_that_json_can_hold_makes_reading_panic(value in any_json()) {
            let field = Field::whole(&value);
            let _ = (field.text(), field.id(), field.whole_number(), field.flag(), field.object().is_some());
            let _ = field.money(Currency::USD);
            let _ = field.at("a").or(field).list().count();
            each_text(&value, &mut |_| {});
            canonical(&value);
        }
    }
}

//! Call scenarios: what an agent is told and says first on the four kinds of call that operators place by hand (R4).
//!
//! A scenario is text in Arabic and English with `{{placeholders}}`, and the form that asks for their values. What this module must not know:
//! which provider speaks the text, or how a form looks.
//!
//! Mixed directions: a value may be Latin in an Arabic sentence ("Ahmed", "42.500 OMR"), and the bidirectional algorithm would then pull
//! the punctuation and numbers around it out of order. So each placeholder of an Arabic text stands between U+2068 (first strong isolate)
//! and U+2069 (pop directional isolate), and [`render`] takes such marks out of the values. English texts part any two placeholders by
//! words, which has the same effect for Arabic values in them.
//!
//! | file | noun |
//! |---|---|
//! | `placeholder` | [`placeholders_in`], [`render`]: filling texts in |
//! | `conduct` | what holds for every call, whatever it is about |
//! | `payment_reminder`, `account_inquiry`, `service_upgrade`, `technical_support` | one scenario each |

mod account_inquiry;
mod conduct;
mod payment_reminder;
mod placeholder;
mod service_upgrade;
mod technical_support;

use std::collections::BTreeMap;

use serde::Serialize;
use serde::ser::SerializeStruct;

use crate::Personal;

pub use placeholder::{MissingParameters, on_one_line, placeholders_in, render};

/// The scenarios, in the order that a list shows them.
static ALL: [Scenario; 4] =
    [payment_reminder::SCENARIO, account_inquiry::SCENARIO, service_upgrade::SCENARIO, technical_support::SCENARIO];

/// The field that every scenario begins with.
const CUSTOMER_NAME: FormField = FormField {
    name: "customerName",
    label: Bilingual { ar: "الاسم الكامل", en: "Customer's name" },
    kind: FieldKind::Text,
    required: true,
    example: Bilingual { ar: "أحمد الهنائي", en: "Ahmed Al Hinai" },
};

/// A text in the two languages that scenarios are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Bilingual {
    /// Modern Standard Arabic.
    pub ar: &'static str,
    /// English.
    pub en: &'static str,
}

impl Bilingual {
    /// The text for a language tag (BCP 47): Arabic for `ar` and all its regions (`ar-OM`), English for everything else.
    #[must_use]
    pub fn in_language(self, tag: &str) -> &'static str {
        let primary = tag.split(['-', '_']).next().unwrap_or("");
        if primary.eq_ignore_ascii_case("ar") { self.ar } else { self.en }
    }
}

/// What kind of value a field of a form takes; the names are those of HTML's inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldKind {
    /// A short text. Amounts are texts, too: they carry their currency.
    Text,
    /// A text of several lines.
    TextArea,
    /// A day, as in `2026-12-31`.
    Date,
}

/// One field of a scenario's form: it asks for the value of the placeholder of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct FormField {
    /// The placeholder, and the key in a call's `params`.
    pub name: &'static str,
    /// What the form calls it.
    pub label: Bilingual,
    /// What kind of value it takes.
    #[serde(rename = "type")]
    pub kind: FieldKind,
    /// Whether a call needs it.
    pub required: bool,
    /// A value as people write it, to show in the empty field.
    pub example: Bilingual,
}

/// A kind of call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// Its name in requests, as in `payment-reminder`.
    pub id: &'static str,
    /// Its name for people.
    pub title: Bilingual,
    /// What such a call is for.
    pub description: Bilingual,
    /// What the agent is told. Not for the callee's ears.
    pub system_prompt: Bilingual,
    /// What the agent says first. It names itself as a machine, and gives nothing away before the callee has said who they are.
    pub first_message: Bilingual,
    /// The form that asks for the values.
    pub fields: &'static [FormField],
}

/// A scenario's texts in one language, filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// What the agent is told.
    pub system_prompt: Personal,
    /// What the agent says first.
    pub first_message: Personal,
}

impl Scenario {
    /// Every scenario.
    #[must_use]
    pub fn all() -> &'static [Self] {
        &ALL
    }

    /// The scenario of that name.
    #[must_use]
    pub fn find(id: &str) -> Option<&'static Self> {
        ALL.iter().find(|scenario| scenario.id == id)
    }

    /// The names that its texts need values for, in the form's order.
    #[must_use]
    pub fn placeholders(&self) -> Vec<&'static str> {
        self.fields.iter().map(|field| field.name).collect()
    }

    /// Both texts in the language of `tag`, filled in.
    ///
    /// # Errors
    /// [`MissingParameters`] with every placeholder of either text that has no value.
    pub fn script(&self, tag: &str, params: &BTreeMap<String, String>) -> Result<Script, MissingParameters> {
        let fill = |text: Bilingual| render(text.in_language(tag), params).map(Personal::new);
        match (fill(self.first_message), fill(self.system_prompt)) {
            (Ok(first_message), Ok(system_prompt)) => Ok(Script { system_prompt, first_message }),
            (Ok(_), Err(missing)) | (Err(missing), Ok(_)) => Err(missing),
            (Err(first), Err(second)) => Err(first.and(second)),
        }
    }
}

impl Serialize for Scenario {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Scenario", 7)?;
        object.serialize_field("id", self.id)?;
        object.serialize_field("title", &self.title)?;
        object.serialize_field("description", &self.description)?;
        object.serialize_field("systemPrompt", &self.system_prompt)?;
        object.serialize_field("firstMessage", &self.first_message)?;
        object.serialize_field("fields", self.fields)?;
        object.serialize_field("placeholders", &self.placeholders())?;
        object.end()
    }
}

#[cfg(test)]
mod tests;

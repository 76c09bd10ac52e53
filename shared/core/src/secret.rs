//! Values that must not reach a log by accident.
//!
//! [`Secret`] grants something to whoever holds it; [`Personal`] is about a person. Neither has a `Display`, both print
//! nothing of themselves with `Debug`, and a secret cannot be serialised at all.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A credential: an API key, a signing key, a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes a value in keeping.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself, for the one place that needs it. Never pass it on to something that prints.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// Text that a person wrote or that names one. It travels in answers and in the table, never in a log line.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Personal(String);

impl Personal {
    /// Takes a text in keeping.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Personal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[personal]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_secret_or_a_personal_text_is_printed() {
        let printed = format!("{:?} {:?}", Secret::new("hunter2"), Personal::new("Jane"));
        assert_eq!(printed, "[secret] [personal]");
    }
}

//! Who a session is for, without saying who.

use std::fmt;

/// The value of `OpenAI-Safety-Identifier`, and ChatKit's `user`: the same for the same person of the same tenant, and nothing
/// that anybody could read a person from. OpenAI takes at most 64 characters.
#[derive(Clone, PartialEq, Eq)]
pub struct SafetyId(String);

impl SafetyId {
    /// Takes a keyed hash (HMAC-SHA256) over the tenant and its user. Never a bare hash of a user's id, which anybody could
    /// compute who can guess the id.
    #[must_use]
    pub fn of(keyed_hash: &[u8; 32]) -> Self {
        Self(keyed_hash.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The value: 64 hexadecimal digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SafetyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[safety id]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_as_long_as_openai_takes_and_prints_nothing_of_itself() {
        let id = SafetyId::of(&[0x0a; 32]);
        assert_eq!(id.as_str(), "0a".repeat(32));
        assert_eq!(id.as_str().len(), 64);
        assert_eq!(format!("{id:?}"), "[safety id]");
    }
}

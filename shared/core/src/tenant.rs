//! Whose data it is, and what a key may do with it.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// The owner of rows. A tenant reads and changes only its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct TenantId(String);

impl TenantId {
    /// Longest tenant name, in characters. It becomes part of keys and of log lines.
    pub const MAX_CHARS: usize = 64;

    /// Reads a tenant's name: 1 to 64 of `a–z`, `0–9` and `-`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (1..=Self::MAX_CHARS).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        fits.then(|| Self(text.to_owned()))
    }

    /// The tenant of everything that was opened without a credential.
    #[must_use]
    pub fn public() -> Self {
        Self("public".to_owned())
    }

    /// Whether this is the tenant of everything that was opened without a credential.
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.0 == "public"
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for TenantId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("expected 1 to 64 of a-z, 0-9 and -"))
    }
}

/// One thing that an API key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Scope {
    /// Open, use and end voice sessions.
    #[serde(rename = "voice:write")]
    VoiceWrite,
    /// Read voice sessions.
    #[serde(rename = "voice:read")]
    VoiceRead,
    /// Place and end calls.
    #[serde(rename = "calls:write")]
    CallsWrite,
    /// Read calls, with phone numbers in full.
    #[serde(rename = "calls:read")]
    CallsRead,
    /// Change agents.
    #[serde(rename = "agents:write")]
    AgentsWrite,
    /// Read agents.
    #[serde(rename = "agents:read")]
    AgentsRead,
    /// Mint realtime tokens that no lease holds back.
    #[serde(rename = "realtime:raw")]
    RealtimeRaw,
    /// Run the installation: webhook URLs, clients, explanations.
    #[serde(rename = "operator")]
    Operator,
    /// Ask what costs money or names providers' state.
    #[serde(rename = "admin")]
    Admin,
}

impl Scope {
    /// Every scope there is.
    pub const ALL: [Self; 9] = [
        Self::VoiceWrite,
        Self::VoiceRead,
        Self::CallsWrite,
        Self::CallsRead,
        Self::AgentsWrite,
        Self::AgentsRead,
        Self::RealtimeRaw,
        Self::Operator,
        Self::Admin,
    ];

    /// The scope's name in requests, keys and documentation.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::VoiceWrite => "voice:write",
            Self::VoiceRead => "voice:read",
            Self::CallsWrite => "calls:write",
            Self::CallsRead => "calls:read",
            Self::AgentsWrite => "agents:write",
            Self::AgentsRead => "agents:read",
            Self::RealtimeRaw => "realtime:raw",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no scope.
#[derive(Debug, thiserror::Error)]
#[error(
    "unknown scope; the scopes are voice:write, voice:read, calls:write, calls:read, agents:write, agents:read, realtime:raw, operator, admin"
)]
pub struct UnknownScope;

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text).ok_or(UnknownScope)
    }
}

/// What a key may do, all together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Scopes(BTreeSet<Scope>);

impl Scopes {
    /// Every scope.
    #[must_use]
    pub fn all() -> Self {
        Scope::ALL.into_iter().collect()
    }

    /// Whether `scope` is among them.
    #[must_use]
    pub fn contains(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }

    /// The scopes, in a fixed order.
    pub fn iter(&self) -> impl Iterator<Item = Scope> + '_ {
        self.0.iter().copied()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().collect())
    }
}

/// An API key as it is kept: never the key itself, only its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// The public part, between `sk_sb_` and the secret.
    pub id: String,
    /// SHA-256 of the whole key, in lower-case hex.
    pub hash: String,
    /// Whose key it is.
    pub tenant: TenantId,
    /// What it may do.
    pub scopes: Scopes,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was taken back, if it was. A revoked key is kept, so that its id is never given out again.
    pub revoked_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scope_is_read_by_the_name_it_is_written_with() {
        for scope in Scope::ALL {
            assert_eq!(scope.as_str().parse::<Scope>().unwrap(), scope);
            assert_eq!(serde_json::to_string(&scope).unwrap(), format!("\"{scope}\""));
        }
        assert!("voice".parse::<Scope>().is_err());
    }

    #[test]
    fn a_tenant_name_cannot_break_out_of_a_key() {
        for wrong in ["", "a#b", "A", "a b", "ü", &"a".repeat(65)] {
            assert_eq!(TenantId::parse(wrong), None, "{wrong:?}");
        }
        assert!(TenantId::parse("acme-2").is_some());
    }
}

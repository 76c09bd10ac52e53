//! API keys: `sk_sb_<id>_<secret>`.
//!
//! The id is public and finds the row; the row holds the SHA-256 of the whole key. A plain hash is enough because the
//! secret is random, not chosen by a person.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use switchboard_core::{ApiKey, Secret};

/// What every key begins with.
const PREFIX: &str = "sk_sb_";
/// Longest key that is looked at, in bytes; anything longer is not a key of ours.
const MAX_BYTES: usize = 200;
/// Random bytes in the secret of a new key: 160 bits.
const SECRET_BYTES: usize = 20;
/// Random bytes in the id of a new key.
const ID_BYTES: usize = 6;

/// An API key as somebody shows it.
#[derive(Clone, Debug)]
pub struct PresentedKey {
    id: String,
    whole: Secret,
}

impl PresentedKey {
    /// Whether a bearer credential means to be an API key (as opposed to a token).
    #[must_use]
    pub fn looks_like_one(bearer: &str) -> bool {
        bearer.starts_with(PREFIX)
    }

    /// Reads a key's form. That it has the form says nothing about whether it holds.
    #[must_use]
    pub fn parse(bearer: &str) -> Option<Self> {
        if bearer.len() > MAX_BYTES {
            return None;
        }
        let (id, secret) = bearer.strip_prefix(PREFIX)?.split_once('_')?;
        let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
        (plain(id) && plain(secret)).then(|| Self { id: id.to_owned(), whole: Secret::new(bearer) })
    }

    /// A new key from the system's random generator.
    ///
    /// # Errors
    /// If the operating system has no random numbers.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut random = [0_u8; ID_BYTES + SECRET_BYTES];
        getrandom::fill(&mut random)?;
        let (id, secret) = random.split_at(ID_BYTES);
        let id = hex(id);
        let whole = Secret::new(format!("{PREFIX}{id}_{}", hex(secret)));
        Ok(Self { id, whole })
    }

    /// The public part.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The key itself, to be shown once to whoever asked for it.
    #[must_use]
    pub fn reveal(&self) -> &Secret {
        &self.whole
    }

    /// What is kept of it: SHA-256 of the whole key, lower-case hex.
    #[must_use]
    pub fn hash(&self) -> String {
        hex(&Sha256::digest(self.whole.expose().as_bytes()))
    }

    /// Whether this is the key that `record` was made from, compared in constant time.
    #[must_use]
    pub fn is(&self, record: &ApiKey) -> bool {
        self.hash().as_bytes().ct_eq(record.hash.as_bytes()).into()
    }
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_key_has_the_documented_form_and_no_two_are_alike() {
        let key = PresentedKey::generate().unwrap();
        let read = PresentedKey::parse(key.reveal().expose()).unwrap();
        assert_eq!((read.id(), read.hash()), (key.id(), key.hash()));
        assert_ne!(key.hash(), PresentedKey::generate().unwrap().hash());
    }

    #[test]
    fn what_has_not_the_form_is_not_a_key() {
        let long = format!("sk_sb_a_{}", "0".repeat(MAX_BYTES));
        for wrong in ["", "sk_sb_", "sk_sb_local", "sk_sb__x", "sk_sb_local_", "sk_sb_a#b_c", "sk_sb_a_b c", &long] {
            assert!(PresentedKey::parse(wrong).is_none(), "{wrong:?}");
        }
        assert_eq!(PresentedKey::parse("sk_sb_local_0000000000000000").unwrap().id(), "local");
    }
}

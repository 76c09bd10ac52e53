//! The signing keys of an installation, and what is derived from them.
//!
//! During a rotation there are two: the first signs, both verify. Each purpose (tokens, cursors) uses a key of its own,
//! derived by HMAC from the configured one, so that a value made for one purpose is never valid for another.

use std::sync::Once;

use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{ErrorKind, Result as JwtResult};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use sha2::Sha256;
use switchboard_core::Secret;

use crate::api_key::hex;

/// HMAC-SHA256, the only algorithm used here.
pub(crate) type HmacSha256 = Hmac<Sha256>;

/// Fewest bytes of a signing key: HMAC-SHA256 is as strong as its key up to 256 bits (RFC 7518 §3.2).
const MIN_BYTES: usize = 32;

/// A signing key that is too short to be safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeakKey {
    /// There is none at all.
    #[error("no signing key is configured")]
    None,
    /// One of them is too short.
    #[error("a signing key has {0} bytes; at least {MIN_BYTES} are needed")]
    TooShort(usize),
}

/// The keys that this installation signs with, newest first.
#[derive(Clone, Debug)]
pub struct SigningKeys(Vec<SigningKey>);

/// One key, with the name that tokens carry to say which one signed them.
#[derive(Clone, Debug)]
pub(crate) struct SigningKey {
    pub(crate) kid: String,
    secret: Secret,
}

impl SigningKeys {
    /// Takes the configured keys, the one that signs first.
    ///
    /// # Errors
    /// [`WeakKey`] if there is none, or the first has fewer than 32 bytes. Other weak ones are left aside.
    pub fn new(secrets: Vec<Secret>) -> Result<Self, WeakKey> {
        use_hs256_alone();
        let current = secrets.first().ok_or(WeakKey::None)?;
        if current.expose().len() < MIN_BYTES {
            return Err(WeakKey::TooShort(current.expose().len()));
        }
        // One that is not in use yet, or not any more, must not take down the one that is.
        let strong = secrets.into_iter().filter(|secret| secret.expose().len() >= MIN_BYTES);
        Ok(Self(strong.map(SigningKey::new).collect()))
    }

    /// All of them, the signing one first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &SigningKey> {
        self.0.iter()
    }
}

impl SigningKey {
    fn new(secret: Secret) -> Self {
        let digest = mac(secret.expose().as_bytes(), &[b"switchboard kid"]);
        let kid = hex(digest.get(..4).unwrap_or(&digest));
        Self { kid, secret }
    }

    /// The key for one purpose.
    pub(crate) fn derive(&self, purpose: &str) -> Vec<u8> {
        mac(self.secret.expose().as_bytes(), &[b"switchboard ", purpose.as_bytes()])
    }
}

/// HMAC-SHA256 over the parts, one after the other.
pub(crate) fn mac(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    keyed(key, parts).map(|mac| mac.finalize().into_bytes().to_vec()).unwrap_or_default()
}

/// Whether `tag` is the HMAC-SHA256 of the parts, compared in constant time.
pub(crate) fn mac_holds(key: &[u8], parts: &[&[u8]], tag: &[u8]) -> bool {
    keyed(key, parts).is_some_and(|mac| mac.verify_slice(tag).is_ok())
}

/// `None` never happens: HMAC takes keys of any length.
fn keyed(key: &[u8], parts: &[&[u8]]) -> Option<HmacSha256> {
    let mut mac = HmacSha256::new_from_slice(key).ok()?;
    for part in parts {
        mac.update(part);
    }
    Some(mac)
}

/// Gives the JWT library HMAC-SHA256 and nothing else: a token that names another algorithm cannot be verified because
/// there is nothing to verify it with.
fn use_hs256_alone() {
    static PROVIDER: CryptoProvider =
        CryptoProvider { signer_factory: signer, verifier_factory: verifier, key_utils: KeyUtils::new_unimplemented() };
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Err means that another part of the process installed a provider first; ours is the only one there is.
        let _ = PROVIDER.install_default();
    });
}

struct Hs256(Vec<u8>);

fn signer(algorithm: &Algorithm, key: &EncodingKey) -> JwtResult<Box<dyn JwtSigner>> {
    match algorithm {
        Algorithm::HS256 => Ok(Box::new(Hs256(key.as_bytes().to_vec()))),
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    }
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> JwtResult<Box<dyn JwtVerifier>> {
    match algorithm {
        Algorithm::HS256 => Ok(Box::new(Hs256(key.try_get_as_bytes()?.to_vec()))),
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    }
}

impl signature::Signer<Vec<u8>> for Hs256 {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        Ok(mac(&self.0, &[message]))
    }
}

impl signature::Verifier<Vec<u8>> for Hs256 {
    fn verify(&self, message: &[u8], tag: &Vec<u8>) -> Result<(), signature::Error> {
        if mac_holds(&self.0, &[message], tag) { Ok(()) } else { Err(signature::Error::new()) }
    }
}

impl JwtSigner for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

impl JwtVerifier for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_or_missing_key_is_refused_and_a_short_one_beside_it_left_aside() {
        assert_eq!(SigningKeys::new(vec![]).unwrap_err(), WeakKey::None);
        let (strong, weak) = (Secret::new("x".repeat(32)), Secret::new("x".repeat(31)));
        assert_eq!(SigningKeys::new(vec![weak.clone(), strong.clone()]).unwrap_err(), WeakKey::TooShort(31));
        assert_eq!(SigningKeys::new(vec![strong, weak]).unwrap().iter().count(), 1);
    }

    #[test]
    fn each_purpose_and_each_key_has_a_key_of_its_own() {
        let keys = SigningKeys::new(vec![Secret::new("a".repeat(32)), Secret::new("b".repeat(32))]).unwrap();
        let mut derived: Vec<_> =
            keys.iter().flat_map(|key| [key.derive("session token"), key.derive("cursor")]).collect();
        derived.sort();
        derived.dedup();
        assert_eq!(derived.len(), 4);
    }
}

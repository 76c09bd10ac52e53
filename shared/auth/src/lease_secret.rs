//! The secret that renews a realtime call's lease, once.
//!
//! It is `lse_<generation>.<mac>`: kept nowhere, made from the installation's keys, the session's name and the lease's generation.
//! Whether the generation is the current one is the lease's matter.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use switchboard_core::{RealtimeId, Secret};

use crate::SigningKeys;
use crate::signing::{mac, mac_holds};

const PURPOSE: &str = "lease";
const PREFIX: &str = "lse_";
/// Longest text that is looked at, in characters: the prefix, ten digits, a dot and 43 characters of a MAC.
const MAX_CHARS: usize = 64;

/// A lease secret that holds for its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseSecret {
    /// Which of the lease's secrets it is.
    pub generation: u32,
}

impl LeaseSecret {
    /// The secret in the form in which a page is given it.
    #[must_use]
    pub fn sign(self, keys: &SigningKeys, session: RealtimeId) -> Secret {
        let key = keys.iter().next().map(|key| key.derive(PURPOSE)).unwrap_or_default();
        let generation = self.generation.to_string();
        let tag = mac(&key, &[session.to_string().as_bytes(), b"\0", generation.as_bytes()]);
        Secret::new(format!("{PREFIX}{generation}.{}", URL_SAFE_NO_PAD.encode(tag)))
    }

    /// Reads a secret that [`LeaseSecret::sign`] made for this session. `None` for anything else.
    #[must_use]
    pub fn verify(text: &str, keys: &SigningKeys, session: RealtimeId) -> Option<Self> {
        if text.len() > MAX_CHARS {
            return None;
        }
        let (generation, tag) = text.strip_prefix(PREFIX)?.split_once('.')?;
        let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
        let session = session.to_string();
        let parts: [&[u8]; 3] = [session.as_bytes(), b"\0", generation.as_bytes()];
        let holds = keys.iter().any(|key| mac_holds(&key.derive(PURPOSE), &parts, &tag));
        generation.parse().ok().filter(|_| holds).map(|generation| Self { generation })
    }
}

#[cfg(test)]
mod tests {
    use switchboard_core::Timestamp;

    use super::*;

    fn keys(name: &str) -> SigningKeys {
        SigningKeys::new(vec![Secret::new(name.repeat(32))]).unwrap()
    }

    #[test]
    fn a_secret_holds_for_its_session_and_its_key_and_says_its_generation() {
        let now = Timestamp::from_epoch_secs(1_795_169_208);
        let (session, other) = (RealtimeId::generate(now), RealtimeId::generate(now));
        let secret = LeaseSecret { generation: 7 }.sign(&keys("a"), session);
        let text = secret.expose();
        assert_eq!(LeaseSecret::verify(text, &keys("a"), session), Some(LeaseSecret { generation: 7 }));
        assert_eq!(LeaseSecret::verify(text, &keys("b"), session), None);
        assert_eq!(LeaseSecret::verify(text, &keys("a"), other), None);
        let next = text.replacen('7', "8", 1);
        for wrong in ["", "lse_7", "lse_.x", "lse_7.", next.as_str(), &format!("{text}A"), &text.replace("lse_", "")] {
            assert_eq!(LeaseSecret::verify(wrong, &keys("a"), session), None, "{wrong}");
        }
    }

    #[test]
    fn during_a_rotation_the_old_keys_secrets_hold() {
        let session = RealtimeId::generate(Timestamp::from_epoch_secs(1_795_169_208));
        let old = LeaseSecret { generation: 1 }.sign(&keys("a"), session);
        let both = SigningKeys::new(vec![Secret::new("b".repeat(32)), Secret::new("a".repeat(32))]).unwrap();
        assert!(LeaseSecret::verify(old.expose(), &both, session).is_some());
    }
}

//! Capability URLs: what stands for a signature where a sender cannot sign (OmniDimension, Hamsa, the OMI wearable).
//!
//! The last part of such an address is a token `<hookId>.<mac>`. The mac is HMAC-SHA256 over what the hook is for, so that a
//! token made for one sender, purpose or generation is worth nothing for another; whoever holds no key cannot make one. What
//! this module must not know: which hooks exist and which were revoked. That is the table's; whoever reads it says
//! [`Cause::UnknownHook`] and [`Cause::RevokedHook`].

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use switchboard_core::{HookId, KeyedSecret, Secret};

use crate::webhook::{Cause, Inbound, Rejection, Verified};

/// Fewest bytes of a key: HMAC-SHA256 is as strong as its key up to 256 bits (RFC 7518 §3.2).
const MIN_KEY_BYTES: usize = 32;
/// Characters of a mac: 32 bytes in base64url without padding.
const MAC_CHARS: usize = 43;
/// Separates these macs from whatever else a key may ever be used for.
const DOMAIN: &[u8] = b"switchboard capability url 1";
/// How many earlier generations are tried to explain a refusal.
const EXPLAINED_GENERATIONS: u32 = 16;
/// The senders that are given such addresses, by the word behind `/webhooks/`; tried to explain a refusal.
const SENDERS: [&str; 5] = ["hamsa", "omnidimension", "omi-memory", "omi-transcript", "omi-day-summary"];

/// What a hook is for, as its row says.
#[derive(Clone, Copy, Debug)]
pub struct HookFacts<'a> {
    /// Its name.
    pub hook: HookId,
    /// Who may use it: the word behind `/webhooks/`.
    pub sender: &'a str,
    /// What for: one call, an account, a pairing.
    pub purpose: &'a str,
    /// Counts the rotations; only the token of the current one holds.
    pub generation: u32,
}

/// Why a configured key cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadUrlKey {
    /// There is none.
    #[error("no key for webhook URLs is configured")]
    None,
    /// The one that makes tokens is too short.
    #[error("a key for webhook URLs has {0} bytes; at least {MIN_KEY_BYTES} are needed")]
    TooShort(usize),
}

/// Makes and proves the tokens of capability URLs.
#[derive(Clone)]
pub struct CapabilityUrls {
    current: KeyedSecret,
    others: Vec<KeyedSecret>,
    retired: Vec<KeyedSecret>,
}

impl fmt::Debug for CapabilityUrls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CapabilityUrls({}, {} more)", self.current.kid, self.others.len())
    }
}

impl CapabilityUrls {
    /// Takes the keys: the first of `accepted` makes tokens, all of them prove; `retired` ones only explain refusals.
    ///
    /// # Errors
    /// [`BadUrlKey`] if there is none, or the first has fewer than 32 bytes. Other weak ones are left aside.
    pub fn new(accepted: &[KeyedSecret], retired: &[KeyedSecret]) -> Result<Self, BadUrlKey> {
        let (current, others) = accepted.split_first().ok_or(BadUrlKey::None)?;
        if !is_strong(current) {
            return Err(BadUrlKey::TooShort(current.value.expose().len()));
        }
        // One that is not in use yet, or not any more, must not take down the one that is.
        let strong = |keys: &[KeyedSecret]| keys.iter().filter(|key| is_strong(key)).cloned().collect();
        Ok(Self { current: current.clone(), others: strong(others), retired: strong(retired) })
    }

    /// The token of a hook. It grants whatever the hook grants.
    #[must_use]
    pub fn token(&self, facts: &HookFacts<'_>) -> Secret {
        Secret::new(format!("{}.{}", facts.hook, mac(&self.current, facts)))
    }

    /// Which hook a token says that it is for. Proves nothing.
    #[must_use]
    pub fn hook_of(token: &str) -> Option<HookId> {
        Parts::read(token).map(|parts| parts.hook)
    }

    /// Proves that a token was made by us for this hook, sender, purpose and generation.
    ///
    /// # Errors
    /// [`Rejection`] with its cause: a malformed token, one of an earlier generation, of another sender's hook, made with a
    /// retired key, or none of ours.
    pub fn prove(&self, token: &str, facts: &HookFacts<'_>) -> Result<UrlProof, Rejection> {
        let given = Parts::read(token).ok_or_else(|| Rejection::of(Cause::MalformedToken))?;
        if given.hook != facts.hook {
            return Err(Rejection::of(Cause::UrlMismatch));
        }
        match self.accepted().find(|key| given.was_made(key, facts)) {
            Some(key) => Ok(UrlProof { hook: facts.hook, sender: facts.sender.to_owned(), kid: key.kid.clone() }),
            None => Err(self.explain(&given, facts)),
        }
    }

    fn accepted(&self) -> impl Iterator<Item = &KeyedSecret> {
        std::iter::once(&self.current).chain(&self.others)
    }

    /// Why a token does not hold. Only a refused one gets here; what is tried changes nothing about the refusal.
    fn explain(&self, given: &Parts<'_>, facts: &HookFacts<'_>) -> Rejection {
        if let Some(key) = self.retired.iter().find(|key| given.was_made(key, facts)) {
            return Rejection::with(Cause::RetiredUrlKey, "key", &key.kid);
        }
        let fits = |facts: &HookFacts<'_>| self.accepted().any(|key| given.was_made(key, facts));
        let earlier = facts.generation.saturating_sub(EXPLAINED_GENERATIONS)..facts.generation;
        if let Some(generation) =
            earlier.rev().find(|generation| fits(&HookFacts { generation: *generation, ..*facts }))
        {
            let behind = facts.generation.saturating_sub(generation).to_string();
            return Rejection::with(Cause::RotatedUrl, "generationsBehind", &behind);
        }
        let others = SENDERS.into_iter().filter(|sender| *sender != facts.sender);
        match others.into_iter().find(|sender| fits(&HookFacts { sender, ..*facts })) {
            Some(sender) => Rejection::with(Cause::WrongSender, "urlOf", sender),
            None => Rejection::of(Cause::UrlMismatch),
        }
    }
}

/// The token of a hook, for whoever has the keys and the hook's row: made with the first of `accepted`.
///
/// # Errors
/// What is wrong with the keys, in words.
pub fn make_token(
    accepted: &[KeyedSecret],
    hook: HookId,
    sender: &str,
    purpose: &str,
    generation: u32,
) -> Result<Secret, String> {
    let urls = CapabilityUrls::new(accepted, &[]).map_err(|bad| bad.to_string())?;
    Ok(urls.token(&HookFacts { hook, sender, purpose, generation }))
}

/// That a delivery came to an address that only its sender was given. Only [`CapabilityUrls::prove`] makes one, and no delivery
/// of a sender that cannot sign is read without.
#[derive(Clone, Debug)]
pub struct UrlProof {
    hook: HookId,
    sender: String,
    kid: String,
}

impl UrlProof {
    /// The hook that was proved.
    #[must_use]
    pub fn hook(&self) -> HookId {
        self.hook
    }

    /// The delivery, now that its address is proved to be of this sender.
    pub(crate) fn verified<'a>(&self, sender: &str, request: &Inbound<'a>) -> Result<Verified<'a>, Rejection> {
        if self.sender != sender {
            return Err(Rejection::with(Cause::WrongSender, "urlOf", &self.sender));
        }
        Ok(Verified::new(request.body, self.replay_key(request.body), self.kid.clone()))
    }

    /// What makes another delivery to this hook a repetition: the same content, whatever its layout. The provider's own
    /// ids, the kind and the time are part of the content.
    fn replay_key(&self, body: &[u8]) -> String {
        let canonical = serde_json::from_slice::<serde_json::Value>(body)
            .ok()
            .and_then(|value| serde_json_canonicalizer::to_vec(&value).ok());
        let mut hash = Sha256::new();
        for part in [self.hook.to_string().as_bytes(), canonical.as_deref().unwrap_or(body)] {
            hash.update(length(part));
            hash.update(part);
        }
        URL_SAFE_NO_PAD.encode(hash.finalize())
    }
}

/// A token, taken apart.
struct Parts<'a> {
    hook: HookId,
    mac: &'a str,
}

impl<'a> Parts<'a> {
    fn read(token: &'a str) -> Option<Self> {
        let (hook, mac) = token.split_once('.')?;
        let encoded = mac.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        (encoded && mac.len() == MAC_CHARS).then_some(())?;
        Some(Self { hook: HookId::parse(hook)?, mac })
    }

    /// Constant-time, so that nobody can feel their way to a mac; as text, so that there is one spelling of each.
    fn was_made(&self, key: &KeyedSecret, facts: &HookFacts<'_>) -> bool {
        let expected = mac(key, facts);
        !expected.is_empty() && expected.as_bytes().ct_eq(self.mac.as_bytes()).into()
    }
}

fn is_strong(key: &KeyedSecret) -> bool {
    key.value.expose().len() >= MIN_KEY_BYTES
}

/// Each part goes in behind its length, so that no two hooks can be written alike.
fn mac(key: &KeyedSecret, facts: &HookFacts<'_>) -> String {
    // HMAC takes keys of any length, so that this is never `None`; an empty text equals no mac.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.value.expose().as_bytes()) else { return String::new() };
    let hook = facts.hook.to_string();
    let generation = facts.generation.to_be_bytes();
    for part in [DOMAIN, hook.as_bytes(), facts.sender.as_bytes(), facts.purpose.as_bytes(), &generation] {
        mac.update(&length(part));
        mac.update(part);
    }
    URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
}

fn length(part: &[u8]) -> [u8; 8] {
    (part.len() as u64).to_be_bytes()
}

impl Rejection {
    /// A refusal without measurements.
    #[must_use]
    pub fn of(cause: Cause) -> Self {
        Self { cause, evidence: BTreeMap::new() }
    }

    /// A refusal with one measurement: never a body, a signature or a secret.
    #[must_use]
    pub fn with(cause: Cause, name: &str, value: &str) -> Self {
        Self { cause, evidence: BTreeMap::from([(name.to_owned(), value.to_owned())]) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use switchboard_core::Timestamp;

    use super::*;

    fn key(name: &str) -> KeyedSecret {
        KeyedSecret { kid: name.to_owned(), value: Secret::new(name.repeat(32)) }
    }

    fn urls() -> CapabilityUrls {
        CapabilityUrls::new(&[key("a"), key("b")], &[key("o")]).unwrap()
    }

    fn hook() -> HookId {
        HookId::generate(Timestamp::from_epoch_secs(1_795_169_208))
    }

    fn facts(hook: HookId) -> HookFacts<'static> {
        HookFacts { hook, sender: "hamsa", purpose: "call", generation: 3 }
    }

    fn cause(token: &str, facts: &HookFacts<'_>) -> Option<Cause> {
        urls().prove(token, facts).err().map(|rejection| rejection.cause)
    }

    #[test]
    fn a_token_made_with_any_accepted_key_holds_and_says_which_hook_it_is_for() {
        let facts = facts(hook());
        for kid in ["a", "b"] {
            let token = CapabilityUrls::new(&[key(kid)], &[]).unwrap().token(&facts);
            let proof = urls().prove(token.expose(), &facts).unwrap();
            assert_eq!((proof.hook(), proof.kid.as_str()), (facts.hook, kid));
            assert_eq!(CapabilityUrls::hook_of(token.expose()), Some(facts.hook));
        }
    }

    #[test]
    fn each_refusal_names_its_true_cause() {
        let hook = hook();
        let now = facts(hook);
        let made = |keyed: &str, facts: &HookFacts<'_>| {
            CapabilityUrls::new(&[key(keyed)], &[]).unwrap().token(facts).expose().to_owned()
        };
        let good = made("a", &now);
        for (token, expected) in [
            (String::new(), Cause::MalformedToken),
            (hook.to_string(), Cause::MalformedToken),
            (format!("{hook}."), Cause::MalformedToken),
            (format!("{good}A"), Cause::MalformedToken),
            (format!("{good}="), Cause::MalformedToken),
            (good.replace("hook_", "call_"), Cause::MalformedToken),
            (made("o", &now), Cause::RetiredUrlKey),
            (made("b", &HookFacts { generation: 2, ..now }), Cause::RotatedUrl),
            (made("a", &HookFacts { generation: 4, ..now }), Cause::UrlMismatch),
            (made("a", &HookFacts { sender: "omnidimension", ..now }), Cause::WrongSender),
            (made("a", &HookFacts { purpose: "account", ..now }), Cause::UrlMismatch),
            (
                made("a", &HookFacts { hook: HookId::generate(Timestamp::from_epoch_secs(2)), ..now }),
                Cause::UrlMismatch,
            ),
            (made("x", &now), Cause::UrlMismatch),
        ] {
            assert_eq!(cause(&token, &now), Some(expected), "{token}");
        }
        assert_eq!(cause(&good, &now), None);
    }

    #[test]
    fn parts_cannot_be_shifted_from_one_field_to_the_next() {
        let hook = hook();
        let one = HookFacts { hook, sender: "omi", purpose: "-memory", generation: 1 };
        let other = HookFacts { sender: "omi-", purpose: "memory", ..one };
        assert_eq!(cause(urls().token(&one).expose(), &other), Some(Cause::UrlMismatch));
    }

    #[test]
    fn a_proof_of_one_sender_is_none_of_another_and_a_repetition_is_known_in_any_layout() {
        let facts = facts(hook());
        let proof = urls().prove(urls().token(&facts).expose(), &facts).unwrap();
        let headers = http::HeaderMap::new();
        let key = |sender: &str, body: &[u8]| {
            let urls: &[String] = &[];
            proof.verified(sender, &Inbound { urls, headers: &headers, body }).map(|v| v.replay_key().to_owned())
        };
        assert_eq!(key("omnidimension", b"{}").unwrap_err().cause, Cause::WrongSender);
        assert_eq!(key("hamsa", br#"{"a":1,"b":2}"#), key("hamsa", b"{ \"b\": 2, \"a\": 1 }\n"));
        assert_ne!(key("hamsa", br#"{"a":1,"b":2}"#), key("hamsa", br#"{"a":1,"b":3}"#));
        assert_ne!(key("hamsa", b"not json"), key("hamsa", b"not  json"));
    }

    #[test]
    fn without_a_strong_key_there_are_no_urls_and_nothing_of_a_key_is_printed() {
        let short = KeyedSecret { kid: "s".to_owned(), value: Secret::new("x".repeat(31)) };
        assert_eq!(CapabilityUrls::new(&[], &[]).unwrap_err(), BadUrlKey::None);
        assert_eq!(CapabilityUrls::new(&[short.clone(), key("a")], &[]).unwrap_err(), BadUrlKey::TooShort(31));
        let urls = CapabilityUrls::new(&[key("a"), short.clone()], &[short]).unwrap();
        assert!(urls.others.is_empty() && urls.retired.is_empty());
        assert!(!format!("{urls:?}").contains("aaaa"));
    }

    proptest! {
        #[test]
        fn every_change_of_a_single_character_is_refused(at in any::<prop::sample::Index>(), other in any::<char>()) {
            let facts = facts(hook());
            let mut chars: Vec<char> = urls().token(&facts).expose().chars().collect();
            let at = at.index(chars.len());
            prop_assume!(chars[at] != other);
            chars[at] = other;
            prop_assert!(urls().prove(&chars.into_iter().collect::<String>(), &facts).is_err());
        }

        #[test]
        fn no_text_of_a_stranger_proves_anything(text in ".{0,120}") {
            prop_assert!(urls().prove(&text, &facts(hook())).is_err());
        }
    }

    #[test]
    fn every_character_of_a_token_matters() {
        let facts = facts(hook());
        let token = urls().token(&facts);
        for at in 0..token.expose().len() {
            for other in b"-._0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" {
                let mut bytes = token.expose().as_bytes().to_vec();
                if bytes[at] == *other {
                    continue;
                }
                bytes[at] = *other;
                let changed = String::from_utf8(bytes).unwrap();
                assert!(urls().prove(&changed, &facts).is_err(), "{changed}");
            }
        }
    }
}

//! Standard Webhooks: the signature scheme of OMI's (by our convention) and OpenAI's deliveries.
//!
//! Source: standard-webhooks/standard-webhooks, `spec/standard-webhooks.md`, read 2026-11: HMAC-SHA256 over
//! `{webhook-id}.{webhook-timestamp}.{body}`, base64, as `v1,<signature>`; several signatures separated by spaces; secrets
//! are base64 behind `whsec_`.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use switchboard_core::{KeyedSecret, Secret, Timestamp};

use crate::webhook::{Cause, Inbound, Rejection, Verified};

/// How far a delivery's timestamp may be from our clock, either way (api: ±300 s).
pub const TOLERANCE: Duration = Duration::from_secs(300);
/// Longest `webhook-id` that is taken, in bytes.
const MAX_ID_BYTES: usize = 255;
/// Signatures in one header that are looked at; a sender in rotation sends two.
const MAX_SIGNATURES: usize = 8;
/// Largest body of which a mismatch is explained.
pub(crate) const MAX_EXPLAINED_BYTES: usize = 64 * 1024;
const SECRET_PREFIX: &str = "whsec_";

/// Why a configured secret cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSecret {
    /// There is none.
    #[error("no secret is configured")]
    None,
    /// One is not base64 behind `whsec_`, or is too short.
    #[error("a secret is not whsec_ and base64 of at least 16 bytes")]
    NotASecret,
}

/// Fewest bytes of a secret: below that it can be guessed. The specification wants 24; older senders have 16.
const MIN_SECRET_BYTES: usize = 16;

/// Verifies deliveries with any of several secrets.
#[derive(Clone, Debug)]
pub struct StandardWebhooks {
    accepted: Vec<Key>,
    retired: Vec<Key>,
}

#[derive(Clone)]
struct Key {
    kid: String,
    bytes: Vec<u8>,
    text: Secret,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({})", self.kid)
    }
}

impl StandardWebhooks {
    /// A verifier that accepts `accepted`, and names the cause where one of `retired` was used.
    ///
    /// # Errors
    /// [`BadSecret`] if none is accepted or the first cannot be used: a missing secret never passes anything.
    pub fn new(accepted: &[KeyedSecret], retired: &[KeyedSecret]) -> Result<Self, BadSecret> {
        let (current, others) = accepted.split_first().ok_or(BadSecret::None)?;
        let current = Key::read(current).ok_or(BadSecret::NotASecret)?;
        // One that is not in use yet, or not any more, must not take down the one that is.
        let accepted = std::iter::once(current).chain(others.iter().filter_map(Key::read)).collect();
        Ok(Self { accepted, retired: retired.iter().filter_map(Key::read).collect() })
    }

    /// Proves who sent a delivery; see [`crate::Webhooks::verify`].
    ///
    /// # Errors
    /// [`Rejection`] with its cause.
    pub fn verify<'a>(&self, request: &Inbound<'a>, now: Timestamp) -> Result<Verified<'a>, Rejection> {
        let signed = Signed::read(request)?;
        let given = signed.signatures(request)?;
        signed.check_age(now)?;
        let parts = signed.parts(request.body);
        let genuine = self.accepted.iter().find(|key| key.made_one_of(&parts, &given));
        match genuine {
            Some(key) => Ok(Verified::new(request.body, signed.id.to_owned(), key.kid.clone())),
            None => Err(self.explain(&signed, request.body, &given)),
        }
    }

    /// Why no accepted secret fits. Only a refused delivery gets here; what is tried changes nothing about the refusal, and is
    /// not tried on bodies so large that a stranger could keep us busy with them.
    fn explain(&self, signed: &Signed<'_>, body: &[u8], given: &[Vec<u8>]) -> Rejection {
        let mismatch = || {
            Rejection::new(
                Cause::SignatureMismatch,
                [("bodyBytes", body.len().to_string()), ("signatures", given.len().to_string())],
            )
        };
        if body.len() > MAX_EXPLAINED_BYTES {
            return mismatch();
        }
        let parts = signed.parts(body);
        if let Some(key) = self.retired.iter().find(|key| key.made_one_of(&parts, given)) {
            return Rejection::new(Cause::RetiredSecret, [("secret", key.kid.clone())]);
        }
        let undecoded = |key: &Key| {
            let text = key.text.expose();
            let bare = text.strip_prefix(SECRET_PREFIX).unwrap_or(text);
            [text, bare].iter().any(|text| is_one_of(&tag_of(text.as_bytes(), &parts), given))
        };
        if let Some(key) = self.accepted.iter().find(|key| undecoded(key)) {
            return Rejection::new(Cause::SecretNotDecoded, [("secret", key.kid.clone())]);
        }
        let relaid = other_layouts(body)
            .into_iter()
            .find(|(_, layout)| self.accepted.iter().any(|key| key.made_one_of(&signed.parts(layout), given)));
        match relaid {
            Some((layout, _)) => Rejection::new(Cause::ReserialisedBody, [("signedLayout", layout.to_owned())]),
            None => mismatch(),
        }
    }
}

/// Signs a delivery, for simulators and tests: the value of `webhook-signature`.
///
/// # Errors
/// [`BadSecret`] if the secret cannot be used.
pub fn sign(secret: &Secret, id: &str, at: Timestamp, body: &[u8]) -> Result<String, BadSecret> {
    let keyed = KeyedSecret { kid: String::new(), value: secret.clone() };
    let key = Key::read(&keyed).ok_or(BadSecret::NotASecret)?;
    let timestamp = at.epoch_secs().to_string();
    let mac =
        keyed_mac(&key.bytes, &[id.as_bytes(), b".", timestamp.as_bytes(), b".", body]).ok_or(BadSecret::NotASecret)?;
    Ok(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

/// The signed parts of a delivery, as its headers give them.
struct Signed<'a> {
    id: &'a str,
    timestamp: &'a str,
    at_secs: i64,
}

impl<'a> Signed<'a> {
    fn read(request: &Inbound<'a>) -> Result<Self, Rejection> {
        let id = header(request, "webhook-id")?;
        let timestamp = header(request, "webhook-timestamp")?;
        if id.is_empty() || id.len() > MAX_ID_BYTES {
            return Err(malformed("webhook-id"));
        }
        // Exactly the digits that are signed; no sign, no space, nothing that could be written in two ways.
        let digits = !timestamp.is_empty() && timestamp.bytes().all(|byte| byte.is_ascii_digit());
        let at_secs = timestamp.parse().ok().filter(|_| digits).ok_or_else(|| malformed("webhook-timestamp"))?;
        Ok(Self { id, timestamp, at_secs })
    }

    fn signatures(&self, request: &Inbound<'a>) -> Result<Vec<Vec<u8>>, Rejection> {
        let list = header(request, "webhook-signature")?;
        let given: Vec<Vec<u8>> = list
            .split(' ')
            .filter_map(|one| one.strip_prefix("v1,"))
            .take(MAX_SIGNATURES)
            .filter_map(|tag| STANDARD.decode(tag).ok())
            .collect();
        if given.is_empty() { Err(malformed("webhook-signature")) } else { Ok(given) }
    }

    fn check_age(&self, now: Timestamp) -> Result<(), Rejection> {
        let skew = now.epoch_secs().saturating_sub(self.at_secs);
        let tolerance = i64::try_from(TOLERANCE.as_secs()).unwrap_or(i64::MAX);
        if skew > tolerance {
            Err(Rejection::new(Cause::TooOld, [("secondsBehind", skew.to_string())]))
        } else if skew < -tolerance {
            Err(Rejection::new(Cause::TooNew, [("secondsAhead", skew.unsigned_abs().to_string())]))
        } else {
            Ok(())
        }
    }

    fn parts<'b>(&'b self, body: &'b [u8]) -> [&'b [u8]; 5] {
        [self.id.as_bytes(), b".", self.timestamp.as_bytes(), b".", body]
    }
}

impl Key {
    fn read(secret: &KeyedSecret) -> Option<Self> {
        let text = secret.value.expose();
        let bytes = STANDARD.decode(text.strip_prefix(SECRET_PREFIX).unwrap_or(text)).ok()?;
        (bytes.len() >= MIN_SECRET_BYTES).then(|| Self { kid: secret.kid.clone(), bytes, text: secret.value.clone() })
    }

    /// Whether this key made one of the signatures. The body is gone through once, however many there are.
    fn made_one_of(&self, parts: &[&[u8]], given: &[Vec<u8>]) -> bool {
        is_one_of(&tag_of(&self.bytes, parts), given)
    }
}

/// HMAC-SHA256 over the parts; empty, and so equal to no signature, if it cannot be computed, which never happens: HMAC takes
/// keys of any length.
fn tag_of(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    keyed_mac(key, parts).map(|mac| mac.finalize().into_bytes().to_vec()).unwrap_or_default()
}

/// Constant-time, so that nobody can feel their way to a signature.
fn is_one_of(tag: &[u8], given: &[Vec<u8>]) -> bool {
    !tag.is_empty() && given.iter().any(|one| tag.ct_eq(one.as_slice()).into())
}

fn keyed_mac(key: &[u8], parts: &[&[u8]]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    for part in parts {
        mac.update(part);
    }
    Some(mac)
}

fn header<'a>(request: &Inbound<'a>, name: &'static str) -> Result<&'a str, Rejection> {
    let value =
        request.headers.get(name).ok_or_else(|| Rejection::new(Cause::MissingHeader, [("header", name.to_owned())]))?;
    value.to_str().map_err(|_| malformed(name))
}

fn malformed(header: &'static str) -> Rejection {
    Rejection::new(Cause::MalformedHeader, [("header", header.to_owned())])
}

/// The ways in which common software writes the same JSON.
pub(crate) fn other_layouts(body: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut layouts =
        vec![("withoutFinalNewline", body.trim_ascii_end().to_vec()), ("withFinalNewline", [body, b"\n"].concat())];
    if let Ok(value) = serde_json::from_slice::<serde_json::Value>(body) {
        layouts.push(("compact", value.to_string().into_bytes()));
        layouts.extend(serde_json::to_vec_pretty(&value).ok().map(|pretty| ("indented", pretty)));
        layouts.push(("spaced", spaced(&value).into_bytes()));
    }
    layouts
}

/// JSON as Python's `json.dumps` writes it: a space behind `,` and `:`.
fn spaced(value: &serde_json::Value) -> String {
    use serde_json::Value;
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(spaced).collect::<Vec<_>>().join(", ")),
        Value::Object(fields) => {
            let fields: Vec<_> = fields
                .iter()
                .map(|(name, value)| format!("{}: {}", Value::String(name.clone()), spaced(value)))
                .collect();
            format!("{{{}}}", fields.join(", "))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use proptest::prelude::*;

    use super::*;

    const NOW: i64 = 1_795_169_208;
    const BODY: &[u8] = br#"{"event":"session.ended","data":{"n":1}}"#;

    fn secret(name: &str) -> KeyedSecret {
        let value = format!("whsec_{}", STANDARD.encode(name.repeat(24)));
        KeyedSecret { kid: name.to_owned(), value: Secret::new(value) }
    }

    fn now() -> Timestamp {
        Timestamp::from_epoch_secs(NOW)
    }

    fn headers(id: &str, timestamp: &str, signature: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in [("webhook-id", id), ("webhook-timestamp", timestamp), ("webhook-signature", signature)] {
            headers.insert(name, value.parse().unwrap());
        }
        headers
    }

    fn signed(with: &KeyedSecret, body: &[u8]) -> HeaderMap {
        headers("msg_1", &NOW.to_string(), &sign(&with.value, "msg_1", now(), body).unwrap())
    }

    fn verifier() -> StandardWebhooks {
        StandardWebhooks::new(&[secret("a"), secret("b")], &[secret("old")]).unwrap()
    }

    fn cause(headers: &HeaderMap, body: &[u8], at: Timestamp) -> Option<Cause> {
        verifier().verify(&Inbound { urls: &[], headers, body }, at).err().map(|rejection| rejection.cause)
    }

    #[test]
    fn a_delivery_signed_with_any_accepted_secret_holds_and_says_which() {
        for kid in ["a", "b"] {
            let headers = signed(&secret(kid), BODY);
            let verifier = verifier();
            let verified = verifier.verify(&Inbound { urls: &[], headers: &headers, body: BODY }, now()).unwrap();
            assert_eq!((verified.secret_kid(), verified.replay_key(), verified.body()), (kid, "msg_1", BODY));
        }
    }

    #[test]
    fn one_good_signature_among_several_is_enough() {
        let good = sign(&secret("a").value, "msg_1", now(), BODY).unwrap();
        let list = format!("v1a,zzz v1,AAAA {good}");
        assert_eq!(cause(&headers("msg_1", &NOW.to_string(), &list), BODY, now()), None);
    }

    #[test]
    fn the_tolerance_is_three_hundred_seconds_either_way_inclusive() {
        let headers = signed(&secret("a"), BODY);
        for (shift, expected) in [(-301, Some(Cause::TooNew)), (-300, None), (300, None), (301, Some(Cause::TooOld))] {
            assert_eq!(cause(&headers, BODY, Timestamp::from_epoch_secs(NOW + shift)), expected, "{shift}");
        }
    }

    #[test]
    fn each_refusal_names_its_true_cause() {
        let value: serde_json::Value = serde_json::from_slice(BODY).unwrap();
        let text = secret("a").value;
        let undecoded = holds_text_signature(text.expose());
        let stamp = NOW.to_string();
        let mut unsigned = signed(&secret("a"), BODY);
        unsigned.remove("webhook-signature");
        for (headers, expected) in [
            (unsigned, Cause::MissingHeader),
            (headers("msg_1", "soon", "v1,AAAA"), Cause::MalformedHeader),
            (headers("msg_1", &format!("+{stamp}"), "v1,AAAA"), Cause::MalformedHeader),
            (headers("msg_1", &stamp, "v2,AAAA"), Cause::MalformedHeader),
            (headers("msg_1", &stamp, &undecoded), Cause::SecretNotDecoded),
            (signed(&secret("old"), BODY), Cause::RetiredSecret),
            (signed(&secret("a"), &serde_json::to_vec_pretty(&value).unwrap()), Cause::ReserialisedBody),
            (signed(&secret("a"), spaced(&value).as_bytes()), Cause::ReserialisedBody),
            (signed(&secret("stranger"), BODY), Cause::SignatureMismatch),
        ] {
            assert_eq!(cause(&headers, BODY, now()), Some(expected));
        }
    }

    fn holds_text_signature(key: &str) -> String {
        let stamp = NOW.to_string();
        let mac = keyed_mac(key.as_bytes(), &[b"msg_1", b".", stamp.as_bytes(), b".", BODY]).unwrap();
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }

    #[test]
    fn without_a_usable_secret_there_is_no_verifier() {
        assert_eq!(StandardWebhooks::new(&[], &[]).unwrap_err(), BadSecret::None);
        for text in ["", "whsec_", "whsec_not base64", "whsec_c2hvcnQ="] {
            let keyed = KeyedSecret { kid: "x".to_owned(), value: Secret::new(text) };
            assert_eq!(StandardWebhooks::new(&[keyed], &[]).unwrap_err(), BadSecret::NotASecret, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn one_flipped_bit_anywhere_is_refused(part in 0..4_usize, at in any::<prop::sample::Index>(), bit in 0..8_u8) {
            let secret = secret("a");
            let mut texts = [
                b"msg_1".to_vec(),
                NOW.to_string().into_bytes(),
                sign(&secret.value, "msg_1", now(), BODY).unwrap().into_bytes(),
                BODY.to_vec(),
            ];
            let at = at.index(texts[part].len());
            texts[part][at] ^= 1 << bit;
            let mut headers = HeaderMap::new();
            for (name, value) in ["webhook-id", "webhook-timestamp", "webhook-signature"].into_iter().zip(&texts) {
                // What cannot stand in a header cannot arrive.
                let Ok(value) = http::HeaderValue::from_bytes(value) else { return Ok(()) };
                headers.insert(name, value);
            }
            let inbound = Inbound { urls: &[], headers: &headers, body: &texts[3] };
            prop_assert!(verifier().verify(&inbound, now()).is_err());
        }
    }
}

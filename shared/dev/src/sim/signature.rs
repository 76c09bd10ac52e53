//! The signatures that simulated providers make and check: HMACs in the shapes that their contracts fix.
//!
//! Written from the contracts, apart from the product's verifiers: the two agree only if both are right.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::Sha256;

/// A Standard Webhooks secret: `whsec_` and the base64 of the key.
#[derive(Clone)]
pub struct WebhookSecret(Vec<u8>);

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(redacted)")
    }
}

/// A text that is no webhook secret. It does not repeat the text.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("a webhook secret is `whsec_` followed by the base64 of its key; give one of that form")]
pub struct NotAWebhookSecret;

impl WebhookSecret {
    /// Reads `whsec_<base64>`.
    ///
    /// # Errors
    ///
    /// The prefix is missing, or what follows is not base64 of at least one byte.
    pub fn parse(text: &str) -> Result<Self, NotAWebhookSecret> {
        let encoded = text.strip_prefix("whsec_").ok_or(NotAWebhookSecret)?;
        match STANDARD.decode(encoded) {
            Ok(key) if !key.is_empty() => Ok(Self(key)),
            _ => Err(NotAWebhookSecret),
        }
    }

    /// The `webhook-signature` of a delivery: over `{id}.{timestamp}.{body}`, the timestamp in seconds since the epoch.
    pub(crate) fn sign(&self, id: &str, timestamp_secs: i64, body: &[u8]) -> String {
        let tag = hmac_sha256(&self.0, &[id.as_bytes(), b".", timestamp_secs.to_string().as_bytes(), b".", body]);
        format!("v1,{}", STANDARD.encode(tag))
    }
}

/// The `X-OMI-Signature` of a request to OMI, the timestamp as it stands in its header.
pub(crate) fn omi_signature(
    secret: &str,
    timestamp: &str,
    method: &str,
    path_and_query: &str,
    raw_body: &[u8],
) -> String {
    let signed = [timestamp.as_bytes(), b".", method.as_bytes(), b".", path_and_query.as_bytes(), b".", raw_body];
    let mut text = "v1=".to_owned();
    for byte in hmac_sha256(secret.as_bytes(), &signed) {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The `X-Twilio-Signature` of a form that is posted to `url`: HMAC-SHA1 over the URL and each name with its values, names
/// and unique values sorted by their bytes.
pub(crate) fn twilio_signature(auth_token: &str, url: &str, form: &[(String, String)]) -> String {
    let mut sorted: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, value) in form {
        sorted.entry(name).or_default().insert(value);
    }
    // See `hmac_sha256`: the error cannot occur.
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(auth_token.as_bytes()) else { return String::new() };
    mac.update(url.as_bytes());
    for (name, values) in sorted {
        for value in values {
            mac.update(name.as_bytes());
            mac.update(value.as_bytes());
        }
    }
    STANDARD.encode(mac.finalize().into_bytes())
}

fn hmac_sha256(key: &[u8], pieces: &[&[u8]]) -> Vec<u8> {
    // HMAC takes keys of any length, so the error cannot occur; an empty tag would match nothing.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    for piece in pieces {
        mac.update(piece);
    }
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_is_signed_as_the_published_example_of_standard_webhooks_says() {
        let secret = WebhookSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature = secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_call_that_comes_in_is_signed_as_openais_own_library_verifies_it() {
        let secret = WebhookSecret::parse("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap();
        let body = concat!(
            r#"{"id":"evt_1","object":"event","type":"realtime.call.incoming","created_at":1760000000,"#,
            r#""data":{"call_id":"rtc_1","sip_headers":[{"name":"From","value":"sip:+14155550100@example.com"}]}}"#,
        );
        let signature = secret.sign("wh_1", 1_760_000_000, body.as_bytes());
        assert_eq!(signature, "v1,n5xIy/iodBTj/A8AJtxgkuBGRBT8z9ji0XdJChXUP8E=");
    }

    #[test]
    fn a_secret_without_prefix_or_key_is_refused_and_none_is_printed() {
        for text in ["", "whsec_", "whsec_???", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] {
            assert!(WebhookSecret::parse(text).is_err(), "{text}");
        }
        let secret = WebhookSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        assert_eq!(format!("{secret:?}"), "WebhookSecret(redacted)");
    }

    #[test]
    fn an_omi_signature_covers_every_piece() {
        let whole = ["secret", "1795169208", "POST", "/v1/process?x=1", "{}"];
        let sign = |p: [&str; 5]| omi_signature(p[0], p[1], p[2], p[3], p[4].as_bytes());
        // Computed with `openssl dgst -sha256 -hmac secret` over the joined pieces.
        let reference = sign(whole);
        assert_eq!(reference, "v1=92ac47ec5adbcd62a5386f44ad2a770b908f3f852b1389d6c8120c23fa109044");
        for index in 0..whole.len() {
            let mut changed = whole;
            changed[index] = "other";
            assert_ne!(sign(changed), reference, "piece {index}");
        }
    }
    #[test]
    fn a_twilio_signature_is_the_one_that_the_official_validator_computes() {
        let call: &[(&str, &str)] = &[
            ("CallSid", "CA00000000000000000000000000000001"),
            ("CallStatus", "completed"),
            ("Digits", "1234"),
            ("From", "+14158675309"),
            ("To", "+18005551212"),
        ];
        let media: &[(&str, &str)] = &[("MediaUrl", "b"), ("MediaUrl", "a"), ("MediaUrl", "a"), ("A", "1")];
        let json = "https://example.com/hooks/twilio?bodySHA256=d5729c000e5de6b3a10698fec78d482db85d744f1be820d1382b6bda1cfb7795";
        for (url, form, signature) in [
            ("https://example.com/hooks/twilio?foo=1&bar=2", call, "x/FkxGMiz4lSZmiKvNSlzbf5My4="),
            ("https://example.com:443/hooks/twilio?foo=1&bar=2", call, "DW4gJYqw3lvdjFfw+rwih6rWEfE="),
            (json, &[], "jTTjJNRNYZICiv473NirKUn7bgY="),
            ("https://example.com/x", media, "+pfRZ3wRNgITErPky2LAbm5X17g="),
        ] {
            let form: Vec<_> = form.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            assert_eq!(twilio_signature("12345", url, &form), signature, "{url}");
        }
    }
}

//! The signatures that simulated providers make and check: HMAC-SHA256 in the shapes that their contracts fix.
//!
//! Written from the contracts, apart from the product's verifiers: the two agree only if both are right.

use std::fmt::{self, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
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
}

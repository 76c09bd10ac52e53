//! Webhooks: verified before anything of them is read.

use std::collections::BTreeMap;
use std::fmt;

use http::HeaderMap;
use switchboard_core::{Personal, SessionId, Timestamp};

/// A delivery as it came in: raw bytes, nothing parsed.
#[derive(Clone, Copy)]
pub struct Inbound<'a> {
    /// The headers, names in lower case.
    pub headers: &'a HeaderMap,
    /// The exact bytes of the body.
    pub body: &'a [u8],
}

impl fmt::Debug for Inbound<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Inbound({} headers, {} bytes)", self.headers.len(), self.body.len())
    }
}

/// A delivery whose sender has been proved. Only a verifier of this crate can make one.
#[derive(Clone)]
pub struct Verified<'a> {
    body: &'a [u8],
    replay_key: String,
    secret_kid: String,
}

impl<'a> Verified<'a> {
    pub(crate) fn new(body: &'a [u8], replay_key: String, secret_kid: String) -> Self {
        Self { body, replay_key, secret_kid }
    }

    /// The bytes that were signed.
    #[must_use]
    pub fn body(&self) -> &'a [u8] {
        self.body
    }

    /// What makes another delivery a repetition of this one.
    #[must_use]
    pub fn replay_key(&self) -> &str {
        &self.replay_key
    }

    /// Which of the secrets it was signed with.
    #[must_use]
    pub fn secret_kid(&self) -> &str {
        &self.secret_kid
    }
}

impl fmt::Debug for Verified<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Verified({} bytes, secret {})", self.body.len(), self.secret_kid)
    }
}

/// Why a delivery was not believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The cause.
    pub cause: Cause,
    /// Measurements that help to find it: never a body, a signature or a secret.
    pub evidence: BTreeMap<String, String>,
}

/// The causes that can be told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A header that the scheme needs is missing.
    MissingHeader,
    /// A header is there but has not the form that the scheme gives it.
    MalformedHeader,
    /// The delivery is older than the tolerance: clock skew, or a replay.
    TooOld,
    /// The delivery is from the future: clock skew.
    TooNew,
    /// It was signed with a secret that no longer holds.
    RetiredSecret,
    /// It was signed with the secret's text where its decoded bytes are meant.
    SecretNotDecoded,
    /// Its JSON was signed, but in another layout: something on the way parsed it and wrote it anew.
    ReserialisedBody,
    /// None of the known causes: another secret, or changed bytes.
    SignatureMismatch,
}

impl Cause {
    /// The cause as a stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::MissingHeader => "missing_header",
            Self::MalformedHeader => "malformed_header",
            Self::TooOld => "timestamp_too_old",
            Self::TooNew => "timestamp_too_new",
            Self::RetiredSecret => "retired_secret",
            Self::SecretNotDecoded => "secret_not_decoded",
            Self::ReserialisedBody => "reserialised_body",
            Self::SignatureMismatch => "signature_mismatch",
        }
    }

    /// What it means and what to do about it.
    #[must_use]
    pub fn explanation(self) -> &'static str {
        match self {
            Self::MissingHeader => {
                "a signature header is missing: signing is switched off at the sender, or something on the way strips headers"
            }
            Self::MalformedHeader => "a signature header does not have the form of Standard Webhooks",
            Self::TooOld => {
                "the timestamp is too far in the past: the sender's clock is slow, the delivery was held up, or it is a replay"
            }
            Self::TooNew => "the timestamp is in the future: the sender's clock is fast",
            Self::RetiredSecret => "signed with a secret that has been rotated out: give the sender the current one",
            Self::SecretNotDecoded => {
                "signed with the text of the secret; the key is what follows whsec_, base64-decoded"
            }
            Self::ReserialisedBody => {
                "the JSON was parsed and written anew after it was signed: the bytes must reach this service unchanged"
            }
            Self::SignatureMismatch => {
                "the signature fits none of the secrets: the sender has another secret, or the bytes were changed on the way"
            }
        }
    }
}

/// A verified delivery that cannot be read. It is kept all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// It is not the JSON that the provider sends.
    #[error("not the JSON that the provider sends")]
    NotTheirJson,
}

/// What a delivery says, in our words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderEvent {
    /// The kind, as the provider calls it.
    pub kind: String,
    /// When it happened, if the provider says.
    pub at: Option<Timestamp>,
    /// The session it is about, if it says.
    pub session: Option<SessionId>,
    /// What follows from it.
    pub news: News,
}

/// What follows from an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// Nothing; it is kept.
    Nothing,
    /// The provider has ended the session.
    SessionEnded,
    /// The provider reports an error in the session.
    SessionError {
        /// Its code.
        code: String,
        /// Its words.
        message: Personal,
    },
}

/// Reads a provider's webhooks.
pub trait Webhooks: fmt::Debug + Send + Sync {
    /// Proves who sent a delivery. There is no default: a provider without a check does not compile.
    ///
    /// # Errors
    /// [`Rejection`] with its cause. A missing secret is one of them.
    fn verify<'a>(&self, request: &Inbound<'a>, now: Timestamp) -> Result<Verified<'a>, Rejection>;

    /// Puts a proven delivery into our words. Pure.
    ///
    /// # Errors
    /// [`WebhookError`] if it is not what the provider sends.
    fn normalise(&self, verified: &Verified<'_>) -> Result<Vec<ProviderEvent>, WebhookError>;
}

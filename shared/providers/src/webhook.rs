//! Webhooks: verified before anything of them is read.

use std::collections::BTreeMap;
use std::fmt;

use http::HeaderMap;
use switchboard_core::{InboundCall, LegId, Observation, Personal, SessionId, Timestamp};

use crate::ExternalId;

/// A delivery as it came in: raw bytes, nothing parsed.
#[derive(Clone, Copy)]
pub struct Inbound<'a> {
    /// The addresses that the sender may have been given for this, whole, query included as it was received; for the schemes
    /// that sign the address. Never made from a header that the sender chose.
    pub urls: &'a [String],
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
    url: Option<&'a str>,
}

impl<'a> Verified<'a> {
    pub(crate) fn new(body: &'a [u8], replay_key: String, secret_kid: String) -> Self {
        Self { body, replay_key, secret_kid, url: None }
    }

    /// The address was signed, too.
    pub(crate) fn at(self, url: &'a str) -> Self {
        Self { url: Some(url), ..self }
    }

    /// The bytes that were signed.
    #[must_use]
    pub fn body(&self) -> &'a [u8] {
        self.body
    }

    /// The address that was signed, where the scheme signs it.
    #[must_use]
    pub fn url(&self) -> Option<&'a str> {
        self.url
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
    /// The signature holds, but not for these bytes of the body.
    ChangedBody,
    /// A body of a kind that is signed by its hash came without the hash.
    UnsignedBody,
    /// The body is larger than anything that this sender sends.
    BodyTooLarge,
    /// It was signed for another address than those that this service is known by.
    WrongUrl,
    /// It names a signing key that is not one of ours.
    UnknownKey,
    /// It names a way of signing that is not taken.
    UnknownAlgorithm,
    /// It is about another account with the provider.
    WrongAccount,
    /// A name in it has not the form that the provider gives its names.
    MalformedName,
    /// None of the known causes: another secret, or changed bytes.
    SignatureMismatch,
    /// The token in the URL has not the form of one of ours.
    MalformedToken,
    /// The token names a webhook URL that does not exist.
    UnknownHook,
    /// The token names a webhook URL that was revoked.
    RevokedHook,
    /// The token is of an earlier generation of its webhook URL.
    RotatedUrl,
    /// The token was made with a key that no longer holds.
    RetiredUrlKey,
    /// The webhook URL was made for another sender.
    WrongSender,
    /// The token fits nothing: it was changed, or not made here.
    UrlMismatch,
    /// The static credential that the sender was given is not the one it carries.
    WrongCredential,
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
            Self::ChangedBody => "changed_body",
            Self::UnsignedBody => "unsigned_body",
            Self::BodyTooLarge => "body_too_large",
            Self::WrongUrl => "wrong_url",
            Self::UnknownKey => "unknown_key",
            Self::UnknownAlgorithm => "unknown_algorithm",
            Self::WrongAccount => "wrong_account",
            Self::MalformedName => "malformed_name",
            Self::SignatureMismatch => "signature_mismatch",
            Self::MalformedToken => "malformed_token",
            Self::UnknownHook => "unknown_hook",
            Self::RevokedHook => "revoked_hook",
            Self::RotatedUrl => "rotated_url",
            Self::RetiredUrlKey => "retired_url_key",
            Self::WrongSender => "wrong_sender",
            Self::UrlMismatch => "url_mismatch",
            Self::WrongCredential => "wrong_credential",
        }
    }

    /// What it means and what to do about it.
    #[must_use]
    pub fn explanation(self) -> &'static str {
        match self {
            Self::MissingHeader => {
                "a header that proves the sender is missing: signing is switched off there, or something on the way strips headers"
            }
            Self::MalformedHeader => "a signature header does not have the form that its scheme gives it",
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
            Self::ChangedBody => {
                "the signature holds, but the body has another hash than the one that was signed: its bytes were changed on the way"
            }
            Self::UnsignedBody => {
                "the body is not a form and the address carries no bodySHA256, so that nothing vouches for the body"
            }
            Self::BodyTooLarge => "the body is larger than any that this sender sends",
            Self::WrongUrl => {
                "signed for another address: give the sender exactly PUBLIC_BASE_URL and the path, or correct PUBLIC_BASE_URL"
            }
            Self::UnknownKey => {
                "signed with a shared key that is not in the secret: add it there, or switch it off at the sender"
            }
            Self::UnknownAlgorithm => "signed with an algorithm that is not taken: choose HMAC_SHA256 at the sender",
            Self::WrongAccount => "it is about another account with the provider than the configured one",
            Self::MalformedName => "a name in it does not have the form that the provider gives its names",
            Self::SignatureMismatch => {
                "the signature fits none of the secrets: the sender has another secret, or the bytes were changed on the way"
            }
            Self::MalformedToken => {
                "the URL does not end in a whole token: it was cut or changed when it was entered at the sender"
            }
            Self::UnknownHook => "no such webhook URL was ever made here: make one, and enter it at the sender",
            Self::RevokedHook => "this webhook URL was revoked: make another one, and enter it at the sender",
            Self::RotatedUrl => "this webhook URL was rotated: enter the one that was shown then at the sender",
            Self::RetiredUrlKey => {
                "this webhook URL was made with a key that has been rotated out: rotate the URL, and enter the new one at the sender"
            }
            Self::WrongSender => "this webhook URL was made for another sender",
            Self::UrlMismatch => {
                "the token in the URL fits nothing here: it was changed, or made by another installation"
            }
            Self::WrongCredential => {
                "the Authorization header carries another credential than the sender was given: set it anew at the sender"
            }
        }
    }
}

impl Rejection {
    /// A cause and what was measured.
    pub(crate) fn new<const N: usize>(cause: Cause, evidence: [(&str, String); N]) -> Self {
        Self { cause, evidence: evidence.into_iter().map(|(name, value)| (name.to_owned(), value)).collect() }
    }
}

/// A verified delivery that cannot be read. It is kept all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// It is not the JSON that the provider sends.
    #[error("not the JSON that the provider sends")]
    NotTheirJson,
    /// It is not the form that the provider sends.
    #[error("not the form that the provider sends")]
    NotTheirForm,
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

/// What a delivery says about a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallNews {
    /// The provider's name for the call, as the other side of [`crate::provider::calls::Placed::reference`].
    pub reference: Option<ExternalId>,
    /// Whether that is the name of the provider's record, too. Under a name that only deliveries carry nothing can be asked.
    pub names_record: bool,
    /// Our attempt, where the provider gives its name back. It proves nothing unless the sender has.
    pub leg: Option<LegId>,
    /// What is said.
    pub observation: Observation,
    /// Who rang whom, where the provider says that the call came in from outside.
    pub inbound: Option<InboundCall>,
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
    /// Something about a call.
    Call(Box<CallNews>),
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

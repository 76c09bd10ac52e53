//! Calls as a capability: placing and ending them, browser credentials for them, and the provider's own records of them.

use std::collections::BTreeMap;
use std::fmt::{self, Debug};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::Value;
use switchboard_core::{
    CallId, LegId, Observation, Personal, PhoneNumber, RUNG_ACCEPTED, RUNG_ALREADY_OVER, Secret, Timestamp,
};

use crate::ProviderError;

/// A provider's name for something: 1 to 64 of `A–Z a–z 0–9 _ -`, so that nothing a stranger sent can steer a path of ours.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExternalId(String);

impl ExternalId {
    /// Reads a name; anything else names nothing.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (1..=64).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
        fits.then(|| Self(text.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ExternalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A call to be placed, or a web call to be prepared.
#[derive(Clone, Debug)]
pub struct PlaceCall<'a> {
    /// Our call.
    pub call: CallId,
    /// This attempt; given to the provider wherever it gives it back.
    pub leg: LegId,
    /// Whom to call; `None` for a web call.
    pub to: Option<&'a PhoneNumber>,
    /// The caller's number: a number, or the provider's id of one. The configured one where absent.
    pub from: Option<&'a str>,
    /// The provider's agent. The configured one where absent.
    pub agent_id: Option<&'a str>,
    /// Values for the agent's placeholders, `scenario` and `language` among them where they were asked for.
    pub params: &'a BTreeMap<String, Personal>,
    /// How long it may last at most.
    pub max_duration: Duration,
    /// Where the provider is to report to, where it takes an address per call.
    pub report_to: Option<&'a ReportTo>,
}

/// Where a provider reports what becomes of a call.
#[derive(Clone, Debug)]
pub struct ReportTo {
    /// The whole address; for senders that cannot sign it is the capability.
    pub url: Secret,
    /// What a sender that can carry a static credential carries, too.
    pub credential: Option<Secret>,
}

/// What would be sent to place a call, with secrets and tokens redacted.
#[derive(Clone, Debug, PartialEq)]
pub struct WouldSend {
    /// The method.
    pub method: &'static str,
    /// The path and query on the provider's host.
    pub path: String,
    /// The body: JSON as it is, a form as an object whose repeated names are lists.
    pub body: Value,
}

/// One thing that was looked at before a call: whether it is as it must be, and what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// A stable name: `agent`, `from`, `max_duration`, `placeholders`.
    pub check: &'static str,
    /// Whether it is as it must be.
    pub ok: bool,
    /// What was found, for the caller to read.
    pub message: String,
    /// The placeholders that have no value, where that is what is wrong; in order, each once.
    pub missing: Vec<String>,
}

impl Check {
    /// Something that is as it must be.
    pub fn held(check: &'static str, message: impl Into<String>) -> Self {
        Self { check, ok: true, message: message.into(), missing: Vec::new() }
    }

    /// Something that is not.
    pub fn failed(check: &'static str, message: impl Into<String>) -> Self {
        Self { check, ok: false, message: message.into(), missing: Vec::new() }
    }
}

/// A call that the provider has taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The name under which its events and records come.
    pub reference: ExternalId,
    /// What the answer says of the call.
    pub observation: Observation,
}

/// A call as its provider knows it.
#[derive(Clone, Debug)]
pub struct KnownCall<'a> {
    /// This attempt.
    pub leg: LegId,
    /// The provider's names for it, by kind (`jobId`, `requestId`, `callLogId`, `callSid`, `callId`). Empty while the outcome is unknown.
    pub ids: BTreeMap<&'a str, &'a str>,
    /// Whom it was to; `None` for a web call.
    pub to: Option<&'a PhoneNumber>,
    /// When bytes may have left.
    pub dialed_at: Timestamp,
    /// Whether it was already ringing or talking when last heard of.
    pub answered: bool,
}

/// One step of a ladder towards an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RungResult {
    /// The provider has taken the request to end it.
    Accepted,
    /// It says that the call is over already.
    AlreadyOver,
    /// It has ended: asked again, the provider does not know it any more.
    Ended,
    /// It does not know the call.
    NotKnown,
}

impl RungResult {
    /// The name in answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => RUNG_ACCEPTED,
            Self::AlreadyOver => RUNG_ALREADY_OVER,
            Self::Ended => "ended",
            Self::NotKnown => "not_known",
        }
    }
}

/// A record that the provider keeps of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundCall {
    /// The name under which its events and records come.
    pub reference: ExternalId,
    /// Our attempt, where the record carries its name.
    pub leg: Option<LegId>,
    /// What the record says, its names for the call included.
    pub observation: Observation,
}

/// What to look for among a provider's records when an answer was lost.
#[derive(Clone, Debug)]
pub struct CallSearch<'a> {
    /// Our attempt.
    pub leg: LegId,
    /// Whom it was to.
    pub to: &'a PhoneNumber,
    /// The earliest that it can have been dialled.
    pub since: Timestamp,
    /// The latest.
    pub until: Timestamp,
}

/// Placing and ending phone calls.
#[async_trait]
pub trait PhoneCalls: Send + Sync {
    /// What [`PhoneCalls::place`] would send. Sends nothing.
    ///
    /// # Errors
    /// [`ProviderError`] if it cannot be made, as where no agent is configured.
    async fn would_send(&self, call: &PlaceCall<'_>) -> Result<WouldSend, ProviderError>;

    /// What speaks against this call, asked of the configuration and, where only the provider knows, of the provider: its
    /// agent's limits, its placeholders. At most one request.
    ///
    /// # Errors
    /// [`ProviderError`] if the provider had to be asked and did not answer.
    async fn checks(&self, call: &PlaceCall<'_>) -> Result<Vec<Check>, ProviderError>;

    /// Places a call. Never tried again once bytes have left.
    ///
    /// # Errors
    /// [`ProviderError`], whose `effect` says whether the callee's phone may ring all the same.
    async fn place(&self, call: &PlaceCall<'_>) -> Result<Placed, ProviderError>;

    /// Whether there is any request that ends a call.
    fn can_end(&self) -> bool;

    /// Asks to end a call. What became of it is read from the records afterwards.
    ///
    /// # Errors
    /// [`ProviderError`].
    async fn end(&self, call: &KnownCall<'_>) -> Result<RungResult, ProviderError>;

    /// Seconds after which this provider's carrier ends the line whatever anybody does, for this call; `None` if there is
    /// no such limit, or nobody knows.
    fn cap_secs(&self, call: &PlaceCall<'_>) -> Option<u32>;

    /// The number that calls come from where none is named, as far as the configuration tells.
    fn caller_number(&self) -> Option<&PhoneNumber> {
        None
    }
}

/// Browser credentials for calls without a phone.
#[async_trait]
pub trait WebCalls: Send + Sync {
    /// What [`WebCalls::connect`] would send. Sends nothing.
    ///
    /// # Errors
    /// [`ProviderError`] if it cannot be made.
    async fn would_send(&self, call: &PlaceCall<'_>) -> Result<WouldSend, ProviderError>;

    /// Prepares a call and gives what a browser needs to join it.
    ///
    /// # Errors
    /// [`ProviderError`].
    async fn connect(&self, call: &PlaceCall<'_>) -> Result<Connected, ProviderError>;

    /// Whether there is any request that ends a web call.
    fn can_end(&self) -> bool;

    /// Asks to end a web call.
    ///
    /// # Errors
    /// [`ProviderError`].
    async fn end(&self, call: &KnownCall<'_>) -> Result<RungResult, ProviderError>;
}

/// Ends a call of whatever channel; for providers that have one way to end everything and keep no records that could be read
/// afterwards, so that the answer must tell how it went.
#[async_trait]
pub trait HangUp: Send + Sync {
    /// Ends a call.
    ///
    /// # Errors
    /// [`ProviderError`].
    async fn hang_up(&self, call: &KnownCall<'_>) -> Result<RungResult, ProviderError>;
}

/// What a browser needs to join a call.
#[derive(Clone, Debug)]
pub struct Connected {
    /// The name under which its events and records come; `None` where the provider names none before it is joined.
    pub reference: Option<ExternalId>,
    /// How to join: `livekit`, `websocket`.
    pub kind: &'static str,
    /// The credential, for this call alone.
    pub token: Secret,
    /// Where to connect to.
    pub url: Secret,
    /// Until when the credential opens the call, where the provider says.
    pub expires_at: Option<Timestamp>,
    /// What the answer says of the call.
    pub observation: Observation,
}

/// A provider's own records of calls.
#[async_trait]
pub trait CallRecords: Send + Sync {
    /// Reads the record of one call; `None` if there is none (yet).
    ///
    /// # Errors
    /// [`ProviderError`].
    async fn read(&self, call: &KnownCall<'_>) -> Result<Option<FoundCall>, ProviderError>;

    /// The calls to a number in a window of time, whoever placed them.
    ///
    /// # Errors
    /// [`ProviderError`].
    async fn find(&self, search: &CallSearch<'_>) -> Result<Vec<FoundCall>, ProviderError>;

    /// From when on a call that was dialled is among those of [`CallRecords::find`], so that its absence says that it was not.
    fn appears(&self) -> Appears;

    /// Whether the account holds no call at all at this moment, by the provider's own count; `false` where it does not say.
    ///
    /// # Errors
    /// [`ProviderError`].
    async fn holds_none(&self) -> Result<bool, ProviderError> {
        Ok(false)
    }

    /// Fetches a recording by what [`Observation::recording`] named: https, this provider's hosts, no redirects.
    ///
    /// # Errors
    /// [`ProviderError`].
    async fn recording(&self, named: &str) -> Result<Recording, ProviderError>;
}

/// From when on a provider's list has a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appears {
    /// As soon as the provider has taken it.
    AtOnce,
    /// When it is over.
    WhenOver,
}

/// A recorded call.
#[derive(Clone)]
pub struct Recording {
    /// The media type: `audio/mpeg` or `audio/wav`.
    pub mime_type: &'static str,
    /// The bytes.
    pub bytes: Bytes,
}

impl Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recording({}, {} bytes)", self.mime_type, self.bytes.len())
    }
}

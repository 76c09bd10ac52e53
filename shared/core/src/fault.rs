//! What can go wrong, by meaning.
//!
//! Lower crates say a [`Fault`]; one file of the shell maps each to a status and a code. No crate below the shell names an
//! HTTP status of ours.

use std::borrow::Cow;
use std::time::Duration;

/// The closed list of meanings. Whoever adds one is led by the compiler to the place that gives it a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The request cannot be understood, or a field of it has a wrong value.
    InvalidRequest,
    /// A phone number that cannot be called as it is written.
    InvalidPhoneNumber,
    /// Placeholders have no value.
    MissingParameters,
    /// The money that was set aside is used up.
    BudgetExceeded,
    /// No credential, or one that does not hold.
    Unauthenticated,
    /// A good credential that may not do this.
    Forbidden,
    /// There is no such thing, or it is somebody else's.
    NotFound,
    /// The path exists, the method does not.
    MethodNotAllowed,
    /// More bytes than this route takes.
    PayloadTooLarge,
    /// A body of a kind that this route does not read.
    UnsupportedMediaType,
    /// Somebody else changed it at the same time.
    Conflict,
    /// The first request with this key has not finished.
    InProgress,
    /// The session was ended.
    SessionEnded,
    /// The session timed out.
    SessionExpired,
    /// The idempotency key was used with another body.
    IdempotencyMismatch,
    /// The provider does not offer this.
    UnsupportedByProvider,
    /// The provider understood and refused.
    ProviderRejected,
    /// Too many requests in the window.
    RateLimited,
    /// As many at once as the tenant may have.
    ConcurrencyLimit,
    /// The provider cannot be reached, or failed, or its answer makes no sense.
    ProviderUnavailable,
    /// The provider asks for patience, or its limit is used up.
    ProviderBusy,
    /// Something of ours is missing or down.
    Unavailable,
    /// The provider did not answer in time.
    ProviderTimeout,
    /// A defect of ours.
    Internal,
}

/// Whether the side effect of a failed operation may have happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Certainly not: it is safe to try again.
    None,
    /// Possibly: trying again may do it twice.
    Possible,
}

/// One field of a request and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Detail {
    /// The field's path, as in `input.content`, or a header's name.
    pub field: String,
    /// What is wrong, for the caller to read.
    pub message: String,
}

impl Detail {
    /// Names a field and what is wrong with it.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

/// An error of a lower crate that can be answered. `Display` is the internal text, for the log; what the caller may read is
/// [`Failure::public_message`], kept apart so that neither is mistaken for the other.
pub trait Failure: std::error::Error + Send + Sync + 'static {
    /// What it means.
    fn fault(&self) -> Fault;

    /// What the caller is told: what happened, to what, and what to do. No secrets, no personal data.
    fn public_message(&self) -> Cow<'static, str>;

    /// The fields at fault, if it is about the request.
    fn details(&self) -> Vec<Detail> {
        Vec::new()
    }

    /// When it is worth trying again, if that is known.
    fn retry_after(&self) -> Option<Duration> {
        None
    }

    /// Whether the side effect may have happened all the same.
    fn effect(&self) -> Effect {
        Effect::None
    }
}

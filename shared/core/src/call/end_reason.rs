//! Why a call ended: a closed list, each with who is to blame, whether trying again makes sense, and whether it was billed.

use serde::{Deserialize, Serialize};

/// Why a call ended.
///
/// The order is that of how much a reason says: of two that are equally well attested the later one is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// Nobody knows.
    Unknown,
    /// Whoever was to renew the lease stopped doing so.
    LeaseExpired,
    /// The carrier failed.
    CarrierError,
    /// The provider failed.
    ProviderError,
    /// The provider certainly never dialled.
    NotDialled,
    /// It was taken back before anything was dialled.
    CancelledBeforeDial,
    /// Both had their say, or the provider says no more than that it is over.
    Completed,
    /// The agent hung up.
    CompletedByAgent,
    /// The callee hung up.
    CompletedByCallee,
    /// Somebody asked us to end it.
    EndedByRequest,
    /// Its time was up.
    MaxDuration,
    /// Nobody answered.
    NoAnswer,
    /// The line was busy.
    Busy,
    /// A machine answered.
    Voicemail,
    /// The callee, or a carrier on the way, refused it.
    Rejected,
    /// There is no such number.
    InvalidNumber,
    /// It was handed to a person.
    Transferred,
}

/// Whose doing an end was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AtFault {
    /// Nobody's: it went as it should.
    None,
    /// The one who had the call placed.
    Caller,
    /// The one who was called.
    Callee,
    /// The provider.
    Provider,
    /// The carrier.
    Carrier,
    /// This installation.
    Us,
}

/// Whether the call is on the bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Billable {
    /// It is.
    Yes,
    /// It is not.
    No,
    /// It may be.
    Unknown,
}

impl EndReason {
    /// Every reason.
    pub const ALL: [Self; 17] = [
        Self::Unknown,
        Self::LeaseExpired,
        Self::CarrierError,
        Self::ProviderError,
        Self::NotDialled,
        Self::CancelledBeforeDial,
        Self::Completed,
        Self::CompletedByAgent,
        Self::CompletedByCallee,
        Self::EndedByRequest,
        Self::MaxDuration,
        Self::NoAnswer,
        Self::Busy,
        Self::Voicemail,
        Self::Rejected,
        Self::InvalidNumber,
        Self::Transferred,
    ];

    /// The name in answers, rows and counters.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::LeaseExpired => "lease_expired",
            Self::CarrierError => "carrier_error",
            Self::ProviderError => "provider_error",
            Self::NotDialled => "not_dialled",
            Self::CancelledBeforeDial => "cancelled_before_dial",
            Self::Completed => "completed",
            Self::CompletedByAgent => "completed_by_agent",
            Self::CompletedByCallee => "completed_by_callee",
            Self::EndedByRequest => "ended_by_request",
            Self::MaxDuration => "max_duration",
            Self::NoAnswer => "no_answer",
            Self::Busy => "busy",
            Self::Voicemail => "voicemail",
            Self::Rejected => "rejected",
            Self::InvalidNumber => "invalid_number",
            Self::Transferred => "transferred",
        }
    }

    /// Reads a reason by its name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text)
    }

    /// Whose doing it was.
    #[must_use]
    pub fn at_fault(self) -> AtFault {
        match self {
            Self::Completed
            | Self::CompletedByAgent
            | Self::CompletedByCallee
            | Self::EndedByRequest
            | Self::Transferred => AtFault::None,
            // The page that was to renew is the caller's.
            Self::InvalidNumber | Self::CancelledBeforeDial | Self::MaxDuration | Self::LeaseExpired => AtFault::Caller,
            Self::NoAnswer | Self::Busy | Self::Voicemail | Self::Rejected => AtFault::Callee,
            Self::ProviderError | Self::NotDialled => AtFault::Provider,
            Self::CarrierError => AtFault::Carrier,
            Self::Unknown => AtFault::Us,
        }
    }

    /// Whether the same call may succeed later.
    #[must_use]
    pub fn retryable(self) -> bool {
        matches!(
            self,
            Self::NoAnswer
                | Self::Busy
                | Self::Voicemail
                | Self::ProviderError
                | Self::CarrierError
                | Self::NotDialled
                | Self::CancelledBeforeDial
        )
    }

    /// Whether it is on the bill. That a call was `ended_by_request` says nothing about when, so that it may be.
    #[must_use]
    pub fn billable(self) -> Billable {
        match self {
            Self::Completed
            | Self::CompletedByAgent
            | Self::CompletedByCallee
            | Self::MaxDuration
            | Self::Voicemail
            | Self::Transferred => Billable::Yes,
            Self::NoAnswer
            | Self::Busy
            | Self::Rejected
            | Self::InvalidNumber
            | Self::NotDialled
            | Self::CancelledBeforeDial => Billable::No,
            Self::EndedByRequest | Self::ProviderError | Self::CarrierError | Self::LeaseExpired | Self::Unknown => {
                Billable::Unknown
            }
        }
    }

    /// Whether somebody was reached and nothing broke.
    #[must_use]
    pub fn is_success(self) -> bool {
        matches!(
            self,
            Self::Completed
                | Self::CompletedByAgent
                | Self::CompletedByCallee
                | Self::EndedByRequest
                | Self::MaxDuration
                | Self::Transferred
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_read_by_the_name_it_is_written_with() {
        for reason in EndReason::ALL {
            assert_eq!(EndReason::parse(reason.as_str()), Some(reason));
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.as_str());
        }
        assert_eq!(EndReason::parse("hung_up"), None);
    }

    #[test]
    fn a_call_that_was_never_dialled_is_never_billed() {
        for reason in [EndReason::NotDialled, EndReason::CancelledBeforeDial] {
            assert_eq!(reason.billable(), Billable::No);
            assert!(!reason.is_success());
        }
    }
}

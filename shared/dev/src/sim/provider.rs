//! The names of what is simulated: providers, and the operations that requests to them are counted under.
//!
//! Only names. What a provider does when it is asked is in its own file.

use serde::{Deserialize, Serialize};

/// A provider whose stand-in can be asked for, and have faults armed against it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// OMI's voice API.
    Omi,
    /// OmniDimension.
    Omnidimension,
    /// Hamsa.
    Hamsa,
    /// Twilio.
    Twilio,
    /// OpenAI.
    Openai,
}

impl Provider {
    /// Every provider, in the order in which they are listed to people.
    pub const ALL: [Self; 5] = [Self::Omi, Self::Omnidimension, Self::Hamsa, Self::Twilio, Self::Openai];

    /// The name on the control plane.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Omi => "omi",
            Self::Omnidimension => "omnidimension",
            Self::Hamsa => "hamsa",
            Self::Twilio => "twilio",
            Self::Openai => "openai",
        }
    }

    /// The provider of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|provider| provider.as_str() == name)
    }
}

/// What a request asks a provider for: the grain at which requests are listed and faults are armed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Operation {
    /// Start a call.
    Place,
    /// End a call.
    End,
    /// Read one record.
    Get,
    /// Read a list.
    List,
    /// One turn of a conversation.
    Process,
    /// Open, read, change or end a conversation.
    Session,
    /// Mint a browser credential.
    Token,
    /// Exchange session descriptions.
    Sdp,
    /// Hang up a realtime call.
    Hangup,
    /// Read or change agents and numbers.
    Agents,
    /// Read the account's balance.
    Balance,
    /// Ask whether the service and the credentials are in order.
    Status,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 12] = [
        Self::Place,
        Self::End,
        Self::Get,
        Self::List,
        Self::Process,
        Self::Session,
        Self::Token,
        Self::Sdp,
        Self::Hangup,
        Self::Agents,
        Self::Balance,
        Self::Status,
    ];

    /// The name on the control plane.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Place => "place",
            Self::End => "end",
            Self::Get => "get",
            Self::List => "list",
            Self::Process => "process",
            Self::Session => "session",
            Self::Token => "token",
            Self::Sdp => "sdp",
            Self::Hangup => "hangup",
            Self::Agents => "agents",
            Self::Balance => "balance",
            Self::Status => "status",
        }
    }

    /// The operation of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operation| operation.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_back_and_written_alike_in_json() {
        for provider in Provider::ALL {
            assert_eq!(Provider::named(provider.as_str()), Some(provider));
            assert_eq!(serde_json::to_value(provider).unwrap(), provider.as_str());
        }
        for operation in Operation::ALL {
            assert_eq!(Operation::named(operation.as_str()), Some(operation));
            assert_eq!(serde_json::to_value(operation).unwrap(), operation.as_str());
        }
        assert_eq!(Provider::named("OMI"), None);
        assert_eq!(Operation::named(""), None);
    }
}

//! The names of the providers behind the one API.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A provider. That one is named here says nothing about what it can do; capabilities are asked of its client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProviderId {
    /// OMI: voice sessions.
    Omi,
    /// OmniDimension: phone and web calls.
    Omnidimension,
    /// Hamsa: phone and web calls.
    Hamsa,
    /// Twilio: phone calls, and the carrier beneath others.
    Twilio,
    /// OpenAI: realtime voice in the browser.
    Openai,
}

impl ProviderId {
    /// Every provider.
    pub const ALL: [Self; 5] = [Self::Omi, Self::Omnidimension, Self::Hamsa, Self::Twilio, Self::Openai];

    /// The provider's name in requests, keys and documentation.
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
}

impl fmt::Display for ProviderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

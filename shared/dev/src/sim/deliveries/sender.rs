//! Who posts a webhook, and what each of the senders does in a way of its own: signing, patience, trying again.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::sim::provider::Provider;

/// The sender of a webhook.
#[derive(Clone, Default, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub enum Sender {
    /// JSON, signed after Standard Webhooks.
    #[default]
    Omi,
    /// JSON with the bearer that the call was placed with, where there is one. Nothing is signed.
    Hamsa {
        /// The secret of the call's `webhookAuth`.
        bearer: Option<String>,
    },
    /// JSON, neither signed nor authorised.
    Omnidimension,
    /// A form, signed with the account's token.
    Twilio,
    /// JSON, signed after Standard Webhooks.
    Openai,
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.provider().as_str())
    }
}

/// Why an attempt came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The local world posts to this machine only.
    Elsewhere,
    /// Nobody took the connection.
    Connect,
    /// The connection broke, or no answer came in time.
    Read,
    /// An answer that is no 2xx.
    Status(u16),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Elsewhere => f.write_str("not an address of this machine"),
            Self::Connect => f.write_str("no connection"),
            Self::Read => f.write_str("no answer"),
            Self::Status(status) => write!(f, "answered {status}"),
        }
    }
}

/// OMI's waits between attempts. After the attempt that follows the last of them the delivery has failed for good.
pub(super) const OMI_RETRIES: [Duration; 5] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_secs(2 * 60),
    Duration::from_secs(10 * 60),
    Duration::from_secs(60 * 60),
];

/// Hamsa's: it has retries, and publishes no schedule.
const HAMSA_RETRIES: [Duration; 3] = [Duration::from_secs(5), Duration::from_secs(30), Duration::from_secs(2 * 60)];

/// OpenAI's first: it goes on for three days, further apart each time. Nobody waits for that here, and no call rings as long.
const OPENAI_RETRIES: [Duration; 3] = [Duration::from_secs(5), Duration::from_secs(30), Duration::from_secs(2 * 60)];

/// OmniDimension tries once more; when, is not published.
const OMNIDIMENSION_RETRIES: [Duration; 1] = [Duration::from_secs(10)];

/// Twilio tries again almost at once: all attempts together have to fit into its fifteen seconds.
const TWILIO_RETRY: Duration = Duration::from_secs(1);

/// The most attempts beyond the first that a URL may ask Twilio for (`#rc=`).
const TWILIO_MOST_RETRIES: usize = 5;

impl Sender {
    /// Whose webhooks these are.
    #[must_use]
    pub fn provider(&self) -> Provider {
        match self {
            Self::Omi => Provider::Omi,
            Self::Hamsa { .. } => Provider::Hamsa,
            Self::Omnidimension => Provider::Omnidimension,
            Self::Twilio => Provider::Twilio,
            Self::Openai => Provider::Openai,
        }
    }

    /// How long after the failed attempt number `attempts` (from 0) the next is made; `None` where the sender gives up.
    pub(crate) fn retry_after(&self, attempts: usize, failure: Failure, target: &str) -> Option<Duration> {
        if failure == Failure::Elsewhere {
            return None;
        }
        match self {
            Self::Omi => OMI_RETRIES.get(attempts).copied(),
            Self::Hamsa { .. } => HAMSA_RETRIES.get(attempts).copied(),
            Self::Omnidimension => OMNIDIMENSION_RETRIES.get(attempts).copied(),
            Self::Openai => OPENAI_RETRIES.get(attempts).copied(),
            Self::Twilio => {
                let wishes = Overrides::of(target);
                (attempts < wishes.retries && wishes.covers(failure)).then_some(TWILIO_RETRY)
            }
        }
    }

    /// How long every other delivery is held back while deliveries are reordered, so that the next one overtakes it. OMI's
    /// come in bursts; a call's are seconds apart.
    pub(crate) fn overtaken(&self) -> Duration {
        match self {
            Self::Omi => Duration::from_secs(2),
            Self::Hamsa { .. } | Self::Omnidimension | Self::Twilio | Self::Openai => Duration::from_secs(30),
        }
    }

    /// How long the receiver may take to answer, in wall time. Twilio's is its own; elsewhere it is longer than any
    /// function may run.
    pub(crate) fn patience(&self) -> Duration {
        match self {
            Self::Omi | Self::Hamsa { .. } | Self::Omnidimension | Self::Openai => Duration::from_secs(30),
            Self::Twilio => Duration::from_secs(15),
        }
    }

    pub(crate) fn user_agent(&self) -> &'static str {
        match self {
            Self::Omi => "OMI-Webhooks/1.0",
            Self::Hamsa { .. } => "Hamsa-Webhooks/1.0",
            Self::Omnidimension => "Omnidim-Webhook/1.0",
            Self::Twilio => "TwilioProxy/1.1",
            Self::Openai => "OpenAI/1.0 (+https://platform.openai.com/docs/webhooks)",
        }
    }

    pub(crate) fn content_type(&self) -> &'static str {
        match self {
            Self::Omi | Self::Hamsa { .. } | Self::Omnidimension | Self::Openai => "application/json",
            Self::Twilio => "application/x-www-form-urlencoded; charset=UTF-8",
        }
    }
}

/// What the fragment of a URL asks Twilio for: `#rc=3&rp=5xx,ct,rt`. By default one retry, when no connection was made.
struct Overrides<'a> {
    retries: usize,
    policies: Vec<&'a str>,
}

impl<'a> Overrides<'a> {
    fn of(target: &'a str) -> Self {
        let mut wishes = Self { retries: 1, policies: vec!["ct"] };
        let fragment = target.split_once('#').map_or("", |(_, fragment)| fragment);
        for (name, value) in fragment.split('&').filter_map(|pair| pair.split_once('=')) {
            match name {
                "rc" => wishes.retries = value.parse().unwrap_or(1).min(TWILIO_MOST_RETRIES),
                "rp" => wishes.policies = value.split(',').collect(),
                _ => {}
            }
        }
        wishes
    }

    fn covers(&self, failure: Failure) -> bool {
        let policy = match failure {
            Failure::Elsewhere => return false,
            Failure::Connect => "ct",
            Failure::Read => "rt",
            Failure::Status(400..=499) => "4xx",
            Failure::Status(500..=599) => "5xx",
            Failure::Status(_) => "",
        };
        self.policies.iter().any(|wished| *wished == "all" || *wished == policy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "http://localhost:3000/webhooks/x";

    fn waits(sender: &Sender, failure: Failure, target: &str) -> Vec<u64> {
        (0..).map_while(|attempts| sender.retry_after(attempts, failure, target)).map(|wait| wait.as_secs()).collect()
    }

    #[test]
    fn each_sender_tries_again_as_its_contract_says() {
        let hamsa = Sender::Hamsa { bearer: None };
        let refused = Failure::Status(503);
        assert_eq!(waits(&Sender::Omi, refused, URL), [5, 30, 120, 600, 3600]);
        assert_eq!(waits(&hamsa, refused, URL), [5, 30, 120]);
        assert_eq!(waits(&Sender::Omnidimension, refused, URL), [10]);
        assert_eq!(waits(&Sender::Openai, refused, URL), [5, 30, 120]);
        assert_eq!(waits(&Sender::Twilio, refused, URL), [0; 0]);
        assert_eq!(waits(&Sender::Twilio, Failure::Connect, URL), [1]);
        for sender in [Sender::Omi, hamsa, Sender::Omnidimension, Sender::Twilio, Sender::Openai] {
            assert_eq!(waits(&sender, Failure::Elsewhere, URL), [0; 0]);
        }
    }

    #[test]
    fn a_url_may_ask_twilio_for_other_retries() {
        for (fragment, failure, count) in [
            ("#rc=3&rp=5xx,ct,rt", Failure::Status(500), 3),
            ("#rc=3&rp=5xx,ct,rt", Failure::Read, 3),
            ("#rc=3&rp=5xx,ct,rt", Failure::Status(404), 0),
            ("#rc=0", Failure::Connect, 0),
            ("#rc=99&rp=all", Failure::Status(404), 5),
            ("#rc=soon", Failure::Connect, 1),
        ] {
            assert_eq!(waits(&Sender::Twilio, failure, &format!("{URL}{fragment}")).len(), count, "{fragment}");
        }
    }

    #[test]
    fn a_sender_prints_without_its_bearer() {
        assert_eq!(format!("{:?}", Sender::Hamsa { bearer: Some("canary".into()) }), "hamsa");
    }
}

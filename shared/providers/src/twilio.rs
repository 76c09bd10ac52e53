//! Twilio Programmable Voice (`api.twilio.com/2010-04-01`), as a provider of its own and as the carrier beneath others.
//!
//! Follows the API reference (Call, Recording, IncomingPhoneNumber, Account and Balance resources; webhooks security; webhook
//! connection overrides; error dictionary) and the official Python helper library 9.13.0, read 2026-11. Twilio is the carrier:
//! what it says of a line, in its records or in webhooks with a signature that holds, outranks what any provider says.
//!
//! A call needs somebody to talk to the callee. That is whatever TwiML the installation's operator serves at
//! `TWILIO_AGENT_URL`; no address and no TwiML ever comes from a request.
//!
//! | module | noun |
//! |---|---|
//! | `client` | requests and credentials |
//! | `calls` | placing and ending |
//! | `lines` | lines to a number, whoever placed them, and ending one |
//! | `records` | the records of calls, and recordings |
//! | `account` | the account, its balance and numbers |
//! | `wire` | Twilio's forms and JSON |
//! | `status` | Twilio's statuses in our words |
//! | `refusal` | Twilio's errors in our words |
//! | `webhook` | who sent a delivery |
//! | `signature` | what is signed, and with what |
//! | `events` | what a delivery says |

use std::fmt;
use std::sync::Arc;

use switchboard_core::{Clock, PhoneNumber, ProviderId, SecretSource, Settings};

use crate::{Account, Agents, CallRecords, HttpClient, PhoneCalls, Provider};

mod account;
mod calls;
mod client;
mod events;
mod lines;
mod records;
mod refusal;
mod signature;
mod status;
mod webhook;
mod wire;

pub use client::{CALL_END, CALL_LIST, CALL_PLACE, CALL_READ, OPERATIONS, RECORDING_FETCH};
pub use lines::TwilioLine;
pub use webhook::{ACCOUNT_SID_KEY, AUTH_TOKEN_KEY, SHARED_KEYS_KEY, TwilioWebhooks, UnusableKeys};

/// The kind of name under which a call of Twilio's is known: the `CallSid`.
pub const CALL_SID: &str = "callSid";

/// What an installation configures about Twilio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TwilioConfig {
    /// Where the API is: scheme and host, without a path (`TWILIO_BASE_URL`).
    pub base_url: String,
    /// The secret with `TWILIO_ACCOUNT_SID`, and `TWILIO_AUTH_TOKEN` or `TWILIO_API_KEY_SID` and `TWILIO_API_KEY_SECRET`
    /// (`TWILIO_SECRET_NAME`).
    pub secret_name: String,
    /// Where Twilio fetches the TwiML of a call from (`TWILIO_AGENT_URL`). Without it no call can be placed.
    pub agent_url: Option<String>,
    /// The caller's number where a call names none (`TWILIO_PHONE_NUMBER`).
    pub phone_number: Option<PhoneNumber>,
    /// Whether calls are recorded (`TWILIO_RECORD`).
    pub record: bool,
    /// Whether Twilio is to tell machines from people, which it charges for (`TWILIO_MACHINE_DETECTION`).
    pub detect_machines: bool,
}

/// Twilio.
#[derive(Clone)]
pub struct Twilio {
    config: TwilioConfig,
    secrets: Arc<dyn SecretSource>,
    clock: Arc<dyn Clock>,
    transport: crate::transport::Transport,
}

impl TwilioConfig {
    /// Reads `TWILIO_BASE_URL`, `TWILIO_SECRET_NAME`, `TWILIO_AGENT_URL`, `TWILIO_PHONE_NUMBER`, `TWILIO_RECORD` and
    /// `TWILIO_MACHINE_DETECTION` (`true` or `false`).
    pub fn read(settings: &mut impl Settings) -> Self {
        let mut optional = |name, read: fn(&str) -> bool, form| {
            let text = settings.parsed(name, "", |text| (text.is_empty() || read(text)).then(|| text.to_owned()), form);
            text.filter(|text| !text.is_empty())
        };
        let agent_url = optional("TWILIO_AGENT_URL", |text| reqwest::Url::parse(text).is_ok(), "a URL");
        let number = |text: &str| if text.is_empty() { Some(None) } else { PhoneNumber::from_e164(text).map(Some) };
        let phone_number =
            settings.parsed("TWILIO_PHONE_NUMBER", "", number, "a number in E.164 form, as in +15005550006");
        let mut flag =
            |name| settings.parsed(name, "false", |text| text.parse().ok(), "true or false").unwrap_or(false);
        let (record, detect_machines) = (flag("TWILIO_RECORD"), flag("TWILIO_MACHINE_DETECTION"));
        Self {
            base_url: settings.base_url("TWILIO_BASE_URL"),
            secret_name: settings.required("TWILIO_SECRET_NAME"),
            agent_url,
            phone_number: phone_number.flatten(),
            record,
            detect_machines,
        }
    }
}

impl Twilio {
    /// A client. Nothing is fetched or connected until the first request.
    #[must_use]
    pub fn new(config: TwilioConfig, secrets: Arc<dyn SecretSource>, clock: Arc<dyn Clock>, http: HttpClient) -> Self {
        let transport = crate::transport::Transport { provider: ProviderId::Twilio, http, declines: refusal::decline };
        Self { config, secrets, clock, transport }
    }
}

impl fmt::Debug for Twilio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Twilio").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Provider for Twilio {
    fn id(&self) -> ProviderId {
        ProviderId::Twilio
    }

    fn calls(&self) -> Option<&dyn PhoneCalls> {
        Some(self)
    }

    fn records(&self) -> Option<&dyn CallRecords> {
        Some(self)
    }

    fn agents(&self) -> Option<&dyn Agents> {
        Some(self)
    }

    fn account(&self) -> Option<&dyn Account> {
        Some(self)
    }
}

#[cfg(test)]
mod tests;

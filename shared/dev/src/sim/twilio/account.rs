//! The account with Twilio: who may use it, its balance, and its numbers.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, header};
use serde_json::{Value, json};
use switchboard_core::Timestamp;

use super::refusal::Refusal;
use super::resource::{API, VERSION};
use crate::credentials::{TWILIO_API_KEY_SECRET, TWILIO_API_KEY_SID, TWILIO_NUMBERS};
use crate::sim::calendar::rfc2822;

/// An account with Twilio, as Twilio knows it. The published API key opens it, too.
#[derive(Clone)]
pub struct TwilioAccount {
    /// `AC…`.
    pub sid: String,
    /// The password of the account itself.
    pub auth_token: String,
}

impl fmt::Debug for TwilioAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TwilioAccount").field("sid", &self.sid).finish_non_exhaustive()
    }
}

impl TwilioAccount {
    /// HTTP Basic with the account's sid and token, or with an API key and its secret.
    pub(super) fn check(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let decoded = given.and_then(|value| value.strip_prefix("Basic ")).and_then(|text| STANDARD.decode(text).ok());
        let pair = decoded.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
        let known = [(self.sid.as_str(), self.auth_token.as_str()), (TWILIO_API_KEY_SID, TWILIO_API_KEY_SECRET)];
        let opens = pair.split_once(':').is_some_and(|pair| known.contains(&pair));
        if opens { Ok(()) } else { Err(Refusal::Unauthenticated) }
    }

    /// `GET /Accounts/{AC}.json`. The token is in it, as it is at Twilio.
    pub(super) fn shown(&self, since: Timestamp) -> Value {
        json!({
            "sid": self.sid, "owner_account_sid": self.sid, "friendly_name": "Local", "status": "active", "type": "Full",
            "auth_token": self.auth_token, "date_created": rfc2822(since), "date_updated": rfc2822(since),
            "uri": format!("{API}/{}.json", self.sid),
            "subresource_uris": {"calls": format!("{API}/{}/Calls.json", self.sid),
                "recordings": format!("{API}/{}/Recordings.json", self.sid)},
        })
    }

    /// `GET /Accounts/{AC}/Balance.json`.
    pub(super) fn balance(&self) -> Value {
        json!({"account_sid": self.sid, "balance": "12.34", "currency": "USD"})
    }

    /// The account's numbers.
    pub(super) fn numbers(&self, since: Timestamp) -> Vec<Value> {
        let numbers = TWILIO_NUMBERS.iter().enumerate();
        numbers
            .map(|(index, number)| {
                let sid = format!("PN{index:032}");
                json!({
                    "sid": sid, "account_sid": self.sid, "phone_number": number, "friendly_name": number,
                    "capabilities": {"voice": true, "sms": false, "mms": false, "fax": false},
                    "status": "in-use", "api_version": VERSION, "beta": false, "origin": "twilio",
                    "voice_url": null, "voice_method": "POST", "status_callback": null,
                    "date_created": rfc2822(since), "date_updated": rfc2822(since),
                    "uri": format!("{API}/{}/IncomingPhoneNumbers/{sid}.json", self.sid),
                })
            })
            .collect()
    }
}

/// Whether calls of this number go over the account.
pub(crate) fn owns(number: &str) -> bool {
    TWILIO_NUMBERS.contains(&number)
}

//! Twilio's errors in our words.
//!
//! Follows the error dictionary (twilio.com/docs/api/errors) and both shapes of error that the helper library 9.13.0 reads, as
//! of 2026-11: the classic `{code, message, more_info, status}` and problem details `{type, title, status, code, detail}`
//! (RFC 9457).

use serde_json::{Map, Value};

use crate::Decline;

/// What a refusal means, where its code says more than the status. Everything listed is decided before anything is dialled.
pub(super) fn decline(_status: u16, body: &[u8]) -> Option<Decline> {
    match code_of(body)? {
        // `To` is not a number; cannot be reached; does not look like one; the same, found while dialling.
        21211 | 21214 | 21217 | 13223 | 13224 => Some(Decline::InvalidNumber),
        // `From` is not verified, is not a number, is missing; a trial account may not call this `To`.
        21210 | 21212 | 21213 | 21219 => Some(Decline::NotPermitted),
        // The account may not call there: not authorised, not allowed, calls abroad are off, forbidden, geographic permissions.
        21203 | 21215 | 21216 | 13225 | 13227 => Some(Decline::NotPermitted),
        // The account is not active, or voice calls are switched off for it.
        10001 | 10005 | 20005 => Some(Decline::NotPermitted),
        // As many calls at once as the account may have.
        10004 => Some(Decline::Concurrency),
        // The URL of the TwiML is not valid.
        21205 => Some(Decline::UnknownAgent),
        // The call is not in a state that can be changed.
        21220 => Some(Decline::AlreadyOver),
        _ => None,
    }
}

/// Twilio's number for an error. Where `code` is not there, the last part of its documentation's address is the same number.
fn code_of(body: &[u8]) -> Option<u32> {
    let error: Map<String, Value> = serde_json::from_slice(body).ok()?;
    let number = match error.get("code") {
        Some(Value::Number(number)) => number.as_u64().and_then(|code| u32::try_from(code).ok()),
        Some(Value::String(text)) => text.parse().ok(),
        _ => None,
    };
    let documented = || {
        let address = ["more_info", "type"].into_iter().find_map(|name| error.get(name)?.as_str())?;
        address.rsplit('/').next()?.parse().ok()
    };
    number.or_else(documented)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn both_shapes_of_error_are_read() {
        for (body, expected) in [
            (json!({"code":21211,"message":"The 'To' number is not a valid phone number.","status":400}), Some(21211)),
            (json!({"code":20003,"detail":"Your AccountSid or AuthToken was incorrect.","status":401}), Some(20003)),
            (
                json!({"type":"https://www.twilio.com/docs/errors/21215","title":"x","status":400,"code":21215}),
                Some(21215),
            ),
            (json!({"type":"https://www.twilio.com/docs/errors/21215","title":"x","status":400}), Some(21215)),
            (json!({"more_info":"https://www.twilio.com/docs/errors/20404","status":404}), Some(20404)),
            (json!({"code":"21220"}), Some(21220)),
            (json!({"code":null,"type":"about:blank"}), None),
            (json!({"code":-1}), None),
            (json!([]), None),
        ] {
            assert_eq!(code_of(body.to_string().as_bytes()), expected, "{body}");
        }
    }

    #[test]
    fn codes_that_mean_something_are_told_apart_and_the_status_speaks_for_the_rest() {
        for (code, expected) in [
            (21211, Some(Decline::InvalidNumber)),
            (21214, Some(Decline::InvalidNumber)),
            (21217, Some(Decline::InvalidNumber)),
            (21210, Some(Decline::NotPermitted)),
            (21212, Some(Decline::NotPermitted)),
            (21215, Some(Decline::NotPermitted)),
            (21216, Some(Decline::NotPermitted)),
            (13227, Some(Decline::NotPermitted)),
            (10004, Some(Decline::Concurrency)),
            (20005, Some(Decline::NotPermitted)),
            (21205, Some(Decline::UnknownAgent)),
            (21220, Some(Decline::AlreadyOver)),
            (20003, None),
            (20404, None),
            (20429, None),
            (99999, None),
        ] {
            assert_eq!(decline(400, json!({ "code": code }).to_string().as_bytes()), expected, "{code}");
        }
    }

    proptest! {
        #[test]
        fn no_body_makes_reading_it_panic(body: Vec<u8>, code: i64, address in ".{0,30}") {
            decline(400, &body);
            decline(400, json!({"code": code, "type": address}).to_string().as_bytes());
        }
    }
}

//! Who may use the simulated OMI: key, application, signature, and a thousand requests a minute.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::HeaderMap;
use http::request::Parts;
use switchboard_core::Timestamp;

use super::refusal::Refusal;
use crate::sim::signature::omi_signature;

/// How far a signature's time may be from ours, in either direction.
const TOLERANCE: Duration = Duration::from_secs(300);

/// The window of the rate limit, and what it lets through.
const WINDOW: Duration = Duration::from_secs(60);
const REQUESTS_PER_WINDOW: u32 = 1000;

/// An account with OMI, as OMI knows it.
#[derive(Clone)]
pub struct OmiAccount {
    /// The key that callers send as a bearer.
    pub api_key: String,
    /// The secret with which callers sign; without one, nothing has to be signed.
    pub api_secret: Option<String>,
    /// The application's id.
    pub app_id: String,
}

impl fmt::Debug for OmiAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OmiAccount").field("app_id", &self.app_id).finish_non_exhaustive()
    }
}

impl OmiAccount {
    /// Checks key, application and signature, in this order.
    pub(super) fn check(&self, head: &Parts, raw_body: &[u8], now: Timestamp) -> Result<(), Refusal> {
        let header = |name: &str| text(&head.headers, name);
        let bearer = header("authorization").and_then(|value| value.split_once(' '));
        match bearer {
            Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer") && key.trim() == self.api_key => {}
            _ => return Err(Refusal::BadKey),
        }
        if header("x-omi-app-id") != Some(self.app_id.as_str()) {
            return Err(Refusal::UnknownApp);
        }
        let Some(secret) = &self.api_secret else { return Ok(()) };
        let timestamp = header("x-omi-timestamp").ok_or(Refusal::BadSignature("X-OMI-Timestamp is missing"))?;
        let signed_at = timestamp.parse().map(Timestamp::from_epoch_secs);
        let signed_at = signed_at.map_err(|_| Refusal::BadSignature("X-OMI-Timestamp must be unix seconds"))?;
        if signed_at.since(now) > TOLERANCE || now.since(signed_at) > TOLERANCE {
            return Err(Refusal::BadSignature("X-OMI-Timestamp is too far from now"));
        }
        let path_and_query = head.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        let expected = omi_signature(secret, timestamp, head.method.as_str(), path_and_query, raw_body);
        // A stand-in on loopback has no secret that timing could give away.
        if header("x-omi-signature") == Some(expected.as_str()) {
            Ok(())
        } else {
            Err(Refusal::BadSignature("X-OMI-Signature does not match"))
        }
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The account's requests in the current window.
#[derive(Debug)]
pub(super) struct RateLimit(Mutex<(Timestamp, u32)>);

impl RateLimit {
    pub(super) fn new(now: Timestamp) -> Self {
        Self(Mutex::new((now, 0)))
    }

    /// Counts a request, or refuses it and says when the window ends.
    pub(super) fn count(&self, now: Timestamp) -> Result<(), Refusal> {
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let age = now.since(window.0);
        if age >= WINDOW {
            *window = (now, 1);
            return Ok(());
        }
        if window.1 >= REQUESTS_PER_WINDOW {
            let left = WINDOW.saturating_sub(age);
            return Err(Refusal::TooManyRequests { retry_after_secs: left.as_secs().max(1) });
        }
        window.1 += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    const NOW: i64 = 1_795_169_208;
    const BODY: &[u8] = br#"{"sessionId":"ses_1"}"#;

    fn account(api_secret: Option<&str>) -> OmiAccount {
        OmiAccount { api_key: "omi_dev_key".into(), api_secret: api_secret.map(str::to_owned), app_id: "app_1".into() }
    }

    fn signed(secret: &str, at: i64, headers: &[(&str, &str)]) -> Parts {
        let path = "/v1/process?trace=1";
        let signature = omi_signature(secret, &at.to_string(), "POST", path, BODY);
        let mut request = Request::post(path)
            .header("authorization", "Bearer omi_dev_key")
            .header("x-omi-app-id", "app_1")
            .header("x-omi-timestamp", at.to_string())
            .header("x-omi-signature", signature);
        for (name, value) in headers {
            request.headers_mut().unwrap().insert(http::HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
        }
        request.body(()).unwrap().into_parts().0
    }

    fn check(head: &Parts, body: &[u8]) -> Result<(), Refusal> {
        account(Some("shh")).check(head, body, Timestamp::from_epoch_secs(NOW))
    }

    #[test]
    fn a_signed_request_passes_within_five_minutes_and_not_after() {
        for (skew, passes) in [(0, true), (300, true), (-300, true), (301, false), (-301, false)] {
            assert_eq!(check(&signed("shh", NOW + skew, &[]), BODY).is_ok(), passes, "{skew}");
        }
    }

    #[test]
    fn any_tampering_is_refused_with_401() {
        let head = signed("shh", NOW, &[]);
        assert_eq!(check(&head, b"{}"), Err(Refusal::BadSignature("X-OMI-Signature does not match")));
        assert!(check(&signed("other", NOW, &[]), BODY).is_err());
        let mut elsewhere = signed("shh", NOW, &[]);
        elsewhere.uri = "/v1/process?trace=2".parse().unwrap();
        assert!(check(&elsewhere, BODY).is_err());
        let mut verb = signed("shh", NOW, &[]);
        verb.method = http::Method::PATCH;
        assert!(check(&verb, BODY).is_err());
        assert!(check(&signed("shh", NOW, &[("x-omi-timestamp", "soon")]), BODY).is_err());
        let mut unsigned = signed("shh", NOW, &[]);
        unsigned.headers.remove("x-omi-signature");
        assert!(check(&unsigned, BODY).is_err());
    }

    #[test]
    fn key_and_application_are_checked_with_and_without_a_secret() {
        let now = Timestamp::from_epoch_secs(NOW);
        let open = account(None);
        assert_eq!(open.check(&signed("any", 0, &[]), b"any", now), Ok(()));
        for wrong in ["Bearer nope", "Basic omi_dev_key", "omi_dev_key", ""] {
            assert_eq!(open.check(&signed("", NOW, &[("authorization", wrong)]), BODY, now), Err(Refusal::BadKey));
        }
        assert_eq!(open.check(&signed("", NOW, &[("x-omi-app-id", "app_2")]), BODY, now), Err(Refusal::UnknownApp));
    }

    #[test]
    fn the_thousand_and_first_request_of_a_minute_has_to_wait_for_the_next() {
        let start = Timestamp::from_epoch_secs(NOW);
        let limit = RateLimit::new(start);
        for _ in 0..REQUESTS_PER_WINDOW {
            assert_eq!(limit.count(start), Ok(()));
        }
        let later = start.plus(Duration::from_secs(20));
        assert_eq!(limit.count(later), Err(Refusal::TooManyRequests { retry_after_secs: 40 }));
        assert_eq!(limit.count(start.plus(WINDOW)), Ok(()));
    }

    #[test]
    fn an_account_prints_without_its_secrets() {
        let shown = format!("{:?}", account(Some("shh")));
        assert!(!shown.contains("omi_dev_key") && !shown.contains("shh"), "{shown}");
    }
}

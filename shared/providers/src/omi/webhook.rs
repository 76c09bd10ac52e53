//! OMI's webhooks: Standard Webhooks signatures (our convention; R0 names a secret but no scheme), bodies
//! `{event, data, timestamp}`.

use serde_json::{Map, Value};
use switchboard_core::{KeyedSecret, Personal, SessionId, Timestamp};

use crate::standard_webhooks::{BadSecret, StandardWebhooks};
use crate::{Inbound, News, ProviderEvent, Rejection, Verified, WebhookError, Webhooks};

/// Longest name of an event that is kept, in characters.
const MAX_KIND_CHARS: usize = 64;

/// Longest message of an error that is shown on a session, in characters. The whole is in the journal.
const MAX_MESSAGE_CHARS: usize = 1_000;

/// Reads OMI's webhooks.
#[derive(Clone, Debug)]
pub struct OmiWebhooks(StandardWebhooks);

impl OmiWebhooks {
    /// A reader that believes deliveries signed with any of `accepted`.
    ///
    /// # Errors
    /// [`BadSecret`] if there is none or one cannot be used.
    pub fn new(accepted: &[KeyedSecret], retired: &[KeyedSecret]) -> Result<Self, BadSecret> {
        StandardWebhooks::new(accepted, retired).map(Self)
    }
}

impl Webhooks for OmiWebhooks {
    fn verify<'a>(&self, request: &Inbound<'a>, now: Timestamp) -> Result<Verified<'a>, Rejection> {
        self.0.verify(request, now)
    }

    fn normalise(&self, verified: &Verified<'_>) -> Result<Vec<ProviderEvent>, WebhookError> {
        let body: Map<String, Value> =
            serde_json::from_slice(verified.body()).map_err(|_| WebhookError::NotTheirJson)?;
        let kind = body.get("event").and_then(Value::as_str).ok_or(WebhookError::NotTheirJson)?;
        let data = body.get("data").and_then(Value::as_object);
        let text = |name: &str| data.and_then(|data| data.get(name)).and_then(Value::as_str);
        // An error's words stand in `data` itself, or in an `error` of it: R0 does not say.
        let inner = data.and_then(|data| data.get("error")).and_then(Value::as_object);
        let of_error =
            |name: &str| text(name).or_else(|| inner.and_then(|inner| inner.get(name)).and_then(Value::as_str));
        let news = match kind {
            "session.ended" => News::SessionEnded,
            "error.occurred" => News::SessionError {
                code: of_error("code").unwrap_or("unknown").chars().take(MAX_KIND_CHARS).collect(),
                message: Personal::new(
                    of_error("message").unwrap_or_default().chars().take(MAX_MESSAGE_CHARS).collect::<String>(),
                ),
            },
            _ => News::Nothing,
        };
        Ok(vec![ProviderEvent {
            kind: kind.chars().take(MAX_KIND_CHARS).collect(),
            at: body.get("timestamp").and_then(read_time),
            session: text("sessionId").and_then(SessionId::parse),
            news,
        }])
    }
}

/// A time as text, or as a number of seconds or milliseconds: R0 does not say which.
fn read_time(value: &Value) -> Option<Timestamp> {
    /// No delivery is from before 2001 in milliseconds, or from after 33658 in seconds.
    const FIRST_MILLIS: i64 = 1_000_000_000_000;
    match value {
        Value::String(text) => Timestamp::parse(text),
        Value::Number(number) => {
            let number = number.as_i64()?;
            Some(if number < FIRST_MILLIS {
                Timestamp::from_epoch_secs(number)
            } else {
                Timestamp::from_epoch_millis(number)
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(body: &Value) -> Result<Vec<ProviderEvent>, WebhookError> {
        let secret = KeyedSecret {
            kid: "k".to_owned(),
            value: switchboard_core::Secret::new("whsec_bG9jYWwtb21pLXdlYmhvb2stc2VjcmV0LTAwMDE="),
        };
        let bytes = body.to_string().into_bytes();
        OmiWebhooks::new(&[secret], &[]).unwrap().normalise(&Verified::new(&bytes, String::new(), String::new()))
    }

    #[test]
    fn every_event_of_r0_is_read_and_only_two_of_them_change_anything() {
        let session = SessionId::generate(Timestamp::from_epoch_secs(1));
        for (kind, changes) in [
            ("session.created", false),
            ("session.updated", false),
            ("session.ended", true),
            ("voice.processed", false),
            ("ai.response", false),
            ("error.occurred", true),
            ("something.new", false),
        ] {
            let events =
                read(&json!({"event": kind, "data": {"sessionId": session}, "timestamp": 1_795_169_208})).unwrap();
            assert_eq!(events.len(), 1);
            assert_eq!((events[0].kind.as_str(), events[0].session), (kind, Some(session)));
            assert_eq!(events[0].news != News::Nothing, changes, "{kind}");
            assert_eq!(events[0].at, Some(Timestamp::from_epoch_secs(1_795_169_208)));
        }
    }

    #[test]
    fn what_has_not_the_form_is_said_to_be_unreadable() {
        for body in [json!([]), json!({}), json!({"event": 7}), json!("x")] {
            assert_eq!(read(&body), Err(WebhookError::NotTheirJson), "{body}");
        }
    }

    #[test]
    fn missing_and_wrong_typed_parts_are_absent() {
        let events = read(&json!({"event": "session.ended", "data": false, "timestamp": "soon"})).unwrap();
        assert_eq!((events[0].session, events[0].at), (None, None));
    }
}

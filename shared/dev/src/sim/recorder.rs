//! What the simulated providers were asked: every request, in memory, with its credentials hashed.
//!
//! It records what arrived, not what was done about it; `fault` names the fault that a request ran into.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use http::request::Parts;
use serde::Serialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use switchboard_core::{Clock, Timestamp};

use super::form::parts_of;
use super::provider::{Operation, Provider};
use crate::clock::ScriptedClock;

/// How many requests are kept; the oldest go first. Enough for a day of hand-driven work or any one test.
const KEPT: usize = 10_000;

/// Bodies above this many bytes are listed by size and hash only, so that kept requests fit in memory.
const SHOWN_BYTES: usize = 256 * 1024;

/// Parts of a form above this many bytes, and all files, are listed by size and hash only.
const SHOWN_PART_BYTES: usize = 8 * 1024;

/// Names (lower case, without `-` and `_`) whose values are credentials wherever they occur.
const CREDENTIALS: [&str; 22] = [
    "authorization",
    "proxyauthorization",
    "cookie",
    "setcookie",
    "apikey",
    "xapikey",
    "authtoken",
    "authsecret",
    "accounttoken",
    "accesstoken",
    "refreshtoken",
    "token",
    "secret",
    "clientsecret",
    "apisecret",
    "password",
    "passwd",
    "signature",
    "xomisignature",
    "xtwiliosignature",
    "webhookauth",
    "webhooksecret",
];

/// One request as it arrived.
#[derive(Clone, Debug, Serialize)]
pub struct RecordedRequest {
    /// Counts up from 1 over all providers.
    pub seq: u64,
    /// Who was asked.
    pub provider: Provider,
    /// For what.
    pub operation: Operation,
    /// The method, in capitals.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The query's parameters; one that occurs more than once is a list.
    pub query: Value,
    /// The headers, in lower case, credentials hashed.
    pub headers: Value,
    /// The body: JSON and forms parsed, other text as a string, other bytes as size and hash, `null` where empty.
    pub body: Value,
    /// When, on the world's clock.
    pub at: Timestamp,
    /// The fault that this request ran into.
    pub fault: Option<&'static str>,
}

/// The newest requests to all simulated providers.
#[derive(Debug)]
pub struct Recorder {
    clock: ScriptedClock,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    last_seq: u64,
    requests: VecDeque<RecordedRequest>,
}

impl Recorder {
    /// Empty, telling time by `clock`.
    #[must_use]
    pub fn new(clock: ScriptedClock) -> Self {
        Self { clock, kept: Mutex::default() }
    }

    /// Keeps one request.
    pub(crate) async fn record(
        &self,
        (provider, operation): (Provider, Operation),
        head: &Parts,
        body: &Bytes,
        fault: Option<&'static str>,
    ) {
        let body = described(head, body).await;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.last_seq += 1;
        let request = RecordedRequest {
            seq: kept.last_seq,
            provider,
            operation,
            method: head.method.to_string(),
            path: head.uri.path().to_owned(),
            query: pairs(head.uri.query().unwrap_or_default()),
            headers: headers(head),
            body,
            at: self.clock.now(),
            fault,
        };
        kept.requests.push_back(request);
        if kept.requests.len() > KEPT {
            kept.requests.pop_front();
        }
    }

    /// The kept requests after `since` (a `seq`), oldest first, of one provider or of all.
    #[must_use]
    pub fn requests(&self, provider: Option<Provider>, since: u64) -> Vec<RecordedRequest> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = |request: &&RecordedRequest| {
            request.seq > since && provider.is_none_or(|provider| provider == request.provider)
        };
        kept.requests.iter().filter(wanted).cloned().collect()
    }
}

fn is_credential(name: &str) -> bool {
    let plain: String = name.chars().filter(|c| !matches!(c, '-' | '_')).collect::<String>().to_ascii_lowercase();
    CREDENTIALS.contains(&plain.as_str())
}

/// What stands in place of a credential: enough to see whether two are the same, too little to use.
fn hashed(value: &[u8]) -> String {
    let mut text = sha256(value);
    text.truncate("sha256:".len() + 16);
    text
}

fn sha256(bytes: &[u8]) -> String {
    let mut text = "sha256:".to_owned();
    for byte in Sha256::digest(bytes) {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn headers(head: &Parts) -> Value {
    let mut shown = Map::new();
    for (name, value) in &head.headers {
        let text = if is_credential(name.as_str()) {
            hashed(value.as_bytes())
        } else {
            String::from_utf8_lossy(value.as_bytes()).into_owned()
        };
        insert(&mut shown, name.as_str(), text);
    }
    Value::Object(shown)
}

fn pairs(encoded: &str) -> Value {
    let mut shown = Map::new();
    for (name, value) in form_pairs(encoded) {
        let value = if is_credential(&name) { hashed(value.as_bytes()) } else { value };
        insert(&mut shown, &name, value);
    }
    Value::Object(shown)
}

/// Reads `application/x-www-form-urlencoded`.
pub(crate) fn form_pairs(encoded: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(encoded.as_bytes()).into_owned().collect()
}

fn insert(shown: &mut Map<String, Value>, name: &str, value: String) {
    match shown.get_mut(name) {
        None => {
            shown.insert(name.to_owned(), Value::String(value));
        }
        Some(Value::Array(values)) => values.push(Value::String(value)),
        Some(first) => *first = json!([first.take(), value]),
    }
}

async fn described(head: &Parts, body: &Bytes) -> Value {
    if body.is_empty() {
        return Value::Null;
    }
    let content_type = head.headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    if content_type.starts_with("multipart/form-data") {
        return match parts_of(head, body).await {
            Ok(parts) => json!({"parts": parts.iter().map(described_part).collect::<Vec<_>>()}),
            Err(_) => opaque(body),
        };
    }
    if body.len() > SHOWN_BYTES {
        return opaque(body);
    }
    if content_type.starts_with("application/x-www-form-urlencoded") {
        return std::str::from_utf8(body).map_or_else(|_| opaque(body), pairs);
    }
    if let Ok(mut value) = serde_json::from_slice::<Value>(body) {
        hash_credentials(&mut value);
        return value;
    }
    std::str::from_utf8(body).map_or_else(|_| opaque(body), |text| Value::String(text.to_owned()))
}

fn opaque(bytes: &[u8]) -> Value {
    json!({"bytes": bytes.len(), "sha256": sha256(bytes).trim_start_matches("sha256:")})
}

fn described_part(part: &super::form::Part) -> Value {
    let mut shown = json!({"name": part.name, "filename": part.filename, "contentType": part.content_type,
        "bytes": part.bytes.len()});
    let text = std::str::from_utf8(&part.bytes).ok();
    let text = text.filter(|text| part.filename.is_none() && text.len() <= SHOWN_PART_BYTES);
    if let Value::Object(fields) = &mut shown {
        match text {
            Some(text) if is_credential(&part.name) => fields.insert("text".into(), json!(hashed(text.as_bytes()))),
            Some(text) => fields.insert("text".into(), json!(text)),
            None => fields.insert("sha256".into(), json!(sha256(&part.bytes).trim_start_matches("sha256:"))),
        };
    }
    shown
}

fn hash_credentials(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                match field {
                    Value::String(text) if is_credential(name) => *text = hashed(text.as_bytes()),
                    other => hash_credentials(other),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(hash_credentials),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn recorder() -> Recorder {
        Recorder::new(ScriptedClock::fixed(Timestamp::from_epoch_secs(1_795_169_208)))
    }

    async fn recorded(request: Request<&'static str>) -> RecordedRequest {
        let (head, body) = request.into_parts();
        let recorder = recorder();
        recorder.record((Provider::Omi, Operation::Process), &head, &Bytes::from_static(body.as_bytes()), None).await;
        recorder.requests(None, 0).remove(0)
    }

    #[tokio::test]
    async fn no_credential_is_kept_in_the_clear() {
        let canary = "omi_live_c0ffee";
        let request = Request::post("/v1/process?token=omi_live_c0ffee&q=1")
            .header("authorization", "Bearer omi_live_c0ffee")
            .header("x-omi-signature", "v1=omi_live_c0ffee")
            .header("cookie", "s=omi_live_c0ffee")
            .header("x-api-key", "omi_live_c0ffee")
            .header("content-type", "application/json")
            .body(r#"{"deep":[{"client_secret":"omi_live_c0ffee"}],"webhookAuth":"omi_live_c0ffee","plain":1,
                "call":{"webhookAuth":{"authKey":"bearer","authSecret":"omi_live_c0ffee"}},"account_token":"omi_live_c0ffee"}"#);
        let kept = serde_json::to_string(&recorded(request.unwrap()).await).unwrap();
        assert!(!kept.contains(canary), "{kept}");
        assert!(kept.contains(&hashed(b"Bearer omi_live_c0ffee")));
        assert_eq!(hashed(b"x").len(), "sha256:".len() + 16);
    }

    #[tokio::test]
    async fn forms_and_json_are_parsed_and_the_rest_is_described() {
        let form = Request::post("/x?a=1&a=2&b=%20")
            .header("content-type", "application/x-www-form-urlencoded")
            .body("To=%2B15005550001&Twiml=%3CResponse%2F%3E");
        let kept = recorded(form.unwrap()).await;
        assert_eq!(kept.query, json!({"a": ["1", "2"], "b": " "}));
        assert_eq!(kept.body, json!({"To": "+15005550001", "Twiml": "<Response/>"}));

        let sdp = Request::post("/x").header("content-type", "application/sdp").body("v=0\r\n");
        assert_eq!(recorded(sdp.unwrap()).await.body, json!("v=0\r\n"));
        assert_eq!(recorded(Request::post("/x").body("").unwrap()).await.body, Value::Null);
    }

    #[tokio::test]
    async fn a_form_with_files_lists_its_parts() {
        let body = "--b\r\ncontent-disposition: form-data; name=\"sessionId\"\r\n\r\nses_1\r\n\
                    --b\r\ncontent-disposition: form-data; name=\"audio\"; filename=\"a.wav\"\r\n\
                    content-type: audio/wav\r\n\r\nRIFF\r\n--b--\r\n";
        let request = Request::post("/x").header("content-type", "multipart/form-data; boundary=b").body(body);
        let sha = sha256(b"RIFF");
        assert_eq!(
            recorded(request.unwrap()).await.body,
            json!({"parts": [
                {"name": "sessionId", "filename": null, "contentType": null, "bytes": 5, "text": "ses_1"},
                {"name": "audio", "filename": "a.wav", "contentType": "audio/wav", "bytes": 4,
                 "sha256": sha.trim_start_matches("sha256:")},
            ]})
        );
    }

    #[tokio::test]
    async fn requests_are_listed_after_a_seq_and_by_provider_and_the_oldest_are_let_go() {
        let recorder = recorder();
        let (head, ()) = Request::get("/v1/health").body(()).unwrap().into_parts();
        for index in 0..=KEPT {
            let provider = if index == KEPT { Provider::Twilio } else { Provider::Omi };
            recorder.record((provider, Operation::Status), &head, &Bytes::new(), None).await;
        }
        let all = recorder.requests(None, 0);
        assert_eq!((all.len(), all[0].seq), (KEPT, 2));
        assert_eq!(recorder.requests(Some(Provider::Twilio), 0).len(), 1);
        assert_eq!(recorder.requests(None, u64::try_from(KEPT).unwrap()).len(), 1);
    }
}

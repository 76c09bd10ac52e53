//! What Twilio sends, signed by the letter of its documentation and by nothing of ours.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use switchboard_dev::credentials::TWILIO_ACCOUNT_SID;

use crate::invoke::{API, FUNCTION_URL, Sent, Shape};

/// The name of the shared key that the tests put in place, and its value.
pub(crate) const SHARED_KEY: (&str, &str) = ("SK0123456789abcdef0123456789abcdef", "a-shared-key-of-the-account");
pub(crate) const CALL_SID: &str = "CA00000000000000000000000000000001";
const PATH: &str = "/webhooks/twilio";

pub(crate) type Form<'f> = [(&'f str, String)];

/// Which of the ways of sending, and with which kind of key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Form,
    FormWithSharedKey,
    Json,
    Get,
}

pub(crate) const KINDS: [Kind; 4] = [Kind::Form, Kind::FormWithSharedKey, Kind::Json, Kind::Get];

/// Names in the order of their bytes, each with its different values in theirs.
fn text_of(url: &str, form: &Form<'_>) -> String {
    let mut sorted: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, value) in form {
        sorted.entry(name).or_default().insert(value);
    }
    let mut text = url.to_owned();
    for (name, values) in sorted {
        for value in values {
            text.push_str(name);
            text.push_str(value);
        }
    }
    text
}

pub(crate) fn sha1(key: &str, url: &str, form: &Form<'_>) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(text_of(url, form).as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

pub(crate) fn sha256(key: &str, url: &str, form: &Form<'_>) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(text_of(url, form).as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

pub(crate) fn body_hash(body: &[u8]) -> String {
    Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The parameters of a status callback, in which this number tells deliveries apart.
pub(crate) fn status(number: usize) -> Vec<(&'static str, String)> {
    vec![
        ("AccountSid", TWILIO_ACCOUNT_SID.to_owned()),
        ("CallSid", CALL_SID.to_owned()),
        ("CallStatus", "ringing".to_owned()),
        ("From", "+15005550100".to_owned()),
        ("To", "+96891234567".to_owned()),
        ("CallerName", "Ümit & Söhne + 1/2 = ½".to_owned()),
        ("SequenceNumber", number.to_string()),
    ]
}

pub(crate) fn encoded(form: &Form<'_>) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish()
}

/// Where Twilio was told to report to.
#[derive(Clone, Debug)]
pub(crate) struct At {
    /// With its scheme.
    pub(crate) origin: String,
}

impl At {
    /// As the event's maker knows us.
    pub(crate) fn asked(shape: Shape) -> Self {
        let host = match shape {
            Shape::Api => API,
            Shape::FunctionUrl => FUNCTION_URL,
        };
        Self { origin: format!("https://{host}") }
    }

    pub(crate) fn url(&self, query: &str) -> String {
        let query = if query.is_empty() { String::new() } else { format!("?{query}") };
        format!("{}{PATH}{query}", self.origin)
    }
}

/// A good delivery, signed for an address and a query with a token, or a shared key where the kind has one.
pub(crate) fn delivery(kind: Kind, at: &At, query: &str, (token, shared): (&str, &str), number: usize) -> Sent {
    let form = status(number);
    let mut sent = Sent {
        method: "POST",
        path: PATH.to_owned(),
        query: query.to_owned(),
        headers: vec![("host".to_owned(), "elsewhere.example.com".to_owned())],
        body: Vec::new(),
    };
    let signature = match kind {
        Kind::Form | Kind::FormWithSharedKey => {
            sent.set("content-type", "application/x-www-form-urlencoded; charset=UTF-8");
            sent.body = encoded(&form).into_bytes();
            if kind == Kind::Form {
                sha1(token, &at.url(query), &form)
            } else {
                let settings = format!("key={},algorithm=HMAC_SHA256", SHARED_KEY.0);
                sent.set("x-twilio-webhooks-signature-settings", &settings);
                sha256(shared, &at.url(query), &form)
            }
        }
        Kind::Json => {
            sent.set("content-type", "application/json");
            let body: serde_json::Map<_, _> =
                form.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
            sent.body = serde_json::to_vec(&body).unwrap();
            sent.query = joined(query, &format!("bodySHA256={}", body_hash(&sent.body)));
            sha1(token, &at.url(&sent.query), &[])
        }
        Kind::Get => {
            sent.method = "GET";
            sent.query = joined(query, &encoded(&form));
            sha1(token, &at.url(&sent.query), &[])
        }
    };
    sent.set("x-twilio-signature", &signature);
    sent
}

fn joined(query: &str, more: &str) -> String {
    if query.is_empty() { more.to_owned() } else { format!("{query}&{more}") }
}

#[test]
fn the_signatures_of_these_tests_are_those_of_the_official_library() {
    let form = [
        ("CallSid", CALL_SID.to_owned()),
        ("CallStatus", "completed".to_owned()),
        ("Digits", "1234".to_owned()),
        ("From", "+14158675309".to_owned()),
        ("To", "+18005551212".to_owned()),
    ];
    let url = "https://example.com/hooks/twilio?foo=1&bar=2";
    assert_eq!(sha1("12345", url, &form), "x/FkxGMiz4lSZmiKvNSlzbf5My4=");
    assert_eq!(sha1("12345", &url.replace(".com/", ".com:443/"), &form), "DW4gJYqw3lvdjFfw+rwih6rWEfE=");
    assert_eq!(sha256("12345", url, &form), "McN83tVNHu5+/DXiEQQXvJgvHso3BlF2MKbP8c5pqEo=");
    let hash = body_hash(br#"{"property":"value","boolean":true}"#);
    let json = format!("https://example.com/hooks/twilio?bodySHA256={hash}");
    assert_eq!(sha1("12345", &json, &[]), "jTTjJNRNYZICiv473NirKUn7bgY=");
    let twice = ["b", "a", "a"].map(|value| ("MediaUrl", value.to_owned()));
    let twice = [&twice[..], &[("A", "1".to_owned())]].concat();
    assert_eq!(sha1("12345", "https://example.com/x", &twice), "+pfRZ3wRNgITErPky2LAbm5X17g=");
}

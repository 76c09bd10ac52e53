//! One change to a delivery of Twilio's, and the cause that is named.

use serde_json::json;
use switchboard_dev::credentials::{TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN};

use super::Post;
use super::twilio::{At, CALL_SID, Kind, SHARED_KEY, body_hash, delivery, encoded, sha1, sha256, status};
use crate::invoke::{Sent, Shape, Travel};
use crate::sizes::tell;

const SIGNATURE: &str = "x-twilio-signature";
const SETTINGS: &str = "x-twilio-webhooks-signature-settings";
const QUERY: &str = "call=call_x&note=%2f+1";
const KEYS: (&str, &str) = (TWILIO_AUTH_TOKEN, SHARED_KEY.1);

/// A change, what it is done to, and what is to be found.
type Tamper = (&'static str, Kind, fn(&mut Sent, &At), &'static str);

fn text(sent: &Sent) -> String {
    String::from_utf8(sent.body.clone()).unwrap()
}

/// Signs a form anew, so that it is what Twilio would have sent.
fn signed_anew(sent: &mut Sent, at: &At, name: &'static str, value: &str) {
    let mut form = status(99);
    form.retain(|(known, _)| *known != name);
    form.push((name, value.to_owned()));
    sent.body = encoded(&form).into_bytes();
    let signature = sha1(TWILIO_AUTH_TOKEN, &at.url(&sent.query), &form);
    sent.set(SIGNATURE, &signature);
}

fn signed_for(sent: &mut Sent, url: &str) {
    let signature = sha1(TWILIO_AUTH_TOKEN, url, &status(1));
    sent.set(SIGNATURE, &signature);
}

const TAMPERS: &[Tamper] = &[
    (
        "a value",
        Kind::Form,
        |sent, _| sent.body = text(sent).replace("ringing", "completed").into_bytes(),
        "signature_mismatch",
    ),
    (
        "a value",
        Kind::FormWithSharedKey,
        |sent, _| sent.body = text(sent).replace("ringing", "busy").into_bytes(),
        "signature_mismatch",
    ),
    ("a parameter more", Kind::Form, |sent, _| sent.body.extend(b"&Digits=1"), "signature_mismatch"),
    (
        "a parameter less",
        Kind::Form,
        |sent, _| sent.body = text(sent).replace("&CallStatus=ringing", "").into_bytes(),
        "signature_mismatch",
    ),
    ("another value of a name", Kind::Form, |sent, _| sent.body.extend(b"&CallStatus=completed"), "signature_mismatch"),
    ("no body", Kind::Form, |sent, _| sent.body.clear(), "signature_mismatch"),
    ("a byte of the query", Kind::Form, |sent, _| sent.query = sent.query.replace("%2f", "%2F"), "signature_mismatch"),
    (
        "the order of the query",
        Kind::Form,
        |sent, _| sent.query = "note=%2f+1&call=call_x".to_owned(),
        "signature_mismatch",
    ),
    ("no query", Kind::Form, |sent, _| sent.query.clear(), "signature_mismatch"),
    (
        "the call in the query",
        Kind::Form,
        |sent, _| sent.query = sent.query.replace("call_x", "call_y"),
        "signature_mismatch",
    ),
    ("a query where there was none", Kind::Form, |sent, at| signed_for(sent, &at.url("")), "wrong_url"),
    (
        "a value in the query",
        Kind::Get,
        |sent, _| sent.query = sent.query.replace("ringing", "completed"),
        "signature_mismatch",
    ),
    (
        "the hash in the query",
        Kind::Json,
        |sent, _| sent.query = format!("{QUERY}&bodySHA256={}", body_hash(b"{}")),
        "signature_mismatch",
    ),
    (
        "the body behind its hash",
        Kind::Json,
        |sent, _| sent.body = text(sent).replace("ringing", "completed").into_bytes(),
        "changed_body",
    ),
    (
        "the layout of the body",
        Kind::Json,
        |sent, _| {
            let parsed: serde_json::Value = serde_json::from_slice(&sent.body).unwrap();
            sent.body = serde_json::to_vec_pretty(&parsed).unwrap();
        },
        "reserialised_body",
    ),
    (
        "no hash",
        Kind::Json,
        |sent, at| {
            sent.query = QUERY.to_owned();
            let signature = sha1(TWILIO_AUTH_TOKEN, &at.url(QUERY), &[]);
            sent.set(SIGNATURE, &signature);
        },
        "unsigned_body",
    ),
    ("a form as JSON", Kind::Form, |sent, _| sent.set("content-type", "application/json"), "unsigned_body"),
    (
        "JSON as a form",
        Kind::Json,
        |sent, _| sent.set("content-type", "application/x-www-form-urlencoded"),
        "signature_mismatch",
    ),
    ("no signature", Kind::Form, |sent, _| sent.unset(SIGNATURE), "missing_header"),
    ("no signature", Kind::Get, |sent, _| sent.unset(SIGNATURE), "missing_header"),
    ("an empty signature", Kind::Form, |sent, _| sent.set(SIGNATURE, ""), "signature_mismatch"),
    ("no base64", Kind::Form, |sent, _| sent.set(SIGNATURE, "!not base64!"), "malformed_header"),
    ("a signature cut short", Kind::Form, |sent, _| sent.set(SIGNATURE, "AAAA"), "signature_mismatch"),
    (
        "another token",
        Kind::Form,
        |sent, at| {
            let signature = sha1("54321", &at.url(QUERY), &status(1));
            sent.set(SIGNATURE, &signature);
        },
        "signature_mismatch",
    ),
    ("the scheme", Kind::Form, |sent, at| signed_for(sent, &at.url(QUERY).replace("https:", "http:")), "wrong_url"),
    ("the path", Kind::Form, |sent, at| signed_for(sent, &at.url(QUERY).replace("/twilio?", "/twilio/?")), "wrong_url"),
    (
        "the host as a proxy has it",
        Kind::Form,
        |sent, _| {
            signed_for(sent, &format!("https://elsewhere.example.com/webhooks/twilio?{QUERY}"));
        },
        "wrong_url",
    ),
    (
        "a host of the forger's",
        Kind::Form,
        |sent, _| {
            sent.set("x-forwarded-host", "forger.example.com");
            signed_for(sent, &format!("https://forger.example.com/webhooks/twilio?{QUERY}"));
        },
        "wrong_url",
    ),
    (
        "an unknown shared key",
        Kind::Form,
        |sent, _| sent.set(SETTINGS, "key=SKother,algorithm=HMAC_SHA256"),
        "unknown_key",
    ),
    (
        "another algorithm",
        Kind::FormWithSharedKey,
        |sent, _| sent.set(SETTINGS, &format!("key={},algorithm=HMAC_SHA1", SHARED_KEY.0)),
        "unknown_algorithm",
    ),
    ("settings without a key", Kind::Form, |sent, _| sent.set(SETTINGS, "algorithm=HMAC_SHA256"), "malformed_header"),
    ("the settings left out", Kind::FormWithSharedKey, |sent, _| sent.unset(SETTINGS), "signature_mismatch"),
    (
        "the token's signature under the shared key",
        Kind::FormWithSharedKey,
        |sent, at| {
            let signature = sha1(TWILIO_AUTH_TOKEN, &at.url(QUERY), &status(1));
            sent.set(SIGNATURE, &signature);
        },
        "signature_mismatch",
    ),
    (
        "the token as a shared key",
        Kind::FormWithSharedKey,
        |sent, at| {
            let signature = sha256(TWILIO_AUTH_TOKEN, &at.url(QUERY), &status(1));
            sent.set(SIGNATURE, &signature);
        },
        "signature_mismatch",
    ),
    (
        "another account",
        Kind::Form,
        |sent, at| {
            signed_anew(sent, at, "AccountSid", "AC0123456789abcdef0123456789abcdef");
        },
        "wrong_account",
    ),
    ("no account", Kind::Form, |sent, at| signed_anew(sent, at, "AccountSid", ""), "wrong_account"),
    ("a name that is none", Kind::Form, |sent, at| signed_anew(sent, at, "CallSid", "../Calls/CA1"), "malformed_name"),
    (
        "a body that is too large",
        Kind::Form,
        |sent, _| {
            sent.body.extend(b"&x=");
            sent.body.extend(vec![b'x'; 256 * 1024]);
        },
        "body_too_large",
    ),
];

#[tokio::test]
async fn each_change_to_a_delivery_of_twilios_is_refused_for_its_own_cause() {
    let post = Post::open().await;
    let secret = json!({"TWILIO_ACCOUNT_SID": TWILIO_ACCOUNT_SID, "TWILIO_AUTH_TOKEN": TWILIO_AUTH_TOKEN,
        "TWILIO_SHARED_KEYS": [{"kid": SHARED_KEY.0, "value": SHARED_KEY.1}]});
    post.rotate("switchboard/twilio-webhook", &secret).await;
    for (shape, base64) in [(Shape::Api, true), (Shape::FunctionUrl, false)] {
        let (at, travel) = (At::asked(shape), Travel { shape, base64, ..Travel::PLAIN });
        for (what, kind, tamper, cause) in TAMPERS {
            let mut sent = delivery(*kind, &at, QUERY, KEYS, 1);
            tamper(&mut sent, &at);
            tell(&format!("{what} of {kind:?}: {cause}"));
            post.refused(&sent, travel, cause).await;
        }
        // And without a change each is believed, after all the forgeries of it.
        for kind in super::twilio::KINDS {
            post.believed(&delivery(kind, &at, QUERY, KEYS, 1), travel).await;
        }
    }
}

#[tokio::test]
async fn no_byte_of_what_is_signed_can_be_another() {
    let post = Post::open().await;
    let at = At::asked(Shape::Api);
    let good = delivery(Kind::Form, &at, QUERY, KEYS, 1);
    let mut refused = 0;
    for place in 0..good.body.len() {
        let mut sent = good.clone();
        let byte = sent.body[place];
        // Another letter or digit, so that it still is a form; `+` and `%` change what is decoded.
        sent.body[place] = if byte == b'7' { b'8' } else { b'7' };
        let answer = post.deliver(&sent, Travel::PLAIN).await;
        assert_eq!(answer.status, 401, "byte {place}");
        refused += 1;
    }
    let signature = good.headers.iter().find(|(name, _)| name == SIGNATURE).unwrap().1.clone();
    for place in 0..signature.len() - 2 {
        let mut changed = signature.clone().into_bytes();
        changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
        let mut sent = good.clone();
        sent.set(SIGNATURE, std::str::from_utf8(&changed).unwrap());
        assert_eq!(post.deliver(&sent, Travel::PLAIN).await.status, 401, "character {place} of the signature");
        refused += 1;
    }
    assert!(refused > 200);
    post.believed(&good, Travel::PLAIN).await;
    assert!(String::from_utf8(good.body).unwrap().contains(CALL_SID));
}

//! Whose deliveries are believed, and why the others are not.

use http::HeaderMap;
use proptest::prelude::*;
use switchboard_core::{SecretStage, SecretVersion};

use super::super::signature::sign;
use super::super::wire::RETRY_OVERRIDES;
use super::*;

const ACCOUNT: &str = "AC00000000000000000000000000000000";
const URL: &str = "https://sb.example.com/webhooks/twilio?leg=leg_1";
const FORM: &str =
    "AccountSid=AC00000000000000000000000000000000&CallSid=CA00000000000000000000000000000001&CallStatus=completed";
const JSON: &[u8] = br#"{"property":"value","boolean":true}"#;
const FORM_TYPE: &str = "application/x-www-form-urlencoded; charset=UTF-8";

fn reader() -> TwilioWebhooks {
    let json = format!(
        r#"{{"TWILIO_ACCOUNT_SID":"{ACCOUNT}",
            "TWILIO_AUTH_TOKEN":[{{"kid":"new","value":"token"}},{{"kid":"old","value":"before","notAfter":"1970-01-01T00:00:05Z"}}],
            "TWILIO_SHARED_KEYS":[{{"kid":"SK1","value":"shared"}},{{"kid":"SK0","value":"spent","notAfter":"1970-01-01T00:00:05Z"}}]}}"#
    );
    read(&json).unwrap()
}

fn read(json: &str) -> Result<TwilioWebhooks, UnusableKeys> {
    let version = SecretVersion::from_json(SecretStage::Current, now(), json).unwrap();
    TwilioWebhooks::read(&SecretBundle::new(vec![version], None), now())
}

fn now() -> Timestamp {
    Timestamp::from_epoch_secs(10)
}

/// A delivery, to be changed in one thing.
#[derive(Clone)]
struct Delivery {
    urls: Vec<String>,
    signature: Option<String>,
    settings: Option<&'static str>,
    kind: Option<&'static str>,
    host: Option<&'static str>,
    body: Vec<u8>,
}

impl Delivery {
    fn signed(token: &str, url: &str, form: &str) -> Self {
        Self {
            urls: vec![URL.to_owned()],
            signature: Some(sign(token, Algorithm::Sha1, url, form.as_bytes())),
            settings: None,
            kind: Some(FORM_TYPE),
            host: None,
            body: form.as_bytes().to_vec(),
        }
    }

    fn with_key(key: &str, settings: &'static str) -> Self {
        let signature = Some(sign(key, Algorithm::Sha256, URL, FORM.as_bytes()));
        Self { signature, settings: Some(settings), ..Self::signed("", URL, FORM) }
    }

    /// JSON that came as `body`, signed as `signed`.
    fn json(signed: &[u8], body: &[u8]) -> Self {
        let url = format!("{URL}&bodySHA256={}", body_hash(signed));
        let signature = Some(sign("token", Algorithm::Sha1, &url, b""));
        let kind = Some("application/json");
        Self { urls: vec![url.clone()], signature, kind, body: body.to_vec(), ..Self::signed("", &url, "") }
    }

    fn cause(&self) -> Option<Cause> {
        self.verify(|verified| verified.err().map(|rejection| rejection.cause))
    }

    fn verify<T>(&self, check: impl FnOnce(Result<Verified<'_>, Rejection>) -> T) -> T {
        let mut headers = HeaderMap::new();
        let pairs = [
            (SIGNATURE, self.signature.as_deref()),
            (SETTINGS, self.settings),
            ("content-type", self.kind),
            ("host", self.host),
        ];
        for (name, value) in pairs {
            if let Some(value) = value {
                headers.insert(name, value.parse().unwrap());
            }
        }
        check(reader().verify(&Inbound { urls: &self.urls, headers: &headers, body: &self.body }, now()))
    }
}

#[test]
fn a_delivery_that_was_signed_for_an_address_of_ours_is_believed_however_its_port_was_spelled() {
    for url in [
        URL.to_owned(),
        "https://sb.example.com:443/webhooks/twilio?leg=leg_1".to_owned(),
        format!("{URL}#{RETRY_OVERRIDES}"),
    ] {
        Delivery::signed("token", &url, FORM).verify(|verified| {
            let verified = verified.unwrap();
            assert_eq!((verified.secret_kid(), verified.url(), verified.body()), ("new", Some(URL), FORM.as_bytes()));
        });
    }
    let second = Delivery {
        urls: vec!["https://other.example.com/x".to_owned(), URL.to_owned()],
        ..Delivery::signed("token", URL, FORM)
    };
    assert_eq!(second.cause(), None);
}

#[test]
fn a_delivery_without_a_body_is_signed_by_its_address_alone() {
    let url = format!("https://sb.example.com/webhooks/twilio?{FORM}");
    let get = Delivery { urls: vec![url.clone()], kind: None, ..Delivery::signed("token", &url, "") };
    assert_eq!(get.cause(), None);
    // The same signature vouches for no body.
    assert_eq!(Delivery { body: FORM.into(), ..get.clone() }.cause(), Some(Cause::SignatureMismatch));
    assert_eq!(
        Delivery { body: JSON.into(), kind: Some("application/json"), ..get }.cause(),
        Some(Cause::UnsignedBody)
    );
}

#[test]
fn json_is_believed_if_its_bytes_have_the_hash_that_was_signed() {
    assert_eq!(Delivery::json(JSON, JSON).cause(), None);
    let spaced = br#"{"property": "value", "boolean": true}"#;
    for (body, cause) in [
        (br#"{"boolean":true,"property":"value"}"#.to_vec(), Cause::ChangedBody),
        (br#"{"property":"value","boolean":false}"#.to_vec(), Cause::ChangedBody),
        ([JSON, b"\n"].concat(), Cause::ReserialisedBody),
    ] {
        assert_eq!(Delivery::json(JSON, &body).cause(), Some(cause));
    }
    // Which of the layouts a writer makes is found again depends on how its JSON library orders names.
    assert!(matches!(Delivery::json(spaced, JSON).cause(), Some(Cause::ChangedBody | Cause::ReserialisedBody)));
    // A hash of another body in the address does not help: the address is signed.
    let mut forged = Delivery::json(JSON, JSON);
    forged.urls = Delivery::json(b"{}", b"{}").urls;
    forged.body = b"{}".to_vec();
    assert_eq!(forged.cause(), Some(Cause::SignatureMismatch));
}

#[test]
fn a_shared_key_is_chosen_by_the_header_and_nothing_weaker_takes_its_place() {
    for (delivery, cause) in [
        (Delivery::with_key("shared", "key=SK1,algorithm=HMAC_SHA256"), None),
        (Delivery::with_key("shared", "algorithm=HMAC_SHA256, key=SK1"), None),
        (Delivery::with_key("token", "key=SK1,algorithm=HMAC_SHA256"), Some(Cause::SignatureMismatch)),
        (Delivery::with_key("shared", "key=SK2,algorithm=HMAC_SHA256"), Some(Cause::UnknownKey)),
        (Delivery::with_key("spent", "key=SK0,algorithm=HMAC_SHA256"), Some(Cause::RetiredSecret)),
        (Delivery::with_key("shared", "key=SK1,algorithm=HMAC_SHA512"), Some(Cause::UnknownAlgorithm)),
        (Delivery::with_key("shared", "key=SK1"), Some(Cause::MalformedHeader)),
        (Delivery::with_key("shared", "nonsense"), Some(Cause::MalformedHeader)),
        // A good SHA-1 signature does not pass where the header asks for more.
        (
            Delivery { settings: Some("key=SK1,algorithm=HMAC_SHA256"), ..Delivery::signed("token", URL, FORM) },
            Some(Cause::SignatureMismatch),
        ),
        (
            Delivery { settings: Some("key=none,algorithm=HMAC_SHA1"), ..Delivery::signed("token", URL, FORM) },
            Some(Cause::UnknownAlgorithm),
        ),
        // Nor does the strong signature where it is not announced.
        (Delivery { settings: None, ..Delivery::with_key("shared", "") }, Some(Cause::SignatureMismatch)),
    ] {
        assert_eq!(delivery.cause(), cause, "{:?}", delivery.settings);
    }
}

#[test]
fn each_refusal_names_its_true_cause() {
    let good = Delivery::signed("token", URL, FORM);
    let other_account = FORM.replace(ACCOUNT, "AC00000000000000000000000000000009");
    let no_account = FORM.replace("AccountSid", "accountsid");
    let steering = FORM.replace("CA00000000000000000000000000000001", "../Accounts");
    let large = format!("{FORM}&x={}", "x".repeat(MAX_FORM_BYTES));
    for (delivery, cause) in [
        (Delivery { signature: None, ..good.clone() }, Cause::MissingHeader),
        (Delivery { signature: Some("not base64".to_owned()), ..good.clone() }, Cause::MalformedHeader),
        (Delivery { signature: Some("AAAA".to_owned()), ..good.clone() }, Cause::SignatureMismatch),
        (Delivery { signature: Some(String::new()), ..good.clone() }, Cause::SignatureMismatch),
        (Delivery { urls: Vec::new(), ..good.clone() }, Cause::SignatureMismatch),
        (Delivery::signed("before", URL, FORM), Cause::RetiredSecret),
        (Delivery::signed("stranger", URL, FORM), Cause::SignatureMismatch),
        (Delivery::signed("token", &URL.replace("https", "http"), FORM), Cause::WrongUrl),
        (Delivery::signed("token", "https://sb.example.com/webhooks/twilio", FORM), Cause::WrongUrl),
        (Delivery::signed("token", "https://sb.example.com/webhooks/twilio/?leg=leg_1", FORM), Cause::WrongUrl),
        (
            Delivery { host: Some("old.example.com"), ..Delivery::signed("token", &URL.replace("sb.", "old."), FORM) },
            Cause::WrongUrl,
        ),
        (
            Delivery {
                host: Some("sb.example.com:8443"),
                ..Delivery::signed("token", &URL.replace("com/", "com:8443/"), FORM)
            },
            Cause::WrongUrl,
        ),
        (Delivery::signed("token", &URL.replace("sb.", "old."), FORM), Cause::SignatureMismatch),
        (Delivery { kind: Some("application/json"), ..good.clone() }, Cause::UnsignedBody),
        (Delivery { kind: Some("text/plain"), ..good }, Cause::UnsignedBody),
        (Delivery::signed("token", URL, &other_account), Cause::WrongAccount),
        (Delivery::signed("token", URL, &no_account), Cause::WrongAccount),
        (Delivery::signed("token", URL, &steering), Cause::MalformedName),
        (Delivery::signed("token", URL, &large), Cause::BodyTooLarge),
    ] {
        assert_eq!(delivery.cause(), Some(cause));
    }
}

#[test]
fn no_refusal_carries_a_signature_a_body_or_a_secret() {
    for delivery in [
        Delivery::signed("stranger", URL, FORM),
        Delivery::signed("before", URL, FORM),
        Delivery::signed("token", &URL.replace("https", "http"), FORM),
    ] {
        let signature = delivery.signature.clone().unwrap();
        let expected = sign("token", Algorithm::Sha1, URL, FORM.as_bytes());
        let printed = delivery.verify(|verified| format!("{:?} {:?}", verified.err().unwrap(), reader()));
        for secret in [signature.as_str(), &expected, "token\"", "before", "CA0000"] {
            assert!(!printed.contains(secret), "{printed}");
        }
    }
}

#[test]
fn a_repetition_has_the_same_replay_key_however_it_is_written_and_signed() {
    let key = |delivery: &Delivery| delivery.verify(|verified| verified.unwrap().replay_key().to_owned());
    let first = key(&Delivery::signed("token", URL, FORM));
    let reordered = FORM.split('&').rev().collect::<Vec<_>>().join("&");
    assert_eq!(key(&Delivery::signed("token", URL, &reordered)), first);
    assert_eq!(key(&Delivery::with_key("shared", "key=SK1,algorithm=HMAC_SHA256")), first);
    assert_ne!(key(&Delivery::signed("token", URL, &FORM.replace("completed", "busy"))), first);
}

#[test]
fn without_an_account_and_a_token_there_is_no_reader() {
    for (json, error) in [
        (r#"{}"#.to_owned(), UnusableKeys::NoAccount),
        (r#"{"TWILIO_ACCOUNT_SID":"AC1","TWILIO_AUTH_TOKEN":"t"}"#.to_owned(), UnusableKeys::NoAccount),
        (format!(r#"{{"TWILIO_ACCOUNT_SID":"{ACCOUNT}"}}"#), UnusableKeys::NoToken),
        (format!(r#"{{"TWILIO_ACCOUNT_SID":"{ACCOUNT}","TWILIO_AUTH_TOKEN":""}}"#), UnusableKeys::NoToken),
    ] {
        assert_eq!(read(&json).unwrap_err(), error, "{json}");
    }
}

proptest! {
    #[test]
    fn one_changed_thing_anywhere_is_refused_and_another_order_is_not(
        what in 0..5_usize,
        at in any::<prop::sample::Index>(),
        letter in "[a-zA-Z0-9]",
        turn in 0..3_usize,
    ) {
        let good = Delivery::signed("token", URL, FORM);
        let mut pairs: Vec<(String, String)> = form_urlencoded::parse(FORM.as_bytes()).into_owned().collect();
        let replaced = |text: &str| {
            let at = at.index(text.len());
            text.char_indices().map(|(place, old)| if place == at { letter.clone() } else { old.to_string() }).collect::<String>()
        };
        let pair = at.index(pairs.len());
        let mut changed = good.clone();
        match what {
            0 => changed.urls = vec![replaced(URL)],
            1 => pairs[pair].0 = replaced(&pairs[pair].0),
            2 => pairs[pair].1 = replaced(&pairs[pair].1),
            3 => changed.signature = Some(sign(&replaced("token"), Algorithm::Sha1, URL, FORM.as_bytes())),
            _ => pairs.rotate_left(turn),
        }
        changed.body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish().into_bytes();
        let same = |form: &[u8]| form_urlencoded::parse(form).into_owned().collect::<std::collections::BTreeSet<_>>();
        let unchanged = changed.urls == good.urls && changed.signature == good.signature && same(&changed.body) == same(FORM.as_bytes());
        prop_assert_eq!(changed.cause().is_none(), unchanged);
    }

    #[test]
    fn no_delivery_makes_the_reader_panic(
        body: Vec<u8>,
        url in ".{0,40}",
        signature in "[ -~]{0,40}",
        settings in prop::option::of(Just("key=SK1,algorithm=HMAC_SHA256")),
        kind in prop::option::of(Just(FORM_TYPE)),
    ) {
        let delivery = Delivery { urls: vec![url], signature: Some(signature), settings, kind, host: Some("%"), body };
        prop_assert!(delivery.cause().is_some());
    }
}

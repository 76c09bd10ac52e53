//! Signatures of senders, made here and not by the product's verifiers.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

/// Twilio's, of a form that is posted to `url`: HMAC-SHA1 with the account's token over the URL and each name with its values,
/// sorted. A request without a form is signed by its URL alone.
pub(crate) fn twilio(token: &str, url: &str, form: &str) -> String {
    let mut sorted: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(form.as_bytes()) {
        sorted.entry(name.into_owned()).or_default().insert(value.into_owned());
    }
    let mut mac = Hmac::<Sha1>::new_from_slice(token.as_bytes()).unwrap();
    mac.update(url.as_bytes());
    for (name, values) in sorted {
        for value in values {
            mac.update(name.as_bytes());
            mac.update(value.as_bytes());
        }
    }
    STANDARD.encode(mac.finalize().into_bytes())
}

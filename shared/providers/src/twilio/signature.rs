//! What Twilio signs, and with what: `base64(HMAC(key, address + Σ name + value))`.
//!
//! Follows "Webhooks security" and `twilio/request_validator.py` of the helper library 9.13.0, read 2026-11. The address is the
//! one that Twilio was given, to the letter, its port sometimes added or left out; of a form's names each stands once, in the
//! order of its bytes, followed by each of its values once, in the same order.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use switchboard_core::{KeyedSecret, Secret};

use super::wire::RETRY_OVERRIDES;

/// How it is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    /// With the account's token.
    Sha1,
    /// With a shared key that a header names.
    Sha256,
}

impl Algorithm {
    /// Whether `tag` is the signature of the parts. Constant-time, so that nobody can feel their way to one.
    fn made(self, key: &Secret, parts: &[&[u8]], tag: &[u8]) -> bool {
        let expected = self.tag(key, parts);
        !expected.is_empty() && expected.ct_eq(tag).into()
    }

    /// The signature; empty, and so equal to none, if it cannot be computed, which never happens: HMAC takes keys of any length.
    fn tag(self, key: &Secret, parts: &[&[u8]]) -> Vec<u8> {
        let key = key.expose().as_bytes();
        match self {
            Self::Sha1 => Hmac::<Sha1>::new_from_slice(key).map(|mac| finish(mac, parts)).unwrap_or_default(),
            Self::Sha256 => Hmac::<Sha256>::new_from_slice(key).map(|mac| finish(mac, parts)).unwrap_or_default(),
        }
    }
}

fn finish(mut mac: impl Mac, parts: &[&[u8]]) -> Vec<u8> {
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}

/// A signature as it was given, with what it must fit beside the address.
#[derive(Debug)]
pub(super) struct Given {
    pub(super) algorithm: Algorithm,
    /// The decoded signature.
    pub(super) tag: Vec<u8>,
    /// What is signed behind the address.
    pub(super) behind: String,
}

impl Given {
    /// The first of the keys that signed the address in one of its spellings, and the spelling.
    pub(super) fn signer<'k>(&self, url: &str, keys: &'k [KeyedSecret]) -> Option<(&'k KeyedSecret, String)> {
        spellings(url).into_iter().find_map(|spelling| {
            let parts = [spelling.as_bytes(), self.behind.as_bytes()];
            let key = keys.iter().find(|key| self.algorithm.made(&key.value, &parts, &self.tag))?;
            Some((key, spelling))
        })
    }

    /// Stands for what was signed, however it was: what makes another delivery a repetition.
    pub(super) fn replay_key(&self, spelling: &str) -> String {
        hex(&Sha256::new().chain_update(spelling).chain_update(&self.behind).finalize())
    }
}

/// The names and values of a form in the order in which they are signed. Text that is not UTF-8 is read with replacement
/// characters, as the helper library does.
pub(super) fn signed_form(body: &[u8]) -> String {
    let mut form: BTreeMap<Cow<'_, str>, BTreeSet<Cow<'_, str>>> = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(body) {
        form.entry(name).or_default().insert(value);
    }
    let mut signed = String::with_capacity(body.len());
    for (name, values) in &form {
        for value in values {
            signed.push_str(name);
            signed.push_str(value);
        }
    }
    signed
}

/// The query of an address, as it stands there; empty where there is none.
pub(super) fn query_of(url: &str) -> &str {
    without_fragment(url).split_once('?').map_or("", |(_, query)| query)
}

/// The value of a name in an address's query.
pub(super) fn in_query(url: &str, name: &str) -> Option<String> {
    form_urlencoded::parse(query_of(url).as_bytes())
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.into_owned())
}

/// The hash of a body as it stands in an address.
pub(super) fn body_hash(body: &[u8]) -> String {
    hex(&Sha256::digest(body))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a text has the form of a name that Twilio gives: two letters for the kind, then 32 hexadecimal digits.
pub(super) fn is_sid(kind: &str, text: &str) -> bool {
    text.strip_prefix(kind).is_some_and(|digits| {
        digits.len() == 32 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

/// The spellings in which one address can have been signed: with the scheme's port named or not, and with the fragment that
/// asks for retries or without. No documentation says whether a fragment is signed.
pub(super) fn spellings(url: &str) -> Vec<String> {
    let bare = without_fragment(url);
    let ports = match Address::read(bare) {
        Some(address) => vec![bare.to_owned(), address.with_port(), address.without_port()],
        None => vec![bare.to_owned()],
    };
    let mut all: Vec<String> = ports.clone();
    all.extend(ports.iter().map(|url| format!("{url}#{RETRY_OVERRIDES}")));
    if bare != url {
        all.push(url.to_owned());
    }
    let mut seen = BTreeSet::new();
    all.retain(|url| seen.insert(url.clone()));
    all
}

/// Addresses that the sender may have been given by mistake, each with what differs. Used to explain a refusal, never to
/// accept anything.
pub(super) fn mistaken(url: &str, foreign_hosts: &[&str]) -> Vec<(&'static str, String)> {
    let bare = without_fragment(url);
    let Some(address) = Address::read(bare) else { return Vec::new() };
    let (path, query) = address.rest.split_once('?').map_or((address.rest, None), |(path, query)| (path, Some(query)));
    let other_scheme = if address.scheme == "https" { "http" } else { "https" };
    let slashed = path.strip_suffix('/').map_or_else(|| format!("{path}/"), str::to_owned);
    let asked = query.map(|query| format!("?{query}")).unwrap_or_default();
    let mut all = vec![("scheme", Address { scheme: other_scheme, port: None, ..address }.to_string())];
    all.push(("path", Address { rest: &format!("{slashed}{asked}"), ..address }.to_string()));
    if query.is_some() {
        all.push(("query", Address { rest: path, ..address }.to_string()));
    }
    for host in foreign_hosts {
        let Some(there) = Address::read(&format!("{}://{host}", address.scheme)).map(|there| there.to_string()) else {
            continue;
        };
        all.push(("host", format!("{there}{}", address.rest)));
        if let Some((_, authority)) = there.split_once("://") {
            all.push(("host and scheme", format!("{other_scheme}://{authority}{}", address.rest)));
        }
    }
    all
}

fn without_fragment(url: &str) -> &str {
    url.split_once('#').map_or(url, |(bare, _)| bare)
}

/// An address, taken apart without changing a letter of it.
#[derive(Clone, Copy)]
struct Address<'a> {
    scheme: &'a str,
    /// With its `@`.
    userinfo: &'a str,
    host: &'a str,
    port: Option<&'a str>,
    /// From the path on.
    rest: &'a str,
}

impl<'a> Address<'a> {
    fn read(url: &'a str) -> Option<Self> {
        let (scheme, behind) = url.split_once("://")?;
        let end = behind.find(['/', '?', '#']).unwrap_or(behind.len());
        let (authority, rest) = behind.split_at_checked(end)?;
        let at = authority.rfind('@').map_or(0, |at| at + 1);
        let (userinfo, host_and_port) = authority.split_at_checked(at)?;
        // The colons of an IPv6 address are within brackets, so that what is behind its last one is no number.
        let port = host_and_port
            .rsplit_once(':')
            .filter(|(_, port)| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()));
        let (host, port) = port.map_or((host_and_port, None), |(host, port)| (host, Some(port)));
        (!host.is_empty()).then_some(Self { scheme, userinfo, host, port, rest })
    }

    fn with_port(self) -> String {
        let default = if self.scheme == "https" { "443" } else { "80" };
        Self { port: self.port.or(Some(default)), ..self }.to_string()
    }

    fn without_port(self) -> String {
        Self { port: None, ..self }.to_string()
    }
}

impl std::fmt::Display for Address<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { scheme, userinfo, host, port, rest } = self;
        write!(f, "{scheme}://{userinfo}{host}")?;
        port.map_or(Ok(()), |port| write!(f, ":{port}"))?;
        f.write_str(rest)
    }
}

/// Signs an address and a form as Twilio does with the account's token.
#[cfg(test)]
pub(super) fn sign(token: &str, algorithm: Algorithm, url: &str, form: &[u8]) -> String {
    use base64::Engine;
    let signed = signed_form(form);
    let tag = algorithm.tag(&Secret::new(token), &[url.as_bytes(), signed.as_bytes()]);
    base64::engine::general_purpose::STANDARD.encode(tag)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FORM: &[u8] = b"CallSid=CA00000000000000000000000000000001&CallStatus=completed&Digits=1234&From=%2B14158675309&To=%2B18005551212";

    #[test]
    fn signatures_agree_with_those_of_the_official_library() {
        let url = "https://example.com/hooks/twilio?foo=1&bar=2";
        let with_port = "https://example.com:443/hooks/twilio?foo=1&bar=2";
        let json = "https://example.com/hooks/twilio?bodySHA256=d5729c000e5de6b3a10698fec78d482db85d744f1be820d1382b6bda1cfb7795";
        for (algorithm, url, form, signature) in [
            (Algorithm::Sha1, url, FORM, "x/FkxGMiz4lSZmiKvNSlzbf5My4="),
            (Algorithm::Sha1, with_port, FORM, "DW4gJYqw3lvdjFfw+rwih6rWEfE="),
            (Algorithm::Sha256, url, FORM, "McN83tVNHu5+/DXiEQQXvJgvHso3BlF2MKbP8c5pqEo="),
            (Algorithm::Sha1, json, b"", "jTTjJNRNYZICiv473NirKUn7bgY="),
            (
                Algorithm::Sha1,
                "https://example.com/x",
                b"MediaUrl=b&A=1&MediaUrl=a&MediaUrl=a",
                "+pfRZ3wRNgITErPky2LAbm5X17g=",
            ),
        ] {
            assert_eq!(sign("12345", algorithm, url, form), signature, "{url}");
        }
        assert_eq!(
            body_hash(br#"{"property":"value","boolean":true}"#),
            "d5729c000e5de6b3a10698fec78d482db85d744f1be820d1382b6bda1cfb7795"
        );
    }

    #[test]
    fn an_address_is_spelled_with_and_without_its_port_and_nothing_else_of_it_changes() {
        for (url, others) in [
            ("https://example.com/x?a=%2f&b", vec!["https://example.com:443/x?a=%2f&b"]),
            ("https://example.com:443/x", vec!["https://example.com/x"]),
            ("https://example.com:8443/x", vec!["https://example.com/x"]),
            ("http://u:p@example.com?a=1", vec!["http://u:p@example.com:80?a=1"]),
            ("http://[::1]/x", vec!["http://[::1]:80/x"]),
            ("http://[::1]:3000/x", vec!["http://[::1]/x"]),
            ("https://example.com/a:1@b", vec!["https://example.com:443/a:1@b"]),
        ] {
            let mut expected: Vec<String> = vec![url.to_owned()];
            expected.extend(others.into_iter().map(str::to_owned));
            let with_fragment: Vec<String> = expected.iter().map(|url| format!("{url}#{RETRY_OVERRIDES}")).collect();
            expected.extend(with_fragment);
            assert_eq!(spellings(url), expected);
        }
        assert_eq!(spellings("nonsense"), ["nonsense".to_owned(), format!("nonsense#{RETRY_OVERRIDES}")]);
        assert!(spellings("https://example.com/x#rc=2").contains(&"https://example.com/x#rc=2".to_owned()));
    }

    #[test]
    fn only_what_has_the_form_of_a_sid_is_one() {
        let digits = "0123456789abcdef0123456789abcdef";
        assert!(is_sid("CA", &format!("CA{digits}")));
        for wrong in
            [format!("AC{digits}"), format!("CA{digits}0"), format!("CA{}", digits.to_uppercase()), "CA".to_owned()]
        {
            assert!(!is_sid("CA", &wrong), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn no_address_makes_taking_it_apart_panic(url in ".{0,60}", host in ".{0,20}") {
            spellings(&url);
            mistaken(&url, &[&host]);
            in_query(&url, "leg");
        }

        #[test]
        fn an_address_is_put_together_as_it_was(url in "https?://([a-z]{1,3}@)?[a-z.]{1,9}(:[0-9]{1,4})?(/[a-z:@/]{0,9})?(\\?[a-z=&:@/?]{0,9})?") {
            prop_assert_eq!(Address::read(&url).unwrap().to_string(), url);
        }

        #[test]
        fn the_order_of_a_form_does_not_matter(pairs in proptest::collection::vec(("[A-Z]{1,2}", "[a-z]{0,2}"), 0..8), seed: u64) {
            let mut other = pairs.clone();
            other.rotate_left(usize::try_from(seed % 8).unwrap().min(pairs.len()));
            other.reverse();
            let body = |pairs: &[(String, String)]| form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
            prop_assert_eq!(signed_form(body(&pairs).as_bytes()), signed_form(body(&other).as_bytes()));
        }
    }
}

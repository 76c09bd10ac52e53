//! Who sent a delivery: Twilio's signature, our account (webhooks security and webhook connection overrides, read 2026-11).
//!
//! Twilio signs no time, so that nothing tells a replay from a first delivery but its content: the replay key stands for all
//! that was signed.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use switchboard_core::{KeyedSecret, SecretBundle, Timestamp};

use super::events;
use super::signature::{Algorithm, Given, body_hash, in_query, is_sid, mistaken, query_of, signed_form};
use crate::standard_webhooks::{MAX_EXPLAINED_BYTES, other_layouts};
use crate::{Cause, Inbound, ProviderEvent, Rejection, Verified, WebhookError, Webhooks};

/// The key of the account's name in the secret's JSON.
pub const ACCOUNT_SID_KEY: &str = "TWILIO_ACCOUNT_SID";
/// The key of the account's token: one, or a list during a rotation.
pub const AUTH_TOKEN_KEY: &str = "TWILIO_AUTH_TOKEN";
/// The key of the shared keys, a list of `{kid, value, notAfter?}` whose `kid` is Twilio's name for the key.
pub const SHARED_KEYS_KEY: &str = "TWILIO_SHARED_KEYS";

const SIGNATURE: &str = "x-twilio-signature";
const SETTINGS: &str = "x-twilio-webhooks-signature-settings";
/// The name of a body's hash in an address.
const BODY_HASH: &str = "bodySHA256";
/// The largest form that is taken, in bytes. A callback has a few kilobytes, and each spelling of the address costs a hash
/// over the whole of it.
const MAX_FORM_BYTES: usize = 256 * 1024;
/// Names in a form whose values are names that Twilio gives, with the kind of each.
const SIDS: [(&str, &str); 4] =
    [("CallSid", "CA"), ("ParentCallSid", "CA"), ("AccountSid", "AC"), ("RecordingSid", "RE")];

/// Why the configured secrets cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnusableKeys {
    /// The account is missing or has not the form of one.
    #[error("it is not AC and 32 hexadecimal digits")]
    NoAccount,
    /// There is no token.
    #[error("it is missing or empty")]
    NoToken,
}

impl UnusableKeys {
    /// The key in the secret's JSON that is at fault.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::NoAccount => ACCOUNT_SID_KEY,
            Self::NoToken => AUTH_TOKEN_KEY,
        }
    }
}

/// Keys of one kind.
#[derive(Clone, Debug, Default)]
struct Keys {
    accepted: Vec<KeyedSecret>,
    retired: Vec<KeyedSecret>,
}

impl Keys {
    fn read(bundle: &SecretBundle, key: &str, now: Timestamp) -> Self {
        Self { accepted: bundle.accepted(key, now), retired: bundle.retired(key, now) }
    }

    /// The keys of this name.
    fn named(&self, kid: &str) -> Self {
        let of = |keys: &[KeyedSecret]| keys.iter().filter(|key| key.kid == kid).cloned().collect();
        Self { accepted: of(&self.accepted), retired: of(&self.retired) }
    }

    fn is_empty(&self) -> bool {
        self.accepted.is_empty() && self.retired.is_empty()
    }
}

/// Reads Twilio's webhooks.
#[derive(Clone, Debug)]
pub struct TwilioWebhooks {
    account_sid: String,
    tokens: Keys,
    shared_keys: Keys,
}

/// What a delivery claims, before anything of it is believed.
struct Claim {
    given: Given,
    keys: Keys,
    /// Whether the body is signed by its hash in the address and not as a form.
    by_hash: bool,
}

impl TwilioWebhooks {
    /// A reader that believes deliveries signed with any token or shared key of the secret that holds at `now`.
    ///
    /// # Errors
    /// [`UnusableKeys`] if there is no account or no token: a missing secret never passes anything.
    pub fn read(bundle: &SecretBundle, now: Timestamp) -> Result<Self, UnusableKeys> {
        let account_sid = bundle.current(ACCOUNT_SID_KEY, now).ok_or(UnusableKeys::NoAccount)?.expose().to_owned();
        if !is_sid("AC", &account_sid) {
            return Err(UnusableKeys::NoAccount);
        }
        let tokens = Keys::read(bundle, AUTH_TOKEN_KEY, now);
        if tokens.accepted.is_empty() {
            return Err(UnusableKeys::NoToken);
        }
        Ok(Self { account_sid, tokens, shared_keys: Keys::read(bundle, SHARED_KEYS_KEY, now) })
    }

    fn claim(&self, request: &Inbound<'_>) -> Result<Claim, Rejection> {
        let (algorithm, keys) = match header(request, SETTINGS)? {
            Some(settings) => self.named_key(settings)?,
            None => (Algorithm::Sha1, self.tokens.clone()),
        };
        let text = header(request, SIGNATURE)?.ok_or_else(|| of_header(Cause::MissingHeader, SIGNATURE))?;
        let tag = STANDARD.decode(text.trim()).map_err(|_| of_header(Cause::MalformedHeader, SIGNATURE))?;
        let (behind, by_hash) = behind_the_address(request)?;
        Ok(Claim { given: Given { algorithm, tag, behind }, keys, by_hash })
    }

    /// The key that a settings header names. Whoever can send a request can add this header, so that it only ever chooses among
    /// stronger keys: what it names and is not there is not replaced by the token.
    fn named_key(&self, settings: &str) -> Result<(Algorithm, Keys), Rejection> {
        let settings: BTreeMap<&str, &str> = settings
            .split(',')
            .filter_map(|setting| setting.split_once('='))
            .map(|(name, value)| (name.trim(), value.trim()))
            .collect();
        let malformed = || of_header(Cause::MalformedHeader, SETTINGS);
        let key = settings.get("key").ok_or_else(malformed)?;
        if settings.get("algorithm").ok_or_else(malformed)? != &"HMAC_SHA256" {
            return Err(of_header(Cause::UnknownAlgorithm, SETTINGS));
        }
        let keys = self.shared_keys.named(key);
        if keys.is_empty() { Err(of_header(Cause::UnknownKey, SETTINGS)) } else { Ok((Algorithm::Sha256, keys)) }
    }

    /// Why no accepted key fits. What is tried changes nothing about the refusal.
    fn explain(&self, request: &Inbound<'_>, claim: &Claim) -> Rejection {
        let Claim { given, keys, .. } = claim;
        let sizes = [("bodyBytes", request.body.len().to_string()), ("addresses", request.urls.len().to_string())];
        if given.behind.len() > MAX_EXPLAINED_BYTES {
            return Rejection::new(Cause::SignatureMismatch, sizes);
        }
        if let Some((key, _)) = request.urls.iter().find_map(|url| given.signer(url, &keys.retired)) {
            return Rejection::new(Cause::RetiredSecret, [("secret", key.kid.clone())]);
        }
        let host = |name| request.headers.get(name).and_then(|value| value.to_str().ok());
        let hosts: Vec<&str> = ["host", "x-forwarded-host"].into_iter().filter_map(host).collect();
        let elsewhere = request
            .urls
            .iter()
            .flat_map(|url| mistaken(url, &hosts))
            .find(|(_, url)| given.signer(url, &keys.accepted).is_some());
        match elsewhere {
            Some((differs, _)) => Rejection::new(Cause::WrongUrl, [("differs", differs.to_owned())]),
            None => Rejection::new(Cause::SignatureMismatch, sizes),
        }
    }

    /// What is said in a form that holds: it must be about our account, and its names must have their form.
    fn check_names(&self, form: &[u8]) -> Result<(), Rejection> {
        let mut account = None;
        for (name, value) in form_urlencoded::parse(form) {
            let kind = SIDS.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind);
            if kind.is_some_and(|kind| !value.is_empty() && !is_sid(kind, &value)) {
                return Err(Rejection::new(Cause::MalformedName, [("name", name.into_owned())]));
            }
            if name == "AccountSid" {
                account = Some(value);
            }
        }
        if account.as_deref() == Some(self.account_sid.as_str()) {
            Ok(())
        } else {
            Err(Rejection::of(Cause::WrongAccount))
        }
    }
}

impl Webhooks for TwilioWebhooks {
    fn verify<'a>(&self, request: &Inbound<'a>, _now: Timestamp) -> Result<Verified<'a>, Rejection> {
        let claim = self.claim(request)?;
        let signed = request.urls.iter().find_map(|url| {
            let (key, spelling) = claim.given.signer(url, &claim.keys.accepted)?;
            Some((url.as_str(), key, spelling))
        });
        let Some((url, key, spelling)) = signed else { return Err(self.explain(request, &claim)) };
        if claim.by_hash {
            check_hash(url, request.body)?;
        } else if request.body.is_empty() {
            self.check_names(query_of(url).as_bytes())?;
        } else {
            self.check_names(request.body)?;
        }
        Ok(Verified::new(request.body, claim.given.replay_key(&spelling), key.kid.clone()).at(url))
    }

    fn normalise(&self, verified: &Verified<'_>) -> Result<Vec<ProviderEvent>, WebhookError> {
        events::read(verified)
    }
}

/// What is signed behind the address, and whether the body is signed by its hash instead.
fn behind_the_address(request: &Inbound<'_>) -> Result<(String, bool), Rejection> {
    if request.body.is_empty() {
        return Ok((String::new(), false));
    }
    let kind = header(request, "content-type")?.and_then(|kind| kind.split(';').next()).map(str::trim);
    let has_hash = request.urls.iter().any(|url| in_query(url, BODY_HASH).is_some());
    let is_form = kind.map_or(!has_hash, |kind| kind.eq_ignore_ascii_case("application/x-www-form-urlencoded"));
    if is_form && request.body.len() > MAX_FORM_BYTES {
        return Err(Rejection::new(Cause::BodyTooLarge, [("bodyBytes", request.body.len().to_string())]));
    }
    match (is_form, has_hash) {
        (true, _) => Ok((signed_form(request.body), false)),
        (false, true) => Ok((String::new(), true)),
        // The official library takes such a body unseen; nothing would vouch for it.
        (false, false) => Err(Rejection::of(Cause::UnsignedBody)),
    }
}

/// The address is signed and names the hash of the body: the bytes must have it.
fn check_hash(url: &str, body: &[u8]) -> Result<(), Rejection> {
    let signed = in_query(url, BODY_HASH).unwrap_or_default();
    let fits = |bytes: &[u8]| body_hash(bytes).eq_ignore_ascii_case(&signed);
    if fits(body) {
        return Ok(());
    }
    let layouts = if body.len() > MAX_EXPLAINED_BYTES { Vec::new() } else { other_layouts(body) };
    match layouts.into_iter().find(|(_, layout)| fits(layout)) {
        Some((layout, _)) => Err(Rejection::new(Cause::ReserialisedBody, [("signedLayout", layout.to_owned())])),
        None => Err(Rejection::new(Cause::ChangedBody, [("bodyBytes", body.len().to_string())])),
    }
}

fn header<'a>(request: &Inbound<'a>, name: &'static str) -> Result<Option<&'a str>, Rejection> {
    let Some(value) = request.headers.get(name) else { return Ok(None) };
    value.to_str().map(Some).map_err(|_| of_header(Cause::MalformedHeader, name))
}

fn of_header(cause: Cause, name: &str) -> Rejection {
    Rejection::new(cause, [("header", name.to_owned())])
}

#[cfg(test)]
mod tests;

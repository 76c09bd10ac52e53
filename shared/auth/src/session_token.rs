//! Session tokens: a JWT (RFC 7519) that opens one session and nothing else.
//!
//! HS256 only, with `kid`, `typ`, `iss`, `aud`, `sid`, `tenant`, `iat`, `exp`. The token says which session it is for; what may still be done
//! with that session is said by its live row. Checks follow RFC 8725 (explicit type, one algorithm, issuer and audience).

use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use switchboard_core::{Secret, SessionId, TenantId, Timestamp};

use crate::SigningKeys;

/// How long a token holds. A session that is in use for longer than a day needs a new one from its application.
pub const SESSION_TOKEN_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

const TYPE: &str = "switchboard-session+jwt";
const ISSUER: &str = "switchboard";
const AUDIENCE: &str = "switchboard/voice";
const PURPOSE: &str = "session token";
/// Longest token that is looked at, in bytes. Ours have about 400.
const MAX_BYTES: usize = 2_048;

/// What a token says, once it has been found to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionToken {
    /// The session it opens.
    pub session: SessionId,
    /// Whose session that is.
    pub tenant: TenantId,
    /// When the token stops holding.
    pub expires_at: Timestamp,
}

/// Why a token does not hold. The caller is told only that it does not; the log may say why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenRejected {
    /// It is not a token of ours, or it was changed.
    #[error("the session token is not valid")]
    Invalid,
    /// Its time is over.
    #[error("the session token has expired")]
    Expired,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sid: SessionId,
    tenant: TenantId,
    iat: i64,
    exp: i64,
}

impl SessionToken {
    /// A token for a session, made at `now`, to hold for [`SESSION_TOKEN_LIFETIME`].
    #[must_use]
    pub fn new(session: SessionId, tenant: TenantId, now: Timestamp) -> Self {
        Self { session, tenant, expires_at: now.plus(SESSION_TOKEN_LIFETIME) }
    }

    /// Writes the token out, signed with the newest key.
    ///
    /// # Errors
    /// [`TokenRejected::Invalid`] if it cannot be encoded, which would be a defect.
    pub fn sign(&self, keys: &SigningKeys, now: Timestamp) -> Result<Secret, TokenRejected> {
        let key = keys.iter().next().ok_or(TokenRejected::Invalid)?;
        let header = Header { typ: Some(TYPE.to_owned()), kid: Some(key.kid.clone()), ..Header::new(Algorithm::HS256) };
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sid: self.session,
            tenant: self.tenant.clone(),
            iat: now.epoch_secs(),
            exp: self.expires_at.epoch_secs(),
        };
        let encoding = EncodingKey::from_secret(&key.derive(PURPOSE));
        jsonwebtoken::encode(&header, &claims, &encoding).map(Secret::new).map_err(|_| TokenRejected::Invalid)
    }

    /// Reads a token and checks that it holds at `now`.
    ///
    /// # Errors
    /// [`TokenRejected`]: it is not one of ours, or its time is over.
    pub fn verify(token: &str, keys: &SigningKeys, now: Timestamp) -> Result<Self, TokenRejected> {
        if token.len() > MAX_BYTES {
            return Err(TokenRejected::Invalid);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| TokenRejected::Invalid)?;
        if header.alg != Algorithm::HS256 || header.typ.as_deref() != Some(TYPE) {
            return Err(TokenRejected::Invalid);
        }
        let kid = header.kid.ok_or(TokenRejected::Invalid)?;
        let key = keys.iter().find(|key| key.kid == kid).ok_or(TokenRejected::Invalid)?;

        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        // The library would ask the system for the time; ours is an argument, and is compared below.
        validation.validate_exp = false;
        let decoding = DecodingKey::from_secret(&key.derive(PURPOSE));
        let claims =
            jsonwebtoken::decode::<Claims>(token, &decoding, &validation).map_err(|_| TokenRejected::Invalid)?.claims;

        let expires_at = Timestamp::from_epoch_secs(claims.exp);
        if now >= expires_at {
            return Err(TokenRejected::Expired);
        }
        Ok(Self { session: claims.sid, tenant: claims.tenant, expires_at })
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use proptest::prelude::*;

    use super::*;

    fn keys(names: &[&str]) -> SigningKeys {
        SigningKeys::new(names.iter().map(|name| Secret::new(name.repeat(32))).collect()).unwrap()
    }

    fn now() -> Timestamp {
        Timestamp::from_epoch_secs(1_795_169_208)
    }

    fn token() -> SessionToken {
        SessionToken::new(SessionId::generate(now()), TenantId::parse("acme").unwrap(), now())
    }

    #[test]
    fn a_token_holds_until_the_second_it_expires() {
        let (keys, token) = (keys(&["a"]), token());
        let text = token.sign(&keys, now()).unwrap();
        let last = token.expires_at.minus(Duration::from_secs(1));
        assert_eq!(SessionToken::verify(text.expose(), &keys, last), Ok(token.clone()));
        assert_eq!(SessionToken::verify(text.expose(), &keys, token.expires_at), Err(TokenRejected::Expired));
    }

    #[test]
    fn both_keys_verify_during_a_rotation_and_a_forgotten_one_does_not() {
        let old = token().sign(&keys(&["a"]), now()).unwrap();
        assert!(SessionToken::verify(old.expose(), &keys(&["b", "a"]), now()).is_ok());
        assert_eq!(SessionToken::verify(old.expose(), &keys(&["b"]), now()), Err(TokenRejected::Invalid));
    }

    #[test]
    fn another_algorithm_type_issuer_or_audience_does_not_hold() {
        let keys = keys(&["a"]);
        let text = token().sign(&keys, now()).unwrap();
        let parts: Vec<&str> = text.expose().split('.').collect();
        let header = String::from_utf8(URL_SAFE_NO_PAD.decode(parts[0]).unwrap()).unwrap();
        for (from, to) in [("HS256", "none"), ("HS256", "HS512"), (TYPE, "JWT")] {
            let forged = URL_SAFE_NO_PAD.encode(header.replace(from, to));
            for signature in [parts[2], ""] {
                let text = format!("{forged}.{}.{signature}", parts[1]);
                assert_eq!(SessionToken::verify(&text, &keys, now()), Err(TokenRejected::Invalid), "{to}");
            }
        }
        let key = keys.iter().next().unwrap();
        for (iss, aud) in [("somebody", AUDIENCE), (ISSUER, "elsewhere")] {
            let claims = Claims {
                iss: iss.to_owned(),
                aud: aud.to_owned(),
                sid: SessionId::generate(now()),
                tenant: TenantId::public(),
                iat: 0,
                exp: i64::from(u32::MAX),
            };
            let header =
                Header { typ: Some(TYPE.to_owned()), kid: Some(key.kid.clone()), ..Header::new(Algorithm::HS256) };
            let text = jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(&key.derive(PURPOSE))).unwrap();
            assert_eq!(SessionToken::verify(&text, &keys, now()), Err(TokenRejected::Invalid));
        }
    }

    proptest! {
        #[test]
        fn a_token_with_any_character_changed_does_not_hold(at in any::<prop::sample::Index>(), to in "[A-Za-z0-9_.-]") {
            let keys = keys(&["a"]);
            let text = token().sign(&keys, now()).unwrap();
            let mut changed: Vec<char> = text.expose().chars().collect();
            let at = at.index(changed.len());
            prop_assume!(changed[at].to_string() != to);
            changed[at] = to.chars().next().unwrap();
            let changed: String = changed.into_iter().collect();
            prop_assert_eq!(SessionToken::verify(&changed, &keys, now()), Err(TokenRejected::Invalid));
        }
    }
}

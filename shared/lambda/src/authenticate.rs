//! Who is calling: from the `Authorization` header to a [`Caller`].

use std::net::IpAddr;

use http::HeaderMap;
use switchboard_auth::{Access, Caller, Denied, PresentedKey, SessionToken, TokenRejected};
use switchboard_core::Freshness;

use crate::{ApiError, Shell};

/// Admits a caller to a route, or says why not.
pub(crate) async fn authenticate(
    shell: &Shell,
    access: Access,
    headers: &HeaderMap,
    address: Option<IpAddr>,
) -> Result<Caller, ApiError> {
    let shown = headers.get(http::header::AUTHORIZATION).filter(|_| access.reads_credentials());
    let Some(shown) = shown else {
        return Caller::anonymous(access, shell.public_sessions, address).map_err(ApiError::denied);
    };
    // A credential that does not hold is never taken for none, not even where none is needed.
    let bearer = shown.to_str().ok().and_then(bearer).ok_or_else(|| ApiError::denied(Denied::Invalid))?;
    if PresentedKey::looks_like_one(bearer) {
        let key = PresentedKey::parse(bearer).ok_or_else(|| ApiError::denied(Denied::Invalid))?;
        let record = shell.api_key(key.id()).await?;
        Caller::by_api_key(access, &key, record.as_ref()).map_err(ApiError::denied)
    } else {
        let token = verify(shell, bearer).await?;
        Caller::by_session_token(access, token).map_err(ApiError::denied)
    }
}

/// A token that does not hold may have been signed with a key that is newer than our cache: one more look.
async fn verify(shell: &Shell, bearer: &str) -> Result<SessionToken, ApiError> {
    let now = shell.now();
    let keys = shell.signing_keys(Freshness::Cached).await?;
    match SessionToken::verify(bearer, &keys, now) {
        Ok(token) => Ok(token),
        Err(TokenRejected::Expired) => Err(ApiError::denied(Denied::Invalid)),
        Err(TokenRejected::Invalid) => {
            let keys = shell.signing_keys(Freshness::Refetched).await?;
            SessionToken::verify(bearer, &keys, now).map_err(|_| ApiError::denied(Denied::Invalid))
        }
    }
}

/// RFC 6750 §2.1; the scheme's name in any case (RFC 9110 §11.1).
fn bearer(header: &str) -> Option<&str> {
    let (scheme, credential) = header.split_once(' ')?;
    let credential = credential.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !credential.is_empty()).then_some(credential)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_bearer_scheme_is_read() {
        assert_eq!(bearer("Bearer abc"), Some("abc"));
        assert_eq!(bearer("bearer  abc "), Some("abc"));
        for other in ["abc", "Basic abc", "Bearer", "Bearer "] {
            assert_eq!(bearer(other), None, "{other:?}");
        }
    }
}

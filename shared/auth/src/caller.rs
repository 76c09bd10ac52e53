//! Whoever makes a request, once their credential has been found to hold.

use std::net::IpAddr;

use switchboard_core::{ApiKey, Scope, Scopes, SessionId, TenantId, Timestamp};

use crate::{Access, Anonymous, PresentedKey, SessionToken};

/// An authorised caller. There is no other way to get one than to show a credential that the route takes.
#[derive(Clone, Debug)]
pub struct Caller {
    tenant: TenantId,
    principal: Principal,
    scopes: Scopes,
}

/// What the caller showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// An API key, by its public id.
    ApiKey {
        /// The public id.
        id: String,
    },
    /// The token of one session.
    Session {
        /// The session it opens.
        id: SessionId,
        /// When the token stops holding.
        token_expires_at: Timestamp,
    },
    /// Nothing; all that is known is where the request came from.
    Anonymous {
        /// The client's address as the gateway saw it, if it said.
        address: Option<IpAddr>,
    },
}

/// Why a credential does not open a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// No credential was shown where one is needed.
    #[error("no credential was shown")]
    Missing,
    /// The credential does not hold: unknown, revoked, expired, forged.
    #[error("the credential does not hold")]
    Invalid,
    /// The credential holds, but this route does not take its kind.
    #[error("this route does not take this kind of credential")]
    WrongKind,
    /// The key lacks a scope.
    #[error("the API key lacks the scope {0}")]
    MissingScope(Scope),
    /// The token is for another session.
    #[error("the session token is for another session")]
    OtherSession,
}

impl Caller {
    /// Admits whoever shows an API key. `record` is the row that the key's id finds.
    ///
    /// # Errors
    /// [`Denied`] if there is no such key, it was revoked, or it lacks the scope.
    pub fn by_api_key(access: Access, shown: &PresentedKey, record: Option<&ApiKey>) -> Result<Self, Denied> {
        let record = record.filter(|record| shown.is(record)).ok_or(Denied::Invalid)?;
        if record.revoked_at.is_some() {
            return Err(Denied::Invalid);
        }
        if !access.api_key {
            return Err(Denied::WrongKind);
        }
        if let Some(scope) = access.scope.filter(|scope| !record.scopes.contains(*scope)) {
            return Err(Denied::MissingScope(scope));
        }
        Ok(Self {
            tenant: record.tenant.clone(),
            principal: Principal::ApiKey { id: record.id.clone() },
            scopes: record.scopes.clone(),
        })
    }

    /// Admits whoever shows a session token that has been verified.
    ///
    /// # Errors
    /// [`Denied::WrongKind`] if the route does not take session tokens.
    pub fn by_session_token(access: Access, token: SessionToken) -> Result<Self, Denied> {
        if !access.session_token {
            return Err(Denied::WrongKind);
        }
        Ok(Self {
            tenant: token.tenant,
            principal: Principal::Session { id: token.session, token_expires_at: token.expires_at },
            scopes: Scopes::default(),
        })
    }

    /// Admits whoever shows nothing, into the tenant `public`.
    ///
    /// # Errors
    /// [`Denied::Missing`] if the route needs a credential here.
    pub fn anonymous(access: Access, public_sessions: bool, address: Option<IpAddr>) -> Result<Self, Denied> {
        let served = match access.anonymous {
            Anonymous::Refused => false,
            Anonymous::WherePublic => public_sessions,
            Anonymous::Served => true,
        };
        if !served {
            return Err(Denied::Missing);
        }
        Ok(Self { tenant: TenantId::public(), principal: Principal::Anonymous { address }, scopes: Scopes::default() })
    }

    /// Whose data the caller may touch.
    #[must_use]
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// What the caller showed.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// Whether the caller showed anything.
    #[must_use]
    pub fn is_anonymous(&self) -> bool {
        matches!(self.principal, Principal::Anonymous { .. })
    }

    /// Requires a scope beyond what the route asks for.
    ///
    /// # Errors
    /// [`Denied::Missing`] from somebody who showed nothing, else [`Denied::MissingScope`].
    pub fn require(&self, scope: Scope) -> Result<(), Denied> {
        if self.scopes.contains(scope) {
            Ok(())
        } else if self.is_anonymous() {
            Err(Denied::Missing)
        } else {
            Err(Denied::MissingScope(scope))
        }
    }

    /// Requires that a session token is for this very session. API keys pass: the tenant decides there.
    ///
    /// # Errors
    /// [`Denied::OtherSession`].
    pub fn require_session(&self, session: &SessionId) -> Result<(), Denied> {
        match &self.principal {
            Principal::Session { id, .. } if id != session => Err(Denied::OtherSession),
            Principal::Session { .. } | Principal::ApiKey { .. } | Principal::Anonymous { .. } => Ok(()),
        }
    }

    /// A name for the principal that is stable, tells principals apart and is fit for a table key. Addresses of one IPv6
    /// subscriber (a /64) count as one.
    #[must_use]
    pub fn principal_key(&self) -> String {
        match &self.principal {
            Principal::ApiKey { id } => format!("key:{id}"),
            Principal::Session { id, .. } => format!("session:{id}"),
            Principal::Anonymous { address: Some(IpAddr::V4(address)) } => format!("address:{address}"),
            Principal::Anonymous { address: Some(IpAddr::V6(address)) } => match address.to_ipv4_mapped() {
                Some(mapped) => format!("address:{mapped}"),
                None => format!("address:{:x}/64", address.to_bits() >> 64),
            },
            Principal::Anonymous { address: None } => "address:unknown".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(key: &PresentedKey) -> ApiKey {
        ApiKey {
            id: key.id().to_owned(),
            hash: key.hash(),
            tenant: TenantId::parse("acme").unwrap(),
            scopes: [Scope::VoiceRead].into_iter().collect(),
            created_at: Timestamp::from_epoch_secs(0),
            revoked_at: None,
        }
    }

    #[test]
    fn a_key_opens_only_what_its_scopes_say_and_nothing_once_revoked() {
        let key = PresentedKey::generate().unwrap();
        let mut row = record(&key);
        let open = |access, row: &ApiKey| Caller::by_api_key(access, &key, Some(row)).map(|_| ());
        assert_eq!(open(Access::scope(Scope::VoiceRead), &row), Ok(()));
        assert_eq!(open(Access::scope(Scope::VoiceWrite), &row), Err(Denied::MissingScope(Scope::VoiceWrite)));
        assert_eq!(open(Access::self_proving(), &row), Err(Denied::WrongKind));
        row.revoked_at = Some(Timestamp::from_epoch_secs(1));
        assert_eq!(open(Access::scope(Scope::VoiceRead), &row), Err(Denied::Invalid));
    }

    #[test]
    fn another_secret_with_the_right_id_is_no_key() {
        let key = PresentedKey::generate().unwrap();
        let forged = PresentedKey::parse(&format!("sk_sb_{}_{}", key.id(), "0".repeat(40))).unwrap();
        let row = record(&key);
        assert_eq!(Caller::by_api_key(Access::anyone(), &forged, Some(&row)).unwrap_err(), Denied::Invalid);
        assert_eq!(Caller::by_api_key(Access::anyone(), &key, None).unwrap_err(), Denied::Invalid);
    }

    #[test]
    fn nobody_gets_in_without_a_credential_unless_the_route_says_so() {
        let scoped = Access::scope(Scope::VoiceWrite);
        for (access, public, served) in [
            (scoped, true, false),
            (scoped.or_public(), false, false),
            (scoped.or_public(), true, true),
            (Access::anyone(), false, true),
        ] {
            assert_eq!(Caller::anonymous(access, public, None).is_ok(), served, "{access:?} {public}");
        }
    }

    #[test]
    fn a_session_token_is_good_for_its_own_session() {
        let at = Timestamp::from_epoch_secs(0);
        let token = SessionToken::new(SessionId::generate(at), TenantId::public(), at);
        let (own, other) = (token.session, SessionId::generate(at));
        let access = Access::scope(Scope::VoiceWrite).or_session_token();
        let caller = Caller::by_session_token(access, token.clone()).unwrap();
        assert_eq!(caller.require_session(&own), Ok(()));
        assert_eq!(caller.require_session(&other), Err(Denied::OtherSession));
        assert_eq!(Caller::by_session_token(Access::scope(Scope::VoiceWrite), token).unwrap_err(), Denied::WrongKind);
    }

    #[test]
    fn one_ipv6_subscriber_is_one_principal_and_a_mapped_address_is_its_ipv4() {
        let key = |address: &str| {
            let address = Some(address.parse().unwrap());
            Caller::anonymous(Access::anyone(), false, address).unwrap().principal_key()
        };
        assert_eq!(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::9"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
    }
}

//! What a route takes as a credential.

use switchboard_core::Scope;

/// Whether a route serves callers who show nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anonymous {
    /// Never.
    Refused,
    /// Only where the installation opens voice sessions to the public (`PUBLIC_SESSIONS`).
    WherePublic,
    /// Always: there is nothing to protect, or the request proves itself by other means (a signed webhook).
    Served,
}

/// The credentials that a route takes and the scope that an API key needs for it. Every route declares one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// The scope an API key must have; `None` where any key will do. Ignored by routes that take no key.
    pub scope: Option<Scope>,
    /// Whether an API key is taken at all.
    pub api_key: bool,
    /// Whether the token of the session that the request is about is taken.
    pub session_token: bool,
    /// Whether callers without a credential are served.
    pub anonymous: Anonymous,
}

impl Access {
    /// An API key with this scope, nothing else.
    #[must_use]
    pub const fn scope(scope: Scope) -> Self {
        Self { scope: Some(scope), api_key: true, session_token: false, anonymous: Anonymous::Refused }
    }

    /// Anybody; a credential that is shown must hold all the same.
    #[must_use]
    pub const fn anyone() -> Self {
        Self { scope: None, api_key: true, session_token: false, anonymous: Anonymous::Served }
    }

    /// Nobody is asked: the request proves itself by other means, and an `Authorization` header is not looked at.
    #[must_use]
    pub const fn self_proving() -> Self {
        Self { scope: None, api_key: false, session_token: false, anonymous: Anonymous::Served }
    }

    /// Also the token of the session that the request is about.
    #[must_use]
    pub const fn or_session_token(self) -> Self {
        Self { session_token: true, ..self }
    }

    /// Also nobody in particular, where the installation is open to the public.
    #[must_use]
    pub const fn or_public(self) -> Self {
        Self { anonymous: Anonymous::WherePublic, ..self }
    }

    /// Whether an `Authorization` header is looked at.
    #[must_use]
    pub const fn reads_credentials(self) -> bool {
        self.api_key || self.session_token
    }
}

//! An address that is known only later: where a simulator listens, or where an agent's webhooks go.

use std::sync::{PoisonError, RwLock};

/// A URL, once somebody has said which.
#[derive(Default)]
pub(crate) struct Address(RwLock<Option<String>>);

impl std::fmt::Debug for Address {
    /// A webhook's address is a capability, so it is not shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Address").field(&self.get().is_some()).finish()
    }
}

impl Address {
    pub(crate) fn set(&self, url: String) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(url);
    }

    pub(crate) fn get(&self) -> Option<String> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The URL of a path below this address; the path alone where nobody listens.
    pub(crate) fn below(&self, path: &str) -> String {
        format!("{}{path}", self.get().unwrap_or_default())
    }
}

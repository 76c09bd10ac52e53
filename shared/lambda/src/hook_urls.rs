//! The addresses that senders who cannot sign are given: made from a row and a key, never kept, made anew whenever an answer
//! shows one.
//!
//! What a token is made of is the provider library's matter, which this crate does not know; each function that shows or hands
//! out such addresses gives the maker ([`TokenMaker`]) when it is composed.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use switchboard_core::{Clock, Freshness, HookId, KeyedSecret, Secret, SecretSource, SecretUnavailable};
use switchboard_store::Hook;

/// The key in the secret's JSON.
pub const WEBHOOK_URL_SECRET: &str = "WEBHOOK_URL_SECRET";

/// What a credential is made for, so that it is never the token of an address.
const CREDENTIAL: &str = "credential";

/// Makes the token of a hook from the accepted keys, the one that makes tokens first. An error says what is wrong with the keys.
pub type TokenMaker =
    fn(accepted: &[KeyedSecret], hook: HookId, sender: &str, purpose: &str, generation: u32) -> Result<Secret, String>;

/// Where a hook is, but for its token: all that is needed to write its address again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HookAddress {
    base_url: String,
    hook: HookId,
    sender: String,
    purpose: String,
    generation: u32,
}

impl HookAddress {
    /// The address of a hook on an installation that is reached at `base_url`, without a final slash.
    #[must_use]
    pub fn new(base_url: impl Into<String>, hook: &Hook) -> Self {
        Self {
            base_url: base_url.into(),
            hook: hook.id,
            sender: hook.sender.clone(),
            purpose: hook.purpose.clone(),
            generation: hook.generation,
        }
    }
}

/// Writes addresses.
pub struct HookUrls {
    secret_name: String,
    secrets: Arc<dyn SecretSource>,
    clock: Arc<dyn Clock>,
    make_token: TokenMaker,
}

impl HookUrls {
    /// A writer whose keys are in the secret of this name.
    #[must_use]
    pub fn new(
        secret_name: String,
        secrets: Arc<dyn SecretSource>,
        clock: Arc<dyn Clock>,
        make_token: TokenMaker,
    ) -> Self {
        Self { secret_name, secrets, clock, make_token }
    }

    /// The whole address. Whoever has it can deliver, so that it goes to nobody but the sender and the operator.
    ///
    /// # Errors
    /// [`SecretUnavailable`] if the keys cannot be had or are too weak.
    pub async fn url(&self, address: &HookAddress) -> Result<Secret, SecretUnavailable> {
        let bundle = self.secrets.secret(&self.secret_name, Freshness::Cached).await?;
        let accepted = bundle.accepted(WEBHOOK_URL_SECRET, self.clock.now());
        let HookAddress { base_url, hook, sender, purpose, generation } = address;
        let token = (self.make_token)(&accepted, *hook, sender, purpose, *generation).map_err(|what| {
            SecretUnavailable::Incomplete { name: self.secret_name.clone(), key: WEBHOOK_URL_SECRET, what }
        })?;
        Ok(Secret::new(format!("{base_url}/webhooks/{sender}/{}", token.expose())))
    }

    /// The name of the secret that the keys are in.
    #[must_use]
    pub fn secret_name(&self) -> &str {
        &self.secret_name
    }

    /// The static credential that goes with an address where its sender can carry one.
    ///
    /// # Errors
    /// [`SecretUnavailable`] if the keys cannot be had or are too weak.
    pub async fn credential(&self, hook: &Hook) -> Result<Secret, SecretUnavailable> {
        let made = self.credentials(hook, Freshness::Cached).await?;
        made.into_iter().next().ok_or_else(|| SecretUnavailable::Incomplete {
            name: self.secret_name.clone(),
            key: WEBHOOK_URL_SECRET,
            what: "no key for webhook URLs is configured".to_owned(),
        })
    }

    /// The credentials that may come with an address: one for every key that holds, the one that is given out first.
    ///
    /// # Errors
    /// [`SecretUnavailable`] if the keys cannot be had or are too weak.
    pub async fn credentials(&self, hook: &Hook, freshness: Freshness) -> Result<Vec<Secret>, SecretUnavailable> {
        let accepted = self.accepted(freshness).await?;
        let made = accepted.iter().map(|key| {
            let token =
                (self.make_token)(std::slice::from_ref(key), hook.id, &hook.sender, CREDENTIAL, hook.generation);
            token.map_err(|what| SecretUnavailable::Incomplete {
                name: self.secret_name.clone(),
                key: WEBHOOK_URL_SECRET,
                what,
            })
        });
        made.collect()
    }

    /// The keys that hold.
    ///
    /// # Errors
    /// [`SecretUnavailable`] if they cannot be had.
    pub async fn accepted(&self, freshness: Freshness) -> Result<Vec<KeyedSecret>, SecretUnavailable> {
        let bundle = self.secrets.secret(&self.secret_name, freshness).await?;
        Ok(bundle.accepted(WEBHOOK_URL_SECRET, self.clock.now()))
    }

    /// The keys that held until lately: they prove nothing, and explain a refusal.
    ///
    /// # Errors
    /// [`SecretUnavailable`] if they cannot be had.
    pub async fn retired(&self, freshness: Freshness) -> Result<Vec<KeyedSecret>, SecretUnavailable> {
        let bundle = self.secrets.secret(&self.secret_name, freshness).await?;
        Ok(bundle.retired(WEBHOOK_URL_SECRET, self.clock.now()))
    }
}

impl fmt::Debug for HookUrls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HookUrls").field("secret_name", &self.secret_name).finish_non_exhaustive()
    }
}

//! Keys of what operators and the owner of the accounts have: webhook URLs, balances, agents.
//!
//! | item | `pk` | `sk` | kept for |
//! |---|---|---|---|
//! | webhook URL | `HOOK#<hookId>` | `HOOK` | for good; a call's 7 days after its end; 30 days once revoked |
//! | balance | `BALANCE#<provider>#<account>` | `<hour>` | 90 days |
//! | agent's owner | `AGENT#<provider>#<account>#<agentId>` | `CLAIM` | as long as the agent |
//! | the agent of the configuration | `AGENT#<provider>#<account>` | `CONFIGURED` | for good |
//! | whose a chat session is | `CHAT#<session id>` | `CHAT` | 2 days |
//!
//! In `gsi1` the webhook URLs that operators made are under `HOOKS#<tenant>`, by id; those of calls are not listed.

use switchboard_core::{HookId, ProviderId, TenantId, Timestamp};

use super::Key;
use super::calls::ACCOUNT;

/// What a balance's hour has, in milliseconds.
const HOUR_MILLIS: i64 = 60 * 60 * 1_000;

impl Key {
    /// Whose a chat session is.
    pub(crate) fn chat_session(id: &str) -> Self {
        Self::new(format!("CHAT#{id}"), "CHAT")
    }

    /// A webhook URL.
    #[must_use]
    pub fn hook(id: HookId) -> Self {
        Self::new(format!("HOOK#{id}"), "HOOK")
    }

    /// What was left on the account with a provider, in the hour of `at`.
    pub(crate) fn balance(provider: ProviderId, at: Timestamp) -> Self {
        Self::new(balances(provider), hour_of(at))
    }

    /// Whose agent it is.
    pub(crate) fn agent_claim(provider: ProviderId, agent_id: &str) -> Self {
        Self::new(format!("AGENT#{provider}#{ACCOUNT}#{agent_id}"), "CLAIM")
    }

    /// The agent that is made from the configuration.
    pub(crate) fn configured_agent(provider: ProviderId) -> Self {
        Self::new(format!("AGENT#{provider}#{ACCOUNT}"), "CONFIGURED")
    }
}

/// The partition of `gsi1` that lists a tenant's webhook URLs.
pub(crate) fn hooks_of(tenant: &TenantId) -> String {
    format!("HOOKS#{tenant}")
}

/// The partition of a provider's balances.
pub(crate) fn balances(provider: ProviderId) -> String {
    format!("BALANCE#{provider}#{ACCOUNT}")
}

/// The beginning of the hour that `at` is in, as text that sorts by time.
pub(crate) fn hour_of(at: Timestamp) -> String {
    let millis = at.epoch_millis();
    Timestamp::from_epoch_millis(millis - millis.rem_euclid(HOUR_MILLIS)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_moment_of_an_hour_has_one_key_and_hours_sort_by_time() {
        let at = |text: &str| hour_of(Timestamp::parse(text).unwrap());
        assert_eq!(at("2026-11-20T12:00:00.000Z"), "2026-11-20T12:00:00.000Z");
        assert_eq!(at("2026-11-20T12:59:59.999Z"), "2026-11-20T12:00:00.000Z");
        assert!(at("2026-11-20T12:59:59.999Z") < at("2026-11-20T13:00:00.000Z"));
    }

    #[test]
    fn no_agent_of_a_provider_can_stand_for_the_configured_one() {
        let configured = Key::configured_agent(ProviderId::Omnidimension);
        for name in ["", "configured", "CONFIGURED"] {
            assert_ne!(Key::agent_claim(ProviderId::Omnidimension, name), configured);
        }
    }
}

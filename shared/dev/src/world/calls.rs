//! What a world needs for calls: the parameters of the providers, the webhook URLs that their agents report to, and the sweep.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use switchboard_core::{KeyedSecret, Secret, TenantId, Timestamp};
use switchboard_lambda::{Boot, Environment};
use switchboard_providers::capability_url::make_token;
use switchboard_store::{Hook, HookStanding, Store};

use super::secrets::SecretObjects;
use super::{Endpoints, WorldError, providers};
use crate::clock::ScriptedClock;
use crate::sim::Simulators;
use crate::sim::provider::Provider;
use crate::{credentials, functions};

/// Who cannot sign, and has agents that report somewhere.
const AGENTS_OF: [(Provider, &str); 2] = [(Provider::Hamsa, "hamsa"), (Provider::Omnidimension, "omnidimension")];
/// Rows that are looked through for a URL that an earlier run made.
const LOOKED_THROUGH: u16 = 100;
/// The longest that the sweep is not run while the clock is moved: once a day it looks at the accounts, whatever else there is.
const LONGEST_IDLE: Duration = Duration::from_secs(24 * 60 * 60);

/// The template's parameters for calls (api, "The local world").
pub(super) fn parameters(endpoints: &Endpoints) -> impl Iterator<Item = (String, String)> {
    let omnidimension_agent = credentials::OMNIDIMENSION_AGENT_ID.to_string();
    [
        ("PublicBaseUrl", endpoints.gateway.as_str()),
        ("HamsaBaseUrl", endpoints.hamsa.as_str()),
        ("HamsaVoiceAgentId", credentials::HAMSA_VOICE_AGENT_ID),
        ("OmnidimensionBaseUrl", endpoints.omnidimension.as_str()),
        ("OmnidimensionAgentId", omnidimension_agent.as_str()),
        ("TwilioBaseUrl", endpoints.twilio.as_str()),
        ("TwilioAgentUrl", "https://agent.example.com/voice"),
        ("TwilioPhoneNumber", credentials::TWILIO_NUMBERS[0]),
        ("TwilioRecord", "true"),
        ("TwilioMachineDetection", "true"),
        ("OpenaiBaseUrl", endpoints.openai.as_str()),
        ("ChatkitAgentId", credentials::CHATKIT_AGENT_ID),
        ("OpenaiSipPolicy", "accept"),
        // Nothing listens there: pages and the simulated peer are on one machine, and no name is looked up outside of it.
        ("IceServers", r#"[{"urls":"stun:127.0.0.1:3478"},{"urls":"turn:127.0.0.1:3478"}]"#),
        ("CallCountries", "US,OM,AE,SA,GB"),
        ("CallCapPerDestination", "0"),
        ("CallCapPerRange", "0"),
        ("CallCapNewDestinations", "0"),
        // Nobody pays here; a day of load must not be stopped by money.
        ("CallDailySpend", "1000000"),
        ("CallDailySpendPerKey", "1000000"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into_iter()
}

/// Gives the simulated agents the URLs that an operator would have entered on their providers' pages.
pub(super) async fn hand_out_webhook_urls(
    simulators: &Simulators,
    store: &Store,
    secrets: &SecretObjects,
    base: &str,
) -> Result<(), WorldError> {
    const NAME: &str = "switchboard/webhook-urls";
    let wrong = |what: String| WorldError::Secret { name: NAME.to_owned(), what };
    let key = providers::text(secrets, NAME, "WEBHOOK_URL_SECRET").unwrap_or_default();
    let key = KeyedSecret { kid: "local".to_owned(), value: Secret::new(key) };
    let owner = TenantId::parse(credentials::OWNER).unwrap_or_else(TenantId::public);
    let known = store.hooks_list(&owner, LOOKED_THROUGH, None).await?.hooks;
    let now = store.now();
    for (provider, sender) in AGENTS_OF {
        let live = |hook: &&Hook| hook.sender == sender && hook.standing(now) == HookStanding::Live;
        let hook = match known.iter().find(live) {
            Some(hook) => hook.clone(),
            None => {
                let hook = Hook::of_account(owner.clone(), sender, now);
                store.hook_create(&hook).await?;
                hook
            }
        };
        let keys = std::slice::from_ref(&key);
        let token = make_token(keys, hook.id, sender, &hook.purpose, hook.generation).map_err(wrong)?;
        simulators.set_agent_webhook(provider, format!("{base}/webhooks/{sender}/{}", token.expose()));
    }
    Ok(())
}

/// Has the schedule run the sweep, composed from its own environment as its binary is.
pub(super) fn schedule_sweep(
    simulators: &Simulators,
    environments: &BTreeMap<String, Environment>,
    clock: &ScriptedClock,
    store: &Store,
) -> Result<(), WorldError> {
    const NAME: &str = "sweep";
    let Some(environment) = environments.get(NAME) else { return Ok(()) };
    let boot = Boot::new(environment.clone(), Arc::new(clock.clone()));
    let Some(sweep) = functions::compose_scheduled(NAME, &boot)? else { return Ok(()) };
    let store = store.clone();
    simulators.schedule().add(NAME, move || {
        let (swept, store) = (sweep(), store.clone());
        Box::pin(async move {
            match swept.await {
                Ok(()) => Some(next_due(&store).await),
                Err(error) => {
                    tracing::error!(%error, "a sweep was cut short");
                    None
                }
            }
        })
    });
    Ok(())
}

/// When the sweep will have something to do if nothing happens before.
async fn next_due(store: &Store) -> Timestamp {
    let now = store.now();
    let mut next = now.plus(LONGEST_IDLE);
    for shard in 0..Store::due_shards() {
        match store.calls_next_due(shard).await {
            Ok(due) => next = due.map_or(next, |due| due.min(next)),
            Err(error) => {
                tracing::warn!(%error, "what is due next is not known");
                return now;
            }
        }
    }
    next
}

//! The simulated providers of a world, knowing it by the secrets that it has.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::task::AbortHandle;

use super::secrets::SecretObjects;
use super::{WorldError, remembered_port};
use crate::clock::ScriptedClock;
use crate::ledger::Ledger;
use crate::sim::deliveries::SigningKeys;
use crate::sim::omi::OmiAccount;
use crate::sim::provider::Provider;
use crate::sim::signature::WebhookSecret;
use crate::sim::twilio::TwilioAccount;
use crate::sim::{SIMULATED, Setup, Simulators, base_url};
use crate::stopwatch::Stopwatch;

/// The servers of the simulated providers. Dropping this stops them.
pub(super) struct ProviderServers(Vec<AbortHandle>);

impl Drop for ProviderServers {
    fn drop(&mut self) {
        for server in &self.0 {
            server.abort();
        }
    }
}

pub(super) fn open(
    clock: &ScriptedClock,
    ledger: &Ledger,
    secrets: &SecretObjects,
    seed: u64,
    (pages, stopwatch): (String, &Stopwatch),
) -> Result<Simulators, WorldError> {
    let omi = |key: &str| text(secrets, "switchboard/omi", key);
    let account = OmiAccount {
        api_key: omi("OMI_API_KEY").unwrap_or_default(),
        api_secret: omi("OMI_API_SECRET"),
        app_id: omi("OMI_APP_ID").unwrap_or_default(),
    };
    let signs = |name: &str, key: &str| {
        let secret = WebhookSecret::parse(&text(secrets, name, key).unwrap_or_default());
        secret.map_err(|error| WorldError::Secret { name: name.to_owned(), what: error.to_string() })
    };
    let of = |name: &str, key: &str| text(secrets, name, key).unwrap_or_default();
    let kept = ledger.clone();
    let save_offset = Arc::new(move |offset: std::time::Duration| {
        kept.put("clock", "offset", &json!(u64::try_from(offset.as_millis()).unwrap_or(u64::MAX)))
    });
    let setup = Setup {
        clock: clock.clone(),
        ledger: ledger.clone(),
        save_offset,
        omi: account,
        hamsa_api_key: of("switchboard/hamsa", "HAMSA_API_KEY"),
        omnidimension_api_key: of("switchboard/omnidimension", "OMNIDIMENSION_API_KEY"),
        twilio: TwilioAccount {
            sid: of("switchboard/twilio", "TWILIO_ACCOUNT_SID"),
            auth_token: of("switchboard/twilio", "TWILIO_AUTH_TOKEN"),
        },
        openai_api_key: of("switchboard/openai", "OPENAI_API_KEY"),
        pages,
        signing_keys: SigningKeys {
            omi: signs("switchboard/omi-webhook", "OMI_WEBHOOK_SECRET")?,
            twilio: of("switchboard/twilio-webhook", "TWILIO_AUTH_TOKEN"),
            openai: signs("switchboard/openai-webhook", "OPENAI_WEBHOOK_SECRET")?,
        },
        seed,
        stopwatch: stopwatch.clone(),
    };
    Ok(Simulators::open(setup)?)
}

/// Serves each provider on its remembered port, or another, and gives their base URLs. They take their listeners
/// themselves, because some of their faults are a matter of connections.
pub(super) async fn serve(
    simulators: &Simulators,
    ledger: &Ledger,
) -> Result<(ProviderServers, BTreeMap<Provider, String>), WorldError> {
    let mut servers = ProviderServers(Vec::new());
    let mut bases = BTreeMap::new();
    for provider in SIMULATED {
        let name = provider.as_str();
        let bind = |port: u16| tokio::net::TcpListener::bind(("127.0.0.1", port));
        let remembered = remembered_port(ledger, name)?.unwrap_or(0);
        let failed = |source| WorldError::Directory { path: "127.0.0.1".into(), source };
        let listener = match bind(remembered).await {
            Ok(listener) => listener,
            Err(_) => bind(0).await.map_err(failed)?,
        };
        let port = listener.local_addr().map_err(failed)?.port();
        ledger.put("port", name, &json!(port))?;
        let serving = simulators.serve(provider, listener);
        let task = tokio::spawn(async move {
            if let Err(error) = serving.await {
                tracing::error!(provider = name, %error, "a simulated provider has stopped");
            }
        });
        servers.0.push(task.abort_handle());
        bases.insert(provider, base_url(provider, port));
    }
    Ok((servers, bases))
}

/// A value of a secret: a text, or the first of a list.
pub(super) fn text(secrets: &SecretObjects, name: &str, key: &str) -> Option<String> {
    match secrets.get(name)?.get(key)? {
        Value::String(text) => Some(text.clone()),
        Value::Array(list) => list.first()?.get("value")?.as_str().map(str::to_owned),
        _ => None,
    }
}

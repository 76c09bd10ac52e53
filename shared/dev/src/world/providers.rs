//! The simulated providers of a world, knowing it by the secrets that it has.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::task::AbortHandle;

use super::secrets::SecretObjects;
use super::{WorldError, remembered_port};
use crate::clock::ScriptedClock;
use crate::ledger::Ledger;
use crate::sim::omi::OmiAccount;
use crate::sim::signature::WebhookSecret;
use crate::sim::{Setup, Simulators};
use crate::stopwatch::Stopwatch;

/// Simulated OMI's server. Dropping it stops it.
pub(super) struct OmiServer(AbortHandle);

impl Drop for OmiServer {
    fn drop(&mut self) {
        self.0.abort();
    }
}

pub(super) fn open(
    clock: &ScriptedClock,
    ledger: &Ledger,
    secrets: &SecretObjects,
    seed: u64,
    stopwatch: &Stopwatch,
) -> Result<Simulators, WorldError> {
    let omi = |key: &str| text(secrets, "switchboard/omi", key);
    let account = OmiAccount {
        api_key: omi("OMI_API_KEY").unwrap_or_default(),
        api_secret: omi("OMI_API_SECRET"),
        app_id: omi("OMI_APP_ID").unwrap_or_default(),
    };
    let webhook = text(secrets, "switchboard/omi-webhook", "OMI_WEBHOOK_SECRET").unwrap_or_default();
    let omi_webhook_secret = WebhookSecret::parse(&webhook)
        .map_err(|error| WorldError::Secret { name: "switchboard/omi-webhook".to_owned(), what: error.to_string() })?;
    let kept = ledger.clone();
    let save_offset = Arc::new(move |offset: std::time::Duration| {
        kept.put("clock", "offset", &json!(u64::try_from(offset.as_millis()).unwrap_or(u64::MAX)))
    });
    let setup = Setup {
        clock: clock.clone(),
        ledger: ledger.clone(),
        save_offset,
        omi: account,
        omi_webhook_secret,
        seed,
        stopwatch: stopwatch.clone(),
    };
    Ok(Simulators::open(setup)?)
}

/// Serves OMI on its remembered port, or another. It takes its listener itself, because some of its faults are a matter of
/// connections.
pub(super) async fn serve_omi(simulators: &Simulators, ledger: &Ledger) -> Result<(OmiServer, String), WorldError> {
    let bind = |port: u16| tokio::net::TcpListener::bind(("127.0.0.1", port));
    let remembered = remembered_port(ledger, "omi")?.unwrap_or(0);
    let failed = |source| WorldError::Directory { path: "127.0.0.1".into(), source };
    let listener = match bind(remembered).await {
        Ok(listener) => listener,
        Err(_) => bind(0).await.map_err(failed)?,
    };
    let port = listener.local_addr().map_err(failed)?.port();
    ledger.put("port", "omi", &json!(port))?;
    let serving = simulators.serve_omi(listener);
    let task = tokio::spawn(async move {
        if let Err(error) = serving.await {
            tracing::error!(%error, "simulated OMI has stopped");
        }
    });
    Ok((OmiServer(task.abort_handle()), format!("http://127.0.0.1:{port}/v1")))
}

/// A value of a secret: a text, or the first of a list.
fn text(secrets: &SecretObjects, name: &str, key: &str) -> Option<String> {
    match secrets.get(name)?.get(key)? {
        Value::String(text) => Some(text.clone()),
        Value::Array(list) => list.first()?.get("value")?.as_str().map(str::to_owned),
        _ => None,
    }
}

//! The providers behind this installation, and `GET /api/providers`: what each can do, asked of the code, and whether we have
//! credentials for it, asked of the secrets. Nothing is asked of the providers themselves.

use std::sync::Arc;

use futures_util::future::join_all;
use http::StatusCode;
use serde::Serialize;
use switchboard_auth::Caller;
use switchboard_core::{Freshness, ProviderId, SecretUnavailable};
use switchboard_lambda::{ApiError, Boot, Config, Reply, Shell};
use switchboard_providers::Provider;
use switchboard_providers::hamsa::{Hamsa, HamsaConfig};
use switchboard_providers::omi::{Omi, OmiConfig};
use switchboard_providers::omnidimension::{Omnidimension, OmnidimensionConfig};
use switchboard_providers::openai::{Openai, OpenaiConfig};
use switchboard_providers::twilio::{ACCOUNT_SID_KEY, AUTH_TOKEN_KEY, Twilio, TwilioConfig};

use crate::App;

/// A provider, and where our credentials for it are.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) provider: Box<dyn Provider>,
    secret_name: String,
    /// The keys in the secret's JSON: every one of some line must have a value.
    credentials: &'static [&'static [&'static str]],
}

/// The answer.
#[derive(Debug, Serialize)]
struct ProvidersOut {
    providers: Vec<ProviderOut>,
}

/// One provider.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ProviderOut {
    provider: ProviderId,
    /// `null` if the secret cannot be read at this moment.
    configured: Option<bool>,
    capabilities: Vec<&'static str>,
    /// Whether there is a request that ends a phone call.
    #[serde(skip_serializing_if = "Option::is_none")]
    can_end_calls: Option<bool>,
    /// Whether programs can write its agents.
    #[serde(skip_serializing_if = "Option::is_none")]
    can_write_agents: Option<bool>,
}

/// Every provider.
pub(crate) fn compose(boot: &Boot, config: &mut Config<'_>, shell: &Shell) -> Vec<Known> {
    let secrets = || Arc::clone(&shell.secrets);
    let (hamsa, omi) = (HamsaConfig::read(config), OmiConfig::read(config));
    let (omnidimension, twilio) = (OmnidimensionConfig::read(config), TwilioConfig::read(config));
    let openai = OpenaiConfig::read(config);
    vec![
        Known {
            secret_name: omi.secret_name.clone(),
            credentials: &[&["OMI_API_KEY", "OMI_APP_ID"]],
            provider: Box::new(Omi::new(omi, secrets(), boot.clock(), boot.http())),
        },
        Known {
            secret_name: omnidimension.secret_name.clone(),
            credentials: &[&["OMNIDIMENSION_API_KEY"]],
            provider: Box::new(Omnidimension::new(omnidimension, secrets(), boot.clock(), boot.http())),
        },
        Known {
            secret_name: hamsa.secret_name.clone(),
            credentials: &[&["HAMSA_API_KEY"]],
            provider: Box::new(Hamsa::new(hamsa, secrets(), boot.clock(), boot.http())),
        },
        Known {
            secret_name: twilio.secret_name.clone(),
            credentials: &[
                &[ACCOUNT_SID_KEY, AUTH_TOKEN_KEY],
                &[ACCOUNT_SID_KEY, "TWILIO_API_KEY_SID", "TWILIO_API_KEY_SECRET"],
            ],
            provider: Box::new(Twilio::new(twilio, secrets(), boot.clock(), boot.http())),
        },
        Known {
            secret_name: openai.secret_name.clone(),
            credentials: &[&["OPENAI_API_KEY"]],
            provider: Box::new(Openai::new(openai, secrets(), boot.clock(), boot.http())),
        },
    ]
}

pub(crate) async fn providers(app: &App, caller: &Caller) -> Result<Reply, ApiError> {
    Shell::require_owner(caller.tenant(), &app.owner)?;
    let providers = join_all(app.providers.iter().map(|known| described(app, known))).await;
    Reply::json(StatusCode::OK, &ProvidersOut { providers })
}

async fn described(app: &App, known: &Known) -> ProviderOut {
    let provider = known.provider.as_ref();
    ProviderOut {
        provider: provider.id(),
        configured: is_configured(app, known).await,
        capabilities: capabilities(provider),
        can_end_calls: provider.calls().map(|calls| calls.can_end()),
        can_write_agents: provider.agents().map(|agents| agents.writing().is_some()),
    }
}

/// The names of what is `Some`.
fn capabilities(provider: &dyn Provider) -> Vec<&'static str> {
    let all = [
        ("sessions", provider.sessions().is_some()),
        ("turns", provider.turns().is_some()),
        ("calls", provider.calls().is_some()),
        ("web_calls", provider.web_calls().is_some()),
        ("records", provider.records().is_some()),
        ("hang_up", provider.hang_up().is_some()),
        ("agents", provider.agents().is_some()),
        ("account", provider.account().is_some()),
    ];
    all.into_iter().filter_map(|(name, offered)| offered.then_some(name)).collect()
}

/// Whether its secret has what its client needs; `None` if that cannot be found out.
async fn is_configured(app: &App, known: &Known) -> Option<bool> {
    match app.shell.secrets.secret(&known.secret_name, Freshness::Cached).await {
        Ok(bundle) => {
            let now = app.shell.now();
            let has = |keys: &&[&str]| keys.iter().all(|key| bundle.current(key, now).is_some());
            Some(known.credentials.iter().any(has))
        }
        Err(SecretUnavailable::Missing { .. } | SecretUnavailable::Incomplete { .. }) => Some(false),
        // It is there, and cannot be used as it is.
        Err(SecretUnavailable::Unreadable { .. }) => Some(false),
        Err(SecretUnavailable::Unreachable { .. }) => None,
    }
}

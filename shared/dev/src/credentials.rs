//! The published credentials of the local world. They open nothing but servers on this machine; a world that the internet can
//! reach refuses to start with them.

use serde_json::{Value, json};
use switchboard_auth::PresentedKey;
use switchboard_core::{ApiKey, Scopes, TenantId, Timestamp};

/// The tenant that owns the accounts, with every scope.
pub const LOCAL_KEY: &str = "sk_sb_local_0000000000000000";
/// Another tenant, with every scope.
pub const OTHER_KEY: &str = "sk_sb_other_0000000000000000";
/// What OMI signs its webhooks with.
pub const OMI_WEBHOOK_SECRET: &str = "whsec_bG9jYWwtb21pLXdlYmhvb2stc2VjcmV0LTAwMDE=";
/// What simulated OMI knows us by.
pub const OMI_API_KEY: &str = "omi_dev_local_0000000000000000";
/// What requests to simulated OMI are signed with.
pub const OMI_API_SECRET: &str = "local-omi-api-secret";
/// Our application at simulated OMI.
pub const OMI_APP_ID: &str = "app_local";
/// What simulated Hamsa knows us by.
pub const HAMSA_API_KEY: &str = "hamsa-local-key-0000";
/// A voice agent of simulated Hamsa: Arabic, with placeholders.
pub const HAMSA_VOICE_AGENT_ID: &str = "8c2f4a0e-6f1b-4d53-9a7c-2e5b1d0f3a96";
/// What simulated OmniDimension knows us by.
pub const OMNIDIMENSION_API_KEY: &str = "omnidim-local-key-0000";
/// The agent that simulated OmniDimension has from the beginning.
pub const OMNIDIMENSION_AGENT_ID: u64 = 1930;
/// The id under which simulated OmniDimension has the first of [`TWILIO_NUMBERS`].
pub const OMNIDIMENSION_TWILIO_NUMBER_ID: u64 = 88;
/// Our account with simulated Twilio.
pub const TWILIO_ACCOUNT_SID: &str = "AC00000000000000000000000000000000";
/// The password of that account, which it signs its webhooks with, too.
pub const TWILIO_AUTH_TOKEN: &str = "12345";
/// An API key of that account, and its secret.
pub const TWILIO_API_KEY_SID: &str = "SK00000000000000000000000000000000";
/// See [`TWILIO_API_KEY_SID`].
pub const TWILIO_API_KEY_SECRET: &str = "local-twilio-api-key-secret";
/// The numbers of that account. Hamsa and OmniDimension know them, too, and calls from them go over Twilio.
pub const TWILIO_NUMBERS: [&str; 2] = ["+15005550100", "+15005550101"];
/// What simulated OpenAI knows us by.
pub const OPENAI_API_KEY: &str = "sk-local-openai-0000";
/// What simulated OpenAI signs its webhooks with.
pub const OPENAI_WEBHOOK_SECRET: &str = "whsec_bG9jYWwtb3BlbmFpLXdlYmhvb2stc2VjcmV0LTE=";
/// What TURN servers would share with us.
const TURN_SECRET: &str = "local-turn-secret-never-used-in-a-deployment";
/// The one hosted workflow that simulated ChatKit knows.
pub const CHATKIT_AGENT_ID: &str = "wf_local0000000000000000";
/// What the unguessable part of webhook URLs is made with.
const WEBHOOK_URL_SECRET: &str = "local-webhook-url-secret-never-used-in-a-deployment";
/// What session tokens and cursors are signed with.
const JWT_SECRET: &str = "local-signing-secret-never-used-in-a-deployment";

/// The owner of the accounts.
pub const OWNER: &str = "local";

/// The secret objects with their local values, by the names that the template gives them.
#[must_use]
pub fn secrets() -> [(&'static str, Value); 11] {
    [
        (
            "switchboard/omi",
            json!({ "OMI_API_KEY": OMI_API_KEY, "OMI_API_SECRET": OMI_API_SECRET, "OMI_APP_ID": OMI_APP_ID }),
        ),
        ("switchboard/omi-webhook", json!({ "OMI_WEBHOOK_SECRET": OMI_WEBHOOK_SECRET })),
        ("switchboard/hamsa", json!({ "HAMSA_API_KEY": HAMSA_API_KEY })),
        ("switchboard/omnidimension", json!({ "OMNIDIMENSION_API_KEY": OMNIDIMENSION_API_KEY })),
        (
            "switchboard/twilio",
            json!({ "TWILIO_ACCOUNT_SID": TWILIO_ACCOUNT_SID, "TWILIO_AUTH_TOKEN": TWILIO_AUTH_TOKEN }),
        ),
        (
            "switchboard/twilio-webhook",
            json!({ "TWILIO_ACCOUNT_SID": TWILIO_ACCOUNT_SID, "TWILIO_AUTH_TOKEN": TWILIO_AUTH_TOKEN }),
        ),
        ("switchboard/openai", json!({ "OPENAI_API_KEY": OPENAI_API_KEY })),
        ("switchboard/turn", json!({ "TURN_SECRET": TURN_SECRET })),
        ("switchboard/openai-webhook", json!({ "OPENAI_WEBHOOK_SECRET": OPENAI_WEBHOOK_SECRET })),
        ("switchboard/webhook-urls", json!({ "WEBHOOK_URL_SECRET": WEBHOOK_URL_SECRET })),
        ("switchboard/signing", json!({ "JWT_SECRET": JWT_SECRET })),
    ]
}

/// The API keys as they are kept.
#[must_use]
pub fn api_keys(now: Timestamp) -> Vec<ApiKey> {
    [(LOCAL_KEY, OWNER), (OTHER_KEY, "other")]
        .into_iter()
        .filter_map(|(key, tenant)| {
            let key = PresentedKey::parse(key)?;
            Some(ApiKey {
                id: key.id().to_owned(),
                hash: key.hash(),
                tenant: TenantId::parse(tenant)?,
                scopes: Scopes::all(),
                created_at: now,
                revoked_at: None,
            })
        })
        .collect()
}

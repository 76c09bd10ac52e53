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
/// What session tokens and cursors are signed with.
const JWT_SECRET: &str = "local-signing-secret-never-used-in-a-deployment";

/// The owner of the accounts.
pub const OWNER: &str = "local";

/// The secret objects with their local values, by the names that the template gives them.
#[must_use]
pub fn secrets() -> [(&'static str, Value); 3] {
    [
        (
            "switchboard/omi",
            json!({ "OMI_API_KEY": OMI_API_KEY, "OMI_API_SECRET": OMI_API_SECRET, "OMI_APP_ID": OMI_APP_ID }),
        ),
        ("switchboard/omi-webhook", json!({ "OMI_WEBHOOK_SECRET": OMI_WEBHOOK_SECRET })),
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

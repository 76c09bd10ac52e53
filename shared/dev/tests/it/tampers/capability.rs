//! What senders send that cannot sign: the address is all that they have, and Hamsa's credential where it was given one.

use serde_json::json;
use switchboard_core::{CallId, KeyedSecret, LegId, Secret, TenantId};
use switchboard_dev::credentials::secrets;
use switchboard_providers::capability_url::make_token;
use switchboard_store::Hook;

use crate::harness::TestWorld;
use crate::invoke::Sent;

/// What the published key of webhook URLs is.
pub(crate) fn published_key() -> String {
    let (_, published) = secrets().into_iter().find(|(name, _)| *name == "switchboard/webhook-urls").unwrap();
    published["WEBHOOK_URL_SECRET"].as_str().unwrap().to_owned()
}

fn token(key: &str, hook: &Hook, purpose: &str) -> String {
    let keys = [KeyedSecret { kid: "k".to_owned(), value: Secret::new(key) }];
    make_token(&keys, hook.id, &hook.sender, purpose, hook.generation).unwrap().expose().to_owned()
}

/// A hook's path and the credential that goes with it, made with the published key.
pub(crate) fn address(hook: &Hook) -> (String, String) {
    address_by(&published_key(), hook)
}

/// The same, made with this key.
pub(crate) fn address_by(key: &str, hook: &Hook) -> (String, String) {
    let path = format!("/webhooks/{}/{}", hook.sender, token(key, hook, &hook.purpose));
    (path, token(key, hook, "credential"))
}

/// The senders, each with what kind of address it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    HamsaOfCall,
    HamsaOfAccount,
    Omnidimension,
}

pub(crate) const KINDS: [Kind; 3] = [Kind::HamsaOfCall, Kind::HamsaOfAccount, Kind::Omnidimension];

/// A new address of this kind.
pub(crate) async fn hook(world: &TestWorld, kind: Kind) -> Hook {
    let (now, owner) = (world.now(), TenantId::parse("local").unwrap());
    let hook = match kind {
        Kind::HamsaOfCall => {
            let expires_at = now.plus(std::time::Duration::from_secs(30 * 24 * 60 * 60));
            Hook::of_call(owner, "hamsa", (CallId::generate(now), LegId::generate(now)), expires_at, now)
        }
        Kind::HamsaOfAccount => Hook::of_account(owner, "hamsa", now),
        Kind::Omnidimension => Hook::of_account(owner, "omnidimension", now),
    };
    world.world.store().hook_create(&hook).await.unwrap();
    hook
}

/// A good delivery to an address made with this key; the number tells deliveries apart.
pub(crate) fn delivery(kind: Kind, key: &str, hook: &Hook, query: &str, number: usize) -> Sent {
    let (path, credential) = address_by(key, hook);
    let body = match kind {
        Kind::Omnidimension => json!({"call_id": number, "call_request_id": number, "call_status": "busy",
            "call_date": "2026-11-20 12:00:00", "note": "Ümit ½"}),
        Kind::HamsaOfCall | Kind::HamsaOfAccount => json!({"eventType": "call.started", "callId": "call_x",
            "timestamp": "2026-11-20T12:00:00Z", "data": {"conversationId": format!("conv-{number}"), "note": "Ümit ½"}}),
    };
    let mut sent = Sent {
        method: "POST",
        path,
        query: query.to_owned(),
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: body.to_string().into_bytes(),
    };
    if kind == Kind::HamsaOfCall {
        sent.set("authorization", &format!("Bearer {credential}"));
    }
    sent
}

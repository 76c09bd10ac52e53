//! The part of the tour that operators and the owner of the accounts would make: webhook URLs, agents, credits, providers.

use serde_json::{Value, json};
use switchboard_dev::credentials::{LOCAL_KEY, OTHER_KEY};

use super::{CANARY, Tourist};

const LIST_HOOKS: &str = "GET /api/webhook-urls";
const CREATE_HOOK: &str = "POST /api/webhook-urls";
const ROTATE_HOOK: &str = "POST /api/webhook-urls/{hookId}/rotate";
const REVOKE_HOOK: &str = "DELETE /api/webhook-urls/{hookId}";
const LIST_AGENTS: &str = "GET /api/agents";
const CREATE_AGENT: &str = "POST /api/agents";
const READ_AGENT: &str = "GET /api/agents/{provider}/{agentId}";
const UPDATE_AGENT: &str = "PUT /api/agents/{provider}/{agentId}";
const DELETE_AGENT: &str = "DELETE /api/agents/{provider}/{agentId}";
const NUMBERS: &str = "GET /api/numbers";
const INFO: &str = "GET /agent/info";
const CREDITS: &str = "GET /api/credits";
const PROVIDERS: &str = "GET /api/providers";

/// Everything of it.
pub(super) async fn operations(tourist: &mut Tourist<'_>) {
    hooks(tourist).await;
    agents(tourist).await;
    agents_in_trouble(tourist).await;
    accounts(tourist).await;
}

async fn hooks(tourist: &mut Tourist<'_>) {
    let (to, path) = (("POST", "/api/webhook-urls"), "/api/webhook-urls");
    let body = json!({"provider": "omnidimension"});
    let made = tourist.keyed(CREATE_HOOK, 201, to, LOCAL_KEY, Some(CANARY), &body).await;
    tourist.keyed(CREATE_HOOK, 201, to, LOCAL_KEY, Some(CANARY), &body).await;
    let hook = made.text("/hookId");
    let rotation = format!("{path}/{hook}/rotate");
    let rotated = tourist.json(ROTATE_HOOK, 200, ("POST", &rotation), LOCAL_KEY, &json!({})).await;
    for url in [made.text("/url"), rotated.text("/url")] {
        let token = url.rsplit('/').next().unwrap().to_owned();
        tourist.private.extend([token.split('.').nth(1).unwrap().to_owned(), token, url]);
    }
    tourist.private.push(hook.clone());
    tourist.json(CREATE_HOOK, 400, to, LOCAL_KEY, &json!({"provider": CANARY})).await;
    tourist.json(CREATE_HOOK, 403, to, OTHER_KEY, &body).await;
    tourist.json(CREATE_HOOK, 401, to, "", &body).await;
    tourist.json(LIST_HOOKS, 200, ("GET", &format!("{path}?limit=1")), LOCAL_KEY, &Value::Null).await;
    tourist.json(LIST_HOOKS, 400, ("GET", &format!("{path}?cursor={CANARY}")), LOCAL_KEY, &Value::Null).await;
    tourist.json(ROTATE_HOOK, 404, ("POST", &rotation), OTHER_KEY, &json!({})).await;
    tourist.json(REVOKE_HOOK, 404, ("DELETE", &format!("{path}/{CANARY}")), LOCAL_KEY, &Value::Null).await;
    tourist.json(REVOKE_HOOK, 200, ("DELETE", &format!("{path}/{hook}")), LOCAL_KEY, &Value::Null).await;
    // 409 is not kept, so its key is given back.
    tourist.keyed(ROTATE_HOOK, 409, ("POST", &rotation), LOCAL_KEY, Some(CANARY), &json!({})).await;
}

async fn agents(tourist: &mut Tourist<'_>) {
    let to = ("POST", "/api/agents");
    let draft = json!({
        "name": CANARY, "welcomeMessage": CANARY, "instructions": [{"title": CANARY, "body": CANARY}],
    });
    let made = tourist.keyed(CREATE_AGENT, 201, to, LOCAL_KEY, Some(CANARY), &draft).await;
    tourist.keyed(CREATE_AGENT, 201, to, LOCAL_KEY, Some(CANARY), &draft).await;
    let path = format!("/api/agents/omnidimension/{}", made.text("/agentId"));
    tourist.json(LIST_AGENTS, 200, ("GET", "/api/agents?provider=omnidimension"), LOCAL_KEY, &Value::Null).await;
    tourist.json(LIST_AGENTS, 400, ("GET", "/api/agents?provider=canary-7f3a9"), LOCAL_KEY, &Value::Null).await;
    tourist.json(LIST_AGENTS, 422, ("GET", "/api/agents?provider=omi"), LOCAL_KEY, &Value::Null).await;
    tourist.json(CREATE_AGENT, 400, to, LOCAL_KEY, &json!({"name": CANARY, "webhookUrl": CANARY})).await;
    tourist.json(CREATE_AGENT, 422, ("POST", "/api/agents?provider=hamsa"), LOCAL_KEY, &draft).await;
    tourist.json(READ_AGENT, 200, ("GET", &path), LOCAL_KEY, &Value::Null).await;
    tourist.json(READ_AGENT, 404, ("GET", &path), OTHER_KEY, &Value::Null).await;
    tourist.json(READ_AGENT, 404, ("GET", "/api/agents/hamsa/canary-7f3a9"), LOCAL_KEY, &Value::Null).await;
    tourist.json(UPDATE_AGENT, 200, ("PUT", &path), LOCAL_KEY, &json!({"name": CANARY})).await;
    tourist.json(UPDATE_AGENT, 400, ("PUT", &path), LOCAL_KEY, &json!({"temperature": CANARY})).await;
    tourist.json(DELETE_AGENT, 404, ("DELETE", &path), OTHER_KEY, &Value::Null).await;
    tourist.json(DELETE_AGENT, 200, ("DELETE", &path), LOCAL_KEY, &Value::Null).await;
    tourist.json(NUMBERS, 200, ("GET", "/api/numbers"), LOCAL_KEY, &Value::Null).await;
    tourist.json(NUMBERS, 200, ("GET", "/api/numbers?provider=twilio"), LOCAL_KEY, &Value::Null).await;
    tourist.json(NUMBERS, 200, ("GET", "/api/numbers"), OTHER_KEY, &Value::Null).await;
    tourist.json(INFO, 200, ("GET", "/agent/info"), LOCAL_KEY, &Value::Null).await;
    tourist.json(INFO, 404, ("GET", "/agent/info"), OTHER_KEY, &Value::Null).await;
}

async fn agents_in_trouble(tourist: &mut Tourist<'_>) {
    let draft = json!({"name": CANARY, "welcomeMessage": CANARY});
    for (fault, status) in [
        (json!({"fault": "status", "status": 422}), 422),
        (json!({"fault": "status", "status": 500}), 504),
        (json!({"fault": "garbage"}), 504),
        (json!({"fault": "reset_after_send"}), 504),
    ] {
        arm(tourist, "agents", fault).await;
        tourist.json(CREATE_AGENT, status, ("POST", "/api/agents"), LOCAL_KEY, &draft).await;
        tourist.no_faults().await;
    }
}

async fn accounts(tourist: &mut Tourist<'_>) {
    tourist.json(CREDITS, 200, ("GET", "/api/credits?history=1"), LOCAL_KEY, &Value::Null).await;
    tourist.json(CREDITS, 400, ("GET", "/api/credits?history=canary-7f3a9"), LOCAL_KEY, &Value::Null).await;
    tourist.json(CREDITS, 404, ("GET", "/api/credits"), OTHER_KEY, &Value::Null).await;
    arm(tourist, "balance", json!({"fault": "status", "status": 500})).await;
    tourist.json(CREDITS, 200, ("GET", "/api/credits"), LOCAL_KEY, &Value::Null).await;
    tourist.no_faults().await;
    tourist.json(PROVIDERS, 200, ("GET", "/api/providers"), LOCAL_KEY, &Value::Null).await;
    tourist.json(PROVIDERS, 404, ("GET", "/api/providers"), OTHER_KEY, &Value::Null).await;
    tourist.json("GET /health", 200, ("GET", "/health?note=canary-7f3a9"), "", &Value::Null).await;
}

async fn arm(tourist: &Tourist<'_>, operation: &str, effect: Value) {
    let mut fault = json!({"provider": "omnidimension", "operation": operation, "times": 2});
    fault.as_object_mut().unwrap().extend(effect.as_object().unwrap().clone());
    tourist.world.as_nobody().post("/_sim/faults", &fault).await.expect(200);
}

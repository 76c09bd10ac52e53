//! What is another tenant's does not exist: every route that names a call, a webhook URL or an agent, asked with the name of one
//! that is there.

use serde_json::json;

use crate::deployment::routes;
use crate::harness::{Answer, TestWorld};
use crate::realtime;
use crate::rows::rows_that_matter;

/// Names of things of the tenant `local`.
struct Owned {
    call: String,
    hook: String,
    agent: String,
    realtime: String,
    chat: String,
}

/// Names that nothing has.
fn nothing() -> Owned {
    Owned {
        call: "call_01930000-0000-7000-8000-000000000000".to_owned(),
        hook: "hook_01930000-0000-7000-8000-000000000000".to_owned(),
        agent: "999999".to_owned(),
        realtime: "rts_01930000-0000-7000-8000-000000000000".to_owned(),
        chat: "cksess_0".to_owned(),
    }
}

async fn owned(world: &TestWorld) -> Owned {
    let local = world.as_local();
    let body = json!({"channel": "phone", "provider": "hamsa", "to": "+15005550004"});
    let call = local.post("/api/calls", &body).await.text("/callId");
    let hook = local.post("/api/webhook-urls", &json!({"provider": "hamsa"})).await.text("/hookId");
    let draft = json!({"name": "Messages", "welcomeMessage": "Hello"});
    let agent = local.post("/api/agents?provider=omnidimension", &draft).await.text("/agentId");
    let realtime = local.post(realtime::OPEN, &realtime::wish("ada")).await.text("/rtsId");
    let chat = local.post("/api/chatkit/session", &json!({"user": "ada"})).await.text("/id");
    Owned { call, hook, agent, realtime, chat }
}

/// The answer of a route to somebody of another tenant.
async fn asked(world: &TestWorld, method: &str, path: &str, of: &Owned) -> Answer {
    let path = path.replace("{callId}", &of.call).replace("{hookId}", &of.hook).replace("{agentId}", &of.agent);
    let path = path.replace("{provider}", "omnidimension").replace("{rtsId}", &of.realtime);
    let path = path.replace("{id}", if path.contains("/chatkit/") { &of.chat } else { &of.call });
    let body = match method {
        "PUT" => Some(json!({"temperature": 0.5})),
        "POST" if path.ends_with("/transcript") => Some(json!({"turns": [{"role": "user", "text": "Hi"}]})),
        "POST" if path.ends_with("/renew") => Some(json!({"leaseSecret": "lse_1.x"})),
        "POST" => Some(json!({})),
        _ => None,
    };
    let body = body.map(|body| body.to_string().into_bytes());
    world.as_other().send_json(method.parse().unwrap(), &path, body).await
}

#[tokio::test]
async fn what_another_tenant_has_is_not_found_by_any_route_that_names_it() {
    let world = TestWorld::start().await;
    let (owned, nothing) = (owned(&world).await, nothing());
    let before = rows_that_matter(&world).await;
    let mut tried = Vec::new();
    for route in routes() {
        let about_ours = ["{callId}", "{hookId}", "{agentId}", "{rtsId}", "/chatkit/session/{id}"]
            .iter()
            .any(|name| route.path.contains(name))
            || route.path.starts_with("/api/hamsa/jobs/{id}");
        if !about_ours {
            continue;
        }
        let foreign = asked(&world, &route.method, &route.path, &owned).await;
        let missing = asked(&world, &route.method, &route.path, &nothing).await;
        for answer in [&foreign, &missing] {
            assert_eq!(answer.status, 404, "{} {}: {}", route.method, route.path, answer.json);
        }
        // The same words: whether there is one is not told either.
        let words = |answer: &Answer| answer.json.pointer("/error/message").cloned();
        assert_eq!(words(&foreign), words(&missing), "{} {}", route.method, route.path);
        tried.push(format!("{} {}", route.method, route.path));
    }
    for expected in [
        "POST /api/calls/{callId}/end",
        "POST /call/{callId}/end",
        "POST /api/hamsa/jobs/{callId}/end",
        "GET /api/calls/{callId}",
        "POST /api/webhook-urls/{hookId}/rotate",
        "DELETE /api/webhook-urls/{hookId}",
        "GET /api/agents/{provider}/{agentId}",
        "PUT /api/agents/{provider}/{agentId}",
        "DELETE /api/agents/{provider}/{agentId}",
        "POST /api/calls/{callId}/transcript",
        "POST /api/realtime/calls/{rtsId}/renew",
        "POST /api/realtime/calls/{rtsId}/end",
        "POST /api/chatkit/session/{id}/cancel",
    ] {
        assert!(tried.iter().any(|route| route == expected), "{expected} is not among {tried:?}");
    }
    assert_eq!(rows_that_matter(&world).await, before, "nothing has changed");
    assert_eq!(world.world.simulators().meter().unwrap().lines_up, 2, "and the calls are up");
}

#[tokio::test]
async fn a_call_is_not_placed_with_another_tenants_agent_nor_found_by_its_key() {
    let world = TestWorld::start().await;
    let owned = owned(&world).await;
    let dials = || world.world.simulators().meter().unwrap().dials;
    let before = dials();
    let with_agent =
        |agent: &str| json!({"channel": "phone", "provider": "omnidimension", "to": "+15005550001", "agentId": agent});
    let foreign = world.as_other().post("/api/calls", &with_agent(&owned.agent)).await;
    let missing = world.as_other().post("/api/calls", &with_agent("999999")).await;
    for answer in [&foreign, &missing] {
        answer.refused(404, "not_found");
    }
    assert_eq!(foreign.text("/error/message"), missing.text("/error/message"));
    assert_eq!(dials(), before);
    // One key of two tenants is two keys.
    let body = json!({"channel": "phone", "provider": "twilio", "to": "+15005550001"});
    let ours = world.as_local().with("idempotency-key", "one").post("/api/calls", &body).await;
    let theirs = world.as_other().with("idempotency-key", "one").post("/api/calls", &body).await;
    assert_ne!(ours.text("/callId"), theirs.text("/callId"));
    assert_eq!(theirs.header("idempotent-replayed"), None);
}

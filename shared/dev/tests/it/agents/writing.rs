//! Agents are made, changed and removed by a closed list of fields.

use serde_json::{Value, json};
use switchboard_store::HookStanding;

use super::{AGENTS, FIRST, asked, create, draft, hook_of, path_of, update};
use crate::harness::{Answer, TestWorld};

/// Nothing that opens or reports anything is in an answer.
#[track_caller]
fn is_clean(answer: &Answer) {
    let text = answer.json.to_string();
    for word in ["secret", "webhook", "iframe", "hook_"] {
        assert!(!text.contains(word), "{word}: {text}");
    }
}

#[tokio::test]
async fn an_agent_is_made_read_changed_and_removed_and_no_answer_gives_anything_away() {
    let world = TestWorld::start().await;
    let caller = world.as_local();
    let made = caller.post(AGENTS, &draft("Messages")).await;
    made.expect(201);
    is_clean(&made);
    assert_eq!((made.text("/provider").as_str(), made.text("/name").as_str()), ("omnidimension", "Messages"));
    assert_eq!(made.json["maxCallSecs"], 300);
    let (id, path) = (made.text("/agentId"), path_of(&made.text("/agentId")));

    let request = asked(&world).into_iter().find(|request| request.path.ends_with("/agents/create")).unwrap();
    let (url, hook) = hook_of(&world, &request).await;
    assert!(url.starts_with(&format!("{}/webhooks/omnidimension/hook_", world.base())), "{url}");
    assert_eq!((hook.tenant.as_str(), hook.purpose.as_str()), ("local", "calls"));
    assert_eq!(hook.standing(world.now()), HookStanding::Live);
    assert!(request.body.get("transfer").is_none(), "{}", request.body);

    let read = caller.get(&path).await;
    assert_eq!((read.status, &read.json), (200, &made.json));
    let changed = update(&caller, &path, &json!({"temperature": 0.9, "maxCallSecs": 60})).await;
    changed.expect(200);
    is_clean(&changed);
    assert_eq!(changed.json["maxCallSecs"], 60);
    // What a change does not name stays: the address that it reports to, too.
    let change = asked(&world).into_iter().rfind(|request| request.method == "PUT").unwrap();
    assert!(change.body.get("post_call_actions").is_none(), "{}", change.body);

    let removed = caller.delete(&path).await;
    removed.expect(200);
    assert_eq!(removed.json, json!({"provider": "omnidimension", "agentId": id, "status": "deleted"}));
    caller.get(&path).await.refused(404, "not_found");
    caller.delete(&path).await.refused(404, "not_found");
    assert_eq!(hook_of(&world, &request).await.1.standing(world.now()), HookStanding::Revoked);
}

#[tokio::test]
async fn what_may_not_be_written_is_refused_before_the_provider_hears_of_it() {
    let world = TestWorld::start().await;
    let caller = world.as_local();
    let with = |field: &str, value: Value| {
        let mut body = draft("x");
        body.as_object_mut().unwrap().insert(field.to_owned(), value);
        body
    };
    for (body, field) in [
        (json!({"name": "x"}), "welcomeMessage"),
        (with("webhookUrl", json!("https://elsewhere.example")), "webhookUrl"),
        (with("transfer", json!({"to": "+15005550001"})), "transfer"),
        (with("temperature", json!(2)), "temperature"),
        (with("temperature", json!("warm")), "temperature"),
        (with("instructions", json!([{"title": "a"}])), "instructions[0].body"),
        (with("maxCallSecs", json!(14_401)), "maxCallSecs"),
    ] {
        caller.post(AGENTS, &body).await.refused_field(400, "invalid_request", field);
    }
    update(&caller, &path_of(FIRST), &json!({})).await.refused_field(400, "invalid_request", "body");
    update(&caller, &path_of(FIRST), &json!({"webhook": {}})).await.refused_field(400, "invalid_request", "webhook");
    assert_eq!(asked(&world).len(), 0);
}

#[tokio::test]
async fn agents_that_only_their_providers_dashboard_writes_are_read_only() {
    let world = TestWorld::start().await;
    let caller = world.as_local();
    let listed = caller.get(&format!("{AGENTS}?provider=hamsa")).await;
    let path = format!("{AGENTS}/hamsa/{}", listed.text("/agents/0/agentId"));
    caller.get(&path).await.expect(200);
    for refused in [
        caller.post(&format!("{AGENTS}?provider=hamsa"), &draft("x")).await,
        update(&caller, &path, &json!({"name": "x"})).await,
        caller.delete(&path).await,
        caller.post(&format!("{AGENTS}?provider=omi"), &draft("x")).await,
        caller.post(&format!("{AGENTS}?provider=twilio"), &draft("x")).await,
        caller.get(&format!("{AGENTS}?provider=omi")).await,
    ] {
        refused.refused(422, "unsupported_by_provider");
        assert_eq!(refused.text("/error/nearest"), "omnidimension");
    }
    caller.get(&format!("{AGENTS}?provider=nobody")).await.refused_field(400, "invalid_request", "provider");
}

#[tokio::test]
async fn a_name_that_no_provider_would_give_names_no_agent() {
    let world = TestWorld::start().await;
    let caller = world.as_local();
    create(&caller, "Messages").await;
    let before = asked(&world).len();
    for path in ["/api/agents/nobody/1930", "/api/agents/omnidimension/a%2Fb", "/api/agents/omnidimension/19.30"] {
        caller.get(path).await.refused(404, "not_found");
        caller.delete(path).await.refused(404, "not_found");
    }
    assert_eq!(asked(&world).len(), before, "nothing of it reaches a path of the provider's");
    caller.get(&path_of("999999")).await.refused(404, "not_found");
}

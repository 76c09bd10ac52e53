//! A tenant's agents are those that it made; what nobody claimed is the account owner's.

use serde_json::{Value, json};

use super::{AGENTS, FIRST, INFO, all, asked, create, made, path_of, update};
use crate::harness::TestWorld;
use crate::rows::rows_of;

#[tokio::test]
async fn each_tenant_has_its_own_agents_and_no_others_exist() {
    let world = TestWorld::start().await;
    let (owner, other) = (world.as_local(), world.as_other());
    let ours = create(&owner, "Ours").await;
    let theirs = create(&other, "Theirs").await;
    let list = format!("{AGENTS}?provider=omnidimension");
    let of = |names: &[&str]| -> Vec<(String, String)> {
        names.iter().map(|name| ("omnidimension".to_owned(), (*name).to_owned())).collect()
    };
    // The first one was there before anybody claimed anything.
    assert_eq!(all(&owner, &list, "agents", "name").await, of(&["Front desk", "Ours"]));
    assert_eq!(all(&other, &list, "agents", "name").await, of(&["Theirs"]));
    // Over all providers, too.
    assert_eq!(all(&other, AGENTS, "agents", "name").await, of(&["Theirs"]));

    let before = asked(&world).len();
    for (caller, foreign) in [(&other, FIRST), (&other, ours.as_str()), (&owner, theirs.as_str())] {
        let path = path_of(foreign);
        let missing = caller.get(&path_of("configured")).await;
        for refused in [
            caller.get(&path).await,
            update(caller, &path, &json!({"name": "Mine now"})).await,
            caller.delete(&path).await,
        ] {
            refused.refused(404, "not_found");
            assert_eq!(refused.text("/error/message"), missing.text("/error/message"));
        }
    }
    let touched = asked(&world).split_off(before);
    assert!(touched.iter().all(|request| request.path.ends_with("/agents/configured")), "{touched:?}");
    owner.get(&path_of(&ours)).await.expect(200);
    other.get(&path_of(&theirs)).await.expect(200);
    // What the other made reports to the account's owner all the same.
    assert!(rows_of(&world, "HOOK#").await.iter().all(|hook| hook["tenant"] == "local"));
}

#[tokio::test]
async fn numbers_and_the_configured_agent_are_the_owners_alone() {
    let world = TestWorld::start().await;
    let numbers = all(&world.as_local(), "/api/numbers", "numbers", "number").await;
    for provider in ["hamsa", "omnidimension", "twilio"] {
        assert!(numbers.contains(&(provider.to_owned(), "+15005550100".to_owned())), "{provider}: {numbers:?}");
    }
    let foreign = world.as_other().get("/api/numbers").await;
    foreign.expect(200);
    assert_eq!(foreign.json, json!({"numbers": [], "nextCursor": Value::Null}));
    world.as_other().get(INFO).await.refused(404, "not_found");
    assert_eq!(made(&world), 0, "nor is it made for whoever may not have it");
}

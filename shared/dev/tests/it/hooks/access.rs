//! Whose the addresses are: the accounts' owner's, and nobody else's.

use std::time::Duration;

use serde_json::{Value, json};
use switchboard_core::{CallId, LegId, TenantId};
use switchboard_store::Hook;

use super::{HOOKS, create, from_the_beginning, path_of, rotate, row_of};
use crate::harness::TestWorld;
use crate::rows::rows_that_matter;

#[tokio::test]
async fn another_tenants_operator_makes_none_sees_none_and_finds_none() {
    let world = TestWorld::start().await;
    let made = create(&world.as_local()).await;
    let hook = made.text("/hookId");
    let before = rows_that_matter(&world).await;

    let other = world.as_other();
    other.post(HOOKS, &json!({"provider": "omnidimension"})).await.refused(403, "forbidden");
    let listed = other.get(HOOKS).await;
    listed.expect(200);
    assert_eq!(listed.json, json!({"webhookUrls": [], "nextCursor": Value::Null}));
    let unknown = "hook_01930000-0000-7000-8000-000000000000";
    for (foreign, missing) in [
        (rotate(&other, &hook).await, rotate(&other, unknown).await),
        (other.delete(&path_of(&hook)).await, other.delete(&path_of(unknown)).await),
    ] {
        foreign.refused(404, "not_found");
        missing.refused(404, "not_found");
        // The same words: whether there is one is not told either.
        assert_eq!(foreign.text("/error/message"), missing.text("/error/message"));
    }
    assert_eq!(rows_that_matter(&world).await, before, "nothing has changed");
    assert!(from_the_beginning(&world).await.contains(&hook));
}

#[tokio::test]
async fn the_address_of_a_single_call_is_neither_listed_nor_changed_by_an_operator() {
    let world = TestWorld::start().await;
    let (now, owner) = (world.now(), TenantId::parse("local").unwrap());
    let ids_of_call = (CallId::generate(now), LegId::generate(now));
    let hook = Hook::of_call(owner, "hamsa", ids_of_call, now.plus(Duration::from_secs(60)), now);
    world.world.store().hook_create(&hook).await.unwrap();
    let id = hook.id.to_string();
    assert!(!from_the_beginning(&world).await.contains(&id));
    rotate(&world.as_local(), &id).await.refused(404, "not_found");
    world.as_local().delete(&path_of(&id)).await.refused(404, "not_found");
    assert_eq!(row_of(&world, &id).await, hook);
}

#[tokio::test]
async fn a_wrong_request_is_told_which_field() {
    let world = TestWorld::start().await;
    for (body, field) in [
        (json!({}), "provider"),
        (json!({"provider": "twilio"}), "provider"),
        (json!({"provider": 7}), "provider"),
        (json!({"provider": "hamsa", "purpose": "memory"}), "purpose"),
        (json!(["hamsa"]), "body"),
    ] {
        world.as_local().post(HOOKS, &body).await.refused_field(400, "invalid_request", field);
    }
    for path in [path_of("hook_x"), path_of("call_01930000-0000-7000-8000-000000000000")] {
        world.as_local().delete(&path).await.refused(404, "not_found");
    }
}

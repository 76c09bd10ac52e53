//! What an address is, when it is shown, and until when it holds.

use std::time::Duration;

use serde_json::json;
use switchboard_providers::Cause;

use super::{
    HOOKS, create, from_the_beginning, ids, path_of, rotate, rotation_of, row_of, shows_no_address, token_of, verdict,
};
use crate::harness::TestWorld;
use crate::rows::{rows, rows_of};

#[tokio::test]
async fn an_address_is_shown_when_it_is_made_and_when_it_is_rotated_and_never_else() {
    let world = TestWorld::start().await;
    let operator = world.as_local();
    let others = from_the_beginning(&world).await;
    world.advance(Duration::from_secs(1)).await;
    let made = create(&operator).await;
    assert_eq!(made.members(""), ["createdAt", "hookId", "provider", "purpose", "url"]);
    assert_eq!((made.text("/provider").as_str(), made.text("/purpose").as_str()), ("omnidimension", "calls"));
    assert_eq!(made.text("/createdAt"), world.now().to_string());
    let (hook, url) = (made.text("/hookId"), made.text("/url"));
    assert_eq!(url, format!("{}/webhooks/omnidimension/{}", world.base(), token_of(&url)));
    assert!(url.contains(&hook));

    let rotated = rotate(&operator, &hook).await;
    rotated.expect(200);
    let next = rotated.text("/url");
    assert_ne!(next, url);

    let listed = operator.get(HOOKS).await;
    listed.expect(200);
    assert_eq!(ids(&listed), [vec![hook.clone()], others].concat());
    let revoked = operator.delete(&path_of(&hook)).await;
    revoked.expect(200);
    for answer in [&listed, &revoked] {
        shows_no_address(&answer.json, &url);
        shows_no_address(&answer.json, &next);
    }
    for (key, row) in rows(&world).await {
        for address in [&url, &next] {
            let mac = token_of(address).split_once('.').unwrap().1;
            assert!(!row.to_string().contains(mac), "{key} holds a token");
        }
    }
}

#[tokio::test]
async fn only_the_address_of_the_last_rotation_holds_and_a_revoked_one_stays_revoked() {
    let world = TestWorld::start().await;
    let operator = world.as_local();
    let made = create(&operator).await;
    let (hook, first) = (made.text("/hookId"), made.text("/url"));
    assert_eq!(verdict(&world, &first).await, None);
    let second = rotate(&operator, &hook).await.text("/url");
    assert_eq!(verdict(&world, &first).await, Some(Cause::RotatedUrl));
    assert_eq!(verdict(&world, &second).await, None);

    let revoked_at = world.now();
    let revoked = operator.delete(&path_of(&hook)).await;
    revoked.expect(200);
    assert_eq!(revoked.text("/revokedAt"), revoked_at.to_string());
    world.advance(Duration::from_secs(5)).await;
    let again = operator.delete(&path_of(&hook)).await;
    assert_eq!((again.status, &again.json), (200, &revoked.json));
    assert_eq!(row_of(&world, &hook).await.revoked_at, Some(revoked_at));
    let refused = rotate(&operator, &hook).await;
    refused.refused(409, "conflict");
    assert!(refused.text("/error/message").contains("was revoked; make a new one"), "{}", refused.json);
    assert_eq!(row_of(&world, &hook).await.generation, 2);
}

#[tokio::test]
async fn a_repetition_with_the_same_key_is_shown_the_same_address() {
    let world = TestWorld::start().await;
    let others = from_the_beginning(&world).await;
    let keyed = world.as_local().with("idempotency-key", "k");
    let body = json!({"provider": "hamsa", "purpose": "calls"});
    let made = keyed.post(HOOKS, &body).await;
    made.expect(201);
    let again = keyed.post(HOOKS, &body).await;
    assert_eq!((again.status, &again.json), (201, &made.json));
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(from_the_beginning(&world).await.len(), others.len() + 1);

    let rotation = rotation_of(&made.text("/hookId"));
    let rotated = keyed.post(&rotation, &json!({})).await;
    rotated.expect(200);
    let repeated = keyed.post(&rotation, &json!({})).await;
    assert_eq!((repeated.status, &repeated.json), (200, &rotated.json));
    assert_eq!(row_of(&world, &made.text("/hookId")).await.generation, 2);
    for row in rows_of(&world, "IDEMPOTENCY#").await {
        shows_no_address(&row, &made.text("/url"));
        shows_no_address(&row, &rotated.text("/url"));
    }
}

#[tokio::test]
async fn the_list_comes_in_pages_newest_first() {
    let world = TestWorld::start().await;
    let operator = world.as_local();
    let mut made = from_the_beginning(&world).await;
    for _ in 0..5 {
        world.advance(Duration::from_secs(1)).await;
        made.insert(0, create(&operator).await.text("/hookId"));
    }
    let (mut listed, mut path) = (Vec::new(), format!("{HOOKS}?limit=2"));
    loop {
        let page = operator.get(&path).await;
        page.expect(200);
        assert!(ids(&page).len() <= 2);
        listed.extend(ids(&page));
        let Some(cursor) = page.json["nextCursor"].as_str() else { break };
        path = format!("{HOOKS}?limit=2&cursor={cursor}");
        // It is of this tenant's list.
        world.as_other().get(&path).await.refused_field(400, "invalid_request", "cursor");
    }
    assert_eq!(listed, made);
    operator.get(&format!("{HOOKS}?limit=0")).await.refused_field(400, "invalid_request", "limit");
}

#[tokio::test]
async fn an_address_begins_where_the_installation_is_reached() {
    let named = TestWorld::with(&[("PublicBaseUrl", "https://voice.example.com/")]).await;
    let url = create(&named.as_local()).await.text("/url");
    assert!(url.starts_with("https://voice.example.com/webhooks/omnidimension/hook_"), "{url}");
    // Where nothing is configured, by the name that the gateway was asked by, which it tells; never by a header.
    let unnamed = TestWorld::with(&[("PublicBaseUrl", "")]).await;
    let caller = unnamed.as_local().with("x-forwarded-host", "evil.example");
    let url = create(&caller).await.text("/url");
    let name = unnamed.base().strip_prefix("http://").unwrap();
    assert!(url.starts_with(&format!("https://{name}/webhooks/omnidimension/hook_")), "{url}");
}

#[tokio::test]
async fn without_a_key_to_make_addresses_with_none_comes_to_be() {
    let world = TestWorld::with(&[("WebhookUrlsSecretName", "switchboard/none")]).await;
    let before = rows_of(&world, "HOOK#").await;
    let refused = world.as_local().post(HOOKS, &json!({"provider": "hamsa"})).await;
    refused.refused(503, "unavailable");
    assert_eq!(rows_of(&world, "HOOK#").await, before);
}

//! Lists go through the providers one after the other.

use super::{AGENTS, all, create, go_wrong, names};
use crate::harness::TestWorld;
use crate::talk::ALWAYS;
use switchboard_dev::sim::faults::Effect;
use switchboard_dev::sim::provider::Provider;

#[tokio::test]
async fn the_agents_of_all_providers_come_page_by_page_and_each_ones_by_itself() {
    let world = TestWorld::start().await;
    let caller = world.as_local();
    let mut everybody = all(&caller, AGENTS, "agents", "name").await;
    // In which order a provider lists its own is its matter.
    everybody.sort();
    let expected = [("hamsa", "Collections"), ("hamsa", "Support"), ("omnidimension", "Front desk")];
    assert_eq!(everybody, expected.map(|(provider, name)| (provider.to_owned(), name.to_owned())));
    assert_eq!(names(&caller.get("/api/agents?provider=omnidimension").await), ["Front desk"]);
    assert_eq!(names(&caller.get("/api/agents?provider=twilio").await), Vec::<&str>::new());
}

#[tokio::test]
async fn a_long_list_has_pages_of_the_provider() {
    let world = TestWorld::start().await;
    let caller = world.as_local();
    for number in 0..101 {
        create(&caller, &format!("Agent {number}")).await;
    }
    let list = format!("{AGENTS}?provider=omnidimension");
    let first = caller.get(&list).await;
    assert_eq!(names(&first).len(), 100);
    let cursor = first.text("/nextCursor");
    assert_eq!(all(&caller, &list, "agents", "name").await.len(), 102);
    // A cursor is of one list and one tenant.
    for (caller, path) in [
        (world.as_other(), format!("{list}&cursor={cursor}")),
        (world.as_local(), format!("{AGENTS}?cursor={cursor}")),
        (world.as_local(), format!("/api/numbers?provider=omnidimension&cursor={cursor}")),
        (world.as_local(), format!("{list}&cursor=AAAA")),
    ] {
        caller.get(&path).await.refused_field(400, "invalid_request", "cursor");
    }
}

#[tokio::test]
async fn a_provider_that_nobody_configured_is_passed_over_unless_it_is_asked_for() {
    let world = TestWorld::with(&[("HamsaSecretName", "switchboard/none")]).await;
    let caller = world.as_local();
    assert_eq!(names(&caller.get(AGENTS).await), ["Front desk"]);
    caller.get("/api/agents?provider=hamsa").await.refused(503, "unavailable");
    let nobody = TestWorld::with(&[
        ("HamsaSecretName", "switchboard/none"),
        ("OmnidimensionSecretName", "switchboard/none"),
        ("TwilioSecretName", "switchboard/none"),
    ])
    .await;
    assert_eq!(all(&nobody.as_local(), "/api/numbers", "numbers", "number").await, []);
}

#[tokio::test]
async fn a_provider_that_fails_is_not_passed_over() {
    let world = TestWorld::start().await;
    go_wrong(&world, Provider::Hamsa, Effect::Status(500), ALWAYS).await;
    world.as_local().get(AGENTS).await.refused(502, "provider_unavailable");
    world.as_local().get("/api/agents?provider=omnidimension").await.expect(200);
}

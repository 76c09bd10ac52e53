//! What a provider's trouble does to an agent that is being made: never two of them, never one that nobody hears.

use switchboard_dev::sim::faults::Effect;
use switchboard_dev::sim::provider::Provider;
use switchboard_store::HookStanding;

use super::{AGENTS, asked, draft, go_wrong, hook_of, made};
use crate::harness::TestWorld;
use crate::rows::rows_of;

#[tokio::test]
async fn the_address_of_an_agent_that_may_exist_stays_and_that_of_one_that_cannot_goes() {
    for (effect, status, code, standing) in [
        (Effect::Status(422), 422, "provider_rejected", HookStanding::Revoked),
        (Effect::Status(500), 504, "provider_timeout", HookStanding::Live),
        (Effect::ResetAfterSend, 504, "provider_timeout", HookStanding::Live),
        (Effect::Garbage, 504, "provider_timeout", HookStanding::Live),
    ] {
        let world = TestWorld::start().await;
        go_wrong(&world, Provider::Omnidimension, effect, 1).await;
        world.as_local().post(AGENTS, &draft("Messages")).await.refused(status, code);
        let request = asked(&world).into_iter().find(|request| request.path.ends_with("/agents/create")).unwrap();
        assert_eq!(hook_of(&world, &request).await.1.standing(world.now()), standing, "{effect:?}");
        assert_eq!(rows_of(&world, "AGENT#").await.len(), 0);
    }
}

#[tokio::test]
async fn a_repetition_after_a_lost_answer_makes_no_second_agent() {
    let world = TestWorld::start().await;
    let keyed = world.as_local().with("idempotency-key", "k");
    go_wrong(&world, Provider::Omnidimension, Effect::ResetAfterSend, 1).await;
    let first = keyed.post(AGENTS, &draft("Messages")).await;
    first.refused(504, "provider_timeout");
    let again = keyed.post(AGENTS, &draft("Messages")).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (504, Some("true")));
    assert_eq!(made(&world), 1);
    // It was made, and is nobody's but the owner's.
    let listed = world.as_local().get("/api/agents?provider=omnidimension").await;
    assert_eq!(super::names(&listed), ["Front desk", "Messages"]);
}

#[tokio::test]
async fn a_repetition_gets_the_first_answer() {
    let world = TestWorld::start().await;
    let keyed = world.as_local().with("idempotency-key", "k");
    let first = keyed.post(AGENTS, &draft("Messages")).await;
    first.expect(201);
    let again = keyed.post(AGENTS, &draft("Messages")).await;
    assert_eq!((again.status, &again.json), (201, &first.json));
    keyed.post(AGENTS, &draft("Others")).await.refused(422, "idempotency_mismatch");
    assert_eq!(made(&world), 1);
}

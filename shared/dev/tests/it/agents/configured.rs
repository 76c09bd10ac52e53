//! The agent of the configuration: made once, whatever happens meanwhile.

use std::time::Duration;

use serde_json::{Value, json};
use switchboard_dev::credentials::OMNIDIMENSION_API_KEY;
use switchboard_dev::sim::faults::Effect;
use switchboard_dev::sim::provider::Provider;

use super::{FIRST, INFO, all, asked, go_wrong, made, path_of};
use crate::harness::TestWorld;
use crate::rows::rows_of;

/// A world whose configuration describes an agent and names none.
async fn described(parameters: &[(&str, &str)]) -> TestWorld {
    TestWorld::with(&[&[("OmnidimensionAgentId", "")], parameters].concat()).await
}

/// The names of OmniDimension's agents.
async fn agents(world: &TestWorld) -> Vec<String> {
    let listed = all(&world.as_local(), "/api/agents?provider=omnidimension", "agents", "name").await;
    listed.into_iter().map(|(_, name)| name).collect()
}

#[tokio::test]
async fn it_is_made_when_it_is_first_asked_for_as_the_configuration_describes_it() {
    let world = described(&[("AgentName", "Reception"), ("AgentTemperature", "0.2"), ("AgentVoiceId", "v-1")]).await;
    let told = world.as_local().get(INFO).await;
    told.expect(200);
    assert_eq!(told.text("/name"), "Reception");
    assert_eq!(told.json["agent_id"].to_string(), told.text("/agentId"), "a number, as in R1");
    assert_eq!(told.json["maxCallSecs"], 600);
    assert!(!told.json.to_string().contains("secret"), "{}", told.json);
    let request = asked(&world).into_iter().find(|request| request.path.ends_with("/agents/create")).unwrap();
    assert_eq!(request.body["name"], "Reception");
    assert_eq!(request.body.pointer("/model/temperature"), Some(&json!(0.2)));
    assert_eq!(request.body.pointer("/voice/voice_id"), Some(&json!("v-1")));

    let again = world.as_local().get(INFO).await;
    assert_eq!((again.status, &again.json), (200, &told.json));
    assert_eq!(made(&world), 1);
    assert_eq!(agents(&world).await, ["Front desk", "Reception"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_who_ask_at_once_make_one() {
    let world = described(&[]).await;
    let caller = world.as_local();
    let asking = (0..16).map(|_| caller.get(INFO));
    for answer in futures_util::future::join_all(asking).await {
        if answer.status != 200 {
            answer.refused(409, "in_progress");
            assert!(answer.header("retry-after").is_some());
        }
    }
    assert_eq!(made(&world), 1);
    caller.get(INFO).await.expect(200);
    assert_eq!(agents(&world).await, ["Front desk", "1930"]);
}

#[tokio::test]
async fn an_agent_whose_making_was_cut_off_is_found_by_its_name() {
    let world = described(&[]).await;
    // The list is read first, and answers.
    let faults = world.world.simulators().faults();
    go_wrong(&world, Provider::Omnidimension, Effect::Slow(Duration::ZERO), 1).await;
    go_wrong(&world, Provider::Omnidimension, Effect::ResetAfterSend, 1).await;
    world.as_local().get(INFO).await.refused(504, "provider_timeout");
    faults.clear();
    assert_eq!(made(&world), 1);
    // Nobody knows whether there is one now; so nobody makes another before it would be in the list.
    world.as_local().get(INFO).await.refused(409, "in_progress");
    world.advance(Duration::from_secs(61)).await;
    let told = world.as_local().get(INFO).await;
    told.expect(200);
    assert_eq!(told.text("/name"), "1930");
    assert_eq!(made(&world), 1, "it was found");
    assert_eq!(agents(&world).await, ["Front desk", "1930"]);
}

#[tokio::test]
async fn a_failure_that_certainly_made_nothing_is_forgotten_at_once() {
    let world = described(&[]).await;
    // Once for the list, in each of its attempts; once for the making.
    for (effects, status) in [
        (vec![(Effect::Status(401), 2)], 502),
        (vec![(Effect::Slow(Duration::ZERO), 1), (Effect::Status(422), 1)], 422),
    ] {
        for (effect, times) in effects {
            go_wrong(&world, Provider::Omnidimension, effect, times).await;
        }
        assert_eq!(world.as_local().get(INFO).await.status, status);
        world.world.simulators().faults().clear();
        assert_eq!(rows_of(&world, "AGENT#").await, Vec::<Value>::new());
    }
    world.as_local().get(INFO).await.expect(200);
    assert_eq!(agents(&world).await, ["Front desk", "1930"]);
}

#[tokio::test]
async fn one_that_was_removed_is_made_anew() {
    let world = described(&[]).await;
    let first = world.as_local().get(INFO).await.text("/agentId");
    // By us, and in the provider's own dashboard.
    world.as_local().delete(&path_of(&first)).await.expect(200);
    let second = world.as_local().get(INFO).await.text("/agentId");
    assert_ne!(second, first);
    let url = format!("{}/agents/{second}", world.world.endpoints().omnidimension);
    let removed = world.http().delete(url).bearer_auth(OMNIDIMENSION_API_KEY).send().await.unwrap();
    assert_eq!(removed.status(), 200);
    let third = world.as_local().get(INFO).await;
    third.expect(200);
    assert_ne!(third.text("/agentId"), second);
    assert_eq!(agents(&world).await, ["Front desk", "1930"]);
}

#[tokio::test]
async fn one_that_is_named_is_used_and_never_made() {
    let world = TestWorld::with(&[("OmnidimensionAgentId", FIRST)]).await;
    let told = world.as_local().get(INFO).await;
    told.expect(200);
    assert_eq!((told.text("/name").as_str(), &told.json["agent_id"]), ("Front desk", &json!(1930)));
    let missing = TestWorld::with(&[("OmnidimensionAgentId", "77")]).await;
    missing.as_local().get(INFO).await.refused(404, "not_found");
    assert_eq!((made(&world), made(&missing)), (0, 0));
}

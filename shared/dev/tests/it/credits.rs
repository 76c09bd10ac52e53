//! What is left on the accounts, what the providers can do, and whether they are there.

use std::time::Duration;

use serde_json::{Value, json};
use switchboard_core::{Money, ProviderId, Timestamp};
use switchboard_dev::sim::faults::{Effect, Fault};
use switchboard_dev::sim::provider::{Operation, Provider};
use switchboard_store::KnownBalance;

use crate::harness::{Answer, TestWorld};
use crate::talk::ALWAYS;

const CREDITS: &str = "/api/credits";
const PROVIDERS: &str = "/api/providers";

/// Makes requests to a provider go wrong from now on.
async fn go_wrong(world: &TestWorld, provider: Provider, operation: Option<Operation>, effect: Effect) {
    let faults = world.world.simulators().faults();
    faults.arm(Fault { provider, operation, effect, times: ALWAYS });
    assert!(faults.settled().await);
}

/// Keeps a balance as the schedule does.
async fn keep(world: &TestWorld, provider: ProviderId, amount: &str, at: Timestamp) {
    let money: Money = serde_json::from_value(json!({"amount": amount, "currency": "USD"})).unwrap();
    let balance = KnownBalance { provider, money, estimated_minutes: None, can_place_calls: Some(true), at };
    world.world.store().balance_record(&balance).await.unwrap();
}

/// The entry of a provider.
fn of<'a>(answer: &'a Answer, list: &str, provider: &str) -> &'a Value {
    let listed = answer.json[list].as_array().unwrap();
    listed.iter().find(|entry| entry["provider"] == provider).unwrap_or(&Value::Null)
}

#[tokio::test]
async fn every_account_with_a_balance_is_asked_for_it_now() {
    let world = TestWorld::start().await;
    let answer = world.as_local().get(CREDITS).await;
    answer.expect(200);
    let now = world.now().to_string();
    assert_eq!(
        of(&answer, "credits", "omnidimension"),
        &json!({"provider": "omnidimension", "amount": "42.50", "currency": "USD", "estimatedMinutes": 531, "canPlaceCalls": true, "asOf": now})
    );
    assert_eq!(
        of(&answer, "credits", "twilio"),
        &json!({"provider": "twilio", "amount": "12.34", "currency": "USD", "canPlaceCalls": true, "asOf": now})
    );
    assert_eq!(answer.json["credits"].as_array().unwrap().len(), 2, "the others have none: {}", answer.json);
    assert_eq!(answer.json.get("history"), None);
}

#[tokio::test]
async fn an_account_that_does_not_answer_is_given_as_it_was_last_seen_and_never_as_empty() {
    let world = TestWorld::start().await;
    let hour_ago = world.now().minus(Duration::from_secs(3_600));
    keep(&world, ProviderId::Omnidimension, "40.00", hour_ago.minus(Duration::from_secs(3_600))).await;
    keep(&world, ProviderId::Omnidimension, "39.5", hour_ago).await;
    for provider in [Provider::Omnidimension, Provider::Twilio] {
        go_wrong(&world, provider, Some(Operation::Balance), Effect::Status(500)).await;
    }
    let answer = world.as_local().get(CREDITS).await;
    answer.expect(200);
    assert_eq!(
        of(&answer, "credits", "omnidimension"),
        &json!({"provider": "omnidimension", "amount": "39.50", "currency": "USD", "canPlaceCalls": true, "asOf": hour_ago})
    );
    assert_eq!(
        of(&answer, "credits", "twilio"),
        &json!({"provider": "twilio", "amount": null, "currency": null, "canPlaceCalls": null, "asOf": null})
    );
}

#[tokio::test]
async fn the_history_is_every_balance_of_so_many_days() {
    let world = TestWorld::start().await;
    let day = Duration::from_secs(24 * 60 * 60);
    for (days, amount) in [(0, "3.00"), (1, "2.00"), (2, "1.00")] {
        keep(&world, ProviderId::Twilio, amount, world.now().minus(day * days)).await;
    }
    let amounts = async |query: &str| {
        let answer = world.as_local().get(&format!("{CREDITS}{query}")).await;
        answer.expect(200);
        let history = answer.json["history"].as_array().unwrap().clone();
        history.iter().map(|entry| entry["amount"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(amounts("?history=1").await, ["2.00", "3.00"]);
    assert_eq!(amounts("?history=31").await, ["1.00", "2.00", "3.00"]);
    for wrong in ["0", "32", "true", "-1", ""] {
        let refused = world.as_local().get(&format!("{CREDITS}?history={wrong}")).await;
        refused.refused_field(400, "invalid_request", "history");
    }
}

#[tokio::test]
async fn accounts_and_providers_are_their_owners_matter() {
    let world = TestWorld::start().await;
    for path in [CREDITS, PROVIDERS, "/api/credits?history=1"] {
        world.as_other().get(path).await.refused(404, "not_found");
        world.as_nobody().get(path).await.refused(401, "unauthenticated");
    }
}

#[tokio::test]
async fn what_a_provider_can_do_is_asked_of_the_code_and_whether_we_may_of_the_secrets() {
    let world =
        TestWorld::with(&[("HamsaSecretName", "switchboard/none"), ("TwilioSecretName", "switchboard/omi")]).await;
    let answer = world.as_local().get(PROVIDERS).await;
    answer.expect(200);
    let names: Vec<&str> =
        answer.json["providers"].as_array().unwrap().iter().map(|one| one["provider"].as_str().unwrap()).collect();
    assert_eq!(names, ["omi", "omnidimension", "hamsa", "twilio", "openai"]);
    assert_eq!(
        of(&answer, "providers", "omi"),
        &json!({"provider": "omi", "configured": true, "capabilities": ["sessions", "turns", "account"]})
    );
    assert_eq!(
        of(&answer, "providers", "omnidimension"),
        &json!({"provider": "omnidimension", "configured": true, "canEndCalls": false, "canWriteAgents": true,
            "capabilities": ["calls", "web_calls", "records", "agents", "account"]})
    );
    let (hamsa, twilio) = (of(&answer, "providers", "hamsa"), of(&answer, "providers", "twilio"));
    assert_eq!(
        (&hamsa["configured"], &hamsa["canEndCalls"], &hamsa["canWriteAgents"]),
        (&json!(false), &json!(true), &json!(false))
    );
    assert_eq!(twilio["configured"], false, "there is a secret of this name, without what Twilio needs");
    let asked = world.world.simulators().recorder().requests(None, 0);
    assert!(asked.is_empty(), "no provider was asked: {asked:?}");
}

#[tokio::test]
async fn health_names_every_provider_and_is_degraded_if_one_is_away() {
    let world = TestWorld::start().await;
    let well = world.as_nobody().get("/api/health").await;
    well.expect(200);
    let services = json!({"omi": "connected", "omnidimension": "connected", "hamsa": "connected",
        "twilio": "connected", "openai": "connected"});
    assert_eq!((&well.json["status"], &well.json["services"]), (&json!("healthy"), &services));
    // As R1's service was asked.
    let old = world.as_nobody().get("/health").await;
    assert_eq!((old.status, &old.json), (200, &well.json));

    go_wrong(&world, Provider::Hamsa, None, Effect::Status(500)).await;
    assert_eq!(world.as_nobody().get("/api/health").await.json["status"], "healthy", "a look is good for five seconds");
    world.advance(Duration::from_secs(5)).await;
    let ill = world.as_nobody().get("/api/health").await;
    assert_eq!((&ill.json["status"], &ill.json["services"]["hamsa"]), (&json!("degraded"), &json!("disconnected")));
    assert_eq!(ill.json["services"]["twilio"], "connected");
}

#[tokio::test]
async fn a_provider_that_nobody_configured_degrades_nothing() {
    let world = TestWorld::with(&[("HamsaSecretName", "switchboard/none")]).await;
    for path in ["/api/health", "/api/health?deep=1"] {
        let well = world.as_local().get(path).await;
        assert_eq!(
            (&well.json["status"], &well.json["services"]["hamsa"]),
            (&json!("healthy"), &json!("not_configured"))
        );
    }
}

#[tokio::test]
async fn a_deep_look_asks_every_provider_for_its_word_on_our_credentials() {
    let world = TestWorld::start().await;
    let deep = world.as_local().get("/api/health?deep=1").await;
    deep.expect(200);
    let checks: Vec<(&str, bool)> = deep.json["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|check| (check["check"].as_str().unwrap(), check["ok"].as_bool().unwrap()))
        .collect();
    let expected = [
        "table",
        "signing_secret",
        "omi_credentials",
        "omnidimension_credentials",
        "hamsa_credentials",
        "twilio_credentials",
        "openai_credentials",
    ];
    assert_eq!(checks, expected.map(|name| (name, true)));
    go_wrong(&world, Provider::Twilio, None, Effect::Status(401)).await;
    let refused = world.as_local().get("/api/health?deep=1").await;
    assert_eq!(refused.json["status"], "degraded");
    let failed = refused.json["checks"].as_array().unwrap().iter().filter(|check| check["ok"] == false);
    assert_eq!(failed.map(|check| &check["check"]).collect::<Vec<_>>(), [&json!("twilio_credentials")]);
}

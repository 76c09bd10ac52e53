//! The context that a session carries.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use switchboard_dev::sim::faults::Effect;
use switchboard_dev::sim::provider::Operation;

use crate::harness::TestWorld;
use crate::talk::{ALWAYS, SESSIONS, asked_of_omi, go_wrong, mend, open, path_of, read, say};

/// The largest context, in bytes of its compact JSON.
const MOST: usize = 32 * 1024;

#[tokio::test]
async fn a_change_is_merged_one_level_deep_and_null_removes() {
    let world = TestWorld::start().await;
    let caller = world.as_local();
    let before = json!({"keep": 1, "deep": {"a": 1, "b": 2}, "gone": "x"});
    let opened = caller.post(SESSIONS, &json!({"userId": "u", "context": before})).await;
    let session = opened.text("/sessionId");
    let patch = json!({"deep": {"c": 3}, "gone": null, "never": null, "new": [1]});
    let changed = caller.patch(&path_of(&session), &json!({ "context": patch })).await;
    changed.expect(200);
    let expected = json!({"keep": 1, "deep": {"c": 3}, "new": [1]});
    assert_eq!(changed.json["context"], expected);
    // Writing must not be a way to a token that reads: whoever opened the session has one.
    let mut expected_members = opened.members("");
    expected_members.retain(|member| *member != "token");
    assert_eq!(changed.members(""), expected_members, "the session, as when it was opened, without its token");
    assert_eq!(read(&caller, &session).await.json["context"], expected);
    let told = asked_of_omi(&world).pop().unwrap();
    assert_eq!((told.method.as_str(), &told.body), ("PATCH", &json!({ "context": patch })));

    say(&caller, &session, "Hello").await.expect(200);
    assert_eq!(asked_of_omi(&world).pop().unwrap().body["context"], expected, "the next turn is taken with it");
}

#[tokio::test]
async fn a_context_has_at_most_32_kb_when_it_is_opened_and_after_every_change() {
    let world = TestWorld::start().await;
    let caller = world.as_local();
    // {"k":"…"} has eight bytes around its text.
    let sized = |bytes: usize| json!({"k": "x".repeat(bytes - 8)});
    let over = caller.post(SESSIONS, &json!({"userId": "u", "context": sized(MOST + 1)})).await;
    over.refused_field(400, "invalid_request", "context");
    let opened = caller.post(SESSIONS, &json!({"userId": "u", "context": sized(MOST)})).await;
    opened.expect(201);
    let session = opened.text("/sessionId");
    let asked = asked_of_omi(&world).len();
    let over = caller.patch(&path_of(&session), &json!({"context": {"l": 1}})).await;
    over.refused_field(400, "invalid_request", "context");
    assert_eq!(asked_of_omi(&world).len(), asked, "OMI is not told what is refused");
    assert_eq!(read(&caller, &session).await.json["context"], sized(MOST));
    caller.patch(&path_of(&session), &json!({"context": {"k": null, "l": 1}})).await.expect(200);
}

#[tokio::test]
async fn a_change_that_omi_does_not_take_is_not_made_here_either() {
    let world = TestWorld::start().await;
    let caller = world.as_local();
    let session = open(&caller).await;
    for (effect, status, code) in [
        (Effect::Refuse, 502, "provider_unavailable"),
        (Effect::Status(500), 502, "provider_unavailable"),
        (Effect::Status(422), 422, "provider_rejected"),
    ] {
        go_wrong(&world, Operation::Session, effect, ALWAYS).await;
        caller.patch(&path_of(&session), &json!({"context": {"a": 1}})).await.refused(status, code);
        mend(&world).await;
        assert_eq!(read(&caller, &session).await.json["context"], json!({}), "{effect:?}");
    }
    caller.patch(&path_of(&session), &json!({"context": {"a": 1}})).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn turns_and_changes_at_the_same_moment_merge_and_lose_nothing() {
    let world = TestWorld::start().await;
    let caller = world.as_local();
    let session = open(&caller).await;
    let sentences = [
        "My name is Amal",
        "My account number is 778899",
        "My reference is 445566",
        "My internet is slow",
        "I want to upgrade my plan",
        "There is something wrong with my bill",
        "Hello",
        "Thank you",
    ];
    let turns = sentences.map(|text| say(&caller, &session, text));
    let path = path_of(&session);
    let changes = ["one", "two", "three"].map(|key| json!({"context": {key: key}}));
    let changes = changes.iter().map(|change| caller.patch(&path, change));
    let (turns, changes) = futures_util::future::join(join_all(turns), join_all(changes)).await;
    for answer in turns.iter().chain(&changes) {
        answer.expect(200);
    }
    let whole = caller.get(&format!("{path}?limit=100")).await;
    let context = &whole.json["context"];
    for (key, value) in [
        ("customerName", "Amal"),
        ("accountNumber", "778899"),
        ("referenceNumber", "445566"),
        ("one", "one"),
        ("two", "two"),
        ("three", "three"),
    ] {
        assert_eq!(context[key], json!(value), "{context}");
    }
    let mut exchanges: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for utterance in whole.json["turns"].as_array().unwrap() {
        exchanges.entry(utterance["turnId"].as_str().unwrap().to_owned()).or_default().push(utterance.clone());
    }
    let mut said: Vec<&str> = exchanges.values().map(|exchange| exchange[0]["text"].as_str().unwrap()).collect();
    let mut expected = sentences.to_vec();
    said.sort_unstable();
    expected.sort_unstable();
    assert_eq!(said, expected);
    for (answer, text) in turns.iter().zip(sentences) {
        let exchange = &exchanges[&answer.text("/turnId")];
        assert_eq!(exchange.len(), 2);
        assert_eq!(exchange[0]["text"], json!(text));
        assert_eq!(exchange[1]["text"], answer.json["response"]["text"], "each reply belongs to its own turn");
    }
}

#[tokio::test]
async fn a_change_is_no_turn_and_moves_no_timeout() {
    let world = TestWorld::start().await;
    let caller = world.as_local();
    let session = open(&caller).await;
    let expires_at = read(&caller, &session).await.text("/expiresAt");
    world.advance(Duration::from_secs(20 * 60)).await;
    let changed = caller.patch(&path_of(&session), &json!({"context": {"a": 1}})).await;
    assert_eq!(changed.text("/expiresAt"), expires_at);
    assert_eq!(read(&caller, &session).await.json["turns"], json!([]));
}

//! Servers for peer connections: TURN takes the credentials for as long as they hold. And nothing that opens something is kept.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use switchboard_core::Timestamp;
use switchboard_dev::credentials::secrets;

use super::*;
use crate::rows::rows;

/// Whether a TURN server that shares the secret lets somebody in (coturn's `use-auth-secret`).
fn admits(secret: &str, now: Timestamp, server: &Value) -> bool {
    let (name, password) = (server["username"].as_str().unwrap(), server["credential"].as_str().unwrap());
    let ends: i64 = name.split(':').next().unwrap().parse().unwrap();
    let mut mac = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(name.as_bytes());
    now.epoch_secs() < ends && mac.verify_slice(&STANDARD.decode(password).unwrap()).is_ok()
}

fn shared_secret() -> String {
    let (_, turn) = secrets().into_iter().find(|(name, _)| *name == "switchboard/turn").unwrap();
    turn["TURN_SECRET"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn credentials_for_turn_hold_for_as_long_as_a_call_may_and_no_longer() {
    let world = TestWorld::start().await;
    let secret = shared_secret();
    let opened = world.as_local().post(OPEN, &wish("ada")).await;
    opened.expect(201);
    let token = world.as_local().post(TOKEN, &json!({"userId": "ada"})).await;
    for answer in [&opened, &token] {
        let servers = answer.json["iceServers"].as_array().unwrap();
        let (stun, turn) = (&servers[0], &servers[1]);
        assert_eq!((&stun["urls"], &stun["credential"]), (&json!("stun:127.0.0.1:3478"), &Value::Null));
        assert_eq!(turn["urls"], "turn:127.0.0.1:3478");
        let after = |secs| world.now().plus(Duration::from_secs(secs));
        assert!(admits(&secret, world.now(), turn) && admits(&secret, after(60 * 60), turn));
        assert!(!admits(&secret, after(75 * 60), turn), "it ends");
        assert!(!admits("another secret", world.now(), turn));
        assert!(!turn["username"].as_str().unwrap().contains("ada"), "nobody is named: {turn}");
    }
    // Another time, other credentials; an answer that is given again has fresh ones.
    let keyed = world.as_local().with("idempotency-key", "k");
    let first = keyed.post(OPEN, &wish("bob")).await;
    pass(&world, 70 * 60).await;
    let again = keyed.post(OPEN, &wish("bob")).await;
    assert_ne!(first.json["iceServers"][1], again.json["iceServers"][1]);
    assert!(admits(&secret, world.now().plus(Duration::from_secs(60 * 60)), &again.json["iceServers"][1]));
    assert!(!admits(&secret, world.now().plus(Duration::from_secs(60 * 60)), &first.json["iceServers"][1]));
}

#[tokio::test]
async fn servers_are_as_configured_and_one_with_credentials_of_its_own_keeps_them() {
    let own = r#"[{"urls":["turn:t.example.com:3478","turns:t.example.com"],"username":"u","credential":"c"}]"#;
    // Where nothing asks for it, the shared secret need not be there.
    for servers in [own, "[]", r#"[{"urls":"stun:s.example.com"}]"#] {
        let world = TestWorld::with(&[("IceServers", servers), ("TurnSecretName", "switchboard/none")]).await;
        let opened = world.as_local().post(OPEN, &wish("ada")).await;
        opened.expect(201);
        assert_eq!(opened.json["iceServers"], serde_json::from_str::<Value>(servers).unwrap());
    }
    // A secret that cannot be had is our trouble, told before anybody is asked for a call that no page would hear of.
    for parameter in ["TurnSecretName", "SigningSecretName"] {
        let world = TestWorld::with(&[(parameter, "switchboard/none")]).await;
        world.as_local().post(OPEN, &wish("ada")).await.refused(503, "unavailable");
        assert_eq!((meter(&world).dials, slots_held(&world, "").await), (0, 0), "{parameter}");
    }
}

#[tokio::test]
async fn nothing_that_opens_something_is_kept_with_a_key() {
    let world = TestWorld::start().await;
    let keyed = world.as_local().with("idempotency-key", "k");
    let mut secrets = Vec::new();
    let opened = keyed.post(OPEN, &wish("ada")).await;
    let held = Held::told(&opened);
    secrets.extend([held.secret.clone(), opened.text("/iceServers/1/credential")]);
    let renewed = keyed.post(&renewal(&held.rts), &json!({"leaseSecret": held.secret})).await;
    secrets.push(renewed.text("/leaseSecret"));
    secrets.push(keyed.post(TOKEN, &json!({"userId": "ada"})).await.text("/client_secret/value"));
    secrets.push(keyed.post("/api/chatkit/session", &json!({"user": "ada"})).await.text("/client_secret"));
    secrets.push(shared_secret());
    let rows = rows(&world).await;
    assert!(rows.keys().filter(|key| key.starts_with("IDEMPOTENCY#")).count() >= 2, "the answers are kept");
    for secret in &secrets {
        assert!(secret.len() > 8, "{secret}");
        let found = rows.iter().find(|(key, row)| key.contains(secret) || row.to_string().contains(secret));
        assert!(found.is_none(), "a secret is kept in {:?}", found.map(|(key, _)| key));
    }
    // The name of the person is kept where the call is, and in no key.
    assert!(rows.keys().all(|key| !key.contains("ada")));
}

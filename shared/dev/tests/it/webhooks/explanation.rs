//! Why a delivery was rejected: for the operator alone.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;
use switchboard_core::Scope;
use switchboard_dev::credentials::OMI_WEBHOOK_SECRET;

use super::{Delivery, WEBHOOK, not_believed};
use crate::harness::{Answer, TestWorld};

const EXPLAIN: &str = "/api/webhooks/explain";
const STRANGER: &str = "whsec_c29tZWJvZHktZWxzZS1zLXdlYmhvb2stc2VjcmV0LTE=";
const BODY: &str = r#"{"event":"session.ended","data":{"n":1}}"#;

async fn explain(world: &TestWorld, rejected: &Answer) -> Answer {
    not_believed(rejected);
    let id = rejected.header("x-request-id").unwrap();
    let explained = world.as_local().post(EXPLAIN, &json!({"requestId": id})).await;
    explained.expect(200);
    assert_eq!(explained.members(""), ["at", "cause", "evidence", "explanation", "requestId", "sender"]);
    assert_eq!((explained.text("/requestId").as_str(), explained.text("/sender").as_str()), (id, "omi"));
    assert_eq!(explained.text("/at"), world.now().to_string());
    assert!(!explained.text("/explanation").is_empty());
    explained
}

/// The signature of a sender that took the secret's text for the key.
fn signed_with_the_text(good: &Delivery) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(OMI_WEBHOOK_SECRET.as_bytes()).unwrap();
    mac.update(format!("{}.{}.{BODY}", good.id, good.timestamp).as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[tokio::test]
async fn each_rejection_is_explained_by_its_true_cause_and_never_by_a_secret() {
    let world = TestWorld::start().await;
    world.advance(Duration::from_secs(3_600)).await;
    let secs = Duration::from_secs;
    let signed = |at, body: &str| Delivery::signed(OMI_WEBHOOK_SECRET, "msg_1", at, body);
    let good = signed(world.now(), BODY);
    let indented = serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(BODY).unwrap()).unwrap();
    let with_body = |delivery: Delivery| Delivery { body: BODY.into(), ..delivery };
    let changed = BODY.replace('1', "2").into_bytes();
    for (delivery, cause, evidence) in [
        (
            Delivery { timestamp: "soon".into(), ..good.clone() },
            "malformed_header",
            json!({"header": "webhook-timestamp"}),
        ),
        (
            Delivery { signature: "v2,AA".into(), ..good.clone() },
            "malformed_header",
            json!({"header": "webhook-signature"}),
        ),
        (signed(world.now().minus(secs(301)), BODY), "timestamp_too_old", json!({"secondsBehind": "301"})),
        (signed(world.now().plus(secs(400)), BODY), "timestamp_too_new", json!({"secondsAhead": "400"})),
        (
            Delivery { signature: signed_with_the_text(&good), ..good.clone() },
            "secret_not_decoded",
            json!({"secret": "AWSCURRENT"}),
        ),
        (with_body(signed(world.now(), &indented)), "reserialised_body", json!({"signedLayout": "indented"})),
        (
            with_body(signed(world.now(), &format!("{BODY}\n"))),
            "reserialised_body",
            json!({"signedLayout": "withFinalNewline"}),
        ),
        (
            Delivery { body: changed, ..good.clone() },
            "signature_mismatch",
            json!({"bodyBytes": BODY.len().to_string(), "signatures": "1"}),
        ),
        (
            Delivery::signed(STRANGER, "msg_1", world.now(), BODY),
            "signature_mismatch",
            json!({"bodyBytes": BODY.len().to_string(), "signatures": "1"}),
        ),
    ] {
        let explained = explain(&world, &delivery.send(&world).await).await;
        assert_eq!(explained.text("/cause"), cause, "{delivery:?}");
        assert_eq!(explained.json["evidence"], evidence, "{cause}");
        let text = String::from_utf8(explained.body.clone()).unwrap();
        let bare = OMI_WEBHOOK_SECRET.trim_start_matches("whsec_");
        for secret in [bare, good.signature.trim_start_matches("v1,"), "session.ended"] {
            assert!(!text.contains(secret), "{cause}: {text}");
        }
    }
    let unsigned = world.as_nobody().send_json(reqwest::Method::POST, WEBHOOK, Some(BODY.into())).await;
    let explained = explain(&world, &unsigned).await;
    assert_eq!(explained.text("/cause"), "missing_header");
    assert_eq!(explained.json["evidence"], json!({"header": "webhook-id"}));
}

#[tokio::test]
async fn a_secret_that_was_rotated_out_is_named_as_such() {
    let world = TestWorld::start().await;
    let boot = world.boot("webhook");
    let value = json!({"OMI_WEBHOOK_SECRET": STRANGER}).to_string();
    let put = boot.secrets_manager(&world.aws(&boot)).put_secret_value().secret_id("switchboard/omi-webhook");
    put.secret_string(value).send().await.unwrap();
    world.advance(Duration::from_secs(24 * 60 * 60)).await;
    let rejected = Delivery::signed(OMI_WEBHOOK_SECRET, "msg_1", world.now(), BODY).send(&world).await;
    let explained = explain(&world, &rejected).await;
    assert_eq!(explained.text("/cause"), "retired_secret");
    assert_eq!(explained.json["evidence"], json!({"secret": "AWSPREVIOUS"}));
}

#[tokio::test]
async fn only_the_owners_operator_is_told_and_only_for_a_week() {
    let world = TestWorld::start().await;
    let rejected = Delivery::signed(STRANGER, "msg_1", world.now(), BODY).send(&world).await;
    let asked = json!({"requestId": rejected.header("x-request-id").unwrap()});
    world.as_other().post(EXPLAIN, &asked).await.refused(404, "not_found");
    world.as_nobody().post(EXPLAIN, &asked).await.refused(401, "unauthenticated");
    let others = Scope::ALL.into_iter().filter(|scope| *scope != Scope::Operator);
    let unscoped = world.new_key("local", others).await;
    world.bearing(&unscoped).post(EXPLAIN, &asked).await.refused(403, "forbidden");
    let operator = world.new_key("local", [Scope::Operator]).await;
    world.bearing(&operator).post(EXPLAIN, &asked).await.expect(200);
    for unknown in ["x", "00000000-0000-0000-0000-000000000000"] {
        world.as_local().post(EXPLAIN, &json!({"requestId": unknown})).await.refused(404, "not_found");
    }
    // What was accepted has nothing to explain.
    let accepted = Delivery::signed(OMI_WEBHOOK_SECRET, "msg_2", world.now(), BODY).send(&world).await;
    let id = accepted.header("x-request-id").unwrap();
    world.as_local().post(EXPLAIN, &json!({"requestId": id})).await.refused(404, "not_found");
    world.advance(Duration::from_secs(7 * 24 * 60 * 60)).await;
    world.as_local().post(EXPLAIN, &asked).await.refused(404, "not_found");
}

//! What OpenAI sends, and each change to it with the cause that is named.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;
use switchboard_core::Timestamp;
use switchboard_dev::credentials::{OMI_WEBHOOK_SECRET, OPENAI_WEBHOOK_SECRET};

use super::Post;
use crate::invoke::{Sent, Shape, Travel};
use crate::rows::rows_of;

/// The signature of Standard Webhooks, made here and not by the product: HMAC-SHA256 over the id, the time and the body.
fn signature(secret: &str, id: &str, timestamp: &str, body: &[u8]) -> String {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body);
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

/// A good delivery, signed with this secret at this time; the number tells deliveries apart.
pub(super) fn delivery(secret: &str, query: &str, number: usize, at: Timestamp) -> Sent {
    let event = json!({"id": format!("evt_{number}"), "object": "event", "created_at": at.epoch_secs(),
        "type": "batch.completed", "data": {"id": "batch_1", "note": "Ümit ½"}});
    let (id, stamp, body) = (format!("wh_{number}"), at.epoch_secs().to_string(), event.to_string().into_bytes());
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("user-agent", "OpenAI/1.0 (+https://platform.openai.com/docs/webhooks)".to_owned()),
        ("webhook-signature", signature(secret, &id, &stamp, &body)),
        ("webhook-timestamp", stamp),
        ("webhook-id", id),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value)).to_vec();
    Sent { method: "POST", path: "/webhooks/openai".to_owned(), query: query.to_owned(), headers, body }
}

fn header(sent: &Sent, name: &str) -> String {
    sent.headers.iter().find(|(known, _)| known == name).unwrap().1.clone()
}

/// A change, its name, and the cause that is named.
type Change = (&'static str, fn(&mut Sent), &'static str);

const CHANGES: &[Change] = &[
    ("no id", |sent| sent.unset("webhook-id"), "missing_header"),
    ("no time", |sent| sent.unset("webhook-timestamp"), "missing_header"),
    ("no signature", |sent| sent.unset("webhook-signature"), "missing_header"),
    ("another id", |sent| sent.set("webhook-id", "wh_another"), "signature_mismatch"),
    ("a time that is none", |sent| sent.set("webhook-timestamp", "2026-11-20T12:00:00Z"), "malformed_header"),
    (
        "a signature without its version, which the SDK takes",
        |sent| sent.set("webhook-signature", header(sent, "webhook-signature").trim_start_matches("v1,")),
        "malformed_header",
    ),
    (
        "a version that is not spoken",
        |sent| sent.set("webhook-signature", &header(sent, "webhook-signature").replace("v1,", "v1a,")),
        "malformed_header",
    ),
    (
        "the secret of another sender",
        |sent| {
            let (id, at) = (header(sent, "webhook-id"), header(sent, "webhook-timestamp"));
            sent.set("webhook-signature", &signature(OMI_WEBHOOK_SECRET, &id, &at, &sent.body.clone()));
        },
        "signature_mismatch",
    ),
    ("a byte more", |sent| sent.body.push(b' '), "reserialised_body"),
    (
        "another call",
        |sent| sent.body = String::from_utf8(sent.body.clone()).unwrap().replace("batch_1", "batch_2").into_bytes(),
        "signature_mismatch",
    ),
    ("no body", |sent| sent.body.clear(), "signature_mismatch"),
];

#[tokio::test]
async fn each_change_to_a_delivery_of_openai_is_refused_for_its_own_cause() {
    let post = Post::open().await;
    let function_url = Travel { shape: Shape::FunctionUrl, ..Travel::PLAIN };
    let mut number = 0;
    for travel in [Travel::PLAIN, Travel { base64: true, ..function_url }] {
        for (name, change, cause) in CHANGES {
            number += 1;
            let good = delivery(OPENAI_WEBHOOK_SECRET, "", number, post.world.now());
            let mut changed = good.clone();
            change(&mut changed);
            let answer = post.deliver(&changed, travel).await;
            assert_eq!((answer.status, answer.body.len()), (401, 0), "{name}");
            assert_eq!(post.cause(&answer).await, *cause, "{name}");
            post.believed(&good, travel).await;
        }
    }
    assert_eq!(rows_of(&post.world, "DELIVERY#openai#").await.len(), number, "what was refused is not kept");
}

#[tokio::test]
async fn a_delivery_of_openai_holds_for_three_hundred_seconds_either_way_and_no_longer() {
    let post = Post::open().await;
    post.world.advance(Duration::from_secs(3_600)).await;
    for (number, (behind, ahead, refused)) in
        [(301, 0, Some("timestamp_too_old")), (300, 0, None), (0, 300, None), (0, 301, Some("timestamp_too_new"))]
            .into_iter()
            .enumerate()
    {
        let at = post.world.now().minus(Duration::from_secs(behind)).plus(Duration::from_secs(ahead));
        let sent = delivery(OPENAI_WEBHOOK_SECRET, "", number, at);
        match refused {
            Some(cause) => post.refused(&sent, Travel::PLAIN, cause).await,
            None => post.believed(&sent, Travel::PLAIN).await,
        }
    }
}

#[tokio::test]
async fn no_bit_of_a_delivery_of_openai_can_be_another() {
    let post = Post::open().await;
    let good = delivery(OPENAI_WEBHOOK_SECRET, "", 1, post.world.now());
    for at in (0..good.body.len()).step_by(3) {
        let mut changed = good.clone();
        changed.body[at] ^= 1 << (at * 5 % 8);
        let answer = post.deliver(&changed, Travel::PLAIN).await;
        assert_eq!((answer.status, answer.body.len()), (401, 0), "byte {at}");
    }
    post.believed(&good, Travel::PLAIN).await;
}

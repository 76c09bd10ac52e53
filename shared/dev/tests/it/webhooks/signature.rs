//! Which deliveries are believed.

use std::time::Duration;

use serde_json::json;
use switchboard_dev::credentials::OMI_WEBHOOK_SECRET;

use super::{Delivery, WEBHOOK, event, not_believed, received};
use crate::harness::TestWorld;
use crate::rows::rows_of;
use crate::talk::{open, read};

#[tokio::test]
async fn a_signed_delivery_is_accepted_once_and_then_known() {
    let world = TestWorld::start().await;
    for path in [WEBHOOK, "/webhooks/omi"] {
        let delivery =
            Delivery { path, ..Delivery::of(&world, &format!("msg_{}", path.len()), &json!({"event": "x"})) };
        received(&delivery.send(&world).await, false);
        received(&delivery.send(&world).await, true);
    }
    // What makes a repetition is the message's id, whatever the time, the path and the body of the second attempt.
    world.advance(Duration::from_secs(600)).await;
    let again = Delivery::of(&world, &format!("msg_{}", WEBHOOK.len()), &json!({"event": "y"}));
    received(&Delivery { path: "/webhooks/omi", ..again }.send(&world).await, true);
    let week = Duration::from_secs(7 * 24 * 60 * 60);
    world.advance(week).await;
    received(&Delivery::of(&world, &format!("msg_{}", WEBHOOK.len()), &json!({"event": "x"})).send(&world).await, true);
    assert_eq!(rows_of(&world, "DELIVERY#").await.len(), 2);
}

#[tokio::test]
async fn a_credential_in_the_authorization_header_neither_helps_nor_hinders() {
    let world = TestWorld::start().await;
    for (number, credential) in ["garbage", "sk_sb_local_0000000000000000", "sk_sb_x_y"].into_iter().enumerate() {
        let delivery = Delivery::of(&world, &format!("msg_{number}"), &json!({"event": "x"}));
        let caller = world
            .bearing(credential)
            .with("webhook-id", &delivery.id)
            .with("webhook-timestamp", &delivery.timestamp)
            .with("webhook-signature", &delivery.signature);
        received(&caller.post(WEBHOOK, &json!({"event": "x"})).await, false);
        not_believed(&world.bearing(credential).post(WEBHOOK, &json!({"event": "x"})).await);
    }
}

#[tokio::test]
async fn one_changed_bit_anywhere_makes_a_delivery_unbelievable() {
    let world = TestWorld::start().await;
    let session = open(&world.as_local()).await;
    let good = Delivery::of(&world, "msg_bits", &event("session.ended", &session));
    let before = rows_of(&world, "").await.len();
    let flipped = |bytes: &[u8], at: usize| {
        // Another bit at each place, so that all of them have their turn.
        let mut bytes = bytes.to_vec();
        bytes[at] ^= 1 << (at * 5 % 8);
        bytes
    };
    let mut tried = 0;
    for part in 0..4 {
        let whole =
            [good.id.as_bytes(), good.timestamp.as_bytes(), good.signature.as_bytes(), &good.body][part].to_vec();
        for at in 0..whole.len() {
            let mut bad = good.clone();
            let changed = flipped(&whole, at);
            if part == 3 {
                bad.body = changed;
            } else {
                // A header that is no text cannot be kept in a text here; those are tried in the verifier's own tests.
                let Ok(changed) = String::from_utf8(changed) else { continue };
                match part {
                    0 => bad.id = changed,
                    1 => bad.timestamp = changed,
                    _ => bad.signature = changed,
                }
            }
            let Some(answer) = bad.try_send(&world).await else { continue };
            not_believed(&answer);
            tried += 1;
        }
    }
    assert!(tried > 150, "{tried}");
    assert_eq!(rows_of(&world, "DELIVERY#").await.len(), 0);
    assert_eq!(read(&world.as_local(), &session).await.text("/status"), "active");
    assert!(rows_of(&world, "").await.len() > before, "the rejections are there to be explained");
    received(&good.send(&world).await, false);
}

#[tokio::test]
async fn a_delivery_holds_for_three_hundred_seconds_either_way_and_no_longer() {
    let world = TestWorld::start().await;
    world.advance(Duration::from_secs(3_600)).await;
    for (number, (behind, ahead, holds)) in
        [(301, 0, false), (300, 0, true), (0, 0, true), (0, 300, true), (0, 301, false)].into_iter().enumerate()
    {
        let at = world.now().minus(Duration::from_secs(behind)).plus(Duration::from_secs(ahead));
        let delivery = Delivery::signed(OMI_WEBHOOK_SECRET, &format!("msg_{number}"), at, r#"{"event":"x"}"#);
        let answer = delivery.send(&world).await;
        if holds { received(&answer, false) } else { not_believed(&answer) }
    }
}

#[tokio::test]
async fn a_delivery_that_lacks_a_part_or_was_cut_short_is_not_believed() {
    let world = TestWorld::start().await;
    let good = Delivery::of(&world, "msg_whole", &json!({"event": "x", "data": {}, "timestamp": 1_795_169_208}));
    for length in [0, 1, good.body.len() / 2, good.body.len() - 1] {
        let cut = Delivery { body: good.body[..length].to_vec(), ..good.clone() };
        not_believed(&cut.send(&world).await);
    }
    let headers =
        [("webhook-id", &good.id), ("webhook-timestamp", &good.timestamp), ("webhook-signature", &good.signature)];
    for missing in 0..headers.len() {
        let present = headers.iter().enumerate().filter(|(at, _)| *at != missing);
        let caller = present.fold(world.as_nobody(), |caller, (_, (name, value))| caller.with(name, value));
        not_believed(&caller.send_json(reqwest::Method::POST, WEBHOOK, Some(good.body.clone())).await);
    }
    let stamp = good.timestamp.clone();
    for wrong in [
        Delivery { id: String::new(), ..good.clone() },
        Delivery { id: "m".repeat(256), ..good.clone() },
        Delivery { timestamp: format!("{stamp}.0"), ..good.clone() },
        Delivery { timestamp: format!("+{stamp}"), ..good.clone() },
        Delivery { timestamp: "2026-11-20T12:00:00Z".to_owned(), ..good.clone() },
        Delivery { timestamp: format!("{stamp}000"), ..good.clone() },
        Delivery { signature: good.signature.replace("v1,", ""), ..good.clone() },
        Delivery { signature: good.signature.replace("v1,", "v2,"), ..good.clone() },
        Delivery { signature: "v1,".to_owned(), ..good.clone() },
        Delivery { signature: good.signature.replace(' ', ""), body: Vec::new(), ..good.clone() },
    ] {
        not_believed(&wrong.send(&world).await);
    }
    assert!(rows_of(&world, "DELIVERY#").await.is_empty());
    let several = Delivery { signature: format!("v1a,x v1,AAAA {}", good.signature), ..good };
    received(&several.send(&world).await, false);
}

#[tokio::test]
async fn the_bytes_are_what_counts_however_the_gateway_carries_them() {
    let world = TestWorld::start().await;
    let types =
        ["application/octet-stream", "application/x-www-form-urlencoded", "text/plain", "application/problem+json"];
    for (number, content_type) in types.into_iter().enumerate() {
        for (kind, body) in [
            ("text", "{\n  \"event\" : \"spaced\\u0020out\" }\n".as_bytes().to_vec()),
            ("bytes", vec![0xff, 0x00, 0xfe, b'{', 0xc3]),
        ] {
            let delivery = Delivery::signed(OMI_WEBHOOK_SECRET, &format!("msg_{kind}_{number}"), world.now(), body);
            received(&Delivery { content_type, ..delivery }.send(&world).await, false);
        }
    }
}

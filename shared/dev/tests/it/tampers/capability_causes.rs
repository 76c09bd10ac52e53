//! One change to a delivery of a sender that cannot sign, and the cause that is named.

use std::time::Duration;

use serde_json::json;
use switchboard_core::HookId;

use super::Post;
use super::capability::{Kind, address, delivery, hook, published_key};
use crate::invoke::{Sent, Shape, Travel};

const TRAVELS: [Travel; 2] =
    [Travel { base64: true, ..Travel::PLAIN }, Travel { shape: Shape::FunctionUrl, ..Travel::PLAIN }];

fn token_of(sent: &Sent) -> String {
    sent.path.rsplit('/').next().unwrap().to_owned()
}

fn with_token(sent: &Sent, token: &str) -> Sent {
    let (before, _) = sent.path.rsplit_once('/').unwrap();
    Sent { path: format!("{before}/{token}"), ..sent.clone() }
}

#[tokio::test]
async fn each_change_to_an_address_is_refused_for_its_own_cause() {
    let post = Post::open().await;
    let key = published_key();
    for travel in TRAVELS {
        for kind in super::capability::KINDS {
            let hook = hook(&post.world, kind).await;
            let good = delivery(kind, &key, &hook, "", 1);
            let token = token_of(&good);
            let (name, mac) = token.split_once('.').unwrap();
            let unknown = HookId::generate(post.world.now());
            let foreign = delivery(kind, "a-key-of-another-installation-of-32-bytes", &hook, "", 1);
            for (changed, cause) in [
                (name.to_owned(), "malformed_token"),
                (format!("{name}."), "malformed_token"),
                (format!("{name}.{}", mac.get(1..).unwrap()), "malformed_token"),
                (format!("{name}.{mac}x"), "malformed_token"),
                ("x".to_owned(), "malformed_token"),
                (format!("{unknown}.{mac}"), "unknown_hook"),
                (format!("{name}.{}", mac.chars().rev().collect::<String>()), "url_mismatch"),
                (token_of(&foreign), "url_mismatch"),
            ] {
                post.refused(&with_token(&good, &changed), travel, cause).await;
            }
            let other_sender = if hook.sender == "hamsa" { "omnidimension" } else { "hamsa" };
            let mut moved = good.clone();
            moved.path = moved.path.replace(&hook.sender, other_sender);
            post.refused(&moved, travel, "wrong_sender").await;
            post.believed(&good, travel).await;
        }
    }
}

#[tokio::test]
async fn no_character_of_a_mac_can_be_another() {
    let post = Post::open().await;
    let hook = hook(&post.world, Kind::Omnidimension).await;
    let good = delivery(Kind::Omnidimension, &published_key(), &hook, "", 1);
    let token = token_of(&good);
    let begins = token.find('.').unwrap() + 1;
    // The last character has bits that stand for nothing; a changed one of these is not canonical and refused as well.
    for place in begins..token.len() {
        for other in ['A', 'b', '9', '-'] {
            let mut changed: Vec<char> = token.chars().collect();
            if changed[place] == other {
                continue;
            }
            changed[place] = other;
            let changed: String = changed.into_iter().collect();
            let answer = post.deliver(&with_token(&good, &changed), Travel::PLAIN).await;
            assert_eq!(answer.status, 401, "{changed}");
        }
    }
    post.believed(&good, Travel::PLAIN).await;
}

#[tokio::test]
async fn hamsas_credential_goes_with_the_address_of_a_call() {
    let post = Post::open().await;
    let hook = hook(&post.world, Kind::HamsaOfCall).await;
    let good = delivery(Kind::HamsaOfCall, &published_key(), &hook, "", 1);
    let (_, credential) = address(&hook);
    for travel in TRAVELS {
        for (given, cause) in [
            (None, "missing_header"),
            (Some(String::new()), "wrong_credential"),
            (Some("Bearer ".to_owned()), "wrong_credential"),
            (Some(format!("Basic {credential}")), "wrong_credential"),
            (Some(format!("Bearer {credential}x")), "wrong_credential"),
            (Some(format!("Bearer {}", credential.get(1..).unwrap())), "wrong_credential"),
            // The address itself is no credential.
            (Some(format!("Bearer {}", token_of(&good))), "wrong_credential"),
        ] {
            let mut sent = good.clone();
            sent.unset("authorization");
            if let Some(given) = &given {
                sent.set("authorization", given);
            }
            post.refused(&sent, travel, cause).await;
        }
        for (number, given) in
            [format!("Bearer {credential}"), format!("bearer {credential}"), credential.clone()].iter().enumerate()
        {
            let mut sent = delivery(Kind::HamsaOfCall, &published_key(), &hook, "", number + 2);
            sent.set("authorization", given);
            post.believed(&sent, travel).await;
        }
    }
}

#[tokio::test]
async fn an_address_that_was_rotated_or_taken_back_stops_within_a_minute_and_its_successor_works_at_once() {
    let post = Post::open().await;
    let made = post.world.as_local().post("/api/webhook-urls", &json!({"provider": "omnidimension"})).await;
    let path_of = |url: &str| url.strip_prefix(post.world.base()).unwrap().to_owned();
    let (first, id) = (path_of(&made.text("/url")), made.text("/hookId"));
    let to = |path: &str, number: u64| Sent {
        method: "POST",
        path: path.to_owned(),
        query: String::new(),
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: json!({"call_id": number, "call_request_id": number, "call_status": "busy"}).to_string().into_bytes(),
    };
    post.believed(&to(&first, 1), Travel::PLAIN).await;
    let rotated = post.world.as_local().post(&format!("/api/webhook-urls/{id}/rotate"), &json!({})).await;
    let second = path_of(&rotated.text("/url"));
    // The function remembers the row as it was, and looks again before it refuses.
    post.believed(&to(&second, 2), Travel::PLAIN).await;
    post.refused(&to(&first, 3), Travel::PLAIN, "rotated_url").await;
    post.world.as_local().delete(&format!("/api/webhook-urls/{id}")).await.expect(200);
    post.world.advance(Duration::from_secs(60)).await;
    post.refused(&to(&second, 4), Travel::PLAIN, "revoked_hook").await;
}

#[tokio::test]
async fn the_address_of_a_call_holds_until_a_day_after_its_deadline() {
    let post = Post::open().await;
    let body = json!({"channel": "phone", "provider": "hamsa", "to": "+15005550002", "maxDurationSecs": 60});
    let placed = post.world.as_local().post("/api/calls", &body).await;
    placed.expect(202);
    let id = switchboard_core::CallId::parse(&placed.text("/callId")).unwrap();
    let call = post.world.world.store().call_fetch_any(id).await.unwrap().unwrap();
    let hook = post.world.world.store().hook_fetch(call.legs[0].hook.unwrap()).await.unwrap().unwrap();
    let late = |number| delivery(Kind::HamsaOfCall, &published_key(), &hook, "", number);
    post.world.advance(Duration::from_secs(60 + 24 * 60 * 60 - 1)).await;
    post.believed(&late(1), Travel::PLAIN).await;
    post.world.advance(Duration::from_secs(1)).await;
    post.refused(&late(2), Travel::PLAIN, "revoked_hook").await;
}

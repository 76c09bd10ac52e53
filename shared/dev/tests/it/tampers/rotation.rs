//! The matrix: sender × event × base64 × header case × query × version of the secret.

use std::time::Duration;

use serde_json::json;
use switchboard_core::{Secret, Timestamp};
use switchboard_dev::credentials::{OMI_WEBHOOK_SECRET, OPENAI_WEBHOOK_SECRET, TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN};
use switchboard_providers::standard_webhooks;

use super::{Post, capability, openai, twilio};
use crate::invoke::{Sent, Travel};
use crate::sizes::{size, tell};

/// Queries as senders spell them; none of them says anything to us.
const QUERIES: [&str; 5] = ["", "a=1&b=2", "x=%2f%2F+%20&y", "name=%D8%B3%D8%A7%D9%84%D9%85", "b=2&a=1&a=0&=&c="];
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const NEW_TOKEN: &str = "the-next-auth-token";
const NEW_SHARED: &str = "the-next-value-of-the-shared-key";
const NEW_URL_KEY: &str = "another-key-for-webhook-urls-of-more-than-32-bytes";
const NEW_OMI: &str = "whsec_dGhlLW5leHQtb21pLXdlYmhvb2stc2VjcmV0LTAwMDE=";
const NEW_OPENAI: &str = "whsec_dGhlLW5leHQtb3BlbmFpLXdlYmhvb2stc2VjcmV0LTE=";

/// Which version of a secret something was made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    Old,
    New,
}

fn twilio_secret(token: &str, shared: &str) -> serde_json::Value {
    json!({"TWILIO_ACCOUNT_SID": TWILIO_ACCOUNT_SID, "TWILIO_AUTH_TOKEN": token,
        "TWILIO_SHARED_KEYS": [{"kid": twilio::SHARED_KEY.0, "value": shared}]})
}

/// Every delivery of every sender, made with this version, in every way; each a first one.
async fn all(
    post: &Post,
    hooks: &[(capability::Kind, switchboard_store::Hook)],
    version: Version,
    number: &mut usize,
) -> Vec<(Travel, Sent, &'static str)> {
    let (tokens, url_key, omi, openai_secret) = match version {
        Version::Old => (
            (TWILIO_AUTH_TOKEN, twilio::SHARED_KEY.1),
            capability::published_key(),
            OMI_WEBHOOK_SECRET,
            OPENAI_WEBHOOK_SECRET,
        ),
        Version::New => ((NEW_TOKEN, NEW_SHARED), NEW_URL_KEY.to_owned(), NEW_OMI, NEW_OPENAI),
    };
    let mut all = Vec::new();
    for travel in Travel::all() {
        for query in QUERIES {
            let mut next = || {
                *number += 1;
                *number
            };
            for kind in twilio::KINDS {
                let at = twilio::At::asked(travel.shape);
                all.push((travel, twilio::delivery(kind, &at, query, tokens, next()), "retired_secret"));
            }
            for (kind, hook) in hooks {
                all.push((travel, capability::delivery(*kind, &url_key, hook, query, next()), "retired_url_key"));
            }
            all.push((travel, of_omi(omi, query, next(), post.world.now()), "retired_secret"));
            all.push((travel, openai::delivery(openai_secret, query, next(), post.world.now()), "retired_secret"));
        }
    }
    all
}

fn of_omi(secret: &str, query: &str, number: usize, at: Timestamp) -> Sent {
    let (id, body) = (format!("msg_{number}"), json!({"event": "x", "note": "Ümit ½"}).to_string().into_bytes());
    let signature = standard_webhooks::sign(&Secret::new(secret), &id, at, &body).unwrap();
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("webhook-id", id),
        ("webhook-timestamp", at.epoch_secs().to_string()),
        ("webhook-signature", signature),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value)).to_vec();
    Sent { method: "POST", path: "/webhooks/omi".to_owned(), query: query.to_owned(), headers, body }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_version_that_holds_is_believed_however_it_travels_and_none_that_does_not() {
    let post = Post::open().await;
    post.rotate("switchboard/twilio-webhook", &twilio_secret(TWILIO_AUTH_TOKEN, twilio::SHARED_KEY.1)).await;
    let mut hooks = Vec::new();
    for kind in capability::KINDS {
        hooks.push((kind, capability::hook(&post.world, kind).await));
    }
    let (mut number, mut believed, mut refused) = (0, 0, 0);
    for (travel, sent, _) in all(&post, &hooks, Version::Old, &mut number).await {
        post.believed(&sent, travel).await;
        believed += 1;
    }
    // Both hold for a day. The function's caches are warm, and with the version that was.
    post.rotate("switchboard/twilio-webhook", &twilio_secret(NEW_TOKEN, NEW_SHARED)).await;
    post.rotate("switchboard/webhook-urls", &json!({"WEBHOOK_URL_SECRET": NEW_URL_KEY})).await;
    post.rotate("switchboard/omi-webhook", &json!({"OMI_WEBHOOK_SECRET": NEW_OMI})).await;
    post.rotate("switchboard/openai-webhook", &json!({"OPENAI_WEBHOOK_SECRET": NEW_OPENAI})).await;
    post.world.advance(DAY - Duration::from_secs(60)).await;
    for version in [Version::New, Version::Old] {
        for (travel, sent, _) in some(all(&post, &hooks, version, &mut number).await) {
            post.believed(&sent, travel).await;
            believed += 1;
        }
    }
    // Then only the new one.
    post.world.advance(Duration::from_secs(60)).await;
    for (travel, sent, cause) in some(all(&post, &hooks, Version::Old, &mut number).await) {
        post.refused(&sent, travel, cause).await;
        refused += 1;
    }
    for (travel, sent, _) in some(all(&post, &hooks, Version::New, &mut number).await) {
        post.believed(&sent, travel).await;
        believed += 1;
    }
    tell(&format!("{believed} deliveries believed, {refused} refused, each for its cause"));
}

/// Every seventh, which meets every value of every dimension; or as the environment asks, every first in the whole matrix.
fn some<T>(all: Vec<T>) -> Vec<T> {
    all.into_iter().step_by(usize::try_from(size("SWITCHBOARD_TEST_TAMPERS_STEP", 7)).unwrap()).collect()
}

//! The webhook secret is replaced, and no delivery is turned away for it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::json;
use switchboard_dev::credentials::OMI_WEBHOOK_SECRET as OLD;

use super::{Delivery, not_believed, received};
use crate::harness::{Answer, TestWorld};

const NEW: &str = "whsec_dGhlLW5leHQtb21pLXdlYmhvb2stc2VjcmV0LTAwMDE=";
const NAME: &str = "switchboard/omi-webhook";
const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

struct Rotation {
    world: TestWorld,
    client: aws_sdk_secretsmanager::Client,
    sent: AtomicU32,
}

impl Rotation {
    async fn begin() -> Self {
        let world = TestWorld::start().await;
        let boot = world.boot("webhook");
        let client = boot.secrets_manager(&world.aws(&boot));
        Self { world, client, sent: AtomicU32::new(0) }
    }

    /// Puts a version in place; gives its id.
    async fn put(&self, secret: &str, stage: &str) -> String {
        let value = json!({"OMI_WEBHOOK_SECRET": secret}).to_string();
        let put = self.client.put_secret_value().secret_id(NAME).secret_string(value).version_stages(stage);
        put.send().await.unwrap().version_id().unwrap().to_owned()
    }

    async fn current(&self) -> String {
        let current = self.client.get_secret_value().secret_id(NAME).send().await.unwrap();
        current.version_id().unwrap().to_owned()
    }

    /// Makes the pending version the current one, as a rotation's last step does.
    async fn promote(&self, pending: &str) {
        let (current, client) = (self.current().await, &self.client);
        let step = client.update_secret_version_stage().secret_id(NAME).version_stage("AWSCURRENT");
        step.move_to_version_id(pending).remove_from_version_id(current).send().await.unwrap();
        let step = client.update_secret_version_stage().secret_id(NAME).version_stage("AWSPENDING");
        step.remove_from_version_id(pending).send().await.unwrap();
    }

    async fn deliver(&self, secret: &str) -> Answer {
        let id = format!("msg_{}", self.sent.fetch_add(1, Ordering::Relaxed));
        Delivery::signed(secret, &id, self.world.now(), r#"{"event":"x"}"#).send(&self.world).await
    }

    async fn accepts(&self, secret: &str) {
        received(&self.deliver(secret).await, false);
    }

    async fn refuses(&self, secret: &str) {
        not_believed(&self.deliver(secret).await);
    }
}

#[tokio::test]
async fn a_pending_secret_is_accepted_before_it_comes_into_use_and_both_after() {
    let rotation = Rotation::begin().await;
    // The cache is warm, and a moment old.
    rotation.accepts(OLD).await;
    let pending = rotation.put(NEW, "AWSPENDING").await;
    rotation.accepts(NEW).await;
    rotation.accepts(OLD).await;
    rotation.promote(&pending).await;
    rotation.accepts(NEW).await;
    rotation.accepts(OLD).await;
    // With a cache that has been filled anew.
    rotation.world.advance(Duration::from_secs(301)).await;
    rotation.accepts(NEW).await;
    rotation.accepts(OLD).await;
}

#[tokio::test]
async fn a_secret_that_is_replaced_at_once_is_accepted_at_once_however_warm_the_cache() {
    for age in [0, 1, 29, 30, 299] {
        let rotation = Rotation::begin().await;
        rotation.accepts(OLD).await;
        rotation.world.advance(age * SECOND).await;
        rotation.put(NEW, "AWSCURRENT").await;
        rotation.accepts(NEW).await;
        rotation.accepts(OLD).await;
    }
}

#[tokio::test]
async fn a_replaced_secret_holds_for_a_day_and_then_no_longer() {
    let rotation = Rotation::begin().await;
    rotation.world.advance(DAY).await;
    rotation.put(NEW, "AWSCURRENT").await;
    rotation.world.advance(DAY - SECOND).await;
    rotation.accepts(OLD).await;
    rotation.accepts(NEW).await;
    rotation.world.advance(SECOND).await;
    rotation.refuses(OLD).await;
    rotation.accepts(NEW).await;
}

#[tokio::test]
async fn a_replaced_secret_holds_for_a_day_from_then_however_long_the_next_one_had_been_waiting() {
    let rotation = Rotation::begin().await;
    let pending = rotation.put(NEW, "AWSPENDING").await;
    rotation.world.advance(2 * DAY).await;
    rotation.promote(&pending).await;
    rotation.accepts(OLD).await;
    rotation.world.advance(DAY - SECOND).await;
    rotation.accepts(OLD).await;
    rotation.world.advance(SECOND).await;
    rotation.refuses(OLD).await;
    rotation.accepts(NEW).await;
}

#[tokio::test]
async fn forged_deliveries_do_not_make_us_ask_for_the_secret_without_end() {
    let rotation = Rotation::begin().await;
    rotation.accepts(OLD).await;
    // A stranger uses up the one early look that is allowed; the next is due thirty seconds later.
    rotation.refuses(NEW).await;
    rotation.put(NEW, "AWSCURRENT").await;
    rotation.world.advance(29 * SECOND).await;
    rotation.refuses(NEW).await;
    rotation.world.advance(SECOND).await;
    rotation.accepts(NEW).await;
    rotation.accepts(OLD).await;
}

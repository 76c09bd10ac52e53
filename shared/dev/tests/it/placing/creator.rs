//! A process of call-create.

use std::future::Future;
use std::ops::Deref;

use serde_json::{Value, json};
use switchboard_dev::sim::provider::Provider;

use super::CALLS;
use crate::harness::{Answer, TestWorld};
use crate::process::{Death, Process};

/// See the module.
pub(super) struct Creator(Process);

impl Deref for Creator {
    type Target = Process;

    fn deref(&self) -> &Process {
        &self.0
    }
}

impl Creator {
    /// A process that has worked with these providers before: its secrets are fetched, its connections are open.
    pub(super) async fn start(world: &TestWorld, providers: &[Provider]) -> Self {
        let creator = Self(Process::start(world, "call-create").await);
        for provider in providers {
            let mut order = super::order(*provider, super::TALKS);
            order["dryRun"] = json!(true);
            creator.create("warm", &order).await.expect(200);
        }
        creator
    }

    /// Asks for a call.
    pub(super) fn create(&self, key: &str, order: &Value) -> impl Future<Output = Answer> + Send + use<> {
        self.0.post(CALLS, key, order)
    }

    /// Asks for a call of a process that is killed on the way; its answer, if it was done before.
    pub(super) async fn create_until(&self, death: Death, key: &str, order: &Value) -> Option<Answer> {
        self.0.post_until(death, CALLS, key, order).await
    }
}

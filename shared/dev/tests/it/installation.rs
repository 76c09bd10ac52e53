//! The functions composed a second time over the same table and secrets, as a second process would be: with caches of their
//! own, behind a port of their own.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use switchboard_dev::credentials::LOCAL_KEY;
use switchboard_dev::functions;
use switchboard_dev::gateway::Gateway;
use switchboard_dev::listener::{Listener, Serving};
use switchboard_lambda::Boot;

use crate::harness::{Answer, TestWorld, client};

pub(crate) struct Installation {
    serving: Serving,
}

impl Installation {
    pub(crate) async fn beside(world: &TestWorld) -> Self {
        let world = &world.world;
        let clock = Arc::new(world.clock().clone());
        let mut composed = BTreeMap::new();
        for spec in world.specs() {
            let boot = Boot::new(world.environment(&spec.name).unwrap().clone(), clock.clone());
            // What the schedule wakes has no requests to answer.
            if let Some(function) = functions::compose(&spec.name, &boot).unwrap() {
                composed.insert(spec.name.clone(), function);
            }
        }
        let listener = Listener::bind(0).await.unwrap();
        let domain = format!("localhost:{}", listener.port());
        let gateway = Gateway::new(world.specs(), composed, clock, &domain).unwrap();
        Self { serving: listener.serve(&gateway.into_router()) }
    }

    /// A request with the local key and an idempotency key, if any.
    pub(crate) async fn post(&self, path: &str, idempotency_key: Option<&str>, body: &Value) -> Answer {
        let mut request = client()
            .post(format!("http://localhost:{}{path}", self.serving.port()))
            .header("authorization", format!("Bearer {LOCAL_KEY}"))
            .header("content-type", "application/json")
            .body(body.to_string());
        if let Some(key) = idempotency_key {
            request = request.header("idempotency-key", key);
        }
        Answer::read(request.send().await.unwrap()).await
    }
}

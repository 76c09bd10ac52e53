//! One key dials at most once, whatever crashes, times out or comes between: the creator of a call is killed and cut off where it
//! hurts, by hand, and the simulated carrier counts.

mod creator;
mod failpoints;
mod interleavings;
mod lost;
mod simultaneous;

use std::time::Duration;

use serde_json::{Value, json};
use switchboard_core::{Call, CallId, TenantId};
use switchboard_dev::credentials::OWNER;
use switchboard_dev::sim::carrier::Meter;
use switchboard_dev::sim::faults::{Effect, Fault};
use switchboard_dev::sim::provider::{Operation, Provider};

use crate::harness::{Answer, Caller, TestWorld};

const CALLS: &str = "/api/calls";

/// The providers that place phone calls.
const PROVIDERS: [Provider; 3] = [Provider::Hamsa, Provider::Omnidimension, Provider::Twilio];

/// Answers and never hangs up.
const STAYS: &str = "+15005550004";
/// Answers, talks for twenty seconds, hangs up.
const TALKS: &str = "+15005550001";

/// An ordinary number of its own, where somebody answers and talks for twenty seconds.
fn number(at: usize) -> String {
    format!("+447400{at:06}")
}

/// The body that asks for a call.
fn order(provider: Provider, to: &str) -> Value {
    json!({"channel": "phone", "provider": provider.as_str(), "to": to, "maxDurationSecs": 60})
}

/// Asks for a call over the gateway.
async fn place(caller: &Caller<'_>, key: &str, order: &Value) -> Answer {
    caller.clone().with("idempotency-key", key).post(CALLS, order).await
}

/// The call that an answer is about, whether it says yes or no.
fn call_in(answer: &Answer) -> Option<CallId> {
    let named = answer.json.pointer("/callId").or_else(|| answer.json.pointer("/error/callId"));
    CallId::parse(named?.as_str()?)
}

/// A call as it is kept.
async fn kept(world: &TestWorld, id: CallId) -> Call {
    world.world.store().call_fetch_any(id).await.unwrap().unwrap()
}

fn meter(world: &TestWorld) -> Meter {
    world.world.simulators().meter().unwrap()
}

/// How often a number was called.
fn dials_to(meter: &Meter, to: &str) -> usize {
    meter.lines.iter().filter(|line| line.to == to).count()
}

/// Makes the next requests of this kind go wrong.
async fn go_wrong(world: &TestWorld, provider: Provider, operation: Operation, effect: Effect, times: u32) {
    let faults = world.world.simulators().faults();
    faults.arm(Fault { provider, operation: Some(operation), effect, times });
    assert!(faults.settled().await);
}

/// Makes every provider well again.
async fn mend(world: &TestWorld) {
    let faults = world.world.simulators().faults();
    faults.clear();
    assert!(faults.settled().await);
}

fn owner() -> TenantId {
    TenantId::parse(OWNER).unwrap()
}

fn secs(count: u64) -> Duration {
    Duration::from_secs(count)
}

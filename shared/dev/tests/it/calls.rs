//! Calls through the gateway, against simulated providers and a scripted clock: from the request to the end and what comes after.
//!
//! | module | what |
//! |---|---|
//! | `magic` | every magic number with every provider, from POST to the end |
//! | `ending` | ending a call, whatever it is doing |
//! | `web` | calls in a browser |
//! | `choice` | which provider holds a call, and who is next if one certainly did not dial |
//! | `preflight` | what is refused before anything is dialled |
//! | `dry_run` | what would be sent |
//! | `keys` | idempotency keys |
//! | `deliveries` | webhooks that come early, twice, late, in another order, or never |
//! | `inbound` | calls that came in from outside |
//! | `afterwards` | recordings, transcripts, alarms |
//! | `older_names` | R1's and R4's paths and words |
//! | `killed` | a world that is killed during a call |

mod afterwards;
mod choice;
mod deliveries;
mod dry_run;
mod ending;
mod inbound;
mod keys;
mod killed;
mod magic;
mod older_names;
mod preflight;
mod web;

use std::time::Duration;

use serde_json::{Value, json};
use switchboard_core::{Call, CallId};
use switchboard_dev::sim::carrier::Meter;
use switchboard_dev::sim::faults::{Effect, Fault};
use switchboard_dev::sim::provider::{Operation, Provider};
use switchboard_dev::sim::recorder::RecordedRequest;

use crate::harness::{Answer, TestWorld};

pub(crate) const CALLS: &str = "/api/calls";
/// The providers that place phone calls.
pub(crate) const PROVIDERS: [&str; 3] = ["hamsa", "omnidimension", "twilio"];
/// How long the calls of these tests may last, in seconds: longer than anybody lets it ring.
pub(crate) const LASTS_SECS: u64 = 120;

/// The magic number with this last digit.
pub(crate) fn magic(digit: u32) -> String {
    format!("+1500555000{digit}")
}

/// The body that asks a provider for a call.
pub(crate) fn order(provider: &str, to: &str) -> Value {
    json!({"channel": "phone", "provider": provider, "to": to, "maxDurationSecs": LASTS_SECS})
}

/// The path that ends a call.
pub(crate) fn end_of(call: &str) -> String {
    format!("{CALLS}/{call}/end")
}

/// Places a call for tenant `local`, and gives its id.
pub(crate) async fn place(world: &TestWorld, body: &Value) -> String {
    let placed = world.as_local().post(CALLS, body).await;
    placed.expect(202);
    placed.text("/callId")
}

/// Asks to end a call of tenant `local`.
pub(crate) async fn end(world: &TestWorld, call: &str) -> Answer {
    world.as_local().post(&end_of(call), &json!({})).await
}

/// A call as it is kept.
pub(crate) async fn kept(world: &TestWorld, id: &str) -> Call {
    let id = CallId::parse(id).unwrap();
    world.world.store().call_fetch_any(id).await.unwrap().expect("the call is not there")
}

/// What the carrier counted so far.
pub(crate) fn meter(world: &TestWorld) -> Meter {
    world.world.simulators().meter().unwrap()
}

/// How many lines the carrier counted to a number.
pub(crate) fn dials_to(world: &TestWorld, number: &str) -> usize {
    meter(world).lines.iter().filter(|line| line.to == number).count()
}

/// Lets so many seconds pass.
pub(crate) async fn pass(world: &TestWorld, secs: u64) {
    world.advance(Duration::from_secs(secs)).await;
}

/// Makes the next so many requests to a provider go wrong.
pub(crate) async fn go_wrong(world: &TestWorld, provider: Provider, operation: Operation, effect: Effect, times: u32) {
    let faults = world.world.simulators().faults();
    faults.arm(Fault { provider, operation: Some(operation), effect, times });
    assert!(faults.settled().await);
}

/// What a provider was asked so far of one kind.
pub(crate) fn asked(world: &TestWorld, provider: Provider, operation: Operation) -> Vec<RecordedRequest> {
    let all = world.world.simulators().recorder().requests(Some(provider), 0);
    all.into_iter().filter(|request| request.operation == operation).collect()
}

/// Places a call and gives the answer, whatever it is.
pub(crate) async fn try_place(world: &TestWorld, body: &Value) -> Answer {
    world.as_local().post(CALLS, body).await
}

/// Places a call under an idempotency key and gives the answer, whatever it is.
pub(crate) async fn place_under(world: &TestWorld, key: &str, body: &Value) -> Answer {
    world.as_local().with("idempotency-key", key).post(CALLS, body).await
}

/// Reads a call of tenant `local`.
pub(crate) async fn read(world: &TestWorld, call: &str) -> Answer {
    let answer = world.as_local().get(&format!("{CALLS}/{call}")).await;
    answer.expect(200);
    answer
}

/// The simulated provider of this name.
pub(crate) fn simulated(provider: &str) -> Provider {
    Provider::named(provider).unwrap()
}

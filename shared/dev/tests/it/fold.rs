//! P2: whatever is said about a call, in whatever order and however often, comes to the same record.
//!
//! A recorded call is nine things that a provider says about one attempt, in its own wire: webhooks as they are posted and answers
//! as they are read, put into our words by the product's own readers.
//!
//! | module | what |
//! |---|---|
//! | `recording` | wire bodies read by the provider library |
//! | `hamsa`, `omnidimension`, `twilio` | one recorded call each |
//! | `orders` | every order of it, folded |
//! | `writers` | a sample of the orders, through the store, by eight writers at once |
//! | `attempts` | two attempts of one call that contradict each other |

mod attempts;
mod hamsa;
mod omnidimension;
mod orders;
mod recording;
mod twilio;
mod writers;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;
use switchboard_core::{
    Call, CallId, Channel, Direction, Duties, Leg, LegId, Observation, Personal, PhoneNumber, ProviderId, SlotHold,
    TenantId,
};

use crate::harness::{TestWorld, start_time};

/// How many things are said about a recorded call.
const WORDS: usize = 9;

/// What a provider said about one attempt, in the order in which it was said.
struct Recorded {
    provider: ProviderId,
    words: Vec<Word>,
}

/// One thing said.
struct Word {
    observation: Observation,
    /// Whether it was delivered to us, so that a repetition of it is known as one; else we read it.
    delivered: bool,
}

/// The recorded calls of all providers.
async fn recorded(world: &TestWorld) -> [Recorded; 3] {
    let calls = [hamsa::recorded(world).await, omnidimension::recorded(world).await, twilio::recorded(world).await];
    assert!(calls.iter().all(|call| call.words.len() == WORDS));
    calls
}

/// A call whose providers are dialling, one after the other, and of whom nothing was heard.
fn dialling(providers: &[ProviderId]) -> Call {
    let now = start_time();
    let mut call = Call {
        id: CallId::generate(now),
        tenant: TenantId::parse("local").unwrap(),
        channel: Channel::Phone,
        direction: Direction::Outbound,
        to: PhoneNumber::from_e164("+15005550001"),
        from: None,
        agent_id: None,
        scenario: None,
        language: None,
        params: BTreeMap::new(),
        metadata: Personal::new("{}"),
        user_id: None,
        created_at: now,
        deadline_at: now.plus(Duration::from_secs(600)),
        fallback: Vec::new(),
        legs: Vec::new(),
        ending: None,
        duties: Duties::default(),
        slot: Some(SlotHold { number: None, lease_until: now.plus(Duration::from_secs(1_500)) }),
        spend: None,
        recording_key: None,
        recording_lost: false,
        lease: None,
        alarms: BTreeMap::new(),
        version: 0,
    };
    for provider in providers {
        let leg = Leg::reserved(LegId::generate(now), *provider);
        let id = leg.id;
        call.add_leg(leg, now);
        assert!(call.begin_dialing(id, now.plus(Duration::from_secs(90)), now));
    }
    call
}

/// A call as bytes, without what tells of the way there and not of the call: what is left to be done, the end that was asked for,
/// the number of changes, and its name.
fn record_of(call: &Call) -> String {
    let mut call = call.clone();
    call.id = CallId::parse("call_01a1f8d3-ea00-7000-8000-000000000000").unwrap();
    (call.version, call.duties, call.ending) = (0, Duties::default(), None);
    serde_json::to_string(&call).unwrap()
}

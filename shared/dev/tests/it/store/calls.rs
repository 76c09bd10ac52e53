//! Calls in the table: what is written together, what loses to what, and what follows from it.

mod books;
mod changes;
mod policy;
mod references;
mod slots;

use std::collections::BTreeSet;
use std::time::Duration;

use switchboard_core::{
    Call, DialPolicy, EventId, LegId, Micros, Observation, PhoneNumber, ProviderId, SpendHold, Timestamp,
};
use switchboard_store::{
    Change, Changed, Delivery, DeliveryBody, DialCounts, Heard, Reservation, Reserved, Store, Waiting,
};

use super::{Bench, acme, at_once};
use crate::made_calls;

/// Who places calls in these tests.
const PRINCIPAL: &str = "key:one";
/// More than any of these tests spends.
const PLENTY: Micros = Micros::new(1_000_000_000_000);
/// How long made calls may last.
const ALLOWED: Duration = Duration::from_secs(600);

/// A policy without caps.
fn free() -> DialPolicy {
    DialPolicy {
        countries: BTreeSet::new(),
        per_destination_per_day: None,
        per_range_per_hour: None,
        new_destinations_per_hour: None,
        daily_spend: PLENTY,
        daily_spend_per_key: PLENTY,
        estimate_per_minute: Micros::new(1_000_000),
    }
}

/// A call of acme's, not kept yet, with this much held back for it.
fn draft(bench: &Bench, held: i64) -> Call {
    let now = bench.store.now();
    let mut call = made_calls::reserved("acme", ProviderId::Twilio, now);
    let day = now.to_string().chars().take(10).collect();
    call.spend = Some(SpendHold { day, principal: PRINCIPAL.to_owned(), held, counted: held });
    call
}

/// Writes a call down as one that is placed.
async fn reserve(store: &Store, call: Call, limit: u32, policy: &DialPolicy) -> Reserved {
    let to = call.to.clone();
    let counts = DialCounts { policy, to: to.as_ref() };
    store.call_reserve(call, &Reservation { key: None, limit, counts }).await.unwrap()
}

/// A call that is written down.
async fn reserved(bench: &Bench, limit: u32) -> Call {
    match reserve(&bench.store, draft(bench, 1), limit, &free()).await {
        Reserved::Now(call) => *call,
        other => panic!("{other:?}"),
    }
}

/// Changes a call.
async fn change(store: &Store, call: &Call, mut by: impl FnMut(&mut Call) + Send) -> Call {
    let changed = store.call_change(call.id, |call| {
        by(call);
        Some(Change::default())
    });
    match changed.await.unwrap() {
        Changed::Done(call) => *call,
        other => panic!("{other:?}"),
    }
}

/// Has a call dialled and answered.
async fn answered(store: &Store, call: &Call) -> Call {
    let (leg, now) = (call.legs[0].id, store.now());
    let mut said = made_calls::said("answered");
    said.progress = Some(switchboard_core::Progress::InProgress);
    said.answered_at = Some(now);
    change(store, call, |call| {
        assert!(call.begin_dialing(leg, now.plus(ALLOWED), now));
        call.bind(leg, Some(&leg.to_string()), &said, now);
    })
    .await
}

/// Has a call end after so many seconds of talk.
async fn ended(store: &Store, call: &Call, secs: u32) -> Call {
    let end = made_calls::end_after(call, switchboard_core::EndReason::Completed, secs);
    let now = store.now();
    change(store, call, |call| {
        call.observe(call.legs[0].id, &end, now);
    })
    .await
}

fn delivery<'a>(replay_key: &'a str, at: Timestamp) -> Delivery<'a> {
    Delivery {
        event_id: EventId::generate(at),
        sender: "twilio",
        replay_key,
        kind: "call.ringing",
        session: None,
        body: DeliveryBody::Inline("{}"),
        received_at: at,
    }
}

fn heard(leg: LegId, observation: &Observation, at: Timestamp) -> Heard<'_> {
    Heard { leg, observation, event: EventId::generate(at), received_at: at, reference: None }
}

fn waiting(external: &str, kind: &str, at: Timestamp) -> Waiting {
    let observation = Observation { progress: Some(switchboard_core::Progress::Ringing), ..made_calls::said(kind) };
    let external = external.to_owned();
    Waiting { provider: ProviderId::Twilio, external, event: EventId::generate(at), received_at: at, observation }
}

fn number(text: &str) -> PhoneNumber {
    PhoneNumber::from_e164(text).unwrap()
}

use std::time::Duration;

use switchboard_core::{Call, DialPolicy, Micros, PolicyRefusal};
use switchboard_store::{CallKey, DialCounts, IdempotencyScope, Reservation, Reserved};

use super::{Bench, PRINCIPAL, acme, at_once, draft, free, number, reserve};

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(24 * 3_600);

fn call_to(bench: &Bench, to: &str, held: i64) -> Call {
    Call { to: Some(number(to)), ..draft(bench, held) }
}

/// What comes of calls to these numbers, one after the other: admitted, or why not.
async fn dial(bench: &Bench, policy: &DialPolicy, to: &[&str]) -> Vec<Option<PolicyRefusal>> {
    let mut outcomes = Vec::new();
    for to in to {
        outcomes.push(match reserve(&bench.store, call_to(bench, to, 1), 50, policy).await {
            Reserved::Now(_) => None,
            Reserved::Refused(refused) => Some(refused),
            other => panic!("{other:?}"),
        });
    }
    outcomes
}

#[tokio::test]
async fn one_number_is_called_as_often_as_it_may_be_in_a_day() {
    let (bench, policy) = (Bench::new().await, DialPolicy { per_destination_per_day: Some(2), ..free() });
    let (one, other) = ("+96891234567", "+96891234568");
    let refused = Some(PolicyRefusal::DestinationCap);
    assert_eq!(dial(&bench, &policy, &[one, one, one, other, one]).await, [None, None, refused, None, refused]);
    bench.advance(DAY);
    assert_eq!(dial(&bench, &policy, &[one, one, one]).await, [None, None, refused]);
}

#[tokio::test]
async fn the_numbers_of_one_range_are_called_as_often_as_they_may_be_in_an_hour() {
    let (bench, policy) = (Bench::new().await, DialPolicy { per_range_per_hour: Some(2), ..free() });
    let (a, b, c, elsewhere) = ("+96891230001", "+96891230002", "+96891239999", "+96891240001");
    let refused = Some(PolicyRefusal::RangeCap);
    assert_eq!(dial(&bench, &policy, &[a, b, c, elsewhere, a]).await, [None, None, refused, None, refused]);
    bench.advance(HOUR);
    assert_eq!(dial(&bench, &policy, &[c, c, c]).await, [None, None, refused]);
}

#[tokio::test]
async fn numbers_that_were_never_called_are_counted_and_those_that_were_are_not() {
    let (bench, policy) = (Bench::new().await, DialPolicy { new_destinations_per_hour: Some(2), ..free() });
    let (a, b, c) = ("+96891230001", "+96891240002", "+96891250003");
    let refused = Some(PolicyRefusal::NewDestinations);
    assert_eq!(dial(&bench, &policy, &[a, b, c, a, b, c]).await, [None, None, refused, None, None, refused]);
    bench.advance(HOUR);
    assert_eq!(dial(&bench, &policy, &[c, a, b]).await, [None; 3]);
    // Three months later nobody remembers them.
    bench.advance(DAY * 91);
    assert_eq!(dial(&bench, &policy, &[a, b, c]).await, [None, None, refused]);
}

#[tokio::test]
async fn a_day_costs_a_tenant_and_a_key_no_more_than_it_may() {
    for (policy, why, elsewhere) in [
        (DialPolicy { daily_spend: Micros::new(100), ..free() }, PolicyRefusal::TenantSpend, false),
        (DialPolicy { daily_spend_per_key: Micros::new(100), ..free() }, PolicyRefusal::KeySpend, true),
    ] {
        let bench = Bench::new().await;
        let cost = async |held: i64, principal: &str| {
            let mut call = draft(&bench, held);
            call.spend.as_mut().unwrap().principal = principal.to_owned();
            match reserve(&bench.store, call, 50, &policy).await {
                Reserved::Now(_) => None,
                Reserved::Refused(refused) => Some(refused),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(cost(101, PRINCIPAL).await, Some(why), "more than a whole day's");
        assert_eq!(cost(60, PRINCIPAL).await, None);
        assert_eq!(cost(41, PRINCIPAL).await, Some(why), "one too many");
        assert_eq!(cost(40, PRINCIPAL).await, None, "to the last millionth");
        assert_eq!(cost(1, PRINCIPAL).await, Some(why));
        assert_eq!(cost(1, "key:two").await.is_none(), elsewhere, "{why:?}");
        bench.advance(DAY);
        assert_eq!(cost(100, PRINCIPAL).await, None);
    }
}

#[tokio::test]
async fn a_call_that_is_refused_takes_nothing() {
    let bench = Bench::new().await;
    let policy = DialPolicy {
        per_destination_per_day: Some(5),
        per_range_per_hour: Some(5),
        new_destinations_per_hour: Some(5),
        daily_spend_per_key: Micros::new(10),
        ..free()
    };
    let call = || call_to(&bench, "+96891234567", 11);
    for _ in 0..7 {
        let refused = reserve(&bench.store, call(), 1, &policy).await;
        assert!(matches!(refused, Reserved::Refused(PolicyRefusal::KeySpend)), "{refused:?}");
    }
    let day: String = bench.store.now().to_string().chars().take(10).collect();
    assert_eq!(bench.store.spend_of_day(&acme(), &day, None).await.unwrap(), 0);
    // Neither its slot nor any of its counts: five more times each.
    assert_eq!(dial(&bench, &policy, &["+96891234567"; 6]).await[..5], [None; 5]);
}

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_at_once_to_one_number_are_as_many_as_the_cap_says() {
    let bench = Bench::new().await;
    let outcomes = at_once(16, |_| {
        let (store, call) = (bench.store.clone(), draft(&bench, 1));
        async move {
            let policy = DialPolicy { per_destination_per_day: Some(5), ..free() };
            let to = call.to.clone();
            let with = Reservation { key: None, limit: 50, counts: DialCounts { policy: &policy, to: to.as_ref() } };
            // Whoever meets too many others is told to try again, and has taken nothing.
            loop {
                match store.call_reserve(call.clone(), &with).await {
                    Err(switchboard_store::StoreError::Contended { .. }) => {}
                    outcome => return outcome.unwrap(),
                }
            }
        }
    })
    .await;
    let admitted = outcomes.iter().filter(|outcome| matches!(outcome, Reserved::Now(_))).count();
    let refused =
        outcomes.iter().filter(|outcome| matches!(outcome, Reserved::Refused(PolicyRefusal::DestinationCap))).count();
    assert_eq!((admitted, refused), (5, 11));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_used_eight_times_at_once_has_one_call_and_another_body_is_a_mismatch() {
    let bench = Bench::new().await;
    let ask = |fingerprint: &'static str| {
        let (store, call) = (bench.store.clone(), draft(&bench, 1));
        async move {
            let (tenant, policy) = (acme(), free());
            let scope = IdempotencyScope { tenant: &tenant, principal: PRINCIPAL, route: "POST /api/calls", key: "k" };
            let counts = DialCounts { policy: &policy, to: call.to.as_ref() };
            let with = Reservation { key: Some(CallKey { scope, fingerprint }), limit: 1, counts };
            store.call_reserve(call.clone(), &with).await.unwrap()
        }
    };
    let outcomes = at_once(8, |_| ask("body")).await;
    let new: Vec<_> = outcomes.iter().filter(|outcome| matches!(outcome, Reserved::Now(_))).collect();
    let [Reserved::Now(call)] = new.as_slice() else { panic!("{outcomes:?}") };
    // There is one slot, and the call has it: the others are answered with the call all the same.
    let before = outcomes.iter().filter(|outcome| matches!(outcome, Reserved::Before(id) if *id == call.id)).count();
    assert_eq!(before, 7, "{outcomes:?}");
    assert!(matches!(ask("another").await, Reserved::Mismatch(id) if id == call.id));
}

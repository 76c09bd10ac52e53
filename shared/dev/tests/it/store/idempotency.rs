use std::time::Duration;

use switchboard_core::TenantId;
use switchboard_store::{Begun, FirstAnswer, IdempotencyScope, Store};

use super::{Bench, acme, at_once};

const LEASE: Duration = Duration::from_secs(35);

async fn begin(store: &Store, key: &str, fingerprint: &str) -> Begun {
    let tenant = acme();
    let scope = IdempotencyScope { tenant: &tenant, principal: "key:a", route: "POST /x", key };
    store.idempotency_begin(scope, fingerprint, LEASE).await.unwrap()
}

fn answer(body: &str) -> FirstAnswer {
    FirstAnswer { status: 201, body: body.to_owned() }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_sixty_four_requests_with_one_key_exactly_one_is_first() {
    let bench = Bench::new().await;
    let begun = at_once(64, |_| {
        let store = bench.store.clone();
        async move { begin(&store, "k", "f").await }
    })
    .await;
    let fresh = begun.iter().filter(|begun| matches!(begun, Begun::Fresh(_))).count();
    let waiting = begun.iter().filter(|begun| matches!(begun, Begun::InProgress(_))).count();
    assert_eq!((fresh, waiting), (1, 63));
}

#[tokio::test]
async fn a_first_answer_is_given_again_for_a_day_and_then_forgotten() {
    let bench = Bench::new().await;
    let Begun::Fresh(fence) = begin(&bench.store, "k", "f").await else { panic!("not first") };
    bench.store.idempotency_complete(&fence, &answer("a")).await.unwrap();
    bench.advance(Duration::from_secs(24 * 3_600 - 1));
    assert!(matches!(begin(&bench.store, "k", "f").await, Begun::Replay(kept) if kept == answer("a")));
    assert!(matches!(begin(&bench.store, "k", "other").await, Begun::Mismatch));
    bench.advance(Duration::from_secs(1));
    assert!(matches!(begin(&bench.store, "k", "other").await, Begun::Fresh(_)));
}

#[tokio::test]
async fn after_the_lease_of_a_crashed_first_another_takes_over_and_the_first_can_no_longer_answer() {
    let bench = Bench::new().await;
    let Begun::Fresh(crashed) = begin(&bench.store, "k", "f").await else { panic!("not first") };
    bench.advance(LEASE - Duration::from_millis(1));
    assert!(matches!(begin(&bench.store, "k", "f").await, Begun::InProgress(left) if left == Duration::from_millis(1)));
    bench.advance(Duration::from_millis(1));
    assert!(matches!(begin(&bench.store, "k", "other").await, Begun::Mismatch));
    let Begun::TakenOver(second) = begin(&bench.store, "k", "f").await else { panic!("no take-over") };
    bench.store.idempotency_complete(&crashed, &answer("crashed")).await.unwrap();
    bench.store.idempotency_release(&crashed).await.unwrap();
    assert!(matches!(begin(&bench.store, "k", "f").await, Begun::InProgress(_)));
    bench.store.idempotency_complete(&second, &answer("second")).await.unwrap();
    assert!(matches!(begin(&bench.store, "k", "f").await, Begun::Replay(kept) if kept == answer("second")));
}

#[tokio::test]
async fn a_released_key_can_be_used_at_once_even_with_another_body() {
    let bench = Bench::new().await;
    let Begun::Fresh(fence) = begin(&bench.store, "k", "f").await else { panic!("not first") };
    bench.store.idempotency_release(&fence).await.unwrap();
    assert!(matches!(begin(&bench.store, "k", "other").await, Begun::Fresh(_)));
}

#[tokio::test]
async fn a_key_means_nothing_outside_its_tenant_principal_and_route() {
    let bench = Bench::new().await;
    assert!(matches!(begin(&bench.store, "k", "f").await, Begun::Fresh(_)));
    let (own, other) = (acme(), TenantId::parse("other").unwrap());
    for (tenant, principal, route) in
        [(&other, "key:a", "POST /x"), (&own, "key:b", "POST /x"), (&own, "key:a", "POST /y")]
    {
        let scope = IdempotencyScope { tenant, principal, route, key: "k" };
        assert!(matches!(bench.store.idempotency_begin(scope, "g", LEASE).await.unwrap(), Begun::Fresh(_)));
    }
}

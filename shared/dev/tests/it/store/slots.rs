use std::time::Duration;

use switchboard_core::{EndedBy, TenantId};
use switchboard_store::{Opened, StoreError};

use super::{Bench, TIMEOUT, acme, at_once};

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_at_once_get_exactly_the_fifty_slots_there_are() {
    let bench = Bench::new().await;
    let opened = at_once(64, |_| {
        let (store, draft) = (bench.store.clone(), bench.draft(&acme()));
        async move { store.session_open(draft, 50).await.unwrap() }
    })
    .await;
    let slots: std::collections::BTreeSet<u32> = opened
        .iter()
        .filter_map(|opened| match opened {
            Opened::Reserved(session) => Some(session.slot),
            Opened::Full => None,
        })
        .collect();
    let full = opened.iter().filter(|opened| matches!(opened, Opened::Full)).count();
    assert_eq!((slots.len(), full), (50, 14));
}

#[tokio::test]
async fn a_reservation_that_nobody_completes_lapses_within_a_minute() {
    let bench = Bench::new().await;
    let reserved = bench.store.session_open(bench.draft(&acme()), 1).await.unwrap();
    assert!(matches!(reserved, Opened::Reserved(_)));
    assert!(matches!(bench.store.session_open(bench.draft(&acme()), 1).await.unwrap(), Opened::Full));
    bench.advance(Duration::from_secs(60));
    let Opened::Reserved(second) = bench.store.session_open(bench.draft(&acme()), 1).await.unwrap() else {
        panic!("the slot did not lapse")
    };
    // Should the first one wake up after all, it finds that its time is over, and takes nothing from the second.
    let Opened::Reserved(first) = reserved else { unreachable!() };
    let expires_at = bench.store.now().plus(TIMEOUT);
    let late = bench.store.session_activate(*first.clone(), first.context.clone(), expires_at).await;
    assert!(matches!(late, Err(StoreError::Contended { .. })), "{late:?}");
    bench.activate(*second).await;
}

#[tokio::test]
async fn a_reservation_that_is_taken_back_leaves_nothing() {
    let bench = Bench::new().await;
    let Opened::Reserved(reserved) = bench.store.session_open(bench.draft(&acme()), 1).await.unwrap() else {
        panic!("no slot")
    };
    bench.store.session_abandon(&reserved).await.unwrap();
    assert_eq!(bench.store.session_fetch(&acme(), reserved.id).await.unwrap(), None);
    assert!(matches!(bench.store.session_open(bench.draft(&acme()), 1).await.unwrap(), Opened::Reserved(_)));
}

#[tokio::test]
async fn a_slot_is_free_once_its_session_was_ended_or_has_timed_out_and_not_before() {
    let bench = Bench::new().await;
    let ended = bench.session(&acme()).await;
    let full = || async { matches!(bench.store.session_open(bench.draft(&acme()), 1).await.unwrap(), Opened::Full) };
    assert!(full().await);
    bench.store.session_end(&ended, EndedBy::Request, bench.store.now()).await.unwrap();
    bench.session(&acme()).await;
    bench.advance(TIMEOUT - Duration::from_millis(1));
    assert!(full().await);
    bench.advance(Duration::from_millis(1));
    assert!(!full().await);
}

#[tokio::test]
async fn one_tenants_sessions_take_no_slot_of_another() {
    let bench = Bench::new().await;
    bench.session(&acme()).await;
    let other = TenantId::parse("other").unwrap();
    assert!(matches!(bench.store.session_open(bench.draft(&other), 1).await.unwrap(), Opened::Reserved(_)));
}

#[tokio::test]
async fn sessions_beyond_a_limit_that_was_lowered_still_count() {
    let bench = Bench::new().await;
    for _ in 0..3 {
        let opened = bench.store.session_open(bench.draft(&acme()), 30).await.unwrap();
        let Opened::Reserved(session) = opened else { panic!("no slot") };
        bench.activate(*session).await;
    }
    // Wherever among the thirty they are.
    assert!(matches!(bench.store.session_open(bench.draft(&acme()), 3).await.unwrap(), Opened::Full));
    assert!(matches!(bench.store.session_open(bench.draft(&acme()), 4).await.unwrap(), Opened::Reserved(_)));
}

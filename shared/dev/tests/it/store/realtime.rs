//! Realtime calls in the table: what a person and a tenant may have, and leases that are renewed.

use std::time::Duration;

use switchboard_core::{Call, EndingBy, HANG_UP_WITHIN, LEASE, Lease, NotRenewed, ProviderId, TenantId};
use switchboard_store::{Change, Changed, RealtimeQuota, RealtimeRefusal, RealtimeReserved, Renewed, Store};

use super::{Bench, acme, at_once};
use crate::made_calls;

const QUOTA: RealtimeQuota =
    RealtimeQuota { calls_per_user: 2, calls_per_tenant: 3, secs_per_user: 600, secs_per_tenant: 900 };

/// A call of a person of acme's, not kept yet, that may last ten minutes.
fn draft(bench: &Bench, user: &str) -> Call {
    let now = bench.store.now();
    let mut call = made_calls::reserved("acme", ProviderId::Openai, now);
    call.to = None;
    call.lease = Some(Lease {
        generation: 1,
        expires_at: now.plus(LEASE),
        holder: "key:one".to_owned(),
        user: user.to_owned(),
        day: now.to_string().chars().take(10).collect(),
        counted_secs: 60,
        slot: 0,
    });
    call
}

async fn open(bench: &Bench, user: &str) -> Result<Call, RealtimeRefusal> {
    opened(bench.store.clone(), draft(bench, user)).await
}

async fn opened(store: Store, call: Call) -> Result<Call, RealtimeRefusal> {
    match store.realtime_reserve(call, &QUOTA).await.unwrap() {
        RealtimeReserved::Now(call) => Ok(made_calls::answered(*call)),
        RealtimeReserved::Refused(refused) => Err(refused),
    }
}

/// A call that is up.
async fn up(bench: &Bench, user: &str) -> Call {
    let answered = open(bench, user).await.unwrap();
    change(&bench.store, answered.id, |call| *call = answered.clone()).await
}

async fn change(store: &Store, id: switchboard_core::CallId, change: impl Fn(&mut Call) + Send + Sync) -> Call {
    let changed = store.call_change(id, |call| {
        let version = call.version;
        change(call);
        call.version = version;
        Some(Change::default())
    });
    match changed.await.unwrap() {
        Changed::Done(call) => *call,
        other => panic!("{other:?}"),
    }
}

async fn over(bench: &Bench, call: &Call, after: Duration) -> Call {
    let (at, leg) = (call.answered_at().unwrap().plus(after), call.legs[0].id);
    let mut said = made_calls::said("hang_up");
    said.end = Some(switchboard_core::EndClaim::new(switchboard_core::EndReason::Completed, ""));
    said.ended_at = Some(at);
    change(&bench.store, call.id, |call| {
        let _ = call.observe(leg, &said, at);
    })
    .await
}

async fn secs(bench: &Bench, user: Option<&str>) -> u32 {
    let day = bench.store.now().to_string().chars().take(10).collect::<String>();
    bench.store.realtime_secs(&acme(), &day, user).await.unwrap()
}

#[tokio::test]
async fn of_many_at_once_a_person_and_a_tenant_get_exactly_what_they_may_have() {
    let bench = Bench::new().await;
    let opened = at_once(24, |_| opened(bench.store.clone(), draft(&bench, "ada"))).await;
    assert_eq!(opened.iter().filter(|opened| opened.is_ok()).count(), 2);
    assert!(
        opened.iter().flat_map(|opened| opened.as_ref().err()).all(|refused| *refused == RealtimeRefusal::UserCalls)
    );
    assert!(open(&bench, "bob").await.is_ok(), "another person has slots of their own");
    assert_eq!(open(&bench, "eve").await.unwrap_err(), RealtimeRefusal::TenantCalls);
    let other = TenantId::parse("other").unwrap();
    let call = Call { tenant: other, ..draft(&bench, "ada") };
    let opened = bench.store.realtime_reserve(call, &QUOTA).await.unwrap();
    assert!(matches!(opened, RealtimeReserved::Now(_)), "another tenant's person is somebody else");
}

#[tokio::test]
async fn a_call_that_is_over_gives_back_its_slots_and_the_minutes_that_it_did_not_use() {
    let bench = Bench::new().await;
    let call = up(&bench, "ada").await;
    let _second = up(&bench, "ada").await;
    assert_eq!((secs(&bench, Some("ada")).await, secs(&bench, None).await), (120, 120));
    assert_eq!(open(&bench, "ada").await.unwrap_err(), RealtimeRefusal::UserCalls);
    over(&bench, &call, Duration::from_secs(25)).await;
    assert_eq!((secs(&bench, Some("ada")).await, secs(&bench, None).await), (85, 85));
    assert!(open(&bench, "ada").await.is_ok());
}

#[tokio::test]
async fn a_lease_is_renewed_by_the_secret_that_counts_and_by_no_other_of_those_who_come_at_once() {
    let bench = Bench::new().await;
    let call = up(&bench, "ada").await;
    bench.clock.advance(Duration::from_secs(20));
    let renewed = at_once(12, |_| {
        let (store, call) = (bench.store.clone(), call.clone());
        async move { store.realtime_renew(call, 1, &QUOTA).await }
    })
    .await;
    let renewed: Vec<Renewed> = renewed.into_iter().map(Result::unwrap).collect();
    let done = renewed.iter().filter(|renewed| matches!(renewed, Renewed::Done(_))).count();
    let used = renewed.iter().filter(|renewed| matches!(renewed, Renewed::Not(NotRenewed::Used))).count();
    assert_eq!((done, used), (1, 11));
    assert_eq!(secs(&bench, Some("ada")).await, 80, "twenty seconds more were granted, once");
    bench.clock.advance(LEASE);
    let late = bench.store.realtime_renew(call.clone(), 2, &QUOTA).await.unwrap();
    assert!(matches!(late, Renewed::Not(NotRenewed::Expired)), "{late:?}");
}

#[tokio::test]
async fn a_lease_never_passes_the_deadline_and_is_not_renewed_once_an_end_was_asked_for() {
    let bench = Bench::new().await;
    let mut call = up(&bench, "ada").await;
    for generation in 1.. {
        bench.clock.advance(Duration::from_secs(50));
        match bench.store.realtime_renew(call.clone(), generation, &QUOTA).await.unwrap() {
            Renewed::Done(renewed) => call = *renewed,
            Renewed::Not(why) => {
                assert_eq!(why, NotRenewed::Expired);
                break;
            }
            Renewed::Refused(refused) => panic!("{refused:?}"),
        }
        assert!(call.must_end_at().plus(HANG_UP_WITHIN) <= call.deadline_at, "there is time left to hang up");
    }
    assert!(bench.store.now().plus(HANG_UP_WITHIN) >= call.deadline_at, "it was kept up for as long as that");
    assert_eq!(secs(&bench, Some("ada")).await, 510);

    let asked = up(&bench, "bob").await;
    let asked = change(&bench.store, asked.id, |call| call.ask_to_end(EndingBy::Request, call.created_at)).await;
    let renewed = bench.store.realtime_renew(asked, 1, &QUOTA).await.unwrap();
    assert!(matches!(renewed, Renewed::Not(NotRenewed::Ended)), "{renewed:?}");
}

#[tokio::test]
async fn minutes_are_those_of_a_day_of_a_person_and_of_all_persons() {
    let bench = Bench::new().await;
    let scarce = RealtimeQuota { secs_per_user: 100, secs_per_tenant: 130, ..QUOTA };
    let open = |user: &'static str| bench.store.realtime_reserve(draft(&bench, user), &scarce);
    let RealtimeReserved::Now(call) = open("ada").await.unwrap() else { panic!("refused") };
    let second = open("ada").await.unwrap();
    assert!(matches!(second, RealtimeReserved::Refused(RealtimeRefusal::UserMinutes)), "{second:?}");
    assert!(matches!(open("bob").await.unwrap(), RealtimeReserved::Now(_)));
    let answered = made_calls::answered(*call);
    let call = change(&bench.store, answered.id, |call| *call = answered.clone()).await;
    bench.clock.advance(Duration::from_secs(20));
    let renewed = bench.store.realtime_renew(call, 1, &scarce).await.unwrap();
    assert!(matches!(renewed, Renewed::Refused(RealtimeRefusal::TenantMinutes)), "{renewed:?}");
    bench.clock.advance(Duration::from_secs(24 * 60 * 60));
    assert!(matches!(open("ada").await.unwrap(), RealtimeReserved::Now(_)), "the next day begins anew");
}

#[tokio::test]
async fn so_many_credentials_a_day_and_those_that_were_not_made_do_not_count() {
    let bench = Bench::new().await;
    let taken = at_once(12, |_| {
        let store = bench.store.clone();
        async move { store.realtime_token_take(&acme(), "ada", 5).await }
    })
    .await;
    assert_eq!(taken.into_iter().filter(|taken| *taken.as_ref().unwrap()).count(), 5);
    bench.store.realtime_token_give_back(&acme(), "ada").await.unwrap();
    assert!(bench.store.realtime_token_take(&acme(), "ada", 5).await.unwrap());
    assert!(!bench.store.realtime_token_take(&acme(), "ada", 5).await.unwrap());
    assert!(bench.store.realtime_token_take(&acme(), "bob", 5).await.unwrap());
    bench.store.realtime_token_give_back(&acme(), "nobody").await.unwrap();
    bench.clock.advance(Duration::from_secs(24 * 60 * 60));
    assert!(bench.store.realtime_token_take(&acme(), "ada", 5).await.unwrap());
}

#[tokio::test]
async fn a_chat_session_is_its_tenants() {
    let bench = Bench::new().await;
    bench.store.chat_session_put("cksess_1", &acme()).await.unwrap();
    assert_eq!(bench.store.chat_session_tenant("cksess_1").await.unwrap(), Some(acme()));
    assert_eq!(bench.store.chat_session_tenant("cksess_2").await.unwrap(), None);
}

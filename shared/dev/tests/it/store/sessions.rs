use std::time::Duration;

use serde_json::{Map, json};
use switchboard_core::{Context, EndedBy, SessionState, TenantId};
use switchboard_store::{Ended, Opened, StoreError};

use super::{Bench, TIMEOUT, acme, at_once};

#[tokio::test]
async fn a_session_is_read_back_as_it_was_written_by_its_own_tenant_only() {
    let bench = Bench::new().await;
    let mut draft = bench.draft(&acme());
    draft.context = Context::new(Map::from_iter([("k".to_owned(), json!({"deep": [1, "ü", null]}))])).unwrap();
    draft.language = Some("ar".to_owned());
    let Opened::Reserved(reserved) = bench.store.session_open(draft, 50).await.unwrap() else { panic!("no slot") };
    let context = reserved.context.clone();
    let expires_at = bench.store.now().plus(TIMEOUT);
    let active = bench.store.session_activate(*reserved, context, expires_at).await.unwrap();
    assert_eq!(bench.store.session_fetch(&acme(), active.id).await.unwrap().as_ref(), Some(&active));
    let other = TenantId::parse("other").unwrap();
    assert_eq!(bench.store.session_fetch(&other, active.id).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_ended_once_however_many_ask() {
    let bench = Bench::new().await;
    let session = bench.session(&acme()).await;
    let outcomes = at_once(16, |number| {
        let (store, session) = (bench.store.clone(), session.clone());
        let at = store.now().plus(Duration::from_secs(number as u64));
        async move { store.session_end(&session, EndedBy::Request, at).await.unwrap() }
    })
    .await;
    let mut ended_now = 0;
    let mut times = std::collections::BTreeSet::new();
    for outcome in outcomes {
        let (Ended::Now(session) | Ended::Before(session)) = &outcome;
        assert_eq!(session.state, SessionState::Ended);
        times.insert(session.ended_at.unwrap());
        ended_now += usize::from(matches!(outcome, Ended::Now(_)));
    }
    assert_eq!((ended_now, times.len()), (1, 1));
}

#[tokio::test]
async fn ending_a_session_that_has_timed_out_takes_nothing_from_whoever_has_its_slot_now() {
    let bench = Bench::new().await;
    let old = bench.session(&acme()).await;
    bench.advance(TIMEOUT);
    let Opened::Reserved(heir) = bench.store.session_open(bench.draft(&acme()), 1).await.unwrap() else {
        panic!("no slot")
    };
    assert_eq!(heir.slot, old.slot);
    let heir = bench.activate(*heir).await;
    let ended = bench.store.session_end(&old, EndedBy::Request, old.expires_at).await.unwrap();
    assert!(matches!(ended, Ended::Now(_)));
    assert!(matches!(bench.store.session_open(bench.draft(&acme()), 1).await.unwrap(), Opened::Full));
    assert!(bench.store.session_fetch(&acme(), heir.id).await.unwrap().unwrap().usable(bench.store.now()).is_ok());
}

#[tokio::test]
async fn of_two_contexts_based_on_the_same_version_only_one_is_kept() {
    let bench = Bench::new().await;
    let session = bench.session(&acme()).await;
    let context = |n: u32| Context::new(Map::from_iter([("n".to_owned(), json!(n))])).unwrap();
    let changed = bench.store.session_set_context(&session, context(1)).await.unwrap();
    let late = bench.store.session_set_context(&session, context(2)).await;
    assert!(matches!(late, Err(StoreError::Contended { .. })), "{late:?}");
    assert_eq!(bench.store.session_fetch(&acme(), session.id).await.unwrap().unwrap(), changed);
}

#[tokio::test]
async fn an_ended_session_takes_no_other_context() {
    let bench = Bench::new().await;
    let session = bench.session(&acme()).await;
    bench.store.session_end(&session, EndedBy::Request, bench.store.now()).await.unwrap();
    let ended = bench.store.session_fetch(&acme(), session.id).await.unwrap().unwrap();
    let change = bench.store.session_set_context(&ended, Context::default()).await;
    assert!(matches!(change, Err(StoreError::Contended { .. })), "{change:?}");
}

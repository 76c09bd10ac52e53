use std::time::Duration;

use switchboard_core::{EndedBy, EventId, Personal, Session, SessionError, SessionState};
use switchboard_store::{Delivery, DeliveryBody, Journaled, Opened, Rejection, SessionChange, Store};

use super::{Bench, TIMEOUT, acme, at_once};

async fn deliver(store: &Store, replay_key: &str, change: SessionChange<'_>) -> Journaled {
    let now = store.now();
    let delivery = Delivery {
        event_id: EventId::generate(now),
        sender: "omi",
        replay_key,
        kind: "session.ended",
        session: None,
        body: DeliveryBody::Inline("{}"),
        received_at: now,
    };
    store.delivery_journal(&delivery, &change).await.unwrap()
}

async fn state(bench: &Bench, session: &Session) -> Session {
    bench.store.session_fetch(&acme(), session.id).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_that_comes_eight_times_at_once_is_new_once_and_applied_once() {
    let bench = Bench::new().await;
    let session = bench.session(&acme()).await;
    let outcomes = at_once(8, |_| {
        let (store, session) = (bench.store.clone(), session.clone());
        async move {
            let at = store.now();
            deliver(&store, "msg_1", SessionChange::End { session: &session, at }).await
        }
    })
    .await;
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Journaled::New).count(), 1);
    let ended = state(&bench, &session).await;
    assert_eq!((ended.state, ended.ended_by), (SessionState::Ended, Some(EndedBy::Provider)));
    assert_eq!(ended.version, session.version + 1);
    assert!(matches!(bench.store.session_open(bench.draft(&acme()), 1).await.unwrap(), Opened::Reserved(_)));
}

#[tokio::test]
async fn an_end_that_comes_after_another_end_is_kept_and_changes_nothing() {
    let bench = Bench::new().await;
    let session = bench.session(&acme()).await;
    bench.store.session_end(&session, EndedBy::Request, bench.store.now()).await.unwrap();
    let before = state(&bench, &session).await;
    bench.advance(Duration::from_secs(5));
    let at = bench.store.now();
    assert_eq!(deliver(&bench.store, "m", SessionChange::End { session: &session, at }).await, Journaled::New);
    assert_eq!(deliver(&bench.store, "m", SessionChange::None).await, Journaled::Duplicate);
    assert_eq!(state(&bench, &session).await, before);
}

#[tokio::test]
async fn an_end_is_applied_even_if_the_sessions_slot_has_passed_on() {
    let bench = Bench::new().await;
    let session = bench.session(&acme()).await;
    bench.advance(TIMEOUT);
    let Opened::Reserved(heir) = bench.store.session_open(bench.draft(&acme()), 1).await.unwrap() else {
        panic!("no slot")
    };
    let heir = bench.activate(*heir).await;
    let at = bench.store.now();
    assert_eq!(deliver(&bench.store, "m", SessionChange::End { session: &session, at }).await, Journaled::New);
    assert_eq!(state(&bench, &session).await.state, SessionState::Ended);
    assert_eq!(state(&bench, &heir).await.state, SessionState::Active);
    assert!(matches!(bench.store.session_open(bench.draft(&acme()), 1).await.unwrap(), Opened::Full));
}

#[tokio::test]
async fn an_error_is_seen_on_its_session_and_a_later_one_replaces_it() {
    let bench = Bench::new().await;
    let session = bench.session(&acme()).await;
    for (key, code) in [("m1", "first"), ("m2", "second")] {
        let error = SessionError { code: code.to_owned(), message: Personal::new("words"), at: bench.store.now() };
        deliver(&bench.store, key, SessionChange::Error { session: &session, error: error.clone() }).await;
        assert_eq!(state(&bench, &session).await.last_error, Some(error));
    }
}

#[tokio::test]
async fn a_rejection_can_be_explained_for_a_week() {
    let bench = Bench::new().await;
    let rejection = Rejection {
        request_id: "r1".to_owned(),
        sender: "omi".to_owned(),
        cause: "signature_mismatch".to_owned(),
        explanation: "words".to_owned(),
        at: bench.store.now(),
        evidence: [("bodyBytes".to_owned(), "7".to_owned())].into(),
    };
    bench.store.rejection_record(&rejection).await.unwrap();
    assert_eq!(bench.store.rejection_fetch("r1").await.unwrap(), Some(rejection));
    assert_eq!(bench.store.rejection_fetch("r2").await.unwrap(), None);
    bench.advance(Duration::from_secs(7 * 24 * 3_600));
    assert_eq!(bench.store.rejection_fetch("r1").await.unwrap(), None);
}

#[tokio::test]
async fn of_a_flood_of_rejections_only_samples_are_described() {
    let bench = Bench::new().await;
    let mut described = 0;
    for number in 0..1_210 {
        let request_id = format!("r{number}");
        let rejection = Rejection {
            request_id: request_id.clone(),
            sender: "omi".to_owned(),
            cause: "c".to_owned(),
            explanation: String::new(),
            at: bench.store.now(),
            evidence: std::collections::BTreeMap::new(),
        };
        bench.store.rejection_record(&rejection).await.unwrap();
        if number >= 990 {
            described += usize::from(bench.store.rejection_fetch(&request_id).await.unwrap().is_some());
        }
    }
    // Numbers 991 to 1 000, and then 1 100 and 1 200.
    assert_eq!(described, 12);
}

use std::time::Duration;

use serde_json::{Map, Value, json};
use switchboard_core::{EndedBy, Personal, Role, Session, SessionState, Turn, TurnId};
use switchboard_store::{Opened, Store};

use super::{Bench, TIMEOUT, acme, at_once};

fn exchange(store: &Store, said: &str) -> [Turn; 2] {
    let (turn_id, at) = (TurnId::generate(store.now()), store.now());
    [(Role::User, said.to_owned()), (Role::Agent, format!("re: {said}"))].map(|(role, text)| Turn {
        turn_id,
        role,
        text: Personal::new(text),
        at,
    })
}

fn patch(key: &str, value: Value) -> Map<String, Value> {
    Map::from_iter([(key.to_owned(), value)])
}

async fn fetched(bench: &Bench, session: &Session) -> Session {
    bench.store.session_fetch(&acme(), session.id).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn turns_at_the_same_moment_lose_nothing_of_each_other() {
    let bench = Bench::new().await;
    let session = bench.session(&acme()).await;
    let recorded = at_once(4, |number| {
        let (store, session) = (bench.store.clone(), session.clone());
        async move {
            let turns = exchange(&store, &number.to_string());
            let expires_at = store.now().plus(TIMEOUT);
            store.turn_record(&session, &turns, &patch(&format!("k{number}"), json!(number)), expires_at).await.unwrap()
        }
    })
    .await;
    assert!(recorded.iter().all(|recorded| recorded.context_applied));
    assert_eq!(fetched(&bench, &session).await.context.as_object().len(), 4);
    assert_eq!(bench.store.turn_list(session.id, 100, None).await.unwrap().turns.len(), 8);
}

#[tokio::test]
async fn a_turn_that_comes_back_after_the_end_is_kept_and_reopens_nothing() {
    let bench = Bench::new().await;
    let session = bench.session(&acme()).await;
    bench.store.session_end(&session, EndedBy::Provider, bench.store.now()).await.unwrap();
    let expires_at = bench.store.now().plus(TIMEOUT);
    let turns = exchange(&bench.store, "late");
    let recorded = bench.store.turn_record(&session, &turns, &patch("k", json!(1)), expires_at).await.unwrap();
    assert!(!recorded.context_applied);
    let session = fetched(&bench, &session).await;
    assert_eq!((session.state, session.context.as_object().len()), (SessionState::Ended, 0));
    assert_eq!(bench.store.turn_list(session.id, 100, None).await.unwrap().turns.len(), 2);
    // Nor does it take a slot.
    assert!(matches!(bench.store.session_open(bench.draft(&acme()), 1).await.unwrap(), Opened::Reserved(_)));
}

#[tokio::test]
async fn a_turn_that_comes_back_after_its_slot_passed_on_does_not_make_one_session_too_many() {
    let bench = Bench::new().await;
    let session = bench.session(&acme()).await;
    bench.advance(TIMEOUT);
    let Opened::Reserved(heir) = bench.store.session_open(bench.draft(&acme()), 1).await.unwrap() else {
        panic!("no slot")
    };
    bench.activate(*heir).await;
    let turns = exchange(&bench.store, "slow");
    let expires_at = bench.store.now().plus(TIMEOUT);
    bench.store.turn_record(&session, &turns, &Map::new(), expires_at).await.unwrap();
    assert!(fetched(&bench, &session).await.usable(bench.store.now()).is_err());
    assert_eq!(bench.store.turn_list(session.id, 100, None).await.unwrap().turns.len(), 2);
}

#[tokio::test]
async fn a_turn_moves_the_timeout_of_session_and_slot_forward_never_back() {
    let bench = Bench::new().await;
    let session = bench.session(&acme()).await;
    bench.advance(Duration::from_secs(60));
    let later = bench.store.now().plus(TIMEOUT);
    let turns = exchange(&bench.store, "a");
    bench.store.turn_record(&session, &turns, &Map::new(), later).await.unwrap();
    let session = fetched(&bench, &session).await;
    assert_eq!(session.expires_at, later);
    let turns = exchange(&bench.store, "b");
    bench.store.turn_record(&session, &turns, &Map::new(), later.minus(Duration::from_secs(30))).await.unwrap();
    assert_eq!(fetched(&bench, &session).await.expires_at, later);
    bench.advance(TIMEOUT - Duration::from_millis(1));
    assert!(matches!(bench.store.session_open(bench.draft(&acme()), 1).await.unwrap(), Opened::Full));
}

#[tokio::test]
async fn a_context_that_would_grow_too_large_stays_as_it_is_and_the_turn_is_kept() {
    let bench = Bench::new().await;
    let session = bench.session(&acme()).await;
    let huge = patch("k", json!("x".repeat(40_000)));
    let turns = exchange(&bench.store, "a");
    let expires_at = bench.store.now().plus(TIMEOUT);
    let recorded = bench.store.turn_record(&session, &turns, &huge, expires_at).await.unwrap();
    assert!(!recorded.context_applied && recorded.context.as_object().is_empty());
    assert_eq!(bench.store.turn_list(session.id, 100, None).await.unwrap().turns.len(), 2);
}

#[tokio::test]
async fn pages_of_any_size_add_up_to_the_whole_history_in_order() {
    let bench = Bench::new().await;
    let session = bench.session(&acme()).await;
    for number in 0..7 {
        bench.advance(Duration::from_millis(1));
        let turns = exchange(&bench.store, &number.to_string());
        let session = fetched(&bench, &session).await;
        bench.store.turn_record(&session, &turns, &Map::new(), session.expires_at).await.unwrap();
    }
    let whole = bench.store.turn_list(session.id, 100, None).await.unwrap();
    assert_eq!((whole.turns.len(), whole.next), (14, None));
    for size in [1, 3, 13, 14] {
        let (mut after, mut turns) = (None, Vec::new());
        loop {
            let page = bench.store.turn_list(session.id, size, after.as_deref()).await.unwrap();
            assert!(page.turns.len() <= usize::from(size));
            turns.extend(page.turns);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(turns, whole.turns, "pages of {size}");
    }
}

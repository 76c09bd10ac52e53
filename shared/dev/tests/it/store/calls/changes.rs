use switchboard_core::{Entry, EventId, Source};
use switchboard_store::{CallWrite, Change, Changed, Part, Written};

use super::{Bench, answered, at_once, delivery, draft, heard, reserved};
use crate::made_calls;

#[tokio::test]
async fn of_two_that_have_read_the_same_version_only_the_first_writes() {
    let bench = Bench::new().await;
    let read = reserved(&bench, 5).await;
    let write = || CallWrite { before: Some(&read), ..CallWrite::default() };
    let Written::Done(first) = bench.store.call_write(read.clone(), &write()).await.unwrap() else {
        panic!("nobody was in its way")
    };
    assert_eq!(first.version, read.version + 1);
    let second = bench.store.call_write(read.clone(), &write()).await.unwrap();
    assert!(matches!(second, Written::Refused(Part::Call)), "{second:?}");
    let again = bench.store.call_write(read.clone(), &CallWrite::default()).await.unwrap();
    assert!(matches!(again, Written::Refused(_)), "a new call is not written over one that is there: {again:?}");
    assert_eq!(bench.store.call_fetch_any(read.id).await.unwrap().as_ref(), Some(&*first));
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_that_change_a_call_at_once_have_all_changed_it_and_the_timeline_has_every_one() {
    let bench = Bench::new().await;
    let call = reserved(&bench, 5).await;
    at_once(8, |number| {
        let (store, id) = (bench.store.clone(), call.id);
        async move {
            let now = store.now();
            let entry = Entry {
                event_id: EventId::generate(now),
                at: None,
                received_at: now,
                source: Source::Presumption,
                provider: None,
                leg_id: None,
                kind: format!("writer {number}"),
                applied: true,
                note: None,
            };
            let change = |_: &mut _| Some(Change { entries: vec![entry.clone()], ..Change::default() });
            assert!(matches!(store.call_change(id, change).await.unwrap(), Changed::Done(_)));
        }
    })
    .await;
    let after = bench.store.call_fetch_any(call.id).await.unwrap().unwrap();
    assert_eq!(after.version, call.version + 8);
    let said = bench.store.call_entries(call.id, None, 100).await.unwrap().entries;
    let mut kinds: Vec<&str> = said.iter().map(|entry| entry.kind.as_str()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, (0..8).map(|number| format!("writer {number}")).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_that_comes_eight_times_at_once_is_taken_down_once() {
    let bench = Bench::new().await;
    let call = answered(&bench.store, &reserved(&bench, 5).await).await;
    let outcomes = at_once(8, |_| {
        let (store, call) = (bench.store.clone(), call.clone());
        async move {
            let now = store.now();
            let end = made_calls::end_after(&call, switchboard_core::EndReason::Completed, 20);
            let heard = heard(call.legs[0].id, &end, now);
            store.call_hear(call.id, None, heard, Some(&delivery("one", now)), None).await.unwrap()
        }
    })
    .await;
    let taken = outcomes.iter().filter(|outcome| matches!(outcome, Changed::Done(_))).count();
    let before = outcomes.iter().filter(|outcome| matches!(outcome, Changed::Duplicate)).count();
    assert_eq!((taken, before), (1, 7));
    let after = bench.store.call_fetch_any(call.id).await.unwrap().unwrap();
    assert_eq!((after.version, after.is_live()), (call.version + 1, false));
    assert_eq!(bench.store.call_entries(call.id, None, 100).await.unwrap().entries.len(), 1);
}

#[tokio::test]
async fn a_change_that_changes_nothing_is_not_written_and_one_of_nobodys_call_is_told() {
    let bench = Bench::new().await;
    let call = reserved(&bench, 5).await;
    let unchanged = bench.store.call_change(call.id, |_| None).await.unwrap();
    assert!(matches!(unchanged, Changed::Unchanged(_)), "{unchanged:?}");
    assert_eq!(bench.store.call_fetch_any(call.id).await.unwrap(), Some(call));
    let unknown = bench.store.call_change(draft(&bench, 1).id, |_| Some(Change::default())).await.unwrap();
    assert!(matches!(unknown, Changed::Unknown), "{unknown:?}");
}

#[tokio::test]
async fn a_long_transcript_is_kept_in_parts_and_read_as_one_and_a_fuller_one_takes_its_place() {
    let bench = Bench::new().await;
    let call = answered(&bench.store, &reserved(&bench, 5).await).await;
    for turns in [30, 45] {
        let whole = made_calls::transcript((0..turns).map(|at| format!("{at}{}", "x".repeat(15_000))));
        let mut said = made_calls::said("transcript");
        said.transcript = Some(switchboard_core::Artifact::Ready(whole.clone()));
        let heard = heard(call.legs[0].id, &said, bench.store.now());
        bench.store.call_hear(call.id, None, heard, None, None).await.unwrap();
        let after = bench.store.call_fetch_any(call.id).await.unwrap().unwrap();
        let outline = after.transcript().unwrap();
        assert_eq!(outline.turns, turns);
        let read = bench.store.call_transcript(call.id, &outline.fingerprint).await.unwrap();
        assert_eq!(read, whole.turns());
    }
}

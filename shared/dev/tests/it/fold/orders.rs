//! Every order of a recorded call, and every repetition in it.
//!
//! What is known after some of the words is a point, and hearing one more is a step. If all steps that lead to one point come to the
//! same bytes, so do all ways that lead there; so each step is taken once, and the ways are counted.

use switchboard_core::{Call, Evidence, LegId, Observation};

use super::*;

/// Nine words can be put in so many orders.
const ORDERS: u64 = 362_880;

/// What is known after a set of words.
struct Known<S> {
    state: S,
    bytes: String,
    /// In how many orders the words can have been said.
    orders: u64,
}

/// Takes every step, and answers the bytes at the end and how many ways lead there.
fn walk<S: Clone>(
    start: S,
    words: usize,
    hear: impl Fn(&S, usize) -> S,
    bytes: impl Fn(&S) -> String,
) -> (String, u64) {
    let mut known: Vec<Option<Known<S>>> = (0..1_usize << words).map(|_| None).collect();
    known[0] = Some(Known { bytes: bytes(&start), state: start, orders: 1 });
    for heard in 0..known.len() {
        for word in 0..words {
            let before = known[heard].as_ref().unwrap();
            let (state, orders) = (hear(&before.state, word), before.orders);
            let after = bytes(&state);
            if heard & (1 << word) != 0 {
                assert_eq!(after, before.bytes, "word {word} again after the words {heard:09b}");
                continue;
            }
            match &mut known[heard | (1 << word)] {
                Some(there) => {
                    assert_eq!(after, there.bytes, "word {word} after the words {heard:09b}");
                    there.orders += orders;
                }
                empty => *empty = Some(Known { state, bytes: after, orders }),
            }
        }
    }
    let end = known.pop().flatten().unwrap();
    (end.bytes, end.orders)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_order_of_a_recorded_call_with_any_repetition_comes_to_the_same_bytes() {
    let world = TestWorld::start().await;
    for Recorded { provider, words } in recorded(&world).await {
        let hear = |evidence: &Evidence, word: usize| evidence.with(&words[word].observation);
        let bytes = |evidence: &Evidence| serde_json::to_string(evidence).unwrap();
        let (end, orders) = walk(Evidence::default(), WORDS, hear, bytes);
        assert_eq!(orders, ORDERS, "{provider}");
        let straight = words.iter().fold(Evidence::default(), |evidence, word| evidence.with(&word.observation));
        assert_eq!(end, bytes(&straight), "{provider}");
        let kept: Evidence = serde_json::from_str(&end).unwrap();
        assert_eq!(kept, straight, "{provider}: what is kept is what was known");
    }
}

/// What an attempt may stand at when the first word about it is heard.
fn beginnings(provider: ProviderId) -> [Call; 4] {
    let now = start_time();
    let dialling = dialling(&[provider]);
    let leg = dialling.legs[0].id;
    let with = |change: fn(&mut Call, LegId)| {
        let mut call = dialling.clone();
        change(&mut call, leg);
        call
    };
    let bound = |call: &mut Call, leg: LegId| {
        call.bind(leg, Some("name"), &Observation::new(switchboard_core::Source::ProviderApi, "place"), start_time());
    };
    let lost = |call: &mut Call, leg: LegId| call.outcome_lost(leg, "the answer", start_time());
    let denied = |call: &mut Call, leg: LegId| {
        call.not_dialled(leg, switchboard_core::EndReason::NotDialled, "not among the records", start_time());
    };
    assert_eq!(dialling.created_at, now);
    [dialling.clone(), with(bound), with(lost), with(denied)]
}

#[tokio::test(flavor = "multi_thread")]
async fn the_call_is_the_same_too_whatever_we_believed_of_its_attempt() {
    let world = TestWorld::start().await;
    for Recorded { provider, words } in recorded(&world).await {
        let mut ends = Vec::new();
        for beginning in beginnings(provider) {
            let leg = beginning.legs[0].id;
            let hear = |call: &Call, word: usize| {
                let mut call = call.clone();
                call.observe(leg, &words[word].observation, start_time());
                call
            };
            let (_, orders) = walk(beginning.clone(), WORDS, hear, record_of);
            assert_eq!(orders, ORDERS, "{provider}");
            let end = (0..WORDS).fold(beginning, |call, word| hear(&call, word));
            ends.push((end.phase(), end.end(), end.duration_secs(), end.cost(), end.slot.is_some()));
        }
        // Whether it was bound, lost or thought never to have been dialled: what others saw decides.
        assert!(ends.iter().all(|end| *end == ends[0]), "{provider}: {ends:?}");
        assert_eq!(ends[0].0, switchboard_core::Phase::Ended, "{provider}");
        assert_eq!(ends[0].2, Some(20), "{provider}");
    }
}

#[test]
fn the_walk_finds_a_fold_that_depends_on_the_order() {
    let last = |_: &usize, word: usize| word;
    let found = std::panic::catch_unwind(|| walk(9, 3, last, usize::to_string));
    assert!(found.is_err());
    let (_, orders) = walk(0_usize, 4, |heard, word| heard | (1 << word), usize::to_string);
    assert_eq!(orders, 24);
}

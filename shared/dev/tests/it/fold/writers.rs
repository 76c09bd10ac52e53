//! A sample of the orders through the real store, by eight writers at once: deliveries in their transactions, reads beside them, some
//! of both twice.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use switchboard_core::{Artifact, EventId, Transcript, TranscriptOutline};
use switchboard_store::{CallWrite, Changed, Delivery, DeliveryBody, Heard, Store, StoreError, Written};

use super::*;

/// Who is told of one call at the same moment.
const WRITERS: usize = 8;
/// Orders in the default suite, over all providers. `SWITCHBOARD_TEST_ORDERS` sets another number.
const ORDERS: u64 = 30;
/// Words of each order that are said twice.
const REPEATED: usize = 3;

/// How many orders are taken of each provider's call.
#[expect(clippy::disallowed_methods, reason = "the size of a test is no setting of a function")]
fn orders() -> u64 {
    let wanted = std::env::var("SWITCHBOARD_TEST_ORDERS").map_or(ORDERS, |orders| orders.parse().unwrap());
    wanted.div_ceil(3)
}

/// Numbers that look like chance and are the same in every run (SplitMix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % u64::try_from(bound).unwrap()).unwrap()
    }

    /// An order of the words, some of them twice.
    fn order(&mut self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..WORDS).collect();
        order.extend((0..REPEATED).map(|_| self.below(WORDS)));
        for last in (1..order.len()).rev() {
            order.swap(last, self.below(last + 1));
        }
        order
    }
}

/// Says one word to the store, again and again until it is taken, as a sender would.
async fn say(store: &Store, call: &Call, words: &[Word], word: usize) -> bool {
    let now = start_time();
    let (said, replay_key) = (&words[word], format!("{} {word}", call.id));
    let event = EventId::generate(now);
    let delivery = Delivery {
        event_id: event,
        sender: "test",
        replay_key: &replay_key,
        kind: &said.observation.kind,
        session: None,
        body: DeliveryBody::Inline("{}"),
        received_at: now,
    };
    let heard =
        Heard { leg: call.legs[0].id, observation: &said.observation, event, received_at: now, reference: None };
    loop {
        let delivery = said.delivered.then_some(&delivery);
        match store.call_hear(call.id, None, heard, delivery, None).await {
            Ok(Changed::Done(_)) => return true,
            Ok(Changed::Duplicate) => return false,
            Ok(other) => panic!("{other:?}"),
            Err(StoreError::Contended { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

/// Has eight writers say the words of one order, and answers how many were new.
async fn write(store: &Store, call: &Call, words: &Arc<Vec<Word>>, order: Vec<usize>) -> usize {
    let queue = Arc::new(Mutex::new(VecDeque::from(order)));
    let writers: Vec<_> = (0..WRITERS)
        .map(|_| {
            let (store, call, words, queue) = (store.clone(), call.clone(), Arc::clone(words), Arc::clone(&queue));
            tokio::spawn(async move {
                let mut taken = 0;
                loop {
                    let Some(word) = queue.lock().unwrap().pop_front() else { return taken };
                    taken += usize::from(say(&store, &call, &words, word).await);
                }
            })
        })
        .collect();
    let mut taken = 0;
    for writer in writers {
        taken += writer.await.unwrap();
    }
    taken
}

/// The fullest transcript among the words, as the fold has it.
fn transcript_of(words: &[Word], outline: &TranscriptOutline) -> Transcript {
    let transcripts = words.iter().filter_map(|word| match &word.observation.transcript {
        Some(Artifact::Ready(transcript)) => Some(transcript.clone()),
        _ => None,
    });
    transcripts.into_iter().find(|transcript| transcript.outline() == *outline).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_writers_at_once_come_to_the_same_record_in_every_order() {
    let world = TestWorld::start().await;
    let store = world.world.store().clone();
    let mut chance = Chance(20_261_120);
    for Recorded { provider, words } in recorded(&world).await {
        let words = Arc::new(words);
        let beginning = dialling(&[provider]);
        let folded = words.iter().fold(beginning.clone(), |mut call, word| {
            let leg = call.legs[0].id;
            call.observe(leg, &word.observation, start_time());
            call
        });
        let expected = record_of(&folded);
        for _ in 0..orders() {
            let call = Call { id: CallId::generate(start_time()), ..beginning.clone() };
            assert!(matches!(store.call_write(call.clone(), &CallWrite::default()).await, Ok(Written::Done(_))));
            let order = chance.order();
            let taken = write(&store, &call, &words, order.clone()).await;
            let kept = store.call_fetch_any(call.id).await.unwrap().unwrap();
            assert_eq!(record_of(&kept), expected, "{provider} {order:?}");
            let timeline = store.call_entries(call.id, None, 100).await.unwrap().entries;
            assert_eq!(timeline.len(), taken, "{provider} {order:?}: everything that was taken is in the timeline");
            let repeated = order.iter().filter(|word| words[**word].delivered).count();
            let delivered = words.iter().filter(|word| word.delivered).count();
            assert_eq!(taken, order.len() - (repeated - delivered), "{provider} {order:?}: a delivery is taken once");
            if let Some(outline) = folded.transcript() {
                let turns = store.call_transcript(call.id, &outline.fingerprint).await.unwrap();
                assert_eq!(turns, transcript_of(&words, outline).turns(), "{provider} {order:?}");
            }
        }
        // The figures, too, are those of the one end that all have, whatever was thought in between.
        let figures = store.figures(&beginning.tenant, start_time(), start_time()).await.unwrap();
        let of_provider = figures.into_iter().find(|day| day.provider == provider.as_str()).unwrap();
        let mut counts = folded.contribution().counts;
        counts.values_mut().for_each(|count| *count *= i64::try_from(orders()).unwrap());
        let counted: BTreeMap<_, _> = of_provider.counts.into_iter().filter(|(_, count)| *count != 0).collect();
        assert_eq!(counted, counts, "{provider}");
    }
}

#[test]
fn the_sample_has_many_orders_and_every_word() {
    let mut chance = Chance(1);
    let orders: std::collections::BTreeSet<Vec<usize>> = (0..1_000).map(|_| chance.order()).collect();
    assert!(orders.len() > 990);
    assert!(orders.iter().all(|order| (0..WORDS).all(|word| order.contains(&word))));
}

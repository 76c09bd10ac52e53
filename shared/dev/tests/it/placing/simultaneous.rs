//! Many calls at the same moment, against the limit of how many there may be.

use futures_util::future::join_all;
use switchboard_dev::sim::provider::Provider;

use super::creator::Creator;
use super::{TALKS, call_in, kept, meter, order, owner, place, secs};
use crate::harness::{Answer, TestWorld};
use crate::process::Death;

/// How many calls a tenant of the local world may have at once.
const SLOTS: usize = 50;
/// How often a healthy process pauses over a call, and a few times more.
const PAUSES: usize = 14;
/// How many processes die.
const DYING: usize = 56;

/// Asks for so many calls at the same moment, each with a key of its own. Whoever is told that the table is in trouble, as it
/// is on a machine that is busy with something else, asks again with the same key.
async fn at_once(world: &TestWorld, round: &str, count: usize) -> Vec<Answer> {
    let (caller, order) = (world.as_local(), order(Provider::Twilio, TALKS));
    let keys: Vec<String> = (0..count).map(|at| format!("{round}-{at}")).collect();
    let mut answers = join_all(keys.iter().map(|key| place(&caller, key, &order))).await;
    for (key, answer) in keys.iter().zip(&mut answers) {
        while answer.status == 503 {
            *answer = place(&caller, key, &order).await;
        }
    }
    answers
}

/// How many were admitted; every other one must have been told that there are too many.
fn admitted(answers: &[Answer]) -> usize {
    let (yes, no): (Vec<&Answer>, Vec<&Answer>) = answers.iter().partition(|answer| answer.status == 202);
    for refused in no {
        refused.refused(429, "concurrency_limit");
    }
    yes.len()
}

async fn free(world: &TestWorld) -> usize {
    let limit = u32::try_from(SLOTS).unwrap();
    world.world.store().call_slots_free(&owner(), limit).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_hundred_calls_at_once_exactly_fifty_are_admitted_and_an_hour_later_fifty_again() {
    let world = TestWorld::start().await;
    let answers = at_once(&world, "first", 200).await;
    assert_eq!(admitted(&answers), SLOTS);
    assert_eq!(free(&world).await, 0);
    world.advance(secs(3_600)).await;
    let mut seen = 0;
    for answer in answers.iter().filter(|answer| answer.status == 202) {
        let call = kept(&world, call_in(answer).unwrap()).await;
        assert!(!call.is_live());
        seen += usize::from(call.legs[0].evidence.was_seen());
    }
    // Where nothing was in trouble these are all fifty.
    assert_eq!((meter(&world).dials, meter(&world).lines_up, free(&world).await), (seen, 0, SLOTS));
    assert_eq!(admitted(&at_once(&world, "second", SLOTS + 10).await), SLOTS);
    assert_eq!(free(&world).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_die_over_their_calls_leave_no_slot_behind() {
    let world = TestWorld::start().await;
    let creator = Creator::start(&world, &[Provider::Twilio]).await;
    let order = order(Provider::Twilio, TALKS);
    let die = async |at: usize| {
        let death = Death { after: at % PAUSES, sent_is_done: at.is_multiple_of(2) };
        creator.create_until(death, &format!("dying-{at}"), &order).await
    };
    let answered = join_all((0..DYING).map(die)).await.into_iter().flatten().count();
    assert!(answered < DYING, "nobody died");
    assert!(meter(&world).dials <= SLOTS);
    assert!(free(&world).await < SLOTS, "whoever has died holds its slot until somebody finds out");
    world.advance(secs(3_600)).await;
    assert_eq!((meter(&world).lines_up, free(&world).await), (0, SLOTS));
}

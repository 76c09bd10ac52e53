//! How many sessions a tenant may have at once.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;

use crate::harness::TestWorld;
use crate::talk::{open, path_of, say, try_open};

const TIMEOUT: Duration = Duration::from_secs(30 * 60);

#[tokio::test(flavor = "multi_thread")]
async fn of_sixty_four_who_come_at_once_exactly_fifty_get_in() {
    let world = TestWorld::start().await;
    let caller = world.as_local();
    let answers = join_all((0..64).map(|_| try_open(&caller))).await;
    let opened: BTreeSet<String> =
        answers.iter().filter(|answer| answer.status == 201).map(|answer| answer.text("/sessionId")).collect();
    assert_eq!(opened.len(), 50);
    for refused in answers.iter().filter(|answer| answer.status != 201) {
        refused.refused(429, "concurrency_limit");
    }
    // Nobody else's sessions count.
    open(&world.as_other()).await;
    open(&world.as_nobody()).await;
    try_open(&caller).await.refused(429, "concurrency_limit");
    caller.delete(&path_of(opened.first().unwrap())).await.expect(200);
    open(&caller).await;
    try_open(&caller).await.refused(429, "concurrency_limit");
}

#[tokio::test]
async fn a_session_that_times_out_makes_room_at_that_moment() {
    let world = TestWorld::with(&[("OmiMaxConcurrentSessions", "2")]).await;
    let caller = world.as_local();
    let (kept, left) = (open(&caller).await, open(&caller).await);
    world.advance(TIMEOUT - Duration::from_secs(1)).await;
    say(&caller, &kept, "Still here").await.expect(200);
    try_open(&caller).await.refused(429, "concurrency_limit");
    world.advance(Duration::from_secs(1)).await;
    open(&caller).await;
    try_open(&caller).await.refused(429, "concurrency_limit");
    // Ending the one whose slot has passed on frees nobody else's.
    caller.delete(&path_of(&left)).await.expect(200);
    try_open(&caller).await.refused(429, "concurrency_limit");
    say(&caller, &kept, "Still here").await.expect(200);
}

#[tokio::test]
async fn the_limit_is_a_setting_of_the_deployment_and_told_to_callers() {
    let world = TestWorld::with(&[("OmiMaxConcurrentSessions", "3")]).await;
    for caller in [world.as_local(), world.as_other(), world.as_nobody()] {
        for _ in 0..3 {
            let opened = try_open(&caller).await;
            opened.expect(201);
            assert_eq!(opened.json["limits"]["concurrentSessions"], serde_json::json!(3));
        }
        try_open(&caller).await.refused(429, "concurrency_limit");
    }
}

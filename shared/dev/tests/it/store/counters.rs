use std::time::Duration;

use switchboard_core::ProviderId;
use switchboard_store::UpstreamBudget;

use super::{Bench, at_once};

const WINDOW: Duration = Duration::from_secs(900);

#[tokio::test(flavor = "multi_thread")]
async fn exactly_as_many_requests_pass_as_the_window_allows() {
    let bench = Bench::new().await;
    let verdicts = at_once(80, |_| {
        let store = bench.store.clone();
        async move { store.rate_take("key:a", "voice", 30, WINDOW).await.unwrap() }
    })
    .await;
    assert_eq!(verdicts.iter().filter(|verdict| verdict.allowed).count(), 30);
    assert!(verdicts.iter().all(|verdict| verdict.limit == 30 && verdict.resets_in <= WINDOW));
    assert_eq!(verdicts.iter().filter(|verdict| verdict.allowed).map(|verdict| verdict.remaining).max(), Some(29));
    let other = bench.store.rate_take("key:b", "voice", 30, WINDOW).await.unwrap();
    let class = bench.store.rate_take("key:a", "standard", 30, WINDOW).await.unwrap();
    assert!(other.allowed && class.allowed);
    bench.advance(WINDOW);
    assert!(bench.store.rate_take("key:a", "voice", 30, WINDOW).await.unwrap().allowed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_providers_budget_is_spent_to_the_last_request_and_no_further() {
    let bench = Bench::new().await;
    let take = |public| {
        let store = bench.store.clone();
        at_once(60, move |_| {
            let store = store.clone();
            async move { store.upstream_take(ProviderId::Omi, 50, public).await.unwrap() }
        })
    };
    let granted =
        |budgets: Vec<UpstreamBudget>| budgets.into_iter().filter(|budget| *budget == UpstreamBudget::Granted).count();
    // Strangers get at most a fifth; what they leave is for those who pay.
    assert_eq!(granted(take(true).await), 10);
    assert_eq!(granted(take(false).await), 40);
    assert_eq!(granted(take(true).await), 0);
}

#[tokio::test]
async fn a_new_minute_brings_a_new_budget_and_the_wait_is_told() {
    let bench = Bench::new().await;
    let take = || async { bench.store.upstream_take(ProviderId::Omi, 1, false).await.unwrap() };
    bench.advance(Duration::from_secs(20));
    assert_eq!(take().await, UpstreamBudget::Granted);
    assert_eq!(take().await, UpstreamBudget::Exhausted(Duration::from_secs(40)));
    bench.advance(Duration::from_secs(40));
    assert_eq!(take().await, UpstreamBudget::Granted);
}

use std::time::Duration;

use serde_json::json;
use switchboard_core::{ProviderId, Timestamp};
use switchboard_store::KnownBalance;

use super::Bench;

fn balance(provider: ProviderId, amount: &str, at: Timestamp) -> KnownBalance {
    let money = serde_json::from_value(json!({"amount": amount, "currency": "USD"})).unwrap();
    KnownBalance { provider, money, estimated_minutes: Some(7), can_place_calls: None, at }
}

#[tokio::test]
async fn an_hour_keeps_the_latest_balance_that_was_seen_in_it() {
    let bench = Bench::new().await;
    let at = |secs| bench.store.now().plus(Duration::from_secs(secs));
    let (first, later) = (balance(ProviderId::Twilio, "9", at(60)), balance(ProviderId::Twilio, "8", at(120)));
    let next_hour = balance(ProviderId::Twilio, "7", at(3_600));
    for seen in [&later, &first, &next_hour] {
        bench.store.balance_record(seen).await.unwrap();
    }
    let listed = bench.store.balances_list(ProviderId::Twilio, bench.store.now()).await.unwrap();
    assert_eq!(listed, [later.clone(), next_hour.clone()]);
    assert_eq!(bench.store.balance_last(ProviderId::Twilio).await.unwrap(), Some(next_hour.clone()));
    assert_eq!(bench.store.balances_list(ProviderId::Twilio, at(121)).await.unwrap(), [next_hour]);
    assert_eq!(bench.store.balance_last(ProviderId::Hamsa).await.unwrap(), None);
}

#[tokio::test]
async fn a_balance_of_three_months_ago_is_not_known_any_more() {
    let bench = Bench::new().await;
    let seen = balance(ProviderId::Omnidimension, "1.5", bench.store.now());
    bench.store.balance_record(&seen).await.unwrap();
    bench.advance(Duration::from_secs(90 * 24 * 60 * 60 - 1));
    assert_eq!(bench.store.balance_last(ProviderId::Omnidimension).await.unwrap(), Some(seen));
    bench.advance(Duration::from_secs(1));
    assert_eq!(bench.store.balance_last(ProviderId::Omnidimension).await.unwrap(), None);
}

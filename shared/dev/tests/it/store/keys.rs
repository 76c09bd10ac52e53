use switchboard_auth::PresentedKey;
use switchboard_core::{ApiKey, Scope};

use super::{Bench, acme};

fn record(bench: &Bench, key: &PresentedKey) -> ApiKey {
    ApiKey {
        id: key.id().to_owned(),
        hash: key.hash(),
        tenant: acme(),
        scopes: [Scope::VoiceRead, Scope::Operator].into_iter().collect(),
        created_at: bench.store.now(),
        revoked_at: None,
    }
}

#[tokio::test]
async fn a_key_is_read_back_listed_and_stays_revoked() {
    let bench = Bench::new().await;
    let key = record(&bench, &PresentedKey::generate().unwrap());
    assert!(bench.store.api_key_create(&key).await.unwrap());
    assert_eq!(bench.store.api_key_fetch(&key.id).await.unwrap(), Some(key.clone()));
    assert_eq!(bench.store.api_key_list().await.unwrap(), vec![key.clone()]);
    let revoked_at = bench.store.now();
    assert!(bench.store.api_key_revoke(&key.id).await.unwrap());
    bench.advance(std::time::Duration::from_secs(9));
    assert!(bench.store.api_key_revoke(&key.id).await.unwrap());
    assert_eq!(bench.store.api_key_fetch(&key.id).await.unwrap().unwrap().revoked_at, Some(revoked_at));
    assert!(!bench.store.api_key_revoke("nobody").await.unwrap());
}

#[tokio::test]
async fn an_id_is_never_given_to_a_second_key() {
    let bench = Bench::new().await;
    let first = record(&bench, &PresentedKey::generate().unwrap());
    bench.store.api_key_create(&first).await.unwrap();
    let second = ApiKey { hash: "other".to_owned(), ..first.clone() };
    assert!(!bench.store.api_key_create(&second).await.unwrap());
    assert_eq!(bench.store.api_key_fetch(&first.id).await.unwrap(), Some(first));
}

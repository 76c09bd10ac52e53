use std::time::Duration;

use switchboard_core::{AudioType, SessionId, TurnId, UploadId};
use switchboard_store::{Claimed, Upload};

use super::{Bench, acme, at_once};

async fn ticket(bench: &Bench) -> Upload {
    let now = bench.store.now();
    let upload = Upload {
        id: UploadId::generate(now),
        tenant: acme(),
        session: SessionId::generate(now),
        audio_type: AudioType::Ogg,
        bytes: 7,
        expires_at: now.plus(Duration::from_secs(900)),
        used_by: None,
    };
    bench.store.upload_create(&upload).await.unwrap();
    upload
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_is_used_by_one_turn() {
    let bench = Bench::new().await;
    let upload = ticket(&bench).await;
    let claims = at_once(16, |_| {
        let (store, upload) = (bench.store.clone(), upload.clone());
        async move { store.upload_claim(upload.id, upload.session, TurnId::generate(store.now())).await.unwrap() }
    })
    .await;
    assert_eq!(claims.iter().filter(|claim| matches!(claim, Claimed::Yes(_))).count(), 1);
    assert_eq!(claims.iter().filter(|claim| matches!(claim, Claimed::Used)).count(), 15);
}

#[tokio::test]
async fn a_ticket_says_why_it_cannot_be_used() {
    let bench = Bench::new().await;
    let upload = ticket(&bench).await;
    let turn = TurnId::generate(bench.store.now());
    let claim = |id, session| bench.store.upload_claim(id, session, turn);
    let elsewhere = SessionId::generate(bench.store.now());
    assert!(matches!(claim(upload.id, elsewhere).await.unwrap(), Claimed::Unknown));
    assert!(matches!(claim(UploadId::generate(bench.store.now()), upload.session).await.unwrap(), Claimed::Unknown));
    bench.advance(Duration::from_secs(900));
    assert!(matches!(claim(upload.id, upload.session).await.unwrap(), Claimed::Expired));
}

#[tokio::test]
async fn a_ticket_is_given_back_by_the_turn_that_has_it_and_by_no_other() {
    let bench = Bench::new().await;
    let upload = ticket(&bench).await;
    let (first, second) = (TurnId::generate(bench.store.now()), TurnId::generate(bench.store.now()));
    let claim = |turn| bench.store.upload_claim(upload.id, upload.session, turn);
    assert!(matches!(claim(first).await.unwrap(), Claimed::Yes(claimed) if claimed.bytes == 7));
    bench.store.upload_release(upload.id, second).await.unwrap();
    assert!(matches!(claim(second).await.unwrap(), Claimed::Used));
    bench.store.upload_release(upload.id, first).await.unwrap();
    assert!(matches!(claim(second).await.unwrap(), Claimed::Yes(_)));
}

use std::time::Duration;

use switchboard_core::{CallId, HookId, LegId, TenantId};
use switchboard_store::{Hook, HookStanding, StoreError};

use super::{Bench, acme, at_once};

fn hook(bench: &Bench, tenant: TenantId) -> Hook {
    Hook::of_account(tenant, "omnidimension", bench.store.now())
}

#[tokio::test]
async fn a_hook_is_read_back_as_it_was_kept_and_its_name_is_never_given_twice() {
    let bench = Bench::new().await;
    let now = bench.store.now();
    let ids = (CallId::generate(now), LegId::generate(now));
    let (general, of_call) =
        (hook(&bench, acme()), Hook::of_call(acme(), "hamsa", ids, now.plus(Duration::from_secs(60)), now));
    for hook in [&general, &of_call] {
        bench.store.hook_create(hook).await.unwrap();
        assert_eq!(bench.store.hook_fetch(hook.id).await.unwrap().as_ref(), Some(hook));
        let again = bench.store.hook_create(&Hook { generation: 9, ..hook.clone() }).await;
        assert!(matches!(again, Err(StoreError::Contended { .. })), "{again:?}");
        assert_eq!(bench.store.hook_fetch(hook.id).await.unwrap().unwrap().generation, 1);
    }
    assert_eq!(bench.store.hook_fetch(HookId::generate(now)).await.unwrap(), None);
    let listed = bench.store.hooks_list(&acme(), 10, None).await.unwrap();
    assert_eq!((listed.hooks, listed.next), (vec![general], None), "those of calls are not listed");
}

#[tokio::test]
async fn of_those_who_rotate_a_hook_at_once_one_does() {
    let bench = Bench::new().await;
    let hook = hook(&bench, acme());
    bench.store.hook_create(&hook).await.unwrap();
    let outcomes = at_once(8, |_| {
        let (store, hook) = (bench.store.clone(), hook.clone());
        async move { store.hook_rotate(&hook).await.unwrap() }
    })
    .await;
    let rotated: Vec<_> = outcomes.into_iter().flatten().collect();
    assert_eq!(rotated, [Hook { generation: 2, ..hook.clone() }]);
    assert_eq!(bench.store.hook_fetch(hook.id).await.unwrap(), rotated.first().cloned());
}

#[tokio::test]
async fn a_revoked_hook_keeps_its_first_time_and_is_never_rotated_again() {
    let bench = Bench::new().await;
    let hook = hook(&bench, acme());
    bench.store.hook_create(&hook).await.unwrap();
    let other = TenantId::parse("other").unwrap();
    assert_eq!(bench.store.hook_revoke(&other, hook.id).await.unwrap(), None);
    let revoked = bench.store.hook_revoke(&acme(), hook.id).await.unwrap().unwrap();
    assert_eq!(revoked, Hook { revoked_at: Some(bench.store.now()), ..hook.clone() });
    bench.advance(Duration::from_secs(1));
    assert_eq!(bench.store.hook_revoke(&acme(), hook.id).await.unwrap(), Some(revoked.clone()));
    assert_eq!(bench.store.hook_rotate(&hook).await.unwrap(), None);
    assert_eq!(revoked.standing(bench.store.now()), HookStanding::Revoked);
    let unknown = bench.store.hook_revoke(&acme(), HookId::generate(bench.store.now())).await.unwrap();
    assert_eq!(unknown, None);
}

#[tokio::test]
async fn a_tenants_list_goes_on_behind_its_last_hook_and_holds_no_others() {
    let bench = Bench::new().await;
    let other = TenantId::parse("other").unwrap();
    let mut expected = Vec::new();
    for tenant in [acme(), other, acme(), acme()] {
        let hook = hook(&bench, tenant.clone());
        bench.store.hook_create(&hook).await.unwrap();
        if tenant == acme() {
            expected.insert(0, hook.id);
        }
        bench.advance(Duration::from_millis(1));
    }
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = bench.store.hooks_list(&acme(), 2, after.as_deref()).await.unwrap();
        found.extend(page.hooks.iter().map(|hook| hook.id));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(found, expected);
}

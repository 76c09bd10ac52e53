use std::time::Duration;

use switchboard_core::{HookId, ProviderId, TenantId};
use switchboard_store::{AgentClaim, ConfiguredAgent, MakingFence};

use super::{Bench, acme, at_once};

const PROVIDER: ProviderId = ProviderId::Omnidimension;
const LEASE: Duration = Duration::from_secs(60);

fn claim(bench: &Bench, agent_id: &str, tenant: &TenantId) -> AgentClaim {
    let now = bench.store.now();
    AgentClaim {
        provider: PROVIDER,
        agent_id: agent_id.to_owned(),
        tenant: tenant.clone(),
        hook: Some(HookId::generate(now)),
        created_at: now,
    }
}

async fn begin(bench: &Bench, name: &str) -> ConfiguredAgent {
    bench.store.configured_agent_begin(PROVIDER, name, LEASE).await.unwrap()
}

async fn ours(bench: &Bench, name: &str) -> MakingFence {
    match begin(bench, name).await {
        ConfiguredAgent::Ours(fence) => fence,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_agent_is_claimed_by_one_tenant_until_it_is_gone() {
    let bench = Bench::new().await;
    let other = TenantId::parse("other").unwrap();
    let first = claim(&bench, "7", &acme());
    assert!(bench.store.agent_claim(&first).await.unwrap());
    assert!(!bench.store.agent_claim(&claim(&bench, "7", &other)).await.unwrap());
    assert_eq!(bench.store.agent_claim_fetch(PROVIDER, "7").await.unwrap(), Some(first.clone()));
    assert_eq!(bench.store.agent_claim_fetch(ProviderId::Hamsa, "7").await.unwrap(), None);
    bench.store.agent_claim_remove(&AgentClaim { tenant: other.clone(), ..first.clone() }).await.unwrap();
    assert_eq!(bench.store.agent_claim_fetch(PROVIDER, "7").await.unwrap(), Some(first.clone()));
    bench.store.agent_claim_remove(&first).await.unwrap();
    assert!(bench.store.agent_claim(&claim(&bench, "7", &other)).await.unwrap());
}

#[tokio::test]
async fn the_claims_of_a_page_are_found_however_long_it_is() {
    let bench = Bench::new().await;
    for number in (0..250).step_by(2) {
        assert!(bench.store.agent_claim(&claim(&bench, &number.to_string(), &acme())).await.unwrap());
    }
    let ids: Vec<String> = (0..250).chain([4, 4]).map(|number| number.to_string()).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let found = bench.store.agent_claims_fetch(PROVIDER, &ids).await.unwrap();
    assert_eq!(found.len(), 125);
    assert!(found.iter().all(|(id, claim)| *id == claim.agent_id && id.parse::<u32>().unwrap() % 2 == 0));
    assert!(bench.store.agent_claims_fetch(PROVIDER, &[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn of_those_who_want_the_configured_agent_at_once_one_may_make_it() {
    let bench = Bench::new().await;
    let outcomes = at_once(16, |_| {
        let store = bench.store.clone();
        async move { store.configured_agent_begin(PROVIDER, "1930", LEASE).await.unwrap() }
    })
    .await;
    let (ours, others): (Vec<_>, Vec<_>) =
        outcomes.into_iter().partition(|outcome| matches!(outcome, ConfiguredAgent::Ours(_)));
    assert_eq!(ours.len(), 1);
    assert!(others.iter().all(|other| *other == ConfiguredAgent::Busy(LEASE)), "{others:?}");
    let [ConfiguredAgent::Ours(fence)] = ours.as_slice() else { panic!("{ours:?}") };
    assert!(bench.store.configured_agent_keep(fence, "7").await.unwrap());
    assert_eq!(begin(&bench, "1930").await, ConfiguredAgent::Known("7".to_owned()));
    // What is remembered is not let go by whoever made it.
    bench.store.configured_agent_release(fence).await.unwrap();
    assert_eq!(begin(&bench, "1930").await, ConfiguredAgent::Known("7".to_owned()));
}

#[tokio::test]
async fn whoever_was_cut_off_is_followed_after_the_lease_and_comes_too_late_then() {
    let bench = Bench::new().await;
    let first = ours(&bench, "1930").await;
    bench.advance(LEASE - Duration::from_millis(1));
    assert_eq!(begin(&bench, "1930").await, ConfiguredAgent::Busy(Duration::from_millis(1)));
    bench.advance(Duration::from_millis(1));
    let second = ours(&bench, "1930").await;
    assert!(!bench.store.configured_agent_keep(&first, "7").await.unwrap());
    bench.store.configured_agent_release(&first).await.unwrap();
    assert_eq!(begin(&bench, "1930").await, ConfiguredAgent::Busy(LEASE));
    assert!(bench.store.configured_agent_keep(&second, "8").await.unwrap());
    assert_eq!(begin(&bench, "1930").await, ConfiguredAgent::Known("8".to_owned()));
}

#[tokio::test]
async fn nothing_made_another_name_and_an_agent_that_is_gone_leave_it_to_be_made() {
    let bench = Bench::new().await;
    let fence = ours(&bench, "1930").await;
    bench.store.configured_agent_release(&fence).await.unwrap();
    let fence = ours(&bench, "1930").await;
    assert!(bench.store.configured_agent_keep(&fence, "7").await.unwrap());
    bench.store.configured_agent_forget(PROVIDER, "8").await.unwrap();
    assert_eq!(begin(&bench, "1930").await, ConfiguredAgent::Known("7".to_owned()));
    bench.store.configured_agent_forget(PROVIDER, "7").await.unwrap();
    let fence = ours(&bench, "1930").await;
    assert!(bench.store.configured_agent_keep(&fence, "9").await.unwrap());
    // The configuration calls it something else now.
    ours(&bench, "Reception").await;
    // Each provider has its own.
    let hamsas = bench.store.configured_agent_begin(ProviderId::Hamsa, "Reception", LEASE).await.unwrap();
    assert!(matches!(hamsas, ConfiguredAgent::Ours(_)));
}

//! How many calls at once, how many minutes and how many credentials in a day: of a person, and of a tenant.

use futures_util::future::join_all;
use switchboard_core::TenantId;

use super::*;

/// A person's calls and minutes are counted under this.
async fn counted_as(world: &TestWorld, held: &Held) -> String {
    kept(world, &held.call).await.lease.unwrap().user
}

/// Seconds that count for today: of a person, or of the tenant.
async fn secs(world: &TestWorld, tenant: &str, user: Option<&str>) -> u32 {
    let day: String = world.now().to_string().chars().take(10).collect();
    world.world.store().realtime_secs(&TenantId::parse(tenant).unwrap(), &day, user).await.unwrap()
}

/// Asks for so many calls at the same moment. Whoever is told that the table is in trouble asks again.
async fn at_once(caller: &Caller<'_>, bodies: &[Value]) -> Vec<Answer> {
    let mut answers = join_all(bodies.iter().map(|body| caller.post(OPEN, body))).await;
    for (body, answer) in bodies.iter().zip(&mut answers) {
        while answer.status == 503 {
            *answer = caller.post(OPEN, body).await;
        }
    }
    answers
}

/// How many were admitted; every other one must have been told that there are too many.
fn admitted(answers: &[Answer]) -> usize {
    let (yes, no): (Vec<&Answer>, Vec<&Answer>) = answers.iter().partition(|answer| answer.status == 201);
    for refused in no {
        refused.refused(429, "concurrency_limit");
    }
    yes.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_hundred_calls_of_one_person_at_once_exactly_two_are_admitted_and_an_hour_later_two_again() {
    let world = TestWorld::start().await;
    let local = world.as_local();
    let bodies = vec![wish("ada"); 100];
    assert_eq!(admitted(&at_once(&local, &bodies).await), 2);
    assert_eq!((meter(&world).dials, asked_of_openai(&world, Operation::Sdp).len()), (2, 2));
    // Somebody else has two of their own, at another tenant, too, under the same name.
    assert_eq!(admitted(&at_once(&local, &vec![wish("bob"); 3]).await), 2);
    assert_eq!(admitted(&at_once(&world.as_other(), &vec![wish("ada"); 3]).await), 2);
    pass(&world, 3_600).await;
    assert_eq!(slots_held(&world, "").await, 0, "none leaks");
    assert_eq!(admitted(&at_once(&local, &bodies).await), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_tenants_calls_exactly_as_many_are_admitted_as_it_may_have() {
    let world = TestWorld::with(&[("RealtimeTenantMaxConcurrent", "5")]).await;
    let bodies: Vec<Value> = (0..40).map(|at| wish(&format!("user-{at}"))).collect();
    let answers = at_once(&world.as_local(), &bodies).await;
    assert_eq!((admitted(&answers), meter(&world).dials), (5, 5));
    world.as_other().post(OPEN, &wish("user-0")).await.expect(201);
    // One that ends makes room for one.
    let ended = Held::told(answers.iter().find(|answer| answer.status == 201).unwrap());
    world.as_local().post(&end_of(&ended.rts), &json!({})).await.expect(200);
    assert_eq!(admitted(&at_once(&world.as_local(), &bodies).await), 1);
    pass(&world, 3_600).await;
    assert_eq!(slots_held(&world, "").await, 0, "none leaks");
    assert_eq!(admitted(&at_once(&world.as_local(), &bodies).await), 5);
}

#[tokio::test]
async fn minutes_are_counted_as_they_are_granted_and_what_was_not_used_is_given_back() {
    let world = TestWorld::start().await;
    let local = world.as_local();
    let mut page = Connected::open(&local, json!({"userId": "ada"})).await;
    let user = counted_as(&world, &page.held).await;
    let counted = async || (secs(&world, "local", Some(&user)).await, secs(&world, "local", None).await);
    assert_eq!(counted().await, (60, 60), "the first minute is granted with the call");
    pass(&world, 20).await;
    page.held.renew(&local).await.expect(200);
    assert_eq!(counted().await, (80, 80), "a renewal grants what it adds");
    pass(&world, 15).await;
    local.post(&end_of(&page.held.rts), &json!({})).await.expect(200);
    assert_eq!(counted().await, (35, 35), "what was not used is given back");
    // Of one whose offer certainly went to nobody, nothing counts.
    go_wrong(&world, Operation::Sdp, Effect::Status(401), 1).await;
    local.post(OPEN, &wish("ada")).await.refused(502, "provider_unavailable");
    assert_eq!(counted().await, (35, 35));
    // Nobody knows how long a page that left was there: what it was granted counts.
    let lost = open(&local, &wish("ada")).await;
    live(&world, 60).await;
    assert_eq!(read(&world, &lost.call).await["phase"], "ended");
    assert_eq!(counted().await, (95, 95));
    // Another person of the tenant, and the same name at another tenant, are others.
    let bob = open(&local, &wish("bob")).await;
    let theirs = Held::told(&world.as_other().post(OPEN, &wish("ada")).await);
    assert_ne!(counted_as(&world, &theirs).await, user);
    assert_eq!(secs(&world, "local", Some(&counted_as(&world, &bob).await)).await, 60);
    assert_eq!(counted().await, (95, 155));
    assert_eq!(secs(&world, "other", None).await, 60);
}

#[tokio::test]
async fn a_person_whose_minutes_are_used_up_is_not_renewed_and_opens_nothing_until_the_next_day() {
    let world = TestWorld::with(&[("RealtimeMinutesPerDay", "2")]).await;
    let local = world.as_local();
    let mut page = Connected::open(&local, json!({"userId": "ada"})).await;
    for _ in 0..3 {
        live(&world, 20).await;
        page.held.renew(&local).await.expect(200);
    }
    live(&world, 20).await;
    page.held.renew(&local).await.refused(429, "budget_exceeded");
    local.post(OPEN, &wish("ada")).await.refused(429, "budget_exceeded");
    // What was refused has taken nothing: the lease that there is lasts as long as it was granted.
    assert_eq!(read(&world, &page.held.call).await["phase"], "in_progress");
    live(&world, 40).await;
    let shown = read(&world, &page.held.call).await;
    assert_eq!((&shown["endReason"], &shown["durationSecs"]), (&json!("lease_expired"), &json!(120)));
    assert!(page.cut_off().await);
    local.post(OPEN, &wish("ada")).await.refused(429, "budget_exceeded");
    open(&local, &wish("bob")).await;
    open(&world.as_other(), &wish("ada")).await;
    assert_eq!(asked_of_openai(&world, Operation::Sdp).len(), 3, "what is refused is asked of nobody");

    // A call counts for the day on which it was opened.
    pass(&world, 12 * 3_600 - 120 - 10).await;
    assert_eq!(world.now().to_string(), "2026-11-20T23:59:50.000Z");
    let mut late = open(&local, &wish("cyd")).await;
    let user = counted_as(&world, &late).await;
    pass(&world, 20).await;
    late.renew(&local).await.expect(200);
    assert_eq!(secs(&world, "local", Some(&user)).await, 0);
    open(&local, &wish("ada")).await;
}

#[tokio::test]
async fn a_tenants_minutes_are_those_of_all_its_persons() {
    let world = TestWorld::with(&[("RealtimeTenantMinutesPerDay", "2")]).await;
    let local = world.as_local();
    for user in ["ada", "bob"] {
        open(&local, &wish(user)).await;
    }
    let third = local.post(OPEN, &wish("cyd")).await;
    third.refused(429, "budget_exceeded");
    assert!(third.text("/error/message").contains("tenant"), "{}", third.json);
    open(&world.as_other(), &wish("cyd")).await;
}

#[tokio::test]
async fn credentials_are_counted_per_person_and_day_and_one_that_was_certainly_not_made_is_given_back() {
    let world = TestWorld::with(&[("RealtimeTokensPerDay", "4")]).await;
    let local = world.as_local();
    let ada = json!({"userId": "ada"});
    // Certainly not made, in every way in which that can be told.
    for (effect, times) in
        [(Effect::Status(401), 1), (Effect::Status(429), 1), (Effect::Status(400), 1), (Effect::Refuse, 2)]
    {
        go_wrong(&world, Operation::Token, effect, times).await;
        let refused = local.post(TOKEN, &ada).await;
        assert!(refused.status >= 400, "{effect:?}");
        talk::mend(&world).await;
    }
    // It may have been made, and nobody can take it back: it counts.
    go_wrong(&world, Operation::Token, Effect::ResetAfterSend, 1).await;
    assert!(local.post(TOKEN, &ada).await.status >= 500);
    for _ in 0..3 {
        local.post(TOKEN, &ada).await.expect(200);
    }
    local.post(TOKEN, &ada).await.refused(429, "budget_exceeded");
    local.post("/api/v1/chatkit/realtime-session", &ada).await.refused(429, "budget_exceeded");
    // A call needs none.
    open(&local, &wish("ada")).await;
    local.post(TOKEN, &json!({"userId": "bob"})).await.expect(200);
    local.post(TOKEN, &json!({})).await.expect(200);
    world.as_other().post(TOKEN, &ada).await.expect(200);
    pass(&world, 12 * 3_600).await;
    local.post(TOKEN, &ada).await.expect(200);
}

#[tokio::test]
async fn a_credential_that_is_asked_for_again_under_its_key_is_another_one_and_counts() {
    let world = TestWorld::with(&[("RealtimeTokensPerDay", "2")]).await;
    let keyed = world.as_local().with("idempotency-key", "k");
    let ada = json!({"userId": "ada"});
    let (first, again) = (keyed.post(TOKEN, &ada).await, keyed.post(TOKEN, &ada).await);
    assert_eq!((first.header("idempotent-replayed"), again.header("idempotent-replayed")), (None, Some("true")));
    assert_ne!(first.text("/client_secret/value"), again.text("/client_secret/value"), "none is kept");
    keyed.post(TOKEN, &json!({"userId": "bob"})).await.refused(422, "idempotency_mismatch");
    keyed.post(TOKEN, &ada).await.refused(429, "budget_exceeded");
}

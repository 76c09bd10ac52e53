//! Leases: whoever holds the secret keeps the call up, a little longer each time and never beyond its deadline.

use switchboard_core::Timestamp;

use super::*;

/// A moment in an answer.
#[track_caller]
fn moment(answer: &Answer, pointer: &str) -> Timestamp {
    Timestamp::parse(&answer.text(pointer)).unwrap()
}

/// How long before the deadline the last lease ends, in seconds: what hanging up may take.
const HANG_UP_SECS: u64 = 90;

#[tokio::test]
async fn a_call_that_is_renewed_on_time_lives_for_as_long_as_it_may_and_not_a_second_longer() {
    let world = TestWorld::start().await;
    let local = world.as_local();
    let mut page = Connected::open(&local, json!({"userId": "ada", "maxDurationSecs": 130})).await;
    let last = world.now().plus(Duration::from_secs(130));
    let deadline = last.plus(Duration::from_secs(HANG_UP_SECS));
    for _ in 0..6 {
        live(&world, 20).await;
        let renewed = page.held.renew(&local).await;
        renewed.expect(200);
        let until = world.now().plus(Duration::from_secs(60)).min(last);
        assert_eq!((moment(&renewed, "/leaseExpiresAt"), moment(&renewed, "/deadlineAt")), (until, deadline));
        assert_eq!(renewed.json["renewEverySecs"], 20);
    }
    live(&world, 10).await;
    assert_eq!(world.now(), last);
    page.held.renew(&local).await.refused(409, "session_ended");
    let shown = read(&world, &page.held.call).await;
    assert_eq!((&shown["endReason"], &shown["durationSecs"]), (&json!("max_duration"), &json!(130)), "{shown}");
    let line = line(&world, &kept(&world, &page.held.call).await);
    assert_eq!((line.up, line.seconds), (false, 130));
    assert!(page.cut_off().await);
}

#[tokio::test]
async fn no_call_passes_its_deadline_however_late_in_its_minute_the_sweep_comes() {
    let world = TestWorld::start().await;
    let local = world.as_local();
    for offset in [1, 29, 59] {
        pass(&world, 60 - u64::try_from(world.now().epoch_secs()).unwrap() % 60 + offset).await;
        let body = json!({"userId": format!("user-{offset}"), "maxDurationSecs": 75});
        let mut page = Connected::open(&local, body).await;
        let deadline = kept(&world, &page.held.call).await.deadline_at;
        for _ in 0..3 {
            pass(&world, 20).await;
            page.held.renew(&local).await.expect(200);
        }
        pass(&world, 15 + HANG_UP_SECS).await;
        assert_eq!(world.now(), deadline);
        let shown = read(&world, &page.held.call).await;
        assert_eq!((&shown["phase"], &shown["endReason"]), (&json!("ended"), &json!("max_duration")), "{shown}");
        assert_eq!(json!(line(&world, &kept(&world, &page.held.call).await).seconds), shown["durationSecs"]);
        assert!(page.cut_off().await);
    }
}

#[tokio::test]
async fn what_is_not_renewed_is_hung_up_within_ninety_seconds_of_its_lease_and_the_meter_agrees_call_by_call() {
    let world = TestWorld::start().await;
    let local = world.as_local();
    let mut pages = Vec::new();
    // Another time of the minute for each, because the schedule of this world runs at whole minutes.
    for (at, renewals) in [0, 1, 2].into_iter().enumerate() {
        let mut page = Connected::open(&local, json!({"userId": format!("user-{at}")})).await;
        let opened_at = world.now();
        for _ in 0..renewals {
            pass(&world, 17).await;
            page.held.renew(&local).await.expect(200);
        }
        let lease_ends = world.now().plus(Duration::from_secs(60));
        pages.push((page, opened_at, lease_ends));
        pass(&world, 7).await;
    }
    pass(&world, 60 + GRACE_SECS).await;
    for (page, opened_at, lease_ends) in pages {
        let shown = read(&world, &page.held.call).await;
        assert_eq!((&shown["phase"], &shown["endReason"]), (&json!("ended"), &json!("lease_expired")));
        let ended_at = Timestamp::parse(shown["endedAt"].as_str().unwrap()).unwrap();
        assert!(ended_at >= lease_ends, "nobody is hung up before its lease has ended: {ended_at} {lease_ends}");
        assert!(ended_at <= lease_ends.plus(Duration::from_secs(GRACE_SECS)), "{ended_at} {lease_ends}");
        let line = line(&world, &kept(&world, &page.held.call).await);
        assert_eq!((line.up, line.seconds), (false, ended_at.since(opened_at).as_secs()));
        assert_eq!(shown["durationSecs"], json!(line.seconds), "the record and the meter agree");
        assert!(page.cut_off().await);
    }
    assert_eq!(meter(&world).lines_up, 0);
}

#[tokio::test]
async fn a_secret_renews_once_and_only_its_own_call_and_only_for_its_tenant_and_its_page() {
    let world = TestWorld::start().await;
    let local = world.as_local();
    let (mut ours, other) = (open(&local, &wish("ada")).await, open(&local, &wish("bob")).await);
    let first = ours.secret.clone();
    ours.renew(&local).await.expect(200);
    assert_ne!(ours.secret, first);
    renew_with(&local, &ours.rts, &first).await.refused(409, "conflict");

    let forged = ours.secret.replacen("lse_2.", "lse_3.", 1);
    let cut = ours.secret.get(..ours.secret.len() - 1).unwrap().to_owned();
    for wrong in [other.secret.as_str(), &forged, &cut, "lse_2.", "x", "", &"lse_".repeat(2_000)] {
        renew_with(&local, &ours.rts, wrong).await.refused(403, "forbidden");
    }
    let without = local.post(&renewal(&ours.rts), &json!({})).await;
    without.refused(400, "invalid_request");
    for rts in ["rts_01930000-0000-7000-8000-000000000000", "rts_x", ours.call.as_str()] {
        renew_with(&local, rts, &ours.secret).await.refused(404, "not_found");
    }
    renew_with(&world.as_other(), &ours.rts, &ours.secret).await.refused(404, "not_found");
    world.as_other().post(&end_of(&ours.rts), &json!({})).await.refused(404, "not_found");
    let ((_, token), (_, stranger)) = (page_token(&world).await, page_token(&world).await);
    renew_with(&world.bearing(&token), &ours.rts, &ours.secret).await.refused(404, "not_found");

    // A page's own call is its own; its tenant's server may renew and end it, too.
    let mut own = open(&world.bearing(&token), &json!({"sdp": offer()})).await;
    renew_with(&world.bearing(&stranger), &own.rts, &own.secret).await.refused(404, "not_found");
    world.bearing(&stranger).post(&end_of(&own.rts), &json!({})).await.refused(404, "not_found");
    own.renew(&world.bearing(&token)).await.expect(200);
    own.renew(&local).await.expect(200);
    // None of all that has taken anything from whoever holds the secret that counts.
    ours.renew(&local).await.expect(200);
}

#[tokio::test]
async fn two_tabs_with_one_secret_are_one_too_many() {
    let world = TestWorld::start().await;
    let local = world.as_local();
    let held = open(&local, &wish("ada")).await;
    let both = futures_util::future::join_all((0..2).map(|_| renew_with(&local, &held.rts, &held.secret))).await;
    let mut statuses: Vec<u16> = both.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
}

#[tokio::test]
async fn an_answer_that_was_lost_is_given_again_under_its_key_with_the_secret_that_counts() {
    let world = TestWorld::start().await;
    let local = world.as_local();
    let under = |key: &str| local.clone().with("idempotency-key", key);
    let body = wish("ada");
    let first = under("open").post(OPEN, &body).await;
    let held = Held::told(&first);
    let again = under("open").post(OPEN, &body).await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(Held::told(&again).call, held.call);
    assert_eq!(
        (&again.json["sdp"], &again.json["leaseExpiresAt"]),
        (&first.json["sdp"], &first.json["leaseExpiresAt"])
    );
    assert_eq!((meter(&world).dials, asked_of_openai(&world, Operation::Sdp).len()), (1, 1));
    under("open").post(OPEN, &wish("bob")).await.refused(422, "idempotency_mismatch");

    // The answer to a renewal is lost; its key gives what it said.
    let renewing = json!({"leaseSecret": Held::told(&again).secret});
    let lost = under("renew-1").post(&renewal(&held.rts), &renewing).await;
    lost.expect(200);
    let found = under("renew-1").post(&renewal(&held.rts), &renewing).await;
    found.expect(200);
    assert_eq!(found.header("idempotent-replayed"), Some("true"));
    assert_eq!(found.text("/leaseSecret"), lost.text("/leaseSecret"));
    let next = renew_with(&local, &held.rts, &found.text("/leaseSecret")).await;
    next.expect(200);
    // Whoever asks again later is given the secret that counts by then, whichever answer it is.
    for (key, path, body) in [("renew-1", renewal(&held.rts), &renewing), ("open", OPEN.to_owned(), &body)] {
        let late = under(key).post(&path, body).await;
        assert_eq!(late.text("/leaseSecret"), next.text("/leaseSecret"), "{key}");
    }
    renew_with(&local, &held.rts, &next.text("/leaseSecret")).await.expect(200);
    // Another key is another renewal, and the secret was used.
    under("renew-2").post(&renewal(&held.rts), &renewing).await.refused(409, "conflict");
}

#[tokio::test]
async fn a_call_that_is_over_is_not_renewed_and_ending_it_again_is_the_same_answer() {
    let world = TestWorld::start().await;
    let local = world.as_local();
    let mut page = Connected::open(&local, json!({"userId": "ada"})).await;
    pass(&world, 12).await;
    let ended = local.post(&end_of(&page.held.rts), &json!({})).await;
    ended.expect(200);
    assert_eq!((ended.text("/phase"), ended.text("/endReason")), ("ended".to_owned(), "ended_by_request".to_owned()));
    assert_eq!((&ended.json["durationSecs"], ended.text("/rtsId")), (&json!(12), page.held.rts.clone()));
    let hung_up = asked_of_openai(&world, Operation::Hangup).len();
    let again = local.post(&end_of(&page.held.rts), &json!({})).await;
    again.expect(200);
    assert_eq!(again.json["endedAt"], ended.json["endedAt"]);
    assert_eq!(asked_of_openai(&world, Operation::Hangup).len(), hung_up, "nobody is asked for what is over");
    page.held.renew(&local).await.refused(409, "session_ended");
    assert_eq!(line(&world, &kept(&world, &page.held.call).await).seconds, 12);
    assert!(page.cut_off().await);

    // With a secret in the body it must be this call's.
    let held = open(&local, &wish("ada")).await;
    local.post(&end_of(&held.rts), &json!({"leaseSecret": "lse_1.x"})).await.refused(403, "forbidden");
    local.post(&end_of(&held.rts), &json!({"leaseSecret": held.secret})).await.expect(200);
    // The route of every call ends it as well.
    let held = open(&local, &wish("ada")).await;
    let ended = calls::end(&world, &held.call).await;
    ended.expect(200);
    assert_eq!(ended.text("/endReason"), "ended_by_request");
}

#[tokio::test]
async fn the_token_of_a_session_that_is_over_opens_nothing_and_renews_nothing() {
    let world = TestWorld::start().await;
    let (session, token) = page_token(&world).await;
    let page = world.bearing(&token);
    let held = open(&page, &json!({"sdp": offer()})).await;
    world.as_local().post(&talk::end_of(&session), &json!({})).await.expect(200);
    page.post(OPEN, &json!({"sdp": offer()})).await.refused(409, "session_ended");
    // Nor does it keep up what it has opened.
    renew_with(&page, &held.rts, &held.secret).await.refused(409, "session_ended");
    let (_, timed_out) = page_token(&world).await;
    pass(&world, 31 * 60).await;
    world.bearing(&timed_out).post(OPEN, &json!({"sdp": offer()})).await.refused(409, "session_expired");
    assert_eq!(asked_of_openai(&world, Operation::Sdp).len(), 1);
    assert_eq!(read(&world, &held.call).await["phase"], "ended");
}

#[tokio::test]
async fn what_time_a_page_thinks_it_is_changes_nothing() {
    let world = TestWorld::start().await;
    let local = world.as_local();
    for (at, date) in ["Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 2999 23:59:59 GMT"].into_iter().enumerate() {
        let skewed = local.clone().with("date", date);
        let mut body = wish(&format!("user-{at}"));
        let theirs =
            json!({"now": date, "leaseExpiresAt": "2999-12-31T23:59:59.000Z", "createdAt": "1970-01-01T00:00:00.000Z"});
        body.as_object_mut().unwrap().extend(theirs.as_object().unwrap().clone());
        let opened = skewed.post(OPEN, &body).await;
        let held = Held::told(&opened);
        let (lease, deadline) = (Duration::from_secs(60), Duration::from_secs(1_800 + HANG_UP_SECS));
        assert_eq!(moment(&opened, "/leaseExpiresAt"), world.now().plus(lease));
        assert_eq!(moment(&opened, "/deadlineAt"), world.now().plus(deadline));
        pass(&world, 59).await;
        let renewing = json!({"leaseSecret": held.secret, "leaseExpiresAt": "2999-12-31T23:59:59.000Z"});
        let renewed = skewed.post(&renewal(&held.rts), &renewing).await;
        renewed.expect(200);
        assert_eq!(moment(&renewed, "/leaseExpiresAt"), world.now().plus(lease));
        // A second too late is too late, sweep or no sweep.
        world.world.clock().advance(lease);
        let late = skewed.post(&renewal(&held.rts), &json!({"leaseSecret": renewed.text("/leaseSecret")})).await;
        late.refused(409, "session_expired");
    }
}

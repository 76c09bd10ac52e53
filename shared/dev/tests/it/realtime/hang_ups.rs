//! Ends that are lied about, that fail, that hang, and that came before anybody asked for them.

use super::*;

/// A page whose lease is not renewed, and whose hang-up goes wrong in these ways, one after the other. There must be an alarm that
/// names the call in time; once OpenAI is well again the call ends.
async fn stays_up(faults: &[(Effect, u32)], alarm: &str, last_rung: &str) {
    let world = TestWorld::start().await;
    let page = Connected::open(&world.as_local(), json!({"userId": "ada"})).await;
    let call = page.held.call.clone();
    for (effect, times) in faults {
        go_wrong(&world, Operation::Hangup, *effect, *times).await;
    }
    pass(&world, 60).await;
    assert_eq!(read(&world, &call).await["phase"], "in_progress", "nobody says that it is over");
    pass(&world, GRACE_SECS).await;
    assert_eq!(alarms_about(&world, &call).await, [alarm]);
    let shown = read(&world, &call).await;
    assert_eq!(shown["phase"], "in_progress");
    assert_eq!(shown["ending"]["rungs"].as_array().unwrap().last().unwrap()["result"], last_rung, "{shown}");
    assert!(line(&world, &kept(&world, &call).await).up);
    assert!(slots_held(&world, "local#realtime").await > 0, "what is up holds its slots");

    talk::mend(&world).await;
    pass(&world, 5 * 60).await;
    let shown = read(&world, &call).await;
    assert_eq!((&shown["phase"], &shown["endReason"]), (&json!("ended"), &json!("lease_expired")), "{shown}");
    let line = line(&world, &kept(&world, &call).await);
    assert_eq!(
        (line.up, json!(line.seconds)),
        (false, shown["durationSecs"].clone()),
        "the record and the meter agree"
    );
    assert_eq!(alarms_about(&world, &call).await, Vec::<String>::new());
    assert_eq!(slots_held(&world, "local#realtime").await, 0);
    assert!(page.cut_off().await);
}

#[tokio::test]
async fn a_provider_that_says_it_hung_up_and_did_not_is_not_believed() {
    stays_up(&[(Effect::LieOk, talk::ALWAYS)], "past_deadline", "accepted").await;
}

#[tokio::test]
async fn a_provider_that_fails_to_hang_up_is_an_alarm_until_it_does() {
    stays_up(&[(Effect::Status(500), talk::ALWAYS)], "cannot_end", "failed").await;
}

#[tokio::test]
async fn a_provider_that_cannot_be_reached_is_an_alarm_until_it_can() {
    stays_up(&[(Effect::Refuse, talk::ALWAYS)], "cannot_end", "failed").await;
}

#[tokio::test]
async fn a_hang_up_whose_answer_never_comes_has_happened_and_is_found_out() {
    // Done, and no answer within the five seconds that it has, twice in a row.
    let world = TestWorld::start().await;
    let page = Connected::open(&world.as_local(), json!({"userId": "ada"})).await;
    go_wrong(&world, Operation::Hangup, Effect::Hang, 2).await;
    pass(&world, 60 + GRACE_SECS).await;
    let shown = read(&world, &page.held.call).await;
    assert_eq!((&shown["phase"], &shown["endReason"]), (&json!("ended"), &json!("lease_expired")), "{shown}");
    let line = line(&world, &kept(&world, &page.held.call).await);
    assert_eq!((line.up, line.seconds), (false, 60));
    assert!(page.cut_off().await);
}

#[tokio::test]
async fn a_laptop_that_is_closed_leaves_a_call_whose_length_nobody_knows() {
    let world = TestWorld::start().await;
    let page = Connected::open(&world.as_local(), json!({"userId": "ada"})).await;
    pass(&world, 7).await;
    let held = page.leave(&world).await;
    assert_eq!(line(&world, &kept(&world, &held.call).await).seconds, 7);
    live(&world, 60).await;
    let shown = read(&world, &held.call).await;
    assert_eq!((&shown["phase"], &shown["endReason"]), (&json!("ended"), &json!("lease_expired")), "{shown}");
    for unknown in ["durationSecs", "endedAt", "cost"] {
        assert_eq!(shown[unknown], Value::Null, "{unknown}: nobody was there to see it: {shown}");
    }
    assert_eq!(asked_of_openai(&world, Operation::Hangup).len(), 1, "what is over is asked for once");
    assert_eq!(slots_held(&world, "local#realtime").await, 0);
}

#[tokio::test]
async fn an_end_that_is_asked_for_and_lied_about_is_not_reported_as_one() {
    let world = TestWorld::start().await;
    let page = Connected::open(&world.as_local(), json!({"userId": "ada"})).await;
    go_wrong(&world, Operation::Hangup, Effect::LieOk, 2).await;
    let asked = world.as_local().post(&end_of(&page.held.rts), &json!({})).await;
    asked.expect(202);
    assert_eq!((asked.text("/phase"), asked.text("/ending/rungs/0/result")), ("in_progress".into(), "accepted".into()));
    let held = page.held.clone();
    renew_with(&world.as_local(), &held.rts, &held.secret).await.refused(409, "session_ended");
    live(&world, 20).await;
    let shown = read(&world, &held.call).await;
    assert_eq!((&shown["phase"], &shown["endReason"]), (&json!("ended"), &json!("ended_by_request")), "{shown}");
    assert!(page.cut_off().await);
}

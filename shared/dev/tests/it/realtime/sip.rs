//! Calls that come in by telephone over OpenAI's SIP connector: written down, then taken or refused as the installation has it.

use switchboard_core::Secret;
use switchboard_dev::credentials::OPENAI_WEBHOOK_SECRET;
use switchboard_dev::sim::deliveries::{DeliverySettings, Extent};
use switchboard_providers::standard_webhooks::sign;

use super::*;

const FROM: &str = "+96891234567";
const TO: &str = "+15005550177";

/// Somebody rings; gives OpenAI's name for the call. The webhook is delivered.
async fn ring(world: &TestWorld) -> String {
    let rung = world.as_nobody().post("/_sim/openai/incoming", &json!({"from": FROM, "to": TO})).await;
    rung.expect(200);
    pass(world, 1).await;
    rung.text("/callId")
}

/// The calls of the owner, newest first.
async fn calls_there_are(world: &TestWorld) -> Vec<Value> {
    let listed = world.as_local().get(calls::CALLS).await;
    listed.expect(200);
    listed.json["calls"].as_array().unwrap().clone()
}

async fn only_call(world: &TestWorld) -> Value {
    let mut calls = calls_there_are(world).await;
    assert_eq!(calls.len(), 1, "{calls:?}");
    calls.remove(0)
}

/// Delivers an event, signed now, as OpenAI's connector would.
async fn deliver(world: &TestWorld, id: &str, event: &Value) -> Answer {
    let (now, body) = (world.now(), event.to_string());
    let signature = sign(&Secret::new(OPENAI_WEBHOOK_SECRET), id, now, body.as_bytes()).unwrap();
    let sender = world.as_nobody().with("webhook-id", id).with("webhook-timestamp", &now.epoch_secs().to_string());
    sender.with("webhook-signature", &signature).post("/webhooks/openai", event).await
}

fn incoming(call: &str) -> Value {
    json!({"id": "evt_1", "object": "event", "created_at": 1_795_176_000, "type": "realtime.call.incoming", "data": {
        "call_id": call, "sip_headers": [{"name": "From", "value": format!("sip:{FROM}@sip.example.com")},
            {"name": "To", "value": format!("sip:{TO}@sip.api.openai.com")}]}})
}

#[tokio::test]
async fn a_call_that_comes_in_is_a_call_of_the_owner_and_is_taken_at_once() {
    let presets = r#"{"sip": {"instructions": "Answer the telephone."}}"#;
    let world = TestWorld::with(&[("RealtimePresets", presets)]).await;
    let name = ring(&world).await;
    let call = only_call(&world).await;
    let expected = json!({"provider": "openai", "channel": "phone", "direction": "inbound", "phase": "in_progress", "from": FROM, "to": TO});
    for (member, value) in expected.as_object().unwrap() {
        assert_eq!(&call[member], value, "{member}");
    }
    assert_eq!(call["externalIds"]["openai.callId"], json!(name));
    let nothing =
        json!({"transcript": "none", "recording": "none", "summary": "none", "analysis": "none", "cost": "none"});
    assert_eq!((&call["artifacts"], &call["cost"]), (&nothing, &Value::Null), "OpenAI keeps nothing of a call");
    assert_eq!(asked_of_openai(&world, Operation::Place)[0].body["instructions"], "Answer the telephone.");
    let metered = meter(&world).lines.remove(0);
    assert_eq!((metered.external_id.as_str(), metered.up), (name.as_str(), true));
    let listed = world.as_other().get(calls::CALLS).await;
    assert_eq!(listed.json["calls"], json!([]), "it is the owner's alone");
    let reader = world.new_key("local", [switchboard_core::Scope::CallsWrite]).await;
    let ended = world.bearing(&reader).post(&calls::end_of(call["callId"].as_str().unwrap()), &json!({})).await;
    ended.expect(200);
    assert!(!ended.json.to_string().contains("91234567"), "numbers are masked for whoever may not read calls");
}

#[tokio::test]
async fn an_accepted_call_is_hung_up_at_its_deadline() {
    let world = TestWorld::with(&[("OpenaiSipMaxDurationSecs", "20")]).await;
    let name = ring(&world).await;
    live(&world, 20).await;
    let call = only_call(&world).await;
    assert_eq!((&call["phase"], &call["endReason"]), (&json!("ended"), &json!("max_duration")), "{call}");
    assert_eq!(call["durationSecs"], 20);
    let metered = meter(&world).lines.remove(0);
    assert_eq!((metered.external_id, metered.up, metered.seconds), (name, false, 20));
}

#[tokio::test]
async fn a_caller_who_hung_up_long_ago_was_not_cut_off_by_the_deadline() {
    // Nobody is told when a caller hangs up: that is found out when the call is to end.
    let world = TestWorld::with(&[("OpenaiSipMaxDurationSecs", "120")]).await;
    ring(&world).await;
    pass(&world, 60).await;
    assert_eq!(meter(&world).lines_up, 0);
    live(&world, 60).await;
    let call = only_call(&world).await;
    assert_eq!((&call["phase"], &call["endReason"]), (&json!("ended"), &json!("completed")), "{call}");
    assert_eq!((&call["durationSecs"], &call["endedAt"]), (&Value::Null, &Value::Null), "{call}");
}

#[tokio::test]
async fn a_call_that_is_not_wanted_is_refused() {
    for parameters in [
        [("OpenaiSipPolicy", "reject"), ("OpenaiSipCallers", "")],
        [("OpenaiSipPolicy", "accept"), ("OpenaiSipCallers", "+1,+44")],
    ] {
        let world = TestWorld::with(&parameters).await;
        ring(&world).await;
        let call = only_call(&world).await;
        assert_eq!((&call["phase"], &call["endReason"]), (&json!("ended"), &json!("rejected")), "{call}");
        assert_eq!(call["answeredAt"], Value::Null, "{call}");
        assert_eq!(asked_of_openai(&world, Operation::End)[0].body["status_code"], 603);
        assert_eq!((meter(&world).dials, asked_of_openai(&world, Operation::Place).len()), (0, 0));
    }
    let world = TestWorld::with(&[("OpenaiSipCallers", "+1,+968")]).await;
    ring(&world).await;
    assert_eq!(only_call(&world).await["phase"], "in_progress");
}

#[tokio::test]
async fn a_call_that_could_not_be_answered_at_once_is_answered_by_the_sweep_while_it_rings() {
    for (effect, times) in
        [(Effect::Status(500), 2), (Effect::Refuse, 2), (Effect::Status(503), 2), (Effect::ResetAfterSend, 2)]
    {
        let world = TestWorld::start().await;
        go_wrong(&world, Operation::Place, effect, times).await;
        ring(&world).await;
        let rings = only_call(&world).await;
        let done = effect == Effect::ResetAfterSend;
        assert!(done || rings["phase"] == "ringing", "{effect:?}: {rings}");
        talk::mend(&world).await;
        live(&world, 10).await;
        let call = only_call(&world).await;
        assert_eq!(call["phase"], "in_progress", "{effect:?}: {call}");
        assert_eq!(meter(&world).dials, 1, "{effect:?}");
    }
    // While OpenAI is away for longer than anybody lets it ring, nobody here can tell whether an earlier answer was taken.
    let world = TestWorld::start().await;
    go_wrong(&world, Operation::Place, Effect::Status(500), talk::ALWAYS).await;
    ring(&world).await;
    live(&world, 70).await;
    talk::mend(&world).await;
    live(&world, 20).await;
    let call = only_call(&world).await;
    assert_eq!((&call["phase"], &call["endReason"]), (&json!("ended"), &json!("unknown")), "{call}");
    assert_eq!(meter(&world).dials, 0);
}

#[tokio::test]
async fn of_a_call_whose_acceptance_was_lost_and_that_is_gone_nobody_says_that_it_was_not_answered() {
    let world = TestWorld::start().await;
    go_wrong(&world, Operation::Place, Effect::ResetAfterSend, talk::ALWAYS).await;
    ring(&world).await;
    // It was taken, and the caller has had their say before anybody asks again.
    pass(&world, 50).await;
    let line = meter(&world);
    assert_eq!((line.dials, line.lines_up), (1, 0));
    talk::mend(&world).await;
    live(&world, 20).await;
    let call = only_call(&world).await;
    assert_eq!((&call["phase"], &call["endReason"]), (&json!("ended"), &json!("unknown")), "{call}");
    assert_eq!((&call["billable"], &call["durationSecs"]), (&json!("unknown"), &Value::Null), "{call}");
}

#[tokio::test]
async fn however_often_a_call_is_told_it_is_one_call() {
    let world = TestWorld::start().await;
    world
        .world
        .simulators()
        .deliveries()
        .set(DeliverySettings { duplicate: Extent::All, ..DeliverySettings::default() });
    let name = ring(&world).await;
    pass(&world, 30).await;
    assert_eq!(world.world.simulators().deliveries().failed().len(), 0);
    only_call(&world).await;
    // Under another id, too, and together with the announcement for the other API.
    for id in ["wh_again", "wh_again", "wh_once_more"] {
        let answer = deliver(&world, id, &incoming(&name)).await;
        answer.expect(200);
    }
    let mut other = incoming(&name);
    other["type"] = json!("live.transport.incoming");
    deliver(&world, "wh_live", &other).await.expect(200);
    let call = only_call(&world).await;
    assert_eq!((&call["phase"], meter(&world).dials), (&json!("in_progress"), 1));
    assert_eq!(asked_of_openai(&world, Operation::Place).len(), 1, "it is taken once");
    // Told of after it is over, it is not taken again.
    pass(&world, 60).await;
    calls::end(&world, call["callId"].as_str().unwrap()).await.expect(200);
    deliver(&world, "wh_late", &incoming(&name)).await.expect(200);
    assert_eq!((&only_call(&world).await["phase"], meter(&world).dials), (&json!("ended"), 1));
}

#[tokio::test]
async fn a_call_whose_headers_say_nothing_is_a_call_and_what_names_none_is_none() {
    let world = TestWorld::start().await;
    for (id, event, calls) in [
        ("wh_1", json!({"type": "realtime.call.incoming", "data": {"call_id": "rtc_unknown", "sip_headers": []}}), 1),
        ("wh_2", json!({"type": "realtime.call.incoming", "data": {"sip_headers": []}}), 1),
        ("wh_3", json!({"type": "realtime.call.incoming", "data": {"call_id": "../../chatkit/sessions"}}), 1),
        ("wh_4", json!({"type": "batch.completed", "data": {"call_id": "rtc_other"}}), 1),
        ("wh_5", json!([1, 2]), 1),
        (
            "wh_6",
            json!({"type": "realtime.call.incoming", "data": {"call_id": "rtc_anonymous", "sip_headers": [
            {"name": "From", "value": "\"Anonymous\" <sip:anonymous@anonymous.invalid>"}, {"name": "To", "value": 7}, "x"]}}),
            2,
        ),
    ] {
        deliver(&world, id, &event).await.expect(200);
        assert_eq!(calls_there_are(&world).await.len(), calls, "{event}");
    }
    for call in calls_there_are(&world).await {
        assert_eq!((&call["from"], &call["to"]), (&Value::Null, &Value::Null), "{call}");
        // OpenAI does not know them: nobody waits there.
        assert_eq!((&call["phase"], &call["endReason"]), (&json!("ended"), &json!("no_answer")), "{call}");
    }
}

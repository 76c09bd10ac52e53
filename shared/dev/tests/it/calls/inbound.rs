//! Calls that came in from outside: they become records of the account's owner, and only where the provider says that they came in.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use switchboard_core::{EndReason, Phase};
use switchboard_dev::credentials::{OMNIDIMENSION_API_KEY, TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, TWILIO_NUMBERS};

use super::*;

/// The calls of a tenant, newest first.
async fn calls_of(caller: &crate::harness::Caller<'_>) -> Vec<Value> {
    let listed = caller.get(CALLS).await;
    listed.expect(200);
    listed.json["calls"].as_array().unwrap().clone()
}

/// Posts a status callback of Twilio's, signed.
async fn post_callback(world: &TestWorld, form: &[(&str, &str)]) -> Answer {
    let url = format!("{}/webhooks/twilio", world.base());
    let sorted: BTreeMap<_, _> = form.iter().copied().collect();
    let mut mac = Hmac::<Sha1>::new_from_slice(TWILIO_AUTH_TOKEN.as_bytes()).unwrap();
    mac.update(url.as_bytes());
    for (name, value) in sorted {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let sender = world.as_nobody().with("x-twilio-signature", &signature);
    let sender = sender.with("content-type", "application/x-www-form-urlencoded");
    sender.send(reqwest::Method::POST, "/webhooks/twilio", Some(body.into_bytes())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_rang_at_twilio_is_a_call_of_the_owner() {
    let world = TestWorld::start().await;
    let about = |direction, status, sequence| {
        [
            ("CallSid", "CA000000000000000000000000000000aa"),
            ("AccountSid", TWILIO_ACCOUNT_SID),
            ("From", "+96891234567"),
            ("To", TWILIO_NUMBERS[0]),
            ("Direction", direction),
            ("CallStatus", status),
            ("SequenceNumber", sequence),
            ("Timestamp", "Fri, 20 Nov 2026 12:00:00 +0000"),
        ]
    };
    // Somebody else's outbound call is none of ours, and is kept without becoming one.
    post_callback(&world, &about("outbound-api", "ringing", "0")).await.expect(200);
    assert!(calls_of(&world.as_local()).await.is_empty());

    let ringing = about("inbound", "ringing", "1").map(|(name, value)| match name {
        "CallSid" => (name, "CA000000000000000000000000000000ab"),
        _ => (name, value),
    });
    for duplicate in [false, true] {
        let taken = post_callback(&world, &ringing).await;
        taken.expect(200);
        assert_eq!(taken.json["duplicate"], json!(duplicate));
    }
    let calls = calls_of(&world.as_local()).await;
    assert_eq!(calls.len(), 1, "one call, however often it is told");
    assert_eq!((&calls[0]["direction"], &calls[0]["phase"]), (&json!("inbound"), &json!("ringing")));
    assert_eq!((&calls[0]["from"], &calls[0]["to"]), (&json!("+96891234567"), &json!(TWILIO_NUMBERS[0])));
    assert!(calls_of(&world.as_other()).await.is_empty(), "it is the owner's alone");

    let mut over = ringing;
    over[5].1 = "completed";
    over[6].1 = "2";
    let mut over = over.to_vec();
    over.extend([("CallDuration", "31"), ("Duration", "1")]);
    post_callback(&world, &over).await.expect(200);
    let calls = calls_of(&world.as_local()).await;
    assert_eq!((&calls[0]["endReason"], &calls[0]["durationSecs"]), (&json!("completed"), &json!(31)));
    assert_eq!(meter(&world).dials, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_omnidimension_took_is_believed_when_its_record_says_so() {
    let world = TestWorld::start().await;
    // A call that was placed past us, so that its log has a record that we know nothing of.
    let dispatch = world.http().post(format!("{}/calls/dispatch", world.world.endpoints().omnidimension));
    let dispatch = dispatch.bearer_auth(OMNIDIMENSION_API_KEY).header("content-type", "application/json");
    let body = json!({"agent_id": 1_930, "to_number": "+15005550001"}).to_string();
    assert_eq!(dispatch.body(body).send().await.unwrap().status(), 200);
    pass(&world, 60).await;
    assert!(calls_of(&world.as_local()).await.is_empty(), "an outbound call of somebody else's is none of ours");

    let urls = world.world.simulators().webhook_urls();
    let hook = urls.into_iter().find(|hook| hook.provider == Provider::Omnidimension).unwrap().url;
    let report = |log: u64| {
        json!({
            "call_id": log, "call_sid": "c", "bot_id": 1_930, "bot_name": "1930", "phone_number": "+96891234567",
            "call_direction": "inbound", "to_number": TWILIO_NUMBERS[0], "call_request_id": false,
            "from_number": "+96891234567", "call_date": "2026-11-20 12:00:00", "end_time": "2026-11-20 12:00:25",
            "call_duration": 20, "call_status": "completed", "hangup_source": false, "recording_url": false,
            "call_report": {"summary": "They asked for the hours.", "full_conversation": " \n user: hello \n LLM: good day"},
        })
    };
    let path = hook.strip_prefix(world.base()).unwrap();
    for duplicate in [false, true] {
        let taken = world.as_nobody().post(path, &report(50_959)).await;
        taken.expect(200);
        assert_eq!(taken.json["duplicate"], json!(duplicate));
    }
    let calls = calls_of(&world.as_local()).await;
    assert_eq!(calls.len(), 1);
    assert_eq!((&calls[0]["direction"], &calls[0]["phase"]), (&json!("inbound"), &json!("ended")), "{}", calls[0]);
    assert_eq!((&calls[0]["agentId"], &calls[0]["from"]), (&json!("1930"), &json!("+96891234567")));

    // What no record confirms stays a claim.
    pass(&world, 1).await;
    world.as_nobody().post(path, &report(77_777)).await.expect(200);
    let calls = calls_of(&world.as_local()).await;
    assert_eq!((calls.len(), &calls[0]["phase"]), (2, &json!("ringing")));
    let call = kept(&world, calls[0]["callId"].as_str().unwrap()).await;
    assert!(call.is_live() && call.end().is_none());
    pass(&world, 60).await;
    assert_ne!(kept(&world, &call.id.to_string()).await.phase(), Phase::Ended);
    assert_ne!(call.end().map(|end| end.reason), Some(EndReason::Completed));
}

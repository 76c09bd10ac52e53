use std::time::Duration;

use serde_json::{Value, json};
use switchboard_core::Clock;

use super::agents::PROJECT_ID;
use crate::credentials::{HAMSA_VOICE_AGENT_ID, TWILIO_NUMBERS};
use crate::sim::Simulators;
use crate::sim::provider::Provider::{Hamsa, Twilio};
use crate::sim::testbed::{Testbed, read, setup};

const SECRET: &str = "per-call-secret";

/// Places a call over Hamsa's number and gives the id of its conversation.
async fn place(bed: &Testbed, to: &str) -> String {
    let hook = format!("{}/webhooks/hamsa", bed.gateway.base());
    let body = json!({"toNumber": to, "voiceAgentId": HAMSA_VOICE_AGENT_ID, "webhookUrl": hook,
        "params": {"customerName": "Salem", "callId": "call_ours", "language": "en"},
        "webhookAuth": {"authKey": "bearer", "authSecret": SECRET}});
    let (status, placed) = bed.ask(Hamsa, "POST", "/v1/voice-agents/call", body).await;
    assert_eq!((status, &placed["success"]), (201, &json!(true)), "{placed}");
    assert_eq!((&placed["data"]["status"], &placed["data"]["jobResponse"]), (&json!("PENDING"), &Value::Null));
    placed["data"]["id"].as_str().unwrap().to_owned()
}

async fn detail(bed: &Testbed, id: &str) -> Value {
    let (status, answer) = bed.ask(Hamsa, "GET", &format!("/v1/voice-agents/conversation/{id}"), Value::Null).await;
    assert_eq!(status, 200, "{answer}");
    answer["data"].clone()
}

async fn terminate(bed: &Testbed, id: &str) -> (u16, Value) {
    bed.ask(Hamsa, "GET", &format!("/v1/voice-agents/conversation/{id}/terminate"), Value::Null).await
}

fn events(bed: &Testbed) -> Vec<String> {
    let kind = |hook: crate::sim::testbed::Received| hook.body["eventType"].as_str().unwrap().to_owned();
    bed.gateway.of("hamsa").into_iter().map(kind).collect()
}

#[tokio::test]
async fn a_conversation_goes_from_pending_to_completed_and_its_transcript_comes_with_its_end() {
    let bed = Testbed::start().await;
    let id = place(&bed, "+15005550001").await;
    bed.advance(8).await;
    let live = detail(&bed, &id).await;
    assert_eq!(
        (&live["status"], &live["jobResponse"], &live["mediaUrl"]),
        (&json!("IN_PROGRESS"), &json!(null), &json!(null))
    );
    assert_eq!(live["callParams"], json!({"userNumber": "+15005550001", "machineNumber": "+18449292835"}));
    bed.advance(30).await;
    let ended = detail(&bed, &id).await;
    assert_eq!(
        (&ended["status"], &ended["callDuration"], &ended["type"]),
        (&json!("COMPLETED"), &json!(20), &json!("VOICE_AGENTS"))
    );
    let said = ended["jobResponse"]["transcription"].as_array().unwrap();
    assert_eq!(said.len(), 6);
    assert!(said[0]["Agent"].as_str().unwrap().contains("Salem") && said[1]["User"].is_string(), "{said:?}");
    let sound = bed.client.get(ended["mediaUrl"].as_str().unwrap()).send().await.unwrap();
    assert_eq!((sound.status().as_u16(), sound.headers()["content-type"].to_str().unwrap()), (200, "audio/wav"));
    assert!(sound.bytes().await.unwrap().starts_with(b"RIFF"));
}

#[tokio::test]
async fn every_magic_number_ends_in_its_own_status_with_its_own_events() {
    let talk = ["call.started", "call.answered", "transcription.update", "transcription.update", "call.ended"];
    for (to, status, secs, told) in [
        ("+15005550001", "COMPLETED", 20, &talk[..]),
        ("+15005550002", "FAILED", 0, &["call.started", "call.ended"]),
        ("+15005550003", "NO_ANSWER", 0, &["call.started", "call.ended"]),
        ("+15005550004", "COMPLETED", 14_400, &talk[..]),
        ("+15005550005", "IN_PROGRESS", 0, &talk[..4]),
        ("+15005550007", "COMPLETED", 10, &["call.started", "call.answered", "transcription.update", "call.ended"]),
        ("+15005550008", "COMPLETED", 20, &[]),
    ] {
        let bed = Testbed::start().await;
        let id = place(&bed, to).await;
        bed.advance(20_000).await;
        let detail = detail(&bed, &id).await;
        assert_eq!(detail["status"], status, "{to}");
        if status != "IN_PROGRESS" {
            assert_eq!(detail["callDuration"], secs, "{to}");
        }
        assert_eq!(events(&bed), told, "{to}");
        assert_eq!(bed.simulators.meter().unwrap().dials, 1, "{to}");
    }
}

#[tokio::test]
async fn webhooks_carry_the_bearer_another_id_and_at_the_end_every_parameter_flat() {
    let bed = Testbed::start().await;
    let id = place(&bed, "+15005550001").await;
    place(&bed, "+15005550001").await;
    bed.advance(60).await;
    let hooks = bed.gateway.of("hamsa");
    assert!(hooks.iter().all(|hook| hook.headers["authorization"] == format!("Bearer {SECRET}")));
    let ended = hooks.iter().find(|hook| hook.body["eventType"] == "call.ended").unwrap().body.clone();
    assert!(ended["callId"].as_str().unwrap().starts_with("call_") && ended["callId"] != id.as_str());
    let data = &ended["data"]["data"];
    assert_eq!((&data["conversationId"], &data["outcomeResult"]["callId"]), (&json!(id), &json!("call_ours")));
    assert!(data["transcription"][0]["Agent"].is_string() && data["conversationRecording"].is_string());
    assert!(events(&bed).contains(&"tool.executed".to_owned()), "the second call uses a tool");
    let mut keys: Vec<_> = hooks
        .iter()
        .map(|hook| format!("{}{}{}", hook.body["callId"], hook.body["eventType"], hook.body["timestamp"]))
        .collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), hooks.len(), "call, event and time tell any two apart");
}

#[tokio::test]
async fn a_lost_reply_has_dialled_once_and_the_call_is_found_in_the_list() {
    let bed = Testbed::start().await;
    let body = json!({"toNumber": "+15005550009", "voiceAgentId": HAMSA_VOICE_AGENT_ID});
    let request = bed.to(Hamsa, "POST", "/v1/voice-agents/call").body(body.to_string()).send().await;
    assert!(request.unwrap_err().is_request());
    bed.advance(60).await;
    let now = bed.clock.now().epoch_millis();
    let path = format!(
        "/v1/voice-agents/conversations/minimal-list?voiceAgentId={HAMSA_VOICE_AGENT_ID}&status=COMPLETED&status=FAILED\
         &startTime={}&endTime={now}",
        now - 120_000
    );
    let (_, list) = bed.ask(Hamsa, "GET", &path, Value::Null).await;
    assert_eq!((&list["data"]["total"], &list["data"]["filtered"]), (&json!(1), &json!(1)));
    assert_eq!(list["data"]["calls"][0]["callParams"]["userNumber"], "+15005550009");
    assert_eq!(bed.simulators.meter().unwrap().dials, 1);
}

#[tokio::test]
async fn terminating_ends_a_waiting_and_a_live_call_once_and_not_one_that_obeys_nobody() {
    for (secs, said) in [(1, false), (10, true)] {
        let bed = Testbed::start().await;
        let id = place(&bed, "+15005550004").await;
        bed.advance(secs).await;
        let (status, done) = terminate(&bed, &id).await;
        assert_eq!((status, &done["messageKey"]), (200, &json!("ConversationTerminatedSuccessfully")));
        let detail = detail(&bed, &id).await;
        assert_eq!((&detail["status"], detail["jobResponse"].is_object()), (&json!("TERMINATED"), said));
        assert_eq!(terminate(&bed, &id).await.0, 400);
        assert_eq!(bed.simulators.meter().unwrap().lines_up, 0);
    }
    let bed = Testbed::start().await;
    let id = place(&bed, "+15005550005").await;
    assert_eq!(terminate(&bed, &id).await.0, 200);
    bed.advance(100_000).await;
    assert_eq!(terminate(&bed, &id).await.0, 200);
    assert_eq!(detail(&bed, &id).await["status"], "IN_PROGRESS");
    assert_eq!(terminate(&bed, "none").await.0, 404);
}

#[tokio::test]
async fn a_call_over_the_customers_number_is_at_twilio_too_and_ending_it_there_ends_it_here() {
    let bed = Testbed::start().await;
    bed.simulators.set_agent_webhook(Hamsa, format!("{}/webhooks/agent", bed.gateway.base()));
    let body = json!({"toNumber": "+15005550004", "phoneNumber": TWILIO_NUMBERS[0], "params": {"callId": "call_ours"},
        "voiceAgentId": HAMSA_VOICE_AGENT_ID, "webhookUrl": format!("{}/webhooks/hamsa", bed.gateway.base())});
    let (status, placed) = bed.ask(Hamsa, "POST", "/v1/voice-agents/phone-number/call", body).await;
    assert_eq!((status, &placed["data"]["voiceAgentId"]), (201, &json!(HAMSA_VOICE_AGENT_ID)));
    let id = placed["data"]["jobId"].as_str().unwrap();
    bed.advance(10).await;
    let calls = "/2010-04-01/Accounts/AC00000000000000000000000000000000/Calls";
    let (_, list) =
        bed.ask(Twilio, "GET", &format!("{calls}.json?To=%2B15005550004&Status=in-progress"), Value::Null).await;
    let call = list["calls"][0].clone();
    assert_eq!((&call["from"], &call["status"]), (&json!(TWILIO_NUMBERS[0]), &json!("in-progress")));
    let path = format!("{calls}/{}.json", call["sid"].as_str().unwrap());
    let ended = read(
        bed.to(Twilio, "POST", &path)
            .header("content-type", "application/x-www-form-urlencoded")
            .body("Status=completed")
            .send()
            .await
            .unwrap(),
    )
    .await;
    assert_eq!((ended.0, &ended.1["status"]), (200, &json!("completed")));
    assert_eq!(detail(&bed, id).await["status"], "COMPLETED", "to Hamsa the line just went dead");
    let meter = bed.simulators.meter().unwrap();
    assert_eq!((meter.dials, meter.lines_up, meter.lines[0].external_id.as_str()), (1, 0, id));
    bed.advance(5).await;
    assert_eq!(bed.gateway.of("hamsa").len(), 0, "this endpoint takes no webhook of its own");
    assert_eq!(bed.gateway.of("agent").last().unwrap().body["eventType"], "call.ended");
}

#[tokio::test]
async fn jobs_are_read_by_a_query_parameter_and_listed_by_post_or_get() {
    let bed = Testbed::start().await;
    let (first, second) = (place(&bed, "+15005550001").await, place(&bed, "+15005550003").await);
    bed.advance(60).await;
    let (_, job) = bed.ask(Hamsa, "GET", &format!("/v1/jobs?jobId={first}"), Value::Null).await;
    assert_eq!((&job["data"]["id"], &job["data"]["usageTime"]), (&json!(first), &json!(20)));
    assert_eq!(job["previewUrl"], job["data"]["mediaUrl"]);
    let all = format!("/v1/jobs/all?projectId={PROJECT_ID}");
    let wish = json!({"take": 1, "skip": 2, "sort": {"field": "createdAt", "direction": "desc"}});
    let (_, list) = bed.ask(Hamsa, "POST", &all, wish).await;
    assert_eq!((&list["data"]["total"], list["data"]["jobs"].as_array().unwrap().len()), (&json!(2), 1));
    assert_eq!(bed.ask(Hamsa, "POST", &all, json!({"take": 1, "skip": 0})).await.0, 400);
    assert_eq!(bed.ask(Hamsa, "POST", "/v1/jobs/all", json!({})).await.0, 400);
    let path = format!("/v2/jobs?projectId={PROJECT_ID}&type=VOICE_AGENTS&status=NO_ANSWER");
    let (_, list) = bed.ask(Hamsa, "GET", &path, Value::Null).await;
    assert_eq!((&list["data"]["filtered"], &list["data"]["jobs"][0]["id"]), (&json!(1), &json!(second)));
}

#[tokio::test]
async fn projects_statistics_agents_and_numbers_are_told() {
    let bed = Testbed::start().await;
    place(&bed, "+15005550001").await;
    bed.advance(60).await;
    let (_, project) = bed.ask(Hamsa, "GET", "/v1/projects/by-api-key", Value::Null).await;
    let id = project["data"]["id"].as_str().unwrap();
    for period in
        ["startPeriod=2026-01-01T00:00:00Z&endPeriod=2027-12-31T00:00:00Z", "startPeriod=0&endPeriod=4102444800000"]
    {
        let path = |kind: &str| format!("/v1/projects/statistics/{kind}?{period}&projectId={id}");
        let (_, numbers) = bed.ask(Hamsa, "GET", &path("numbers"), Value::Null).await;
        assert_eq!(
            (&numbers["data"]["requests"]["value"], &numbers["data"]["price"]["value"]),
            (&json!("1"), &json!("0.0700"))
        );
        let (_, chart) = bed.ask(Hamsa, "GET", &path("chart"), Value::Null).await;
        assert_eq!(chart["data"]["requests"][0]["value"], 1.0);
    }
    for missing in ["startPeriod=0&endPeriod=1", "startPeriod=0&projectId=x", "endPeriod=x&startPeriod=0"] {
        let path = format!("/v1/projects/statistics/numbers?{missing}");
        assert_eq!(bed.ask(Hamsa, "GET", &path, Value::Null).await.0, 400, "{missing}");
    }
    for version in ["v1", "v2"] {
        let (_, agents) = bed.ask(Hamsa, "GET", &format!("/{version}/voice-agents?search=support"), Value::Null).await;
        assert_eq!(agents["data"]["voiceAgents"][0]["id"], HAMSA_VOICE_AGENT_ID);
    }
    let (_, others) = bed.ask(Hamsa, "GET", "/v2/voice-agents?search=collect", Value::Null).await;
    let with_placeholders = others["data"]["voiceAgents"][0]["id"].as_str().unwrap();
    let (_, agent) = bed.ask(Hamsa, "GET", &format!("/v1/voice-agents/{with_placeholders}"), Value::Null).await;
    assert!(agent["data"]["preamble"].as_str().unwrap().contains("{{dueDate}}"));
    let (_, numbers) = bed.ask(Hamsa, "GET", "/v1/voice-agents/phone-number/list", Value::Null).await;
    assert_eq!(numbers["data"][1]["phoneNumber"], TWILIO_NUMBERS[0]);
    let (_, figures) = bed.ask(Hamsa, "GET", "/v1/agent-analytics/overview", Value::Null).await;
    assert_eq!(figures["data"]["completedCalls"], 1);
}

#[tokio::test]
async fn a_conversation_in_a_browser_is_no_line_and_ends_when_it_is_terminated() {
    let bed = Testbed::start().await;
    bed.simulators.set_agent_webhook(Hamsa, format!("{}/webhooks/hamsa", bed.gateway.base()));
    let wish = json!({"voiceAgentId": HAMSA_VOICE_AGENT_ID, "params": {}});
    let (_, minted) = bed.ask(Hamsa, "POST", "/v1/voice-agents/room/participant-token", wish.clone()).await;
    assert!(minted["data"]["liveKitAccessToken"].is_string());
    let id = minted["data"]["jobId"].as_str().unwrap();
    assert_eq!(detail(&bed, id).await["status"], "PENDING");
    let start = json!({"voiceAgentId": HAMSA_VOICE_AGENT_ID, "jobId": id, "channelType": "Web", "params": {}});
    assert_eq!(bed.ask(Hamsa, "POST", "/v1/voice-agents/room/conversation-init", start).await.0, 201);
    bed.advance(30).await;
    assert_eq!(terminate(&bed, id).await.0, 200);
    bed.advance(1).await;
    let ended = detail(&bed, id).await;
    assert_eq!(
        (&ended["status"], &ended["callDuration"], &ended["channelType"]),
        (&json!("TERMINATED"), &json!(30), &json!("Web"))
    );
    assert_eq!(events(&bed), ["call.started", "call.answered", "call.ended"]);
    let (_, older) = bed.ask(Hamsa, "POST", "/v1/voice-agents/conversation-init", wish).await;
    assert_eq!(detail(&bed, older["data"]["jobId"].as_str().unwrap()).await["status"], "IN_PROGRESS");
    assert_eq!(bed.simulators.meter().unwrap().dials, 0);
}

#[tokio::test]
async fn wrong_requests_are_refused_and_dial_nobody() {
    let bed = Testbed::start().await;
    let to = "+15005550001";
    for (path, body) in [
        ("call", json!({"voiceAgentId": HAMSA_VOICE_AGENT_ID})),
        ("call", json!({"toNumber": "+15005550006", "voiceAgentId": HAMSA_VOICE_AGENT_ID})),
        ("call", json!({"toNumber": "0500", "voiceAgentId": HAMSA_VOICE_AGENT_ID})),
        ("call", json!({"toNumber": to})),
        ("call", json!({"toNumber": to, "voiceAgentId": HAMSA_VOICE_AGENT_ID, "params": {"a": 1}})),
        ("call", json!({"toNumber": to, "voiceAgentId": HAMSA_VOICE_AGENT_ID, "webhookUrl": "http://example.com/x"})),
        ("call", json!({"toNumber": to, "voiceAgentId": HAMSA_VOICE_AGENT_ID, "fromNumber": "+14155550199"})),
        ("phone-number/call", json!({"toNumber": to, "voiceAgentId": HAMSA_VOICE_AGENT_ID, "params": {}})),
        (
            "phone-number/call",
            json!({"toNumber": to, "voiceAgentId": HAMSA_VOICE_AGENT_ID, "phoneNumber": TWILIO_NUMBERS[0]}),
        ),
        ("twilio/call", json!({"toNumber": to, "voiceAgentId": HAMSA_VOICE_AGENT_ID})),
        ("call", json!([])),
    ] {
        let (status, answer) = bed.ask(Hamsa, "POST", &format!("/v1/voice-agents/{path}"), body.clone()).await;
        assert_eq!((status, &answer["success"]), (400, &json!(false)), "{path} {body}");
        assert!(answer["message"].is_string());
    }
    let wrong = json!({"toNumber": to, "voiceAgentId": "x"});
    assert_eq!(bed.ask(Hamsa, "POST", "/v1/voice-agents/call", wrong).await.0, 404);
    for scheme in ["Bearer hamsa-local-key-0000", "hamsa-local-key-0000", "Token wrong"] {
        let request = bed.client.get(format!("{}/v1/projects/by-api-key", bed.base(Hamsa)));
        let (status, refused) = read(request.header("authorization", scheme).send().await.unwrap()).await;
        assert_eq!((status, &refused["success"]), (401, &json!(false)), "{scheme}");
    }
    assert_eq!(bed.simulators.meter().unwrap().dials, 0);
}

#[tokio::test]
async fn faults_lose_replies_and_lies_dial_nobody_and_end_nothing() {
    let bed = Testbed::start().await;
    let arm = async |fault: &str| bed.control("POST", "/_sim/faults", fault).await;
    let dials = || bed.simulators.meter().unwrap().dials;
    arm(r#"{"provider":"hamsa","operation":"place","fault":"lie_ok"}"#).await;
    let imagined = place(&bed, "+15005550001").await;
    assert_eq!((dials(), terminate(&bed, &imagined).await.0), (0, 404));
    let id = place(&bed, "+15005550004").await;
    arm(r#"{"provider":"hamsa","operation":"end","fault":"lie_ok"}"#).await;
    assert_eq!(terminate(&bed, &id).await.0, 200);
    assert_eq!(bed.simulators.meter().unwrap().lines_up, 1);
    arm(r#"{"provider":"hamsa","operation":"end","fault":"status","status":503}"#).await;
    assert_eq!(terminate(&bed, &id).await.0, 503);
    arm(r#"{"provider":"hamsa","operation":"end","fault":"reset_after_send"}"#).await;
    let path = format!("/v1/voice-agents/conversation/{id}/terminate");
    bed.to(Hamsa, "GET", &path).send().await.unwrap_err();
    assert_eq!(bed.simulators.meter().unwrap().lines_up, 0);
    for (operation, method, path) in [
        ("get", "GET", format!("/v1/jobs?jobId={id}")),
        ("get", "GET", format!("/v1/voice-agents/conversation/{id}")),
        ("list", "GET", "/v1/voice-agents/conversations/minimal-list".to_owned()),
        ("list", "POST", format!("/v1/jobs/all?projectId={PROJECT_ID}")),
        ("list", "GET", format!("/v2/jobs?projectId={PROJECT_ID}&type=VOICE_AGENTS")),
        ("token", "POST", "/v1/voice-agents/room/participant-token".to_owned()),
        ("agents", "GET", "/v1/voice-agents/phone-number/list".to_owned()),
        ("balance", "GET", "/v1/agent-analytics/overview".to_owned()),
    ] {
        arm(&format!(r#"{{"provider":"hamsa","operation":"{operation}","fault":"status","status":418}}"#)).await;
        assert_eq!(bed.ask(Hamsa, method, &path, Value::Null).await.0, 418, "{operation} {path}");
        arm(&format!(r#"{{"provider":"hamsa","operation":"{operation}","fault":"lie_ok"}}"#)).await;
        let (_, lie) = bed.ask(Hamsa, method, &path, Value::Null).await;
        assert_eq!(lie["success"], true, "{operation} {path}");
        assert_eq!(lie["data"]["id"] == id.as_str(), operation == "get", "it names what it was asked for");
    }
}

#[tokio::test]
async fn a_killed_world_still_has_the_call_its_end_and_its_webhooks() {
    let bed = Testbed::start().await;
    let id = place(&bed, "+15005550001").await;
    bed.advance(6).await;
    let again = Simulators::open(setup(&bed.clock, &bed.ledger, std::sync::Arc::default())).unwrap();
    again.set_gateway(bed.gateway.base());
    again.clockwork().advance(Duration::from_secs(60)).await.unwrap();
    assert_eq!(events(&bed).last().map(String::as_str), Some("call.ended"));
    let meter = again.meter().unwrap();
    assert_eq!((meter.lines[0].external_id.as_str(), meter.lines[0].up, meter.seconds_up), (id.as_str(), false, 20));
}

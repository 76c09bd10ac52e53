use std::time::Duration;

use serde_json::{Value, json};

use super::{CONCURRENCY, FIRST_REQUEST};
use crate::credentials::{OMNIDIMENSION_AGENT_ID, OMNIDIMENSION_TWILIO_NUMBER_ID, TWILIO_NUMBERS};
use crate::sim::Simulators;
use crate::sim::carrier::Order;
use crate::sim::carrier::callee::Callee;
use crate::sim::provider::Provider::{Omnidimension, Twilio};
use crate::sim::testbed::{Testbed, read, setup};

async fn get(bed: &Testbed, path: &str) -> (u16, Value) {
    bed.ask(Omnidimension, "GET", path, Value::Null).await
}

async fn post(bed: &Testbed, path: &str, body: Value) -> (u16, Value) {
    bed.ask(Omnidimension, "POST", path, body).await
}

/// A world whose agents all post to the gateway.
async fn watched() -> Testbed {
    let bed = Testbed::start().await;
    bed.simulators.set_agent_webhook(Omnidimension, format!("{}/webhooks/omnidimension", bed.gateway.base()));
    bed
}

/// Dispatches a call and gives the id of the request.
async fn dispatch(bed: &Testbed, to: &str) -> u64 {
    let context = json!({"customerName": "Salem", "leg": "leg_1"});
    let body = json!({"agent_id": OMNIDIMENSION_AGENT_ID, "to_number": to, "from_number_id": null,
        "call_context": context});
    let (status, answer) = post(bed, "/calls/dispatch", body).await;
    assert_eq!((status, &answer["success"], &answer["status"]), (200, &json!(true), &json!("dispatched")), "{answer}");
    assert_eq!(answer["custom_variables_count"], 2);
    answer["requestId"].as_u64().unwrap()
}

async fn logs(bed: &Testbed, query: &str) -> Vec<Value> {
    let (status, answer) = get(bed, &format!("/calls/logs?{query}")).await;
    assert_eq!(status, 200, "{answer}");
    answer["call_log_data"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_call_is_in_no_log_until_it_is_over_and_then_under_another_id() {
    let bed = watched().await;
    let request = dispatch(&bed, "+15005550001").await;
    bed.advance(15).await;
    assert_eq!(logs(&bed, "").await.len(), 0);
    bed.advance(30).await;
    let log = logs(&bed, "").await.remove(0);
    assert_ne!(log["id"], request);
    assert_eq!(log["call_request_id"], json!({"id": request, "type_of_request": "api"}));
    assert_eq!(
        (&log["call_status"], &log["call_duration"], &log["call_duration_in_seconds"]),
        (&json!("completed"), &json!("0:20"), &json!(20))
    );
    assert_eq!((&log["time_of_call"], &log["hangup_source"]), (&json!("11/20/2026 10:06:48"), &json!(null)));
    let talk = log["call_conversation"].as_str().unwrap();
    assert!(talk.starts_with("LLM: ") && talk.contains("<br/>user: ") && talk.contains("Salem"), "{talk}");
    let (_, one) = get(&bed, &format!("/calls/logs/{}", log["id"])).await;
    assert_eq!((one["call_log_data"].clone(), &one["total_records"]), (json!([log]), &json!(1)));
    let sound = bed.client.get(log["recording_url"].as_str().unwrap()).send().await.unwrap();
    assert_eq!((sound.status().as_u16(), sound.headers()["content-type"].to_str().unwrap()), (200, "audio/mpeg"));
    assert_eq!(get(&bed, "/calls/logs/1").await.0, 404);
    assert_eq!(get(&bed, &format!("/calls/logs/{request}")).await.0, 404);
}

#[tokio::test]
async fn every_magic_number_ends_in_its_own_status_in_both_spellings() {
    for (to, logged, posted, secs) in [
        ("+15005550001", "completed", Some("completed"), 20),
        ("+15005550002", "busy", Some("busy"), 0),
        ("+15005550003", "no-answer", Some("no_answer"), 0),
        ("+15005550004", "completed", Some("completed"), 3600),
        ("+15005550007", "completed", Some("voicemail_detected"), 10),
        ("+15005550008", "completed", None, 20),
    ] {
        let bed = watched().await;
        dispatch(&bed, to).await;
        bed.advance(10_000).await;
        let log = logs(&bed, "").await.remove(0);
        assert_eq!((&log["call_status"], &log["call_duration_in_seconds"]), (&json!(logged), &json!(secs)), "{to}");
        assert_eq!(log["is_voicemail"], posted == Some("voicemail_detected"), "{to}");
        assert_eq!(log["recording_url"] == false, secs == 0, "{to}");
        let told: Vec<_> =
            bed.gateway.of("omnidimension").iter().map(|hook| hook.body["call_status"].clone()).collect();
        assert_eq!(told, posted.map(|status| json!(status)).into_iter().collect::<Vec<_>>(), "{to}");
    }
    let bed = watched().await;
    dispatch(&bed, "+15005550005").await;
    bed.advance(100_000).await;
    assert_eq!((logs(&bed, "").await.len(), bed.simulators.meter().unwrap().lines_up), (0, 1));
}

#[tokio::test]
async fn the_webhook_is_unsigned_and_says_nothing_of_the_context() {
    let bed = watched().await;
    let request = dispatch(&bed, "+15005550001").await;
    dispatch(&bed, "+15005550002").await;
    bed.advance(60).await;
    let hooks = bed.gateway.of("omnidimension");
    let answered = hooks.iter().find(|hook| hook.body["call_status"] == "completed").unwrap();
    let body = &answered.body;
    assert_eq!((&body["call_request_id"], &body["bot_id"]), (&json!(request), &json!(OMNIDIMENSION_AGENT_ID)));
    assert_eq!((&body["call_date"], &body["end_time"]), (&json!("2026-11-20 10:06:48"), &json!("2026-11-20 10:07:13")));
    assert_eq!((&body["hangup_source"], &body["call_duration"]), (&json!(false), &json!(20)));
    let report = &body["call_report"];
    assert_eq!(
        (report["interactions"][0]["sequence"].clone(), report["extracted_variables"].clone()),
        (json!(1), json!({}))
    );
    assert!(!String::from_utf8_lossy(&answered.raw).contains("leg_1"));
    assert!(!answered.headers.contains_key("authorization"));
    let unanswered = &hooks.iter().find(|hook| hook.body["call_status"] == "busy").unwrap().body;
    assert_eq!((&unanswered["recording_url"], &unanswered["recording_available_at"]), (&json!(false), &json!(null)));
}

#[tokio::test]
async fn a_webhook_that_is_refused_is_posted_once_more() {
    let bed = watched().await;
    bed.gateway.answer_next(&[500, 500]);
    dispatch(&bed, "+15005550001").await;
    bed.advance(600).await;
    assert_eq!(bed.gateway.of("omnidimension").len(), 2);
    assert_eq!(bed.simulators.deliveries().failed().len(), 1);
}

#[tokio::test]
async fn an_agents_own_webhook_counts_before_the_accounts_and_for_its_own_statuses() {
    let bed = watched().await;
    let url = format!("{}/webhooks/own", bed.gateway.base());
    let hook = json!({"webhook": {"enabled": true, "url": url, "include": ["summary"]}});
    let (_, created) =
        post(&bed, "/agents/create", json!({"name": "Own", "context_breakdown": [], "post_call_actions": hook})).await;
    let agent = created["id"].as_u64().unwrap();
    for to in ["+15005550001", "+15005550002"] {
        post(&bed, "/calls/dispatch", json!({"agent_id": agent, "to_number": to})).await;
    }
    bed.advance(60).await;
    let told: Vec<_> = bed.gateway.of("own").iter().map(|hook| hook.body["call_status"].clone()).collect();
    assert_eq!((told, bed.gateway.of("omnidimension").len()), (vec![json!("completed")], 0));
    let urls = bed.control("GET", "/_sim/webhook-urls", "").await.to_string();
    assert!(urls.contains("/webhooks/own") && urls.contains("/webhooks/omnidimension"), "{urls}");
}

#[tokio::test]
async fn there_is_no_way_to_end_a_call_but_its_longest_duration() {
    let bed = watched().await;
    let limit = json!({"transcriber": {"provider": "deepgram_stream", "max_call_duration_in_sec": 60}});
    let path = format!("/agents/{OMNIDIMENSION_AGENT_ID}");
    assert_eq!(bed.ask(Omnidimension, "PUT", &path, limit).await.0, 200);
    let request = dispatch(&bed, "+15005550004").await;
    bed.advance(10).await;
    for (method, path) in [("POST", format!("/calls/{request}/end")), ("DELETE", format!("/calls/{request}"))] {
        assert_eq!(bed.ask(Omnidimension, method, &path, json!({})).await.0, 404);
    }
    assert_eq!(bed.simulators.meter().unwrap().lines_up, 1);
    bed.advance(60).await;
    assert_eq!(logs(&bed, "").await[0]["call_duration"], "1:0");
}

#[tokio::test]
async fn a_call_from_an_imported_number_is_at_twilio_too_and_counted_once() {
    let bed = watched().await;
    let body = json!({"agent_id": OMNIDIMENSION_AGENT_ID, "to_number": "+15005550004",
        "from_number_id": OMNIDIMENSION_TWILIO_NUMBER_ID});
    let (_, dispatched) = post(&bed, "/calls/dispatch", body).await;
    dispatch(&bed, "+15005550004").await;
    bed.advance(3).await;
    let calls = "/2010-04-01/Accounts/AC00000000000000000000000000000000/Calls";
    let (_, list) = bed.ask(Twilio, "GET", &format!("{calls}.json"), Value::Null).await;
    assert_eq!((list["calls"].as_array().unwrap().len(), &list["calls"][0]["from"]), (1, &json!(TWILIO_NUMBERS[0])));
    let path = format!("{calls}/{}.json", list["calls"][0]["sid"].as_str().unwrap());
    let request = bed.to(Twilio, "POST", &path).header("content-type", "application/x-www-form-urlencoded");
    let (status, _) = read(request.body("Status=canceled").send().await.unwrap()).await;
    assert_eq!(status, 200);
    let log = logs(&bed, "").await.remove(0);
    assert_eq!((&log["call_status"], &log["call_request_id"]["id"]), (&json!("failed"), &dispatched["requestId"]));
    bed.advance(1).await;
    assert_eq!(bed.gateway.of("omnidimension")[0].body["call_status"], "cancelled");
    let meter = bed.simulators.meter().unwrap();
    assert_eq!((meter.dials, meter.lines_up), (2, 1));
}

#[tokio::test]
async fn logs_are_filtered_and_paged() {
    let bed = watched().await;
    for to in ["+15005550001", "+15005550002", "+15005550003", "+15005550001"] {
        dispatch(&bed, to).await;
    }
    bed.advance(60).await;
    for (query, count) in [
        ("pageno=1&pagesize=3", 3),
        ("pageno=2&pagesize=3", 1),
        ("pagesize=500", 4),
        ("call_status=no-answer", 1),
        ("call_status=no_answer", 0),
        ("agentid=1930", 4),
        ("agentid=7", 0),
        ("bulk_call_id=1", 0),
    ] {
        assert_eq!(logs(&bed, query).await.len(), count, "{query}");
    }
    assert_eq!(get(&bed, "/calls/logs?bulk_call_id=1&pagesize=151").await.0, 500);
    assert_eq!(get(&bed, "/calls/bulk_call?pagesize=151").await.0, 500);
    assert_eq!(get(&bed, "/calls/bulk_call?pagesize=10").await.0, 200);
}

#[tokio::test]
async fn agents_are_written_under_one_set_of_names_and_read_under_another() {
    let bed = Testbed::start().await;
    let wish = json!({"name": "Reminder", "welcome_message": "Hello", "context_breakdown": [{"title": "T", "body": "B"}],
        "model": {"model": "gpt-5.1", "temperature": 0.2}, "voice": {"provider": "google", "voice_id": "v1"}});
    let (status, created) = post(&bed, "/agents/create", wish).await;
    assert_eq!((status, &created["status"]), (200, &json!("Completed")));
    let path = format!("/agents/{}", created["id"]);
    let (_, agent) = get(&bed, &path).await;
    assert_eq!(agent["context_breakdown"][0], json!({"context_title": "T", "context_body": "B", "is_enabled": true}));
    assert_eq!(
        (&agent["llm_service"], &agent["voice_external_id"], &agent["timezone"]),
        (&json!("gpt-5.1"), &json!("v1"), &json!(false))
    );
    assert!(agent["secret_key"].is_string() && agent["post_call_config_ids"] == json!([]));
    let change = json!({"post_call_actions": {"webhook": {"enabled": true, "url": "http://localhost:1/x"}}});
    assert_eq!(bed.ask(Omnidimension, "PUT", &path, change).await.0, 200);
    let (_, agent) = get(&bed, &path).await;
    assert_eq!(agent["post_call_config_ids"][0]["webhook_url"], "http://localhost:1/x");
    assert_eq!(agent["post_call_config_ids"][0]["trigger_call_statuses"], json!(["completed", "voicemail_detected"]));
    let (_, list) = get(&bed, "/agents?pageno=1&pagesize=30&name=remind").await;
    assert_eq!((list["bots"].as_array().unwrap().len(), &list["total_records"]), (1, &json!(1)));
    assert_eq!(bed.ask(Omnidimension, "DELETE", &path, Value::Null).await.1["success"], true);
    assert_eq!((get(&bed, &path).await.0, get(&bed, "/agents").await.1["total_records"].clone()), (404, json!(1)));
    let (_, next) = post(&bed, "/agents/create", json!({"name": "Next", "context_breakdown": []})).await;
    assert_ne!(next["id"], created["id"], "an id is never given twice");
    for (method, path, body) in [
        ("POST", "/agents/create", json!({"name": "x"})),
        ("POST", "/agents/create", json!({"name": "x", "context_breakdown": [{"title": "T"}]})),
        ("PUT", "/agents/1930", json!({"voice": {"voice_id": "v1"}})),
        ("PUT", "/agents/1930", json!([])),
    ] {
        assert_eq!(bed.ask(Omnidimension, method, path, body.clone()).await.0, 400, "{method} {path} {body}");
    }
    assert_eq!(post(&bed, "/agents", json!({})).await.0, 405);
}

#[tokio::test]
async fn numbers_are_attached_detached_and_imported() {
    let bed = Testbed::start().await;
    let (_, list) = get(&bed, "/phone_number/list?pageno=1&pagesize=30").await;
    assert_eq!(
        list["phone_numbers"][0],
        json!({"id": 88, "phone_number": TWILIO_NUMBERS[0], "name": TWILIO_NUMBERS[0],
        "active_bot_id": false, "number_provider": "twilio"})
    );
    let attach = json!({"phone_number_id": 88, "agent_id": OMNIDIMENSION_AGENT_ID});
    assert_eq!(post(&bed, "/phone_number/attach", attach).await.1["success"], true);
    let (_, list) = get(&bed, "/phone_number/list").await;
    assert_eq!(list["phone_numbers"][0]["active_bot_id"], OMNIDIMENSION_AGENT_ID);
    dispatch(&bed, "+15005550002").await;
    bed.advance(10).await;
    assert_eq!(logs(&bed, "").await[0]["from_number"], TWILIO_NUMBERS[0]);
    assert_eq!(post(&bed, "/phone_number/detach", json!({"phone_number_id": 88})).await.0, 200);
    let import = json!({"phone_number": TWILIO_NUMBERS[1], "account_sid": "AC0", "account_token": "t"});
    assert_eq!(post(&bed, "/phone_number/import/twilio", import).await.1["phone_number"]["id"], 90);
    assert_eq!(post(&bed, "/phone_number/attach", json!({"phone_number_id": 7, "agent_id": 1930})).await.0, 404);
}

#[tokio::test]
async fn balance_sessions_and_catalogues_are_told_and_a_session_is_no_line() {
    let bed = Testbed::start().await;
    dispatch(&bed, "+15005550004").await;
    let (_, balance) = get(&bed, "/account/balance").await;
    assert_eq!((&balance["balance"]["can_place_calls"], &balance["concurrency"]["in_use"]), (&json!(true), &json!(1)));
    let (status, session) = post(&bed, "/sessions/create", json!({"agent_id": 1930, "type": "voice"})).await;
    let token = session["token"].as_str().unwrap();
    assert!(status == 200 && token.starts_with("sess_") && session["ws_url"].as_str().unwrap().ends_with(token));
    assert_eq!(post(&bed, "/sessions/create", json!({"agent_id": 1930, "type": "chat"})).await.0, 400);
    assert_eq!(bed.simulators.meter().unwrap().dials, 1);
    for (path, key) in [
        ("/providers/llms", "llms"),
        ("/providers/tts", "tts"),
        ("/providers/stt", "stt"),
        ("/providers/voices?page=1&page_size=2&provider=eleven_labs", "voices"),
        ("/providers/all", "services"),
        ("/knowledge_base/list", "files"),
        ("/voices", "voices"),
    ] {
        assert!(get(&bed, path).await.1[key].is_array(), "{path}");
    }
    assert_eq!(get(&bed, "/providers/voice/1").await.1["name"], "Rachel");
    assert_eq!(get(&bed, "/providers/voice/99").await.0, 404);
}

#[tokio::test]
async fn what_is_not_placed_is_told_under_a_200_and_dials_nobody() {
    let bed = Testbed::start().await;
    for (change, error) in [
        (json!({"to_number": "+15005550006"}), "Invalid phone number"),
        (json!({"to_number": "05005550001"}), "Invalid phone number"),
        (json!({"from_number_id": 7}), "Invalid from number"),
    ] {
        let mut body = json!({"agent_id": 1930, "to_number": "+15005550001"});
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let refused = json!({"success": false, "plan_expire": false, "error": error});
        assert_eq!(post(&bed, "/calls/dispatch", body).await, (200, refused));
    }
    assert_eq!(post(&bed, "/calls/dispatch", json!({"agent_id": 1, "to_number": "+15005550001"})).await.0, 404);
    assert_eq!(post(&bed, "/calls/dispatch", json!({"to_number": "+15005550001"})).await.0, 400);
    let request = bed.client.get(format!("{}/agents", bed.base(Omnidimension))).bearer_auth("wrong");
    let (status, refused) = read(request.send().await.unwrap()).await;
    assert_eq!((status, &refused["error"]), (401, &json!("unauthorized")));
    assert_eq!(bed.simulators.meter().unwrap().dials, 0);
}

#[tokio::test]
async fn the_plans_concurrency_is_a_limit() {
    let bed = Testbed::start().await;
    for _ in 0..CONCURRENCY {
        let order = |seq: u64| Order {
            provider: Omnidimension,
            external_id: (FIRST_REQUEST + seq).to_string(),
            call_sid: None,
            to: "+15005550005".to_owned(),
            from: TWILIO_NUMBERS[0].to_owned(),
            callee: Callee::Ignores,
            ring_limit: Duration::from_secs(30),
            talk_limit: None,
            notes: Value::Null,
        };
        bed.simulators.carrier.place(order).unwrap();
    }
    let (status, refused) = post(&bed, "/calls/dispatch", json!({"agent_id": 1930, "to_number": "+15005550001"})).await;
    assert_eq!((status, &refused["error"]), (200, &json!("Concurrency call limit exceeded")));
}

#[tokio::test]
async fn faults_and_lies_act_on_every_operation() {
    let bed = Testbed::start().await;
    let arm = async |fault: &str| bed.control("POST", "/_sim/faults", fault).await;
    arm(r#"{"provider":"omnidimension","operation":"place","fault":"lie_ok"}"#).await;
    dispatch(&bed, "+15005550001").await;
    assert_eq!(bed.simulators.meter().unwrap().dials, 0);
    arm(r#"{"provider":"omnidimension","operation":"place","fault":"reset_after_send"}"#).await;
    let body = json!({"agent_id": 1930, "to_number": "+15005550001"}).to_string();
    bed.to(Omnidimension, "POST", "/calls/dispatch").body(body.clone()).send().await.unwrap_err();
    assert_eq!(bed.simulators.meter().unwrap().dials, 1);
    bed.to(Omnidimension, "POST", "/calls/dispatch").body(body.replace("0001", "0009")).send().await.unwrap_err();
    assert_eq!(bed.simulators.meter().unwrap().dials, 2);
    for (operation, method, path) in [
        ("place", "POST", "/calls/dispatch"),
        ("list", "GET", "/calls/logs"),
        ("get", "GET", "/calls/logs/1"),
        ("session", "POST", "/sessions/create"),
        ("agents", "GET", "/agents"),
        ("agents", "GET", "/phone_number/list"),
        ("balance", "GET", "/account/balance"),
        ("end", "POST", "/calls/1/end"),
    ] {
        arm(&format!(r#"{{"provider":"omnidimension","operation":"{operation}","fault":"status","status":402}}"#))
            .await;
        let (status, refused) = bed.ask(Omnidimension, method, path, Value::Null).await;
        assert_eq!((status, &refused["error"]), (402, &json!("payment_required")), "{operation} {path}");
        arm(&format!(r#"{{"provider":"omnidimension","operation":"{operation}","fault":"lie_ok"}}"#)).await;
        assert_eq!(bed.ask(Omnidimension, method, path, Value::Null).await.0, 200, "{operation} {path}");
    }
}

#[tokio::test]
async fn a_killed_world_still_has_its_agents_and_its_calls() {
    let bed = watched().await;
    let (_, created) = post(&bed, "/agents/create", json!({"name": "Kept", "context_breakdown": []})).await;
    let request = dispatch(&bed, "+15005550001").await;
    let again = Simulators::open(setup(&bed.clock, &bed.ledger, std::sync::Arc::default())).unwrap();
    again.set_gateway(bed.gateway.base());
    again.set_agent_webhook(Omnidimension, format!("{}/webhooks/omnidimension", bed.gateway.base()));
    again.clockwork().advance(Duration::from_secs(60)).await.unwrap();
    assert_eq!(bed.gateway.of("omnidimension")[0].body["call_request_id"], request);
    assert_eq!(get(&bed, &format!("/agents/{}", created["id"])).await.0, 200);
}

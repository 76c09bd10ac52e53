mod recordings;

use std::time::Duration;

use serde_json::{Value, json};

use crate::credentials::{
    TWILIO_ACCOUNT_SID, TWILIO_API_KEY_SECRET, TWILIO_API_KEY_SID, TWILIO_AUTH_TOKEN, TWILIO_NUMBERS,
};
use crate::sim::Simulators;
use crate::sim::provider::Provider::Twilio;
use crate::sim::recorder::form_pairs;
use crate::sim::signature::twilio_signature;
use crate::sim::testbed::{Received, Testbed, read, setup};

const API: &str = "/2010-04-01/Accounts/AC00000000000000000000000000000000";

/// Every event that a call can be watched by.
const EVENTS: [(&str, &str); 4] = [
    ("StatusCallbackEvent", "initiated"),
    ("StatusCallbackEvent", "ringing"),
    ("StatusCallbackEvent", "answered"),
    ("StatusCallbackEvent", "completed"),
];

async fn post(bed: &Testbed, path: &str, form: &[(&str, &str)]) -> (u16, Value) {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let request = bed.to(Twilio, "POST", &format!("{API}{path}"));
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
    read(request.send().await.unwrap()).await
}

async fn get(bed: &Testbed, path: &str) -> (u16, Value) {
    bed.ask(Twilio, "GET", &format!("{API}{path}"), Value::Null).await
}

fn wish<'a>(to: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut form = vec![("To", to), ("From", TWILIO_NUMBERS[0]), ("Url", "https://example.com/twiml")];
    form.extend(more);
    form
}

/// Places a call and gives its sid.
async fn place(bed: &Testbed, to: &str, more: &[(&str, &str)]) -> String {
    let (status, call) = post(bed, "/Calls.json", &wish(to, more)).await;
    assert_eq!(
        (status, &call["status"], &call["direction"]),
        (201, &json!("queued"), &json!("outbound-api")),
        "{call}"
    );
    call["sid"].as_str().unwrap().to_owned()
}

async fn place_watched(bed: &Testbed, to: &str, more: &[(&str, &str)]) -> String {
    let hook = format!("{}/webhooks/twilio?leg=leg_1", bed.gateway.base());
    let mut form = vec![("StatusCallback", hook.as_str())];
    form.extend(EVENTS);
    form.extend(more);
    place(bed, to, &form).await
}

async fn fetch(bed: &Testbed, sid: &str) -> Value {
    let (status, call) = get(bed, &format!("/Calls/{sid}.json")).await;
    assert_eq!(status, 200, "{call}");
    call
}

fn statuses(bed: &Testbed) -> Vec<String> {
    let status = |hook: Received| hook.body["CallStatus"].as_str().unwrap_or_default().to_owned();
    bed.gateway.of("twilio").into_iter().map(status).collect()
}

#[tokio::test]
async fn a_call_is_queued_rings_is_in_progress_and_completed_and_its_price_comes_late() {
    let bed = Testbed::start().await;
    let sid = place(&bed, "+15005550001", &[]).await;
    for (secs, status) in [(0, "queued"), (3, "ringing"), (3, "in-progress"), (20, "completed")] {
        bed.advance(secs).await;
        let call = fetch(&bed, &sid).await;
        assert_eq!(call["status"], status);
        assert_eq!((call["end_time"].is_null(), call["duration"].is_null()), (secs != 20, secs != 20));
    }
    let call = fetch(&bed, &sid).await;
    assert_eq!((&call["duration"], &call["price"]), (&json!("20"), &json!(null)));
    assert_eq!(call["date_created"], "Fri, 20 Nov 2026 10:06:48 +0000");
    bed.advance(30).await;
    assert_eq!(fetch(&bed, &sid).await["price"], "-0.01300");
}

#[tokio::test]
async fn every_magic_number_ends_in_its_own_status_with_its_own_callbacks() {
    let talk = &["initiated", "ringing", "in-progress", "completed"][..];
    for (to, status, duration, told) in [
        ("+15005550001", "completed", "20", talk),
        ("+15005550002", "busy", "0", &["initiated", "busy"]),
        ("+15005550003", "no-answer", "0", &["initiated", "ringing", "no-answer"]),
        ("+15005550004", "completed", "14400", talk),
        ("+15005550007", "completed", "10", talk),
        ("+15005550008", "completed", "20", &[]),
    ] {
        let bed = Testbed::start().await;
        let sid = place_watched(&bed, to, &[]).await;
        bed.advance(20_000).await;
        let call = fetch(&bed, &sid).await;
        assert_eq!((&call["status"], &call["duration"]), (&json!(status), &json!(duration)), "{to}");
        assert_eq!(statuses(&bed), told, "{to}");
    }
    let bed = Testbed::start().await;
    let sid = place_watched(&bed, "+15005550005", &[("TimeLimit", "10")]).await;
    bed.advance(20_000).await;
    assert_eq!(fetch(&bed, &sid).await["status"], "in-progress");
    assert_eq!(statuses(&bed), talk[..3]);
}

#[tokio::test]
async fn callbacks_are_signed_forms_with_numbers_in_sequence_and_two_durations() {
    let bed = Testbed::start().await;
    place_watched(&bed, "+15005550007", &[("MachineDetection", "Enable")]).await;
    bed.advance(120).await;
    let hooks = bed.gateway.of("twilio");
    let url = format!("{}/webhooks/twilio?leg=leg_1", bed.gateway.base());
    for (index, hook) in hooks.iter().enumerate() {
        assert_eq!(hook.body["SequenceNumber"], index.to_string());
        assert_eq!(hook.body["AccountSid"], TWILIO_ACCOUNT_SID);
        assert!(hook.headers["content-type"].to_str().unwrap().starts_with("application/x-www-form-urlencoded"));
        let form = form_pairs(std::str::from_utf8(&hook.raw).unwrap());
        assert_eq!(hook.headers["x-twilio-signature"], twilio_signature(TWILIO_AUTH_TOKEN, &url, &form));
        assert!(hook.headers.contains_key("i-twilio-idempotency-token"));
    }
    let last = &hooks[3].body;
    let told = |name: &str| last[name].as_str().unwrap().to_owned();
    assert_eq!(
        (told("CallDuration"), told("Duration"), told("AnsweredBy")),
        ("10".into(), "1".into(), "machine_start".into())
    );
    assert_eq!((told("CallbackSource"), told("SipResponseCode")), ("call-progress-events".into(), "200".into()));
    assert_eq!(told("Timestamp"), "Fri, 20 Nov 2026 10:07:03 +0000");
}

#[tokio::test]
async fn only_the_end_is_told_unless_more_is_asked_for() {
    let bed = Testbed::start().await;
    let hook = format!("{}/webhooks/twilio", bed.gateway.base());
    place(&bed, "+15005550002", &[("StatusCallback", &hook)]).await;
    bed.advance(60).await;
    assert_eq!(statuses(&bed), ["busy"]);
    assert_eq!(bed.gateway.of("twilio")[0].body["SequenceNumber"], "0");
}

#[tokio::test]
async fn callbacks_can_overtake_each_other_and_come_twice() {
    let bed = Testbed::start().await;
    bed.control("POST", "/_sim/deliveries", r#"{"reorder":true,"duplicate":1}"#).await;
    place_watched(&bed, "+15005550001", &[]).await;
    bed.advance(120).await;
    assert_eq!(statuses(&bed), ["ringing", "completed", "initiated", "initiated", "in-progress"]);
    let token = |index: usize| bed.gateway.of("twilio")[index].headers["i-twilio-idempotency-token"].clone();
    assert_eq!(token(2), token(3));
}

#[tokio::test]
async fn a_refused_callback_is_lost_and_one_that_found_nobody_is_tried_once_more() {
    let bed = Testbed::start().await;
    bed.gateway.answer_next(&[503]);
    place_watched(&bed, "+15005550002", &[]).await;
    place(&bed, "+15005550002", &[("StatusCallback", "http://127.0.0.1:1/x")]).await;
    bed.advance(60).await;
    assert_eq!(statuses(&bed), ["initiated", "busy"]);
    let failed: Vec<usize> = bed.simulators.deliveries().failed().iter().map(|one| one.attempts).collect();
    assert_eq!(failed, [1, 2]);
}

#[tokio::test]
async fn a_call_is_ended_by_completing_or_cancelling_it_each_in_its_time() {
    for (secs, verb, status, after) in [
        (0, "completed", 200, "completed"),
        (3, "canceled", 200, "canceled"),
        (10, "completed", 200, "completed"),
        (10, "canceled", 200, "in-progress"),
    ] {
        let bed = Testbed::start().await;
        let sid = place(&bed, "+15005550004", &[]).await;
        bed.advance(secs).await;
        let path = format!("/Calls/{sid}.json");
        let (got, call) = post(&bed, &path, &[("Status", verb)]).await;
        assert_eq!((got, &call["status"]), (status, &json!(after)), "{verb} after {secs} s");
        if after != "in-progress" {
            let (got, refused) = post(&bed, &path, &[("Status", "completed")]).await;
            assert_eq!((got, &refused["code"]), (400, &json!(21220)));
        }
    }
    let bed = Testbed::start().await;
    let sid = place(&bed, "+15005550005", &[]).await;
    bed.advance(10).await;
    let (got, call) = post(&bed, &format!("/Calls/{sid}.json"), &[("Status", "completed")]).await;
    assert_eq!((got, &call["status"]), (200, &json!("in-progress")), "it says so and goes on");
}

#[tokio::test]
async fn limits_are_the_callers_and_can_be_changed() {
    let bed = Testbed::start().await;
    let limited = place(&bed, "+15005550004", &[("TimeLimit", "15")]).await;
    let impatient = place(&bed, "+15005550003", &[("Timeout", "10")]).await;
    let shortened = place(&bed, "+15005550004", &[]).await;
    bed.advance(10).await;
    post(&bed, &format!("/Calls/{shortened}.json"), &[("TimeLimit", "60")]).await;
    bed.advance(3).await;
    assert_eq!(fetch(&bed, &impatient).await["status"], "no-answer");
    bed.advance(100).await;
    assert_eq!(fetch(&bed, &limited).await["duration"], "15");
    assert_eq!(fetch(&bed, &shortened).await["duration"], "60");
}

#[tokio::test]
async fn calls_are_listed_newest_first_filtered_and_in_pages_that_name_the_next() {
    let bed = Testbed::start().await;
    let mut placed = Vec::new();
    for _ in 0..5 {
        placed.push(place(&bed, "+15005550001", &[]).await);
        bed.advance(60).await;
    }
    place(&bed, "+15005550004", &[]).await;
    let mut path = "/Calls.json?To=%2B15005550001&PageSize=2".to_owned();
    let mut seen = Vec::new();
    loop {
        let (status, page) = get(&bed, &path).await;
        assert_eq!((status, &page["page_size"]), (200, &json!(2)));
        seen.extend(page["calls"].as_array().unwrap().iter().map(|call| call["sid"].as_str().unwrap().to_owned()));
        let Some(next) = page["next_page_uri"].as_str() else { break };
        path = next.strip_prefix(API).unwrap().to_owned();
        place(&bed, "+15005550001", &[]).await;
    }
    placed.reverse();
    assert_eq!(seen, placed, "what comes between two pages is in neither");
    for (query, count) in [
        ("Status=in-progress", 0),
        ("Status=queued", 3),
        ("From=%2B15005550100", 8),
        ("From=%2B15005550101", 0),
        ("StartTime=2026-11-20", 8),
        ("StartTime%3C=2026-11-20", 0),
        ("StartTime%3E=2026-11-20", 8),
        ("StartTime%3E=2026-11-20T10:08:48Z", 6),
        ("EndTime%3E=2026-11-20", 5),
        ("ParentCallSid=CA1", 0),
    ] {
        let (_, page) = get(&bed, &format!("/Calls.json?{query}")).await;
        assert_eq!(page["calls"].as_array().unwrap().len(), count, "{query}");
    }
    assert_eq!(get(&bed, "/Calls.json?StartTime=soon").await.0, 400);
}

#[tokio::test]
async fn a_finished_call_can_be_forgotten_and_still_was_dialled() {
    let bed = Testbed::start().await;
    let sid = place(&bed, "+15005550001", &[]).await;
    let path = format!("{API}/Calls/{sid}.json");
    assert_eq!(bed.ask(Twilio, "DELETE", &path, Value::Null).await.0, 409);
    bed.advance(60).await;
    assert_eq!(bed.ask(Twilio, "DELETE", &path, Value::Null).await.0, 204);
    let (status, gone) = get(&bed, &format!("/Calls/{sid}.json")).await;
    assert_eq!((status, &gone["code"]), (404, &json!(20404)));
    assert_eq!(get(&bed, "/Calls.json").await.1["calls"], json!([]));
    assert_eq!(bed.simulators.meter().unwrap().dials, 1);
}

#[tokio::test]
async fn the_account_tells_its_balance_and_numbers_to_whoever_has_its_token_or_a_key() {
    let bed = Testbed::start().await;
    assert_eq!(
        get(&bed, "/Balance.json").await.1,
        json!({"account_sid": TWILIO_ACCOUNT_SID, "balance": "12.34", "currency": "USD"})
    );
    let (_, numbers) = get(&bed, "/IncomingPhoneNumbers.json").await;
    assert_eq!(numbers["incoming_phone_numbers"][0]["phone_number"], TWILIO_NUMBERS[0]);
    assert_eq!(get(&bed, ".json").await.1["status"], "active");
    for (user, password, status) in [
        (TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, 200),
        (TWILIO_API_KEY_SID, TWILIO_API_KEY_SECRET, 200),
        (TWILIO_API_KEY_SID, TWILIO_AUTH_TOKEN, 401),
        (TWILIO_ACCOUNT_SID, "wrong", 401),
    ] {
        let request = bed.client.get(format!("{}{API}/Balance.json", bed.base(Twilio)));
        let (got, answer) = read(request.basic_auth(user, Some(password)).send().await.unwrap()).await;
        assert_eq!(got, status, "{user}");
        assert_eq!(answer["code"] == 20003, status == 401, "{answer}");
    }
    let other = "/2010-04-01/Accounts/AC11111111111111111111111111111111/Balance.json";
    assert_eq!(bed.ask(Twilio, "GET", other, Value::Null).await.0, 401);
}

#[tokio::test]
async fn wrong_requests_are_refused_with_twilios_codes_and_dial_nobody() {
    let bed = Testbed::start().await;
    let own = TWILIO_NUMBERS[0];
    for (form, code) in [
        (&[("From", own), ("Url", "x")][..], 21201),
        (&[("To", "+15005550001"), ("Url", "x")], 21213),
        (&[("To", "+15005550006"), ("From", own), ("Url", "x")], 21211),
        (&[("To", "5551234567"), ("From", own), ("Url", "x")], 21211),
        (&[("To", "+15005550001"), ("From", "+14155550199"), ("Url", "x")], 21210),
        (&[("To", "+15005550001"), ("From", own)], 21205),
        (&[("To", "+15005550001"), ("From", own), ("Url", "x"), ("TimeLimit", "long")], 20001),
    ] {
        let (status, refused) = post(&bed, "/Calls.json", form).await;
        assert_eq!((status, &refused["code"], &refused["status"]), (400, &json!(code), &json!(400)), "{form:?}");
        assert!(refused["more_info"].as_str().unwrap().ends_with(&code.to_string()));
    }
    let body = json!({"To": "+15005550001", "From": own, "Url": "x"});
    let (status, refused) = bed.ask(Twilio, "POST", &format!("{API}/Calls.json"), body).await;
    assert_eq!((status, &refused["code"]), (400, &json!(21201)), "JSON is ignored");
    assert_eq!(bed.simulators.meter().unwrap().dials, 0);
}

#[tokio::test]
async fn a_lost_reply_has_dialled_once_and_the_call_is_found_by_its_number() {
    let bed = Testbed::start().await;
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(wish("+15005550009", &[])).finish();
    let request = bed.to(Twilio, "POST", &format!("{API}/Calls.json"));
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
    let lost = request.send().await.unwrap_err();
    assert!(lost.is_request() && !lost.is_connect() && !lost.is_timeout(), "{lost:?}");
    bed.advance(60).await;
    let (_, list) = get(&bed, "/Calls.json?To=%2B15005550009").await;
    assert_eq!((list["calls"].as_array().unwrap().len(), &list["calls"][0]["status"]), (1, &json!("completed")));
}

#[tokio::test]
async fn lies_and_refusals_dial_nobody_and_end_nothing() {
    let bed = Testbed::start().await;
    let arm = async |fault: &str| bed.control("POST", "/_sim/faults", fault).await;
    arm(r#"{"provider":"twilio","operation":"place","fault":"lie_ok"}"#).await;
    let imagined = place(&bed, "+15005550001", &[]).await;
    assert_eq!(get(&bed, &format!("/Calls/{imagined}.json")).await.0, 404);
    arm(r#"{"provider":"twilio","operation":"place","fault":"status","status":429}"#).await;
    let (status, refused) = post(&bed, "/Calls.json", &wish("+15005550001", &[])).await;
    assert_eq!((status, &refused["code"]), (429, &json!(20429)));
    assert_eq!(bed.simulators.meter().unwrap().dials, 0);
    let sid = place(&bed, "+15005550004", &[]).await;
    bed.advance(10).await;
    arm(r#"{"provider":"twilio","operation":"end","fault":"lie_ok"}"#).await;
    let (status, lie) = post(&bed, &format!("/Calls/{sid}.json"), &[("Status", "completed")]).await;
    assert_eq!((status, &lie["status"], &lie["to"]), (200, &json!("completed"), &json!("+15005550004")));
    assert_eq!(fetch(&bed, &sid).await["status"], "in-progress");
    for operation in ["get", "list", "agents", "balance"] {
        arm(&format!(r#"{{"provider":"twilio","operation":"{operation}","fault":"status","status":503}}"#)).await;
    }
    for path in [&format!("/Calls/{sid}.json"), "/Calls.json", "/IncomingPhoneNumbers.json", "/Balance.json"] {
        assert_eq!(get(&bed, path).await.0, 503, "{path}");
    }
}

#[tokio::test]
async fn a_killed_world_still_has_the_call_and_tells_of_its_end() {
    let bed = Testbed::start().await;
    let sid = place_watched(&bed, "+15005550001", &[]).await;
    bed.advance(6).await;
    let again = Simulators::open(setup(&bed.clock, &bed.ledger, std::sync::Arc::default())).unwrap();
    again.set_gateway(bed.gateway.base());
    assert_eq!(again.webhook_urls().last().unwrap().provider, Twilio);
    again.clockwork().advance(Duration::from_secs(60)).await.unwrap();
    assert_eq!(statuses(&bed), ["initiated", "ringing", "in-progress", "completed"]);
    assert_eq!(again.meter().unwrap().lines[0].external_id, sid);
}

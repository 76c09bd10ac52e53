//! Faults: what is lost, refused or lied about, and what is then the case.

use super::*;
use crate::credentials::{CHATKIT_AGENT_ID, OPENAI_API_KEY};
use crate::sim::testbed::read;

async fn arm(bed: &Testbed, operation: &str, fault: &str) {
    let fault = format!(r#"{{"provider":"openai","operation":"{operation}",{fault}}}"#);
    bed.control("POST", "/_sim/faults", &fault).await;
}

async fn offer(bed: &Testbed) -> reqwest::Result<reqwest::Response> {
    let request = bed.client.post(format!("{}/realtime/calls", bed.base(Openai))).bearer_auth(OPENAI_API_KEY);
    let offer = Page::open().unwrap().offer().to_owned();
    request.header("content-type", "application/sdp").body(offer).send().await
}

#[tokio::test]
async fn a_lost_answer_leaves_a_call_that_waits_for_its_page() {
    let bed = Testbed::start().await;
    arm(&bed, "sdp", r#""fault":"reset_after_send""#).await;
    let lost = offer(&bed).await.unwrap_err();
    assert!(!lost.is_connect(), "{lost:?}");
    assert_eq!(meter(&bed), (1, 0));
    bed.advance(30).await;
    assert_eq!(meter(&bed), (0, 0));
    arm(&bed, "sdp", r#""fault":"garbage""#).await;
    let garbage = offer(&bed).await.unwrap();
    assert!(garbage.status() == 200 && garbage.text().await.unwrap().contains("<html>"));
    assert_eq!(meter(&bed).0, 1);
}

#[tokio::test(start_paused = true)]
async fn a_lie_about_a_call_is_an_answer_with_nobody_behind_it() {
    let bed = Testbed::start().await;
    arm(&bed, "sdp", r#""fault":"lie_ok""#).await;
    let mut page = Page::open().unwrap();
    let request = bed.to(Openai, "POST", "/realtime/calls").header("content-type", "multipart/form-data; boundary=b");
    let form = format!(
        "--b\r\ncontent-disposition: form-data; name=\"sdp\"\r\ncontent-type: application/sdp\r\n\r\n{}\r\n--b--\r\n",
        page.offer()
    );
    let answer = request.body(form).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), meter(&bed)), (201, (0, 0)));
    let id = id_in(&answer);
    page.take_answer(&answer.text().await.unwrap()).unwrap();
    assert!(!page.wait(Duration::from_secs(3), Page::is_connected).await);
    assert_eq!((hang_up(&bed, &id).await.0, bed.simulators.meter().unwrap().dials), (404, 0));
}

#[tokio::test(start_paused = true)]
async fn a_lie_about_a_hangup_ends_nothing_and_a_lost_answer_to_one_does() {
    let bed = Testbed::start().await;
    let (mut page, id) = call(&bed, json!({"type": "realtime"})).await;
    arm(&bed, "hangup", r#""fault":"lie_ok""#).await;
    assert_eq!((hang_up(&bed, &id).await, meter(&bed).0), ((200, Value::Null), 1));
    arm(&bed, "hangup", r#""fault":"status","status":503"#).await;
    let (status, refused) = hang_up(&bed, &id).await;
    assert_eq!((status, &refused["error"]["type"], meter(&bed).0), (503, &json!("server_error"), 1));
    arm(&bed, "hangup", r#""fault":"reset_after_send""#).await;
    let request = bed.to(Openai, "POST", &format!("/realtime/calls/{id}/hangup"));
    assert!(request.send().await.is_err());
    assert_eq!(meter(&bed).0, 0);
    assert!(page.wait(SOON, Page::is_closed).await);
}

#[tokio::test]
async fn each_operation_is_hit_by_its_own_fault_only() {
    let bed = Testbed::start().await;
    let chat = json!({"user": "u", "workflow": {"id": CHATKIT_AGENT_ID}});
    for (operation, path, body) in [
        ("token", "/realtime/client_secrets", json!({"session": {"type": "realtime"}})),
        ("session", "/chatkit/sessions", chat),
        ("place", "/realtime/calls/rtc_1/accept", json!({"type": "realtime"})),
        ("end", "/realtime/calls/rtc_1/reject", json!({})),
        ("hangup", "/realtime/calls/rtc_1/hangup", json!({})),
        ("status", "/models", Value::Null),
    ] {
        let method = if body.is_null() { "GET" } else { "POST" };
        let ask = async || {
            let request = bed.to(Openai, method, path).header("openai-beta", "chatkit_beta=v1");
            let answer = request.body(body.to_string()).send().await.unwrap();
            assert!(answer.headers().contains_key("x-request-id"), "{path}");
            read(answer).await
        };
        let plain = ask().await.0;
        arm(&bed, "balance", r#""fault":"status","status":418"#).await;
        assert_eq!(ask().await.0, plain, "{path}");
        bed.control("DELETE", "/_sim/faults", "").await;
        arm(&bed, operation, r#""fault":"status","status":429"#).await;
        let (status, refused) = ask().await;
        assert_eq!((status, &refused["error"]["code"]), (429, &json!("rate_limit_exceeded")), "{path}");
        arm(&bed, operation, r#""fault":"lie_ok""#).await;
        assert_eq!(ask().await.0, 200, "{path}");
    }
}

#[tokio::test]
async fn what_was_only_said_to_be_minted_opens_nothing() {
    let bed = Testbed::start().await;
    arm(&bed, "token", r#""fault":"lie_ok""#).await;
    let secret = mint(&bed, json!({"type": "realtime"})).await;
    assert_eq!(post_offer(&bed, &secret, Page::open().unwrap().offer()).await.status(), 401);
    arm(&bed, "session", r#""fault":"lie_ok""#).await;
    let request = bed.to(Openai, "POST", "/chatkit/sessions").body(json!({"user": "u"}).to_string());
    let (_, session) = read(request.send().await.unwrap()).await;
    let path = format!("/chatkit/sessions/{}/cancel", session["id"].as_str().unwrap());
    let cancel = bed.to(Openai, "POST", &path).header("openai-beta", "chatkit_beta=v1").send().await.unwrap();
    assert_eq!(cancel.status(), 404);
}

#[tokio::test]
async fn a_refused_connection_is_certainly_not_a_call() {
    let bed = Testbed::start().await;
    bed.control("POST", "/_sim/faults", r#"{"provider":"openai","fault":"refuse","times":1000}"#).await;
    assert!(offer(&bed).await.unwrap_err().is_connect());
    bed.control("DELETE", "/_sim/faults", "").await;
    assert_eq!(bed.simulators.meter().unwrap().dials, 0);
    arm(&bed, "sdp", r#""fault":"slow","millis":50"#).await;
    assert_eq!(offer(&bed).await.unwrap().status(), 201);
}

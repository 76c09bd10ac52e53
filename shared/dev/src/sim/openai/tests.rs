use std::time::Duration;

use serde_json::{Value, json};

use crate::sim::page::Page;
use crate::sim::provider::Provider::Openai;
use crate::sim::testbed::Testbed;

/// How long anything on the network may take in a test; what is waited for comes far sooner.
const SOON: Duration = Duration::from_secs(20);

async fn mint(bed: &Testbed, session: Value) -> String {
    let (status, minted) = bed.ask(Openai, "POST", "/realtime/client_secrets", json!({"session": session})).await;
    assert_eq!(status, 200, "{minted}");
    minted["value"].as_str().unwrap().to_owned()
}

/// Has a page call with a secret of its own, and gives the call's id.
async fn call(bed: &Testbed, session: Value) -> (Page, String) {
    let secret = mint(bed, session).await;
    let mut page = Page::open().unwrap();
    let url = format!("{}/realtime/calls", bed.base(Openai));
    let request = bed.client.post(url).bearer_auth(secret).header("content-type", "application/sdp");
    let answer = request.body(page.offer().to_owned()).send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["content-type"]),
        (201, &"application/sdp".parse().unwrap())
    );
    let location = answer.headers()["location"].to_str().unwrap();
    let id = location.strip_prefix("/v1/realtime/calls/").unwrap().to_owned();
    assert!(id.starts_with("rtc_"), "{id}");
    page.take_answer(&answer.text().await.unwrap()).unwrap();
    assert!(page.wait(SOON, |page| page.is_connected() && page.is_open()).await, "{page:?}");
    (page, id)
}

async fn figures(bed: &Testbed, id: &str) -> Value {
    let all = bed.control("GET", "/_sim/realtime", "").await;
    all["calls"].as_array().unwrap().iter().find(|call| call["callId"] == id).cloned().unwrap_or_default()
}

#[tokio::test]
async fn a_page_and_the_agent_hear_each_other_until_the_server_hangs_up() {
    let bed = Testbed::start().await;
    let session = json!({"type": "realtime", "audio": {"input": {"transcription": {"model": "whisper-1"}}}});
    let (mut page, id) = call(&bed, session).await;
    let created = page.event("session.created", SOON).await.unwrap();
    assert_eq!(created["session"]["audio"]["input"]["transcription"]["model"], "whisper-1");
    let done = page.event("response.done", SOON).await.unwrap();
    assert_eq!(done["response"]["status"], "completed", "{done}");
    assert!(done["response"]["usage"]["total_tokens"].as_u64() > Some(0), "{done}");
    let (packets, voices) = page.heard();
    assert!(voices > 50 && packets > voices, "{packets} {voices}");
    let shown = figures(&bed, &id).await;
    assert!(shown["audioPacketsIn"].as_u64() > Some(50) && shown["audioBytesIn"].as_u64() > Some(2000), "{shown}");
    assert!(shown["audioPacketsOut"].as_u64() >= Some(packets), "{shown}");

    bed.advance(7).await;
    let meter = bed.simulators.meter().unwrap();
    assert_eq!((meter.lines_up, meter.lines[0].external_id.as_str(), meter.lines[0].seconds), (1, id.as_str(), 7));
    let hangup = format!("/realtime/calls/{id}/hangup");
    assert_eq!(bed.ask(Openai, "POST", &hangup, Value::Null).await, (200, Value::Null));
    assert!(page.wait(SOON, Page::is_closed).await, "{page:?}");
    assert_eq!(figures(&bed, &id).await["endedBy"], "hangup");
    bed.advance(60).await;
    let meter = bed.simulators.meter().unwrap();
    assert_eq!((meter.lines_up, meter.lines[0].seconds, meter.lines[0].to.as_str()), (0, 7, ""));
    let (status, again) = bed.ask(Openai, "POST", &hangup, Value::Null).await;
    assert_eq!((status, &again["error"]["type"]), (404, &json!("invalid_request_error")));
}

use std::time::Duration;

use serde_json::{Value, json};

use crate::sim::page::Page;
use crate::sim::provider::Provider::Openai;
use crate::sim::testbed::Testbed;

mod chats;
mod faults;
mod incoming;
mod offers;
mod pages;

/// How long anything on the network may take; what is waited for comes far sooner.
const SOON: Duration = Duration::from_secs(30);

async fn mint(bed: &Testbed, session: Value) -> String {
    let (status, minted) = bed.ask(Openai, "POST", "/realtime/client_secrets", json!({"session": session})).await;
    assert_eq!(status, 200, "{minted}");
    minted["value"].as_str().unwrap().to_owned()
}

/// Posts a page's offer with a client secret.
async fn post_offer(bed: &Testbed, secret: &str, offer: &str) -> reqwest::Response {
    let request = bed.client.post(format!("{}/realtime/calls", bed.base(Openai))).bearer_auth(secret);
    request.header("content-type", "application/sdp").body(offer.to_owned()).send().await.unwrap()
}

fn id_in(answer: &reqwest::Response) -> String {
    let location = answer.headers()["location"].to_str().unwrap();
    let id = location.strip_prefix("/v1/realtime/calls/").unwrap().to_owned();
    assert!(id.starts_with("rtc_"), "{id}");
    id
}

/// Has a page open a call that it does not connect to yet.
async fn opened(bed: &Testbed, session: Value) -> (Page, String) {
    let secret = mint(bed, session).await;
    let mut page = Page::open().unwrap();
    let answer = post_offer(bed, &secret, page.offer()).await;
    assert_eq!(
        (answer.status().as_u16(), answer.headers()["content-type"].to_str().unwrap()),
        (201, "application/sdp")
    );
    let id = id_in(&answer);
    page.take_answer(&answer.text().await.unwrap()).unwrap();
    (page, id)
}

/// Has a page call, and gives it with the call's id.
async fn call(bed: &Testbed, session: Value) -> (Page, String) {
    let (mut page, id) = opened(bed, session).await;
    assert!(page.wait(SOON, |page| page.is_connected() && page.is_open()).await, "{page:?}");
    (page, id)
}

async fn hang_up(bed: &Testbed, id: &str) -> (u16, Value) {
    bed.ask(Openai, "POST", &format!("/realtime/calls/{id}/hangup"), Value::Null).await
}

/// What the control plane tells of a call.
async fn figures(bed: &Testbed, id: &str) -> Value {
    let all = bed.control("GET", "/_sim/realtime", "").await;
    all["calls"].as_array().unwrap().iter().find(|call| call["callId"] == id).cloned().unwrap_or_default()
}

/// Waits until a call has ended, and gives what is told of it then.
async fn ended(bed: &Testbed, id: &str) -> Value {
    let over = async {
        loop {
            let shown = figures(bed, id).await;
            if shown["up"] == false {
                return shown;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(SOON, over).await.unwrap()
}

/// Lines that are up, and the seconds of all.
fn meter(bed: &Testbed) -> (usize, u64) {
    let meter = bed.simulators.meter().unwrap();
    (meter.lines_up, meter.seconds_up)
}

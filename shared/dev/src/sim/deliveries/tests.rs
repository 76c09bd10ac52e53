use serde_json::json;

use super::super::testbed::{Testbed, WEBHOOK_SECRET, signing_keys, start_time};
use super::sender::OMI_RETRIES as RETRIES;
use super::*;

async fn owing(bodies: &[&str]) -> Testbed {
    let bed = Testbed::start().await;
    owe(&bed, bodies);
    bed
}

fn owe(bed: &Testbed, events: &[&str]) {
    let messages = events.iter().map(|event| Message::new(Sender::Omi, "/api/webhook", json!({"event": event})));
    bed.simulators.deliveries().owe(messages).unwrap();
}

#[tokio::test]
async fn deliveries_come_after_their_delay_in_the_order_of_their_making_and_signed() {
    let bed = owing(&["a", "b"]).await;
    assert_eq!(bed.simulators.run_due().await.unwrap(), 0);
    bed.clock.advance(USUAL_DELAY);
    owe(&bed, &["c"]);
    assert_eq!(bed.simulators.run_due().await.unwrap(), 2);
    bed.advance(1).await;
    assert_eq!(bed.gateway.events(), ["a", "b", "c"]);
    let first = &bed.gateway.received()[0];
    let header = |name: &str| first.headers[name].to_str().unwrap();
    assert!(header("webhook-id").starts_with("msg_"));
    let sent_at = start_time().plus(USUAL_DELAY).epoch_secs();
    assert_eq!(header("webhook-timestamp"), sent_at.to_string());
    let secret = WebhookSecret::parse(WEBHOOK_SECRET).unwrap();
    assert_eq!(header("webhook-signature"), secret.sign(header("webhook-id"), sent_at, &first.raw));
}

#[tokio::test]
async fn a_refused_delivery_is_tried_again_on_schedule_under_the_same_id_and_then_given_up() {
    let bed = owing(&["a"]).await;
    bed.gateway.answer_next(&[503, 500, 404, 301, 401, 503]);
    bed.clock.advance(USUAL_DELAY);
    assert_eq!(bed.simulators.run_due().await.unwrap(), 1);
    for wait in RETRIES {
        bed.clock.advance(wait - Duration::from_millis(1));
        assert_eq!(bed.simulators.run_due().await.unwrap(), 0, "{wait:?}");
        bed.clock.advance(Duration::from_millis(1));
        assert_eq!(bed.simulators.run_due().await.unwrap(), 1, "{wait:?}");
    }
    let received = bed.gateway.received();
    assert_eq!(received.len(), 1 + RETRIES.len());
    let id = |index: usize| received[index].headers["webhook-id"].clone();
    let time = |index: usize| received[index].headers["webhook-timestamp"].clone();
    assert!((1..received.len()).all(|index| id(index) == id(0) && time(index) != time(0)));
    assert_eq!(bed.simulators.deliveries().pending(), vec![]);
    let failed = bed.simulators.deliveries().failed();
    assert_eq!((failed.len(), failed[0].attempts), (1, 6));
    assert_eq!(failed[0].last_error.as_deref(), Some("answered 503"));
    bed.advance(86_400).await;
    assert_eq!(bed.gateway.received().len(), 6);
}

#[tokio::test]
async fn moving_the_clock_far_runs_the_retries_at_their_own_times() {
    let bed = owing(&["a"]).await;
    bed.gateway.answer_next(&[500, 500]);
    bed.advance(3600).await;
    let sent: Vec<i64> = bed
        .gateway
        .received()
        .iter()
        .map(|hook| hook.headers["webhook-timestamp"].to_str().unwrap().parse::<i64>().unwrap())
        .map(|secs| secs - start_time().epoch_secs())
        .collect();
    assert_eq!(sent, [0, 5, 35]);
    assert_eq!(bed.clock.now(), start_time().plus(Duration::from_secs(3600)));
}

#[tokio::test]
async fn a_gateway_that_is_down_gets_its_webhooks_when_it_is_back() {
    let bed = owing(&["a"]).await;
    let base = bed.gateway.base().to_owned();
    bed.simulators.set_gateway("http://127.0.0.1:1");
    bed.advance(1).await;
    assert_eq!(bed.simulators.deliveries().pending()[0].last_error.as_deref(), Some("no connection"));
    bed.simulators.set_gateway(&base);
    bed.advance(5).await;
    assert_eq!(bed.gateway.events(), ["a"]);
}

#[tokio::test]
async fn one_refused_delivery_does_not_hold_up_the_others() {
    let bed = owing(&["a", "b"]).await;
    bed.gateway.answer_next(&[500]);
    bed.advance(60).await;
    assert_eq!(bed.gateway.events(), ["a", "b", "a"]);
}

#[tokio::test]
async fn settings_reorder_duplicate_drop_and_delay_until_they_are_reset() {
    for (settings, expected) in [
        (r#"{"reorder":true}"#, &["b", "d", "a", "c"][..]),
        (r#"{"duplicate":true}"#, &["a", "a", "b", "b", "c", "c", "d", "d"]),
        (r#"{"duplicate":1}"#, &["a", "a", "b", "c", "d"]),
        (r#"{"drop":true}"#, &[]),
        (r#"{"drop":2}"#, &["c", "d"]),
        ("", &["a", "b", "c", "d"]),
    ] {
        let bed = Testbed::start().await;
        bed.control("POST", "/_sim/deliveries", settings).await;
        owe(&bed, &["a", "b", "c", "d"]);
        bed.advance(10).await;
        assert_eq!(bed.gateway.events(), expected, "{settings}");
        bed.control("POST", "/_sim/deliveries", "").await;
        owe(&bed, &["e"]);
        bed.advance(1).await;
        assert_eq!(bed.gateway.events().last().map(String::as_str), Some("e"), "{settings}");
    }
    let bed = Testbed::start().await;
    bed.control("POST", "/_sim/deliveries", r#"{"delaySecs":600}"#).await;
    owe(&bed, &["late"]);
    bed.advance(600).await;
    assert_eq!(bed.gateway.events(), Vec::<String>::new());
    bed.advance(1).await;
    assert_eq!(bed.gateway.events(), ["late"]);
}

#[tokio::test]
async fn a_new_secret_signs_what_was_owed_before() {
    let bed = owing(&["a"]).await;
    let secret = WebhookSecret::parse("whsec_bmV3LXNlY3JldA==").unwrap();
    bed.simulators.set_omi_webhook_secret(secret.clone());
    bed.advance(1).await;
    let hook = &bed.gateway.received()[0];
    let id = hook.headers["webhook-id"].to_str().unwrap();
    assert_eq!(hook.headers["webhook-signature"], secret.sign(id, start_time().epoch_secs(), &hook.raw));
}

#[tokio::test]
async fn nothing_is_due_while_nobody_said_where_to_deliver() {
    let clock = ScriptedClock::fixed(start_time());
    let ledger = Ledger::open(dynoxide::Database::memory().unwrap()).unwrap();
    let deliveries = Deliveries::open(clock.clone(), ledger, signing_keys()).unwrap();
    deliveries.owe([Message::new(Sender::Omi, "/api/webhook", json!({"event": "a"}))]).unwrap();
    clock.advance(Duration::from_secs(9));
    assert_eq!((deliveries.next_due(), deliveries.run_due(clock.now()).await), (None, 0));
    deliveries.set_gateway("http://127.0.0.1:1/");
    assert_eq!(deliveries.next_due(), Some(start_time().plus(USUAL_DELAY)));
}

#[tokio::test]
async fn nothing_is_ever_posted_to_another_machine() {
    let bed = Testbed::start().await;
    let elsewhere = ["http://192.0.2.1/x", "https://example.com/x", "http://localhost.example/x", "x"];
    let messages = elsewhere.iter().map(|target| Message::new(Sender::Twilio, target, "a=b"));
    bed.simulators.deliveries().owe(messages).unwrap();
    bed.advance(1).await;
    let failed = bed.simulators.deliveries().failed();
    assert_eq!(failed.len(), elsewhere.len());
    assert!(failed.iter().all(|one| one.last_error.as_deref() == Some("not an address of this machine")));
}

#[test]
fn what_an_earlier_version_still_owed_is_read_as_omis() {
    let row = json!({"webhookId": "msg_1", "path": "/api/webhook", "body": "{}", "dueAt": start_time(), "attempts": 0,
        "lastError": null});
    let delivery: Delivery = serde_json::from_value(row).unwrap();
    assert_eq!((delivery.sender, delivery.target.as_str()), (Sender::Omi, "/api/webhook"));
}

//! What a request costs at the table (design, "Store"): counted by kind, at a toll-gate between a function and the table.
//!
//! Authentication (a read a minute and key), the rate limit (one update) and the provider's own requests are not counted.

mod gate;

use std::time::Duration;

use crate::tampers::twilio::sha1;
use serde_json::json;
use switchboard_core::{ProviderId, Scope};
use switchboard_dev::credentials::{LOCAL_KEY, TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN};

use self::gate::Gate;
use crate::harness::TestWorld;
use crate::invoke::{Sent, Travel};
use crate::realtime;

/// The caps as a deployment has them unless its operator says otherwise.
const CAPS: [(&str, &str); 3] =
    [("CALL_CAP_PER_DESTINATION", "5"), ("CALL_CAP_PER_RANGE", "30"), ("CALL_CAP_NEW_DESTINATIONS", "60")];
/// What placing a call to a known number costs: slots; the reservation, the fence, the bind.
const PLACING: [(&str, usize); 2] = [("Query", 1), ("TransactWriteItems", 3)];

fn placing(provider: &str, to: &str, key: &str) -> Sent {
    let body = json!({"channel": "phone", "provider": provider, "to": to}).to_string().into_bytes();
    let headers = [("authorization", format!("Bearer {LOCAL_KEY}")), ("content-type", "application/json".to_owned())];
    let mut headers: Vec<(String, String)> = headers.map(|(name, value)| (name.to_owned(), value)).to_vec();
    headers.push(("idempotency-key".to_owned(), key.to_owned()));
    Sent { method: "POST", path: "/api/calls".to_owned(), query: String::new(), headers, body }
}

#[tokio::test]
async fn placing_a_call_takes_one_query_the_reservation_the_fence_and_the_bind() {
    let world = TestWorld::start().await;
    let gate = Gate::before(&world, "call-create", &CAPS).await;
    for (provider, to) in [("hamsa", "+96891234567"), ("omnidimension", "+96892345678"), ("twilio", "+96893456789")] {
        // Caches warm, and the number known.
        gate.pass(&world, &placing(provider, to, &format!("{provider}-0"))).await.expect(202);
        gate.reset();
        gate.pass(&world, &placing(provider, to, &format!("{provider}-1"))).await.expect(202);
        assert_eq!(
            gate.counted(&["UpdateItem"]),
            PLACING.map(|(kind, count)| (kind.to_owned(), count)).into(),
            "{provider}"
        );
        assert_eq!(gate.count("UpdateItem"), 1, "the rate limit");
        // Again with its key: the key's call, read twice. Nothing is dialled.
        gate.reset();
        gate.pass(&world, &placing(provider, to, &format!("{provider}-1"))).await.expect(202);
        assert!(gate.count("TransactWriteItems") <= 1 && gate.count("Query") <= 1, "{:?}", gate.counted(&[]));
    }
}

#[tokio::test]
async fn a_number_that_was_never_called_costs_one_transaction_more_and_no_query() {
    let world = TestWorld::start().await;
    let gate = Gate::before(&world, "call-create", &CAPS).await;
    gate.pass(&world, &placing("twilio", "+96891234567", "warm")).await.expect(202);
    gate.reset();
    gate.pass(&world, &placing("twilio", "+96892345678", "new")).await.expect(202);
    let expected = [("Query".to_owned(), 1), ("TransactWriteItems".to_owned(), 4)];
    assert_eq!(gate.counted(&["UpdateItem"]), expected.into());
}

/// A call of a provider that is up, and its provider's name for it.
async fn call_up(world: &TestWorld, provider: &str) -> switchboard_core::Call {
    let body = json!({"channel": "phone", "provider": provider, "to": "+15005550004"});
    let placed = world.as_local().post("/api/calls", &body).await;
    placed.expect(202);
    let id = switchboard_core::CallId::parse(&placed.text("/callId")).unwrap();
    world.world.store().call_fetch_any(id).await.unwrap().unwrap()
}

fn delivery(path: &str, content_type: &str, body: &str) -> Sent {
    let headers = vec![("content-type".to_owned(), content_type.to_owned())];
    Sent { method: "POST", path: path.to_owned(), query: String::new(), headers, body: body.as_bytes().to_vec() }
}

#[tokio::test]
async fn a_delivery_about_a_call_takes_two_reads_and_one_transaction() {
    let world = TestWorld::start().await;
    let gate = Gate::before(&world, "webhook", &[]).await;
    let mut deliveries = Vec::new();
    for digit in 0..2 {
        deliveries.push(("twilio", of_twilio(&world, digit).await));
        deliveries.push(("omnidimension", of_omnidimension(&world, digit).await));
    }
    for (at, (sender, sent)) in deliveries.iter().enumerate() {
        gate.reset();
        let answer = gate.pass(&world, sent).await;
        answer.expect(200);
        assert_eq!(answer.json["duplicate"], false, "{sender}");
        // The first of each sender fills the caches.
        if at >= 2 {
            let reads = gate.count("GetItem") + gate.count("Query");
            assert!(reads <= 2, "{sender}: {:?}", gate.counted(&[]));
            assert_eq!(gate.count("TransactWriteItems"), 1, "{sender}: {:?}", gate.counted(&[]));
            assert_eq!(gate.counted(&["GetItem", "Query", "TransactWriteItems"]), [].into(), "{sender}");
        }
    }
    // Hamsa's address is the call's own, so that its row is read with every delivery.
    for event in ["call.started", "call.answered"] {
        let sent = of_hamsa(&world, event).await;
        gate.reset();
        gate.pass(&world, &sent).await.expect(200);
        let expected = [("GetItem".to_owned(), 2), ("TransactWriteItems".to_owned(), 1)];
        assert_eq!(gate.counted(&[]), expected.into(), "{event}");
    }
}

async fn of_twilio(world: &TestWorld, number: u8) -> Sent {
    let call = call_up(world, "twilio").await;
    let (leg, sid) = (&call.legs[0].id, call.legs[0].reference.clone().unwrap());
    let form = [
        ("AccountSid", TWILIO_ACCOUNT_SID.to_owned()),
        ("CallSid", sid),
        ("CallStatus", "ringing".to_owned()),
        ("SequenceNumber", (number + 7).to_string()),
    ];
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&form).finish();
    let mut sent = delivery("/webhooks/twilio", "application/x-www-form-urlencoded", &body);
    sent.query = format!("call={}&leg={leg}", call.id);
    let url = format!("{}/webhooks/twilio?{}", world.base(), sent.query);
    sent.set("x-twilio-signature", &sha1(TWILIO_AUTH_TOKEN, &url, &form));
    sent
}

async fn of_omnidimension(world: &TestWorld, number: u8) -> Sent {
    let call = call_up(world, "omnidimension").await;
    let request: u64 = call.legs[0].reference.as_deref().unwrap().parse().unwrap();
    let urls = world.world.simulators().webhook_urls();
    let url = urls.iter().find(|hook| hook.url.contains("/webhooks/omnidimension/")).unwrap().url.clone();
    let path = url.strip_prefix(world.base()).unwrap().to_owned();
    // A status that says nothing about the end, which would have to be looked up.
    let body = json!({"call_id": 70_000 + u64::from(number), "call_request_id": request, "call_status": "ringing"});
    delivery(&path, "application/json", &body.to_string())
}

async fn of_hamsa(world: &TestWorld, event: &str) -> Sent {
    let call = call_up(world, "hamsa").await;
    let leg = &call.legs[0];
    let hook = world.world.store().hook_fetch(leg.hook.unwrap()).await.unwrap().unwrap();
    let (path, credential) = crate::tampers::capability::address(&hook);
    let body = json!({"eventType": event, "callId": "call_x", "timestamp": world.now(),
        "data": {"conversationId": leg.reference}});
    let mut sent = delivery(&path, "application/json", &body.to_string());
    sent.set("authorization", &format!("Bearer {credential}"));
    sent
}

/// A request of a server for a page of its own.
fn of_page(path: &str, body: &serde_json::Value, key: Option<&str>) -> Sent {
    let mut sent = delivery(path, "application/json", &body.to_string());
    sent.set("authorization", &format!("Bearer {LOCAL_KEY}"));
    if let Some(key) = key {
        sent.set("idempotency-key", key);
    }
    sent
}

/// What passed the gate but the rate limit, which every request takes.
fn counted_by(gate: &Gate) -> Vec<(String, usize)> {
    let mut counted = gate.counted(&[]);
    let updates = counted.get_mut("UpdateItem").expect("the rate limit is counted");
    *updates -= 1;
    counted.into_iter().filter(|(_, count)| *count > 0).collect()
}

#[tokio::test]
async fn what_a_page_costs_at_the_table_is_as_the_schema_says() {
    let world = TestWorld::start().await;
    let gate = Gate::before(&world, "realtime-token", &[]).await;
    let ask = async |path: &str, body: serde_json::Value, key: Option<&str>| {
        gate.reset();
        let answer = gate.pass(&world, &of_page(path, &body, key)).await;
        assert!(answer.status < 300, "{path}: {}", answer.json);
        answer
    };
    let counts = |expected: &[(&str, usize)]| -> Vec<(String, usize)> {
        expected.iter().map(|(kind, count)| ((*kind).to_owned(), *count)).collect()
    };
    // Caches warm.
    ask(realtime::OPEN, realtime::wish("warm"), None).await;
    let opened = ask(realtime::OPEN, realtime::wish("ada"), None).await;
    let three = [("Query", 2), ("TransactWriteItems", 3)];
    assert_eq!(counted_by(&gate), counts(&three), "slots of tenant and person; reservation, fence, bind");
    let held = realtime::Held::told(&opened);
    let renewed = ask(&realtime::renewal(&held.rts), json!({"leaseSecret": held.secret}), None).await;
    assert_eq!(counted_by(&gate), counts(&[("GetItem", 1), ("TransactWriteItems", 1)]), "renew");
    ask(&realtime::renewal(&held.rts), json!({"leaseSecret": renewed.text("/leaseSecret")}), Some("k")).await;
    let keyed = [("GetItem", 1), ("PutItem", 1), ("TransactWriteItems", 1), ("UpdateItem", 1)];
    assert_eq!(counted_by(&gate), counts(&keyed), "renew with a key");
    let words = json!({"turns": [{"role": "user", "text": "Hello"}]});
    let path = format!("/api/calls/{}/transcript", held.call);
    ask(&path, words.clone(), None).await;
    assert_eq!(counted_by(&gate), counts(&[("GetItem", 1), ("TransactWriteItems", 1)]), "the first words");
    ask(&path, words, None).await;
    assert_eq!(counted_by(&gate), counts(&[("GetItem", 1), ("Query", 1), ("TransactWriteItems", 1)]), "more words");
    ask(&realtime::end_of(&held.rts), json!({}), None).await;
    assert_eq!(counted_by(&gate), counts(&[("GetItem", 1), ("TransactWriteItems", 2)]), "end: asked for, and over");
    // A page shows its session's token, and the session is looked at.
    let (_, token) = crate::talk::open_with_token(&world.as_local()).await;
    let as_page = async |path: &str, body: serde_json::Value| {
        let mut sent = of_page(path, &body, None);
        sent.set("authorization", &format!("Bearer {token}"));
        gate.reset();
        gate.pass(&world, &sent).await
    };
    let own = realtime::Held::told(&as_page(realtime::OPEN, json!({"sdp": realtime::offer()})).await);
    assert_eq!(counted_by(&gate), counts(&[("GetItem", 1), ("Query", 2), ("TransactWriteItems", 3)]), "a page opens");
    as_page(&realtime::renewal(&own.rts), json!({"leaseSecret": own.secret})).await.expect(200);
    assert_eq!(counted_by(&gate), counts(&[("GetItem", 2), ("TransactWriteItems", 1)]), "a page renews");
    ask(realtime::TOKEN, json!({"userId": "ada"}), None).await;
    assert_eq!(counted_by(&gate), counts(&[("UpdateItem", 1)]), "token");
    let chat = ask("/api/chatkit/session", json!({"user": "ada"}), None).await;
    assert_eq!(counted_by(&gate), counts(&[("PutItem", 1)]), "chat");
    ask(&format!("/api/chatkit/session/{}/cancel", chat.text("/id")), json!({}), None).await;
    assert_eq!(counted_by(&gate), counts(&[("GetItem", 1)]), "cancel");
}

#[tokio::test]
async fn a_sweep_with_nothing_due_asks_each_shard_once_and_nothing_else() {
    let world = TestWorld::start().await;
    let key = world.new_key("somebody", [Scope::CallsWrite]).await;
    // Calls that are over, and one that is up and not due.
    for to in ["+15005550001", "+15005550002"] {
        let body = json!({"channel": "phone", "provider": "twilio", "to": to});
        world.bearing(&key).post("/api/calls", &body).await.expect(202);
    }
    world.advance(Duration::from_secs(5 * 60 * 60)).await;
    let body = json!({"channel": "phone", "provider": ProviderId::Twilio.as_str(), "to": "+15005550004"});
    world.bearing(&key).post("/api/calls", &body).await.expect(202);
    let gate = Gate::before(&world, "sweep", &[]).await;
    let app = gate.sweep();
    // The accounts are looked at once an hour; that was now.
    sweep::round(&app).await.unwrap();
    gate.reset();
    for _ in 0..3 {
        assert_eq!(sweep::round(&app).await.unwrap().calls, 0);
    }
    let shards = usize::try_from(switchboard_store::Store::due_shards()).unwrap();
    assert_eq!(gate.counted(&[]), [("Query".to_owned(), 3 * shards)].into());
}

/// What is sent, in the usual way.
impl Gate {
    async fn pass(&self, world: &TestWorld, sent: &Sent) -> crate::harness::Answer {
        sent.to(&self.function(), Travel::PLAIN, world).await
    }
}

#[tokio::test]
async fn the_gate_counts_what_passes() {
    let world = TestWorld::start().await;
    let gate = Gate::before(&world, "call-create", &[]).await;
    let mut wrong = placing("twilio", "+96891234567", "k");
    wrong.set("authorization", "Bearer sk_sb_local_0000000000000001");
    gate.pass(&world, &wrong).await.expect(401);
    assert_eq!(gate.counted(&[]), [("GetItem".to_owned(), 1)].into(), "the key's row, and nothing else");
}

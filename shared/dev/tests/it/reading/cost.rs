//! What reading a long history costs.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use futures_util::{StreamExt, stream};
use switchboard_core::{Call, EndReason, ProviderId};
use switchboard_dev::credentials::LOCAL_KEY;
use switchboard_dev::functions;
use switchboard_dev::gateway::Gateway;
use switchboard_dev::listener::{Listener, Serving};
use switchboard_dev::world::TABLE;
use switchboard_lambda::Boot;
use switchboard_store::schema::Key;

use super::CALLS;
use crate::harness::{Answer, TestWorld, start_time};
use crate::made_calls::{ended, keep, reserved};

/// Calls in the history.
const HISTORY: u64 = 50_000;
/// Calls on a page.
const PAGE: usize = 100;
/// Calls that are asked for in an hour. The history fills the last months evenly.
const AN_HOUR: u64 = 8;
/// Rows of a batch; DynamoDB takes no more.
const BATCH: usize = 25;
/// Requests to the table that a page may make for calls (design, Store).
const MOST_QUERIES: usize = 6;

/// The function behind a port of its own, every request of it to the table noted.
struct Counted {
    base: String,
    seen: Arc<Mutex<Vec<String>>>,
    client: reqwest::Client,
    _servers: [Serving; 2],
}

/// Where requests go on to, and where they are noted.
#[derive(Clone)]
struct Note {
    upstream: String,
    client: reqwest::Client,
    seen: Arc<Mutex<Vec<String>>>,
}

async fn pass(State(note): State<Note>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let operation = head.headers["x-amz-target"].to_str().unwrap().rsplit('.').next().unwrap().to_owned();
    note.seen.lock().unwrap().push(operation);
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let sent = note.client.post(note.upstream).headers(head.headers).body(body).send().await.unwrap();
    let mut answer = Response::builder().status(sent.status());
    *answer.headers_mut().unwrap() = sent.headers().clone();
    answer.headers_mut().unwrap().remove("transfer-encoding");
    answer.body(Body::from(sent.bytes().await.unwrap())).unwrap()
}

impl Counted {
    async fn beside(world: &TestWorld) -> Self {
        const NAME: &str = "call-read";
        let (client, seen) = (world.http().clone(), Arc::default());
        let mut environment = world.world.environment(NAME).unwrap().clone();
        let upstream = world.world.endpoints().dynamodb.clone();
        let note = Note { upstream, client: client.clone(), seen: Arc::clone(&seen) };
        let table = Listener::bind(0).await.unwrap();
        environment.insert("AWS_ENDPOINT_URL_DYNAMODB".to_owned(), format!("http://localhost:{}", table.port()));
        let clock = Arc::new(world.world.clock().clone());
        let function = functions::compose(NAME, &Boot::new(environment, clock.clone())).unwrap().unwrap();
        let specs: Vec<_> = world.world.specs().iter().filter(|spec| spec.name == NAME).cloned().collect();
        let door = Listener::bind(0).await.unwrap();
        let domain = format!("localhost:{}", door.port());
        let gateway = Gateway::new(&specs, BTreeMap::from([(NAME.to_owned(), function)]), clock, &domain).unwrap();
        let servers = [table.serve(&Router::new().fallback(pass).with_state(note)), door.serve(&gateway.into_router())];
        Self { base: format!("http://{domain}"), seen, client, _servers: servers }
    }

    /// An answer, and how often the table was asked for it beyond the count of requests and the key, which are the shell's.
    async fn get(&self, path: &str) -> (Answer, usize) {
        self.seen.lock().unwrap().clear();
        let request = self.client.get(format!("{}{path}", self.base)).header("authorization", format!("Bearer {LOCAL_KEY}"));
        let answer = Answer::read(request.send().await.unwrap()).await;
        answer.expect(200);
        let queries = self.seen.lock().unwrap().iter().filter(|operation| *operation == "Query").count();
        (answer, queries)
    }
}

/// A call as a row, made from the row of another one as the store wrote it.
fn row_like(row: &HashMap<String, AttributeValue>, model: &Call, call: &Call) -> HashMap<String, AttributeValue> {
    let text = |text: String| AttributeValue::S(text);
    let (millis, month) = |call: &Call| -> (String, String) {
        (format!("{:015}", call.created_at.epoch_millis()), call.created_at.to_string()[..7].to_owned())
    }(call);
    let written = |name: &str| row[name].as_s().unwrap();
    assert!(written("gsi1sk").ends_with(&format!("#{}", model.id)));
    let (list, _) = written("gsi1pk").rsplit_once('#').unwrap();
    let key = Key::call(call.id);
    let mut item = row.clone();
    for (name, value) in [
        ("pk", key.pk),
        ("sk", key.sk),
        ("call", serde_json::to_string(call).unwrap()),
        ("gsi1pk", format!("{list}#{month}")),
        ("gsi1sk", format!("{millis}#{}", call.id)),
    ] {
        item.insert(name.to_owned(), text(value));
    }
    item
}

/// Fills the table with a long history, newest first.
async fn history(world: &TestWorld) {
    let made = |number: u64| {
        let at = start_time().minus(Duration::from_secs(number * 3_600 / AN_HOUR + 1));
        let mut call = ended(reserved("local", ProviderId::Hamsa, at), EndReason::Completed, 20);
        call.version = 1;
        call
    };
    let boot = world.boot("call-read");
    let client = boot.dynamodb(&world.aws(&boot));
    let model = keep(world.world.store(), made(0)).await;
    let key = Key::call(model.id);
    let read = client.get_item().table_name(TABLE).key("pk", AttributeValue::S(key.pk)).key("sk", AttributeValue::S(key.sk));
    let row = read.send().await.unwrap().item.unwrap();
    assert_eq!(row_like(&row, &model, &model), row, "the rows below are as the store writes them");
    let numbers: Vec<u64> = (1..HISTORY).collect();
    let batches = numbers.chunks(BATCH).map(|numbers| {
        let put = |number: &u64| {
            let put = PutRequest::builder().set_item(Some(row_like(&row, &model, &made(*number)))).build().unwrap();
            WriteRequest::builder().put_request(put).build()
        };
        client.batch_write_item().request_items(TABLE, numbers.iter().map(put).collect()).send()
    });
    let written: Vec<_> = stream::iter(batches).buffer_unordered(4).collect().await;
    assert!(written.into_iter().all(|done| done.unwrap().unprocessed_items.is_none_or(|left| left.is_empty())));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_page_and_the_last_of_a_long_history_cost_the_same() {
    let world = TestWorld::start().await;
    history(&world).await;
    let counted = Counted::beside(&world).await;
    let (mut cursor, mut costs, mut listed) = (String::new(), Vec::new(), 0);
    loop {
        let (page, queries) = counted.get(&format!("{CALLS}?limit={PAGE}{cursor}")).await;
        costs.push(queries);
        listed += page.json["calls"].as_array().unwrap().len();
        let Some(next) = page.json["nextCursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(listed, usize::try_from(HISTORY).unwrap());
    let full = HISTORY.div_ceil(PAGE as u64);
    assert_eq!((costs[0], costs[usize::try_from(full).unwrap() - 1]), (1, 1), "page 1 and page {full}");
    assert!(costs.iter().all(|queries| *queries <= MOST_QUERIES), "{costs:?}");

    // Something rare costs no more: the page is short, and says where to go on.
    let (rare, queries) = counted.get(&format!("{CALLS}?endReason=busy")).await;
    assert_eq!((rare.json["calls"].as_array().unwrap().len(), queries), (0, MOST_QUERIES));
    assert!(rare.json["nextCursor"].is_string());
}

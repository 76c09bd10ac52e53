//! What reading a long history costs.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use dynoxide::{AttributeValue, Database, ImportOptions, Item};
use serde_json::json;
use switchboard_core::{Call, CallId, EndReason, ProviderId};
use switchboard_dev::aws::dynamodb;
use switchboard_dev::credentials::{LOCAL_KEY, api_keys};
use switchboard_dev::functions;
use switchboard_dev::gateway::Gateway;
use switchboard_dev::guard::{Guard, guard};
use switchboard_dev::listener::{Listener, Serving};
use switchboard_dev::world::TABLE;
use switchboard_lambda::{AwsSettings, Boot};
use switchboard_store::Store;
use switchboard_store::schema::{self, Key};

use super::CALLS;
use crate::harness::{Answer, TestWorld, start_time};
use crate::made_calls::{ended, keep, reserved};

/// Calls in the history.
const HISTORY: u64 = 50_000;
/// Calls on a page.
const PAGE: u64 = 100;
/// Calls that are asked for in an hour. The history fills the last months evenly.
const AN_HOUR: u64 = 8;
/// Requests to the table that a page may make for calls (design, Store).
const MOST_QUERIES: usize = 6;
/// The function.
const NAME: &str = "call-read";

/// The function over a table and behind a port of its own, every request of it to the table noted.
struct Counted {
    database: Database,
    store: Store,
    base: String,
    seen: Arc<Mutex<Vec<String>>>,
    client: reqwest::Client,
    _servers: [Serving; 3],
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
        let database = dynamodb::open(None).unwrap();
        let table = Listener::bind(0).await.unwrap();
        let upstream = format!("http://localhost:{}", table.port());
        let table = table.serve(&guard(dynamodb::router(database.clone()), Guard::control_plane()));
        let (client, seen) = (world.http().clone(), Arc::default());
        let note = Note { upstream, client: client.clone(), seen: Arc::clone(&seen) };
        let customs = Listener::bind(0).await.unwrap();
        let mut environment = world.world.environment(NAME).unwrap().clone();
        environment.insert("AWS_ENDPOINT_URL_DYNAMODB".to_owned(), format!("http://localhost:{}", customs.port()));
        let customs = customs.serve(&Router::new().fallback(pass).with_state(note));

        let clock = Arc::new(world.world.clock().clone());
        let boot = Boot::new(environment, clock.clone());
        let dynamodb = boot.dynamodb(&AwsSettings::read(&mut boot.config()));
        schema::create_table(&dynamodb, TABLE).await.unwrap();
        let store = Store::new(dynamodb, TABLE, clock.clone());
        for key in api_keys(start_time()) {
            assert!(store.api_key_create(&key).await.unwrap());
        }
        let function = functions::compose(NAME, &boot).unwrap().unwrap();
        let specs: Vec<_> = world.world.specs().iter().filter(|spec| spec.name == NAME).cloned().collect();
        let door = Listener::bind(0).await.unwrap();
        let domain = format!("localhost:{}", door.port());
        let gateway = Gateway::new(&specs, BTreeMap::from([(NAME.to_owned(), function)]), clock, &domain).unwrap();
        let servers = [table, customs, door.serve(&gateway.into_router())];
        Self { database, store, base: format!("http://{domain}"), seen, client, _servers: servers }
    }

    /// An answer, and how often the table was asked for calls meanwhile.
    async fn get(&self, path: &str) -> (Answer, usize) {
        self.seen.lock().unwrap().clear();
        let url = format!("{}{path}", self.base);
        let request = self.client.get(url).header("authorization", format!("Bearer {LOCAL_KEY}"));
        let answer = Answer::read(request.send().await.unwrap()).await;
        answer.expect(200);
        // The key's row and the count of requests, which are the shell's, are a get and an update.
        let queries = self.seen.lock().unwrap().iter().filter(|operation| *operation == "Query").count();
        (answer, queries)
    }

    /// Fills the table with a long history. The rows are made from one that the store wrote, past all requests: to write them
    /// one by one takes minutes.
    async fn fill(&self) {
        let at = |number: u64| start_time().minus(Duration::from_secs(number * 3_600 / AN_HOUR + 1));
        let model = ended(reserved("local", ProviderId::Hamsa, at(0)), EndReason::Completed, 20);
        let model = keep(&self.store, model).await;
        let Key { pk, sk } = Key::call(model.id);
        let read = json!({"TableName": TABLE, "Key": {"pk": {"S": pk}, "sk": {"S": sk}}});
        let row = self.database.get_item(serde_json::from_value(read).unwrap()).unwrap().item.unwrap();
        assert_eq!(row_like(&row, &model, &model), row, "the rows are as the store writes them");
        let call = |number| Call { id: CallId::generate(at(number)), created_at: at(number), ..model.clone() };
        let rows = (1..HISTORY).map(|number| row_like(&row, &model, &call(number))).collect();
        self.database.import_items(TABLE, rows, ImportOptions::default()).unwrap();
    }
}

/// A call as a row, made from the row of another one.
fn row_like(row: &Item, model: &Call, call: &Call) -> Item {
    let AttributeValue::S(list) = &row["gsi1pk"] else { panic!("{row:?}") };
    let (list, _) = list.rsplit_once('#').unwrap();
    let Key { pk, sk } = Key::call(call.id);
    let month: String = call.created_at.to_string().chars().take(7).collect();
    let mut item = row.clone();
    for (name, value) in [
        ("pk", pk),
        ("sk", sk),
        ("call", serde_json::to_string(call).unwrap()),
        ("gsi1pk", format!("{list}#{month}")),
        ("gsi1sk", format!("{:015}#{}", call.created_at.epoch_millis(), call.id)),
        ("gsi2sk", format!("{:015}#{}", model.duties.next_at().unwrap().epoch_millis(), call.id)),
    ] {
        item.insert(name.to_owned(), AttributeValue::S(value));
    }
    item
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_page_and_the_last_of_a_long_history_cost_the_same() {
    let world = TestWorld::start().await;
    let counted = Counted::beside(&world).await;
    counted.fill().await;
    let (mut cursor, mut costs, mut listed) = (String::new(), Vec::new(), 0);
    loop {
        let (page, queries) = counted.get(&format!("{CALLS}?limit={PAGE}{cursor}")).await;
        costs.push(queries);
        listed += page.json["calls"].as_array().unwrap().len();
        let Some(next) = page.json["nextCursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(listed, usize::try_from(HISTORY).unwrap());
    let last = usize::try_from(HISTORY / PAGE).unwrap();
    assert_eq!((costs[0], costs[last - 1]), (1, 1), "page 1 and page {last}");
    assert!(costs.iter().all(|queries| *queries <= MOST_QUERIES), "{costs:?}");

    // Something rare costs no more: the page is short, and says where to go on.
    let (rare, queries) = counted.get(&format!("{CALLS}?endReason=busy")).await;
    assert_eq!((rare.json["calls"].as_array().unwrap().len(), queries), (0, MOST_QUERIES));
    assert!(rare.json["nextCursor"].is_string());
}

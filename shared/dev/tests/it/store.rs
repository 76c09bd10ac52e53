//! What the store promises, through the real SDK against an emulator.
//!
//! By default that is the one that the local world embeds. With `SWITCHBOARD_TEST_DYNAMODB=http://…` in the environment the same tests
//! run against another, so that the product comes to depend on neither's quirks.

mod agents;
mod balances;
mod calls;
mod counters;
mod hooks;
mod idempotency;
mod journal;
mod keys;
mod realtime;
mod sessions;
mod slots;
mod turns;
mod uploads;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use switchboard_core::{Clock, Context, Personal, ProviderId, Session, SessionId, SessionState, TenantId};
use switchboard_dev::aws::{ACCESS_KEY, REGION, SECRET_KEY, dynamodb};
use switchboard_dev::clock::ScriptedClock;
use switchboard_dev::guard::{Guard, guard};
use switchboard_dev::listener::{Listener, Serving};
use switchboard_lambda::{AwsSettings, Boot};
use switchboard_store::{Opened, Store, schema};

use crate::harness::start_time;

/// How long sessions last in these tests.
const TIMEOUT: Duration = Duration::from_secs(1_800);

/// A table of its own, with a clock that stands still.
struct Bench {
    store: Store,
    clock: ScriptedClock,
    _server: Option<Serving>,
}

impl Bench {
    async fn new() -> Self {
        static TABLES: AtomicU32 = AtomicU32::new(0);
        let elsewhere = std::env::vars().find(|(name, _)| name == "SWITCHBOARD_TEST_DYNAMODB").map(|(_, url)| url);
        let (endpoint, server) = match elsewhere {
            Some(url) => (url, None),
            None => {
                let router = guard(dynamodb::router(dynamodb::open(None).unwrap()), Guard::control_plane());
                let server = Listener::bind(0).await.unwrap().serve(&router);
                (format!("http://localhost:{}", server.port()), Some(server))
            }
        };
        let clock = ScriptedClock::fixed(start_time());
        let environment = [
            ("AWS_REGION", REGION),
            ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
            ("AWS_SECRET_ACCESS_KEY", SECRET_KEY),
            ("AWS_ENDPOINT_URL_DYNAMODB", endpoint.as_str()),
        ];
        let environment = environment.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let boot = Boot::new(environment, Arc::new(clock.clone()));
        let mut config = boot.config();
        let settings = AwsSettings::read(&mut config);
        config.finish().unwrap();
        let client = boot.dynamodb(&settings);
        let table = format!("test-{}-{}", std::process::id(), TABLES.fetch_add(1, Ordering::SeqCst));
        schema::create_table(&client, &table).await.unwrap();
        let store = Store::new(client, table, Arc::new(clock.clone()));
        Self { store, clock, _server: server }
    }

    fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// A session that is not kept yet.
    fn draft(&self, tenant: &TenantId) -> Session {
        let now = self.clock.now();
        Session {
            id: SessionId::generate(now),
            tenant: tenant.clone(),
            provider: ProviderId::Omi,
            user_id: Personal::new("u"),
            language: None,
            context: Context::default(),
            state: SessionState::Opening,
            created_at: now,
            expires_at: now.plus(TIMEOUT),
            ended_at: None,
            ended_by: None,
            upstream_closed: false,
            last_error: None,
            slot: 0,
            version: 1,
        }
    }

    /// An active session of `tenant`, which has one slot and no more.
    async fn session(&self, tenant: &TenantId) -> Session {
        match self.store.session_open(self.draft(tenant), 1).await.unwrap() {
            Opened::Reserved(session) => self.activate(*session).await,
            Opened::Full => panic!("the tenant has no slot left"),
        }
    }

    async fn activate(&self, session: Session) -> Session {
        let expires_at = self.clock.now().plus(TIMEOUT);
        self.store.session_activate(session, Context::default(), expires_at).await.unwrap()
    }
}

fn acme() -> TenantId {
    TenantId::parse("acme").unwrap()
}

/// Runs the same future several times at once and gathers what they give.
async fn at_once<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    times: usize,
    make: impl Fn(usize) -> F,
) -> Vec<T> {
    let tasks: Vec<_> = (0..times).map(|number| tokio::spawn(make(number))).collect();
    let mut outcomes = Vec::with_capacity(times);
    for task in tasks {
        outcomes.push(task.await.unwrap());
    }
    outcomes
}

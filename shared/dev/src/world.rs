//! The local world: every function behind the gateway, and around them what AWS and the providers are in production.
//!
//! `cargo dev` runs one with a directory and the machine's clock; tests run them on ephemeral ports, in memory, with a clock
//! that stands still. It is the same assembly. What it is made of is elsewhere: [`crate::gateway`], [`crate::aws`], [`crate::sim`].

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use switchboard_core::{Clock, Timestamp};
use switchboard_lambda::{Boot, Environment};
use switchboard_store::Store;
use tower::ServiceExt;

use crate::aws::{self, ACCESS_KEY, REGION, SECRET_KEY};
use crate::clock::ScriptedClock;
use crate::gateway::{Deployment, FunctionSpec, Gateway, Template};
use crate::guard::{Guard, guard};
use crate::ledger::Ledger;
use crate::listener::{Listener, Serving};
use crate::sim::Simulators;
use crate::sim::clockwork::Ticker;
use crate::sim::provider::Provider;
use crate::stopwatch::Stopwatch;
use crate::{credentials, functions};

mod calls;
mod directory;
mod error;
mod providers;
mod secrets;

pub use directory::Directory;
pub use error::WorldError;

/// What is deployed, as the repository has it.
pub const TEMPLATE: &str = include_str!("../../../template.yaml");
/// The table's name in the local world.
pub const TABLE: &str = "switchboard-local-world";
/// The bucket's name in the local world.
pub const BUCKET: &str = "switchboard-local";

/// What a world is started with.
#[derive(Debug)]
pub struct Options {
    /// Where its state is kept; `None` keeps it in memory.
    pub directory: Option<Directory>,
    /// The gateway's port; 0 takes any free one.
    pub port: u16,
    /// What time it is; `None` is the machine's clock with the offset that the directory remembers.
    pub fixed_clock: Option<Timestamp>,
    /// Parameters of the template beyond those of the local world.
    pub parameters: BTreeMap<String, String>,
    /// Where the world says it can be reached from outside (`PUBLIC_BASE_URL`). Anything but loopback refuses to start.
    pub public_base_url: Option<String>,
    /// Chooses the simulators' wording.
    pub seed: u64,
    /// Whether what is due is done as time passes; otherwise when the control plane moves the clock or runs the schedule. A
    /// clock that stands still brings nothing about by itself.
    pub ticks: bool,
}

impl Options {
    /// A world in memory on free ports whose clock stands still at `now`.
    #[must_use]
    pub fn for_tests(now: Timestamp) -> Self {
        Self {
            directory: None,
            port: 0,
            fixed_clock: Some(now),
            parameters: BTreeMap::new(),
            public_base_url: None,
            seed: 0,
            ticks: false,
        }
    }
}

/// Where the parts of a world listen.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Endpoints {
    /// The API and the control plane.
    pub gateway: String,
    /// DynamoDB.
    pub dynamodb: String,
    /// Secrets Manager.
    pub secrets_manager: String,
    /// S3.
    pub s3: String,
    /// Simulated OMI, `/v1` included.
    pub omi: String,
    /// Simulated Hamsa, without a version: its paths have two.
    pub hamsa: String,
    /// Simulated OmniDimension, `/api/v1` included.
    pub omnidimension: String,
    /// Simulated Twilio.
    pub twilio: String,
    /// Simulated OpenAI, `/v1` included.
    pub openai: String,
}

/// A running world. Dropping it stops it.
pub struct World {
    endpoints: Endpoints,
    clock: ScriptedClock,
    simulators: Simulators,
    stopwatch: Stopwatch,
    store: Store,
    specs: Vec<FunctionSpec>,
    environments: BTreeMap<String, Environment>,
    _servers: Vec<Serving>,
    _providers: providers::ProviderServers,
    _ticker: Option<Ticker>,
    _directory: Option<Directory>,
    _bucket: BucketDirectory,
}

/// Where the bucket's objects are.
enum BucketDirectory {
    Kept(PathBuf),
    Temporary(tempfile::TempDir),
}

impl World {
    /// Starts a world and waits until it serves.
    ///
    /// # Errors
    /// [`WorldError`].
    pub async fn start(options: Options) -> Result<Self, WorldError> {
        if let Some(url) = options.public_base_url.as_deref().filter(|url| !is_loopback(url)) {
            return Err(WorldError::NotLoopback(url.to_owned()));
        }
        let path = options.directory.as_ref().map(Directory::path);
        let database = aws::dynamodb::open(path)?;
        let ledger = Ledger::open(database.clone())?;
        let clock = match options.fixed_clock {
            Some(now) => ScriptedClock::fixed(now),
            None => ScriptedClock::wall(remembered_offset(&ledger)?),
        };

        let gateway_listener = Listener::bind(options.port).await?;
        let port = gateway_listener.port();
        let base = format!("http://localhost:{port}");
        let cors_origin = options.parameters.get("CorsOrigin").cloned().unwrap_or_else(|| base.clone());
        let rule = Guard::product(&cors_origin);

        let bucket = bucket_directory(path)?;
        let bucket_path = match &bucket {
            BucketDirectory::Kept(path) => path.as_path(),
            BucketDirectory::Temporary(directory) => directory.path(),
        };
        let stopwatch = Stopwatch::default();
        let mut servers = Vec::new();
        let mut serve = async |name: &str, router: axum::Router| -> Result<String, WorldError> {
            let listener = Listener::bind_remembered(remembered_port(&ledger, name)?).await?;
            let port = listener.port();
            ledger.put("port", name, &json!(port))?;
            servers.push(listener.serve(&stopwatch.on(guard(router, rule.clone()))));
            Ok(format!("http://localhost:{port}"))
        };
        let dynamodb = serve("dynamodb", aws::dynamodb::router(database)).await?;
        let secrets_manager =
            serve("secrets-manager", aws::secrets_manager::router(ledger.clone(), clock.clone())).await?;
        let s3 = serve("s3", aws::s3::router(bucket_path, BUCKET, &cors_origin)?).await?;

        let aws_environment = aws_environment(&dynamodb, &secrets_manager, &s3);
        let boot = Boot::new(aws_environment.clone(), Arc::new(clock.clone()));
        let secrets = secrets::seed(&boot, options.directory.as_ref()).await?;
        let store = seed_table(&boot, &clock).await?;

        // Its own page, by either of its names, speaks to OpenAI as to the API.
        let pages = format!("{cors_origin},{base},http://127.0.0.1:{port}");
        let simulators = providers::open(&clock, &ledger, &secrets, options.seed, (pages, &stopwatch))?;
        let (provider_servers, bases) = providers::serve(&simulators, &ledger).await?;
        let at = |provider| bases.get(&provider).cloned().unwrap_or_default();
        let endpoints = Endpoints {
            gateway: base.clone(),
            dynamodb,
            secrets_manager,
            s3,
            omi: at(Provider::Omi),
            hamsa: at(Provider::Hamsa),
            omnidimension: at(Provider::Omnidimension),
            twilio: at(Provider::Twilio),
            openai: at(Provider::Openai),
        };

        let template = Template::parse(TEMPLATE)?;
        let specs = template.functions(&deployment(&options.parameters, &endpoints, &cors_origin))?;
        let environments = environments(&specs, &aws_environment);
        let gateway = gateway(&specs, &environments, &clock, port)?;
        let control = guard(simulators.control_router(), Guard::control_plane());
        let router = side_by_side(control, guard(gateway.into_router(), rule));
        servers.push(gateway_listener.serve(&router));
        simulators.set_gateway(&base);
        calls::hand_out_webhook_urls(&simulators, &store, &secrets, &base).await?;
        calls::schedule_sweep(&simulators, &environments, &clock, &store)?;
        let ticker = options.ticks.then(|| simulators.spawn_ticker());
        if let Some(directory) = &options.directory {
            directory.announce(&endpoints)?;
        }
        Ok(Self {
            endpoints,
            clock,
            simulators,
            stopwatch,
            store,
            specs,
            environments,
            _servers: servers,
            _providers: provider_servers,
            _ticker: ticker,
            _directory: options.directory,
            _bucket: bucket,
        })
    }

    /// Where its parts listen.
    #[must_use]
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// Its clock.
    #[must_use]
    pub fn clock(&self) -> &ScriptedClock {
        &self.clock
    }

    /// Its providers.
    #[must_use]
    pub fn simulators(&self) -> &Simulators {
        &self.simulators
    }

    /// Its table, over the real SDK.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// How long its stand-ins and simulators have been at work, all together.
    #[must_use]
    pub fn time_in_stand_ins(&self) -> Duration {
        self.stopwatch.total()
    }

    /// Its functions, as the template deploys them.
    #[must_use]
    pub fn specs(&self) -> &[FunctionSpec] {
        &self.specs
    }

    /// The whole environment of a function, by the name of its crate.
    #[must_use]
    pub fn environment(&self, function: &str) -> Option<&Environment> {
        self.environments.get(function)
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").field("endpoints", &self.endpoints).finish_non_exhaustive()
    }
}

/// The whole environment of every function in the world that listens at `endpoints`, with the parameters of the local world.
///
/// # Errors
/// [`WorldError::Template`].
pub fn environments_at(endpoints: &Endpoints) -> Result<BTreeMap<String, Environment>, WorldError> {
    let deployment = deployment(&BTreeMap::new(), endpoints, &endpoints.gateway);
    let specs = Template::parse(TEMPLATE)?.functions(&deployment)?;
    let aws = aws_environment(&endpoints.dynamodb, &endpoints.secrets_manager, &endpoints.s3);
    Ok(environments(&specs, &aws))
}

/// The parameters of the local world (api, "The local world").
fn deployment(overrides: &BTreeMap<String, String>, endpoints: &Endpoints, cors_origin: &str) -> Deployment {
    let mut parameters: BTreeMap<String, String> = [
        ("CorsOrigin", cors_origin),
        ("PublicSessions", "true"),
        ("RateLimitMaxRequests", "100000"),
        ("AccountOwnerTenant", credentials::OWNER),
        ("OmiBaseUrl", endpoints.omi.as_str()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .chain(calls::parameters(endpoints))
    .collect();
    parameters.extend(overrides.iter().map(|(name, value)| (name.clone(), value.clone())));
    let resources =
        [("Table", TABLE), ("Bucket", BUCKET)].into_iter().map(|(id, name)| (id.to_owned(), name.to_owned())).collect();
    Deployment { parameters, resources, ..Deployment::default() }
}

/// What Lambda sets, and the addresses that production leaves out.
fn aws_environment(dynamodb: &str, secrets_manager: &str, s3: &str) -> Environment {
    [
        ("AWS_REGION", REGION),
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
        ("AWS_SECRET_ACCESS_KEY", SECRET_KEY),
        ("AWS_ENDPOINT_URL_DYNAMODB", dynamodb),
        ("AWS_ENDPOINT_URL_SECRETS_MANAGER", secrets_manager),
        ("AWS_ENDPOINT_URL_S3", s3),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect()
}

fn environments(specs: &[FunctionSpec], aws: &Environment) -> BTreeMap<String, Environment> {
    specs
        .iter()
        .map(|spec| {
            let mut environment = spec.environment.clone();
            environment.extend(aws.clone());
            (spec.name.clone(), environment)
        })
        .collect()
}

/// One server for the control plane and the API. Each has its own answer to unknown paths, so that they cannot be merged.
fn side_by_side(control: axum::Router, api: axum::Router) -> axum::Router {
    axum::Router::new().fallback(move |request: axum::extract::Request| {
        let path = request.uri().path();
        let router = if path == "/_sim" || path.starts_with("/_sim/") { control.clone() } else { api.clone() };
        router.oneshot(request)
    })
}

fn gateway(
    specs: &[FunctionSpec],
    environments: &BTreeMap<String, Environment>,
    clock: &ScriptedClock,
    port: u16,
) -> Result<Gateway, WorldError> {
    let mut composed = BTreeMap::new();
    for (name, environment) in environments {
        let boot = Boot::new(environment.clone(), Arc::new(clock.clone()));
        if let Some(function) = functions::compose(name, &boot)? {
            composed.insert(name.clone(), function);
        }
    }
    Ok(Gateway::new(specs, composed, Arc::new(clock.clone()), &format!("localhost:{port}"))?)
}

/// Creates the table and the published keys, where they are not there yet.
async fn seed_table(boot: &Boot, clock: &ScriptedClock) -> Result<Store, WorldError> {
    let mut config = boot.config();
    let settings = switchboard_lambda::AwsSettings::read(&mut config);
    config.finish()?;
    let client = boot.dynamodb(&settings);
    switchboard_store::schema::create_table(&client, TABLE).await.map_err(WorldError::Table)?;
    let store = Store::new(client, TABLE, Arc::new(clock.clone()));
    for key in credentials::api_keys(clock.now()) {
        // A key that was revoked in an earlier run stays so: what is there is not written again.
        if store.api_key_fetch(&key.id).await?.is_none() {
            store.api_key_create(&key).await?;
        }
    }
    Ok(store)
}

fn bucket_directory(path: Option<&std::path::Path>) -> Result<BucketDirectory, WorldError> {
    match path {
        Some(path) => {
            let path = path.join("bucket");
            std::fs::create_dir_all(&path).map_err(|source| WorldError::Directory { path: path.clone(), source })?;
            Ok(BucketDirectory::Kept(path))
        }
        None => tempfile::tempdir()
            .map(BucketDirectory::Temporary)
            .map_err(|source| WorldError::Directory { path: std::env::temp_dir(), source }),
    }
}

fn remembered_offset(ledger: &Ledger) -> Result<Duration, WorldError> {
    let millis = ledger.get("clock", "offset")?.and_then(|value| value.as_u64()).unwrap_or(0);
    Ok(Duration::from_millis(millis))
}

fn remembered_port(ledger: &Ledger, name: &str) -> Result<Option<u16>, WorldError> {
    let port = ledger.get("port", name)?;
    Ok(port.as_ref().and_then(Value::as_u64).and_then(|port| u16::try_from(port).ok()))
}

/// Whether a URL names this machine.
fn is_loopback(url: &str) -> bool {
    url.parse::<http::Uri>()
        .is_ok_and(|uri| uri.host().is_some_and(|host| matches!(host, "localhost" | "127.0.0.1" | "[::1]")))
}

//! What is deployed is what is written: the template against the functions' routes, settings, time limits and the table.

mod time_limits;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;
use switchboard_auth::{Access, Anonymous};
use switchboard_dev::functions;
use switchboard_dev::gateway::Template;
use switchboard_dev::world::{TABLE, TEMPLATE};
use switchboard_lambda::{AwsSettings, Boot, ConfigError, RateClass, Route};
use switchboard_store::schema;

use crate::harness::TestWorld;
use crate::repository::{entries, text};

/// One route in words, as the README's table has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RouteInWords {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) function: String,
    pub(crate) credentials: String,
    pub(crate) scope: String,
    pub(crate) rate: String,
    pub(crate) body: String,
    pub(crate) key: String,
}

impl RouteInWords {
    fn new<O: Copy>(function: &str, route: &Route<O>) -> Self {
        let yes_or_dash = |yes: bool| if yes { "yes" } else { "—" }.to_owned();
        let kilobytes = route.max_body / 1024;
        Self {
            method: if route.method == "*" { "any".to_owned() } else { route.method.to_owned() },
            path: route.path.to_owned(),
            function: function.replace('_', "-"),
            credentials: credentials(route.access),
            scope: route.access.scope.map_or("—".to_owned(), |scope| format!("`{scope}`")),
            rate: match route.rate {
                RateClass::Voice => "voice",
                RateClass::Standard => "standard",
                RateClass::Unlimited => "—",
            }
            .to_owned(),
            body: if kilobytes < 1024 { format!("{kilobytes} KB") } else { format!("{} MB", kilobytes / 1024) },
            // A call's key is bound to the call, not to an answer, so that the function does it itself.
            key: if function == "call_create" { "for good".to_owned() } else { yes_or_dash(route.idempotent_by_key) },
        }
    }
}

fn credentials(access: Access) -> String {
    let anonymous = match access.anonymous {
        Anonymous::Refused => None,
        Anonymous::WherePublic => Some("none where public"),
        Anonymous::Served if access.reads_credentials() => Some("none"),
        Anonymous::Served => Some("not looked at"),
    };
    let kinds = [access.api_key.then_some("API key"), access.session_token.then_some("session token"), anonymous];
    kinds.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

macro_rules! routes_of {
    ($($function:ident),*) => {
        [$($function::ROUTES.iter().map(|route| RouteInWords::new(stringify!($function), route)).collect::<Vec<_>>()),*].concat()
    };
}

/// Every route of every function.
pub(crate) fn routes() -> Vec<RouteInWords> {
    routes_of!(session, process, webhook, health, admin, agents, call_create, call_end, call_read, realtime_token)
}

/// The template as data.
pub(crate) fn template() -> Value {
    Template::parse(TEMPLATE).unwrap().document().clone()
}

/// The functions of the template with their properties, by the name of their crate.
pub(crate) fn deployed() -> BTreeMap<String, Value> {
    let template = template();
    let resources = template["Resources"].as_object().unwrap();
    let functions = resources.values().filter(|resource| resource["Type"] == "AWS::Serverless::Function");
    functions
        .map(|function| {
            let code = function["Properties"]["CodeUri"].as_str().unwrap();
            (code.trim_end_matches('/').rsplit('/').next().unwrap().to_owned(), function["Properties"].clone())
        })
        .collect()
}

#[tokio::test]
async fn every_route_of_the_code_is_deployed_and_every_deployed_route_has_code() {
    let world = TestWorld::start().await;
    let code: BTreeSet<(String, String, String)> =
        routes().into_iter().map(|route| (route.function, route.method.replace("any", "ANY"), route.path)).collect();
    let deployed: BTreeSet<(String, String, String)> = world
        .world
        .specs()
        .iter()
        .flat_map(|spec| spec.routes.iter().map(|(method, path)| (spec.name.clone(), method.clone(), path.clone())))
        .collect();
    assert_eq!(code, deployed);
    let names: BTreeSet<String> = world.world.specs().iter().map(|spec| spec.name.clone()).collect();
    assert_eq!(names, entries("functions"), "every function is deployed");
}

#[test]
fn the_fallback_knows_every_path_and_its_methods() {
    let mut code: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for route in routes().into_iter().filter(|route| route.path != "$default") {
        code.entry(route.path).or_default().insert(route.method);
    }
    let known: BTreeMap<String, BTreeSet<String>> = health::paths::PATHS
        .iter()
        .map(|(path, methods)| ((*path).to_owned(), methods.iter().map(|method| (*method).to_owned()).collect()))
        .collect();
    assert_eq!(code, known);
}

/// Composes a function, whoever calls it.
fn compose(name: &str, boot: &Boot) -> Result<(), ConfigError> {
    let known = functions::compose(name, boot)?.is_some() || functions::compose_scheduled(name, boot)?.is_some();
    assert!(known, "{name} is known");
    Ok(())
}

/// What the log's set-up reads before there is a reader of settings.
const READ_BY_THE_LOG: [&str; 2] = ["DEBUG", "LOG_LEVEL"];

#[tokio::test]
async fn a_function_is_given_exactly_the_settings_that_it_asks_for() {
    let world = TestWorld::start().await;
    for spec in world.world.specs() {
        let boot =
            Boot::new(world.world.environment(&spec.name).unwrap().clone(), Arc::new(world.world.clock().clone()));
        compose(&spec.name, &boot).unwrap();
        let mut asked = boot.settings_asked();
        asked.retain(|name| !name.starts_with("AWS_"));
        asked.extend(READ_BY_THE_LOG.map(str::to_owned));
        let given: BTreeSet<String> = spec.environment.keys().cloned().collect();
        // The shell asks every function for a bucket; only those that use one have it.
        if !given.contains("BUCKET_NAME") {
            asked.remove("BUCKET_NAME");
        }
        assert_eq!(asked, given, "{}", spec.name);
    }
}

#[tokio::test]
async fn a_function_without_its_settings_is_told_all_of_them_at_once() {
    let world = TestWorld::start().await;
    for spec in world.world.specs() {
        let environment = world.world.environment(&spec.name).unwrap();
        let boot = Boot::new(BTreeMap::new(), Arc::new(world.world.clock().clone()));
        let refused = compose(&spec.name, &boot).unwrap_err();
        for needed in ["TABLE_NAME", "SIGNING_SECRET_NAME", "AWS_REGION"] {
            assert!(refused.to_string().contains(needed), "{}: {refused}", spec.name);
        }
        let secrets = environment.keys().filter(|name| name.ends_with("_SECRET_NAME"));
        for name in secrets {
            assert!(refused.to_string().contains(name.as_str()), "{}: {refused}", spec.name);
        }
    }
}

/// A key schema as (hash, range).
fn keys<'k>(schema: impl Iterator<Item = (&'k str, &'k str)>) -> (String, String) {
    let by_kind: BTreeMap<&str, &str> = schema.collect();
    (by_kind["HASH"].to_owned(), by_kind["RANGE"].to_owned())
}

fn template_keys(schema: &Value) -> (String, String) {
    let text = |value: &Value| -> &'static str { value.as_str().unwrap().to_owned().leak() };
    keys(schema.as_array().unwrap().iter().map(|key| (text(&key["KeyType"]), text(&key["AttributeName"]))))
}

#[test]
fn the_template_and_the_store_agree_on_the_table() {
    let table = &template()["Resources"]["Table"]["Properties"];
    assert_eq!(template_keys(&table["KeySchema"]), ("pk".to_owned(), "sk".to_owned()));
    let indexes: Vec<(String, (String, String), String)> = table["GlobalSecondaryIndexes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|index| {
            let name = index["IndexName"].as_str().unwrap().to_owned();
            let projection = index["Projection"]["ProjectionType"].as_str().unwrap().to_owned();
            (name, template_keys(&index["KeySchema"]), projection)
        })
        .collect();
    let ours =
        schema::INDEXES.map(|(name, pk, sk)| (name.to_owned(), (pk.to_owned(), sk.to_owned()), "ALL".to_owned()));
    assert_eq!(indexes, ours);
    let defined: BTreeSet<(&str, &str)> = table["AttributeDefinitions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["AttributeName"].as_str().unwrap(), one["AttributeType"].as_str().unwrap()))
        .collect();
    let used = ["pk", "sk"].into_iter().chain(schema::INDEXES.iter().flat_map(|(_, pk, sk)| [*pk, *sk]));
    assert_eq!(defined, used.map(|name| (name, "S")).collect());
    assert_eq!(table["TimeToLiveSpecification"]["AttributeName"], schema::TTL_ATTRIBUTE);
    for (protection, expected) in [
        ("/TimeToLiveSpecification/Enabled", "true"),
        ("/PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled", "true"),
        ("/DeletionProtectionEnabled", "true"),
        ("/SSESpecification/SSEEnabled", "true"),
        ("/BillingMode", "PAY_PER_REQUEST"),
    ] {
        assert_eq!(table.pointer(protection).and_then(Value::as_str), Some(expected), "{protection}");
    }
}

#[tokio::test]
async fn the_table_of_the_local_world_is_the_templates() {
    let world = TestWorld::start().await;
    let boot = Boot::new(world.world.environment("session").unwrap().clone(), Arc::new(world.world.clock().clone()));
    let client = boot.dynamodb(&AwsSettings::read(&mut boot.config()));
    let described = client.describe_table().table_name(TABLE).send().await.unwrap().table.unwrap();
    let read = |schema: &[aws_sdk_dynamodb::types::KeySchemaElement]| {
        keys(schema.iter().map(|key| -> (&'static str, &'static str) {
            (key.key_type().as_str().to_owned().leak(), key.attribute_name().to_owned().leak())
        }))
    };
    let table = &template()["Resources"]["Table"]["Properties"];
    assert_eq!(read(described.key_schema()), template_keys(&table["KeySchema"]));
    let indexes: BTreeMap<String, (String, String)> = described
        .global_secondary_indexes()
        .iter()
        .map(|index| (index.index_name().unwrap().to_owned(), read(index.key_schema())))
        .collect();
    let expected: BTreeMap<String, (String, String)> = table["GlobalSecondaryIndexes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|index| (index["IndexName"].as_str().unwrap().to_owned(), template_keys(&index["KeySchema"])))
        .collect();
    assert_eq!(indexes, expected);
    let ttl = client.describe_time_to_live().table_name(TABLE).send().await.unwrap();
    let ttl = ttl.time_to_live_description.unwrap();
    assert_eq!(ttl.attribute_name(), table["TimeToLiveSpecification"]["AttributeName"].as_str());
}

#[test]
fn the_deployments_of_samconfig_set_parameters_that_exist_to_values_that_are_allowed() {
    let template = template();
    let parameters = template["Parameters"].as_object().unwrap();
    let config = text("samconfig.toml");
    let mut environments = BTreeSet::new();
    let mut overrides = 0;
    for line in config.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(section) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            environments.extend(section.split('.').next().map(str::to_owned));
        } else if !line.starts_with(']') {
            assert!(line.contains('='), "{line}");
            // `parameter_overrides` is the only list, in one line or several.
            for item in line.split('"').skip(1).step_by(2).filter(|item| item.contains('=')) {
                let (name, value) = item.split_once('=').unwrap();
                let parameter = parameters.get(name).unwrap_or_else(|| panic!("there is no parameter {name}"));
                let allowed = parameter["AllowedValues"].as_array();
                assert!(allowed.is_none_or(|allowed| allowed.iter().any(|one| one == value)), "{item}");
                overrides += 1;
            }
        }
    }
    assert!(["default", "prod"].iter().all(|name| environments.contains(*name)), "{environments:?}");
    assert!(overrides > 1);
    let stage = |environment: &str| {
        let section = config.split(&format!("[{environment}.deploy.parameters]")).nth(1).unwrap();
        section.split("\n[").next().unwrap().to_owned()
    };
    assert!(stage("default").contains("\"Stage=dev\"") && stage("prod").contains("\"Stage=prod\""));
}

#[test]
fn every_function_has_its_own_log_with_an_end_and_runs_on_what_is_built_for() {
    let template = template();
    for (name, properties) in deployed() {
        let group = properties["LoggingConfig"]["LogGroup"]["Ref"].as_str().unwrap();
        let group = &template["Resources"][group]["Properties"];
        let named = group["LogGroupName"]["Fn::Sub"].as_str().unwrap();
        assert!(named.ends_with(&format!("-{name}")), "{name} logs to {named}");
        assert!(!group["RetentionInDays"].is_null(), "{name} keeps its log for ever");
        assert_eq!(properties["FunctionName"]["Fn::Sub"], format!("${{AWS::StackName}}-{name}"));
        assert!(properties["Architectures"].is_null(), "{name}: the parameter says what it runs on");
    }
    let globals = &template["Globals"]["Function"];
    assert_eq!(globals["Runtime"], "provided.al2023");
    assert_eq!(template["Parameters"]["Architecture"]["Default"], "arm64");
}

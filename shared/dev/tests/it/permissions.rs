//! The template gives each function the permissions that it uses and no others. What it uses is observed: a proxy stands between
//! each function and the stand-ins for AWS while a tour is made.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::request::Parts;
use serde_json::{Value, json};
use switchboard_dev::credentials::LOCAL_KEY;
use switchboard_dev::functions::{self, Scheduled};
use switchboard_dev::gateway::Gateway;
use switchboard_dev::listener::{Listener, Serving};
use switchboard_dev::world::BUCKET;
use switchboard_lambda::Boot;

use crate::deployment::{deployed, template};
use crate::harness::TestWorld;
use crate::tour::{self, Tourist};

/// Actions on resources, as `dynamodb:GetItem on Table`.
type Permissions = BTreeSet<String>;

/// Where requests go on to, and what they need.
#[derive(Clone)]
struct Customs {
    upstream: String,
    client: reqwest::Client,
    seen: Arc<Mutex<Permissions>>,
}

/// Functions behind a gateway of their own, watched.
struct Watched {
    base: String,
    seen: BTreeMap<String, Arc<Mutex<Permissions>>>,
    scheduled: Vec<(String, Scheduled)>,
    _servers: Vec<Serving>,
}

impl Watched {
    /// Has the world's providers report here, and its schedule wake the functions here.
    fn take_over(&self, world: &TestWorld) {
        let simulators = world.world.simulators();
        simulators.set_gateway(&self.base);
        for hook in simulators.webhook_urls() {
            simulators.set_agent_webhook(hook.provider, hook.url.replace(world.base(), &self.base));
        }
        for (name, run) in &self.scheduled {
            let run = Arc::clone(run);
            simulators.schedule().add(name, move || {
                let round = run();
                Box::pin(async move {
                    round.await.unwrap();
                    None
                })
            });
        }
    }
}

/// Deploys the world's functions once more, each behind its customs; `settings` override their environments.
async fn watch(world: &TestWorld, settings: &[(&str, &str)]) -> Watched {
    let gateway = Listener::bind(0).await.unwrap();
    let domain = format!("localhost:{}", gateway.port());
    let base = format!("http://{domain}");
    let (mut servers, mut composed, mut seen, mut scheduled) =
        (Vec::new(), BTreeMap::new(), BTreeMap::new(), Vec::new());
    for spec in world.world.specs() {
        let permissions: Arc<Mutex<Permissions>> = Arc::default();
        let mut environment = world.world.environment(&spec.name).unwrap().clone();
        for service in ["DYNAMODB", "SECRETS_MANAGER", "S3"] {
            let name = format!("AWS_ENDPOINT_URL_{service}");
            let upstream = environment[&name].clone();
            let client = world.http().clone();
            let customs = Customs { upstream, client, seen: Arc::clone(&permissions) };
            let listener = Listener::bind(0).await.unwrap();
            environment.insert(name, format!("http://localhost:{}", listener.port()));
            servers.push(listener.serve(&Router::new().fallback(pass).with_state(customs)));
        }
        environment.insert("PUBLIC_BASE_URL".to_owned(), base.clone());
        environment.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let boot = Boot::new(environment, Arc::new(world.world.clock().clone()));
        match functions::compose(&spec.name, &boot).unwrap() {
            Some(function) => drop(composed.insert(spec.name.clone(), function)),
            None => {
                let function = functions::compose_scheduled(&spec.name, &boot).unwrap().expect("the function is known");
                scheduled.push((spec.name.clone(), function));
            }
        }
        seen.insert(spec.name.clone(), permissions);
    }
    let clock = Arc::new(world.world.clock().clone());
    let router = Gateway::new(world.world.specs(), composed, clock, &domain).unwrap().into_router();
    servers.push(gateway.serve(&router));
    Watched { base, seen, scheduled, _servers: servers }
}

async fn pass(State(customs): State<Customs>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let target = head.headers.get("x-amz-target").map(|value| value.to_str().unwrap().to_owned());
    let needed = match target.as_deref().and_then(|target| target.rsplit_once('.')) {
        Some((service, operation)) => awsjson(service, operation, &serde_json::from_slice(&body).unwrap()),
        None => object(head.method.as_str(), head.uri.path()),
    };
    customs.seen.lock().unwrap().extend(needed);
    forward(&customs.client, &customs.upstream, head, body).await
}

/// Has a request answered by the one that it was meant for.
pub(crate) async fn forward(client: &reqwest::Client, upstream: &str, head: Parts, body: Bytes) -> Response {
    let url = format!("{upstream}{}", head.uri.path_and_query().unwrap());
    // The host is part of what was signed, so it stays.
    let sent = client.request(head.method, url).headers(head.headers).body(body).send().await.unwrap();
    let mut answer = Response::builder().status(sent.status());
    *answer.headers_mut().unwrap() = sent.headers().clone();
    answer.headers_mut().unwrap().remove("transfer-encoding");
    answer.body(Body::from(sent.bytes().await.unwrap())).unwrap()
}

/// What a request to DynamoDB or Secrets Manager needs.
fn awsjson(service: &str, operation: &str, body: &Value) -> Permissions {
    if service == "secretsmanager" {
        let name = body["SecretId"].as_str().unwrap();
        return [format!("secretsmanager:{operation} on secret {name}")].into();
    }
    let resource = if body["IndexName"].is_string() { "Table index" } else { "Table" };
    if operation != "TransactWriteItems" {
        return [format!("dynamodb:{operation} on {resource}")].into();
    }
    // A transaction has no permission of its own; each of its writes needs that of its kind.
    let writes = body["TransactItems"].as_array().unwrap().iter();
    writes
        .flat_map(|write| write.as_object().unwrap().keys())
        .map(|kind| match kind.as_str() {
            "ConditionCheck" => "dynamodb:ConditionCheckItem on Table".to_owned(),
            kind => format!("dynamodb:{kind}Item on Table"),
        })
        .collect()
}

/// What a request to S3 needs. Only with `ListBucket` does S3 tell a missing object from a forbidden one.
fn object(method: &str, path: &str) -> Permissions {
    let prefix = path.strip_prefix(&format!("/{BUCKET}/")).unwrap().split('/').next().unwrap();
    let needed = match method {
        "GET" | "HEAD" => vec![format!("s3:GetObject on Bucket {prefix}/"), "s3:ListBucket on Bucket".to_owned()],
        "PUT" => vec![format!("s3:PutObject on Bucket {prefix}/")],
        "DELETE" => vec![format!("s3:DeleteObject on Bucket {prefix}/")],
        other => panic!("{other} {path}"),
    };
    needed.into_iter().collect()
}

/// What the template allows a function.
pub(crate) fn allowed(properties: &Value) -> Permissions {
    let template = template();
    let many = |value: &Value| value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
    let mut allowed = Permissions::new();
    for statement in many(&properties["Policies"]).iter().flat_map(|policy| many(&policy["Statement"])) {
        assert_eq!(statement["Effect"], "Allow");
        for (action, resource) in many(&statement["Action"])
            .iter()
            .flat_map(|action| many(&statement["Resource"]).into_iter().map(move |resource| (action.clone(), resource)))
        {
            let action = action.as_str().unwrap();
            assert!(!action.contains('*'), "{action} is more than one action");
            allowed.insert(format!("{action} on {}", resource_in_words(&template, &resource)));
        }
    }
    allowed
}

fn resource_in_words(template: &Value, resource: &Value) -> String {
    if let Some(attribute) = resource["Fn::GetAtt"].as_str() {
        return attribute.strip_suffix(".Arn").unwrap_or_else(|| panic!("{attribute}")).to_owned();
    }
    let pattern = resource["Fn::Sub"].as_str().unwrap_or_else(|| panic!("{resource} names no resource of the stack"));
    if let Some(prefix) = pattern.strip_prefix("${Bucket.Arn}/") {
        return format!("Bucket {}", prefix.strip_suffix('*').unwrap());
    }
    if pattern == "${Table.Arn}/index/*" {
        return "Table index".to_owned();
    }
    let (_, secret) = pattern.split_once(":secret:${").unwrap_or_else(|| panic!("{pattern}"));
    // Secrets Manager adds six random characters to every name.
    let parameter = secret.strip_suffix("}-??????").unwrap_or_else(|| panic!("{pattern}"));
    format!("secret {}", template["Parameters"][parameter]["Default"].as_str().unwrap())
}

/// A provider that answers with a voice too long for JSON.
async fn talkative() -> (String, Serving) {
    let answer = json!({"response": "A long story.", "audio": {"mimeType": "audio/wav", "content": STANDARD.encode(vec![7; 100_000])}});
    let listener = Listener::bind(0).await.unwrap();
    let base = format!("http://localhost:{}/v1", listener.port());
    let router = Router::new().fallback(async move || axum::Json(answer));
    (base, listener.serve(&router))
}

#[tokio::test]
async fn each_function_may_do_what_it_does_and_nothing_else() {
    // What the caps of a deployment count is counted here, too.
    let caps = ["CallCapPerDestination", "CallCapPerRange", "CallCapNewDestinations"].map(|cap| (cap, "1000"));
    let world = TestWorld::with(&caps).await;
    let watched = watch(&world, &[]).await;
    watched.take_over(&world);
    let mut tourist = Tourist::new(&world, &watched.base);
    tour::everywhere(&mut tourist).await;

    let (omi, _serving) = talkative().await;
    let told = watch(&world, &[("OMI_BASE_URL", &omi)]).await;
    let (session, _) = tourist.open().await;
    let turn = json!({"sessionId": session, "input": {"type": "text", "content": "Tell me a story"}});
    let mut listener = Tourist::new(&world, &told.base);
    let to = ("POST", "/api/voice/process");
    let answered = listener.json("POST /api/voice/process", 200, to, LOCAL_KEY, &turn).await;
    let voice = world.http().get(answered.text("/response/audio/url")).send().await.unwrap();
    assert_eq!(voice.bytes().await.unwrap().len(), 100_000);

    let (mut missing, mut superfluous) = (Permissions::new(), Permissions::new());
    for (name, properties) in deployed() {
        let mut used = watched.seen[&name].lock().unwrap().clone();
        used.extend(told.seen[&name].lock().unwrap().clone());
        let allowed = allowed(&properties);
        missing.extend(used.difference(&allowed).map(|permission| format!("{name}: {permission}")));
        superfluous.extend(allowed.difference(&used).map(|permission| format!("{name}: {permission}")));
    }
    assert_eq!(missing, Permissions::new(), "functions do what they may not");
    assert_eq!(superfluous, Permissions::new(), "functions may do what they never do");
}

//! The providers' agents and numbers, and whose they are.

mod configured;
mod listing;
mod owners;
mod trouble;
mod writing;

use serde_json::{Value, json};
use switchboard_core::HookId;
use switchboard_dev::sim::faults::{Effect, Fault};
use switchboard_dev::sim::provider::{Operation, Provider};
use switchboard_dev::sim::recorder::RecordedRequest;
use switchboard_store::Hook;

use crate::harness::{Answer, Caller, TestWorld};

const AGENTS: &str = "/api/agents";
const INFO: &str = "/agent/info";

/// The agent that simulated OmniDimension has from the beginning.
const FIRST: &str = "1930";

/// The path of an agent of OmniDimension's.
fn path_of(agent: &str) -> String {
    format!("{AGENTS}/omnidimension/{agent}")
}

/// An agent that can be made.
fn draft(name: &str) -> Value {
    json!({
        "name": name, "welcomeMessage": "Hello, this is an automated assistant.",
        "instructions": [{"title": "Purpose", "body": "Take messages."}], "model": "gpt-4.1-mini",
        "temperature": 0.3, "voiceId": "pNInz6obpgDQGcFmaJgB", "voiceProvider": "eleven_labs", "maxCallSecs": 300,
    })
}

/// Makes an agent and gives its id.
async fn create(caller: &Caller<'_>, name: &str) -> String {
    let made = caller.post(AGENTS, &draft(name)).await;
    made.expect(201);
    made.text("/agentId")
}

/// Changes an agent.
async fn update(caller: &Caller<'_>, path: &str, change: &Value) -> Answer {
    caller.send_json(reqwest::Method::PUT, path, Some(change.to_string().into_bytes())).await
}

/// The names on a page.
fn names(page: &Answer) -> Vec<&str> {
    page.json["agents"].as_array().unwrap().iter().map(|agent| agent["name"].as_str().unwrap()).collect()
}

/// Everything on every page of a list, as its provider and a text of each item.
async fn all(caller: &Caller<'_>, path: &str, list: &str, text: &str) -> Vec<(String, String)> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    for _ in 0..10 {
        let page = caller.get(&format!("{path}{cursor}")).await;
        page.expect(200);
        for item in page.json[list].as_array().unwrap() {
            found.push([&item["provider"], &item[text]].map(|value| value.as_str().unwrap().to_owned()).into());
        }
        let Some(next) = page.json["nextCursor"].as_str() else { return found };
        cursor = format!("{}cursor={next}", if path.contains('?') { '&' } else { '?' });
    }
    panic!("{path} has no end");
}

/// What OmniDimension was asked about agents so far, by method and path.
fn asked(world: &TestWorld) -> Vec<RecordedRequest> {
    let all = world.world.simulators().recorder().requests(Some(Provider::Omnidimension), 0);
    all.into_iter().filter(|request| request.operation == Operation::Agents).collect()
}

/// How many agents OmniDimension was asked to make.
fn made(world: &TestWorld) -> usize {
    asked(world).iter().filter(|request| request.path.ends_with("/agents/create")).count()
}

/// The webhook URL that an agent was made with, and its row.
async fn hook_of(world: &TestWorld, request: &RecordedRequest) -> (String, Hook) {
    let url = request.body.pointer("/post_call_actions/webhook/url").and_then(Value::as_str).unwrap().to_owned();
    let token = url.rsplit('/').next().unwrap();
    let id = HookId::parse(token.split('.').next().unwrap()).unwrap();
    let row = world.world.store().hook_fetch(id).await.unwrap().unwrap();
    (url, row)
}

/// Makes requests about agents to a provider go wrong from now on.
async fn go_wrong(world: &TestWorld, provider: Provider, effect: Effect, times: u32) {
    let faults = world.world.simulators().faults();
    faults.arm(Fault { provider, operation: Some(Operation::Agents), effect, times });
    assert!(faults.settled().await);
}

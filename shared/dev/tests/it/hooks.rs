//! The addresses of senders that cannot sign: made by the owner's operators, shown once, kept nowhere.

mod access;
mod addresses;
mod command;

use serde_json::{Value, json};
use switchboard_core::{HookId, KeyedSecret, Secret};
use switchboard_dev::credentials::secrets;
use switchboard_providers::{CapabilityUrls, Cause, HookFacts};
use switchboard_store::Hook;

use crate::harness::{Answer, Caller, TestWorld};

const HOOKS: &str = "/api/webhook-urls";

/// The path that gives a webhook URL another token.
fn rotation_of(hook: &str) -> String {
    format!("{HOOKS}/{hook}/rotate")
}

/// The path of a webhook URL.
fn path_of(hook: &str) -> String {
    format!("{HOOKS}/{hook}")
}

/// Makes a webhook URL for OmniDimension.
async fn create(caller: &Caller<'_>) -> Answer {
    let created = caller.post(HOOKS, &json!({"provider": "omnidimension"})).await;
    created.expect(201);
    created
}

/// Gives a webhook URL another token.
async fn rotate(caller: &Caller<'_>, hook: &str) -> Answer {
    caller.post(&rotation_of(hook), &json!({})).await
}

/// The last part of an address.
fn token_of(url: &str) -> &str {
    url.rsplit('/').next().unwrap()
}

/// The row of a webhook URL.
async fn row_of(world: &TestWorld, hook: &str) -> Hook {
    world.world.store().hook_fetch(HookId::parse(hook).unwrap()).await.unwrap().unwrap()
}

/// What the proof of a token finds, with the world's own key and the row as it is now.
async fn verdict(world: &TestWorld, url: &str) -> Option<Cause> {
    let (_, published) = secrets().into_iter().find(|(name, _)| *name == "switchboard/webhook-urls").unwrap();
    let value = Secret::new(published["WEBHOOK_URL_SECRET"].as_str().unwrap());
    let urls = CapabilityUrls::new(&[KeyedSecret { kid: "now".to_owned(), value }], &[]).unwrap();
    let token = token_of(url);
    let hook = row_of(world, &CapabilityUrls::hook_of(token).unwrap().to_string()).await;
    let facts = HookFacts { hook: hook.id, sender: &hook.sender, purpose: &hook.purpose, generation: hook.generation };
    urls.prove(token, &facts).err().map(|rejection| rejection.cause)
}

/// The webhook URLs that there are already: the simulated providers' agents report to them.
async fn from_the_beginning(world: &TestWorld) -> Vec<String> {
    ids(&world.as_local().get(HOOKS).await)
}

/// The ids of a page.
fn ids(page: &Answer) -> Vec<String> {
    let listed = page.json["webhookUrls"].as_array().unwrap();
    listed.iter().map(|hook| hook["hookId"].as_str().unwrap().to_owned()).collect()
}

/// Nothing of an address is in here.
#[track_caller]
fn shows_no_address(json: &Value, url: &str) {
    let text = json.to_string();
    let mac = token_of(url).split_once('.').unwrap().1;
    assert!(!text.contains(mac) && !text.contains("/webhooks/"), "{text}");
}

//! `cargo dev webhook-url`, as an operator types it.

use std::path::Path;
use std::process::{Command, Output};

use switchboard_dev::world::{Directory, Options, World};

use super::HOOKS;
use crate::harness::{Answer, client, start_time};

/// Runs the command against the local world in a directory.
async fn run(data: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_switchboard-dev"));
    command.arg("webhook-url").args(arguments).arg("--data").arg(data);
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

async fn printed(data: &Path, arguments: &[&str]) -> String {
    let output = run(data, arguments).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_command_line_makes_the_api_lists_and_the_other_way_round() {
    let scratch = tempfile::tempdir().unwrap();
    let data = scratch.path();
    let mut options = Options::for_tests(start_time());
    options.directory = Some(Directory::take(data).unwrap());
    let world = World::start(options).await.unwrap();

    let made = printed(data, &["create", "--provider", "omnidimension"]).await;
    let (hook, url) = made.trim().split_once("  ").unwrap();
    assert!(url.starts_with(&format!("{}/webhooks/omnidimension/{hook}.", world.endpoints().gateway)), "{url}");
    let rotated = printed(data, &["rotate", hook]).await;
    assert!(rotated.starts_with(&format!("{hook}  ")) && !rotated.contains(url), "{rotated}");

    let key = format!("Bearer {}", switchboard_dev::credentials::LOCAL_KEY);
    let path = format!("{}{HOOKS}", world.endpoints().gateway);
    let listed = Answer::read(client().get(path).header("authorization", key).send().await.unwrap()).await;
    assert!(super::ids(&listed).iter().any(|id| id == hook));

    assert_eq!(printed(data, &["revoke", hook]).await, format!("revoked {hook}\n"));
    let list = printed(data, &["list"]).await;
    let of_it = list.lines().find(|line| line.starts_with(hook)).unwrap();
    assert!(of_it.starts_with(&format!("{hook}  omnidimension  calls  ")) && of_it.ends_with("  revoked"), "{list}");
    for refused in [["rotate", hook], ["revoke", "hook_x"], ["create", "--provider"]] {
        assert!(!run(data, &refused).await.status.success(), "{refused:?}");
    }
    let foreign = run(data, &["revoke", hook, "--tenant", "other"]).await;
    assert!(!foreign.status.success());
}

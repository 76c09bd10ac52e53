//! Which installation a command speaks to: the local world, or a deployment in AWS.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use switchboard_core::SystemClock;
use switchboard_lambda::{AwsSettings, Boot, HookUrls, Secrets};
use switchboard_providers::capability_url;
use switchboard_store::Store;

use super::Failed;
use crate::aws::{ACCESS_KEY, REGION, SECRET_KEY};
use crate::world::{Directory, TABLE};

/// The table of a deployment, with the credentials of the environment, or that of the local world in `data`.
pub(super) fn store(table: Option<&str>, data: &Path) -> Result<Store, Failed> {
    let (boot, settings) = reach(table, data)?;
    Ok(Store::new(boot.dynamodb(&settings), table.unwrap_or(TABLE), Arc::new(SystemClock)))
}

/// What writes webhook URLs with the key in a secret of the same installation.
pub(super) fn hook_urls(secret: &str, table: Option<&str>, data: &Path) -> Result<HookUrls, Failed> {
    let (boot, settings) = reach(table, data)?;
    let secrets = Arc::new(Secrets::new(boot.secrets_manager(&settings), Arc::new(SystemClock)));
    Ok(HookUrls::new(secret.to_owned(), secrets, Arc::new(SystemClock), capability_url::make_token))
}

fn reach(table: Option<&str>, data: &Path) -> Result<(Boot, AwsSettings), Failed> {
    let mut environment: BTreeMap<String, String> = std::env::vars().collect();
    if table.is_none() {
        let endpoints = Directory::endpoints(data)
            .map_err(|_| Failed(format!("no local world has run in {}; start one with `cargo dev`", data.display())))?;
        environment.extend(
            [
                ("AWS_REGION", REGION),
                ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
                ("AWS_SECRET_ACCESS_KEY", SECRET_KEY),
                ("AWS_ENDPOINT_URL_DYNAMODB", endpoints.dynamodb.as_str()),
                ("AWS_ENDPOINT_URL_SECRETS_MANAGER", endpoints.secrets_manager.as_str()),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
        );
        environment.remove("AWS_SESSION_TOKEN");
    }
    let boot = Boot::new(environment, Arc::new(SystemClock));
    let mut config = boot.config();
    let settings = AwsSettings::read(&mut config);
    config.finish()?;
    Ok((boot, settings))
}

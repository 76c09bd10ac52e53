//! Which installation a command speaks to: the local world, or a deployment in AWS.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use switchboard_core::SystemClock;
use switchboard_lambda::{AwsSettings, Boot};
use switchboard_store::Store;

use super::Failed;
use crate::aws::{ACCESS_KEY, REGION, SECRET_KEY};
use crate::world::{Directory, TABLE};

/// The table of a deployment, with the credentials of the environment, or that of the local world in `data`.
pub(super) fn store(table: Option<&str>, data: &Path) -> Result<Store, Failed> {
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
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
        );
        environment.remove("AWS_SESSION_TOKEN");
    }
    let boot = Boot::new(environment, Arc::new(SystemClock));
    let mut config = boot.config();
    let settings = AwsSettings::read(&mut config);
    config.finish()?;
    Ok(Store::new(boot.dynamodb(&settings), table.unwrap_or(TABLE), Arc::new(SystemClock)))
}

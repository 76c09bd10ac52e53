//! Puts the world's secrets into the Secrets Manager stand-in: the published ones, or those of the directory's
//! `secrets.json`.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use switchboard_lambda::{AwsSettings, Boot};

use super::{Directory, WorldError};
use crate::credentials;

/// Secret objects by name.
pub(super) type SecretObjects = BTreeMap<String, Map<String, Value>>;

/// Puts every secret in place and gives the values that are current. What an operator changed in an earlier run stays, unless
/// the directory's file says otherwise.
pub(super) async fn seed(boot: &Boot, directory: Option<&Directory>) -> Result<SecretObjects, WorldError> {
    let mut config = boot.config();
    let settings = AwsSettings::read(&mut config);
    config.finish()?;
    let client = boot.secrets_manager(&settings);
    let own = match directory {
        Some(directory) => read_file(directory)?,
        None => SecretObjects::new(),
    };
    let published = credentials::secrets().into_iter().filter_map(|(name, value)| match value {
        Value::Object(object) => Some((name.to_owned(), object)),
        _ => None,
    });
    let mut current = SecretObjects::new();
    for (name, published) in published {
        let wrong = |what: &dyn std::fmt::Display| WorldError::Secret { name: name.clone(), what: what.to_string() };
        let wanted = own.get(&name);
        let found = match client.get_secret_value().secret_id(&name).send().await {
            Ok(output) => output.secret_string().and_then(|text| serde_json::from_str::<Map<String, Value>>(text).ok()),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_resource_not_found_exception()) => {
                let value = Value::Object(wanted.unwrap_or(&published).clone()).to_string();
                client.create_secret().name(&name).secret_string(value).send().await.map_err(|e| wrong(&e))?;
                current.insert(name.clone(), wanted.unwrap_or(&published).clone());
                continue;
            }
            Err(error) => return Err(wrong(&error)),
        };
        match wanted {
            Some(wanted) if found.as_ref() != Some(wanted) => {
                let value = Value::Object(wanted.clone()).to_string();
                client.put_secret_value().secret_id(&name).secret_string(value).send().await.map_err(|e| wrong(&e))?;
                current.insert(name.clone(), wanted.clone());
            }
            _ => {
                current.insert(name.clone(), found.unwrap_or(published));
            }
        }
    }
    Ok(current)
}

fn read_file(directory: &Directory) -> Result<SecretObjects, WorldError> {
    let path = Directory::secrets_file(directory.path());
    match std::fs::read_to_string(&path) {
        Ok(text) => serde_json::from_str(&text).map_err(|error| WorldError::File {
            path,
            // The error says where, not what: a secret must not be repeated on a terminal.
            what: format!("it must be an object of objects of texts (line {})", error.line()),
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(SecretObjects::new()),
        Err(source) => Err(WorldError::Directory { path, source }),
    }
}

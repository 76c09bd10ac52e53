//! What the operations of Secrets Manager are asked with, and what of it is refused on sight.

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::secret::{Secret, SecretError, SecretValue};
use crate::random;

/// The largest value of a secret, in bytes.
const VALUE_LIMIT: usize = 65_536;

/// How long a deleted secret can be recovered where the request does not say, in days.
const RECOVERY_DAYS: u64 = 30;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Create {
    pub(super) name: String,
    pub(super) client_request_token: Option<String>,
    pub(super) description: Option<String>,
    #[serde(default)]
    pub(super) tags: Vec<Value>,
    #[serde(flatten)]
    pub(super) given: Given,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Put {
    pub(super) secret_id: String,
    pub(super) client_request_token: Option<String>,
    pub(super) version_stages: Option<Vec<String>>,
    #[serde(flatten)]
    pub(super) given: Given,
}

/// The value that a request brings, in either of its two forms.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Given {
    secret_string: Option<String>,
    secret_binary: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Get {
    pub(super) secret_id: String,
    pub(super) version_id: Option<String>,
    pub(super) version_stage: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Describe {
    pub(super) secret_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct MoveStage {
    pub(super) secret_id: String,
    pub(super) version_stage: String,
    pub(super) remove_from_version_id: Option<String>,
    pub(super) move_to_version_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct List {
    pub(super) max_results: Option<usize>,
    pub(super) next_token: Option<String>,
    #[serde(default)]
    include_planned_deletion: bool,
    #[serde(default)]
    filters: Vec<Filter>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Filter {
    key: String,
    #[serde(default)]
    values: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Delete {
    pub(super) secret_id: String,
    #[serde(default)]
    force_delete_without_recovery: bool,
    recovery_window_in_days: Option<u64>,
}

/// Reads a request. Serde's message would quote what was sent, which may be a secret, so only the position is told.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, SecretError> {
    serde_json::from_slice(body).map_err(|error| {
        SecretError::Invalid(format!(
            "The request lacks a required parameter or has one of a wrong type, near column {}.",
            error.column()
        ))
    })
}

impl Given {
    /// The value; `None` where the request brings none.
    pub(super) fn value(self) -> Result<Option<SecretValue>, SecretError> {
        let value = match (self.secret_string, self.secret_binary) {
            (Some(_), Some(_)) => {
                return Err(SecretError::Invalid(
                    "You can't specify both a binary secret value and a string secret value in the same secret."
                        .to_owned(),
                ));
            }
            (Some(text), None) => SecretValue::text(text),
            (None, Some(binary)) => SecretValue::binary(binary),
            (None, None) => return Ok(None),
        };
        let (_, written) = value.field();
        if written.is_empty() || written.len() > VALUE_LIMIT {
            return Err(SecretError::Invalid(format!("A secret value has from 1 to {VALUE_LIMIT} bytes.")));
        }
        Ok(Some(value))
    }
}

impl List {
    /// Whether a secret belongs into the answer.
    pub(super) fn wants(&self, secret: &Secret) -> Result<bool, SecretError> {
        let mut wanted = !secret.is_deleted() || self.include_planned_deletion;
        for filter in &self.filters {
            wanted &= match filter.key.as_str() {
                "name" => filter.values.iter().any(|prefix| secret.name.starts_with(prefix.as_str())),
                other => {
                    return Err(SecretError::Invalid(format!("This stand-in filters by name only, not by {other}.")));
                }
            };
        }
        Ok(wanted)
    }
}

impl Delete {
    /// How long the secret stays recoverable; `None` where it goes at once.
    pub(super) fn window(&self) -> Result<Option<Duration>, SecretError> {
        match (self.force_delete_without_recovery, self.recovery_window_in_days) {
            (true, Some(_)) => Err(SecretError::Invalid(
                "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.".to_owned(),
            )),
            (true, None) => Ok(None),
            (false, days) => {
                let days = days.unwrap_or(RECOVERY_DAYS);
                if !(7..=30).contains(&days) {
                    return Err(SecretError::Invalid(
                        "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).".to_owned(),
                    ));
                }
                Ok(Some(Duration::from_secs(days * 24 * 60 * 60)))
            }
        }
    }
}

/// The version id that a request brings, or a new one: the SDKs always send one, so that a repeated request is known.
pub(super) fn token(sent: Option<String>) -> Result<String, SecretError> {
    match sent {
        None => Ok(random::uuid().to_string()),
        Some(token) if (32..=64).contains(&token.len()) => Ok(token),
        Some(_) => Err(SecretError::Invalid("ClientRequestToken must be 32-64 characters long.".to_owned())),
    }
}

/// Letters, digits and `/_+=.@-`, as in AWS.
pub(super) fn check_name(name: &str) -> Result<(), SecretError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "/_+=.@-".contains(c);
    if (1..=512).contains(&name.len()) && name.chars().all(allowed) {
        return Ok(());
    }
    Err(SecretError::Invalid("Invalid name. It may contain letters, digits and any of -/_+=.@".to_owned()))
}

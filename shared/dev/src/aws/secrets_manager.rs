//! Secrets Manager: the operations that the product, its operator's commands and the usual rotation need.
//!
//! This file is the protocol (awsJson 1.1) and the ledger; what staging labels mean is [`secret`]. It does not know what
//! the secrets hold and never prints them.

mod request;
mod secret;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::Response;
use axum::routing::post;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use switchboard_core::{Clock, Timestamp};

use self::request::{Create, Delete, Describe, Get, List, MoveStage, Put};
use self::secret::{Secret, SecretError};
use super::{ACCOUNT, REGION, amz_json, is_signed, operation};
use crate::clock::ScriptedClock;
use crate::ledger::Ledger;
use crate::random;

/// The kind of the ledger's rows: one per secret, under its name.
const KIND: &str = "secret";

const CONTENT_TYPE: &str = "application/x-amz-json-1.1";

/// A secret is at most 64 KB; base64, escapes and names fit into eight times that.
const BODY_LIMIT: usize = 512 * 1024;

/// How many secrets a page of `ListSecrets` holds at most, as in AWS.
const PAGE: usize = 100;

#[derive(Clone, Debug)]
struct Secrets {
    ledger: Ledger,
    clock: ScriptedClock,
    /// Every operation reads, decides and writes; two at once would lose one.
    turn: Arc<Mutex<()>>,
}

/// Serves the secrets in `ledger`; dates follow `clock`.
pub fn router(ledger: Ledger, clock: ScriptedClock) -> Router {
    let secrets = Secrets { ledger, clock, turn: Arc::new(Mutex::new(())) };
    Router::new().route("/", post(answer)).layer(DefaultBodyLimit::max(BODY_LIMIT)).with_state(secrets)
}

async fn answer(State(secrets): State<Secrets>, headers: HeaderMap, body: Bytes) -> Response {
    let Some(name) = operation(&headers, "secretsmanager") else { return refuse(&SecretError::UnknownOperation) };
    if !is_signed(&headers) {
        return refuse(&SecretError::Unsigned);
    }
    let name = name.to_owned();
    // As for the database itself: its file blocks.
    let done = tokio::task::spawn_blocking(move || secrets.dispatch(&name, &body)).await;
    match done {
        Ok(Ok(json)) => amz_json(StatusCode::OK, CONTENT_TYPE, json.to_string()),
        Ok(Err(error)) => refuse(&error),
        Err(panicked) => {
            tracing::error!(error = %panicked, "the secrets stand-in failed");
            refuse(&SecretError::Internal)
        }
    }
}

fn refuse(error: &SecretError) -> Response {
    let body = json!({"__type": error.kind(), "Message": error.to_string()}).to_string();
    let status = match error {
        SecretError::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::BAD_REQUEST,
    };
    amz_json(status, CONTENT_TYPE, body)
}

impl Secrets {
    fn dispatch(&self, name: &str, body: &[u8]) -> Result<Value, SecretError> {
        // A poisoned turn protects nothing: every write is one row, whole or not at all.
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        match name {
            "CreateSecret" => self.create(request::read(body)?),
            "PutSecretValue" => self.put(request::read(body)?),
            "GetSecretValue" => self.get(&request::read(body)?),
            "DescribeSecret" => self.describe(&request::read(body)?),
            "UpdateSecretVersionStage" => self.move_stage(&request::read(body)?),
            "ListSecrets" => self.list(&request::read(body)?),
            "DeleteSecret" => self.delete(&request::read(body)?),
            _ => Err(SecretError::UnknownOperation),
        }
    }

    fn create(&self, asked: Create) -> Result<Value, SecretError> {
        let now = self.clock.now();
        request::check_name(&asked.name)?;
        let value = asked.given.value()?;
        let token = request::token(asked.client_request_token)?;
        if let Some(existing) = self.load(&asked.name)? {
            if existing.is_deleted() {
                return Err(SecretError::ScheduledForDeletion);
            }
            // The same request again, its first answer having been lost, is not a second secret.
            return match value {
                Some(value) if existing.holds(&token, &value) => {
                    Ok(json!({"ARN": existing.arn, "Name": existing.name, "VersionId": token}))
                }
                _ => Err(SecretError::SecretExists(asked.name)),
            };
        }
        let mut secret = Secret::new(new_arn(&asked.name), asked.name, asked.description, asked.tags, now);
        // A secret can be made without a value; then there is no version to name.
        let version = match value {
            Some(value) => secret.put(&token, value, None, now).map(|_| Some(token))?,
            None => None,
        };
        self.save(&secret)?;
        Ok(json!({"ARN": secret.arn, "Name": secret.name, "VersionId": version}))
    }

    fn put(&self, asked: Put) -> Result<Value, SecretError> {
        let now = self.clock.now();
        let mut secret = self.usable(&asked.secret_id)?;
        let value = asked.given.value()?.ok_or(SecretError::NoValue)?;
        let token = request::token(asked.client_request_token)?;
        let stages = secret.put(&token, value, asked.version_stages, now)?;
        self.save(&secret)?;
        Ok(json!({"ARN": secret.arn, "Name": secret.name, "VersionId": token, "VersionStages": stages}))
    }

    fn get(&self, asked: &Get) -> Result<Value, SecretError> {
        let secret = self.usable(&asked.secret_id)?;
        let (id, version) = secret.version(asked.version_id.as_deref(), asked.version_stage.as_deref())?;
        let (field, value) = version.value.field();
        Ok(json!({
            "ARN": secret.arn, "Name": secret.name, "VersionId": id, (field): value,
            "VersionStages": version.stages, "CreatedDate": epoch_secs(version.created),
        }))
    }

    fn describe(&self, asked: &Describe) -> Result<Value, SecretError> {
        let secret = self.find(&asked.secret_id)?;
        Ok(described(&secret, "VersionIdsToStages"))
    }

    fn move_stage(&self, asked: &MoveStage) -> Result<Value, SecretError> {
        let now = self.clock.now();
        let mut secret = self.usable(&asked.secret_id)?;
        let (from, to) = (asked.remove_from_version_id.as_deref(), asked.move_to_version_id.as_deref());
        secret.move_stage(&asked.version_stage, from, to, now)?;
        self.save(&secret)?;
        Ok(json!({"ARN": secret.arn, "Name": secret.name}))
    }

    fn list(&self, asked: &List) -> Result<Value, SecretError> {
        let limit = asked.max_results.unwrap_or(PAGE).clamp(1, PAGE);
        let mut page = Vec::new();
        let mut last = String::new();
        for (name, row) in self.ledger.list(KIND).map_err(internal)? {
            let secret = decode(row)?;
            let before = asked.next_token.as_ref().is_some_and(|after| name <= *after);
            if before || secret.is_gone(self.clock.now()) || !asked.wants(&secret)? {
                continue;
            }
            if page.len() == limit {
                return Ok(json!({"SecretList": page, "NextToken": last}));
            }
            page.push(described(&secret, "SecretVersionsToStages"));
            last = name;
        }
        Ok(json!({"SecretList": page}))
    }

    fn delete(&self, asked: &Delete) -> Result<Value, SecretError> {
        let now = self.clock.now();
        let window = asked.window()?;
        let mut secret = match self.find(&asked.secret_id) {
            // Forcing away what is not there succeeds, so that a clean-up can be repeated.
            Err(SecretError::NotFound) if window.is_none() => {
                let (arn, name) = (new_arn(&asked.secret_id), &asked.secret_id);
                return Ok(json!({"ARN": arn, "Name": name, "DeletionDate": epoch_secs(now)}));
            }
            found => found?,
        };
        let date = now.plus(window.unwrap_or(Duration::ZERO));
        match window {
            None => self.ledger.delete(KIND, &secret.name).map_err(internal)?,
            Some(_) => {
                secret.delete_at(date)?;
                self.save(&secret)?;
            }
        }
        Ok(json!({"ARN": secret.arn, "Name": secret.name, "DeletionDate": epoch_secs(date)}))
    }

    /// The secret that an id means, unless it is being deleted.
    fn usable(&self, id: &str) -> Result<Secret, SecretError> {
        let secret = self.find(id)?;
        if secret.is_deleted() { Err(SecretError::MarkedForDeletion) } else { Ok(secret) }
    }

    /// By name, by whole ARN, or by ARN without its six random characters.
    fn find(&self, id: &str) -> Result<Secret, SecretError> {
        let Some((_, named)) = id.split_once(":secret:").filter(|_| id.starts_with("arn:")) else {
            return self.load(id)?.ok_or(SecretError::NotFound);
        };
        if let Some((name, _)) = named.rsplit_once('-')
            && let Some(secret) = self.load(name)?
            && secret.arn == id
        {
            return Ok(secret);
        }
        self.load(named)?.filter(|secret| secret.arn.starts_with(id)).ok_or(SecretError::NotFound)
    }

    /// The secret of that name; one whose recovery window has passed is gone.
    fn load(&self, name: &str) -> Result<Option<Secret>, SecretError> {
        if name.is_empty() {
            return Ok(None);
        }
        let secret = self.ledger.get(KIND, name).map_err(internal)?.map(decode).transpose()?;
        Ok(secret.filter(|secret| !secret.is_gone(self.clock.now())))
    }

    fn save(&self, secret: &Secret) -> Result<(), SecretError> {
        let row = serde_json::to_value(secret).map_err(internal)?;
        self.ledger.put(KIND, &secret.name, &row).map_err(internal)
    }
}

fn described(secret: &Secret, stages_field: &str) -> Value {
    json!({
        "ARN": secret.arn, "Name": secret.name, "Description": secret.description, "Tags": secret.tags,
        "CreatedDate": epoch_secs(secret.created), "LastChangedDate": epoch_secs(secret.changed),
        "DeletedDate": secret.delete_at.map(epoch_secs), (stages_field): secret.stages(),
    })
}

fn decode(row: Value) -> Result<Secret, SecretError> {
    serde_json::from_value(row).map_err(internal)
}

fn internal<E: std::error::Error + 'static>(error: E) -> SecretError {
    tracing::error!(error = &error as &dyn std::error::Error, "the secrets stand-in cannot use its ledger");
    SecretError::Internal
}

/// AWS appends six random characters, so that a policy for a deleted secret does not cover its namesake.
fn new_arn(name: &str) -> String {
    let random = random::uuid().simple().to_string();
    let suffix: String = random.chars().take(6).collect();
    format!("arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}-{suffix}")
}

/// AWS's dates are JSON numbers: seconds since the epoch, with milliseconds behind the point.
fn epoch_secs(at: Timestamp) -> Value {
    let (secs, millis) = (at.epoch_millis().div_euclid(1000), at.epoch_millis().rem_euclid(1000));
    if millis == 0 {
        json!(secs)
    } else {
        format!("{secs}.{millis:03}").parse::<f64>().map_or(json!(secs), |at| json!(at))
    }
}

#[cfg(test)]
mod tests;

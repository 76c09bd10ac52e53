//! Client secrets: what a server mints so that a page may open sessions. They are in the ledger, and hold until they expire,
//! however often they are used.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use switchboard_core::{Clock, Timestamp};

use super::new_id;
use super::refusal::Refusal;
use super::session::Session;
use super::session::shape::{Field, Shape, check_fields, optional};
use crate::clock::ScriptedClock;
use crate::ledger::Ledger;

const KIND: &str = "sim-openai-secret";

/// What every secret begins with.
pub(super) const PREFIX: &str = "ek_";

/// How long a secret holds, in seconds: by default, and at least and at most where somebody says.
const DEFAULT_SECS: u64 = 600;
const LEAST_SECS: i64 = 10;
const MOST_SECS: i64 = 7200;

const BODY: &[Field] = &[
    optional(
        "expires_after",
        Shape::Object(&[
            optional("anchor", Shape::OneOf(&["created_at"])),
            optional("seconds", Shape::Whole(LEAST_SECS, MOST_SECS)),
        ]),
    ),
    // Checked by itself.
    optional("session", Shape::Map),
];

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    expires_at: Timestamp,
    session: Session,
}

/// All client secrets.
#[derive(Debug)]
pub(super) struct ClientSecrets {
    clock: ScriptedClock,
    ledger: Ledger,
}

impl ClientSecrets {
    pub(super) fn new(clock: ScriptedClock, ledger: Ledger) -> Self {
        Self { clock, ledger }
    }

    /// Mints a secret as `body` asks, and gives the answer.
    pub(super) fn mint(&self, body: &Map<String, Value>) -> Result<Value, Refusal> {
        check_fields(BODY, "", body)?;
        let session = match body.get("session") {
            Some(wanted) => Session::read("session", wanted, None)?,
            None => Session::by_default(None),
        };
        let secs = body.get("expires_after").and_then(|after| after.get("seconds")?.as_u64()).unwrap_or(DEFAULT_SECS);
        let expires_at = self.clock.now().plus(Duration::from_secs(secs));
        let value = new_id("ek");
        let row = Row { expires_at, session };
        self.ledger.put(KIND, &value, &serde_json::to_value(&row).unwrap_or_default())?;
        Ok(minted(&value, expires_at, &row.session))
    }

    /// The session that a secret opens, until it expires.
    pub(super) fn find(&self, value: &str) -> Result<Option<Session>, Refusal> {
        let row = self.ledger.get(KIND, value)?;
        let row: Option<Row> = row.and_then(|row| serde_json::from_value(row).ok());
        Ok(row.filter(|row| self.clock.now() < row.expires_at).map(|row| row.session))
    }
}

/// The answer to whoever minted a secret.
pub(super) fn minted(value: &str, expires_at: Timestamp, session: &Session) -> Value {
    json!({"value": value, "expires_at": expires_at.epoch_secs(), "session": session.shown()})
}

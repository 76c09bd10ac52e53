//! Webhooks that the simulated providers owe: kept, delayed, delivered in order, tried again.
//!
//! A delivery is in the ledger before the answer that caused it is sent, so a killed world still owes it. It is forgotten
//! after the receiver's 2xx: a kill between the two delivers twice, as with any real sender. What is due, and when the
//! next attempt is, follows the world's clock; only the limit of one attempt is wall time. What differs from sender to
//! sender is in `sender.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use switchboard_core::{Clock, Timestamp};

use super::courier::Courier;
pub use super::courier::{CourierError, SigningKeys};
use super::signature::WebhookSecret;
use crate::clock::ScriptedClock;
use crate::ledger::{Ledger, LedgerError};
use crate::random::uuid;

mod sender;

pub(crate) use self::sender::Failure;
pub use self::sender::Sender;

const PENDING: &str = "sim-delivery";
const FAILED: &str = "sim-delivery-failed";

/// How long after its cause a webhook is sent: long enough that the caller has the answer first, too short to notice.
const USUAL_DELAY: Duration = Duration::from_millis(100);

/// How many failed deliveries are remembered.
const FAILED_KEPT: usize = 100;

/// How many of the coming deliveries a setting is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Extent {
    /// None of them.
    #[default]
    None,
    /// The next so many.
    Next(u32),
    /// All, until the settings are reset.
    All,
}

impl Extent {
    fn spend(&mut self) -> bool {
        match self {
            Self::None | Self::Next(0) => false,
            Self::Next(left) => {
                *left -= 1;
                true
            }
            Self::All => true,
        }
    }
}

/// How coming deliveries go wrong. What is already owed stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeliverySettings {
    /// Hold every other delivery back, so that the one after it overtakes: OMI's by two seconds, a call's by thirty.
    pub reorder: Extent,
    /// Deliver twice, with the same `webhook-id`.
    pub duplicate: Extent,
    /// Never deliver.
    pub drop: Extent,
    /// Deliver this much later.
    pub delay: Duration,
}

/// What is to be delivered.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    /// Who posts it.
    pub(crate) sender: Sender,
    /// Where to: a path on the gateway, or an absolute URL.
    pub(crate) target: String,
    /// The body, byte for byte.
    pub(crate) body: String,
    /// How much later than usual it is sent.
    pub(crate) after: Duration,
    /// The sender's id of it, where the sender gives one itself.
    pub(crate) id: Option<String>,
}

impl Message {
    pub(crate) fn new(sender: Sender, target: &str, body: impl ToString) -> Self {
        Self { sender, target: target.to_owned(), body: body.to_string(), after: Duration::ZERO, id: None }
    }

    /// The same with an id of its own.
    pub(crate) fn named(self, id: &str) -> Self {
        Self { id: Some(id.to_owned()), ..self }
    }
}

/// One webhook that is owed, or that was given up.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// Who posts it.
    #[serde(default)]
    pub sender: Sender,
    /// The sender's id of the message: the same at every attempt.
    pub webhook_id: String,
    /// A path on the gateway, or an absolute URL.
    #[serde(alias = "path")]
    pub target: String,
    /// The body, byte for byte.
    pub body: String,
    /// When the next attempt is due.
    pub due_at: Timestamp,
    /// How many attempts have failed.
    pub attempts: usize,
    /// Why the last one did.
    pub last_error: Option<String>,
}

impl Delivery {
    /// As the control plane shows it: whole, but for what it is authorised with.
    pub(crate) fn shown(&self) -> Value {
        json!({"sender": self.sender.provider(), "webhookId": self.webhook_id, "target": self.target, "body": self.body,
            "dueAt": self.due_at, "attempts": self.attempts, "lastError": self.last_error})
    }
}

/// All deliveries of the world.
#[derive(Debug)]
pub struct Deliveries {
    clock: ScriptedClock,
    ledger: Ledger,
    courier: Courier,
    gateway: RwLock<Option<String>>,
    keys: RwLock<SigningKeys>,
    queue: Mutex<Queue>,
    /// Held while delivering, so that the ticker and a moved clock never deliver the same message.
    delivering: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Queue {
    /// By id, which counts up.
    pending: BTreeMap<String, Delivery>,
    /// The ids of what is pending, by the time at which it is due.
    due: BTreeSet<(Timestamp, String)>,
    failed: BTreeMap<String, Delivery>,
    last_id: u64,
    settings: DeliverySettings,
    /// Whether the last delivery was held back for the next to overtake.
    held: bool,
}

impl Queue {
    fn put(&mut self, id: String, delivery: Delivery) {
        self.due.insert((delivery.due_at, id.clone()));
        self.pending.insert(id, delivery);
    }

    fn take(&mut self, id: &str) {
        if let Some(delivery) = self.pending.remove(id) {
            self.due.remove(&(delivery.due_at, id.to_owned()));
        }
    }
}

impl Deliveries {
    /// The deliveries that `ledger` still owes. They wait until the gateway's address is known.
    ///
    /// # Errors
    ///
    /// The ledger cannot be read, or no HTTP client can be made.
    pub fn open(clock: ScriptedClock, ledger: Ledger, keys: SigningKeys) -> Result<Self, DeliveriesError> {
        let mut queue = Queue { failed: load(&ledger, FAILED)?, ..Queue::default() };
        for (id, delivery) in load(&ledger, PENDING)? {
            queue.put(id, delivery);
        }
        let newest = [queue.pending.last_key_value(), queue.failed.last_key_value()];
        let last_id = newest.into_iter().flatten().filter_map(|(id, _)| id.parse().ok()).max().unwrap_or(0);
        Ok(Self {
            clock,
            ledger,
            courier: Courier::new()?,
            gateway: RwLock::default(),
            keys: RwLock::new(keys),
            queue: Mutex::new(Queue { last_id, ..queue }),
            delivering: tokio::sync::Mutex::default(),
        })
    }

    /// Where to deliver from now on: `http://localhost:3000`, without a slash at the end.
    pub fn set_gateway(&self, base: &str) {
        let base = base.trim_end_matches('/').to_owned();
        *self.gateway.write().unwrap_or_else(PoisonError::into_inner) = Some(base);
    }

    /// Where deliveries go; `None` until it is known.
    #[must_use]
    pub fn gateway(&self) -> Option<String> {
        self.gateway.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// OMI signs with `secret` from now on; what is owed is signed when it is sent.
    pub fn set_omi_secret(&self, secret: WebhookSecret) {
        self.keys.write().unwrap_or_else(PoisonError::into_inner).omi = secret;
    }

    /// Twilio signs with `auth_token` from now on.
    pub fn set_twilio_token(&self, auth_token: String) {
        self.keys.write().unwrap_or_else(PoisonError::into_inner).twilio = auth_token;
    }

    /// OpenAI signs with `secret` from now on.
    pub fn set_openai_secret(&self, secret: WebhookSecret) {
        self.keys.write().unwrap_or_else(PoisonError::into_inner).openai = secret;
    }

    /// Replaces the settings for coming deliveries.
    pub fn set(&self, settings: DeliverySettings) {
        let mut queue = self.queue();
        queue.settings = settings;
        queue.held = false;
    }

    /// Owes these messages, in this order. They are kept when this returns.
    ///
    /// # Errors
    ///
    /// The ledger refuses a write.
    pub(crate) fn owe(&self, messages: impl IntoIterator<Item = Message>) -> Result<(), LedgerError> {
        let now = self.clock.now();
        let mut queue = self.queue();
        for message in messages {
            if queue.settings.drop.spend() {
                continue;
            }
            let mut due_at = now.plus(USUAL_DELAY).plus(message.after).plus(queue.settings.delay);
            queue.held = !queue.held && queue.settings.reorder.spend();
            if queue.held {
                due_at = due_at.plus(message.sender.overtaken());
            }
            let delivery = Delivery {
                sender: message.sender,
                webhook_id: message.id.unwrap_or_else(message_id),
                target: message.target,
                body: message.body,
                due_at,
                attempts: 0,
                last_error: None,
            };
            let copies = if queue.settings.duplicate.spend() { 2 } else { 1 };
            for _ in 0..copies {
                queue.last_id += 1;
                let id = format!("{:020}", queue.last_id);
                self.ledger.put(PENDING, &id, &as_value(&delivery))?;
                queue.put(id, delivery.clone());
            }
        }
        Ok(())
    }

    /// When the next attempt is due; `None` where nothing is owed, or nobody has said where to deliver.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        self.gateway()?;
        self.queue().due.first().map(|(due_at, _)| *due_at)
    }

    /// What is owed, in the order of its making.
    #[must_use]
    pub fn pending(&self) -> Vec<Delivery> {
        self.queue().pending.values().cloned().collect()
    }

    /// What was given up, in the order of its making.
    #[must_use]
    pub fn failed(&self) -> Vec<Delivery> {
        self.queue().failed.values().cloned().collect()
    }

    /// Attempts everything that is due at `now`, one after the other in order of due time, and answers how many
    /// attempts that were. What fails is due again later.
    pub async fn run_due(&self, now: Timestamp) -> usize {
        let _one_at_a_time = self.delivering.lock().await;
        let Some(gateway) = self.gateway() else { return 0 };
        let mut attempts = 0;
        while let Some((id, delivery)) = self.earliest(now) {
            let sent_at = self.clock.now().epoch_secs();
            let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner).clone();
            let outcome = self.courier.deliver(&gateway, &delivery, &keys, sent_at).await;
            attempts += 1;
            if let Err(error) = self.settle(&id, delivery, outcome) {
                // The message stays owed in the ledger, and a restarted world will send it again.
                tracing::error!(%error, "cannot note what became of a webhook delivery");
            }
        }
        attempts
    }

    fn earliest(&self, now: Timestamp) -> Option<(String, Delivery)> {
        let queue = self.queue();
        let (_, id) = queue.due.first().filter(|(due_at, _)| *due_at <= now)?;
        let delivery = queue.pending.get(id)?;
        Some((id.clone(), delivery.clone()))
    }

    fn settle(&self, id: &str, mut delivery: Delivery, outcome: Result<(), Failure>) -> Result<(), LedgerError> {
        let mut queue = self.queue();
        queue.take(id);
        let Err(failure) = outcome else { return self.ledger.delete(PENDING, id) };
        let (sender, attempt) = (delivery.sender.provider().as_str(), delivery.attempts + 1);
        tracing::info!(sender, webhook_id = delivery.webhook_id, attempt, reason = %failure, "webhook not taken");
        delivery.last_error = Some(failure.to_string());
        let retry = delivery.sender.retry_after(delivery.attempts, failure, &delivery.target);
        delivery.attempts += 1;
        if let Some(wait) = retry {
            delivery.due_at = self.clock.now().plus(wait);
            let value = as_value(&delivery);
            queue.put(id.to_owned(), delivery);
            return self.ledger.put(PENDING, id, &value);
        }
        self.ledger.put(FAILED, id, &as_value(&delivery))?;
        queue.failed.insert(id.to_owned(), delivery);
        self.ledger.delete(PENDING, id)?;
        while queue.failed.len() > FAILED_KEPT {
            if let Some((oldest, _)) = queue.failed.pop_first() {
                self.ledger.delete(FAILED, &oldest)?;
            }
        }
        Ok(())
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why the deliveries cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum DeliveriesError {
    /// The ledger cannot be read.
    #[error("cannot read the webhooks that are still owed")]
    Ledger(#[from] LedgerError),
    /// No HTTP client.
    #[error("cannot set up the sender of webhooks")]
    Courier(#[from] CourierError),
    /// A row is not a delivery.
    #[error("{kind}/{id} in the local ledger is not a delivery; delete the data directory to start afresh")]
    NotADelivery {
        /// The row's kind.
        kind: &'static str,
        /// The row's id.
        id: String,
        /// What the parser said.
        source: serde_json::Error,
    },
}

fn load(ledger: &Ledger, kind: &'static str) -> Result<BTreeMap<String, Delivery>, DeliveriesError> {
    let rows = ledger.list(kind)?.into_iter();
    rows.map(|(id, value)| match serde_json::from_value(value) {
        Ok(delivery) => Ok((id, delivery)),
        Err(source) => Err(DeliveriesError::NotADelivery { kind, id, source }),
    })
    .collect()
}

fn as_value(delivery: &Delivery) -> Value {
    serde_json::to_value(delivery).unwrap_or_default()
}

fn message_id() -> String {
    format!("msg_{}", uuid().simple())
}

#[cfg(test)]
mod tests;

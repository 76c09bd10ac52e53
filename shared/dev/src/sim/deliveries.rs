//! Webhooks that the simulated providers owe to the gateway: kept, delayed, delivered in order, tried again.
//!
//! A delivery is in the ledger before the answer that caused it is sent, so a killed world still owes it. It is forgotten
//! after the gateway's 2xx: a kill between the two delivers twice, as with any real sender. What is due, and when the
//! next attempt is, follows the world's clock; only the limit of one attempt is wall time.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use switchboard_core::{Clock, Timestamp};

use super::courier::Courier;
pub use super::courier::CourierError;
use super::signature::WebhookSecret;
use crate::clock::ScriptedClock;
use crate::ledger::{Ledger, LedgerError};
use crate::random::uuid;

const PENDING: &str = "sim-delivery";
const FAILED: &str = "sim-delivery-failed";

/// How long after its cause a webhook is sent: long enough that the caller has the answer first, too short to notice.
const USUAL_DELAY: Duration = Duration::from_millis(100);

/// How long every other delivery is held back while deliveries are reordered, so that the next one overtakes it.
const OVERTAKEN: Duration = Duration::from_secs(2);

/// The waits between attempts. After the attempt that follows the last of them the delivery has failed for good.
const RETRIES: [Duration; 5] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_secs(2 * 60),
    Duration::from_secs(10 * 60),
    Duration::from_secs(60 * 60),
];

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
    /// Hold every other delivery back for two seconds, so that the one after it overtakes.
    pub reorder: Extent,
    /// Deliver twice, with the same `webhook-id`.
    pub duplicate: Extent,
    /// Never deliver.
    pub drop: Extent,
    /// Deliver this much later.
    pub delay: Duration,
}

/// One webhook that is owed, or that was given up.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// The sender's id of the message: the same at every attempt.
    pub webhook_id: String,
    /// The path on the gateway.
    pub path: String,
    /// The body, byte for byte.
    pub body: String,
    /// When the next attempt is due.
    pub due_at: Timestamp,
    /// How many attempts have failed.
    pub attempts: usize,
    /// Why the last one did.
    pub last_error: Option<String>,
}

/// All deliveries of the world.
#[derive(Debug)]
pub struct Deliveries {
    clock: ScriptedClock,
    ledger: Ledger,
    courier: Courier,
    gateway: RwLock<Option<String>>,
    secret: RwLock<WebhookSecret>,
    queue: Mutex<Queue>,
    /// Held while delivering, so that the ticker and a moved clock never deliver the same message.
    delivering: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Queue {
    /// By id, which counts up.
    pending: BTreeMap<String, Delivery>,
    failed: BTreeMap<String, Delivery>,
    last_id: u64,
    settings: DeliverySettings,
    /// Whether the last delivery was held back for the next to overtake.
    held: bool,
}

impl Deliveries {
    /// The deliveries that `ledger` still owes. They wait until the gateway's address is known.
    ///
    /// # Errors
    ///
    /// The ledger cannot be read, or no HTTP client can be made.
    pub fn open(clock: ScriptedClock, ledger: Ledger, secret: WebhookSecret) -> Result<Self, DeliveriesError> {
        let queue = Queue { pending: load(&ledger, PENDING)?, failed: load(&ledger, FAILED)?, ..Queue::default() };
        let newest = [queue.pending.last_key_value(), queue.failed.last_key_value()];
        let last_id = newest.into_iter().flatten().filter_map(|(id, _)| id.parse().ok()).max().unwrap_or(0);
        Ok(Self {
            clock,
            ledger,
            courier: Courier::new()?,
            gateway: RwLock::default(),
            secret: RwLock::new(secret),
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

    /// Signs with `secret` from now on; what is owed is signed when it is sent.
    pub fn set_secret(&self, secret: WebhookSecret) {
        *self.secret.write().unwrap_or_else(PoisonError::into_inner) = secret;
    }

    /// Replaces the settings for coming deliveries.
    pub fn set(&self, settings: DeliverySettings) {
        let mut queue = self.queue();
        queue.settings = settings;
        queue.held = false;
    }

    /// Owes the gateway these bodies, in this order. They are kept when this returns.
    ///
    /// # Errors
    ///
    /// The ledger refuses a write.
    pub(crate) fn owe(&self, path: &str, bodies: &[Value]) -> Result<(), LedgerError> {
        let now = self.clock.now();
        let mut queue = self.queue();
        for body in bodies {
            if queue.settings.drop.spend() {
                continue;
            }
            let mut due_at = now.plus(USUAL_DELAY).plus(queue.settings.delay);
            queue.held = !queue.held && queue.settings.reorder.spend();
            if queue.held {
                due_at = due_at.plus(OVERTAKEN);
            }
            let delivery = Delivery {
                webhook_id: message_id(),
                path: path.to_owned(),
                body: body.to_string(),
                due_at,
                attempts: 0,
                last_error: None,
            };
            let copies = if queue.settings.duplicate.spend() { 2 } else { 1 };
            for _ in 0..copies {
                queue.last_id += 1;
                let id = format!("{:020}", queue.last_id);
                self.ledger.put(PENDING, &id, &as_value(&delivery))?;
                queue.pending.insert(id, delivery.clone());
            }
        }
        Ok(())
    }

    /// When the next attempt is due; `None` where nothing is owed, or nobody has said where to deliver.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        self.gateway()?;
        self.queue().pending.values().map(|delivery| delivery.due_at).min()
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
            let secret = self.secret.read().unwrap_or_else(PoisonError::into_inner).clone();
            let outcome = self.courier.deliver(&gateway, &delivery, &secret, sent_at).await;
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
        let due = queue.pending.iter().filter(|(_, delivery)| delivery.due_at <= now);
        let (id, delivery) = due.min_by_key(|(_, delivery)| delivery.due_at)?;
        Some((id.clone(), delivery.clone()))
    }

    fn settle(&self, id: &str, mut delivery: Delivery, outcome: Result<(), String>) -> Result<(), LedgerError> {
        let mut queue = self.queue();
        queue.pending.remove(id);
        let Err(reason) = outcome else { return self.ledger.delete(PENDING, id) };
        tracing::info!(webhook_id = delivery.webhook_id, attempt = delivery.attempts + 1, reason, "webhook not taken");
        delivery.last_error = Some(reason);
        let retry = RETRIES.get(delivery.attempts).copied();
        delivery.attempts += 1;
        if let Some(wait) = retry {
            delivery.due_at = self.clock.now().plus(wait);
            let value = as_value(&delivery);
            queue.pending.insert(id.to_owned(), delivery);
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

//! The store itself: a client, a table, a clock.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use switchboard_core::{Clock, Timestamp};

use crate::item::Item;
use crate::schema::Key;
use crate::{StoreError, item};

/// How long rows of a conversation are kept after it is over.
pub(crate) const RETENTION: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How often a write that others got in the way of is tried again.
pub(crate) const MAX_RETRIES: u32 = 4;
/// Longest pause before the first such retry; it doubles with each.
const BACKOFF: Duration = Duration::from_millis(25);

/// The table, and the clock by which its items live and expire.
#[derive(Clone)]
pub struct Store {
    pub(crate) client: Client,
    pub(crate) table: String,
    clock: Arc<dyn Clock>,
}

impl Store {
    /// A store over `table`.
    pub fn new(client: Client, table: impl Into<String>, clock: Arc<dyn Clock>) -> Self {
        Self { client, table: table.into(), clock }
    }

    /// The time now, by the store's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Asks the table for an item that need not exist, to see whether it answers.
    ///
    /// # Errors
    /// [`StoreError`] if it does not.
    pub async fn probe(&self) -> Result<(), StoreError> {
        self.fetch("probe", &Key::api_key("probe")).await.map(drop)
    }

    /// One item, strongly consistent.
    pub(crate) async fn fetch(&self, operation: &'static str, key: &Key) -> Result<Option<Item>, StoreError> {
        self.client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key.attributes()))
            .consistent_read(true)
            .send()
            .await
            .map(|output| output.item)
            .map_err(|error| StoreError::from_sdk(operation, error))
    }

    /// One row, strongly consistent.
    pub(crate) async fn fetch_row<R: serde::de::DeserializeOwned>(
        &self,
        operation: &'static str,
        key: &Key,
    ) -> Result<Option<R>, StoreError> {
        self.fetch(operation, key).await?.map(|found| item::from_item(operation, found)).transpose()
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("table", &self.table).finish_non_exhaustive()
    }
}

/// Waits a random while before retry number `retry` (from 0), so that those who got in each other's way part.
pub(crate) async fn pause_before_retry(retry: u32) {
    let mut random = [0_u8; 2];
    // Without random numbers everybody waits the longest time, which is still correct.
    let share = if getrandom::fill(&mut random).is_ok() { u16::from_le_bytes(random) } else { u16::MAX };
    let longest = BACKOFF.saturating_mul(1 << retry.min(6));
    tokio::time::sleep(longest.mul_f64(f64::from(share) / f64::from(u16::MAX))).await;
}

/// The value of the TTL attribute for something to be removed after `at`.
pub(crate) fn ttl_secs(at: Timestamp) -> i64 {
    at.epoch_secs()
}

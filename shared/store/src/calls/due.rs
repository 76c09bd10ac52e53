//! What is due: found by an index that holds only calls that have something left to be done.

use aws_sdk_dynamodb::types::AttributeValue;
use switchboard_core::{CallId, Timestamp};

use crate::item::text;
use crate::schema::{DUE_SHARDS, GSI2, due_shard, list_place};
use crate::{Store, StoreError};

impl Store {
    /// How many shards there are to be looked into.
    #[must_use]
    pub fn due_shards() -> u32 {
        DUE_SHARDS
    }

    /// The calls of a shard that are due at `now`, those that have waited longest first, at most `limit`. The index follows the
    /// table with a delay: whoever acts on one reads the call itself first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn calls_due(&self, shard: u32, now: Timestamp, limit: usize) -> Result<Vec<CallId>, StoreError> {
        const OPERATION: &str = "calls_due";
        let output = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(GSI2)
            .key_condition_expression("gsi2pk = :shard AND gsi2sk < :now")
            .expression_attribute_values(":shard", text(due_shard(shard)))
            .expression_attribute_values(":now", text(list_place(now, "~")))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(|error| StoreError::from_sdk(OPERATION, error))?;
        let name = |value: &AttributeValue| {
            value.as_s().ok().and_then(|place| place.split('#').nth(1)).and_then(CallId::parse)
        };
        let items = output.items.unwrap_or_default();
        Ok(items.iter().filter_map(|item| item.get("gsi2sk").and_then(name)).collect())
    }

    /// When the next call of a shard is due, whenever that is; `None` if none is. For whoever runs the sweep only when it is
    /// needed, as the local world does while its clock is moved.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn calls_next_due(&self, shard: u32) -> Result<Option<Timestamp>, StoreError> {
        const OPERATION: &str = "calls_next_due";
        let output = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(GSI2)
            .key_condition_expression("gsi2pk = :shard")
            .expression_attribute_values(":shard", text(due_shard(shard)))
            .limit(1)
            .send()
            .await
            .map_err(|error| StoreError::from_sdk(OPERATION, error))?;
        let place = output.items.unwrap_or_default().into_iter().next().and_then(|mut item| item.remove("gsi2sk"));
        let millis = place.as_ref().and_then(|place| place.as_s().ok()?.split('#').next()?.parse().ok());
        Ok(millis.map(Timestamp::from_epoch_millis))
    }
}

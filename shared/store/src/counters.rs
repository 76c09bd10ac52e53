//! Counters: how often somebody may ask us, and how often we may ask a provider.
//!
//! Both count in fixed windows with one atomic update each, which holds across every process that shares the table.

use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use switchboard_core::{ProviderId, Timestamp};

use crate::error::applied;
use crate::item::{number, text};
use crate::schema::Key;
use crate::store::ttl_secs;
use crate::{Store, StoreError};

/// How long after its window a counter is kept.
const COUNTER_RETENTION: Duration = Duration::from_secs(60 * 60);
/// Shards of a provider's window. One item takes about 1 000 writes a second; four leave room even if a whole minute's
/// budget of 1 000 arrives at once, and keep the probability low that a random shard is full while another is not.
const UPSTREAM_SHARDS: u32 = 4;
/// The window of a provider's budget.
const UPSTREAM_WINDOW: Duration = Duration::from_secs(60);

/// Where a principal stands in its window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateVerdict {
    /// Requests that the window allows.
    pub limit: u32,
    /// Requests that are left after this one.
    pub remaining: u32,
    /// Until the next window begins.
    pub resets_in: Duration,
    /// Whether this request is within the limit.
    pub allowed: bool,
}

/// Whether a provider may be asked now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpstreamBudget {
    /// Yes; it has been counted.
    Granted,
    /// The minute's budget is used up; the next begins after this.
    Exhausted(Duration),
}

impl Store {
    /// Counts a request of a principal in the current window of length `window`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn rate_take(
        &self,
        principal: &str,
        class: &str,
        limit: u32,
        window: Duration,
    ) -> Result<RateVerdict, StoreError> {
        const OPERATION: &str = "rate_take";
        let (start, end) = window_around(self.now(), window);
        let output = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(Key::rate(principal, class, start).attributes()))
            .update_expression("ADD used :one SET #ttl = :ttl")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":ttl", number(ttl_secs(end.plus(COUNTER_RETENTION))))
            .return_values(ReturnValue::UpdatedNew)
            .send()
            .await
            .map_err(|error| StoreError::from_sdk(OPERATION, error))?;
        let used = read_count(OPERATION, output.attributes.as_ref().and_then(|item| item.get("used")))?;
        Ok(RateVerdict {
            limit,
            remaining: limit.saturating_sub(used),
            resets_in: end.since(self.now()),
            allowed: used <= limit,
        })
    }

    /// Takes one request from a provider's budget of `per_minute`. Requests for the tenant `public` get at most a fifth of it
    /// (design: strangers must not be able to use up what paying applications need).
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn upstream_take(
        &self,
        provider: ProviderId,
        per_minute: u32,
        public: bool,
    ) -> Result<UpstreamBudget, StoreError> {
        let (start, end) = window_around(self.now(), UPSTREAM_WINDOW);
        let minute = start.epoch_secs() / 60;
        let first = random_shard();
        for step in 0..UPSTREAM_SHARDS {
            let shard = (first + step) % UPSTREAM_SHARDS;
            if self.upstream_take_from(&Key::upstream(provider, minute, shard), shard, per_minute, public, end).await? {
                return Ok(UpstreamBudget::Granted);
            }
        }
        Ok(UpstreamBudget::Exhausted(end.since(self.now())))
    }

    async fn upstream_take_from(
        &self,
        key: &Key,
        shard: u32,
        per_minute: u32,
        public: bool,
        end: Timestamp,
    ) -> Result<bool, StoreError> {
        const OPERATION: &str = "upstream_take";
        let quota = share(per_minute, shard);
        let public_quota = share(per_minute / 5, shard);
        if quota == 0 || (public && public_quota == 0) {
            return Ok(false);
        }
        let within = "(attribute_not_exists(used) OR used < :quota)";
        let (update, condition) = if public {
            (
                "ADD used :one, publicUsed :one SET #ttl = :ttl",
                format!("{within} AND (attribute_not_exists(publicUsed) OR publicUsed < :public)"),
            )
        } else {
            ("ADD used :one SET #ttl = :ttl", within.to_owned())
        };
        let mut request = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key.attributes()))
            .update_expression(update)
            .condition_expression(condition)
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":quota", number(quota))
            .expression_attribute_values(":ttl", number(ttl_secs(end.plus(COUNTER_RETENTION))));
        if public {
            request = request.expression_attribute_values(":public", number(public_quota));
        }
        applied(OPERATION, request.send().await)
    }

    /// Counts a rejected delivery of a sender and says how many there have been this hour.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn rejections_count(&self, sender: &str, keep: Duration) -> Result<u32, StoreError> {
        const OPERATION: &str = "rejections_count";
        let now = self.now();
        let output = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(Key::rejections(sender, now.epoch_secs() / 3600).attributes()))
            .update_expression("ADD used :one SET #ttl = :ttl, sender = :sender")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":ttl", number(ttl_secs(now.plus(keep))))
            .expression_attribute_values(":sender", text(sender))
            .return_values(ReturnValue::UpdatedNew)
            .send()
            .await
            .map_err(|error| StoreError::from_sdk(OPERATION, error))?;
        read_count(OPERATION, output.attributes.as_ref().and_then(|item| item.get("used")))
    }
}

/// The start and the end of the window that `now` falls into. Windows begin at multiples of their length.
fn window_around(now: Timestamp, window: Duration) -> (Timestamp, Timestamp) {
    let length = i64::try_from(window.as_millis()).unwrap_or(i64::MAX).max(1);
    let start = Timestamp::from_epoch_millis(now.epoch_millis().div_euclid(length).saturating_mul(length));
    (start, start.plus(window))
}

/// What one shard gets of a total: the remainder goes to the first ones, so that the shares add up exactly.
fn share(total: u32, shard: u32) -> u32 {
    total / UPSTREAM_SHARDS + u32::from(shard < total % UPSTREAM_SHARDS)
}

fn random_shard() -> u32 {
    let mut random = [0_u8; 1];
    if getrandom::fill(&mut random).is_ok() { u32::from(random[0]) % UPSTREAM_SHARDS } else { 0 }
}

fn read_count(operation: &'static str, value: Option<&AttributeValue>) -> Result<u32, StoreError> {
    value
        .and_then(|value| value.as_n().ok())
        .and_then(|number| number.parse().ok())
        .ok_or_else(|| StoreError::Unreadable { operation, what: "a counter is not a number".to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_of_the_shards_add_up_to_the_total() {
        for total in [0, 1, 3, 4, 7, 200, 1_000, 1_001] {
            assert_eq!((0..UPSTREAM_SHARDS).map(|shard| share(total, shard)).sum::<u32>(), total);
        }
    }

    #[test]
    fn windows_begin_at_multiples_of_their_length() {
        let window = Duration::from_secs(60);
        let (start, end) = window_around(Timestamp::from_epoch_millis(125_999), window);
        assert_eq!((start.epoch_secs(), end.epoch_secs()), (120, 180));
        assert_eq!(window_around(end, window).0, end);
    }
}

//! Transactions: all of it or none of it.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    CancellationReason, ConditionCheck, Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};

use crate::item::Item;
use crate::store::{MAX_RETRIES, pause_before_retry};
use crate::{Store, StoreError};

/// How a transaction ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Every write was made.
    Done,
    /// None was. For each write in its order: what stood in the way, if it was this one.
    Cancelled(Vec<Obstacle>),
}

/// What one write of a cancelled transaction met.
#[derive(Debug)]
pub(crate) enum Obstacle {
    /// This write was not what cancelled the transaction.
    None,
    /// Its condition does not hold; the item as it is, if there is one.
    ConditionFailed(Option<Item>),
}

impl Outcome {
    /// The obstacle that write number `index` met, if it cancelled the transaction.
    pub(crate) fn condition_failed(&self, index: usize) -> bool {
        match self {
            Self::Done => false,
            Self::Cancelled(obstacles) => matches!(obstacles.get(index), Some(Obstacle::ConditionFailed(_))),
        }
    }

    /// The item that write number `index` found in its way.
    pub(crate) fn item_in_the_way(self, index: usize) -> Option<Item> {
        match self {
            Self::Done => None,
            Self::Cancelled(mut obstacles) if index < obstacles.len() => match obstacles.swap_remove(index) {
                Obstacle::ConditionFailed(item) => item,
                Obstacle::None => None,
            },
            Self::Cancelled(_) => None,
        }
    }
}

impl Store {
    /// Makes all of `writes` or none. A collision with another transaction, or throttling, is tried again a few times with
    /// pauses; a condition that does not hold is an outcome, not an error. The SDK adds a token that makes its own retries of
    /// one attempt count once.
    pub(crate) async fn transact(
        &self,
        operation: &'static str,
        writes: &[TransactWriteItem],
    ) -> Result<Outcome, StoreError> {
        for retry in 0..=MAX_RETRIES {
            let attempt = self.client.transact_write_items().set_transact_items(Some(writes.to_vec())).send().await;
            let error = match attempt {
                Ok(_) => return Ok(Outcome::Done),
                Err(error) => error,
            };
            match read_cancellation(&error) {
                Some(Cancellation::Conditions(obstacles)) => return Ok(Outcome::Cancelled(obstacles)),
                Some(Cancellation::Collision) => pause_before_retry(retry).await,
                Some(Cancellation::Refused) | None => return Err(StoreError::from_sdk(operation, error)),
            }
        }
        Err(StoreError::Contended { operation })
    }
}

enum Cancellation {
    Conditions(Vec<Obstacle>),
    Collision,
    Refused,
}

fn read_cancellation<R>(error: &SdkError<TransactWriteItemsError, R>) -> Option<Cancellation> {
    let service = error.as_service_error()?;
    if service.code() == Some("TransactionInProgressException") {
        return Some(Cancellation::Collision);
    }
    let TransactWriteItemsError::TransactionCanceledException(cancelled) = service else { return None };
    let reasons = cancelled.cancellation_reasons();
    let is = |code: &str| reasons.iter().any(|reason| reason.code() == Some(code));
    // A condition that fails is final whatever else happened; only without one is it worth trying again.
    Some(if is("ConditionalCheckFailed") {
        Cancellation::Conditions(reasons.iter().map(obstacle).collect())
    } else if is("TransactionConflict") || is("ThrottlingError") || is("ProvisionedThroughputExceeded") {
        Cancellation::Collision
    } else {
        Cancellation::Refused
    })
}

fn obstacle(reason: &CancellationReason) -> Obstacle {
    match reason.code() {
        Some("ConditionalCheckFailed") => Obstacle::ConditionFailed(reason.item().cloned()),
        _ => Obstacle::None,
    }
}

/// What a failed condition is to give back: the item that stood in the way, which saves reading it.
pub(crate) const SHOW_OBSTACLE: ReturnValuesOnConditionCheckFailure = ReturnValuesOnConditionCheckFailure::AllOld;

/// A builder that misses a part is a defect of this crate; it is reported as such instead of panicking.
pub(crate) fn built<T>(
    operation: &'static str,
    write: Result<T, aws_sdk_dynamodb::error::BuildError>,
) -> Result<TransactWriteItem, StoreError>
where
    T: IntoWrite,
{
    write.map(IntoWrite::into_write).map_err(|error| StoreError::Refused {
        operation,
        code: "build".to_owned(),
        source: error.into(),
    })
}

/// The kinds of write that a transaction takes.
pub(crate) trait IntoWrite {
    /// As an element of a transaction.
    fn into_write(self) -> TransactWriteItem;
}

impl IntoWrite for ConditionCheck {
    fn into_write(self) -> TransactWriteItem {
        TransactWriteItem::builder().condition_check(self).build()
    }
}

impl IntoWrite for Put {
    fn into_write(self) -> TransactWriteItem {
        TransactWriteItem::builder().put(self).build()
    }
}

impl IntoWrite for Update {
    fn into_write(self) -> TransactWriteItem {
        TransactWriteItem::builder().update(self).build()
    }
}

impl IntoWrite for Delete {
    fn into_write(self) -> TransactWriteItem {
        TransactWriteItem::builder().delete(self).build()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use aws_sdk_dynamodb::Client;
    use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsOutput;
    use aws_sdk_dynamodb::types::error::TransactionCanceledException;
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
    use switchboard_core::SystemClock;

    use super::*;
    use crate::schema::Key;

    /// What no emulator says: collisions, throttling, and reasons beside conditions.
    fn cancelled(codes: &[&str]) -> TransactWriteItemsError {
        let reasons = codes.iter().map(|code| CancellationReason::builder().code(*code).build()).collect();
        let error = TransactionCanceledException::builder().set_cancellation_reasons(Some(reasons)).build();
        TransactWriteItemsError::TransactionCanceledException(error)
    }

    async fn transact(mode: RuleMode, rule: &Rule) -> Result<Outcome, StoreError> {
        let client = mock_client!(aws_sdk_dynamodb, mode, [rule]);
        let store = Store::new(client, "t", Arc::new(SystemClock));
        let delete = Delete::builder().table_name("t").set_key(Some(Key::api_key("k").attributes())).build();
        store.transact("test", &[built("test", delete)?]).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_collision_passes_and_is_tried_again() {
        for code in ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"] {
            let rule = mock!(Client::transact_write_items)
                .sequence()
                .error(move || cancelled(&["None", code]))
                .times(2)
                .output(|| TransactWriteItemsOutput::builder().build())
                .build();
            assert!(matches!(transact(RuleMode::Sequential, &rule).await, Ok(Outcome::Done)), "{code}");
            assert_eq!(rule.num_calls(), 3);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn collisions_without_end_are_given_up_after_four_more_tries() {
        let rule = mock!(Client::transact_write_items).then_error(|| cancelled(&["TransactionConflict"]));
        assert!(matches!(transact(RuleMode::MatchAny, &rule).await, Err(StoreError::Contended { .. })));
        assert_eq!(rule.num_calls(), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn a_condition_that_fails_is_final_whatever_else_happened() {
        let rule = mock!(Client::transact_write_items)
            .then_error(|| cancelled(&["TransactionConflict", "ConditionalCheckFailed", "None"]));
        let outcome = transact(RuleMode::MatchAny, &rule).await.unwrap();
        assert_eq!((0..3).map(|n| outcome.condition_failed(n)).collect::<Vec<_>>(), [false, true, false]);
        assert_eq!(rule.num_calls(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_dynamodb_refuses_is_our_defect_and_not_repeated() {
        let rule = mock!(Client::transact_write_items).then_error(|| cancelled(&["ValidationError"]));
        assert!(matches!(transact(RuleMode::MatchAny, &rule).await, Err(StoreError::Refused { .. })));
        assert_eq!(rule.num_calls(), 1);
    }
}

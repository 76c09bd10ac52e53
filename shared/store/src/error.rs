//! What can go wrong with the table.

use std::borrow::Cow;
use std::time::Duration;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use switchboard_core::{Failure, Fault};

type Source = Box<dyn std::error::Error + Send + Sync>;

/// An operation on the table that could not be carried out. What a caller can be wrong about is never an error here but an
/// outcome of the operation (`Opened::Full`, `Claimed::Unknown`).
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The table did not answer, or asked for patience. Nothing is known about whether the write happened.
    #[error("{operation}: the table is unavailable ({code})")]
    Unavailable {
        /// The operation, by its method's name.
        operation: &'static str,
        /// DynamoDB's error code, or the kind of transport error.
        code: String,
        /// What the SDK said.
        #[source]
        source: Source,
    },
    /// Others kept changing the same item. It is safe to try again.
    #[error("{operation}: others kept changing the same item")]
    Contended {
        /// The operation, by its method's name.
        operation: &'static str,
    },
    /// DynamoDB refuses the request itself: a defect of ours or of the table's configuration.
    #[error("{operation}: the table refused the request ({code})")]
    Refused {
        /// The operation, by its method's name.
        operation: &'static str,
        /// DynamoDB's error code.
        code: String,
        /// What the SDK said.
        #[source]
        source: Source,
    },
    /// An item does not have the form that this code writes.
    #[error("{operation}: an item cannot be read: {what}")]
    Unreadable {
        /// The operation, by its method's name.
        operation: &'static str,
        /// Which part of it, never its content.
        what: String,
    },
}

impl StoreError {
    /// Sorts an SDK error by what it means. `operation` is the name of the method that failed.
    pub(crate) fn from_sdk<E>(operation: &'static str, error: SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let code = match &error {
            SdkError::ServiceError(service) => service.err().code().unwrap_or("unknown").to_owned(),
            SdkError::TimeoutError(_) => "timeout".to_owned(),
            SdkError::DispatchFailure(_) => "dispatch".to_owned(),
            SdkError::ResponseError(_) => "response".to_owned(),
            _ => "request".to_owned(),
        };
        let refused = match &error {
            SdkError::ServiceError(service) => !is_transient(&code) && !service.raw().status().is_server_error(),
            SdkError::ConstructionFailure(_) => true,
            _ => false,
        };
        let source = Source::from(error);
        if refused { Self::Refused { operation, code, source } } else { Self::Unavailable { operation, code, source } }
    }
}

/// Whether a conditional write was made: `false` if its condition does not hold, which is an outcome and no error.
pub(crate) fn applied<T, E>(
    operation: &'static str,
    sent: Result<T, SdkError<E, HttpResponse>>,
) -> Result<bool, StoreError>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match sent {
        Ok(_) => Ok(true),
        Err(error) if error.code() == Some("ConditionalCheckFailedException") => Ok(false),
        Err(error) => Err(StoreError::from_sdk(operation, error)),
    }
}

/// DynamoDB's codes that pass by themselves ("Error handling with DynamoDB", developer guide, read 2026-11).
fn is_transient(code: &str) -> bool {
    matches!(
        code,
        "ProvisionedThroughputExceededException"
            | "ThrottlingException"
            | "RequestLimitExceeded"
            | "InternalServerError"
            | "ServiceUnavailable"
            | "TransactionInProgressException"
            | "TransactionConflictException"
            | "LimitExceededException"
            | "UnrecognizedClientException"
            | "ExpiredTokenException"
    )
}

impl Failure for StoreError {
    fn fault(&self) -> Fault {
        match self {
            Self::Unavailable { .. } | Self::Contended { .. } => Fault::Unavailable,
            Self::Refused { .. } | Self::Unreadable { .. } => Fault::Internal,
        }
    }

    fn public_message(&self) -> Cow<'static, str> {
        match self {
            Self::Unavailable { .. } => "the service's store is not available; try again shortly".into(),
            Self::Contended { .. } => "too many changes at the same moment; try again shortly".into(),
            Self::Refused { .. } | Self::Unreadable { .. } => "internal error".into(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unavailable { .. } | Self::Contended { .. } => Some(Duration::from_secs(1)),
            Self::Refused { .. } | Self::Unreadable { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use aws_sdk_dynamodb::Client;
    use aws_sdk_dynamodb::error::ErrorMetadata;
    use aws_sdk_dynamodb::operation::get_item::GetItemError;
    use aws_smithy_mocks::{RuleMode, mock, mock_client};
    use switchboard_core::SystemClock;

    use super::*;
    use crate::Store;

    #[tokio::test(start_paused = true)]
    async fn throttling_is_said_to_pass_and_a_missing_table_is_not() {
        for (code, fault) in [
            ("ProvisionedThroughputExceededException", Fault::Unavailable),
            ("ThrottlingException", Fault::Unavailable),
            ("InternalServerError", Fault::Unavailable),
            ("ResourceNotFoundException", Fault::Internal),
            ("AccessDeniedException", Fault::Internal),
            ("ValidationException", Fault::Internal),
        ] {
            let rule = mock!(Client::get_item)
                .then_error(move || GetItemError::generic(ErrorMetadata::builder().code(code).build()));
            let client = mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, [&rule]);
            let store = Store::new(client, "t", Arc::new(SystemClock));
            let error = store.api_key_fetch("k").await.unwrap_err();
            assert_eq!(error.fault(), fault, "{code}");
            assert_eq!(error.retry_after().is_some(), fault == Fault::Unavailable);
        }
    }
}

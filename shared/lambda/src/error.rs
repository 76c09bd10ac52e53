//! Errors as callers see them, and the one place that gives a meaning its status and code.

use std::borrow::Cow;
use std::time::Duration;

use http::StatusCode;
use serde_json::{Map, Value, json};
use switchboard_auth::Denied;
use switchboard_core::{Detail, Effect, Failure, Fault};

/// An error to be answered. What the caller reads and what the log gets are separate; there is no `Display` that could
/// confuse them.
#[derive(Debug)]
pub struct ApiError(Box<Parts>);

#[derive(Debug)]
struct Parts {
    fault: Fault,
    message: Cow<'static, str>,
    details: Vec<Detail>,
    retry_after: Option<Duration>,
    effect: Effect,
    extra: Map<String, Value>,
    headers: Vec<(http::HeaderName, String)>,
    /// For the log: what lower layers said.
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl ApiError {
    /// An error with a text for the caller: what happened, to what, and what to do.
    #[must_use]
    pub fn new(fault: Fault, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Parts {
            fault,
            message: message.into(),
            details: Vec::new(),
            retry_after: None,
            effect: Effect::None,
            extra: Map::new(),
            headers: Vec::new(),
            cause: None,
        }))
    }

    /// 400 about one field.
    #[must_use]
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Fault::InvalidRequest, "a field of the request is not valid")
            .with_details(vec![Detail::new(field, message)])
    }

    /// 404. `what` names the kind of thing, never the id.
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::new(Fault::NotFound, format!("there is {what} here"))
    }

    /// 500: a defect of ours. The caller reads a fixed text, the log this one.
    #[must_use]
    pub fn internal(what: &'static str) -> Self {
        let mut error = Self::new(Fault::Internal, INTERNAL);
        error.0.cause = Some(what.into());
        error
    }

    /// Names the fields at fault.
    #[must_use]
    pub fn with_details(mut self, details: Vec<Detail>) -> Self {
        self.0.details = details;
        self
    }

    /// Says when it is worth trying again.
    #[must_use]
    pub fn with_retry_after(mut self, after: Duration) -> Self {
        self.0.retry_after = Some(after);
        self
    }

    /// Says that what was asked for may have happened all the same.
    #[must_use]
    pub fn with_possible_effect(mut self) -> Self {
        self.0.effect = Effect::Possible;
        self
    }

    /// The same trouble with another meaning for the caller; the causes stay for the log.
    #[must_use]
    pub fn meaning(mut self, fault: Fault) -> Self {
        self.0.fault = fault;
        self
    }

    /// Says that what may have happened has been undone.
    #[must_use]
    pub fn without_effect(mut self) -> Self {
        self.0.effect = Effect::None;
        self
    }

    /// Adds a member to the error object, such as the id of what may have happened.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.extra.insert(name.to_owned(), value.into());
        self
    }

    /// Adds a header to the answer.
    #[must_use]
    pub fn with_header(mut self, name: http::HeaderName, value: impl Into<String>) -> Self {
        self.0.headers.push((name, value.into()));
        self
    }

    /// The headers beyond those that every error has.
    pub(crate) fn headers(&self) -> &[(http::HeaderName, String)] {
        &self.0.headers
    }

    /// What it means.
    #[must_use]
    pub fn fault(&self) -> Fault {
        self.0.fault
    }

    /// The fields at fault.
    #[must_use]
    pub fn details(&self) -> &[Detail] {
        &self.0.details
    }

    /// Whether what was asked for may have happened all the same.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.0.effect
    }

    /// When it is worth trying again.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The body of the answer.
    pub(crate) fn body(&self, request_id: &str) -> Map<String, Value> {
        let (_, code) = status_and_code(self.0.fault);
        let mut error = self.0.extra.clone();
        error.insert("code".to_owned(), code.into());
        error.insert("message".to_owned(), self.0.message.as_ref().into());
        error.insert("requestId".to_owned(), request_id.into());
        error.insert("details".to_owned(), json!(self.0.details));
        Map::from_iter([("error".to_owned(), Value::Object(error))])
    }

    /// The chain of causes, for the log.
    pub(crate) fn causes(&self) -> Option<String> {
        let mut cause: &(dyn std::error::Error + 'static) = self.0.cause.as_deref()?;
        let mut text = cause.to_string();
        while let Some(next) = cause.source() {
            text.push_str(": ");
            text.push_str(&next.to_string());
            cause = next;
        }
        Some(text)
    }
}

const INTERNAL: &str = "internal error; the request id helps its operator to find the cause";

/// The status and the stable code of each meaning (api, "The HTTP contract").
#[must_use]
pub fn status_and_code(fault: Fault) -> (StatusCode, &'static str) {
    match fault {
        Fault::InvalidRequest => (StatusCode::BAD_REQUEST, "invalid_request"),
        Fault::InvalidPhoneNumber => (StatusCode::BAD_REQUEST, "invalid_phone_number"),
        Fault::MissingParameters => (StatusCode::UNPROCESSABLE_ENTITY, "missing_parameters"),
        Fault::BudgetExceeded => (StatusCode::TOO_MANY_REQUESTS, "budget_exceeded"),
        Fault::Unauthenticated => (StatusCode::UNAUTHORIZED, "unauthenticated"),
        Fault::Forbidden => (StatusCode::FORBIDDEN, "forbidden"),
        Fault::NotFound => (StatusCode::NOT_FOUND, "not_found"),
        Fault::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
        Fault::PayloadTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large"),
        Fault::UnsupportedMediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type"),
        Fault::Conflict => (StatusCode::CONFLICT, "conflict"),
        Fault::InProgress => (StatusCode::CONFLICT, "in_progress"),
        Fault::SessionEnded => (StatusCode::CONFLICT, "session_ended"),
        Fault::SessionExpired => (StatusCode::CONFLICT, "session_expired"),
        Fault::IdempotencyMismatch => (StatusCode::UNPROCESSABLE_ENTITY, "idempotency_mismatch"),
        Fault::UnsupportedByProvider => (StatusCode::UNPROCESSABLE_ENTITY, "unsupported_by_provider"),
        Fault::ProviderRejected => (StatusCode::UNPROCESSABLE_ENTITY, "provider_rejected"),
        Fault::RateLimited => (StatusCode::TOO_MANY_REQUESTS, "rate_limited"),
        Fault::ConcurrencyLimit => (StatusCode::TOO_MANY_REQUESTS, "concurrency_limit"),
        Fault::ProviderUnavailable => (StatusCode::BAD_GATEWAY, "provider_unavailable"),
        Fault::ProviderBusy => (StatusCode::SERVICE_UNAVAILABLE, "provider_busy"),
        Fault::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
        Fault::ProviderTimeout => (StatusCode::GATEWAY_TIMEOUT, "provider_timeout"),
        Fault::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
    }
}

impl<F: Failure> From<F> for ApiError {
    fn from(failure: F) -> Self {
        let fault = failure.fault();
        let message = if fault == Fault::Internal { INTERNAL.into() } else { failure.public_message() };
        Self(Box::new(Parts {
            fault,
            message,
            details: failure.details(),
            retry_after: failure.retry_after(),
            effect: failure.effect(),
            extra: Map::new(),
            headers: Vec::new(),
            cause: Some(Box::new(failure)),
        }))
    }
}

impl ApiError {
    /// A credential that does not open the route.
    #[must_use]
    pub fn denied(denied: Denied) -> Self {
        let (fault, message) = match denied {
            Denied::Missing => {
                (Fault::Unauthenticated, "this needs `Authorization: Bearer` with an API key or a session token".into())
            }
            Denied::Invalid => {
                (Fault::Unauthenticated, "the credential does not hold: it is unknown, revoked or expired".into())
            }
            Denied::WrongKind => (Fault::Forbidden, "this kind of credential cannot be used here".into()),
            Denied::MissingScope(scope) => {
                (Fault::Forbidden, Cow::Owned(format!("the API key lacks the scope {scope}")))
            }
            Denied::OtherSession => (Fault::Forbidden, "the session token is for another session".into()),
        };
        Self::new(fault, message)
    }
}

//! Rate limits, and the headers that tell callers where they stand.

use std::time::Duration;

use switchboard_auth::Caller;
use switchboard_core::Fault;
use switchboard_store::RateVerdict;

use crate::route::RateClass;
use crate::shell::Limit;
use crate::{ApiError, Shell};

/// Everything but the voice POSTs and webhooks (api).
const STANDARD: Limit = Limit { requests: 600, window: Duration::from_secs(60) };

/// Counts a request. `None` where nothing is counted, or where the count cannot be kept: a table that does not answer stops
/// requests by itself, and health must be able to say so.
pub(crate) async fn count(shell: &Shell, class: RateClass, caller: &Caller) -> Option<RateVerdict> {
    let (name, limit) = match class {
        RateClass::Voice => ("voice", shell.voice_limit),
        RateClass::Standard => ("standard", STANDARD),
        RateClass::Unlimited => return None,
    };
    match shell.store.rate_take(&caller.principal_key(), name, limit.requests, limit.window).await {
        Ok(verdict) => Some(verdict),
        Err(error) => {
            tracing::warn!(%error, "a request goes uncounted");
            None
        }
    }
}

/// The error for a request beyond the limit.
pub(crate) fn exceeded(verdict: &RateVerdict) -> ApiError {
    ApiError::new(Fault::RateLimited, "too many requests; wait until the window begins anew")
        .with_retry_after(verdict.resets_in)
}

/// `RateLimit-Limit`, `-Remaining`, `-Reset` (draft-ietf-httpapi-ratelimit-headers-03, the form that clients know).
pub(crate) fn headers(verdict: &RateVerdict) -> [(http::HeaderName, String); 3] {
    [
        (http::HeaderName::from_static("ratelimit-limit"), verdict.limit.to_string()),
        (http::HeaderName::from_static("ratelimit-remaining"), verdict.remaining.to_string()),
        (http::HeaderName::from_static("ratelimit-reset"), whole_secs(verdict.resets_in).to_string()),
    ]
}

/// Whole seconds, rounded up, so that whoever waits as long as it says does not come too early.
pub(crate) fn whole_secs(span: Duration) -> u64 {
    span.as_secs() + u64::from(span.subsec_nanos() > 0)
}

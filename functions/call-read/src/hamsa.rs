//! R4's dashboard over Hamsa's calls: our own calls and figures, in the words that its pages know.
//!
//! A job is a call; its id is ours. What Hamsa says of its account (whether it answers us, its own statistics) is for the
//! account's owner: for everybody else there is no such account, and the figures are their own calls' alone.
//!
//! | module | routes beneath `/api/hamsa` |
//! |---|---|
//! | `jobs` | `/jobs`, `/jobs/{callId}` |
//! | `account` | `/status`, `/analytics` |
//! | `artifacts` | `/recordings`, `/transcripts` |

pub(crate) mod account;
pub(crate) mod artifacts;
pub(crate) mod jobs;

use switchboard_core::ProviderId;
use switchboard_lambda::{ApiError, Request};
use switchboard_store::CallFilter;

use crate::filter::filter_of;

/// The filter in a request's query, with the provider fixed.
fn filter_of_hamsa<O>(request: &Request<O>) -> Result<CallFilter, ApiError> {
    Ok(CallFilter { provider: Some(ProviderId::Hamsa), ..filter_of(request)? })
}

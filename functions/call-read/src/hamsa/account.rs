//! The account with Hamsa: whether it answers us, and its own statistics beside ours.

use std::time::Duration;

use http::StatusCode;
use serde::Serialize;
use serde_json::Value;
use switchboard_auth::Caller;
use switchboard_core::{Failure, ProviderId, Timestamp};
use switchboard_lambda::{ApiError, Reply, Request, Shell};
use switchboard_providers::Account;

use crate::analytics::{Days, summary};
use crate::query::query_of;
use crate::summary::Summary;
use crate::{App, Operation};

/// How long Hamsa is waited for to see whether it answers (api: at most 2 s).
const STATUS_PATIENCE: Duration = Duration::from_secs(2);
/// How long its statistics are waited for, which are two requests, and a third one for the project where none is configured. The
/// page has our own figures without them.
const STATISTICS_PATIENCE: Duration = Duration::from_secs(8);

/// Whether Hamsa answers us.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct StatusOut {
    provider: ProviderId,
    connected: bool,
    /// `connected`, `disconnected`, `not_configured`.
    status: &'static str,
    /// What keeps it from being connected, and what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    checked_at: Timestamp,
}

/// Our figures, and Hamsa's own as it words them: `{numbers, chart}`; `null` where it does not give them, and for everybody but
/// the account's owner.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct HamsaAnalyticsOut {
    #[serde(flatten)]
    summary: Summary,
    statistics: Option<Value>,
}

/// Asks Hamsa with our key.
pub(crate) async fn status(app: &App, caller: &Caller) -> Result<Reply, ApiError> {
    Shell::require_owner(caller.tenant(), &app.owner)?;
    let (status, message) = match tokio::time::timeout(STATUS_PATIENCE, app.hamsa.credentials_accepted()).await {
        Ok(Ok(())) => ("connected", None),
        Ok(Err(error)) if error.is_not_configured() => ("not_configured", Some(error.public_message().into_owned())),
        Ok(Err(error)) => {
            tracing::warn!(%error, "hamsa is not connected");
            ("disconnected", Some(error.public_message().into_owned()))
        }
        Err(_) => ("disconnected", Some("hamsa did not answer in time".to_owned())),
    };
    let checked_at = app.shell.now();
    let connected = status == "connected";
    let provider = ProviderId::Hamsa;
    Reply::json(StatusCode::OK, &StatusOut { provider, connected, status, message, checked_at })
}

pub(crate) async fn analytics(app: &App, caller: &Caller, request: &Request<Operation>) -> Result<Reply, ApiError> {
    let mut query = query_of(request);
    let span = query.span();
    query.finish()?;
    let days = Days::of(span, app.shell.now())?;
    let (summary, statistics) =
        tokio::join!(summary(app, caller, days, Some(ProviderId::Hamsa)), statistics(app, caller, days));
    Reply::json(StatusCode::OK, &HamsaAnalyticsOut { summary: summary?, statistics })
}

/// Hamsa's own figures, if they are the caller's to see and Hamsa gives them in time.
async fn statistics(app: &App, caller: &Caller, days: Days) -> Option<Value> {
    Shell::require_owner(caller.tenant(), &app.owner).ok()?;
    let until = days.until.min(app.shell.now());
    match tokio::time::timeout(STATISTICS_PATIENCE, app.hamsa.statistics(days.since, until)).await {
        Ok(Ok(statistics)) => statistics,
        Ok(Err(error)) => {
            tracing::warn!(%error, "figures are given without hamsa's own");
            None
        }
        Err(_) => {
            tracing::warn!("figures are given without hamsa's own: no answer in time");
            None
        }
    }
}

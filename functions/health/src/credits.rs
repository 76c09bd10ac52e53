//! `GET /api/credits`: what is left on the accounts with providers, for their owner.
//!
//! Each provider is asked, for two seconds; one that does not answer is given as it was last seen, with that time, and with
//! nulls if it never was: an unknown balance is not zero. Providers without a balance, or without credentials, are left out.

use std::time::Duration;

use futures_util::future::{join_all, try_join_all};
use http::StatusCode;
use serde::Serialize;
use switchboard_auth::Caller;
use switchboard_core::{Micros, ProviderId, Timestamp};
use switchboard_lambda::{ApiError, Reply, Request, Shell};
use switchboard_providers::Balance;
use switchboard_store::KnownBalance;

use crate::look::{ServiceState, Trouble, state_of, timed};
use crate::providers::Known;
use crate::{App, Operation};

/// Most days of history that are given: an hour has one balance, so that these are some hundred kilobytes.
const MAX_HISTORY_DAYS: u16 = 31;
/// A day.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The answer.
#[derive(Debug, Serialize)]
struct CreditsOut {
    credits: Vec<CreditOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    history: Option<Vec<CreditOut>>,
}

/// What was left at a time.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CreditOut {
    provider: ProviderId,
    amount: Option<Micros>,
    currency: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    estimated_minutes: Option<u32>,
    can_place_calls: Option<bool>,
    as_of: Option<Timestamp>,
}

impl CreditOut {
    /// What was never seen.
    fn unknown(provider: ProviderId) -> Self {
        Self { provider, amount: None, currency: None, estimated_minutes: None, can_place_calls: None, as_of: None }
    }

    fn live(provider: ProviderId, balance: &Balance, now: Timestamp) -> Self {
        Self {
            provider,
            amount: Some(balance.amount.amount()),
            currency: Some(balance.amount.currency().to_owned()),
            estimated_minutes: balance.estimated_minutes,
            can_place_calls: balance.can_place_calls,
            as_of: Some(now),
        }
    }
}

impl From<KnownBalance> for CreditOut {
    fn from(known: KnownBalance) -> Self {
        Self {
            provider: known.provider,
            amount: Some(known.money.amount()),
            currency: Some(known.money.currency().to_owned()),
            estimated_minutes: known.estimated_minutes,
            can_place_calls: known.can_place_calls,
            as_of: Some(known.at),
        }
    }
}

pub(crate) async fn credits(app: &App, caller: &Caller, request: &Request<Operation>) -> Result<Reply, ApiError> {
    Shell::require_owner(caller.tenant(), &app.owner)?;
    let days = history_days(request)?;
    let looks = try_join_all(app.providers.iter().map(|known| credit_of(app, known))).await?;
    let history = match days {
        Some(days) => Some(history(app, DAY.saturating_mul(days.into())).await?),
        None => None,
    };
    Reply::json(StatusCode::OK, &CreditsOut { credits: looks.into_iter().flatten().collect(), history })
}

/// How many days of history are asked for.
fn history_days(request: &Request<Operation>) -> Result<Option<u16>, ApiError> {
    let Some(text) = request.query("history") else { return Ok(None) };
    let days = text.parse().ok().filter(|days| (1..=MAX_HISTORY_DAYS).contains(days));
    let form = || format!("must be a whole number of days from 1 to {MAX_HISTORY_DAYS}");
    days.map(Some).ok_or_else(|| ApiError::invalid("history", form()))
}

/// A provider's balance now, or as it was last seen; `None` where there is none.
async fn credit_of(app: &App, known: &Known) -> Result<Option<CreditOut>, ApiError> {
    let Some(account) = known.provider.account() else { return Ok(None) };
    let provider = known.provider.id();
    let looked = timed(account.balance()).await;
    if state_of(&looked) == ServiceState::NotConfigured {
        return Ok(None);
    }
    match looked {
        Ok(balance) => Ok(balance.map(|balance| CreditOut::live(provider, &balance, app.shell.now()))),
        Err(trouble) => {
            match trouble {
                Trouble::Failed(error) => tracing::warn!(%error, "a balance is given as it was last seen"),
                Trouble::TooSlow => tracing::warn!(%provider, "a balance is given as it was last seen"),
            }
            let last = app.shell.store.balance_last(provider).await?;
            Ok(Some(last.map_or_else(|| CreditOut::unknown(provider), CreditOut::from)))
        }
    }
}

/// Every balance that was seen within a span of time, provider by provider, oldest first.
async fn history(app: &App, span: Duration) -> Result<Vec<CreditOut>, ApiError> {
    let since = app.shell.now().minus(span);
    let accounts = app.providers.iter().filter(|known| known.provider.account().is_some());
    let lists = join_all(accounts.map(|known| app.shell.store.balances_list(known.provider.id(), since))).await;
    let mut history = Vec::new();
    for list in lists {
        history.extend(list?.into_iter().map(CreditOut::from));
    }
    Ok(history)
}

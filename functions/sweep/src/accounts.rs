//! What is left on the accounts: looked at once an hour, kept as a history, and an alarm where it will not last.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use switchboard_core::{Alarm, AlarmId, AlarmKind, Micros, ProviderId, Settings, Timestamp};
use switchboard_providers::fleet::Fleet;
use switchboard_providers::{Balance, Provider};
use switchboard_store::KnownBalance;

use crate::App;

/// How often the accounts are looked at.
const EVERY: Duration = Duration::from_secs(60 * 60);
/// How long a provider may take to tell. The calls of this round wait for it.
const PATIENCE: Duration = Duration::from_secs(3);

/// When to look, and what is too little.
#[derive(Debug)]
pub(crate) struct Watch {
    looked_at: Mutex<Option<Timestamp>>,
    low: Micros,
}

impl Watch {
    /// Reads `CREDITS_LOW`: the least amount, in the account's currency, that raises no alarm.
    pub(crate) fn read(settings: &mut impl Settings) -> Self {
        let most = Micros::new(1_000_000_000_000);
        let low = settings.number("CREDITS_LOW", Micros::new(5_000_000), Micros::ZERO..=most);
        Self { looked_at: Mutex::default(), low }
    }

    /// Whether it is time; if so, it is not again for an hour.
    fn is_due(&self, now: Timestamp) -> bool {
        let mut looked_at = self.looked_at.lock().unwrap_or_else(PoisonError::into_inner);
        let due = looked_at.is_none_or(|at| now >= at.plus(EVERY));
        if due {
            *looked_at = Some(now);
        }
        due
    }
}

/// Looks at the accounts if it is time. What cannot be read or written now is looked at in an hour; calls must not wait for it.
pub(crate) async fn look(app: &App) {
    let now = app.shell.now();
    if !app.accounts.is_due(now) {
        return;
    }
    let mut low = Vec::new();
    for id in Fleet::ORDER {
        let Some(account) = app.desk.fleet.get(id).and_then(Provider::account) else { continue };
        let balance = match tokio::time::timeout(PATIENCE, account.balance()).await {
            Ok(Ok(Some(balance))) => balance,
            Ok(Ok(None)) => continue,
            Ok(Err(error)) if error.is_not_configured() => continue,
            Ok(Err(error)) => {
                tracing::warn!(%error, "a balance cannot be read");
                continue;
            }
            Err(_) => {
                tracing::warn!(provider = %id, "a balance was not told in time");
                continue;
            }
        };
        if is_low(&balance, app.accounts.low) {
            low.push(id.as_str());
        }
        if let Err(error) = app.shell.store.balance_record(&known(id, &balance, now)).await {
            tracing::warn!(%error, "a balance cannot be kept");
        }
    }
    if let Err(error) = tell(app, &low, now).await {
        tracing::warn!(%error, "an alarm about an account cannot be written");
    }
}

fn is_low(balance: &Balance, low: Micros) -> bool {
    balance.can_place_calls == Some(false) || balance.amount.amount() < low
}

fn known(provider: ProviderId, balance: &Balance, now: Timestamp) -> KnownBalance {
    KnownBalance {
        provider,
        money: balance.amount,
        estimated_minutes: balance.estimated_minutes,
        can_place_calls: balance.can_place_calls,
        at: now,
    }
}

/// Opens the alarm, or closes it.
async fn tell(app: &App, low: &[&str], now: Timestamp) -> Result<(), switchboard_store::StoreError> {
    let store = &app.shell.store;
    let open = store.account_alarm(&app.owner, AlarmKind::CreditsLow).await?.filter(|alarm| alarm.closed_at.is_none());
    match open {
        None if !low.is_empty() => {
            let reason =
                format!("little is left on the account with {}; calls will be refused soon", low.join(" and "));
            let alarm = Alarm {
                id: AlarmId::generate(now),
                tenant: app.owner.clone(),
                kind: AlarmKind::CreditsLow,
                call: None,
                since: now,
                reason,
                closed_at: None,
            };
            store.alarm_write(&alarm).await
        }
        Some(alarm) if low.is_empty() => store.alarm_write(&Alarm { closed_at: Some(now), ..alarm }).await,
        Some(_) | None => Ok(()),
    }
}

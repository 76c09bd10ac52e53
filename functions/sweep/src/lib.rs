//! Does what is due: ends calls past their deadline, settles what is unknown, looks up what was claimed, fetches what comes
//! after the end.
//!
//! The schedule wakes it every minute, and it goes round every ten seconds within that minute. Its cost follows what is due:
//! an index holds only calls that have something left to be done. Each duty is claimed by writing its next try down, so that
//! of two sweeps only one does it.
//!
//! | module | what |
//! |---|---|
//! | `round` | one round over what is due |
//! | `duty` | one call's duties |
//! | `recording` | copying a recording to the bucket |
//! | `accounts` | what is left on the accounts, once an hour |

mod accounts;
mod duty;
mod recording;
mod round;

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use switchboard_calls::Desk;
use switchboard_core::TenantId;
use switchboard_lambda::{Boot, ConfigError, Shell};
use switchboard_providers::fleet::{Fleet, FleetConfig};
use switchboard_providers::openai::{RealtimeConfig, Reception};

pub use round::{Round, round};

/// Rounds per wake-up, and the pause between two of them (design: every 10 s within the minute). The last one begins at 50 s
/// and must be over within the function's time limit.
const ROUNDS: u32 = 6;
/// See [`ROUNDS`].
const PAUSE: Duration = Duration::from_secs(10);

/// What this function is made of.
#[derive(Debug)]
pub struct App {
    shell: Shell,
    desk: Desk,
    /// What becomes of calls that come in over OpenAI's SIP connector.
    reception: Reception,
    /// Whose concern the accounts are (`ACCOUNT_OWNER_TENANT`).
    owner: TenantId,
    accounts: accounts::Watch,
}

impl App {
    /// Composes the function from its environment.
    ///
    /// # Errors
    /// [`ConfigError`] with every problem of the settings.
    pub fn compose(boot: &Boot) -> Result<Self, ConfigError> {
        let mut config = boot.config();
        let shell = Shell::compose(boot, &mut config);
        let fleet = FleetConfig::read(&mut config);
        let realtime = RealtimeConfig::read(&mut config);
        let reception = Reception::read(&mut config, &realtime);
        let owner = Shell::account_owner(&mut config);
        let accounts = accounts::Watch::read(&mut config);
        config.required("BUCKET_NAME");
        config.finish()?;
        let fleet = Fleet::new(fleet, &shell.secrets, &shell.clock, &boot.http());
        let desk = Desk { store: shell.store.clone(), fleet };
        Ok(Self { shell, desk, reception, owner, accounts })
    }
}

/// How often an event asks to go round: `{"rounds": 1}` by hand, a whole minute if it says nothing of it, as the schedule's.
fn rounds(event: &Value) -> u32 {
    let asked = event.get("rounds").and_then(Value::as_u64).and_then(|rounds| u32::try_from(rounds).ok());
    asked.unwrap_or(ROUNDS).clamp(1, ROUNDS)
}

/// Goes round for as long as one wake-up lasts.
///
/// # Errors
/// What the last round ran into, so that the schedule's failures are counted where operators look.
pub async fn run(app: Arc<App>, event: Value) -> Result<(), lambda_http::Error> {
    let rounds = rounds(&event);
    for number in 1..=rounds {
        let done = round(&app).await;
        // The heartbeat: an alarm watches for its absence.
        match &done {
            Ok(done) => tracing::info!(calls = done.calls, failed = done.failed, "sweep"),
            Err(error) => tracing::error!(%error, "a sweep was cut short"),
        }
        if number == rounds {
            done?;
        } else {
            tokio::time::sleep(PAUSE).await;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_schedules_own_event_means_a_whole_minute_and_nobody_can_ask_for_more() {
        let scheduled =
            json!({"version": "0", "source": "aws.scheduler", "detail-type": "Scheduled Event", "detail": "{}"});
        for (event, expected) in [
            (scheduled, ROUNDS),
            (Value::Null, ROUNDS),
            (json!({"rounds": 1}), 1),
            (json!({"rounds": 0}), 1),
            (json!({"rounds": 1_000}), ROUNDS),
            (json!({"rounds": "one"}), ROUNDS),
        ] {
            assert_eq!(rounds(&event), expected, "{event}");
        }
    }
}

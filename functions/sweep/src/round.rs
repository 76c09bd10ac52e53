//! One round: every shard of what is due, until nothing is left that was not looked at in this round.

use std::collections::BTreeSet;

use futures_util::StreamExt;
use futures_util::stream;
use switchboard_core::CallId;
use switchboard_store::{Store, StoreError};

use crate::{App, accounts, duty};

/// Calls that are fetched from a shard at once.
const BATCH: usize = 100;
/// Calls that are worked on at the same time. Most of the time of each is waiting for a provider.
const AT_ONCE: usize = 16;

/// What a round has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// Calls that had something due.
    pub calls: u64,
    /// Calls of which something could not be done; it is due again.
    pub failed: u64,
}

/// Does everything that is due now.
///
/// # Errors
/// [`StoreError`] if what is due cannot be read.
pub async fn round(app: &App) -> Result<Round, StoreError> {
    let mut round = Round::default();
    for shard in 0..Store::due_shards() {
        // The index follows the table with a delay, so that what was just done may still be in it.
        let mut seen: BTreeSet<CallId> = BTreeSet::new();
        loop {
            let due = app.shell.store.calls_due(shard, app.shell.now(), BATCH).await?;
            let last = due.len() < BATCH;
            let new: Vec<CallId> = due.into_iter().filter(|id| seen.insert(*id)).collect();
            if new.is_empty() {
                break;
            }
            let mut work = stream::iter(new.into_iter().map(|id| duty::attend(app, id))).buffer_unordered(AT_ONCE);
            while let Some(attended) = work.next().await {
                round.calls += 1;
                if let Err(error) = attended {
                    round.failed += 1;
                    tracing::warn!(%error, "something due about a call could not be done; it is due again");
                }
            }
            if last {
                break;
            }
        }
    }
    accounts::look(app).await;
    Ok(round)
}

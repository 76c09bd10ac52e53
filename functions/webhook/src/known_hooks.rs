//! The webhook URLs that deliveries came to lately: an account's own is asked for with every delivery of its sender, and
//! changes when an operator changes it.
//!
//! Only what holds is remembered, and only as long as an API key's row is: a URL that was taken back stops within a minute. What
//! does not prove itself with a remembered row is proved once more with the row as it is now, so that a URL works the moment it
//! is shown.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use switchboard_core::{Freshness, HookId, Timestamp};
use switchboard_store::{Hook, HookStanding, Store, StoreError};

/// How long a row is used before it is read again: a minute, reading included.
const KEPT_FOR: Duration = Duration::from_secs(55);
/// As many rows are remembered; beyond that the memory is emptied, which costs a read each.
const MOST_KEPT: usize = 100;

/// Rows of webhook URLs, by name, each with the moment at which it was read.
#[derive(Debug, Default)]
pub(crate) struct KnownHooks(Mutex<BTreeMap<HookId, (Hook, Timestamp)>>);

impl KnownHooks {
    /// The row of a webhook URL; `None` if there is none.
    pub(crate) async fn find(
        &self,
        store: &Store,
        id: HookId,
        freshness: Freshness,
    ) -> Result<Option<Hook>, StoreError> {
        let now = store.now();
        if freshness == Freshness::Cached
            && let Some(hook) = self.remembered(id, now)
        {
            return Ok(Some(hook));
        }
        let read = store.hook_fetch(id).await?;
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.remove(&id);
        // That of a single call is asked for a handful of times, and there are as many as calls.
        if let Some(hook) = read.iter().find(|hook| hook.call.is_none() && hook.standing(now) == HookStanding::Live) {
            if known.len() >= MOST_KEPT {
                known.clear();
            }
            known.insert(id, (hook.clone(), now));
        }
        Ok(read)
    }

    fn remembered(&self, id: HookId, now: Timestamp) -> Option<Hook> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (hook, read_at) = known.get(&id)?;
        (*read_at <= now && now < read_at.plus(KEPT_FOR)).then(|| hook.clone())
    }
}

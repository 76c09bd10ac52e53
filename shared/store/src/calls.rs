//! Calls: kept whole, changed only by whoever has read the latest version.
//!
//! A call is one item; what comes with it (timeline, transcript, references, slot, figures, alarms) is written in the same
//! transaction as the change that it follows from. Every write names the version it was made from, so that of two that read the
//! same one only the first is made; the other reads again.
//!
//! | module | what |
//! |---|---|
//! | `write` | one transaction per change |
//! | `change` | the same, again and again until nobody else is faster |
//! | `reserve` | writing a call down: idempotency, slot, policy, all or nothing |
//! | `realtime` | quotas and leases of realtime calls |
//! | `references` | providers' names for calls, and what was delivered under them too early |
//! | `read` | timeline and transcript |
//! | `list` | a tenant's calls by time |
//! | `open` | attempts that may be up, by the number that they are to |
//! | `due` | what the sweep finds |

mod change;
mod due;
mod list;
mod open;
mod read;
mod realtime;
mod references;
mod reserve;
mod write;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use switchboard_core::{Call, CallId, Phase, TenantId, Timestamp};

pub use change::{Change, Changed, Heard};
pub use list::{CallFilter, CallPage};
pub use open::OpenLeg;
pub use read::EntryPage;
pub use realtime::{RealtimeQuota, RealtimeRefusal, RealtimeReserved, Renewed};
pub use references::{Reference, Waiting};
pub use reserve::{CallKey, DialCounts, Reservation, Reserved};
pub use write::{CallWrite, Part, Written};

use crate::item::{Item, to_item};
use crate::schema::{CALL_SHARDS, DUE_SHARDS, Key, call_list, due_shard, figure_shard, list_place};
use crate::store::ttl_secs;
use crate::{Store, StoreError, item};

/// How long calls and their figures are kept. A year, and a month to close its books.
pub const CALL_RETENTION: Duration = Duration::from_secs(400 * 24 * 60 * 60);
/// The largest call that is written, in bytes: an item holds 400 KB, and its keys and copies need room.
const MAX_CALL_BYTES: usize = 340 * 1024;

/// A call as a row: the whole of it as JSON, and beside it what conditions and indexes need.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CallRow {
    call: String,
    version: u64,
    tenant: TenantId,
    phase: Phase,
    ttl: i64,
    #[serde(default)]
    gsi1pk: Option<String>,
    #[serde(default)]
    gsi1sk: Option<String>,
    #[serde(default)]
    gsi2pk: Option<String>,
    #[serde(default)]
    gsi2sk: Option<String>,
}

/// The day of a moment (UTC), as `2026-11-20`.
pub(crate) fn day_of(at: Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}

/// The month of a moment (UTC), as `2026-11`.
pub(crate) fn month_of(at: Timestamp) -> String {
    at.to_string().chars().take(7).collect()
}

/// The hour of a moment (UTC), as `2026-11-20T14`.
pub(crate) fn hour_of(at: Timestamp) -> String {
    at.to_string().chars().take(13).collect()
}

impl CallRow {
    fn item(operation: &'static str, call: &Call) -> Result<Item, StoreError> {
        let json = serde_json::to_string(call)
            .map_err(|error| StoreError::Unreadable { operation, what: error.to_string() })?;
        if json.len() > MAX_CALL_BYTES {
            return Err(StoreError::Unreadable { operation, what: "the call is larger than an item".to_owned() });
        }
        let name = call.id.to_string();
        let due = call.duties.next_at();
        let row = Self {
            call: json,
            version: call.version,
            tenant: call.tenant.clone(),
            phase: call.phase(),
            ttl: ttl_secs(call.created_at.plus(CALL_RETENTION)),
            gsi1pk: Some(call_list(&call.tenant, &month_of(call.created_at))),
            gsi1sk: Some(list_place(call.created_at, &name)),
            gsi2pk: due.map(|_| due_shard(figure_shard(&name, DUE_SHARDS))),
            gsi2sk: due.map(|at| list_place(at, &name)),
        };
        to_item(operation, &Key::call(call.id), &row)
    }

    fn read(operation: &'static str, item: Item) -> Result<Call, StoreError> {
        let row: Self = item::from_item(operation, item)?;
        serde_json::from_str(&row.call).map_err(|error| StoreError::Unreadable { operation, what: error.to_string() })
    }
}

/// The shard of a day's figures that a call's contributions are in.
fn shard_of(call: &Call) -> u32 {
    figure_shard(&call.id.to_string(), CALL_SHARDS)
}

impl Store {
    /// A call of a tenant; `None` for anybody else's.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn call_fetch(&self, tenant: &TenantId, id: CallId) -> Result<Option<Call>, StoreError> {
        Ok(self.call_fetch_any(id).await?.filter(|call| call.tenant == *tenant))
    }

    /// A call, whoever's it is. For senders and sweeps, which belong to no tenant.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn call_fetch_any(&self, id: CallId) -> Result<Option<Call>, StoreError> {
        const OPERATION: &str = "call_fetch";
        self.fetch(OPERATION, &Key::call(id)).await?.map(|item| CallRow::read(OPERATION, item)).transpose()
    }
}

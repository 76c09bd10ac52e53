//! Rejected deliveries: counted all, described where sampled, never with their bodies.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use switchboard_core::Timestamp;

use crate::item::{millis, to_item};
use crate::schema::Key;
use crate::store::ttl_secs;
use crate::{Store, StoreError};

/// How long a rejection can be explained.
const REJECTION_RETENTION: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// As many rejections of a sender and hour are described; then every hundredth. A stranger who sends garbage is not to be
/// able to fill the table.
const DESCRIBED_PER_HOUR: u32 = 1_000;
/// Beyond [`DESCRIBED_PER_HOUR`], one in this many is described.
const SAMPLED_ONE_IN: u32 = 100;

/// Why a delivery was rejected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rejection {
    /// The request, by the id in its answer.
    pub request_id: String,
    /// Whose delivery it claimed to be.
    pub sender: String,
    /// The cause, a stable code.
    pub cause: String,
    /// What the cause means and what to do.
    pub explanation: String,
    /// When it was rejected.
    #[serde(with = "millis")]
    pub at: Timestamp,
    /// Measurements that help: header names, sizes, seconds of skew; never a body, a signature or a secret.
    pub evidence: std::collections::BTreeMap<String, String>,
}

#[derive(Serialize)]
struct RejectionRow<'a> {
    #[serde(flatten)]
    rejection: &'a Rejection,
    ttl: i64,
}

impl Store {
    /// Counts a rejected delivery and describes it if it is sampled.
    ///
    /// # Errors
    /// [`StoreError`]; the delivery is rejected all the same.
    pub async fn rejection_record(&self, rejection: &Rejection) -> Result<(), StoreError> {
        const OPERATION: &str = "rejection_record";
        let count = self.rejections_count(&rejection.sender, REJECTION_RETENTION).await?;
        if count > DESCRIBED_PER_HOUR && count % SAMPLED_ONE_IN != 0 {
            return Ok(());
        }
        let row = RejectionRow { rejection, ttl: ttl_secs(rejection.at.plus(REJECTION_RETENTION)) };
        self.client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(to_item(OPERATION, &Key::rejected(&rejection.request_id), &row)?))
            .send()
            .await
            .map(drop)
            .map_err(|error| StoreError::from_sdk(OPERATION, error))
    }

    /// Why the delivery with this request id was rejected, if it was described and that is not too long ago.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn rejection_fetch(&self, request_id: &str) -> Result<Option<Rejection>, StoreError> {
        let found: Option<Rejection> = self.fetch_row("rejection_fetch", &Key::rejected(request_id)).await?;
        let now = self.now();
        Ok(found.filter(|rejection| now.since(rejection.at) < REJECTION_RETENTION))
    }
}

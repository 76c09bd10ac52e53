//! Fetching a recording where its provider keeps it. Who keeps it then, and where, is the caller's matter.

use switchboard_core::Call;
use switchboard_providers::Recording;

use crate::{Desk, DeskError};

impl Desk {
    /// The recording of a call, from its provider; `None` if there is none to be had.
    ///
    /// # Errors
    /// [`DeskError`].
    pub async fn fetch_recording(&self, call: &Call) -> Result<Option<Recording>, DeskError> {
        let Some((leg, named)) = call.recording() else { return Ok(None) };
        let Some(records) = self.fleet.get(leg.provider).and_then(|provider| provider.records()) else {
            return Ok(None);
        };
        Ok(Some(records.recording(named).await?))
    }
}

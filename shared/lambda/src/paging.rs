//! Lists in pages: where one goes on, sealed for the caller.

use switchboard_auth::Cursor;
use switchboard_core::Freshness;

use crate::{ApiError, Request, Shell};

impl Shell {
    /// Where a list is to go on: the `cursor` of the query, opened; `None` at its beginning. `list` names the list, the tenant
    /// included.
    ///
    /// # Errors
    /// 400 naming `cursor` if it is none of this list; [`ApiError`] if the keys cannot be had.
    pub async fn cursor_opened<O: Sync>(&self, request: &Request<O>, list: &str) -> Result<Option<Cursor>, ApiError> {
        let Some(text) = request.query("cursor") else { return Ok(None) };
        let keys = self.signing_keys(Freshness::Cached).await?;
        let cursor = Cursor::open(text, &keys, list);
        cursor.map(Some).ok_or_else(|| ApiError::invalid("cursor", "is not a cursor of this list"))
    }

    /// The cursor behind a page whose last item is at `position`; `None` behind the last page.
    ///
    /// # Errors
    /// [`ApiError`] if the keys cannot be had.
    pub async fn cursor_sealed(&self, position: Option<String>, list: &str) -> Result<Option<String>, ApiError> {
        let Some(position) = position else { return Ok(None) };
        let keys = self.signing_keys(Freshness::Cached).await?;
        Ok(Some(Cursor::after(position).seal(&keys, list)))
    }
}

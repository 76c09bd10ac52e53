//! Hamsa's own records of calls.

use async_trait::async_trait;

use super::Hamsa;
use super::client::{LIST, READ, RECORDING};
use super::wire::conversation::{self, JOB_ID, Row};
use crate::keyed_api::Ask;
use crate::media::MediaHosts;
use crate::{
    Appears, CallRecords, CallSearch, ExternalId, FoundCall, KnownCall, ProviderError, ProviderErrorKind, Recording,
};

/// Rows on a page of the list; the most that Hamsa gives.
const PAGE_ROWS: usize = 200;
/// Pages that are gone through at most. The window is minutes wide; more calls than that in it prove nothing either way.
const MAX_PAGES: u32 = 4;

/// The path of a conversation.
pub(super) fn conversation_path(job: &ExternalId) -> String {
    format!("/v1/voice-agents/conversation/{job}")
}

/// Hamsa's name for a call, if it is known.
pub(super) fn job_of(call: &KnownCall<'_>) -> Option<ExternalId> {
    call.ids.get(JOB_ID).and_then(|id| ExternalId::parse(id))
}

#[async_trait]
impl CallRecords for Hamsa {
    async fn read(&self, call: &KnownCall<'_>) -> Result<Option<FoundCall>, ProviderError> {
        let Some(reference) = job_of(call) else { return Ok(None) };
        let record = match self.data(READ, &Ask::get(conversation_path(&reference))).await {
            Ok(record) => record,
            Err(error) if matches!(error.kind, ProviderErrorKind::NotFound(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let leg = conversation::leg_of(&record);
        Ok(Some(FoundCall { reference, leg, observation: conversation::observe(&record, "read") }))
    }

    async fn find(&self, search: &CallSearch<'_>) -> Result<Vec<FoundCall>, ProviderError> {
        let mut found = Vec::new();
        for page in 1..=MAX_PAGES {
            let ask = Ask::get("/v1/voice-agents/conversations/minimal-list")
                .with("startTime", search.since.epoch_millis())
                .with("endTime", search.until.epoch_millis())
                .with("page", page)
                .with("perPage", PAGE_ROWS);
            let data = self.data(LIST, &ask).await?;
            let unreadable = |what| self.api.transport.unreadable(LIST, what);
            let rows = conversation::rows(&data).ok_or_else(|| unreadable("the list has no `calls`"))?;
            for row in rows.rows {
                match is_to(&row, search) {
                    Some(true) => found.push(FoundCall { reference: row.id, leg: None, observation: row.observation }),
                    Some(false) => {}
                    // It may be the one looked for. Leaving it out would prove that it was not dialled.
                    None => return Err(unreadable("a call in the list does not say whom it was to")),
                }
            }
            if rows.listed < PAGE_ROWS {
                return Ok(found);
            }
        }
        Err(self.api.transport.unreadable(LIST, "more calls in the window than are looked through"))
    }

    /// A call appears as `PENDING` as soon as it is taken. The documentation does not say so; the SDK polls a job right after
    /// starting it.
    fn appears(&self) -> Appears {
        Appears::AtOnce
    }

    async fn recording(&self, named: &str) -> Result<Recording, ProviderError> {
        let listed: Vec<&str> = self.config.media_hosts.iter().map(String::as_str).collect();
        let hosts = MediaHosts { base_url: &self.config.base_url, listed: &listed };
        // Addresses are presigned: no host is told who we are.
        self.api.transport.media(RECORDING, hosts, named, |request| request).await
    }
}

/// Whether a row is a call to the number looked for, in the window; `None` if it does not say.
fn is_to(row: &Row<'_>, search: &CallSearch<'_>) -> Option<bool> {
    let outside = row.created_at.is_some_and(|at| at < search.since || at > search.until);
    if row.is_web || outside {
        return Some(false);
    }
    row.to.is_number(search.to)
}

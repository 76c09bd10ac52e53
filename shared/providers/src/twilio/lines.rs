//! Lines to a number, whoever placed them: how calls are found whose answer was lost, and how calls of other providers are
//! ended where they run over this account's numbers.

use std::time::Duration;

use serde_json::Value;
use switchboard_core::{PhoneNumber, Progress, Timestamp};

use super::Twilio;
use super::client::CALL_LIST;
use super::wire::CallRecord;
use crate::lenient::Field;
use crate::{ExternalId, ProviderError};

/// How many calls a page holds. Twilio allows 1000; this many are far below the largest answer that is read.
const PAGE_SIZE: &str = "200";
/// How many pages are looked through: more than a thousand calls to one number within a day are not told apart anyway.
const MAX_PAGES: usize = 6;
/// How far Twilio's clock, which tells whole seconds, may be from ours.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(5);

/// A line that is up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TwilioLine {
    /// The `CallSid`.
    pub sid: ExternalId,
    /// How far it has come.
    pub status: Progress,
    /// When it began, where Twilio says.
    pub started_at: Option<Timestamp>,
}

impl Twilio {
    /// The lines from one number to another that are up and began at `since` or later.
    ///
    /// # Errors
    /// [`ProviderError`]; also where there are more than can be looked through, because then nobody knows them all.
    pub async fn lines_to(
        &self,
        to: &PhoneNumber,
        from: &PhoneNumber,
        since: Timestamp,
    ) -> Result<Vec<TwilioLine>, ProviderError> {
        let up_with =
            async |status| self.calls_with(&[("To", to.expose()), ("From", from.expose()), ("Status", status)]).await;
        // By status, because finished calls between the two numbers may be many.
        let (queued, ringing, talking) =
            tokio::try_join!(up_with("queued"), up_with("ringing"), up_with("in-progress"))?;
        let mut lines: Vec<TwilioLine> = Vec::new();
        for record in queued.into_iter().chain(ringing).chain(talking) {
            let started_at = record.begun_at();
            let recent = started_at.is_none_or(|at| at.plus(CLOCK_TOLERANCE) >= since);
            // What changed its status meanwhile is in two of the lists.
            let known = lines.iter().any(|line| line.sid == record.sid);
            if let Some(status) = record.progress().filter(|_| recent && !known) {
                lines.push(TwilioLine { sid: record.sid, status, started_at });
            }
        }
        Ok(lines)
    }

    /// The calls to a number that were taken within a window of time.
    pub(super) async fn calls_within(
        &self,
        to: &PhoneNumber,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<CallRecord>, ProviderError> {
        let first = since.minus(CLOCK_TOLERANCE);
        let day = first.to_string().split('T').next().unwrap_or_default().to_owned();
        // Twilio filters by the moment of dialling, which a call that is still queued does not have.
        let dialled = [("To", to.expose()), ("StartTime>", &day), ("PageSize", PAGE_SIZE)];
        let queued = [("To", to.expose()), ("Status", "queued"), ("PageSize", PAGE_SIZE)];
        // The queued ones first: a call that is dialled between the two questions is then in both answers, not in neither.
        let mut records = self.calls_with(&queued).await?;
        for record in self.calls_with(&dialled).await? {
            records.retain(|known| known.sid != record.sid);
            records.push(record);
        }
        let last = until.plus(CLOCK_TOLERANCE);
        records.retain(|record| record.begun_at().is_none_or(|at| (first..=last).contains(&at)));
        Ok(records)
    }

    async fn calls_with(&self, filters: &[(&str, &str)]) -> Result<Vec<CallRecord>, ProviderError> {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(filters).finish();
        let listed = self.list(CALL_LIST, format!("/Calls.json?{query}"), "calls", MAX_PAGES).await?;
        // To say that there is no such call, all of them must have been seen.
        let listed = listed.ok_or_else(|| {
            self.transport.unreadable(CALL_LIST, "more calls to this number than can be looked through")
        })?;
        read_all(&listed).ok_or_else(|| self.transport.unreadable(CALL_LIST, "a call in the list has no `sid`"))
    }
}

fn read_all(listed: &[Value]) -> Option<Vec<CallRecord>> {
    listed.iter().map(|record| CallRecord::read(Field::whole(record))).collect()
}

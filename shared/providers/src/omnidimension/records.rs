//! OmniDimension's log of calls.
//!
//! It has no filter by request, number or date: what is looked for is searched for among the newest entries.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use switchboard_core::Timestamp;

use super::Omnidimension;
use super::client::{BALANCE, LIST, READ, RECORDING};
use super::wire::log::{self, CLOCK_SLACK, LOG_ID, REQUEST_ID};
use crate::keyed_api::Ask;
use crate::lenient::Field;
use crate::media::MediaHosts;
use crate::{
    Appears, CallRecords, CallSearch, ExternalId, FoundCall, KnownCall, ProviderError, ProviderErrorKind, Recording,
};

/// Entries on a page; more than this fails.
const PAGE_ENTRIES: usize = 150;
/// Pages that are gone through at most: a call older than so many newer ones is not looked for.
const MAX_PAGES: u32 = 8;
/// How much older than what is looked for a page's last entry must be for the next page not to have it: more than any zone that
/// the times may be in after all.
const SURELY_OLDER: Duration = Duration::from_secs(24 * 60 * 60);

/// What going through the log came to.
enum Searched<T> {
    Found(T),
    /// Everything since the moment asked for has been gone through.
    Absent,
    /// There are more newer entries than are gone through.
    TooMany,
}

impl Omnidimension {
    /// Goes through the newest entries until `wanted` gives something, or they are older than `since`.
    async fn search<T: Send>(
        &self,
        since: Timestamp,
        mut wanted: impl FnMut(Field<'_>) -> Option<T> + Send,
    ) -> Result<Searched<T>, ProviderError> {
        for page in 1..=MAX_PAGES {
            let ask = Ask::get("/calls/logs").with("pageno", page).with("pagesize", PAGE_ENTRIES);
            let answer = self.api.json(LIST, &ask).await?;
            let (entries, total) = self.entries(&answer)?;
            if let Some(found) = entries.iter().find_map(|entry| wanted(*entry)) {
                return Ok(Searched::Found(found));
            }
            let passed = u32::try_from(PAGE_ENTRIES).unwrap_or(u32::MAX).saturating_mul(page);
            let is_last = entries.len() < PAGE_ENTRIES || total.is_some_and(|total| total <= passed);
            let oldest = entries.last().and_then(|entry| log::called_at(*entry));
            if is_last || oldest.is_some_and(|at| at < since.minus(SURELY_OLDER)) {
                return Ok(Searched::Absent);
            }
        }
        Ok(Searched::TooMany)
    }

    fn entries<'a>(&self, answer: &'a Value) -> Result<(Vec<Field<'a>>, Option<u32>), ProviderError> {
        log::entries(answer).ok_or_else(|| self.api.transport.unreadable(LIST, "the log has no `call_log_data`"))
    }

    async fn entry(&self, id: &ExternalId, call: &KnownCall<'_>) -> Result<Option<FoundCall>, ProviderError> {
        let answer = match self.api.json(READ, &Ask::get(format!("/calls/logs/{id}"))).await {
            Ok(answer) => answer,
            Err(error) if matches!(error.kind, ProviderErrorKind::NotFound(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let (entries, _) = self.entries(&answer)?;
        let entry = entries.into_iter().find(|entry| entry.at("id").id().as_ref() == Some(id));
        Ok(entry.and_then(|entry| found(entry, "read", call.dialed_at)))
    }
}

fn found(entry: Field<'_>, kind: &str, dispatched_at: Timestamp) -> Option<FoundCall> {
    let reference = log::names(entry)?.reference()?;
    Some(FoundCall { reference, leg: None, observation: log::observe(entry, kind, dispatched_at) })
}

#[async_trait]
impl CallRecords for Omnidimension {
    async fn read(&self, call: &KnownCall<'_>) -> Result<Option<FoundCall>, ProviderError> {
        let id = |kind| call.ids.get(kind).and_then(|id| ExternalId::parse(id));
        if let Some(entry) = id(LOG_ID) {
            return self.entry(&entry, call).await;
        }
        let Some(request) = id(REQUEST_ID) else { return Ok(None) };
        let is_it = |entry: Field<'_>| log::names(entry).is_some_and(|names| names.request.as_ref() == Some(&request));
        let searched =
            self.search(call.dialed_at, |entry| is_it(entry).then(|| found(entry, "read", call.dialed_at)).flatten());
        Ok(match searched.await? {
            Searched::Found(found) => Some(found),
            Searched::Absent | Searched::TooMany => None,
        })
    }

    /// Times in the log carry no zone and are taken for UTC. Where that is wrong nothing is found and the call stays unknown,
    /// which is safe; a window wide enough for every zone could take another call to the same number for this one, which is
    /// not.
    async fn find(&self, search: &CallSearch<'_>) -> Result<Vec<FoundCall>, ProviderError> {
        let window = search.since.minus(CLOCK_SLACK)..=search.until.plus(CLOCK_SLACK);
        let mut matching = Vec::new();
        let searched = self.search::<()>(search.since, |entry| {
            let outbound =
                entry.at("call_direction").text().is_none_or(|direction| !direction.eq_ignore_ascii_case("inbound"));
            let to = entry.at("to_number").is_number(search.to) == Some(true);
            let within = log::called_at(entry).is_some_and(|at| window.contains(&at));
            if outbound && to && within {
                matching.extend(found(entry, "list", search.since));
            }
            None
        });
        match searched.await? {
            // One that was not gone through could be the one, or a second one, and nobody would know.
            Searched::TooMany => {
                Err(self.api.transport.unreadable(LIST, "more calls since then than are looked through"))
            }
            Searched::Found(()) | Searched::Absent => Ok(matching),
        }
    }

    fn appears(&self) -> Appears {
        Appears::WhenOver
    }

    /// The count stands beside the balance, which a key without access to billing is not told.
    async fn holds_none(&self) -> Result<bool, ProviderError> {
        match self.api.json(BALANCE, &Ask::get("/account/balance")).await {
            Ok(answer) => Ok(Field::whole(&answer).at("concurrency").at("in_use").whole_number() == Some(0)),
            Err(error) if matches!(error.kind, ProviderErrorKind::Unauthorised(403)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn recording(&self, named: &str) -> Result<Recording, ProviderError> {
        let listed: Vec<&str> = self.config.media_hosts.iter().map(String::as_str).collect();
        let hosts = MediaHosts { base_url: &self.config.base_url, listed: &listed };
        // No host is told who we are: the documentation asks for no credential.
        self.api.transport.media(RECORDING, hosts, named, |request| request).await
    }
}

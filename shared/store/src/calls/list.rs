//! A tenant's calls by time, newest first.
//!
//! The index is cut by month, so that no partition of it grows without end. A page reads at most [`MOST_QUERIES`] times,
//! however long the history and however rare what is looked for: it may be short, and only a missing cursor ends the list.

use switchboard_core::{ArtifactState, Call, Channel, EndReason, Phase, PhoneNumber, ProviderId, TenantId, Timestamp};

use super::{CallRow, month_of};
use crate::item::text;
use crate::schema::{GSI1, call_list, list_place};
use crate::{Store, StoreError};

/// Queries per page (design: at most six).
const MOST_QUERIES: usize = 6;
/// Calls that one query looks at where a filter may pass over most of them.
const LOOKED_AT: i32 = 200;
/// Bytes of calls after which a page is full, whatever its limit: an answer of Lambda's holds 6 MB, and one query brings at most
/// 1 MB more.
const FULL_BYTES: usize = 2 * 1024 * 1024;

/// Which calls.
#[derive(Clone, Debug, Default)]
pub struct CallFilter {
    /// Only those that have come exactly so far.
    pub phase: Option<Phase>,
    /// Only those that ended so.
    pub end_reason: Option<EndReason>,
    /// Only those of this provider.
    pub provider: Option<ProviderId>,
    /// Only those on this channel.
    pub channel: Option<Channel>,
    /// Only those to this number.
    pub to: Option<PhoneNumber>,
    /// Only those asked for at this moment or later.
    pub since: Option<Timestamp>,
    /// Only those asked for before this moment.
    pub until: Option<Timestamp>,
    /// Only those with a recording that can be heard.
    pub has_recording: bool,
    /// Only those with a transcript.
    pub has_transcript: bool,
}

/// A page of calls.
#[derive(Debug)]
pub struct CallPage {
    /// The calls, newest first.
    pub calls: Vec<Call>,
    /// Where the next page begins: a place in the list; `None` at the end.
    pub next: Option<String>,
}

impl CallFilter {
    fn takes(&self, call: &Call) -> bool {
        self.phase.is_none_or(|phase| call.phase() == phase)
            && self.end_reason.is_none_or(|reason| call.end().is_some_and(|end| end.reason == reason))
            && self.provider.is_none_or(|provider| call.provider() == Some(provider))
            && self.channel.is_none_or(|channel| call.channel == channel)
            && self.to.as_ref().is_none_or(|to| call.to.as_ref() == Some(to))
            && (!self.has_recording || call.recording_state() == ArtifactState::Ready)
            && (!self.has_transcript || call.transcript_state() == ArtifactState::Ready)
    }

    fn is_selective(&self) -> bool {
        self.phase.is_some()
            || self.end_reason.is_some()
            || self.provider.is_some()
            || self.channel.is_some()
            || self.to.is_some()
            || self.has_recording
            || self.has_transcript
    }
}

/// A call, its place in the list, and its size in bytes.
struct Listed {
    place: String,
    call: Call,
    bytes: usize,
}

/// What one query found.
struct Found {
    calls: Vec<Listed>,
    /// Where it stopped, if there is more in this month.
    stopped_at: Option<String>,
}

impl Store {
    /// A page of at most `limit` calls of a tenant after the place `after`. `oldest` is how far back the list goes.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn call_list(
        &self,
        tenant: &TenantId,
        filter: &CallFilter,
        after: Option<&str>,
        limit: usize,
        oldest: Timestamp,
    ) -> Result<CallPage, StoreError> {
        let bottom = list_place(filter.since.unwrap_or(oldest).max(oldest), "");
        let now = self.now();
        // A call made in this very millisecond, or by a process whose clock is a little fast, belongs to the list.
        let newest = filter.until.unwrap_or_else(|| now.plus(std::time::Duration::from_secs(3_600)));
        let mut top = after.map_or_else(|| list_place(newest, ""), str::to_owned);
        let mut month = month_in(&top).unwrap_or_else(|| month_of(newest));
        let last_month = month_in(&bottom).unwrap_or_else(|| month_of(oldest));
        let mut calls: Vec<Call> = Vec::new();
        let mut bytes = 0;
        for _ in 0..MOST_QUERIES {
            let missing = limit.saturating_sub(calls.len());
            let looked_at = if filter.is_selective() { LOOKED_AT } else { i32::try_from(missing).unwrap_or(LOOKED_AT) };
            let found = self.call_query(tenant, &month, (&bottom, &top), looked_at).await?;
            for listed in found.calls {
                top = listed.place;
                if filter.takes(&listed.call) {
                    calls.push(listed.call);
                    bytes += listed.bytes;
                    if calls.len() == limit || bytes >= FULL_BYTES {
                        return Ok(CallPage { calls, next: Some(top) });
                    }
                }
            }
            match found.stopped_at {
                Some(place) => top = place,
                None if month <= last_month => return Ok(CallPage { calls, next: None }),
                None => {
                    let begins = month_begins(&month);
                    top = list_place(begins, "");
                    month = month_of(begins.minus(std::time::Duration::from_millis(1)));
                }
            }
        }
        Ok(CallPage { calls, next: Some(top) })
    }

    /// Looks at `looked_at` calls of a month below `top`, newest first.
    async fn call_query(
        &self,
        tenant: &TenantId,
        month: &str,
        (bottom, top): (&str, &str),
        looked_at: i32,
    ) -> Result<Found, StoreError> {
        const OPERATION: &str = "call_list";
        if top <= bottom {
            return Ok(Found { calls: Vec::new(), stopped_at: None });
        }
        let output = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(GSI1)
            .key_condition_expression("gsi1pk = :month AND gsi1sk BETWEEN :bottom AND :top")
            .expression_attribute_values(":month", text(call_list(tenant, month)))
            .expression_attribute_values(":bottom", text(bottom))
            // BETWEEN takes both ends; nothing sorts between a place and the same place without its last character, so that
            // the place itself, which was on the page before, stays out.
            .expression_attribute_values(":top", text(just_below(top)))
            .scan_index_forward(false)
            .limit(looked_at)
            .send()
            .await
            .map_err(|error| StoreError::from_sdk(OPERATION, error))?;
        let place_of = |key: &crate::item::Item| key.get("gsi1sk").and_then(|value| value.as_s().ok()).cloned();
        let stopped_at = output.last_evaluated_key.as_ref().and_then(place_of);
        let mut calls = Vec::new();
        for item in output.items.unwrap_or_default() {
            let place = place_of(&item).unwrap_or_default();
            let bytes = item.get("call").and_then(|value| value.as_s().ok()).map_or(0, String::len);
            calls.push(Listed { place, call: CallRow::read(OPERATION, item)?, bytes });
        }
        Ok(Found { calls, stopped_at })
    }
}

/// The greatest text that sorts before `place` among places: its last character one lower, and then everything.
fn just_below(place: &str) -> String {
    let mut chars: Vec<char> = place.chars().collect();
    let lower = chars.pop().and_then(|last| char::from_u32(u32::from(last).saturating_sub(1)));
    chars.extend(lower);
    let mut below: String = chars.into_iter().collect();
    below.push('\u{FFFF}');
    below
}

/// The month of a place in a list.
fn month_in(place: &str) -> Option<String> {
    let millis = place.split('#').next()?.parse().ok()?;
    Some(month_of(Timestamp::from_epoch_millis(millis)))
}

/// The first moment of a month.
fn month_begins(month: &str) -> Timestamp {
    Timestamp::parse(&format!("{month}-01T00:00:00Z")).unwrap_or(Timestamp::from_epoch_millis(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn just_below_a_place_is_everything_that_sorts_before_it() {
        let place = list_place(Timestamp::from_epoch_secs(100), "call_b");
        for (other, before) in [
            (list_place(Timestamp::from_epoch_secs(100), "call_a"), true),
            (list_place(Timestamp::from_epoch_secs(99), "call_z"), true),
            (place.clone(), false),
            (list_place(Timestamp::from_epoch_secs(100), "call_c"), false),
        ] {
            assert_eq!(other <= just_below(&place), before, "{other}");
        }
    }

    #[test]
    fn a_month_begins_where_the_one_before_ends() {
        let begins = month_begins("2026-03");
        assert_eq!(month_of(begins), "2026-03");
        assert_eq!(month_of(begins.minus(std::time::Duration::from_millis(1))), "2026-02");
    }
}

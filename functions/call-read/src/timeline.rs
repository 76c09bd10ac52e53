//! `GET /api/calls/{callId}/events`: everything that was heard about a call, in the order in which it was heard, with what was
//! too late, too often, or not to be believed.

use http::StatusCode;
use serde::Serialize;
use switchboard_auth::Caller;
use switchboard_core::{Entry, EntryNote, EventId, LegId, ProviderId, Source, Timestamp};
use switchboard_lambda::{ApiError, Reply, Request, call_of};

use crate::list::{DEFAULT_LIMIT, MAX_LIMIT};
use crate::{App, Operation};

/// One entry. `at` is `null` where its source does not say when it happened.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct EntryOut {
    event_id: EventId,
    at: Option<Timestamp>,
    received_at: Timestamp,
    source: Source,
    kind: String,
    applied: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<EntryNote>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<ProviderId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    leg_id: Option<LegId>,
}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct TimelineOut {
    events: Vec<EntryOut>,
    next_cursor: Option<String>,
}

impl From<Entry> for EntryOut {
    fn from(entry: Entry) -> Self {
        Self {
            event_id: entry.event_id,
            at: entry.at,
            received_at: entry.received_at,
            source: entry.source,
            kind: entry.kind,
            applied: entry.applied,
            note: entry.note,
            provider: entry.provider,
            leg_id: entry.leg_id,
        }
    }
}

pub(crate) async fn timeline(app: &App, caller: &Caller, request: &Request<Operation>) -> Result<Reply, ApiError> {
    let limit = request.limit(DEFAULT_LIMIT, MAX_LIMIT)?;
    let call = call_of(&app.shell, caller, request.parameter("callId")).await?;
    let list = format!("{}/calls/{}/events", caller.tenant(), call.id);
    let cursor = app.shell.cursor_opened(request, &list).await?;
    let after = cursor.as_ref().map(|cursor| cursor.position());
    let page = app.shell.store.call_entries(call.id, after, limit.into()).await?;
    let next_cursor = app.shell.cursor_sealed(page.next, &list).await?;
    let events = page.entries.into_iter().map(EntryOut::from).collect();
    Reply::json(StatusCode::OK, &TimelineOut { events, next_cursor })
}

//! `GET /api/calls`: a tenant's calls, newest first.
//!
//! A page looks into the table at most six times, however long the history and however rare what is looked for. So it may be
//! short, or empty; only a `null` cursor ends the list.

use http::StatusCode;
use serde::Serialize;
use switchboard_auth::Caller;
use switchboard_core::Call;
use switchboard_lambda::{ApiError, CallOut, Reply, Request};
use switchboard_store::{CALL_RETENTION, CallFilter};

use crate::filter::{filter_of, name_of};
use crate::{App, Operation};

/// Items on a page unless `limit` says otherwise.
pub(crate) const DEFAULT_LIMIT: u16 = 50;
/// Most items on a page.
pub(crate) const MAX_LIMIT: u16 = 100;

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CallsOut {
    calls: Vec<CallOut>,
    next_cursor: Option<String>,
}

/// A page of calls.
pub(crate) struct Page {
    pub(crate) calls: Vec<Call>,
    /// The cursor of the next one.
    pub(crate) next_cursor: Option<String>,
}

pub(crate) async fn list(app: &App, caller: &Caller, request: &Request<Operation>) -> Result<Reply, ApiError> {
    let limit = request.limit(DEFAULT_LIMIT, MAX_LIMIT)?;
    let page = page(app, caller, request, "calls", &filter_of(request)?, limit).await?;
    let calls = page.calls.iter().map(|call| CallOut::new(call, caller)).collect();
    Reply::json(StatusCode::OK, &CallsOut { calls, next_cursor: page.next_cursor })
}

/// The page of a filter's calls that the request's cursor leads to. Cursors hold for one tenant, one kind of list and one
/// filter.
pub(crate) async fn page(
    app: &App,
    caller: &Caller,
    request: &Request<Operation>,
    kind: &str,
    filter: &CallFilter,
    limit: u16,
) -> Result<Page, ApiError> {
    let list = format!("{}/{kind}/{}", caller.tenant(), name_of(filter));
    let cursor = app.shell.cursor_opened(request, &list).await?;
    let after = cursor.as_ref().map(|cursor| cursor.position());
    let oldest = app.shell.now().minus(CALL_RETENTION);
    let found = app.shell.store.call_list(caller.tenant(), filter, after, limit.into(), oldest).await?;
    let next_cursor = app.shell.cursor_sealed(found.next, &list).await?;
    Ok(Page { calls: found.calls, next_cursor })
}

//! `GET /api/alarms`: what a person must know because no program can mend it; open ones, or with `open=false` those that are
//! over.

use http::StatusCode;
use serde::Serialize;
use switchboard_auth::Caller;
use switchboard_core::{Alarm, AlarmId, AlarmKind, CallId, Timestamp};
use switchboard_lambda::{ApiError, Reply, Request};

use crate::list::{DEFAULT_LIMIT, MAX_LIMIT};
use crate::query::query_of;
use crate::{App, Operation};

/// One alarm.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AlarmOut {
    alarm_id: AlarmId,
    kind: AlarmKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    call_id: Option<CallId>,
    since: Timestamp,
    reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    closed_at: Option<Timestamp>,
}

/// The answer, newest first.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AlarmsOut {
    alarms: Vec<AlarmOut>,
    next_cursor: Option<String>,
}

impl From<Alarm> for AlarmOut {
    fn from(alarm: Alarm) -> Self {
        Self {
            alarm_id: alarm.id,
            kind: alarm.kind,
            call_id: alarm.call,
            since: alarm.since,
            reason: alarm.reason,
            closed_at: alarm.closed_at,
        }
    }
}

pub(crate) async fn alarms(app: &App, caller: &Caller, request: &Request<Operation>) -> Result<Reply, ApiError> {
    let limit = request.limit(DEFAULT_LIMIT, MAX_LIMIT)?;
    let mut query = query_of(request);
    let flag = |text: &str| match text {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    };
    let open = query.parsed("open", flag, "must be true or false").unwrap_or(true);
    query.finish()?;
    let list = format!("{}/alarms/{}", caller.tenant(), if open { "open" } else { "closed" });
    let cursor = app.shell.cursor_opened(request, &list).await?;
    let after = cursor.as_ref().map(|cursor| cursor.position());
    let page = app.shell.store.alarms_list(caller.tenant(), open, after, limit.into()).await?;
    let next_cursor = app.shell.cursor_sealed(page.next, &list).await?;
    let alarms = page.alarms.into_iter().map(AlarmOut::from).collect();
    Reply::json(StatusCode::OK, &AlarmsOut { alarms, next_cursor })
}

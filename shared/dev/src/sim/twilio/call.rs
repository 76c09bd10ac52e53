//! A call as Twilio shows it: a line that it carries, whoever placed it.

use std::time::Duration;

use serde_json::{Value, json};
use switchboard_core::Timestamp;

use super::orders::Notes;
use super::resource::{API, VERSION};
use crate::sim::calendar::rfc2822;
use crate::sim::carrier::line::{Ending, Line};

/// How long after the end of a call its price is known.
const PRICED_AFTER: Duration = Duration::from_secs(30);

/// What a minute costs, in hundred-thousandths of a dollar.
const MINUTE_COSTS: u64 = 1300;

/// Where a call is, in Twilio's words.
pub(super) fn status(line: &Line) -> &'static str {
    match (line.ending, line.answered_at, line.ringing_at) {
        (None, Some(_), _) => "in-progress",
        (None, None, Some(_)) => "ringing",
        (None, None, None) => "queued",
        (Some(Ending::Finished | Ending::Requested | Ending::LimitReached), ..) => "completed",
        (Some(Ending::Cancelled), ..) => "canceled",
        (Some(Ending::Busy), ..) => "busy",
        (Some(Ending::NoAnswer), ..) => "no-answer",
    }
}

/// Who answered, where that was to be found out.
pub(super) fn answered_by(line: &Line, notes: &Notes) -> Option<&'static str> {
    let asked = notes.detects_machines && line.answered_at.is_some();
    asked.then(|| if line.callee.is_machine() { "machine_start" } else { "human" })
}

/// Seconds answered, of a call that has ended.
pub(super) fn duration_secs(line: &Line) -> Option<u64> {
    line.ended_at.map(|ended| line.talked(ended).as_secs())
}

/// What a call cost, once it is known: a negative amount, begun minutes counting. Unanswered calls cost nothing.
fn price(line: &Line, now: Timestamp) -> Option<String> {
    let known = line.ended_at.is_some_and(|ended| now >= ended.plus(PRICED_AFTER)) && line.answered_at.is_some();
    let minutes = duration_secs(line).filter(|_| known)?.div_ceil(60).max(1);
    let units = minutes * MINUTE_COSTS;
    Some(format!("-{}.{:05}", units / 100_000, units % 100_000))
}

/// The call's resource.
pub(super) fn shown(line: &Line, sid: &str, account_sid: &str, now: Timestamp) -> Value {
    let uri = |suffix: &str| format!("{API}/{account_sid}/Calls/{sid}{suffix}.json");
    let updated = line.ended_at.or(line.answered_at).or(line.ringing_at).unwrap_or(line.placed_at);
    let begun = line.ringing_at.or(line.ended_at).map(|_| rfc2822(line.placed_at));
    json!({
        "sid": sid, "account_sid": account_sid, "status": status(line), "direction": "outbound-api",
        "to": line.to, "to_formatted": line.to, "from": line.from, "from_formatted": line.from,
        "date_created": rfc2822(line.placed_at), "date_updated": rfc2822(updated),
        "start_time": begun, "end_time": line.ended_at.map(rfc2822),
        "duration": duration_secs(line).map(|secs| secs.to_string()),
        "price": price(line, now), "price_unit": "USD",
        "answered_by": answered_by(line, &Notes::of(line)),
        "parent_call_sid": null, "phone_number_sid": null, "forwarded_from": null, "group_sid": null,
        "caller_name": null, "trunk_sid": null, "annotation": null, "queue_time": "0", "api_version": VERSION,
        "uri": uri(""),
        "subresource_uris": {"recordings": uri("/Recordings"), "notifications": uri("/Notifications"),
            "events": uri("/Events"), "streams": uri("/Streams")},
    })
}

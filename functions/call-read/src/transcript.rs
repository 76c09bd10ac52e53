//! `GET /api/calls/{callId}/transcript`: what was said, as JSON or, with `Accept: text/plain`, as text for people.

use http::{HeaderMap, StatusCode};
use serde::Serialize;
use switchboard_auth::Caller;
use switchboard_core::{ArtifactState, Call, CallId, SpokenTurn};
use switchboard_lambda::{ApiError, Reply, Request, call_of};

use crate::plain_text::plain_text;
use crate::recording::{missing, pending};
use crate::{App, Operation};

/// The answer. `turns` is empty unless `status` is `ready`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct TranscriptOut {
    call_id: CallId,
    status: ArtifactState,
    turns: Vec<SpokenTurn>,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<String>,
}

pub(crate) async fn transcript(app: &App, caller: &Caller, request: &Request<Operation>) -> Result<Reply, ApiError> {
    let call = call_of(&app.shell, caller, request.parameter("callId")).await?;
    let status = call.transcript_state();
    if !wants_text(&request.headers) {
        let (turns, language) = (turns_of(app, &call).await?, call.language().map(str::to_owned));
        return Reply::json(StatusCode::OK, &TranscriptOut { call_id: call.id, status, turns, language });
    }
    // An empty text could not be told from a conversation in which nobody spoke, so that these are said as statuses.
    match status {
        ArtifactState::Ready => Ok(Reply::text(StatusCode::OK, plain_text(&turns_of(app, &call).await?))),
        ArtifactState::Pending => Err(pending("the transcript")),
        ArtifactState::None => Err(missing("transcript")),
    }
}

/// What was said on a call; nothing while there is no transcript.
pub(crate) async fn turns_of(app: &App, call: &Call) -> Result<Vec<SpokenTurn>, ApiError> {
    match call.transcript() {
        Some(outline) => Ok(app.shell.store.call_transcript(call.id, &outline.fingerprint).await?),
        None => Ok(Vec::new()),
    }
}

/// Whether the client prefers plain text to JSON (RFC 9110, 12.5.1). JSON wins a draw unless only text is named.
fn wants_text(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(http::header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let ranges: Vec<(String, f32)> = accepted.flat_map(|value| value.split(',')).filter_map(range).collect();
    let (text, json) = (weight(&ranges, "text", "plain"), weight(&ranges, "application", "json"));
    text > json
}

/// A media range and its weight.
fn range(text: &str) -> Option<(String, f32)> {
    let mut parts = text.split(';');
    let range = parts.next()?.trim().to_ascii_lowercase();
    let weight = parts.find_map(|part| part.trim().strip_prefix("q=").map(str::to_owned));
    Some((range, weight.map_or(1.0, |weight| weight.parse().unwrap_or(0.0))))
}

/// The weight that the most specific range gives a type; a wildcard names nothing, so that it counts less than any name.
fn weight(ranges: &[(String, f32)], kind: &str, subtype: &str) -> (f32, bool) {
    let of = |wanted: &str| ranges.iter().find(|(range, _)| range == wanted).map(|(_, weight)| *weight);
    let named = of(&format!("{kind}/{subtype}")).or_else(|| of(&format!("{kind}/*")));
    match named {
        Some(weight) => (weight, weight > 0.0),
        None => (of("*/*").unwrap_or(0.0), false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_for_those_who_prefer_it() {
        for (accept, text) in [
            (None, false),
            (Some("*/*"), false),
            (Some("application/json"), false),
            (Some("text/plain"), true),
            (Some("Text/Plain; charset=utf-8"), true),
            (Some("text/*"), true),
            (Some("text/plain, */*"), true),
            (Some("text/plain, */*;q=0.8"), true),
            (Some("text/plain, application/json"), false),
            (Some("text/plain;q=0.5, application/json;q=0.9"), false),
            (Some("text/plain;q=0.9, application/json;q=0.5"), true),
            (Some("text/plain;q=0"), false),
            (Some("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"), false),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(accept) = accept {
                headers.insert("accept", accept.parse().unwrap());
            }
            assert_eq!(wants_text(&headers), text, "{accept:?}");
        }
    }
}

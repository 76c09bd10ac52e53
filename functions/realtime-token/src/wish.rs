//! What a caller asks for, made a session: a preset of the installation, and over it the options that a key may set.

use serde_json::{Map, Value};
use switchboard_auth::Caller;
use switchboard_core::{Detail, Fault, Scope};
use switchboard_lambda::ApiError;
use switchboard_providers::openai::translate::{self, BadOption, Dropped};
use switchboard_providers::openai::{DEFAULT_PRESET, SessionConfig};

use crate::App;

/// What is ours in a request, and no option of a session.
const OURS: [&str; 8] =
    ["userId", "sdp", "preset", "ttlSecs", "maxDurationSecs", "substituteVoice", "metadata", "language"];

/// A session as it is to be opened.
#[derive(Debug)]
pub(crate) struct Wish {
    /// In the words of today's API.
    pub(crate) session: SessionConfig,
    /// What of the request has no place in it.
    pub(crate) dropped: Vec<Dropped>,
}

/// Lays `options` over a preset. Only who may mint raw credentials may set any (design §14 S3).
///
/// # Errors
/// 400 for a preset that there is not and for wrong options, 403 for options from others.
pub(crate) fn wish(
    app: &App,
    caller: &Caller,
    preset: Option<&str>,
    mut options: Map<String, Value>,
    substitute_voice: bool,
) -> Result<Wish, ApiError> {
    let name = preset.unwrap_or(DEFAULT_PRESET);
    let presets = app.realtime.presets();
    let base = presets.get(name).ok_or_else(|| {
        let known: Vec<&str> = presets.keys().map(String::as_str).collect();
        ApiError::invalid("preset", format!("there is no such preset; there are {}", known.join(", ")))
    })?;
    options.retain(|option, value| !OURS.contains(&option.as_str()) && !value.is_null());
    let translated = translate::session(&options, substitute_voice).map_err(|bad| bad_options(&bad))?;
    // What kind of session it is stands in every one.
    let sets_any = translated.session.as_json().keys().any(|option| option != "type");
    if sets_any && caller.require(Scope::RealtimeRaw).is_err() {
        let message = "only an API key with the scope realtime:raw may set a session's options; name a preset instead";
        return Err(ApiError::new(Fault::Forbidden, message));
    }
    let mut dropped = translated.dropped;
    dropped.extend_from_slice(app.realtime.dropped(name));
    Ok(Wish { session: translated.session.over(base), dropped })
}

/// 400 that names every wrong option.
pub(crate) fn bad_options(bad: &[BadOption]) -> ApiError {
    let details = bad.iter().map(|bad| Detail::new(bad.field.clone(), bad.message.clone())).collect();
    ApiError::new(Fault::InvalidRequest, "an option of the session is not valid").with_details(details)
}

//! What a caller asks for, made a session: a preset of the installation, and over it the options that a key may set.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use switchboard_auth::Caller;
use switchboard_core::{Detail, Fault, Scope};
use switchboard_lambda::ApiError;
use switchboard_providers::openai::translate::{self, BadOption, Dropped};
use switchboard_providers::openai::{DEFAULT_PRESET, SessionConfig};

use crate::App;

/// Takes a field of ours out of a request; what is left are options of the session.
///
/// # Errors
/// 400 naming the field.
pub(crate) fn take<T: DeserializeOwned>(body: &mut Map<String, Value>, field: &str) -> Result<Option<T>, ApiError> {
    match body.remove(field) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => {
            let wrong = |error: serde_json::Error| ApiError::invalid(field, error.to_string());
            serde_json::from_value(value).map(Some).map_err(wrong)
        }
    }
}

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
    options: Map<String, Value>,
    substitute_voice: bool,
) -> Result<Wish, ApiError> {
    let name = preset.unwrap_or(DEFAULT_PRESET);
    let presets = app.realtime.presets();
    let base = presets.get(name).ok_or_else(|| {
        let known: Vec<&str> = presets.keys().map(String::as_str).collect();
        ApiError::invalid("preset", format!("there is no such preset; there are {}", known.join(", ")))
    })?;
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

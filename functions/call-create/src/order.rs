//! What is asked for: the request's body, and what it means once every field of it is valid.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};
use switchboard_core::{
    BadNumber, Channel, Detail, Fault, MAX_DURATION_SECS, MAX_USER_ID_CHARS, Personal, PhoneNumber, ProviderId,
    Scenario, is_language,
};
use switchboard_lambda::ApiError;
use switchboard_providers::ExternalId;

/// How long a call may last where nobody says (api).
const DEFAULT_DURATION_SECS: u32 = 600;
/// Most values for placeholders, and the longest name and value of one, in characters.
const MAX_PARAMS: usize = 50;
/// See [`MAX_PARAMS`].
const MAX_PARAM_NAME: usize = 64;
/// See [`MAX_PARAMS`].
const MAX_PARAM_VALUE: usize = 4_000;
/// Largest `metadata`, in bytes of compact JSON (api: 4 KB).
const MAX_METADATA: usize = 4 * 1024;
/// Most providers in `fallback`; there are not more.
const MAX_FALLBACK: usize = 5;

/// The request.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct CallIn {
    pub(crate) channel: Option<Channel>,
    pub(crate) provider: Option<ProviderIn>,
    pub(crate) fallback: Vec<ProviderId>,
    pub(crate) to: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) from: Option<String>,
    pub(crate) agent_id: Option<String>,
    pub(crate) scenario: Option<String>,
    pub(crate) params: BTreeMap<String, String>,
    pub(crate) user_id: Option<String>,
    pub(crate) language: Option<String>,
    pub(crate) max_duration_secs: Option<u32>,
    pub(crate) metadata: Map<String, Value>,
    pub(crate) dry_run: bool,
}

/// A provider, or the wish that one be chosen.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) enum ProviderIn {
    Auto,
    Named(ProviderId),
}

impl TryFrom<String> for ProviderIn {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        if name == "auto" {
            return Ok(Self::Auto);
        }
        let known = ProviderId::ALL.into_iter().find(|provider| provider.as_str() == name);
        known.map(Self::Named).ok_or("must be auto, hamsa, omnidimension or twilio")
    }
}

/// What is asked for.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) channel: Channel,
    /// Who is to hold it; `None` where one is to be chosen.
    pub(crate) provider: Option<ProviderId>,
    pub(crate) fallback: Vec<ProviderId>,
    pub(crate) to: Option<PhoneNumber>,
    pub(crate) from: Option<String>,
    pub(crate) agent_id: Option<String>,
    pub(crate) scenario: Option<&'static Scenario>,
    pub(crate) params: BTreeMap<String, Personal>,
    pub(crate) user_id: Option<Personal>,
    pub(crate) language: Option<String>,
    pub(crate) max_duration_secs: u32,
    pub(crate) metadata: String,
    pub(crate) dry_run: bool,
}

/// Collects what is wrong, so that the caller hears of everything at once.
struct Faults(Vec<Detail>);

impl Faults {
    fn unless(&mut self, fits: bool, field: &str, message: impl Into<String>) {
        if !fits {
            self.0.push(Detail::new(field, message));
        }
    }
}

impl TryFrom<CallIn> for Order {
    type Error = ApiError;

    fn try_from(call: CallIn) -> Result<Self, ApiError> {
        let mut faults = Faults(Vec::new());
        faults.unless(call.channel.is_some(), "channel", "is required: phone or web");
        let channel = call.channel.unwrap_or(Channel::Phone);
        let to_given = call.to.as_deref().is_some_and(|to| !to.trim().is_empty());
        match (call.channel, to_given) {
            (Some(Channel::Phone), false) => faults.unless(false, "to", "is required for a phone call"),
            (Some(Channel::Web), true) => faults.unless(false, "to", "is for phone calls only"),
            _ => {}
        }
        let scenario = call.scenario.as_deref().map(Scenario::find);
        faults.unless(scenario != Some(None), "scenario", "is not one of those that GET /api/scenarios lists");
        let duration = call.max_duration_secs.unwrap_or(DEFAULT_DURATION_SECS);
        let (least, most) = (MAX_DURATION_SECS.start(), MAX_DURATION_SECS.end());
        faults.unless(
            MAX_DURATION_SECS.contains(&duration),
            "maxDurationSecs",
            format!("must be from {least} to {most}"),
        );
        check_names(&call, &mut faults);
        check_params(&call.params, &mut faults);
        let metadata = Value::Object(call.metadata.clone()).to_string();
        faults.unless(
            metadata.len() <= MAX_METADATA,
            "metadata",
            format!("is larger than {MAX_METADATA} bytes of JSON"),
        );
        if !faults.0.is_empty() {
            let message = "a field of the request is not valid";
            return Err(ApiError::new(Fault::InvalidRequest, message).with_details(faults.0));
        }
        let to = call.to.as_deref().filter(|_| channel == Channel::Phone);
        let to = to.map(|to| number(to, call.region.as_deref())).transpose()?;
        Ok(Self {
            channel,
            provider: match call.provider {
                Some(ProviderIn::Named(provider)) => Some(provider),
                Some(ProviderIn::Auto) | None => None,
            },
            fallback: call.fallback,
            to,
            from: call.from,
            agent_id: call.agent_id,
            scenario: scenario.flatten(),
            params: call.params.into_iter().map(|(name, value)| (name, Personal::new(value))).collect(),
            user_id: call.user_id.map(Personal::new),
            language: call.language,
            max_duration_secs: duration,
            metadata,
            dry_run: call.dry_run,
        })
    }
}

fn check_names(call: &CallIn, faults: &mut Faults) {
    let is_id = |text: &String| ExternalId::parse(text).is_some();
    let agent = call.agent_id.as_ref().is_none_or(is_id);
    faults.unless(agent, "agentId", "must be 1 to 64 letters, digits, - and _");
    let from = call.from.as_ref().is_none_or(|from| PhoneNumber::from_e164(from).is_some() || is_id(from));
    faults.unless(from, "from", "must be a number with + and the country code, or the provider's id of one");
    let language = call.language.as_deref().is_none_or(is_language);
    faults.unless(language, "language", "must be a BCP 47 language tag like en-US or ar");
    let user = call.user_id.as_ref().is_none_or(|user| {
        let chars = user.chars().count();
        (1..=MAX_USER_ID_CHARS).contains(&chars) && !user.chars().any(char::is_control)
    });
    faults.unless(user, "userId", format!("must have 1 to {MAX_USER_ID_CHARS} characters and no control characters"));
    faults.unless(call.fallback.len() <= MAX_FALLBACK, "fallback", format!("names more than {MAX_FALLBACK} providers"));
}

fn check_params(params: &BTreeMap<String, String>, faults: &mut Faults) {
    faults.unless(params.len() <= MAX_PARAMS, "params", format!("has more than {MAX_PARAMS} values"));
    for (name, value) in params {
        let named = (1..=MAX_PARAM_NAME).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
        let shown: String = name.chars().take(MAX_PARAM_NAME).collect();
        faults.unless(named, &format!("params.{shown}"), "must be named by 1 to 64 letters, digits, - and _");
        let fits = value.chars().count() <= MAX_PARAM_VALUE;
        faults.unless(fits, &format!("params.{shown}"), format!("is longer than {MAX_PARAM_VALUE} characters"));
    }
}

/// The number to be called.
fn number(to: &str, region: Option<&str>) -> Result<PhoneNumber, ApiError> {
    PhoneNumber::parse(to, region).map_err(|bad| {
        let field = if matches!(bad, BadNumber::UnknownRegion) { "region" } else { "to" };
        let error = ApiError::new(Fault::InvalidPhoneNumber, "the phone number cannot be called as it is written")
            .with_details(vec![Detail::new(field, bad.to_string())]);
        match bad.suggestion() {
            Some(suggestion) => error.with("suggestion", suggestion.expose()),
            None => error,
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn order(body: Value) -> Result<Order, ApiError> {
        Order::try_from(serde_json::from_value::<CallIn>(body).unwrap())
    }

    #[test]
    fn every_wrong_field_is_named_at_once() {
        let error = order(json!({
            "channel": "phone", "scenario": "sales", "maxDurationSecs": 9, "agentId": "../x", "language": "english!",
            "params": {"a b": "x"}, "userId": "", "from": "1 2",
        }))
        .unwrap_err();
        let fields: Vec<&str> = error.details().iter().map(|detail| detail.field.as_str()).collect();
        assert_eq!(
            fields,
            ["to", "scenario", "maxDurationSecs", "agentId", "from", "language", "userId", "params.a b"]
        );
    }

    #[test]
    fn a_number_that_can_be_mended_comes_back_mended() {
        let error = order(json!({"channel": "phone", "to": "0096891234567"})).unwrap_err();
        assert_eq!(error.fault(), Fault::InvalidPhoneNumber);
        assert!(format!("{error:?}").contains("+96891234567"));
    }

    #[test]
    fn auto_and_nothing_leave_the_choice_to_us() {
        for (provider, chosen) in
            [(json!("auto"), None), (json!("twilio"), Some(ProviderId::Twilio)), (Value::Null, None)]
        {
            let order = order(json!({"channel": "web", "provider": provider})).unwrap();
            assert_eq!(order.provider, chosen);
        }
        assert!(serde_json::from_value::<CallIn>(json!({"provider": "vapi"})).is_err());
    }
}

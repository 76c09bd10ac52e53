//! Which calls a list is asked for, and the name that its cursors are bound to.

use switchboard_core::{Channel, EndReason, Phase};
use switchboard_lambda::{ApiError, Request};
use switchboard_store::CallFilter;

use crate::query::{number, query_of};

/// The channels that a filter knows.
const CHANNELS: [Channel; 2] = [Channel::Phone, Channel::Web];

/// The filter in a request's query.
///
/// # Errors
/// 400 naming every value that is wrong.
pub(crate) fn filter_of<O>(request: &Request<O>) -> Result<CallFilter, ApiError> {
    let mut query = query_of(request);
    let phase = |text: &str| Phase::ALL.into_iter().find(|phase| phase.as_str() == text);
    let channel = |text: &str| CHANNELS.into_iter().find(|channel| channel.as_str() == text);
    let one_of = |names: Vec<&str>| format!("must be one of {}", names.join(", "));
    let phases = one_of(Phase::ALL.map(Phase::as_str).to_vec());
    let reasons = one_of(EndReason::ALL.map(EndReason::as_str).to_vec());
    let span = query.span();
    let filter = CallFilter {
        phase: query.parsed("phase", phase, &phases),
        end_reason: query.parsed("endReason", EndReason::parse, &reasons),
        provider: query.provider(),
        channel: query.parsed("channel", channel, &one_of(CHANNELS.map(Channel::as_str).to_vec())),
        to: query.parsed("to", number, "must be a phone number with its country code, as in %2B96891234567"),
        since: span.since,
        until: span.until,
        ..CallFilter::default()
    };
    query.finish()?;
    Ok(filter)
}

/// The name of the list that a filter makes: two filters have the same only if they let the same calls pass. It goes into a
/// cursor's signature and nowhere else.
pub(crate) fn name_of(filter: &CallFilter) -> String {
    let CallFilter { phase, end_reason, provider, channel, to, since, until, has_recording, has_transcript } = filter;
    let parts: [(&str, Option<String>); 9] = [
        ("phase", phase.map(|phase| phase.as_str().to_owned())),
        ("endReason", end_reason.map(|reason| reason.as_str().to_owned())),
        ("provider", provider.map(|provider| provider.as_str().to_owned())),
        ("channel", channel.map(|channel| channel.as_str().to_owned())),
        ("to", to.as_ref().map(|to| to.expose().to_owned())),
        ("since", since.map(|since| since.to_string())),
        ("until", until.map(|until| until.to_string())),
        ("recording", has_recording.then(String::new)),
        ("transcript", has_transcript.then(String::new)),
    ];
    let given = parts.into_iter().filter_map(|(name, value)| Some(format!("{name}={}", value?)));
    given.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use switchboard_core::{PhoneNumber, ProviderId, Timestamp};

    use super::*;

    #[test]
    fn every_filter_makes_a_list_of_its_own() {
        let at = Timestamp::from_epoch_secs(1_795_169_208);
        let none = CallFilter::default;
        let filters = [
            none(),
            CallFilter { phase: Some(Phase::Ended), ..none() },
            CallFilter { phase: Some(Phase::Ringing), ..none() },
            CallFilter { end_reason: Some(EndReason::Busy), ..none() },
            CallFilter { provider: Some(ProviderId::Hamsa), ..none() },
            CallFilter { channel: Some(Channel::Web), ..none() },
            CallFilter { to: PhoneNumber::from_e164("+96891234567"), ..none() },
            CallFilter { to: PhoneNumber::from_e164("+96891234568"), ..none() },
            CallFilter { since: Some(at), ..none() },
            CallFilter { until: Some(at), ..none() },
            CallFilter { has_recording: true, ..none() },
            CallFilter { has_transcript: true, ..none() },
        ];
        let names: BTreeSet<String> = filters.iter().map(name_of).collect();
        assert_eq!(names.len(), filters.len(), "{names:?}");
    }
}

//! What becomes of calls that come in over OpenAI's SIP connector: a rule of the installation, because the caller waits.

use std::time::Duration;

use switchboard_core::{PhoneNumber, Settings};

use super::{RealtimeConfig, SessionConfig};

/// The preset of sessions with callers, where there is one of that name.
const PRESET: &str = "sip";
/// How a call that is not wanted is refused: 603, "decline", as OpenAI does where nothing is said (RFC 3261, 21.6.2).
const DECLINE: u16 = 603;
/// The longest that a session of OpenAI's lasts, in seconds.
const LONGEST_SECS: u32 = 3_600;

/// The rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Reception {
    accepts: bool,
    callers: Vec<String>,
    session: SessionConfig,
    /// How long an accepted call may last.
    pub lasts: Duration,
}

/// What is to be done about one call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Answer<'a> {
    /// It is taken, with this session.
    Accept(&'a SessionConfig),
    /// It is refused, with this SIP status.
    Reject(u16),
}

impl Reception {
    /// Reads `OPENAI_SIP_POLICY` (`reject`, or `accept`), `OPENAI_SIP_CALLERS` (beginnings of the numbers that are taken, as in
    /// `+1,+968`; empty takes all), `OPENAI_SIP_MAX_DURATION_SECS`. The session is the preset `sip`, else the default one.
    pub fn read(settings: &mut impl Settings, realtime: &RealtimeConfig) -> Self {
        let policy = |text: &str| match text {
            "accept" => Some(true),
            "reject" => Some(false),
            _ => None,
        };
        let accepts = settings.parsed("OPENAI_SIP_POLICY", "reject", policy, "accept or reject").unwrap_or(false);
        let form = "beginnings of numbers, separated by commas, as in +1,+96891";
        let callers = settings.parsed("OPENAI_SIP_CALLERS", "", beginnings, form).unwrap_or_default();
        let secs = settings.number("OPENAI_SIP_MAX_DURATION_SECS", 1_800_u32, 10..=LONGEST_SECS);
        let session = realtime.presets().get(PRESET).unwrap_or_else(|| realtime.default_session()).clone();
        Self { accepts, callers, session, lasts: Duration::from_secs(secs.into()) }
    }

    /// What is to be done about a call from this number. The number is what the caller's side says: it may be a lie, and is good
    /// for turning away, not for letting in.
    #[must_use]
    pub fn answer(&self, from: Option<&PhoneNumber>) -> Answer<'_> {
        let known = || from.is_some_and(|from| self.callers.iter().any(|begin| from.expose().starts_with(begin)));
        if self.accepts && (self.callers.is_empty() || known()) {
            Answer::Accept(&self.session)
        } else {
            Answer::Reject(DECLINE)
        }
    }
}

fn beginnings(text: &str) -> Option<Vec<String>> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    let is_beginning = |part: &str| {
        let digits = part.strip_prefix('+').unwrap_or("");
        (1..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    parts.map(|part| is_beginning(part).then(|| part.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_is_let_in_is_answered() {
        let session = SessionConfig::checked(serde_json::Map::new());
        let rule = |accepts, callers: &str| Reception {
            accepts,
            callers: beginnings(callers).unwrap(),
            session: session.clone(),
            lasts: Duration::from_secs(60),
        };
        let oman = PhoneNumber::from_e164("+96891234567").unwrap();
        for (accepts, callers, from, taken) in [
            (false, "", Some(&oman), false),
            (true, "", Some(&oman), true),
            (true, "", None, true),
            (true, "+968", Some(&oman), true),
            (true, "+1, +44", Some(&oman), false),
            (true, "+968", None, false),
        ] {
            let answer = matches!(rule(accepts, callers).answer(from), Answer::Accept(_));
            assert_eq!(answer, taken, "{accepts} {callers:?}");
        }
        for wrong in ["968", "+", "+1a", "+1;+2"] {
            assert_eq!(beginnings(wrong), None, "{wrong}");
        }
    }
}

//! Who is called: the magic numbers and how the people behind them behave.

use serde::{Deserialize, Serialize};

/// How a called party behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Callee {
    /// Answers, talks, and the call ends.
    Talks,
    /// Is busy.
    Busy,
    /// Lets it ring.
    NoAnswer,
    /// Answers and never hangs up.
    Stays,
    /// Answers and never hangs up, and the network obeys no end request and no time limit.
    Ignores,
    /// A machine answers.
    Voicemail,
    /// Talks, and the provider tells nobody.
    Unreported,
    /// Talks, and the answer to whoever placed the call is lost.
    ReplyLost,
    /// A page in a browser, which comes by itself or not at all, and stays.
    Page,
    /// Somebody who called, talks once the call is accepted, and hangs up.
    Caller,
}

/// What every magic number begins with; the digit behind it decides.
const MAGIC: &str = "+1500555000";

/// How few and how many digits an E.164 number has. The least is that of the shortest international numbers.
const DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

impl Callee {
    /// The party at this number; `None` where it is no number that could be called.
    pub(crate) fn at(number: &str) -> Option<Self> {
        if !is_e164(number) {
            return None;
        }
        Some(match number.strip_prefix(MAGIC) {
            Some("2") => Self::Busy,
            Some("3") => Self::NoAnswer,
            Some("4") => Self::Stays,
            Some("5") => Self::Ignores,
            Some("6") => return None,
            Some("7") => Self::Voicemail,
            Some("8") => Self::Unreported,
            Some("9") => Self::ReplyLost,
            _ => Self::Talks,
        })
    }

    /// Whether a machine answers.
    pub(crate) fn is_machine(self) -> bool {
        self == Self::Voicemail
    }

    /// Whether the line is answered when its provider says so, and not by itself.
    pub(crate) fn is_let_in(self) -> bool {
        matches!(self, Self::Page | Self::Caller)
    }

    /// Whether the provider posts nothing about this call.
    pub(crate) fn goes_unreported(self) -> bool {
        self == Self::Unreported
    }
}

fn is_e164(number: &str) -> bool {
    number.strip_prefix('+').is_some_and(|digits| {
        DIGITS.contains(&digits.len()) && !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_digit_of_a_magic_number_decides_and_every_other_number_talks() {
        for (number, callee) in [
            ("+15005550001", Some(Callee::Talks)),
            ("+15005550002", Some(Callee::Busy)),
            ("+15005550003", Some(Callee::NoAnswer)),
            ("+15005550004", Some(Callee::Stays)),
            ("+15005550005", Some(Callee::Ignores)),
            ("+15005550006", None),
            ("+15005550007", Some(Callee::Voicemail)),
            ("+15005550008", Some(Callee::Unreported)),
            ("+15005550009", Some(Callee::ReplyLost)),
            ("+150055500022", Some(Callee::Talks)),
            ("+96891234567", Some(Callee::Talks)),
            ("15005550001", None),
            ("+0123456789", None),
            ("+1500555000a", None),
            ("+123456", None),
            ("+1234567890123456", None),
            ("", None),
        ] {
            assert_eq!(Callee::at(number), callee, "{number}");
        }
    }
}

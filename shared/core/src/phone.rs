//! Telephone numbers: how a destination is read, shown, kept out of logs and told apart from what must never be dialled.
//!
//! A number *is* its E.164 text; reading rows back checks only its form. The numbering plans (who has which range) are asked only by
//! [`PhoneNumber::parse`], [`PhoneNumber::class`] and [`PhoneNumber::region`], and are loaded by the first of these in a process. What
//! this module must not know: which destinations are allowed (that is `dial_policy`), or any provider.
//!
//! | file | noun |
//! |---|---|
//! | `written` | what a person wrote: its prefix and its digits |
//! | `plan` | the numbering plans; the only file that names the library they come from |
//! | `region` | [`Region`]: whose number it is |

mod plan;
mod region;
mod written;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use region::Region;
use written::{Prefix, Written};

/// Most digits of a number, its country code included (ITU-T E.164, 6.1).
const MAX_DIGITS: usize = 15;
/// Fewest digits, country code included, of a number that anybody can be reached at from abroad (Niue and Tristan da Cunha: a code of
/// three and four more). What is shorter is a short code: an emergency number, an information service.
const SHORTEST_DIGITS: usize = 7;
/// How many of the last digits a mask shows, as api.md does: enough for a person to recognise their own number.
const SHOWN_LAST: usize = 4;
/// How many of the first digits a mask shows at most: the country code and a little of the network.
const SHOWN_FIRST: usize = 4;
/// How many digits a mask hides at least.
const HIDDEN: usize = 3;

/// A telephone number in E.164 form. It is about a person: `Debug` prints nothing of it, there is no `Display`, and serialising gives
/// the whole number, for the table and for callers who may see it; others get [`PhoneNumber::masked`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct PhoneNumber(String);

/// What a number is, by its country's numbering plan. An extra cost or danger outranks everything else that is true of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NumberClass {
    /// A line or a mobile at the usual price, number blocks of companies included.
    Ordinary,
    /// The callee pays.
    TollFree,
    /// It follows a person from line to line (`+1 500`, `+44 70`); what a call costs depends on the country.
    Personal,
    /// It pages somebody; nobody can be talked to.
    Pager,
    /// The callee earns with every minute.
    Premium,
    /// The caller pays a part that the plan, not the caller's contract, sets.
    SharedCost,
    /// A satellite, or a network that is in no country but sold like one (`+870`, `+881`, `+882`, `+883`).
    Satellite,
    /// A service of the whole world (`+800`, `+878`, `+888`).
    InternationalService,
    /// Too short to be anybody's number from abroad.
    Short,
    /// In no range that a plan knows.
    Unassigned,
}

/// Why a text is not taken as a destination. The messages are for the caller, and hold nothing of the number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadNumber {
    /// There is something in it that no number has, or nothing at all.
    #[error("is not a phone number; write + and the country code, then digits, as in +968 9123 4567")]
    NotANumber,
    /// The hint is not a region.
    #[error("is not an ISO 3166-1 country code of two letters, as in OM (the United Kingdom is GB)")]
    UnknownRegion,
    /// It is written as within a country, and nobody says which.
    #[error(
        "is written without its country; write + and the country code first, or name the country in region, as in OM"
    )]
    RegionNeeded,
    /// It is written with what is dialled only within or out of a country: `00`, `(0)`, a `0` after the country code.
    #[error("is not in international form; write + and the country code, without 00, 011 or a 0 in brackets")]
    NotInternational {
        /// The number that was probably meant, where there is one.
        suggestion: Option<PhoneNumber>,
    },
    /// An emergency number or another short code.
    #[error("is a short code, and those are never called; write a whole number with + and the country code")]
    ShortCode,
    /// The plan of its country has no such number.
    #[error("is in no range of its country's numbering plan; check its first digits and how many there are")]
    Unassigned,
}

impl BadNumber {
    /// The number that was probably meant, where that is sensible to say.
    #[must_use]
    pub fn suggestion(&self) -> Option<&PhoneNumber> {
        match self {
            Self::NotInternational { suggestion } => suggestion.as_ref(),
            Self::NotANumber | Self::UnknownRegion | Self::RegionNeeded | Self::ShortCode | Self::Unassigned => None,
        }
    }
}

impl PhoneNumber {
    /// Has the numbering plans unpacked by a thread of its own, for a process that will need them with its first request and has to
    /// start up in the meantime. Where no thread can be had, whoever needs them first unpacks them.
    pub fn prepare_plans() {
        let unpack = || plan::region(&Self("+12025550123".to_owned()));
        drop(std::thread::Builder::new().name("numbering-plans".to_owned()).spawn(unpack));
    }

    /// Reads a destination as a person writes it: spaces, dashes, brackets and the digits of other scripts are taken. `region_hint` (ISO
    /// 3166-1) says where a number without `+` is at home.
    ///
    /// What is written in a form that only a telephone within some country understands is refused with a suggestion and not corrected,
    /// because a wrong guess calls a stranger. Premium and other unwelcome numbers are numbers: the dial policy refuses those.
    ///
    /// # Errors
    /// [`BadNumber`], which says what to write instead.
    pub fn parse(text: &str, region_hint: Option<&str>) -> Result<Self, BadNumber> {
        let hint = region_hint.map(|hint| Region::parse(hint).ok_or(BadNumber::UnknownRegion)).transpose()?;
        let written = Written::read(text).ok_or(BadNumber::NotANumber)?;
        if written.longest() < SHORTEST_DIGITS {
            return Err(BadNumber::ShortCode);
        }
        match (written.prefix, hint) {
            (Prefix::Plus, _) => Self::from_abroad(&written),
            (Prefix::Exit, _) => Err(BadNumber::NotInternational { suggestion: plan::from_abroad(&written.readings) }),
            (Prefix::None, Some(region)) => Self::from_within(&written, region),
            (Prefix::None, None) => Err(BadNumber::RegionNeeded),
        }
    }

    /// Takes a number as the table and the providers write it, by its form alone: `+`, then 3 to 15 digits of which the first is not 0.
    /// Not for what a caller asks to be dialled.
    #[must_use]
    pub fn from_e164(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('+')?;
        let fits = (3..=MAX_DIGITS).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| Self(text.to_owned()))
    }

    /// The number itself, as in `+96891234567`.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The number for those who may not see it, as in `+9689•••5678`: the last four digits, at most four of the first, and at least
    /// three hidden between them.
    #[must_use]
    pub fn masked(&self) -> String {
        let digits = self.digits();
        let last = SHOWN_LAST.min(digits.len().saturating_sub(HIDDEN));
        let first = SHOWN_FIRST.min(digits.len().saturating_sub(HIDDEN + last));
        let hidden = digits.len().saturating_sub(first + last);
        let shown = |from: usize, count: usize| digits.chars().skip(from).take(count);
        let dots = std::iter::repeat_n('•', hidden);
        std::iter::once('+').chain(shown(0, first)).chain(dots).chain(shown(first + hidden, last)).collect()
    }

    /// What the number is.
    #[must_use]
    pub fn class(&self) -> NumberClass {
        plan::class(self)
    }

    /// Whose numbering plan it is in; told apart within `+1`, `+7`, `+44` and the like. A number in no known range is
    /// taken as its country code's, of several countries as the largest one's. `None` if it is in no country.
    #[must_use]
    pub fn region(&self) -> Option<Region> {
        plan::region(self)
    }

    /// The digits, country code first.
    pub(crate) fn digits(&self) -> &str {
        self.0.trim_start_matches('+')
    }

    fn from_abroad(written: &Written) -> Result<Self, BadNumber> {
        match (plan::from_abroad(&written.readings), written.readings.as_slice()) {
            (Some(number), [digits]) if number.digits() == digits => Ok(number),
            (Some(number), _) => Err(BadNumber::NotInternational { suggestion: Some(number) }),
            (None, [digits]) => plan::possible(digits).ok_or(BadNumber::Unassigned),
            (None, _) => Err(BadNumber::NotInternational { suggestion: None }),
        }
    }

    fn from_within(written: &Written, region: Region) -> Result<Self, BadNumber> {
        match (plan::from_within(&written.readings, region), written.readings.as_slice()) {
            (Some(found), [_]) if found.as_national => Ok(found.number),
            (Some(found), _) => Err(BadNumber::NotInternational { suggestion: Some(found.number) }),
            (None, [_]) => Err(BadNumber::Unassigned),
            (None, _) => Err(BadNumber::NotInternational { suggestion: None }),
        }
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[phone number]")
    }
}

impl<'de> Deserialize<'de> for PhoneNumber {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_e164(&text).ok_or_else(|| serde::de::Error::custom("expected a phone number in E.164 form"))
    }
}

#[cfg(test)]
mod tests;

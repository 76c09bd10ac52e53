//! The dial policy: which numbers may be called at all, how often, and for how much.
//!
//! A number costs money before anybody has looked at it, and a stolen key dials all night: so nothing is called until the countries are
//! listed, what is dear by its kind is never called, and everything else is counted. [`DialPolicy::judge`] is the part that needs only the
//! number. The counting is done where the call is recorded, in the same transaction; here are its limits and the names of its refusals.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::{Micros, NumberClass, PhoneNumber, Region, Settings};

/// Digits that a range leaves open: numbers are assigned to operators, and rented by fraudsters, in blocks of this size.
const RANGE_OPEN_DIGITS: usize = 4;
/// The country code whose personal numbers (`+1 500` and its like) cost what any call there costs.
const NORTH_AMERICA: char = '1';

/// The largest cap and the largest daily spend that a setting can ask for; more is a slip of the keyboard.
const MAX_CAP: u32 = 1_000_000;
/// See [`MAX_CAP`].
const MAX_SPEND: Micros = Micros::new(1_000_000_000_000);
/// The least that a minute may be estimated at: an estimate of nothing would make the daily spend no limit.
const MIN_ESTIMATE: Micros = Micros::new(1_000);
/// No provider of ours comes near this price for a minute.
const MAX_ESTIMATE: Micros = Micros::new(100_000_000);

/// What an installation allows to be dialled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DialPolicy {
    /// The regions that may be called. None: no calls.
    pub countries: BTreeSet<Region>,
    /// How often one number may be called in a day, for one tenant; `None`: as often as anybody likes.
    pub per_destination_per_day: Option<u32>,
    /// How often the numbers of one range ([`number_range`]) may be called in an hour, for one tenant.
    pub per_range_per_hour: Option<u32>,
    /// How many numbers that a tenant has not called before may be called in an hour.
    pub new_destinations_per_hour: Option<u32>,
    /// What a tenant's calls of one day may cost, in USD; there is always such a limit.
    pub daily_spend: Micros,
    /// What the calls of one day that one API key places may cost, in USD.
    pub daily_spend_per_key: Micros,
    /// What a minute is taken to cost, in USD, until the provider says what it did cost.
    pub estimate_per_minute: Micros,
}

impl DialPolicy {
    /// Reads `CALL_COUNTRIES`, `CALL_CAP_PER_DESTINATION`, `CALL_CAP_PER_RANGE`, `CALL_CAP_NEW_DESTINATIONS` (0 switches a cap off),
    /// `CALL_DAILY_SPEND`, `CALL_DAILY_SPEND_PER_KEY` and `CALL_ESTIMATE_PER_MINUTE` (USD).
    pub fn read(settings: &mut impl Settings) -> Self {
        let countries =
            settings.parsed("CALL_COUNTRIES", "", countries, "a list of ISO 3166-1 country codes, as in OM,AE,GB");
        let mut cap = |name, default| Some(settings.number(name, default, 0..=MAX_CAP)).filter(|cap| *cap > 0);
        let per_destination_per_day = cap("CALL_CAP_PER_DESTINATION", 5);
        let per_range_per_hour = cap("CALL_CAP_PER_RANGE", 30);
        let new_destinations_per_hour = cap("CALL_CAP_NEW_DESTINATIONS", 60);
        let mut spend = |name, default| settings.number(name, default, Micros::ZERO..=MAX_SPEND);
        let daily_spend = spend("CALL_DAILY_SPEND", Micros::new(50_000_000));
        let daily_spend_per_key = spend("CALL_DAILY_SPEND_PER_KEY", Micros::new(25_000_000));
        let estimate_per_minute =
            settings.number("CALL_ESTIMATE_PER_MINUTE", Micros::new(150_000), MIN_ESTIMATE..=MAX_ESTIMATE);
        Self {
            countries: countries.unwrap_or_default(),
            per_destination_per_day,
            per_range_per_hour,
            new_destinations_per_hour,
            daily_spend,
            daily_spend_per_key,
            estimate_per_minute,
        }
    }

    /// Whether `number` may be called at all.
    ///
    /// # Errors
    /// Why not.
    pub fn judge(&self, number: &PhoneNumber) -> Result<(), PolicyRefusal> {
        if self.countries.is_empty() {
            return Err(PolicyRefusal::CountriesNotSet);
        }
        match number.class() {
            NumberClass::Premium => Err(PolicyRefusal::Premium),
            // Elsewhere these are priced like premium numbers, and as dear a trap.
            NumberClass::Personal | NumberClass::Pager if !number.digits().starts_with(NORTH_AMERICA) => {
                Err(PolicyRefusal::Premium)
            }
            NumberClass::SharedCost => Err(PolicyRefusal::SharedCost),
            NumberClass::Satellite | NumberClass::InternationalService => Err(PolicyRefusal::Satellite),
            NumberClass::Short => Err(PolicyRefusal::Short),
            // A number in no known range is likely one that the copy of its plan does not know yet: its country decides.
            NumberClass::Unassigned
            | NumberClass::Ordinary
            | NumberClass::TollFree
            | NumberClass::Personal
            | NumberClass::Pager => match number.region() {
                Some(region) if self.countries.contains(&region) => Ok(()),
                region => Err(PolicyRefusal::CountryNotListed { region }),
            },
        }
    }

    /// What a call is taken to cost, in USD, if it lasts as long as it may: every minute begun.
    #[must_use]
    pub fn estimate(&self, max_duration: Duration) -> Micros {
        let minutes = max_duration.as_secs().div_ceil(60);
        self.estimate_per_minute.times(u32::try_from(minutes).unwrap_or(u32::MAX))
    }
}

/// The range that a number lies in: the number without its last four digits, as in `+9689123`.
#[must_use]
pub fn number_range(number: &PhoneNumber) -> String {
    let digits = number.digits();
    let kept = digits.len().saturating_sub(RANGE_OPEN_DIGITS);
    std::iter::once('+').chain(digits.chars().take(kept)).collect()
}

fn countries(list: &str) -> Option<BTreeSet<Region>> {
    list.split(',').map(str::trim).filter(|code| !code.is_empty()).map(Region::parse).collect()
}

/// Why a number is not dialled. The messages are for the caller, say which setting decides, and hold nothing of the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum PolicyRefusal {
    /// The operator has not said yet where calls may go.
    #[error("no phone call is placed until CALL_COUNTRIES lists the countries that may be called, as in OM,AE")]
    CountriesNotSet,
    /// The number is in a region that is not on the list, or in none that is known.
    #[error("{}", country_not_listed(*region))]
    CountryNotListed {
        /// Where the number is, if that is known.
        region: Option<Region>,
    },
    /// The callee would earn with every minute.
    #[error(
        "premium-rate numbers, and personal and pager numbers that are billed like them, are never called; give the callee's ordinary number"
    )]
    Premium,
    /// The numbering plan, not the contract, sets the price.
    #[error("shared-cost numbers are never called; give the callee's ordinary number")]
    SharedCost,
    /// The number is in no country.
    #[error(
        "satellite numbers and numbers of international networks (+800, +870 to +888) are never called; give the callee's ordinary number"
    )]
    Satellite,
    /// An emergency number or another short code.
    #[error("short codes and emergency numbers are never called; give a whole number with its country code")]
    Short,
    /// One number too often in a day.
    #[error(
        "this number has been called as often as one number may be in a day (CALL_CAP_PER_DESTINATION); try again tomorrow, or raise that setting"
    )]
    DestinationCap,
    /// One range too often in an hour.
    #[error(
        "numbers that differ from this one only in the last four digits have been called as often as they may be in an hour (CALL_CAP_PER_RANGE); try again later, or raise that setting"
    )]
    RangeCap,
    /// Too many numbers that were never called before.
    #[error(
        "as many numbers have been called for the first time as may be in an hour (CALL_CAP_NEW_DESTINATIONS); try again later, or raise that setting"
    )]
    NewDestinations,
    /// The tenant's day is spent.
    #[error(
        "this call could pass what the tenant's calls may cost in a day (CALL_DAILY_SPEND); try again tomorrow, ask for a shorter maxDurationSecs, or raise that setting"
    )]
    TenantSpend,
    /// The key's day is spent.
    #[error(
        "this call could pass what the calls of one API key may cost in a day (CALL_DAILY_SPEND_PER_KEY); try again tomorrow, ask for a shorter maxDurationSecs, or raise that setting"
    )]
    KeySpend,
}

impl PolicyRefusal {
    /// The refusal's name, for programs; it never changes.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::CountriesNotSet => "countries_not_set",
            Self::CountryNotListed { .. } => "country_not_listed",
            Self::Premium => "premium_number",
            Self::SharedCost => "shared_cost_number",
            Self::Satellite => "satellite_number",
            Self::Short => "short_number",
            Self::DestinationCap => "destination_cap",
            Self::RangeCap => "range_cap",
            Self::NewDestinations => "new_destinations_cap",
            Self::TenantSpend => "tenant_daily_spend",
            Self::KeySpend => "key_daily_spend",
        }
    }
}

fn country_not_listed(region: Option<Region>) -> String {
    match region {
        Some(region) => format!("calls to {region} are not allowed; add {region} to CALL_COUNTRIES if they should be"),
        None => {
            "the number is in no country's numbering plan, so CALL_COUNTRIES cannot allow it; check its digits".into()
        }
    }
}

#[cfg(test)]
mod tests;

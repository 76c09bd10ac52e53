//! The numbering plans: which numbers exist, whose they are and what they cost by their kind.
//!
//! They are libphonenumber's, through the crate `rlibphonenumber`, which carries them in the binary and unpacks them when first asked (about
//! 3 ms, once in a process). Only digits that [`super::written`] has cleaned get here, never a caller's text.

use rlibphonenumber::{CountryCodeSource, PHONE_NUMBER_UTIL, PhoneNumberFormat, PhoneNumberType};

use super::{NumberClass, PhoneNumber, Region, SHORTEST_DIGITS};

/// A number that was written as within a country.
pub(super) struct FoundWithin {
    pub(super) number: PhoneNumber,
    /// Whether it was so written; otherwise with a country code after all, or with what is dialled to leave the country.
    pub(super) as_national: bool,
}

/// The first of `readings`, digits with the country code first, that is an assigned number.
pub(super) fn from_abroad(readings: &[String]) -> Option<PhoneNumber> {
    readings.iter().find_map(|digits| assigned(&entry(&format!("+{digits}"))?))
}

/// The number of these digits if its plan has numbers of that length, whether or not the range is given to anybody: plans change
/// faster than their copies, and whoever writes a country code with a `+` leaves no doubt what is meant.
pub(super) fn possible(digits: &str) -> Option<PhoneNumber> {
    let international = format!("+{digits}");
    let found = entry(&international)?;
    let same = PHONE_NUMBER_UTIL.format(&found, PhoneNumberFormat::E164) == international;
    (same && PHONE_NUMBER_UTIL.is_possible_number(&found)).then(|| PhoneNumber::from_e164(&international)).flatten()
}

/// The first of `readings`, digits as dialled within `region`, that is an assigned number.
pub(super) fn from_within(readings: &[String], region: Region) -> Option<FoundWithin> {
    let home = rlibphonenumber::Region::from_code(region.as_str()).ok()?;
    readings.iter().find_map(|digits| {
        let entry = PHONE_NUMBER_UTIL.parse_and_keep_raw_input(digits, Some(home)).ok()?;
        let as_national = entry.country_code_source() == CountryCodeSource::FromDefaultCountry;
        Some(FoundWithin { number: assigned(&entry)?, as_national })
    })
}

/// Whose number it is.
pub(super) fn region(number: &PhoneNumber) -> Option<Region> {
    let entry = entry(number.expose())?;
    // A number in no known range is its country code's; of several countries, the largest one's.
    let region = PHONE_NUMBER_UTIL
        .get_region_for_number(&entry)
        .or_else(|| PHONE_NUMBER_UTIL.get_region_for_country_code(entry.country_code))?;
    Region::parse(&region.as_region_str())
}

/// What kind of number it is.
pub(super) fn class(number: &PhoneNumber) -> NumberClass {
    let unassigned = if number.digits().len() < SHORTEST_DIGITS { NumberClass::Short } else { NumberClass::Unassigned };
    let Some(entry) = entry(number.expose()) else { return unassigned };
    // Codes of no country (ITU-T E.164.1): the network is the price, whatever the plan says of the range within.
    match entry.country_code {
        870 | 881 | 882 | 883 => return NumberClass::Satellite,
        800 | 878 | 888 => return NumberClass::InternationalService,
        808 => return NumberClass::SharedCost,
        979 => return NumberClass::Premium,
        _ => {}
    }
    match PHONE_NUMBER_UTIL.get_number_type(&entry) {
        PhoneNumberType::FixedLine
        | PhoneNumberType::Mobile
        | PhoneNumberType::FixedLineOrMobile
        | PhoneNumberType::VoIP
        | PhoneNumberType::UAN
        | PhoneNumberType::VoiceMail => NumberClass::Ordinary,
        PhoneNumberType::TollFree => NumberClass::TollFree,
        PhoneNumberType::PersonalNumber => NumberClass::Personal,
        PhoneNumberType::Pager => NumberClass::Pager,
        PhoneNumberType::PremiumRate => NumberClass::Premium,
        PhoneNumberType::SharedCost => NumberClass::SharedCost,
        PhoneNumberType::Unknown => unassigned,
    }
}

fn entry(international: &str) -> Option<rlibphonenumber::PhoneNumber> {
    PHONE_NUMBER_UTIL.parse(international, None).ok()
}

/// The number, if its plan has such a one.
fn assigned(entry: &rlibphonenumber::PhoneNumber) -> Option<PhoneNumber> {
    let e164 = PHONE_NUMBER_UTIL.format(entry, PhoneNumberFormat::E164);
    PHONE_NUMBER_UTIL.is_valid_number(entry).then(|| PhoneNumber::from_e164(&e164)).flatten()
}

/// The regions that the plans know.
#[cfg(test)]
pub(super) fn regions() -> std::collections::BTreeSet<String> {
    PHONE_NUMBER_UTIL.get_supported_regions().map(|region| region.to_string()).collect()
}

/// The examples of a line and of a mobile that the plan of `region` names.
#[cfg(test)]
pub(super) fn examples(region: Region) -> Vec<String> {
    let home = rlibphonenumber::Region::from_code(region.as_str()).unwrap();
    [PhoneNumberType::FixedLine, PhoneNumberType::Mobile]
        .into_iter()
        .filter_map(|kind| PHONE_NUMBER_UTIL.get_example_number_for_type_and_region(home, kind).ok())
        .map(|entry| PHONE_NUMBER_UTIL.format(&entry, PhoneNumberFormat::E164).into_owned())
        .collect()
}

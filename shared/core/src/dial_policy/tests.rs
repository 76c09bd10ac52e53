//! What the policy lets through, and how it is read.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use super::*;

/// Settings from a list, as the shell reads them from an environment.
#[derive(Default)]
struct Listed {
    values: BTreeMap<&'static str, &'static str>,
    problems: Vec<String>,
}

impl Settings for Listed {
    fn required(&mut self, name: &str) -> String {
        self.text(name, "")
    }

    fn text(&mut self, name: &str, default: &str) -> String {
        self.values.get(name).copied().unwrap_or(default).to_owned()
    }

    fn base_url(&mut self, name: &str) -> String {
        self.required(name)
    }

    fn number<N>(&mut self, name: &str, default: N, bounds: RangeInclusive<N>) -> N
    where
        N: FromStr + PartialOrd + Display + Copy,
    {
        let Some(text) = self.values.get(name) else { return default };
        text.parse().ok().filter(|number| bounds.contains(number)).unwrap_or_else(|| {
            self.problems.push(format!("{name}: {} to {}", bounds.start(), bounds.end()));
            default
        })
    }

    fn parsed<T>(&mut self, name: &str, default: &str, read: impl FnOnce(&str) -> Option<T>, form: &str) -> Option<T> {
        let value = read(&self.text(name, default));
        if value.is_none() {
            self.problems.push(format!("{name}: {form}"));
        }
        value
    }
}

fn read(values: &[(&'static str, &'static str)]) -> (DialPolicy, Vec<String>) {
    let mut settings = Listed { values: values.iter().copied().collect(), problems: Vec::new() };
    (DialPolicy::read(&mut settings), settings.problems)
}

fn judged(countries: &'static str, number: &str) -> Result<(), PolicyRefusal> {
    read(&[("CALL_COUNTRIES", countries)]).0.judge(&PhoneNumber::from_e164(number).unwrap())
}

#[test]
fn no_call_is_placed_until_the_countries_are_set() {
    for number in ["+96891234567", "+15005550001", "+18002345678", "+449012345678"] {
        assert_eq!(judged("", number), Err(PolicyRefusal::CountriesNotSet), "{number}");
    }
}

#[test]
fn a_country_is_a_region_and_not_a_dialling_code() {
    for (listed, number, stranger) in [
        ("US", "+12025550123", None),
        ("US", "+18002345678", None),
        ("US", "+15005550001", None),
        ("US", "+12046234567", Some("CA")),
        ("US", "+18762101234", Some("JM")),
        ("US", "+18092345678", Some("DO")),
        ("US", "+16846221234", Some("AS")),
        ("CA", "+15005550001", Some("US")),
        ("GB", "+447400123456", None),
        ("GB", "+447797712345", Some("JE")),
        ("RU", "+77012345678", Some("KZ")),
        ("OM,AE", "+96891234567", None),
        ("OM,AE", "+966512345678", Some("SA")),
    ] {
        let region = stranger.map(|code| Region::parse(code).unwrap());
        let expected = region.map_or(Ok(()), |region| Err(PolicyRefusal::CountryNotListed { region: Some(region) }));
        assert_eq!(judged(listed, number), expected, "{number}");
    }
}

#[test]
fn a_number_in_no_known_range_is_its_countrys() {
    for (list, number, allowed) in [
        ("OM", "+96812345678", true),
        ("US", "+15551234567", true),
        ("CA", "+15551234567", false),
        ("US", "+96812345678", false),
    ] {
        assert_eq!(judged(list, number).is_ok(), allowed, "{number} in {list}");
    }
}

#[test]
fn what_is_dear_by_its_kind_is_refused_in_a_listed_country_too() {
    let everywhere = "OM,AE,SA,GB,US,DE,FR,CH,IT";
    for (number, refusal) in [
        ("+96890012345", PolicyRefusal::Premium),
        ("+971900234567", PolicyRefusal::Premium),
        ("+966925012345", PolicyRefusal::Premium),
        ("+449012345678", PolicyRefusal::Premium),
        ("+448712345678", PolicyRefusal::Premium),
        ("+447012345678", PolicyRefusal::Premium),
        ("+447640123456", PolicyRefusal::Premium),
        ("+19002345678", PolicyRefusal::Premium),
        ("+499001234567", PolicyRefusal::Premium),
        ("+979123456789", PolicyRefusal::Premium),
        ("+966920012345", PolicyRefusal::SharedCost),
        ("+971700512345", PolicyRefusal::SharedCost),
        ("+491801123456", PolicyRefusal::SharedCost),
        ("+80812345678", PolicyRefusal::SharedCost),
        ("+870773111632", PolicyRefusal::Satellite),
        ("+881612345678", PolicyRefusal::Satellite),
        ("+88299999999", PolicyRefusal::Satellite),
        ("+883510001234567", PolicyRefusal::Satellite),
        ("+80012345678", PolicyRefusal::Satellite),
        ("+878101234567890", PolicyRefusal::Satellite),
        ("+911", PolicyRefusal::Short),
        ("+968112", PolicyRefusal::Short),
        ("+999123456789", PolicyRefusal::CountryNotListed { region: None }),
    ] {
        assert_eq!(judged(everywhere, number), Err(refusal), "{number}");
    }
}

#[test]
fn the_defaults_let_nobody_be_called_and_cap_everything() {
    let (policy, problems) = read(&[]);
    assert!(problems.is_empty() && policy.countries.is_empty());
    let caps = (policy.per_destination_per_day, policy.per_range_per_hour, policy.new_destinations_per_hour);
    assert_eq!(caps, (Some(5), Some(30), Some(60)));
    let spend = [policy.daily_spend, policy.daily_spend_per_key, policy.estimate_per_minute];
    assert_eq!(spend.map(|amount| amount.to_string()), ["50.00", "25.00", "0.15"]);
}

#[test]
fn settings_are_read_and_a_cap_of_zero_is_none() {
    let (policy, problems) = read(&[
        ("CALL_COUNTRIES", "US, om,AE,"),
        ("CALL_CAP_PER_DESTINATION", "0"),
        ("CALL_CAP_PER_RANGE", "7"),
        ("CALL_DAILY_SPEND", "12.5"),
    ]);
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(policy.countries.iter().map(|region| region.as_str()).collect::<Vec<_>>(), ["AE", "OM", "US"]);
    assert_eq!((policy.per_destination_per_day, policy.per_range_per_hour), (None, Some(7)));
    assert_eq!(policy.daily_spend, Micros::new(12_500_000));
}

#[test]
fn a_wrong_setting_is_a_problem_and_never_a_wider_policy() {
    let (policy, problems) = read(&[
        ("CALL_COUNTRIES", "US,UK"),
        ("CALL_CAP_PER_DESTINATION", "-1"),
        ("CALL_DAILY_SPEND", "unlimited"),
        ("CALL_DAILY_SPEND_PER_KEY", "-5"),
        ("CALL_ESTIMATE_PER_MINUTE", "0"),
    ]);
    assert_eq!(problems.len(), 5, "{problems:?}");
    assert_eq!(policy, read(&[]).0);
}

#[test]
fn a_call_is_estimated_by_every_minute_that_it_may_begin() {
    let (policy, _) = read(&[]);
    for (secs, estimate) in [(0, "0.00"), (1, "0.15"), (60, "0.15"), (61, "0.30"), (600, "1.50"), (14_400, "36.00")] {
        assert_eq!(policy.estimate(Duration::from_secs(secs)).to_string(), estimate, "{secs}");
    }
    assert!(policy.estimate(Duration::MAX) > MAX_SPEND);
}

#[test]
fn a_range_is_what_stays_when_the_last_four_digits_turn() {
    for (number, range) in
        [("+96891234567", "+9689123"), ("+96891239999", "+9689123"), ("+15005550001", "+1500555"), ("+911", "+")]
    {
        assert_eq!(number_range(&PhoneNumber::from_e164(number).unwrap()), range);
    }
}

#[test]
fn every_refusal_that_a_setting_decides_names_that_setting() {
    let region = Region::parse("CA");
    for (refusal, code, names) in [
        (PolicyRefusal::CountriesNotSet, "countries_not_set", "CALL_COUNTRIES"),
        (PolicyRefusal::CountryNotListed { region }, "country_not_listed", "add CA to CALL_COUNTRIES"),
        (PolicyRefusal::DestinationCap, "destination_cap", "CALL_CAP_PER_DESTINATION"),
        (PolicyRefusal::RangeCap, "range_cap", "CALL_CAP_PER_RANGE"),
        (PolicyRefusal::NewDestinations, "new_destinations_cap", "CALL_CAP_NEW_DESTINATIONS"),
        (PolicyRefusal::TenantSpend, "tenant_daily_spend", "CALL_DAILY_SPEND)"),
        (PolicyRefusal::KeySpend, "key_daily_spend", "CALL_DAILY_SPEND_PER_KEY"),
    ] {
        assert_eq!(refusal.code(), code);
        assert!(refusal.to_string().contains(names), "{refusal}");
    }
}

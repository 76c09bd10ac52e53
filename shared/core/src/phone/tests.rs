//! What is taken as a destination, what is refused, and what each number is.

use proptest::prelude::{Strategy, prop_assert, prop_assert_eq, proptest};
use proptest::sample::select;

use super::{BadNumber, NumberClass, PhoneNumber, Region, plan};

fn number(text: &str) -> PhoneNumber {
    PhoneNumber::parse(text, None).unwrap_or_else(|bad| panic!("{text}: {bad}"))
}

fn suggestion(text: &str, region: Option<&str>) -> Option<String> {
    let bad = PhoneNumber::parse(text, region).unwrap_err();
    assert!(matches!(bad, BadNumber::NotInternational { .. }), "{text}: {bad}");
    bad.suggestion().map(|number| number.expose().to_owned())
}

#[test]
fn a_number_is_taken_in_any_spelling_that_is_understood_everywhere() {
    for (text, region, e164) in [
        ("+96891234567", None, "+96891234567"),
        (" +968 9123-4567", None, "+96891234567"),
        ("(+968) 91 23 45 67", None, "+96891234567"),
        ("+٩٦٨ ٩١٢٣٤٥٦٧", None, "+96891234567"),
        ("+44 20-7946.0000", None, "+442079460000"),
        ("+39 06 1234 5678", None, "+390612345678"),
        ("+1 (202) 555-0123", Some("OM"), "+12025550123"),
        ("9123 4567", Some("OM"), "+96891234567"),
        ("٩١٢٣٤٥٦٧", Some("om"), "+96891234567"),
        ("050 123 4567", Some("AE"), "+971501234567"),
        ("0512345678", Some("SA"), "+966512345678"),
        ("(020) 7946 0000", Some("GB"), "+442079460000"),
        ("(202) 555-0123", Some("US"), "+12025550123"),
        ("06 1234 5678", Some("IT"), "+390612345678"),
        ("+683 4123", None, "+6834123"),
    ] {
        let read = PhoneNumber::parse(text, region).map(|number| number.expose().to_owned());
        assert_eq!(read.as_deref(), Ok(e164), "{text:?} in {region:?}");
    }
}

#[test]
fn what_only_a_telephone_somewhere_understands_is_refused_with_the_number_that_was_meant() {
    for (text, region, meant) in [
        ("0096891234567", None, Some("+96891234567")),
        ("00 968 9123 4567", Some("OM"), Some("+96891234567")),
        ("+0096891234567", None, Some("+96891234567")),
        ("96891234567+", None, Some("+96891234567")),
        ("011 968 9123 4567", Some("US"), Some("+96891234567")),
        ("968 9123 4567", Some("OM"), Some("+96891234567")),
        ("+44 (0)20 7946 0000", None, Some("+442079460000")),
        ("0044 (0) 20 7946 0000", None, Some("+442079460000")),
        ("+44 020 7946 0000", None, Some("+442079460000")),
        ("(0)20 7946 0000", Some("GB"), Some("+442079460000")),
        ("+971 (0)50 123 4567", None, Some("+971501234567")),
        ("+49 (0)30 901820", None, Some("+4930901820")),
        // Italy keeps its zero.
        ("+39 (0)6 1234 5678", None, Some("+390612345678")),
        ("00999123456789", None, None),
        ("+968 (0)1234 5678", None, None),
    ] {
        assert_eq!(suggestion(text, region).as_deref(), meant, "{text:?} in {region:?}");
    }
}

#[test]
fn a_refusal_says_what_is_wrong() {
    for (text, region, bad) in [
        ("", None, BadNumber::NotANumber),
        ("call me", None, BadNumber::NotANumber),
        ("+1 800 FLOWERS", None, BadNumber::NotANumber),
        ("+96891234567 ext 5", None, BadNumber::NotANumber),
        ("9123 4567", None, BadNumber::RegionNeeded),
        ("96891234567", None, BadNumber::RegionNeeded),
        ("9123 4567", Some("Oman"), BadNumber::UnknownRegion),
        ("+96891234567", Some("UK"), BadNumber::UnknownRegion),
        ("112", None, BadNumber::ShortCode),
        ("911", Some("US"), BadNumber::ShortCode),
        ("+911", None, BadNumber::ShortCode),
        ("000", Some("AU"), BadNumber::ShortCode),
        ("00112", Some("DE"), BadNumber::ShortCode),
        ("1930", None, BadNumber::ShortCode),
        ("12345", Some("US"), BadNumber::ShortCode),
        ("12345", Some("AT"), BadNumber::ShortCode),
        ("+999 1234 5678", None, BadNumber::Unassigned),
        ("+968 9123 456 7890", None, BadNumber::Unassigned),
        ("9123 456", Some("OM"), BadNumber::Unassigned),
        ("+1234567890123456", None, BadNumber::Unassigned),
    ] {
        assert_eq!(PhoneNumber::parse(text, region), Err(bad), "{text:?} in {region:?}");
    }
}

#[test]
fn the_magic_numbers_are_personal_numbers_of_the_united_states() {
    for last in (1..=9).chain([100]) {
        let magic = number(&format!("+1500555{last:04}"));
        assert_eq!((magic.class(), magic.region()), (NumberClass::Personal, Region::parse("US")));
    }
}

#[test]
fn a_number_is_told_by_its_plan() {
    use NumberClass::{InternationalService, Ordinary, Pager, Personal, Premium, Satellite, SharedCost, TollFree};
    for (text, class, region) in [
        ("+96891234567", Ordinary, "OM"),
        ("+96824123456", Ordinary, "OM"),
        ("+96890012345", Premium, "OM"),
        ("+971501234567", Ordinary, "AE"),
        ("+971900234567", Premium, "AE"),
        ("+971700512345", SharedCost, "AE"),
        ("+966512345678", Ordinary, "SA"),
        ("+966925012345", Premium, "SA"),
        ("+966920012345", SharedCost, "SA"),
        ("+97431234567", Ordinary, "QA"),
        ("+97336001234", Ordinary, "BH"),
        ("+201001234567", Ordinary, "EG"),
        ("+442079460000", Ordinary, "GB"),
        ("+449012345678", Premium, "GB"),
        ("+449098790000", Premium, "GB"),
        ("+448712345678", Premium, "GB"),
        ("+447012345678", Personal, "GB"),
        ("+447640123456", Pager, "GB"),
        ("+447797712345", Ordinary, "JE"),
        ("+447781123456", Ordinary, "GG"),
        ("+447624012345", Ordinary, "IM"),
        ("+12025550123", Ordinary, "US"),
        ("+18002345678", TollFree, "US"),
        ("+19002345678", Premium, "US"),
        ("+12046234567", Ordinary, "CA"),
        ("+18762101234", Ordinary, "JM"),
        ("+18092345678", Ordinary, "DO"),
        ("+499001234567", Premium, "DE"),
        ("+491801123456", SharedCost, "DE"),
        ("+33891123456", Premium, "FR"),
        ("+41900123456", Premium, "CH"),
        ("+39899123456", Premium, "IT"),
        ("+77012345678", Ordinary, "KZ"),
        ("+79123456789", Ordinary, "RU"),
        ("+911234567890", Ordinary, "IN"),
        ("+870773111632", Satellite, "-"),
        ("+881612345678", Satellite, "-"),
        ("+88216123456789", Satellite, "-"),
        ("+883510001234567", Satellite, "-"),
        ("+80012345678", InternationalService, "-"),
        ("+878101234567890", InternationalService, "-"),
        ("+80812345678", SharedCost, "-"),
        ("+979123456789", Premium, "-"),
    ] {
        let number = number(text);
        assert_eq!((number.class(), number.region().map_or("-", Region::as_str)), (class, region), "{text}");
    }
}

#[test]
fn every_plan_s_own_examples_are_taken_and_regions_are_told_apart_but_where_they_share_a_range() {
    let mut shared = std::collections::BTreeSet::new();
    let mut seen = 0;
    for home in plan::regions().iter().filter_map(|code| Region::parse(code)) {
        for text in plan::examples(home) {
            let region = number(&text).region().unwrap();
            if region != home {
                shared.insert(format!("{home} in {region}"));
            }
            seen += 1;
        }
    }
    assert!(seen > 450, "{seen}");
    // Small territories that number some of their lines out of a larger neighbour's ranges.
    let known = [
        "AX in FI", "BL in GP", "CC in AU", "CX in AU", "EH in MA", "IM in GB", "MF in BL", "MF in GP", "SJ in NO",
        "VA in IT",
    ];
    assert_eq!(shared.into_iter().collect::<Vec<_>>(), known);
}

#[test]
fn a_stored_number_is_judged_by_its_form_alone_and_known_for_what_it_is() {
    for (text, class) in [
        ("+96812345678", NumberClass::Unassigned),
        ("+999123456789", NumberClass::Unassigned),
        ("+96891234567", NumberClass::Ordinary),
        ("+911", NumberClass::Short),
    ] {
        let stored: PhoneNumber = serde_json::from_str(&format!("\"{text}\"")).unwrap();
        assert_eq!((stored.expose(), stored.class()), (text, class));
        assert_eq!(serde_json::to_string(&stored).unwrap(), format!("\"{text}\""));
    }
    for wrong in ["", "+", "+12", "96891234567", "+0123456789", "+1234567890123456", "+968 9123", "+٩٦٨٩١٢٣٤٥٦٧"]
    {
        assert_eq!(PhoneNumber::from_e164(wrong), None, "{wrong:?}");
    }
}

#[test]
fn a_mask_shows_both_ends_and_hides_at_least_three() {
    for (text, mask) in [
        ("+96891235678", "+9689•••5678"),
        ("+15005550001", "+1500•••0001"),
        ("+442079460000", "+4420••••0000"),
        ("+883510001234567", "+8835•••••••4567"),
        ("+29022158", "+2•••2158"),
        ("+6834123", "+•••4123"),
        ("+911", "+•••"),
    ] {
        assert_eq!(PhoneNumber::from_e164(text).unwrap().masked(), mask);
    }
}

#[test]
fn nothing_of_a_number_is_printed() {
    let meant = PhoneNumber::parse("0096891234567", None).unwrap_err();
    let printed = format!("{:?} {meant:?} {meant}", number("+96891234567"));
    assert!(!printed.contains("9123"), "{printed}");
}

/// Assigned numbers of several plans.
fn assigned() -> impl Strategy<Value = PhoneNumber> {
    let shapes = select(vec![("+9689", 7, 1), ("+97150", 7, 1), ("+96650", 7, 1), ("+4420", 8, 7), ("+1202", 7, 2)]);
    (shapes, 0..1_000_000_u32).prop_filter_map("assigned", |((head, width, first), rest)| {
        let tail = format!("{rest:0>width$}", width = width - 1);
        PhoneNumber::parse(&format!("{head}{first}{tail}"), None).ok()
    })
}

proptest! {
    #[test]
    fn a_number_that_was_taken_is_taken_again_as_it_stands_but_never_its_mask(number in assigned(), hint in select(vec![None, Some("OM"), Some("US")])) {
        prop_assert_eq!(PhoneNumber::parse(number.expose(), hint), Ok(number.clone()));
        prop_assert_eq!(PhoneNumber::from_e164(number.expose()), Some(number.clone()));
        prop_assert_eq!(PhoneNumber::parse(&number.masked(), hint), Err(BadNumber::NotANumber));
    }

    #[test]
    fn a_suggestion_is_a_number_that_will_be_taken(number in assigned()) {
        let bad = PhoneNumber::parse(&format!("00{}", number.digits()), None).unwrap_err();
        prop_assert_eq!(bad.suggestion(), Some(&number));
        prop_assert_eq!(PhoneNumber::parse(bad.suggestion().unwrap().expose(), None), Ok(number));
    }

    #[test]
    fn any_text_gets_an_answer_and_what_is_taken_is_in_e164_form(text in "[+(0-9) ]{0,24}|\\PC{0,40}", hint in select(vec![None, Some("OM"), Some("GB"), Some("US"), Some("IT")])) {
        if let Ok(number) = PhoneNumber::parse(&text, hint) {
            prop_assert!(PhoneNumber::from_e164(number.expose()).is_some());
            prop_assert!(number.class() != NumberClass::Short);
        }
    }

    #[test]
    fn a_mask_keeps_the_length_and_shows_at_most_four_digits_at_either_end(digits in "[1-9][0-9]{2,14}") {
        let masked = PhoneNumber::from_e164(&format!("+{digits}")).unwrap().masked();
        let hidden = masked.chars().filter(|mark| *mark == '•').count();
        prop_assert_eq!(masked.chars().count(), digits.len() + 1);
        prop_assert!(hidden >= 3 && digits.len() - hidden <= 8);
    }
}

//! The texts hold what R4 asks of them, and are safe to speak and to show.

use super::*;

const ISOLATE: char = '\u{2068}';
const POP: char = '\u{2069}';

fn is_arabic(mark: char) -> bool {
    matches!(mark, '\u{600}'..='\u{6FF}')
}

fn texts(scenario: &Scenario) -> [Bilingual; 4] {
    [scenario.title, scenario.description, scenario.first_message, scenario.system_prompt]
}

fn values(scenario: &Scenario) -> BTreeMap<String, String> {
    scenario.fields.iter().map(|field| (field.name.to_owned(), field.example.en.to_owned())).collect()
}

#[test]
fn there_are_the_four_scenarios_of_r4_each_with_its_placeholders() {
    let listed: Vec<_> = Scenario::all().iter().map(|scenario| (scenario.id, scenario.placeholders())).collect();
    let expected = [
        ("payment-reminder", vec!["customerName", "accountBalance", "dueDate"]),
        ("account-inquiry", vec!["customerName", "accountNumber"]),
        ("service-upgrade", vec!["customerName", "currentPlan", "newPlan"]),
        ("technical-support", vec!["customerName", "issue"]),
    ];
    assert_eq!(listed, expected);
    for (id, _) in expected {
        assert_eq!(Scenario::find(id).map(|scenario| scenario.id), Some(id));
    }
    assert_eq!(Scenario::find("Payment-Reminder"), None);
}

#[test]
fn the_system_prompt_uses_exactly_the_fields_and_the_first_message_only_the_name() {
    for scenario in Scenario::all() {
        for tag in ["ar", "en"] {
            assert_eq!(placeholders_in(scenario.system_prompt.in_language(tag)), scenario.placeholders());
            assert_eq!(placeholders_in(scenario.first_message.in_language(tag)), ["customerName"]);
        }
        for text in [scenario.title, scenario.description] {
            assert!(placeholders_in(text.ar).is_empty() && placeholders_in(text.en).is_empty());
        }
    }
}

#[test]
fn in_arabic_every_placeholder_is_isolated_and_nothing_else_turns_the_direction() {
    for scenario in Scenario::all() {
        for text in texts(scenario) {
            assert_eq!(text.ar.matches("{{").count(), text.ar.matches("\u{2068}{{").count());
            assert_eq!(text.ar.matches("}}").count(), text.ar.matches("}}\u{2069}").count());
            let outside: String = text.ar.split(ISOLATE).map(|part| part.rsplit(POP).next().unwrap()).collect();
            assert!(!outside.contains(|mark: char| mark.is_ascii_alphanumeric()), "{outside}");
            assert!(!text.en.contains(|mark: char| is_arabic(mark) || mark == ISOLATE || mark == POP));
        }
    }
}

#[test]
fn in_english_words_stand_between_any_two_placeholders() {
    for scenario in Scenario::all() {
        for text in texts(scenario) {
            let between = text.en.split("{{").skip(1).map(|part| part.split("}}").nth(1).unwrap());
            let parted: Vec<bool> =
                between.map(|words| words.contains(|mark: char| mark.is_ascii_alphabetic())).collect();
            // What follows the last one is followed by nothing.
            assert!(parted.iter().rev().skip(1).all(|parted| *parted), "{}", text.en);
        }
    }
}

#[test]
fn the_first_message_says_that_a_machine_is_calling_and_for_whom() {
    for scenario in Scenario::all() {
        assert!(scenario.first_message.en.contains("automated assistant of customer service"));
        assert!(scenario.first_message.ar.contains("المساعد الآلي لخدمة العملاء"));
    }
}

#[test]
fn a_system_prompt_is_long_enough_to_be_useful_and_short_enough_to_be_followed() {
    for scenario in Scenario::all() {
        for prompt in [scenario.system_prompt.ar, scenario.system_prompt.en] {
            let words = prompt.split_whitespace().filter(|word| word.contains(char::is_alphabetic)).count();
            assert!((150..=300).contains(&words), "{} has {words} words", scenario.id);
        }
    }
}

#[test]
fn a_script_is_filled_in_in_the_language_asked_for() {
    for scenario in Scenario::all() {
        for (tag, arabic) in
            [("ar", true), ("ar-OM", true), ("AR_sa", true), ("en", false), ("en-US", false), ("fr", false)]
        {
            let script = scenario.script(tag, &values(scenario)).unwrap();
            for text in [&script.system_prompt, &script.first_message] {
                assert_eq!(text.expose().contains(is_arabic), arabic, "{tag}");
                assert!(text.expose().contains(scenario.fields[0].example.en) && !text.expose().contains("{{"));
            }
        }
    }
}

#[test]
fn a_script_names_everything_that_is_missing_in_the_order_of_the_form() {
    for scenario in Scenario::all() {
        let missing = scenario.script("ar", &BTreeMap::new()).unwrap_err().missing;
        assert_eq!(missing, scenario.placeholders());
    }
    let name_only = [("customerName".to_owned(), "Ahmed".to_owned())].into();
    let missing = Scenario::find("payment-reminder").unwrap().script("en", &name_only).unwrap_err().missing;
    assert_eq!(missing, ["accountBalance", "dueDate"]);
}

#[test]
fn as_json_a_scenario_carries_both_languages_the_form_and_the_placeholders() {
    let json = serde_json::to_value(Scenario::find("payment-reminder")).unwrap();
    for key in ["title", "description", "systemPrompt", "firstMessage"] {
        assert!(json[key]["ar"].is_string() && json[key]["en"].is_string(), "{key}");
    }
    assert_eq!(json["placeholders"], serde_json::json!(["customerName", "accountBalance", "dueDate"]));
    assert_eq!(json["fields"][2]["name"], "dueDate");
    assert_eq!(json["fields"][2]["type"], "date");
    assert_eq!(json["fields"][2]["required"], true);
    assert_eq!(json["fields"][2]["label"]["en"], "Due date");
}

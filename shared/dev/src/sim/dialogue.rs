//! What is said on simulated phone calls: short dialogues in Arabic and English, with the caller's values filled in.
//!
//! The same call always says the same things. Providers word their transcripts in their own shapes; this file only knows
//! who says what, and when.

use serde_json::{Map, Value};
use switchboard_core::Timestamp;

use super::carrier::line::Line;

/// How long one utterance takes, in seconds.
pub(crate) const UTTERANCE_SECS: u64 = 3;

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speaker {
    /// The provider's agent.
    Agent,
    /// The person who was called.
    User,
}

/// One utterance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Utterance {
    pub(crate) speaker: Speaker,
    pub(crate) text: String,
    /// When it began, in seconds after the answer.
    pub(crate) at_secs: u64,
}

/// The language of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    Arabic,
    English,
}

impl Language {
    /// By a tag such as `ar-OM`; English is what is not Arabic.
    pub(crate) fn tagged(tag: &str) -> Self {
        if tag.to_ascii_lowercase().starts_with("ar") { Self::Arabic } else { Self::English }
    }
}

/// The agent speaks first, and then they take turns.
type Script = [&'static str; 6];

const ENGLISH: [Script; 2] = [
    [
        "Hello, this is Sara from Muscat Telecom. Am I speaking with {{customerName}}?",
        "Yes, speaking.",
        "I am calling about your balance of {{accountBalance}}, which is due on {{dueDate}}. Can you pay it by then?",
        "Yes, I will pay it tomorrow.",
        "Thank you. I have noted that. Is there anything else I can help you with?",
        "No, that is all. Goodbye.",
    ],
    [
        "Good day, this is Adam from support. I understand there is a problem with {{issue}}, {{customerName}}?",
        "Right, it keeps dropping in the evening.",
        "I have looked at your line and restarted it from here. Could you tell me whether the light is green now?",
        "Yes, it has just turned green.",
        "Good. If it happens again, call us and mention this conversation.",
        "I will. Thanks for your help.",
    ],
];

const ARABIC: [Script; 2] = [
    [
        "السلام عليكم، معك سارة من شركة الاتصالات. هل أتحدث مع {{customerName}}؟",
        "وعليكم السلام، نعم تفضلي.",
        "أتصل بخصوص رصيدك المستحق وقدره {{accountBalance}} وتاريخ استحقاقه {{dueDate}}. هل تستطيع الدفع قبل ذلك؟",
        "نعم، سأدفع غدا إن شاء الله.",
        "شكرا لك، سجلت ذلك. هل هناك شيء آخر أساعدك به؟",
        "لا، شكرا. مع السلامة.",
    ],
    [
        "مرحبا {{customerName}}، معك آدم من الدعم الفني. فهمت أن لديك مشكلة في {{issue}}؟",
        "نعم، تنقطع كل مساء.",
        "راجعت الخط وأعدت تشغيله من عندنا. هل أصبح الضوء أخضر الآن؟",
        "نعم، صار أخضر قبل قليل.",
        "ممتاز. إذا تكرر الانقطاع فاتصل بنا في أي وقت.",
        "إن شاء الله، شكرا جزيلا.",
    ],
];

/// What stands for a value that the caller did not give.
fn default_value(language: Language, name: &str) -> &'static str {
    match (language, name) {
        (Language::English, "customerName") => "the account holder",
        (Language::English, "accountBalance") => "24.500 rials",
        (Language::English, "dueDate") => "the first of next month",
        (Language::English, "issue") => "your internet connection",
        (Language::English, _) => "your account",
        (Language::Arabic, "customerName") => "صاحب الحساب",
        (Language::Arabic, "accountBalance") => "24.500 ريال",
        (Language::Arabic, "dueDate") => "أول الشهر القادم",
        (Language::Arabic, "issue") => "الإنترنت",
        (Language::Arabic, _) => "حسابك",
    }
}

/// What had been said on a line by `now`, or by its end. Nothing before it was answered.
pub(crate) fn heard(line: &Line, language: Language, values: &Map<String, Value>, now: Timestamp) -> Vec<Utterance> {
    if line.answered_at.is_none() {
        return Vec::new();
    }
    let talked_secs = line.talked(now).as_secs();
    let scripts = match language {
        Language::Arabic => &ARABIC,
        Language::English => &ENGLISH,
    };
    let chosen = if values.contains_key("issue") || (values.is_empty() && line.seq.is_multiple_of(2)) { 1 } else { 0 };
    let Some(script) = scripts.get(chosen) else { return Vec::new() };
    // Nobody answers an agent that speaks to a machine.
    let length = if line.callee.is_machine() { 1 } else { script.len() };
    let turns = script.iter().take(length).zip([Speaker::Agent, Speaker::User].into_iter().cycle()).zip(0..);
    turns
        .map(|((text, speaker), index)| Utterance {
            speaker,
            text: filled(text, language, values),
            at_secs: index * UTTERANCE_SECS,
        })
        .take_while(|utterance| utterance.at_secs <= talked_secs)
        .collect()
}

/// A text with its `{{name}}`s replaced.
fn filled(text: &str, language: Language, values: &Map<String, Value>) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("{{") {
        filled.push_str(before);
        let Some((name, after)) = behind.split_once("}}") else {
            rest = behind;
            break;
        };
        match values.get(name) {
            Some(Value::String(value)) => filled.push_str(value),
            Some(Value::Null) | None => filled.push_str(default_value(language, name)),
            Some(other) => filled.push_str(&other.to_string()),
        }
        rest = after;
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_filled_in_and_missing_ones_stand_for_themselves() {
        let values = json!({"customerName": "Salem", "accountBalance": 12});
        let values = values.as_object().unwrap();
        for (language, scripts) in [(Language::English, &ENGLISH), (Language::Arabic, &ARABIC)] {
            for text in scripts.iter().flatten() {
                let said = filled(text, language, values);
                assert!(!said.contains("{{") && !said.contains("}}"), "{said}");
                assert_eq!(text.contains("{{customerName}}"), said.contains("Salem"), "{said}");
            }
        }
        assert_eq!(filled("{{accountBalance}} of {{x", Language::English, values), "12 of x");
    }

    #[test]
    fn a_language_is_known_by_its_tag() {
        for (tag, language) in [("ar", Language::Arabic), ("AR-om", Language::Arabic), ("en", Language::English)] {
            assert_eq!(Language::tagged(tag), language);
        }
    }
}

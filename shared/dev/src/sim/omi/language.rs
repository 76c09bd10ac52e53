//! The two languages that the simulated OMI speaks: telling them apart, and folding text so that it can be matched.

use serde::{Deserialize, Serialize};

/// A language of the simulated OMI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Language {
    #[serde(rename = "en")]
    English,
    #[serde(rename = "ar")]
    Arabic,
}

impl Language {
    /// The language of a tag such as `ar-OM`; English where it is neither.
    pub(super) fn tagged(tag: &str) -> Self {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        if primary.eq_ignore_ascii_case("ar") { Self::Arabic } else { Self::English }
    }

    /// The language that most letters of `text` belong to, or `otherwise` where it has no letters of either.
    pub(super) fn of(text: &str, otherwise: Self) -> Self {
        let arabic = text.chars().filter(|c| is_arabic(*c)).count();
        let latin = text.chars().filter(char::is_ascii_alphabetic).count();
        match arabic.cmp(&latin) {
            std::cmp::Ordering::Greater => Self::Arabic,
            std::cmp::Ordering::Less => Self::English,
            std::cmp::Ordering::Equal => otherwise,
        }
    }

    pub(super) fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Arabic => "ar",
        }
    }
}

fn is_arabic(c: char) -> bool {
    ('\u{0620}'..='\u{064A}').contains(&c)
}

/// Text in both languages, several ways of saying the same in each.
#[derive(Debug)]
pub(super) struct Wording {
    pub(super) en: &'static [&'static str],
    pub(super) ar: &'static [&'static str],
}

impl Wording {
    pub(super) fn in_language(&self, language: Language) -> &'static [&'static str] {
        match language {
            Language::English => self.en,
            Language::Arabic => self.ar,
        }
    }
}

/// Lower case, one space between words and around the whole, no punctuation and no apostrophes; Arabic letters that are
/// written interchangeably become one, marks and tatweel go, digits become ASCII.
pub(super) fn folded(text: &str) -> String {
    let mut out = String::from(" ");
    for c in text.chars().flat_map(char::to_lowercase).filter_map(fold) {
        if c != ' ' || !out.ends_with(' ') {
            out.push(c);
        }
    }
    if !out.ends_with(' ') {
        out.push(' ');
    }
    out
}

fn fold(c: char) -> Option<char> {
    match c {
        '\'' | '’' | '\u{0640}' | '\u{064B}'..='\u{0652}' => None,
        'أ' | 'إ' | 'آ' => Some('ا'),
        'ى' => Some('ي'),
        'ة' => Some('ه'),
        _ => Some(ascii_digit(c).unwrap_or(if c.is_alphanumeric() { c } else { ' ' })),
    }
}

/// The ASCII digit that an Arabic-Indic one stands for.
pub(super) fn ascii_digit(c: char) -> Option<char> {
    let value = match c {
        '\u{0660}'..='\u{0669}' => u32::from(c) - 0x0660,
        '\u{06F0}'..='\u{06F9}' => u32::from(c) - 0x06F0,
        _ => return None,
    };
    char::from_digit(value, 10)
}

/// What Arabic writes onto the beginning of a word: conjunctions, prepositions, the article, and their usual chains.
const ARABIC_PREFIXES: [&str; 13] = ["", "و", "ف", "ب", "ل", "ك", "ال", "وال", "فال", "بال", "كال", "لل", "ولل"];

/// Whether folded text contains a cue. English cues are whole words, or beginnings of words where they end in `*`.
/// Arabic cues are beginnings of words, whatever is written onto them in front.
pub(super) fn contains(folded_text: &str, cue: &str) -> bool {
    if cue.chars().any(is_arabic) {
        let cue = folded(cue);
        return ARABIC_PREFIXES.iter().any(|prefix| folded_text.contains(&format!(" {prefix}{}", cue.trim())));
    }
    match cue.strip_suffix('*') {
        Some(beginning) => folded_text.contains(&format!(" {beginning}")),
        None => folded_text.contains(&format!(" {cue} ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_that_of_the_letters() {
        assert_eq!(Language::of("Hello", Language::Arabic), Language::English);
        assert_eq!(Language::of("مرحبا", Language::English), Language::Arabic);
        assert_eq!(Language::of("عندي مشكلة في wifi", Language::English), Language::Arabic);
        assert_eq!(Language::of("12345", Language::Arabic), Language::Arabic);
        assert_eq!(Language::tagged("ar-OM"), Language::Arabic);
        assert_eq!(Language::tagged("en-US"), Language::English);
    }

    #[test]
    fn cues_are_whole_words_unless_they_say_otherwise() {
        let text = folded("I CAN'T connect; what's wrong?");
        assert!(contains(&text, "cant"));
        assert!(contains(&text, "connect*"));
        assert!(contains(&text, "whats wrong"));
        assert!(!contains(&text, "conn"));
        assert!(!contains(&text, "hat"));
    }

    #[test]
    fn arabic_is_matched_whatever_its_marks_articles_and_digits() {
        assert!(contains(&folded("والإنترنت مقطوع"), "انترنت"));
        assert!(contains(&folded("الفاتورةُ"), "فاتورة"));
        // "Help" has "repeat" in the middle.
        assert!(!contains(&folded("مساعدة"), "أعد"));
        assert_eq!(folded("رقم ١٢٣"), " رقم 123 ");
    }
}

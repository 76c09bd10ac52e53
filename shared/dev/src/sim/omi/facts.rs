//! What a customer says about themselves in passing: a name, a number. And what is known of them altogether.

use serde_json::{Map, Value};

use super::language::{Language, ascii_digit, contains};

/// Longest quotation of a customer's words, in characters: a quote is a reminder, not a transcript.
const QUOTE_CHARS: usize = 80;

/// The shortest run of digits that is a number worth noting, and the longest.
const NUMBER_DIGITS: std::ops::RangeInclusive<usize> = 4..=20;

/// What one input told.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Learned {
    pub(super) name: Option<String>,
    pub(super) number: Option<String>,
}

/// Reads an input and notes what it tells in the conversation's context.
pub(super) fn learn(input: &str, folded_input: &str, context: &mut Map<String, Value>) -> Learned {
    let learned = Learned { name: introduced_name(input), number: number(folded_input) };
    if let Some(name) = &learned.name {
        context.insert("customerName".into(), Value::String(name.clone()));
    }
    if let Some(number) = &learned.number {
        let about_account = ["account", "حساب"].iter().any(|cue| contains(folded_input, cue));
        let key = if about_account { "accountNumber" } else { "referenceNumber" };
        context.insert(key.into(), Value::String(number.clone()));
    }
    learned
}

/// A fact of the context under the first of `keys` that holds one.
pub(super) fn known(context: &Map<String, Value>, keys: &[&str]) -> Option<String> {
    keys.iter().find_map(|key| match context.get(*key)? {
        Value::String(text) if !text.trim().is_empty() => Some(quoted(text)),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

/// Everything known, as the middle of a sentence; `None` where nothing is.
pub(super) fn summary<'a>(
    context: &Map<String, Value>,
    said: impl Iterator<Item = &'a String>,
    language: Language,
) -> Option<String> {
    let facts: [(&[&str], &str, &str); 5] = [
        (&["customerName", "name"], "your name is {}", "اسمك {}"),
        (&["issue"], "you called about \"{}\"", "تواصلت معنا بخصوص «{}»"),
        (&["plan", "currentPlan"], "your plan is {}", "باقتك {}"),
        (&["accountNumber"], "your account number is {}", "رقم حسابك {}"),
        (&["referenceNumber"], "you gave me the number {}", "أعطيتني الرقم {}"),
    ];
    let mut pieces: Vec<String> = Vec::new();
    for (keys, english, arabic) in facts {
        if let Some(fact) = known(context, keys) {
            pieces.push(in_language(language, english, arabic).replace("{}", &fact));
        }
    }
    let told = in_language(language, "you told me earlier: \"{}\"", "ذكرت لي سابقاً: «{}»");
    pieces.extend(said.map(|quote| told.replace("{}", quote)));
    (!pieces.is_empty()).then(|| joined(&pieces, language))
}

/// Pieces as an enumeration.
pub(super) fn joined(pieces: &[String], language: Language) -> String {
    let (comma, and) = (in_language(language, ", ", "، "), in_language(language, " and ", " و"));
    match pieces.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{}{and}{last}", rest.join(comma)),
        Some((last, _)) => last.clone(),
        None => String::new(),
    }
}

fn in_language<'a>(language: Language, english: &'a str, arabic: &'a str) -> &'a str {
    match language {
        Language::English => english,
        Language::Arabic => arabic,
    }
}

/// A customer's words on one line, cut where they are long.
pub(super) fn quoted(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = line.trim_end_matches(['.', '!', '?', '؟', ',', '،']);
    let mut quote: String = line.chars().take(QUOTE_CHARS).collect();
    if quote.len() < line.len() {
        quote.push('…');
    }
    quote
}

/// The name after "my name is" and the like. After "I am" a name must be capitalised: people are tired, too.
fn introduced_name(input: &str) -> Option<String> {
    let words: Vec<&str> = input.split_whitespace().collect();
    let lower: Vec<String> = words.iter().map(|word| bare(word).to_lowercase().replace('’', "'")).collect();
    let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
    let lead_ins: [(&[&str], bool); 7] = [
        (&["my", "name", "is"], false),
        (&["my", "name's"], false),
        (&["call", "me"], true),
        (&["i", "am"], true),
        (&["i'm"], true),
        (&["this", "is"], true),
        (&["اسمي"], false),
    ];
    for (lead_in, capitalised) in lead_ins {
        let Some(at) = lower.windows(lead_in.len()).position(|window| window == lead_in) else { continue };
        let name = name_in(words.get(at + lead_in.len()..).unwrap_or_default(), capitalised);
        if name.is_some() {
            return name;
        }
    }
    None
}

/// The name that `words` begin with: at most three words, up to punctuation or a word that goes on with the sentence.
fn name_in(words: &[&str], capitalised: bool) -> Option<String> {
    const GOES_ON: [&str; 14] =
        ["and", "i", "but", "from", "my", "the", "a", "not", "speaking", "here", "و", "من", "عندي", "أريد"];
    let mut name: Vec<String> = Vec::new();
    for word in words.iter().take(3) {
        let plain = bare(word);
        let first = plain.chars().next();
        let is_name = first.is_some_and(|c| c.is_alphabetic() && (!capitalised || c.is_uppercase()));
        if !is_name || GOES_ON.contains(&plain.to_lowercase().as_str()) || plain.chars().any(char::is_numeric) {
            break;
        }
        name.push(with_capital(plain));
        if plain.len() < word.len() {
            break;
        }
    }
    (!name.is_empty()).then(|| name.join(" "))
}

fn bare(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphanumeric())
}

fn with_capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// The longest run of digits of a sensible length.
fn number(folded_input: &str) -> Option<String> {
    let digits: String = folded_input.chars().map(|c| ascii_digit(c).unwrap_or(c)).collect();
    let runs = digits.split(|c: char| !c.is_ascii_digit());
    runs.filter(|run| NUMBER_DIGITS.contains(&run.len())).max_by_key(|run| run.len()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::language::folded;
    use super::*;

    #[test]
    fn names_are_heard_where_people_give_them_and_only_there() {
        for (input, name) in [
            ("My name is John Doe.", Some("John Doe")),
            ("my name is sara and my wifi is down", Some("Sara")),
            ("Hello, I'm Aisha, I have a question", Some("Aisha")),
            ("I am very angry", None),
            ("I'm having trouble", None),
            ("This is Omar speaking", Some("Omar")),
            ("اسمي أحمد وعندي مشكلة", Some("أحمد وعندي مشكلة")),
            ("مرحبا، اسمي سالم.", Some("سالم")),
            ("my name is", None),
            ("hello", None),
        ] {
            let heard = introduced_name(input);
            if input.contains("وعندي") {
                // Arabic writes "and" onto the next word: the name at least begins right.
                assert!(heard.unwrap().starts_with("أحمد"), "{input}");
            } else {
                assert_eq!(heard.as_deref(), name, "{input}");
            }
        }
    }

    #[test]
    fn numbers_are_noted_by_what_they_are_about() {
        for (input, key, value) in [
            ("my account number is 445566", "accountNumber", "445566"),
            ("the ticket is 9001", "referenceNumber", "9001"),
            ("رقم حسابي ١٢٣٤٥", "accountNumber", "12345"),
        ] {
            let mut context = Map::new();
            learn(input, &folded(input), &mut context);
            assert_eq!(context.get(key), Some(&json!(value)), "{input}");
        }
        let mut context = Map::new();
        learn("it happened 3 times in 24 hours", &folded("it happened 3 times in 24 hours"), &mut context);
        assert!(context.is_empty());
    }

    #[test]
    fn long_words_are_quoted_in_part() {
        assert_eq!(quoted("  two\n lines. "), "two lines");
        assert_eq!(quoted(&"é".repeat(200)).chars().count(), QUOTE_CHARS + 1);
    }
}

//! Placeholders: `{{name}}` in a text, and the values that take their place.
//!
//! A name is letters, digits, `_`, `-` and `.`, with or without spaces between it and the braces; whatever else stands in braces is text.
//! The rules are the same for our scenarios and for the prompts of agents that were written elsewhere.

use std::collections::BTreeMap;

const OPEN: &str = "{{";
const CLOSE: &str = "}}";

/// Placeholders without a value; nothing was filled in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no value for {}", missing.join(", "))]
pub struct MissingParameters {
    /// Their names, each once, in the order in which the text needs them.
    pub missing: Vec<String>,
}

impl MissingParameters {
    /// What is missing for two texts: this one's first, then what only the other needs.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        for name in other.missing {
            if !self.missing.contains(&name) {
                self.missing.push(name);
            }
        }
        self
    }
}

/// A piece of a text.
enum Piece<'a> {
    /// As it stands.
    Text(&'a str),
    /// To be replaced.
    Placeholder(&'a str),
}

/// The placeholders of a text, each once, in order of appearance.
#[must_use]
pub fn placeholders_in(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    for piece in pieces(text) {
        if let Piece::Placeholder(name) = piece
            && !names.contains(&name)
        {
            names.push(name);
        }
    }
    names
}

/// A text with the values of `params` in place of its placeholders. A value is put in as it is: what looks like a placeholder in it stays.
/// Only control characters, and the marks that turn the direction of writing, are taken out of it; line breaks and tabs become spaces.
///
/// # Errors
/// [`MissingParameters`] with every placeholder that has no value, or one in which nothing can be read.
pub fn render(template: &str, params: &BTreeMap<String, String>) -> Result<String, MissingParameters> {
    let mut rendered = String::with_capacity(template.len());
    let mut missing = Vec::new();
    for piece in pieces(template) {
        match piece {
            Piece::Text(text) => rendered.push_str(text),
            Piece::Placeholder(name) => match params.get(name).map(|value| on_one_line(value)) {
                Some(value) if !value.trim().is_empty() => rendered.push_str(value.trim()),
                _ => missing.push(name.to_owned()),
            },
        }
    }
    if missing.is_empty() {
        Ok(rendered)
    } else {
        Err(MissingParameters { missing: Vec::new() }.and(MissingParameters { missing }))
    }
}

fn pieces(mut rest: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut pending = None;
    std::iter::from_fn(move || {
        if let Some(name) = pending.take() {
            return Some(Piece::Placeholder(name));
        }
        if rest.is_empty() {
            return None;
        }
        let whole = rest;
        let mut from = 0;
        while let Some(at) = whole.get(from..).and_then(|tail| tail.find(OPEN)).map(|offset| from + offset) {
            if let Some((name, after)) = whole.get(at + OPEN.len()..).and_then(placeholder) {
                rest = after;
                pending = Some(name);
                return Some(Piece::Text(whole.get(..at).unwrap_or("")));
            }
            // The first brace is text; the second may yet begin a placeholder.
            from = at + 1;
        }
        rest = "";
        Some(Piece::Text(whole))
    })
}

/// The name that `text`, which follows two braces, begins with, and what follows its own two braces. It stops at the first thing that does
/// not belong, so that a text of nothing but braces costs no more than its length.
fn placeholder(text: &str) -> Option<(&str, &str)> {
    let start = text.trim_start_matches(is_space);
    let after_name = start.trim_start_matches(|mark: char| mark.is_alphanumeric() || matches!(mark, '_' | '-' | '.'));
    let name = start.strip_suffix(after_name).filter(|name| !name.is_empty())?;
    let after = after_name.trim_start_matches(is_space).strip_prefix(CLOSE)?;
    Some((name, after))
}

fn is_space(mark: char) -> bool {
    mark == ' ' || mark == '\t'
}

/// A value without what could reorder or break the text around it: on one line, without control characters and without the
/// marks that turn the direction of writing.
#[must_use]
pub fn on_one_line(value: &str) -> String {
    value
        .chars()
        .filter_map(|mark| match mark {
            '\t' | '\n' | '\r' | '\u{2028}' | '\u{2029}' => Some(' '),
            // The marks, embeddings, overrides and isolates of the bidirectional algorithm (UAX #9), and the invisible tag characters.
            '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => None,
            '\u{E0000}'..='\u{E007F}' => None,
            mark => (!mark.is_control()).then_some(mark),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::collection::btree_map;
    use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

    use super::*;

    fn params(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn braces_make_a_placeholder_only_around_a_name() {
        for (text, names) in [
            ("{{a}} and {{ b_1 }} and {{a}}", vec!["a", "b_1"]),
            ("{{customer-name}}{{x.y}}{{\tt }}", vec!["customer-name", "x.y", "t"]),
            ("{{{a}}}", vec!["a"]),
            ("{{ {{a}} }}", vec!["a"]),
            ("{{اسم}}", vec!["اسم"]),
            ("{{}} {{ }} {{a b}} {{a} {a}} {{a", vec![]),
            ("{{a\nb}} }}{{ {", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(placeholders_in(text), names, "{text:?}");
        }
    }

    #[test]
    fn every_placeholder_without_a_value_is_named_once_and_in_order() {
        let template = "{{z}} {{a}} {{z}} {{m}} {{e}} {{s}} {{i}}";
        let given = params(&[("a", "1"), ("e", ""), ("s", " \n"), ("i", "\u{2068}\u{200F}\u{7}"), ("other", "x")]);
        assert_eq!(render(template, &given).unwrap_err().missing, ["z", "m", "e", "s", "i"]);
    }

    #[test]
    fn a_value_is_put_in_as_it_is_and_never_expanded_again() {
        let given = params(&[("a", "{{b}} {{a}} $1 \\"), ("b", "no")]);
        assert_eq!(render("<{{a}}|{{ b }}>", &given).unwrap(), "<{{b}} {{a}} $1 \\|no>");
    }

    #[test]
    fn a_value_can_neither_turn_nor_break_the_text_around_it() {
        let given = params(&[("a", " \u{202E}Ah\u{0}med\u{2069}\r\nAli\u{E0041} \u{200D}")]);
        assert_eq!(render("\u{2068}{{a}}\u{2069}.", &given).unwrap(), "\u{2068}Ahmed  Ali \u{200D}\u{2069}.");
    }

    proptest! {
        #[test]
        fn a_text_without_placeholders_stays_as_it_is(text in "[{} a-c\\PC]{0,40}") {
            let rendered = render(&text, &BTreeMap::new());
            match placeholders_in(&text).as_slice() {
                [] => prop_assert_eq!(rendered, Ok(text)),
                names => prop_assert_eq!(rendered.unwrap_err().missing, names),
            }
        }

        #[test]
        fn with_a_value_for_every_name_the_pieces_come_out_in_order(
            parts in proptest::collection::vec(("[^{}]{0,8}", "[a-e]"), 0..8),
            values in btree_map("[a-e]", "[{}a-zA-Z0-9]{1,12}", 5..=5),
        ) {
            let template: String = parts.iter().map(|(text, name)| format!("{text}{{{{ {name} }}}}")).collect();
            let expected: String = parts.iter().map(|(text, name)| format!("{text}{}", values[name])).collect();
            prop_assert_eq!(render(&template, &values), Ok(expected));
        }

        #[test]
        fn no_value_brings_a_control_character_along(value in "\\PC{0,20}|[\\u{0}-\\u{1F}\\u{200E}-\\u{202E}\\u{2066}-\\u{2069}a]{0,20}") {
            if let Ok(text) = render("{{v}}", &params(&[("v", &value)])) {
                let unwelcome = |mark: char| mark.is_control() || matches!(mark, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
                prop_assert!(!text.contains(unwelcome), "{text:?}");
            }
        }
    }
}

//! A number as somebody wrote it: any script's digits, any separators, and the prefixes that people copy from letterheads.
//!
//! It knows nothing of numbering plans; it only says what is there.

/// Longest text looked at, in bytes. Fifteen digits in three bytes each leave ample room for separators.
const MAX_BYTES: usize = 128;

/// Where the digits 0–9 of the scripts begin that telephones are used in: ASCII, Arabic-Indic, its Persian and Urdu forms, Devanagari,
/// Bengali, and the full-width forms of East Asian keyboards.
const ZEROS: [char; 6] = ['0', '\u{660}', '\u{6F0}', '\u{966}', '\u{9E6}', '\u{FF10}'];

/// The zero that letterheads show for callers at home, as in `+44 (0)20`.
const TRUNK_ZERO: &str = "(0)";

/// What stands before the digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prefix {
    /// `+`, where it belongs.
    Plus,
    /// What is dialled to leave a country (`00`), or a `+` in the wrong place, as keyboards for right-to-left scripts produce.
    Exit,
    /// Nothing.
    None,
}

/// A text that can be a number.
#[derive(PartialEq, Eq)]
pub(super) struct Written {
    pub(super) prefix: Prefix,
    /// The digits after the prefix, in ASCII. Two readings, without and with it, where there is a zero in brackets.
    pub(super) readings: Vec<String>,
}

impl Written {
    /// Reads a text. `None` if it holds what no number does, or no digit.
    pub(super) fn read(text: &str) -> Option<Self> {
        if text.len() > MAX_BYTES {
            return None;
        }
        let kept: String = text.chars().filter(|mark| !is_separator(*mark)).map(plain).collect::<Option<String>>()?;
        if !kept.contains(|mark: char| mark.is_ascii_digit()) {
            return None;
        }
        let whole = kept.replace(['(', ')'], "");
        let prefix = prefix(&whole)?;
        let bare = kept.contains(TRUNK_ZERO).then(|| kept.replacen(TRUNK_ZERO, "", 1).replace(['(', ')'], ""));
        let readings = bare.into_iter().chain([whole]).map(|reading| after(prefix, &reading)).collect();
        Some(Self { prefix, readings })
    }

    /// How many digits the longest reading has.
    pub(super) fn longest(&self) -> usize {
        self.readings.iter().map(String::len).max().unwrap_or(0)
    }
}

/// The prefix of digits and plus signs; `None` if the plus signs make no sense.
fn prefix(whole: &str) -> Option<Prefix> {
    let digits = whole.trim_matches('+');
    match (digits.contains('+'), whole.len() - digits.len(), whole.strip_prefix('+')) {
        (false, 1, Some(rest)) if !rest.starts_with('0') => Some(Prefix::Plus),
        (false, 1, _) => Some(Prefix::Exit),
        (false, 0, _) if whole.starts_with("00") => Some(Prefix::Exit),
        (false, 0, _) => Some(Prefix::None),
        _ => None,
    }
}

/// What follows the prefix. No country code begins with a zero, so after an exit prefix all of them go.
fn after(prefix: Prefix, reading: &str) -> String {
    let digits = reading.trim_matches('+');
    match prefix {
        Prefix::Exit => digits.trim_start_matches('0').to_owned(),
        Prefix::Plus | Prefix::None => digits.to_owned(),
    }
}

/// Whether a mark only parts or directs the digits: spaces, dashes, full stops, slashes, and the invisible marks that come along when a
/// number is copied out of text that runs both ways.
fn is_separator(mark: char) -> bool {
    mark.is_whitespace()
        || matches!(mark, '-' | '.' | '/' | '\u{AD}' | '\u{2010}'..='\u{2015}' | '\u{2212}')
        || matches!(mark, '\u{61C}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

/// A digit of any script, a plus or a bracket, in ASCII.
fn plain(mark: char) -> Option<char> {
    match mark {
        '(' | ')' | '+' => Some(mark),
        '\u{FF0B}' => Some('+'),
        '\u{FF08}' => Some('('),
        '\u{FF09}' => Some(')'),
        _ => ZEROS.iter().find_map(|zero| {
            let value = u32::from(mark).checked_sub(u32::from(*zero))?;
            char::from_digit(value, 10)
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(Prefix, Vec<String>)> {
        Written::read(text).map(|written| (written.prefix, written.readings))
    }

    #[test]
    fn digits_of_other_scripts_and_separators_read_as_plain_digits() {
        for text in [
            "+96891234567",
            " +968 9123-4567 ",
            "＋９６８ ９１２３ ４５６７",
            "\u{202D}+٩٦٨ ٩١٢٣ ٤٥٦٧\u{202C}",
            "(+968) 9123.4567",
            "+۹۶۸۹۱۲۳۴۵۶۷",
        ] {
            assert_eq!(read(text), Some((Prefix::Plus, vec!["96891234567".to_owned()])), "{text:?}");
        }
    }

    #[test]
    fn what_leaves_a_country_is_told_from_a_plus() {
        for text in ["0096891234567", "00 (968) 9123 4567", "+0096891234567", "96891234567+", "+ 0 968 91234567"] {
            assert_eq!(read(text), Some((Prefix::Exit, vec!["96891234567".to_owned()])), "{text:?}");
        }
    }

    #[test]
    fn a_zero_in_brackets_gives_two_readings_and_other_brackets_none() {
        let both = vec!["442079460000".to_owned(), "4402079460000".to_owned()];
        assert_eq!(read("+44 ( 0 ) 20 7946 0000"), Some((Prefix::Plus, both)));
        assert_eq!(read("(020) 7946 0000"), Some((Prefix::None, vec!["02079460000".to_owned()])));
    }

    #[test]
    fn what_no_number_holds_is_not_read() {
        for text in
            ["", "+", "()", "call me", "+968 9123 4567 ext 5", "+1-800-FLOWERS", "1+2", "++968", "+96•••4567", "*111#"]
        {
            assert_eq!(read(text), None, "{text:?}");
        }
        assert_eq!(read(&"1".repeat(MAX_BYTES + 1)), None);
    }
}

//! Language tags, by their shape.

/// Longest tag that is taken, in characters (RFC 5646 §4.4.1 asks for at least 35).
const MAX_TAG_CHARS: usize = 35;

/// Whether a text has the shape of BCP 47 (RFC 5646 §2.1): subtags of 1 to 8 letters and digits, the first of letters only.
#[must_use]
pub fn is_language(tag: &str) -> bool {
    let mut subtags = tag.split('-');
    let first =
        subtags.next().is_some_and(|s| (2..=8).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_alphabetic()));
    first
        && tag.len() <= MAX_TAG_CHARS
        && subtags.all(|s| (1..=8).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn language_tags_are_told_from_other_texts() {
        for tag in ["en", "en-US", "ar", "zh-Hant-TW", "sl-rozaj-biske"] {
            assert!(is_language(tag), "{tag}");
        }
        for other in ["", "e", "en_US", "en-", "-en", "english!", "en-toolongsub", "12", &"en-a".repeat(20)] {
            assert!(!is_language(other), "{other}");
        }
    }
}

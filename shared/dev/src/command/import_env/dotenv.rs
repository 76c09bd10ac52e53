//! `.env` files as Node's dotenv reads them, which is what the old deployments were read by: nothing is expanded, so that a
//! `$` in a secret stays one.

/// One file, read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct DotEnv {
    /// Names and values, in their order.
    pub(super) variables: Vec<(String, String)>,
    /// The numbers of lines that are neither `NAME=value` nor a comment. Their text is not kept: it may hold a secret.
    pub(super) unread: Vec<usize>,
}

impl DotEnv {
    pub(super) fn read(text: &str) -> Self {
        let mut file = Self::default();
        let mut lines = text.trim_start_matches('\u{feff}').lines().enumerate();
        while let Some((index, line)) = lines.next() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let assignment = line.strip_prefix("export ").unwrap_or(line).split_once('=');
            let Some((name, value)) = assignment.filter(|(name, _)| is_name(name.trim())) else {
                file.unread.push(index + 1);
                continue;
            };
            let mut value = value.trim().to_owned();
            // A quoted value may go on over several lines.
            while let Some(quote) = open_quote(&value) {
                let Some((_, next)) = lines.next() else { break };
                value.push('\n');
                value.push_str(next.trim_end_matches(quote));
                if next.trim_end().ends_with(quote) {
                    value.push(quote);
                }
            }
            file.variables.push((name.trim().to_owned(), unquoted(&value)));
        }
        file
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

/// The quote that a value begins with, if it does not end in the value.
fn open_quote(value: &str) -> Option<char> {
    let quote = value.chars().next().filter(|first| matches!(first, '"' | '\'' | '`'))?;
    let rest = value.strip_prefix(quote)?;
    (!rest.contains(quote)).then_some(quote)
}

/// What stands between the quotes, or before a comment where there are none.
fn unquoted(value: &str) -> String {
    for quote in ['"', '\'', '`'] {
        let inner = value.strip_prefix(quote).and_then(|rest| rest.split_once(quote));
        if let Some((inner, _)) = inner {
            return if quote == '"' { inner.replace("\\n", "\n").replace("\\r", "\r") } else { inner.to_owned() };
        }
    }
    value.split_once('#').map_or(value, |(before, _)| before).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_node_reads_them_and_nothing_is_expanded() {
        for (line, value) in [
            ("A=omi_live_p4$word77", "omi_live_p4$word77"),
            ("A=\"pass$HOME-x\"", "pass$HOME-x"),
            ("A=${OTHER}", "${OTHER}"),
            ("A=https://a.test, https://b.test", "https://a.test, https://b.test"),
            ("A=it's", "it's"),
            ("A=back\\slash", "back\\slash"),
            ("export A = spaced # a comment", "spaced"),
            ("A='kept # whole'", "kept # whole"),
            ("A=\"two\\nlines\"", "two\nlines"),
            ("A=\"two\nlines\"", "two\nlines"),
            ("\u{feff}A=after a mark", "after a mark"),
            ("A=", ""),
        ] {
            let file = DotEnv::read(line);
            assert_eq!(file.variables, [("A".to_owned(), value.to_owned())], "{line:?}");
            assert!(file.unread.is_empty());
        }
    }

    #[test]
    fn a_line_that_is_none_is_told_by_its_number_and_stops_nothing() {
        let file = DotEnv::read("# comment\n\nA=1\nwhat is this\nB=2\n=3\n");
        assert_eq!(file.variables.len(), 2);
        assert_eq!(file.unread, [4, 6]);
    }
}

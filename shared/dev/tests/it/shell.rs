//! As much of a shell as the README's examples need: words, quotes, continued lines, comments.

use std::str::Chars;

/// One command and the status that the comment above it promises, as in `# Open a session. (201)`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Command {
    pub(crate) words: Vec<String>,
    pub(crate) promised: Option<u16>,
}

/// The commands of a block.
pub(crate) fn commands(block: &str) -> Vec<Command> {
    let (mut commands, mut words, mut word, mut promised) = (Vec::new(), Vec::new(), None::<String>, None);
    let mut rest = block.chars();
    loop {
        let next = rest.next();
        match next {
            Some('#') if word.is_none() => promised = promise(&line(&mut rest)),
            Some('\\') => match rest.next() {
                Some('\n') => {}
                other => word.get_or_insert_default().extend(other),
            },
            Some(quote @ ('\'' | '"')) => word.get_or_insert_default().push_str(&quoted(&mut rest, quote)),
            Some(' ' | '\n') | None => {
                words.extend(word.take());
                if next != Some(' ') && !words.is_empty() {
                    commands.push(Command { words: std::mem::take(&mut words), promised });
                }
                if next.is_none() {
                    return commands;
                }
            }
            Some(other) => word.get_or_insert_default().push(other),
        }
    }
}

/// The rest of a line, its end left unread for the words before it.
fn line(rest: &mut Chars<'_>) -> String {
    let line: String = rest.clone().take_while(|character| *character != '\n').collect();
    for _ in line.chars() {
        rest.next();
    }
    line
}

fn promise(comment: &str) -> Option<u16> {
    comment.rsplit_once('(')?.1.strip_suffix(')')?.parse().ok()
}

fn quoted(rest: &mut Chars<'_>, quote: char) -> String {
    let mut text = String::new();
    while let Some(next) = rest.next() {
        match next {
            _ if next == quote => return text,
            '\\' if quote == '"' => text.extend(rest.next()),
            '$' | '`' if quote == '"' => panic!("variables are for readers' shells, not for tested lines"),
            _ => text.push(next),
        }
    }
    panic!("a quote is not closed: {text}")
}

#[test]
fn words_are_split_as_a_shell_does() {
    let block =
        "# Do it. (201)\ncurl -X POST \\\n  -d '{\n  \"a\": \"b c\"}' \"x\\\"y\"\ncargo dev # twice\n# no promise\nls";
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        commands(block),
        [
            Command {
                words: words(&["curl", "-X", "POST", "-d", "{\n  \"a\": \"b c\"}", "x\"y"]),
                promised: Some(201)
            },
            Command { words: words(&["cargo", "dev"]), promised: None },
            Command { words: words(&["ls"]), promised: None },
        ]
    );
}

//! `cargo dev env`: the environment that the functions have in the running local world.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use clap::Args;

use super::{DataArgument, Failed};
use crate::terminal::print;
use crate::world::{self, Directory};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Only this function's; all of them together otherwise.
    function: Option<String>,
    #[command(flatten)]
    data: DataArgument,
}

pub(super) fn env(arguments: &Arguments) -> Result<(), Failed> {
    let endpoints = Directory::endpoints(&arguments.data.data)?;
    let environments = world::environments_at(&endpoints)?;
    let wanted: BTreeMap<_, _> = match &arguments.function {
        Some(name) => {
            let environment = environments.get(name).ok_or_else(|| {
                let known: Vec<_> = environments.keys().map(String::as_str).collect();
                Failed(format!("there is no function {name}; there are {}", known.join(", ")))
            })?;
            environment.clone()
        }
        None => environments.into_values().flatten().collect(),
    };
    let mut text = String::new();
    for (name, value) in wanted {
        let _ = writeln!(text, "{name}={}", quoted(&value));
    }
    print(&text);
    Ok(())
}

/// A value as shells and readers of environment files take it for what it is.
fn quoted(value: &str) -> Cow<'_, str> {
    let plain = |char: char| char.is_ascii_alphanumeric() || "_./:,@%+=-".contains(char);
    if value.chars().all(plain) {
        return value.into();
    }
    if !value.contains('\'') {
        return format!("'{value}'").into();
    }
    let mut escaped = String::with_capacity(value.len() + 2);
    for char in value.chars() {
        if matches!(char, '"' | '\\' | '$' | '`') {
            escaped.push('\\');
        }
        escaped.push(char);
    }
    format!("\"{escaped}\"").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_would_take_apart_is_quoted() {
        for (value, written) in [
            ("http://localhost:3000", "http://localhost:3000"),
            ("", ""),
            ("Hello, how can I help?", "'Hello, how can I help?'"),
            (r#"{"name":"x"}"#, r#"'{"name":"x"}'"#),
            (r#"it's "$5""#, r#""it's \"\$5\"""#),
        ] {
            assert_eq!(quoted(value), written);
        }
    }
}

//! `cargo dev env`: the environment that the functions have in the running local world.

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
        let _ = writeln!(text, "{name}={value}");
    }
    print(&text);
    Ok(())
}

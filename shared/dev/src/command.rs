//! The command line of `cargo dev`.

use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::terminal;

mod bench;
mod deployment;
mod env;
mod import_env;
mod keys;
mod serve;
mod webhook_url;

/// The local world of Switchboard, and tools for operators.
#[derive(Debug, Parser)]
#[command(name = "cargo dev", bin_name = "cargo dev", disable_version_flag = true)]
pub struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: serve::Arguments,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves the local world (what `cargo dev` alone does).
    Serve(serve::Arguments),
    /// Makes, lists and revokes API keys, in the local world or in a deployment.
    Keys(keys::Arguments),
    /// Makes, lists, rotates and revokes webhook URLs of senders that cannot sign.
    WebhookUrl(webhook_url::Arguments),
    /// Turns the .env file of an old deployment into secrets and parameters.
    ImportEnv(import_env::Arguments),
    /// Measures the functions.
    Bench(bench::Arguments),
    /// Prints the environment that the functions have in the running local world, for `cargo lambda watch --env-file`.
    Env(env::Arguments),
}

/// Which local world is meant.
#[derive(Clone, Debug, Args)]
struct DataArgument {
    /// Where the local world keeps its state.
    #[arg(long, value_name = "DIR", default_value = ".switchboard", global = true)]
    data: PathBuf,
}

/// A command that failed, in words for whoever typed it.
#[derive(Debug)]
struct Failed(String);

impl<E: std::error::Error> From<E> for Failed {
    fn from(error: E) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(inner) = source {
            let inner_text = inner.to_string();
            // A transparent error repeats its source; saying it once is enough.
            if !text.contains(&inner_text) {
                text.push_str(": ");
                text.push_str(&inner_text);
            }
            source = inner.source();
        }
        Self(text)
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Runs what was typed.
pub async fn run(line: CommandLine) -> ExitCode {
    let outcome = match line.command.unwrap_or(Command::Serve(line.serve)) {
        Command::Serve(arguments) => serve::serve(arguments).await,
        Command::Keys(arguments) => keys::keys(arguments).await,
        Command::WebhookUrl(arguments) => webhook_url::webhook_url(arguments).await,
        Command::ImportEnv(arguments) => import_env::import_env(&arguments),
        Command::Bench(arguments) => bench::bench(&arguments).await,
        Command::Env(arguments) => env::env(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => {
            terminal::complain(&failed.to_string());
            ExitCode::FAILURE
        }
    }
}

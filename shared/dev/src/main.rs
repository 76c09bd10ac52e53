//! `cargo dev`: the local world and the tools around it. See the library beside this file.

use std::process::ExitCode;

use clap::Parser;
use switchboard_dev::command::CommandLine;

#[tokio::main]
async fn main() -> ExitCode {
    switchboard_dev::command::run(CommandLine::parse()).await
}

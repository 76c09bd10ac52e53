//! `cargo dev`: serves the local world until it is stopped.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;

use super::Failed;
use crate::world::{Directory, Options, World};
use crate::{credentials, terminal};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The port of the API; 0 takes any free one.
    #[arg(long, default_value_t = 3000)]
    port: u16,
    /// Where state is kept, so that it survives restarts.
    #[arg(long, value_name = "DIR", default_value = ".switchboard")]
    data: PathBuf,
    /// Keeps state in memory instead.
    #[arg(long, conflicts_with = "data")]
    memory: bool,
    /// Chooses the simulated agents' wording; the same number says the same things.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Does nothing as time passes, neither schedule nor lines nor deliveries: only `/_sim/clock` and `/_sim/sweep` do.
    #[arg(long)]
    still: bool,
    /// Sets a parameter of the template, as `sam deploy --parameter-overrides` does; may be repeated.
    #[arg(long = "parameter", value_name = "NAME=VALUE", value_parser = name_and_value)]
    parameters: Vec<(String, String)>,
}

fn name_and_value(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

pub(super) async fn serve(arguments: Arguments) -> Result<(), Failed> {
    let directory = if arguments.memory { None } else { Some(Directory::take(&arguments.data)?) };
    let environment: BTreeMap<String, String> = std::env::vars().collect();
    let mut parameters: BTreeMap<String, String> = arguments.parameters.into_iter().collect();
    // The one variable that pages under development need; everything else is a parameter.
    if let Some(origins) = environment.get("CORS_ORIGIN") {
        parameters.entry("CorsOrigin".to_owned()).or_insert_with(|| origins.clone());
    }
    terminal::install(&environment)?;
    let world = World::start(Options {
        directory,
        port: arguments.port,
        fixed_clock: None,
        parameters,
        public_base_url: environment.get("PUBLIC_BASE_URL").cloned(),
        seed: arguments.seed,
        ticks: !arguments.still,
    })
    .await?;
    terminal::greet(&world, credentials::LOCAL_KEY);
    stop_signal().await?;
    Ok(())
}

/// Waits for Ctrl-C, or for whoever ends processes politely.
async fn stop_signal() -> Result<(), std::io::Error> {
    #[cfg(unix)]
    {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}

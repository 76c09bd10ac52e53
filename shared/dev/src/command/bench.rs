//! `cargo dev bench start`: what a cold start costs.
//!
//! Real release binaries are started as Lambda starts them, against an API that hands out events as Lambda's does (`runtime_api`).
//! Measured per function: the binary's size; the time from starting the process to its first question for an event; how much
//! longer the first request takes than a warm one, the stand-ins' own time aside. A bare `lambda_http` function, built in the same
//! profile and measured in the same run, is what the budget is told in.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use clap::{Args, Subcommand};

use self::runtime_api::{Invocation, RuntimeApi};
use super::Failed;
use crate::terminal::print;
use crate::world::{Options, World};

mod events;
mod runtime_api;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: BenchCommand,
}

#[derive(Debug, Subcommand)]
enum BenchCommand {
    /// Sizes and cold starts of the release binaries, against a bare function. Fails where a budget is exceeded.
    Start {
        /// Cold starts of each function; the median counts.
        #[arg(long, default_value_t = 15)]
        runs: usize,
    },
}

/// The largest binary (design: 8 MiB).
const MAX_BYTES: u64 = 8 * 1024 * 1024;
/// The longest start, in starts of the bare function.
const MAX_START_RATIO: f64 = 4.0;
/// How much longer the first request may take than a warm one, the stand-ins' time aside.
const MAX_FIRST_EXTRA: Duration = Duration::from_millis(3);
/// Requests of each cold start: the first, and some to get warm and be measured.
const REQUESTS: usize = 9;

/// A function's figures: medians over all starts.
#[derive(Debug)]
struct Figures {
    name: String,
    bytes: u64,
    init: Duration,
    first_extra: Duration,
}

pub(super) async fn bench(arguments: &Arguments) -> Result<(), Failed> {
    let BenchCommand::Start { runs } = arguments.command;
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    build(&workspace, &["build", "--release", "--bins"])?;
    build(&workspace, &["build", "--release", "--package", "switchboard-lambda", "--example", "bare"])?;
    let release = workspace.join("target/release");

    let world =
        World::start(Options { fixed_clock: None, ..Options::for_tests(switchboard_core::Timestamp::system_now()) })
            .await?;
    let events = events::prepare(&world).await?;
    let bare = measure("bare", &release.join("examples/bare"), &BTreeMap::new(), &events::bare(), &world, runs).await?;
    let mut figures = Vec::new();
    for spec in world.specs() {
        let environment = world.environment(&spec.name).cloned().unwrap_or_default();
        let event = events.get(&spec.name).ok_or_else(|| Failed(format!("there is no event for {}", spec.name)))?;
        figures.push(measure(&spec.name, &release.join(&spec.name), &environment, event, &world, runs).await?);
    }
    print(&table(&bare, &figures));
    verdict(&bare, &figures)
}

fn build(workspace: &Path, arguments: &[&str]) -> Result<(), Failed> {
    let status = Command::new("cargo").args(arguments).current_dir(workspace).status()?;
    if status.success() { Ok(()) } else { Err(Failed(format!("cargo {} failed", arguments.join(" ")))) }
}

async fn measure(
    name: &str,
    binary: &PathBuf,
    environment: &BTreeMap<String, String>,
    event: &str,
    world: &World,
    runs: usize,
) -> Result<Figures, Failed> {
    let bytes = std::fs::metadata(binary).map_err(|error| Failed(format!("{}: {error}", binary.display())))?.len();
    let (mut inits, mut extras) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        let start = RuntimeApi::start(binary, environment).await?;
        inits.push(start.init());
        let mut own = Vec::with_capacity(REQUESTS);
        for _ in 0..REQUESTS {
            let before = world.time_in_stand_ins();
            let Invocation { took, status } = start.invoke(event).await?;
            if status >= 500 {
                return Err(Failed(format!("{name} answered {status}")));
            }
            own.push(took.saturating_sub(world.time_in_stand_ins().saturating_sub(before)));
        }
        let first = own.first().copied().unwrap_or_default();
        let warm = median(own.into_iter().skip(REQUESTS / 2).collect());
        extras.push(first.saturating_sub(warm));
    }
    Ok(Figures { name: name.to_owned(), bytes, init: median(inits), first_extra: median(extras) })
}

fn median(mut spans: Vec<Duration>) -> Duration {
    spans.sort();
    spans.get(spans.len() / 2).copied().unwrap_or_default()
}

fn table(bare: &Figures, figures: &[Figures]) -> String {
    let mut text = String::from("function         size MiB   init ms   of bare   first request ms more than warm\n");
    for one in std::iter::once(bare).chain(figures) {
        let _ = writeln!(
            text,
            "{:<15} {:>9.2} {:>9.2} {:>8.2}x {:>10.2}",
            one.name,
            one.mebibytes(),
            one.init.as_secs_f64() * 1e3,
            one.start_ratio(bare),
            one.first_extra.as_secs_f64() * 1e3,
        );
    }
    text
}

fn verdict(bare: &Figures, figures: &[Figures]) -> Result<(), Failed> {
    let mut exceeded = Vec::new();
    for one in figures {
        if one.bytes > MAX_BYTES {
            exceeded.push(format!("{} has {:.2} MiB, its budget is 8", one.name, one.mebibytes()));
        }
        if one.start_ratio(bare) > MAX_START_RATIO {
            exceeded.push(format!(
                "{} starts in {:.2} times a bare function's time, its budget is 4",
                one.name,
                one.start_ratio(bare)
            ));
        }
        if one.first_extra > MAX_FIRST_EXTRA {
            exceeded.push(format!(
                "{}'s first request takes {:?} more than a warm one, its budget is 3 ms",
                one.name, one.first_extra
            ));
        }
    }
    if exceeded.is_empty() { Ok(()) } else { Err(Failed(exceeded.join("; "))) }
}

impl Figures {
    #[expect(clippy::cast_precision_loss, reason = "sizes of binaries are far below 2^52")]
    fn mebibytes(&self) -> f64 {
        self.bytes as f64 / (1024.0 * 1024.0)
    }

    fn start_ratio(&self, bare: &Self) -> f64 {
        self.init.as_secs_f64() / bare.init.as_secs_f64()
    }
}

//! What a developer reads: a short greeting, then a line per request. The same events are JSON lines in a function.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::io::{IsTerminal, Write as _};

use switchboard_lambda::LogFilter;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};

use crate::world::World;

const BOLD: &str = "\x1b[1m";
const DIM: &str = "\x1b[2m";
const GREEN: &str = "\x1b[32m";
const YELLOW: &str = "\x1b[33m";
const RED: &str = "\x1b[31m";
const CYAN: &str = "\x1b[36m";
const PLAIN: &str = "\x1b[0m";

/// Makes this process show its log here.
///
/// # Errors
/// If something in the process has set up a log before.
pub(crate) fn install(
    environment: &BTreeMap<String, String>,
) -> Result<(), tracing::subscriber::SetGlobalDefaultError> {
    let colours = Colours(std::io::stdout().is_terminal());
    // The S3 stand-in prints presigned URLs, which are credentials, with every error.
    let filter = LogFilter::from_environment(environment).and_silence(["s3s", "s3s_fs"]);
    let lines = Lines { colours }.with_filter(filter.into_targets());
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(lines))
}

/// The address, the key, and three lines to copy.
pub(crate) fn greet(world: &World, key: &str) {
    let c = Colours(std::io::stdout().is_terminal());
    let base = &world.endpoints().gateway;
    let (bold, dim, cyan, plain) = (c.of(BOLD), c.of(DIM), c.of(CYAN), c.of(PLAIN));
    let mut text = String::new();
    let _ = writeln!(text, "{bold}Switchboard{plain} {dim}local world, simulated providers{plain}");
    let _ = writeln!(text, "  key   {cyan}{key}{plain}");
    let _ = writeln!(text, "  try   curl {base}/api/health");
    let _ = writeln!(
        text,
        "        curl {base}/api/voice/session -H 'content-type: application/json' -d '{{\"userId\":\"me\"}}'"
    );
    let _ = writeln!(
        text,
        "        curl {base}/api/voice/process -H 'content-type: application/json' -d '{{\"sessionId\":\"ses_…\",\"input\":{{\"type\":\"text\",\"content\":\"Hello\"}}}}'"
    );
    let _ = writeln!(text, "ready {base}");
    print(&text);
}

/// Says why a command failed.
pub(crate) fn complain(text: &str) {
    let c = Colours(std::io::stderr().is_terminal());
    let mut out = std::io::stderr().lock();
    // Whoever closed our standard error does not want to know.
    let _ = writeln!(out, "{}error:{} {text}", c.of(RED), c.of(PLAIN));
}

/// Writes a text to standard output; a reader that has gone away is no error.
pub(crate) fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes());
    let _ = out.flush();
}

/// Colours where there is somebody to see them.
#[derive(Clone, Copy, Debug)]
struct Colours(bool);

impl Colours {
    fn of(self, code: &'static str) -> &'static str {
        if self.0 { code } else { "" }
    }
}

/// Shows events as lines.
#[derive(Debug)]
struct Lines {
    colours: Colours,
}

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let line = if fields.0.contains_key("route") {
            self.request(&fields)
        } else {
            self.remark(*event.metadata().level(), &fields)
        };
        print(&line);
    }
}

impl Lines {
    fn request(&self, fields: &Fields) -> String {
        let c = self.colours;
        let status = fields.get("status");
        let colour = match status.as_bytes().first() {
            Some(b'2' | b'3') => GREEN,
            Some(b'4') => YELLOW,
            _ => RED,
        };
        let outcome = match fields.get("outcome") {
            "ok" => "",
            other => other,
        };
        let mut line = format!(
            "{}{status}{} {} {}{} ms  {}  {}{} {outcome}",
            c.of(colour),
            c.of(PLAIN),
            fields.get("route"),
            c.of(DIM),
            fields.get("latency_ms"),
            fields.get("tenant"),
            fields.get("request_id"),
            c.of(PLAIN),
        );
        match fields.get("causes") {
            "-" | "" => {}
            causes => {
                let _ = write!(line, " {}({causes}){}", c.of(DIM), c.of(PLAIN));
            }
        }
        line.truncate(line.trim_end().len());
        line.push('\n');
        line
    }

    fn remark(&self, level: Level, fields: &Fields) -> String {
        let c = self.colours;
        let colour = match level {
            Level::ERROR => RED,
            Level::WARN => YELLOW,
            _ => DIM,
        };
        let mut line = format!("{}{level}{} {}", c.of(colour), c.of(PLAIN), fields.get("message"));
        for (name, value) in fields.0.iter().filter(|(name, _)| **name != "message") {
            let _ = write!(line, " {name}={value}");
        }
        line.push('\n');
        line
    }
}

#[derive(Default)]
struct Fields(BTreeMap<&'static str, String>);

impl Fields {
    fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}

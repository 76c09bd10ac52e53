//! The simulated carrier beneath the providers: lines that ring, are answered and end, on the world's clock.
//!
//! Lines are in the ledger, so that a killed world finds them again as a real carrier would have gone on with them. What
//! becomes due happens at its own time, whoever looks first: the clock when it moves, or anybody who asks. It knows the
//! providers by name only; each is told of the progress of its own lines.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use switchboard_core::{Clock, Timestamp};

use self::callee::Callee;
use self::line::{CAP, Ending, Line, Progress};
use super::provider::Provider;
use crate::clock::ScriptedClock;
use crate::ledger::{Ledger, LedgerError};

pub(crate) mod callee;
pub(crate) mod line;
mod meter;

pub use self::meter::{Meter, MeteredLine};

const KIND: &str = "sim-line";

/// How a provider is told of the progress of a line that it placed. It owes the webhooks that follow from it.
pub(crate) type Report = Arc<dyn Fn(&Line, Progress) -> Result<(), LedgerError> + Send + Sync>;

/// What a provider asks the carrier for.
pub(crate) struct Order {
    pub(crate) provider: Provider,
    pub(crate) external_id: String,
    pub(crate) call_sid: Option<String>,
    pub(crate) to: String,
    pub(crate) from: String,
    /// Who is there; of a number, from [`Callee::at`].
    pub(crate) callee: Callee,
    /// How long it rings.
    pub(crate) ring_limit: Duration,
    /// How long it may be answered; the carrier's own limit where there is none.
    pub(crate) talk_limit: Option<Duration>,
    pub(crate) notes: Value,
}

/// The carrier.
pub(crate) struct Carrier {
    clock: ScriptedClock,
    ledger: Ledger,
    reports: BTreeMap<Provider, Report>,
    book: Mutex<Book>,
}

impl fmt::Debug for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Carrier").field("lines", &self.book().lines.len()).finish_non_exhaustive()
    }
}

/// Why the carrier cannot open.
#[derive(Debug, thiserror::Error)]
pub enum CarrierError {
    /// The ledger cannot be read.
    #[error("cannot read the lines that are up")]
    Ledger(#[from] LedgerError),
    /// A row is not a line.
    #[error("{KIND}/{id} in the local ledger is not a line; delete the data directory to start afresh")]
    NotALine {
        /// The row's id.
        id: String,
        /// What the parser said.
        source: serde_json::Error,
    },
}

#[derive(Default)]
struct Book {
    lines: BTreeMap<u64, Line>,
    due: BTreeSet<(Timestamp, u64)>,
    by_external_id: HashMap<(Provider, String), u64>,
    by_call_sid: HashMap<String, u64>,
}

impl Book {
    fn put(&mut self, line: Line) {
        let seq = line.seq;
        if let Some(due) = self.lines.get(&seq).and_then(Line::due_at) {
            self.due.remove(&(due, seq));
        }
        if let Some(due) = line.due_at() {
            self.due.insert((due, seq));
        }
        self.by_external_id.insert((line.provider, line.external_id.clone()), seq);
        if let Some(forgotten) = self.lines.get(&seq).and_then(|line| line.call_sid.as_ref()) {
            self.by_call_sid.remove(forgotten);
        }
        if let Some(sid) = &line.call_sid {
            self.by_call_sid.insert(sid.clone(), seq);
        }
        self.lines.insert(seq, line);
    }
}

impl Carrier {
    /// The carrier with the lines that `ledger` knows.
    pub(crate) fn open(
        clock: ScriptedClock,
        ledger: Ledger,
        reports: impl IntoIterator<Item = (Provider, Report)>,
    ) -> Result<Self, CarrierError> {
        let mut book = Book::default();
        for (id, row) in ledger.list(KIND)? {
            let line = serde_json::from_value(row).map_err(|source| CarrierError::NotALine { id, source })?;
            book.put(line);
        }
        Ok(Self { clock, ledger, reports: reports.into_iter().collect(), book: Mutex::new(book) })
    }

    /// Places the line that `order` describes, told its number on the carrier's list.
    pub(crate) fn place(&self, order: impl FnOnce(u64) -> Order) -> Result<Line, LedgerError> {
        let mut book = self.book();
        self.catch_up(&mut book)?;
        let seq = book.lines.last_key_value().map_or(1, |(last, _)| last + 1);
        let order = order(seq);
        let line = Line {
            seq,
            provider: order.provider,
            external_id: order.external_id,
            call_sid: order.call_sid,
            to: order.to,
            from: order.from,
            callee: order.callee,
            ring_limit_secs: order.ring_limit.as_secs(),
            talk_limit_secs: order.talk_limit.unwrap_or(CAP).as_secs(),
            placed_at: self.clock.now(),
            ringing_at: None,
            answered_at: None,
            spoken_at: None,
            ended_at: None,
            ending: None,
            notes: order.notes,
        };
        self.keep(&line)?;
        book.put(line.clone());
        self.report(&line, Progress::Placed)?;
        Ok(line)
    }

    /// Ends a line that is up, unless it is one of those that obey nobody, and answers what it is then.
    pub(crate) fn end(&self, seq: u64, ending: Ending) -> Result<Option<Line>, LedgerError> {
        let mut book = self.book();
        self.catch_up(&mut book)?;
        let Some(mut line) = book.lines.get(&seq).cloned() else { return Ok(None) };
        if line.is_up() && line.callee != Callee::Ignores {
            line.end(self.clock.now(), ending);
            self.settle(&mut book, line.clone(), Progress::Ended)?;
        }
        Ok(Some(line))
    }

    /// A line is answered that rings until somebody says so, and answers what it is then.
    pub(crate) fn answer(&self, seq: u64) -> Result<Option<Line>, LedgerError> {
        let mut book = self.book();
        self.catch_up(&mut book)?;
        let Some(mut line) = book.lines.get(&seq).cloned() else { return Ok(None) };
        if line.is_up() && line.answered_at.is_none() && line.callee.is_let_in() {
            line.answered_at = Some(self.clock.now());
            self.settle(&mut book, line.clone(), Progress::Answered)?;
        }
        Ok(Some(line))
    }

    /// Changes what is kept with a line, and answers what it is then.
    pub(crate) fn change(&self, seq: u64, change: impl FnOnce(&mut Line)) -> Result<Option<Line>, LedgerError> {
        let mut book = self.book();
        self.catch_up(&mut book)?;
        let Some(mut line) = book.lines.get(&seq).cloned() else { return Ok(None) };
        change(&mut line);
        self.keep(&line)?;
        book.put(line.clone());
        Ok(Some(line))
    }

    /// The line that a provider's callers know by this id.
    pub(crate) fn find(&self, provider: Provider, external_id: &str) -> Result<Option<Line>, LedgerError> {
        let mut book = self.book();
        self.catch_up(&mut book)?;
        let seq = book.by_external_id.get(&(provider, external_id.to_owned()));
        Ok(seq.and_then(|seq| book.lines.get(seq)).cloned())
    }

    /// The line that Twilio carries as this call.
    pub(crate) fn find_call(&self, sid: &str) -> Result<Option<Line>, LedgerError> {
        let mut book = self.book();
        self.catch_up(&mut book)?;
        Ok(book.by_call_sid.get(sid).and_then(|seq| book.lines.get(seq)).cloned())
    }

    /// The lines for which `wanted` holds, the newest first.
    pub(crate) fn select(&self, wanted: impl Fn(&Line) -> bool) -> Result<Vec<Line>, LedgerError> {
        let mut book = self.book();
        self.catch_up(&mut book)?;
        Ok(book.lines.values().rev().filter(|line| wanted(line)).cloned().collect())
    }

    /// How many lines there are for which `wanted` holds.
    pub(crate) fn count(&self, wanted: impl Fn(&Line) -> bool) -> Result<usize, LedgerError> {
        let mut book = self.book();
        self.catch_up(&mut book)?;
        Ok(book.lines.values().filter(|line| wanted(line)).count())
    }

    pub(crate) fn meter(&self) -> Result<Meter, LedgerError> {
        let mut book = self.book();
        self.catch_up(&mut book)?;
        Ok(Meter::of(book.lines.values(), self.clock.now()))
    }

    /// When something happens next on any line.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.book().due.first().map(|(due, _)| *due)
    }

    /// Lets everything happen that is due now.
    pub(crate) fn run_due(&self) -> Result<(), LedgerError> {
        self.catch_up(&mut self.book())
    }

    fn catch_up(&self, book: &mut Book) -> Result<(), LedgerError> {
        let now = self.clock.now();
        while let Some((_, seq)) = book.due.first().copied().filter(|(due, _)| *due <= now) {
            let Some(mut line) = book.lines.get(&seq).cloned() else { return Ok(()) };
            let Some(progress) = line.step() else { return Ok(()) };
            self.settle(book, line, progress)?;
        }
        Ok(())
    }

    /// Reported first, kept then: a kill between the two reports once more, and nothing is left out.
    fn settle(&self, book: &mut Book, line: Line, progress: Progress) -> Result<(), LedgerError> {
        self.report(&line, progress)?;
        self.keep(&line)?;
        book.put(line);
        Ok(())
    }

    fn report(&self, line: &Line, progress: Progress) -> Result<(), LedgerError> {
        self.reports.get(&line.provider).map_or(Ok(()), |report| report(line, progress))
    }

    fn keep(&self, line: &Line) -> Result<(), LedgerError> {
        self.ledger.put(KIND, &format!("{:020}", line.seq), &serde_json::to_value(line).unwrap_or_default())
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;

use dynoxide::Database;
use serde_json::json;

use super::*;
use crate::sim::testbed::start_time;

/// The line, what happened to it, and how many seconds after the start.
type Reported = Arc<Mutex<Vec<(u64, Progress, u64)>>>;

/// A carrier on a clock that stands still, and what it reported.
struct Bench {
    clock: ScriptedClock,
    ledger: Ledger,
    carrier: Carrier,
    reported: Reported,
}

impl Bench {
    fn new() -> Self {
        let clock = ScriptedClock::fixed(start_time());
        let ledger = Ledger::open(Database::memory().unwrap()).unwrap();
        let reported = Reported::default();
        let carrier = open(&clock, &ledger, &reported);
        Self { clock, ledger, carrier, reported }
    }

    fn place(&self, to: &str, talk_limit: Option<u64>) -> Line {
        self.carrier.place(|seq| order(seq, to, talk_limit)).unwrap()
    }

    /// Moves the clock and looks at the line.
    fn after(&self, secs: u64, seq: u64) -> Line {
        self.clock.advance(Duration::from_secs(secs));
        self.carrier.find(Provider::Hamsa, &seq.to_string()).unwrap().unwrap()
    }
}

fn open(clock: &ScriptedClock, ledger: &Ledger, reported: &Reported) -> Carrier {
    let reported = Arc::clone(reported);
    let report: Report = Arc::new(move |line, progress| {
        let at = match progress {
            Progress::Placed => Some(line.placed_at),
            Progress::Ringing => line.ringing_at,
            Progress::Answered => line.answered_at,
            Progress::Spoken => line.spoken_at,
            Progress::Ended => line.ended_at,
        };
        reported.lock().unwrap().push((line.seq, progress, at.unwrap().since(start_time()).as_secs()));
        Ok(())
    });
    Carrier::open(clock.clone(), ledger.clone(), [(Provider::Hamsa, report)]).unwrap()
}

fn order(seq: u64, to: &str, talk_limit: Option<u64>) -> Order {
    Order {
        provider: Provider::Hamsa,
        external_id: seq.to_string(),
        call_sid: None,
        to: to.to_owned(),
        from: "+15005550100".to_owned(),
        callee: Callee::at(to).unwrap(),
        ring_limit: Duration::from_secs(30),
        talk_limit: talk_limit.map(Duration::from_secs),
        notes: json!({}),
    }
}

#[test]
fn every_magic_number_has_its_own_life() {
    use Progress::{Answered, Ended, Placed, Ringing, Spoken};
    let talk = vec![(Placed, 0), (Ringing, 2), (Answered, 5), (Spoken, 10), (Ended, 25)];
    for (to, life, ending) in [
        ("+15005550001", talk.clone(), Ending::Finished),
        ("+15005550002", vec![(Placed, 0), (Ended, 5)], Ending::Busy),
        ("+15005550003", vec![(Placed, 0), (Ringing, 2), (Ended, 32)], Ending::NoAnswer),
        (
            "+15005550004",
            vec![(Placed, 0), (Ringing, 2), (Answered, 5), (Spoken, 10), (Ended, 14_405)],
            Ending::LimitReached,
        ),
        ("+15005550007", vec![(Placed, 0), (Ringing, 2), (Answered, 5), (Spoken, 10), (Ended, 15)], Ending::Finished),
        ("+15005550008", talk.clone(), Ending::Finished),
        ("+15005550009", talk, Ending::Finished),
    ] {
        let bench = Bench::new();
        bench.place(to, None);
        let line = bench.after(100_000, 1);
        assert_eq!(line.ending, Some(ending), "{to}");
        let reported = bench.reported.lock().unwrap();
        assert_eq!(*reported, life.iter().map(|(progress, at)| (1, *progress, *at)).collect::<Vec<_>>(), "{to}");
        assert_eq!(bench.carrier.next_due(), None);
    }
}

#[test]
fn a_line_that_obeys_nobody_stays_up_whatever_is_asked_and_however_long() {
    let bench = Bench::new();
    bench.place("+15005550005", Some(10));
    for ending in [Ending::Cancelled, Ending::Requested] {
        assert!(bench.carrier.end(1, ending).unwrap().unwrap().is_up());
    }
    assert!(bench.after(7 * 24 * 3600, 1).is_up());
    assert!(bench.carrier.end(1, Ending::Requested).unwrap().unwrap().is_up());
    let meter = bench.carrier.meter().unwrap();
    assert_eq!((meter.lines_up, meter.seconds_up), (1, 7 * 24 * 3600 - 5));
}

#[test]
fn limits_of_talking_and_ringing_end_a_line_at_their_own_time() {
    let bench = Bench::new();
    bench.place("+15005550004", Some(600));
    bench.place("+15005550001", Some(3));
    bench
        .carrier
        .place(|seq| Order { ring_limit: Duration::from_secs(1), ..order(seq, "+15005550001", None) })
        .unwrap();
    let ends = |seq| {
        let line = bench.after(1000, seq);
        (line.ending.unwrap(), line.ended_at.unwrap().since(start_time()).as_secs())
    };
    assert_eq!(ends(1), (Ending::LimitReached, 605));
    assert_eq!(ends(2), (Ending::LimitReached, 8));
    assert_eq!(ends(3), (Ending::NoAnswer, 3));
}

#[test]
fn an_end_on_request_is_immediate_and_happens_once() {
    let bench = Bench::new();
    bench.place("+15005550004", None);
    bench.after(65, 1);
    let ended = bench.carrier.end(1, Ending::Requested).unwrap().unwrap();
    assert_eq!((ended.ending, ended.talked(bench.clock.now()).as_secs()), (Some(Ending::Requested), 60));
    bench.clock.advance(Duration::from_secs(10));
    let again = bench.carrier.end(1, Ending::Cancelled).unwrap().unwrap();
    assert_eq!((again.ending, again.ended_at), (ended.ending, ended.ended_at));
    assert_eq!(bench.reported.lock().unwrap().iter().filter(|(_, what, _)| *what == Progress::Ended).count(), 1);
    assert!(bench.carrier.end(99, Ending::Requested).unwrap().is_none());
}

#[test]
fn a_killed_carrier_goes_on_where_it_was_and_counts_on() {
    let bench = Bench::new();
    bench.place("+15005550001", None);
    bench.place("+15005550005", None);
    bench.after(6, 1);
    let again = open(&bench.clock, &bench.ledger, &bench.reported);
    assert_eq!(again.meter().unwrap(), bench.carrier.meter().unwrap());
    assert_eq!(again.next_due(), bench.carrier.next_due());
    bench.clock.advance(Duration::from_secs(60));
    again.run_due().unwrap();
    let third = again.place(|seq| order(seq, "+15005550002", None)).unwrap();
    assert_eq!(third.seq, 3);
    let meter = again.meter().unwrap();
    assert_eq!((meter.dials, meter.lines_up, meter.seconds_up), (3, 2, 20 + 61));
    assert_eq!(meter.lines.iter().map(|line| line.up).collect::<Vec<_>>(), [false, true, true]);
}

#[test]
fn neither_a_line_nor_the_meter_prints_a_number() {
    let bench = Bench::new();
    let line = bench.place("+15005550001", None);
    let shown = format!("{line:?} {:?} {:?}", bench.carrier, bench.carrier.meter().unwrap());
    assert!(!shown.contains("+1500"), "{shown}");
}

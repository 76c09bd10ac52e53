//! How counts of days become figures. Pure: the counts are given.
//!
//! What is not known is left out of every rate: a call that ended for an unknown reason is neither a success nor a failure, and
//! what nobody has put a price on costs `null`, not nothing.

use std::collections::BTreeMap;

use serde::Serialize;
use switchboard_core::{Currency, DURATION_BUCKETS_SECS, EndReason, Micros, Money, Timestamp};
use switchboard_store::DayFigures;

use crate::analytics::Days;

/// How fine a rate is given: four decimals.
const RATE_STEPS: f64 = 10_000.0;

/// The answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Summary {
    /// What is covered: whole days (UTC), half open.
    since: Timestamp,
    until: Timestamp,
    calls: Calls,
    duration_secs: Durations,
    /// Of the calls that ended for a known reason, the share in which somebody was reached and nothing broke; `null` if there
    /// is none.
    success_rate: Option<f64>,
    /// What the calls cost whose cost is known; `null` where none is, or where there are several currencies.
    cost: Option<Money>,
    /// The same by currency, where there are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    costs: Vec<Money>,
    ghost_secs_prevented: i64,
}

/// How many calls.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Calls {
    total: i64,
    /// Only reasons that occurred; calls that live have none.
    by_end_reason: BTreeMap<&'static str, i64>,
    /// Only providers that had one.
    by_provider: BTreeMap<String, i64>,
    /// Every day that is covered, oldest first.
    by_day: Vec<Day>,
}

/// One day's calls.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Day {
    day: String,
    total: i64,
    ended: i64,
    succeeded: i64,
    duration_secs: i64,
}

/// How long people talked, over all calls that were answered and have ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Durations {
    total: i64,
    /// At least half of them lasted no longer than this; `null` where there is none, or it is longer than four hours.
    p50: Option<u32>,
    /// The same of 95 in 100.
    p95: Option<u32>,
}

/// Counts by name, added up.
#[derive(Default)]
struct Counts<'f>(BTreeMap<&'f str, i64>);

impl<'f> Counts<'f> {
    fn of(figures: impl IntoIterator<Item = &'f DayFigures>) -> Self {
        let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
        for (name, count) in figures.into_iter().flat_map(|figures| &figures.counts) {
            *counts.entry(name).or_default() += count;
        }
        Self(counts)
    }

    fn get(&self, name: &str) -> i64 {
        self.0.get(name).copied().unwrap_or(0)
    }

    fn ended(&self, reason: EndReason) -> i64 {
        self.get(&format!("end.{}", reason.as_str()))
    }

    /// The calls that ended for one of the reasons that `of` picks.
    fn ended_by(&self, of: impl Fn(&EndReason) -> bool) -> i64 {
        EndReason::ALL.into_iter().filter(of).map(|reason| self.ended(reason)).sum()
    }

    fn succeeded(&self) -> i64 {
        self.ended_by(|reason| reason.is_success())
    }

    fn success_rate(&self) -> Option<f64> {
        let known = self.ended_by(|reason| *reason != EndReason::Unknown);
        #[expect(clippy::cast_precision_loss, reason = "counts of calls are far below 2^52")]
        let rate = || (self.succeeded() as f64 / known as f64 * RATE_STEPS).round() / RATE_STEPS;
        (known > 0).then(rate)
    }

    /// The nearest rank in the histogram: the upper bound of the bucket that holds the call which `percent` of all calls do not
    /// outlast. So it is never too low, and too high by less than a bucket.
    fn percentile(&self, percent: i64) -> Option<u32> {
        let bucket = |at: usize| self.get(&format!("lasted.{at:02}"));
        let all: i64 = (0..=DURATION_BUCKETS_SECS.len()).map(bucket).sum();
        let rank = (all * percent + 99) / 100;
        let mut passed = 0;
        let holds = |(at, _): &(usize, &u32)| {
            passed += bucket(*at);
            rank > 0 && passed >= rank
        };
        DURATION_BUCKETS_SECS.iter().enumerate().find(holds).map(|(_, bound)| *bound)
    }

    fn costs(&self) -> Vec<Money> {
        let cost = |(name, micros): (&&str, &i64)| {
            let currency = Currency::parse(name.strip_prefix("cost.")?)?;
            Some(Money::new(Micros::new(*micros), currency))
        };
        self.0.iter().filter(|(_, micros)| **micros != 0).filter_map(cost).collect()
    }
}

impl Summary {
    /// What the figures of these days add up to.
    pub(crate) fn of(figures: &[DayFigures], days: Days) -> Self {
        let all = Counts::of(figures);
        let mut by_provider: BTreeMap<String, i64> = BTreeMap::new();
        for figures in figures {
            *by_provider.entry(figures.provider.clone()).or_default() += Counts::of([figures]).get("total");
        }
        by_provider.retain(|_, total| *total != 0);
        let reasons = EndReason::ALL.into_iter().map(|reason| (reason.as_str(), all.ended(reason)));
        let by_day = days.names().map(|day| {
            let counts = Counts::of(figures.iter().filter(|figures| figures.day == day));
            Day {
                total: counts.get("total"),
                ended: counts.ended_by(|_| true),
                succeeded: counts.succeeded(),
                duration_secs: counts.get("talkSecs"),
                day,
            }
        });
        let costs = all.costs();
        let (cost, costs) = match costs.as_slice() {
            [cost] => (Some(*cost), Vec::new()),
            _ => (None, costs),
        };
        Self {
            since: days.since,
            until: days.until,
            calls: Calls {
                total: all.get("total"),
                by_end_reason: reasons.filter(|(_, count)| *count != 0).collect(),
                by_provider,
                by_day: by_day.collect(),
            },
            duration_secs: Durations { total: all.get("talkSecs"), p50: all.percentile(50), p95: all.percentile(95) },
            success_rate: all.success_rate(),
            cost,
            costs,
            ghost_secs_prevented: all.get("ghostSecsPrevented"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use switchboard_core::duration_bucket;

    use super::*;
    use crate::query::Span;

    fn days() -> Days {
        let at = |text: &str| Timestamp::parse(text);
        let span = Span { since: at("2026-11-19T00:00:00Z"), until: at("2026-11-21T00:00:00Z") };
        Days::of(span, Timestamp::from_epoch_secs(0)).unwrap()
    }

    fn day(day: &str, provider: &str, counts: &[(&str, i64)]) -> DayFigures {
        let counts = counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
        DayFigures { day: day.to_owned(), provider: provider.to_owned(), counts }
    }

    #[test]
    fn of_nothing_nothing_is_known_but_that_there_was_none() {
        let summary = serde_json::to_value(Summary::of(&[], days())).unwrap();
        assert_eq!(summary["calls"]["total"], 0);
        assert_eq!(summary["calls"]["byDay"].as_array().unwrap().len(), 2);
        for unknown in ["/successRate", "/cost", "/durationSecs/p50", "/durationSecs/p95"] {
            assert_eq!(summary.pointer(unknown), Some(&serde_json::Value::Null), "{unknown}");
        }
    }

    #[test]
    fn an_unknown_end_is_neither_a_success_nor_a_failure() {
        for (counts, rate) in [
            (vec![("total", 1)], None),
            (vec![("end.unknown", 3)], None),
            (vec![("end.completed", 2), ("end.unknown", 7)], Some(1.0)),
            (vec![("end.completed", 1), ("end.busy", 2)], Some(0.3333)),
        ] {
            assert_eq!(Summary::of(&[day("2026-11-20", "hamsa", &counts)], days()).success_rate, rate, "{counts:?}");
        }
    }

    #[test]
    fn money_of_several_currencies_is_not_added_up() {
        let figures = [
            day("2026-11-19", "hamsa", &[("cost.USD", 500_000)]),
            day("2026-11-20", "hamsa", &[("cost.USD", 250_000), ("cost.OMR", 1)]),
        ];
        let json = |figures: &[DayFigures]| serde_json::to_value(Summary::of(figures, days())).unwrap();
        let one = json(&figures[..1]);
        assert_eq!((one["cost"]["amount"].as_str(), one.get("costs")), (Some("0.50"), None));
        let two = json(&figures);
        assert!(two["cost"].is_null());
        assert_eq!(
            two["costs"].to_string(),
            r#"[{"amount":"0.000001","currency":"OMR"},{"amount":"0.75","currency":"USD"}]"#
        );
    }

    proptest! {
        #[test]
        fn a_percentile_is_the_bound_of_the_bucket_that_the_ranked_call_is_in(
            mut lasted in prop::collection::vec(0_u32..20_000, 1..60),
            percent in prop::sample::select(vec![50_i64, 95]),
        ) {
            let names: Vec<String> = lasted.iter().map(|secs| format!("lasted.{:02}", duration_bucket(*secs))).collect();
            let figures: Vec<DayFigures> = names.iter().map(|name| day("2026-11-20", "hamsa", &[(name, 1)])).collect();
            lasted.sort_unstable();
            let rank = (lasted.len() * usize::try_from(percent).unwrap()).div_ceil(100);
            let expected = DURATION_BUCKETS_SECS.get(duration_bucket(lasted[rank - 1])).copied();
            prop_assert_eq!(Counts::of(&figures).percentile(percent), expected);
        }
    }
}

//! `GET /api/analytics`: what a tenant's calls of a span of time add up to.
//!
//! Read from counters that are written with every change of a call, so that it costs a query per month however many calls there
//! were. The counters are per day (UTC) of the moment at which a call was asked for: the span is widened to whole days, and the
//! answer says what it covers.

use std::time::Duration;

use http::StatusCode;
use switchboard_auth::Caller;
use switchboard_core::{ProviderId, Timestamp};
use switchboard_lambda::{ApiError, Reply, Request};

use crate::query::{Span, query_of};
use crate::summary::Summary;
use crate::{App, Operation};

/// A day.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Days before the last one that are covered unless `since` says otherwise: thirty days with it.
const DAYS_BEFORE: u32 = 29;
/// Most calendar months that are read for one answer: a year and the month it began in.
const MOST_MONTHS: i64 = 13;

/// Whole days (UTC).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Days {
    /// Where the first one begins.
    pub(crate) since: Timestamp,
    /// Where the one behind the last one begins.
    pub(crate) until: Timestamp,
}

pub(crate) async fn analytics(app: &App, caller: &Caller, request: &Request<Operation>) -> Result<Reply, ApiError> {
    let mut query = query_of(request);
    let (span, provider) = (query.span(), query.provider());
    query.finish()?;
    let days = Days::of(span, app.shell.now())?;
    Reply::json(StatusCode::OK, &summary(app, caller, days, provider).await?)
}

/// What a tenant's calls of these days add up to, with one provider or with all.
pub(crate) async fn summary(
    app: &App,
    caller: &Caller,
    days: Days,
    provider: Option<ProviderId>,
) -> Result<Summary, ApiError> {
    let mut figures = app.shell.store.figures(caller.tenant(), days.since, days.last()).await?;
    if let Some(provider) = provider {
        figures.retain(|figures| figures.provider == provider.as_str());
    }
    Ok(Summary::of(&figures, days))
}

impl Days {
    /// The days that a span touches; it ends `now` unless it says otherwise.
    ///
    /// # Errors
    /// 400 if it ends before it begins, or is too long.
    pub(crate) fn of(span: Span, now: Timestamp) -> Result<Self, ApiError> {
        let last = span.until.map_or(now, |until| until.minus(Duration::from_millis(1)));
        let since = day_of(span.since.unwrap_or_else(|| last.minus(DAY * DAYS_BEFORE)));
        if since > last {
            return Err(ApiError::invalid("since", "must be before until, which is now unless it is given"));
        }
        let months = month_number(last).zip(month_number(since)).map(|(last, first)| last - first + 1);
        if months.is_none_or(|months| months > MOST_MONTHS) {
            let form = format!("must be so late that no more than {MOST_MONTHS} calendar months are asked for");
            return Err(ApiError::invalid("since", form));
        }
        Ok(Self { since, until: day_of(last).plus(DAY) })
    }

    /// The last moment of the last day.
    fn last(self) -> Timestamp {
        self.until.minus(Duration::from_millis(1))
    }

    /// Every day by its name, as in `2026-11-20`.
    pub(crate) fn names(self) -> impl Iterator<Item = String> {
        let begins = std::iter::successors(Some(self.since), |begin| Some(begin.plus(DAY)));
        begins.take_while(move |begin| *begin < self.until).map(|begin| begin.to_string().chars().take(10).collect())
    }
}

/// Where the day of a moment begins.
fn day_of(at: Timestamp) -> Timestamp {
    let day = i64::try_from(DAY.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_epoch_millis(at.epoch_millis().div_euclid(day).saturating_mul(day))
}

/// The months since the beginning of the calendar; `None` for times before it.
fn month_number(at: Timestamp) -> Option<i64> {
    let text = at.to_string();
    let mut parts = text.split('-');
    let (year, month): (i64, i64) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    Some(year * 12 + month)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn days(since: Option<&str>, until: Option<&str>) -> Result<Days, ApiError> {
        Days::of(Span { since: since.map(at), until: until.map(at) }, at("2026-11-20T12:00:00Z"))
    }

    #[test]
    fn without_a_span_thirty_days_are_covered_today_included() {
        let days = days(None, None).unwrap();
        assert_eq!((days.since, days.until), (at("2026-10-22T00:00:00Z"), at("2026-11-21T00:00:00Z")));
        let names: Vec<String> = days.names().collect();
        assert_eq!((names.len(), names[0].as_str(), names[29].as_str()), (30, "2026-10-22", "2026-11-20"));
    }

    #[test]
    fn a_span_is_widened_to_whole_days_and_its_end_belongs_to_the_day_before() {
        for (since, until, first, end) in [
            ("2026-11-19T23:59:59Z", "2026-11-20T00:00:01Z", "2026-11-19", "2026-11-21"),
            ("2026-11-19T00:00:00Z", "2026-11-20T00:00:00Z", "2026-11-19", "2026-11-20"),
            ("2028-02-28T12:00:00Z", "2028-03-01T00:00:00Z", "2028-02-28", "2028-03-01"),
        ] {
            let days = days(Some(since), Some(until)).unwrap();
            let midnight = |day: &str| at(&format!("{day}T00:00:00Z"));
            assert_eq!((days.since, days.until), (midnight(first), midnight(end)));
        }
    }

    #[test]
    fn no_more_than_thirteen_calendar_months_are_asked_for() {
        assert!(days(Some("2025-11-01T00:00:00Z"), None).is_ok());
        assert!(days(Some("2025-10-31T23:59:59Z"), None).is_err());
        assert!(days(Some("2027-01-31T00:00:00Z"), Some("2028-02-01T00:00:00Z")).is_ok());
        assert!(days(Some("2027-01-31T00:00:00Z"), Some("2028-02-01T00:00:01Z")).is_err());
        assert!(days(Some("-009998-01-01T00:00:00Z"), None).is_err());
        assert!(days(Some("2026-11-21T00:00:00Z"), None).is_err(), "it begins behind its end");
    }
}

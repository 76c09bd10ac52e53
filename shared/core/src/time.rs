//! Points in time and the clock that tells them.
//!
//! Every rule, store and verifier takes its time from a [`Clock`] that it was given; none asks the system. That is what
//! makes a timeout testable without waiting for it.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A point in time, UTC, to the millisecond. Written as RFC 3339 with exactly three decimals: `2026-11-20T10:06:48.000Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(jiff::Timestamp);

impl Timestamp {
    /// The system's time, now. Only [`SystemClock`] and the local world's clock call this.
    #[must_use]
    pub fn system_now() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the clock")]
        let now = jiff::Timestamp::now();
        Self::from_epoch_millis(now.as_millisecond())
    }

    /// From milliseconds since the Unix epoch. Values outside the years −9999..9999 are clamped.
    #[must_use]
    pub fn from_epoch_millis(millis: i64) -> Self {
        let clamped =
            millis.clamp(jiff::Timestamp::MIN.as_millisecond() + 1, jiff::Timestamp::MAX.as_millisecond() - 1);
        Self(jiff::Timestamp::from_millisecond(clamped).unwrap_or(jiff::Timestamp::UNIX_EPOCH))
    }

    /// From whole seconds since the Unix epoch.
    #[must_use]
    pub fn from_epoch_secs(secs: i64) -> Self {
        Self::from_epoch_millis(secs.saturating_mul(1000))
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub fn epoch_millis(self) -> i64 {
        self.0.as_millisecond()
    }

    /// Whole seconds since the Unix epoch, rounded down.
    #[must_use]
    pub fn epoch_secs(self) -> i64 {
        self.epoch_millis().div_euclid(1000)
    }

    /// This much later.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self::from_epoch_millis(self.epoch_millis().saturating_add(millis_of(span)))
    }

    /// This much earlier.
    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        Self::from_epoch_millis(self.epoch_millis().saturating_sub(millis_of(span)))
    }

    /// How long after `earlier` this is; zero if it is not after it.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        let millis = self.epoch_millis().saturating_sub(earlier.epoch_millis());
        Duration::from_millis(u64::try_from(millis).unwrap_or(0))
    }

    /// Reads an RFC 3339 time, with any offset and any number of decimals (cut to milliseconds).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let parsed: jiff::Timestamp = text.parse().ok()?;
        Some(Self::from_epoch_millis(parsed.as_millisecond()))
    }
}

fn millis_of(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.0)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("expected an RFC 3339 time"))
    }
}

/// Where time comes from: one of the three seams of the product (beside provider capabilities and the secret source).
pub trait Clock: fmt::Debug + Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// The machine's own clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::system_now()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_is_written_with_three_decimals_and_read_back_equal() {
        for (text, millis) in [
            ("1970-01-01T00:00:00.000Z", 0),
            ("2026-11-20T10:06:48.000Z", 1_795_169_208_000),
            ("2026-11-20T10:06:48.007Z", 1_795_169_208_007),
        ] {
            assert_eq!(Timestamp::from_epoch_millis(millis).to_string(), text);
            assert_eq!(Timestamp::parse(text), Some(Timestamp::from_epoch_millis(millis)));
        }
    }

    #[test]
    fn offsets_and_finer_decimals_are_read_and_cut_to_milliseconds() {
        let utc = Timestamp::parse("2026-11-20T10:06:48.007Z").unwrap();
        assert_eq!(Timestamp::parse("2026-11-20T14:06:48.007999+04:00"), Some(utc));
        assert_eq!(Timestamp::parse("yesterday"), None);
    }

    #[test]
    fn arithmetic_saturates_instead_of_wrapping() {
        let far = Timestamp::from_epoch_millis(i64::MAX);
        assert_eq!(far.plus(Duration::from_secs(u64::MAX)), far);
        assert_eq!(Timestamp::from_epoch_millis(5).since(Timestamp::from_epoch_millis(9)), Duration::ZERO);
    }
}

//! Money: exact decimal amounts in a currency. No floats: what is billed must add up.
//!
//! As JSON, `{"amount":"0.013","currency":"USD"}`. An amount is read with up to six decimals and written in one form, so that equal
//! amounts are equal texts: as few decimals as it needs, but two at least (`0.50`, `0.0085`).

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Millionths in one: the finest amount that is told apart. Providers bill in hundred-thousandths.
const SCALE: u64 = 1_000_000;
/// Decimals of a millionth.
const DECIMALS: usize = 6;
/// Decimals that are always written.
const SHOWN_DECIMALS: usize = 2;

/// An amount in millionths of a currency's unit, below or above zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Micros(i64);

/// A text that is no amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a decimal number with at most six decimals, as in 0.013")]
pub struct NotAnAmount;

impl Micros {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// An amount, counted in millionths.
    #[must_use]
    pub const fn new(millionths: i64) -> Self {
        Self(millionths)
    }

    /// The millionths.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    /// Reads an amount as a provider writes it: decimals beyond the sixth are rounded, half away from zero.
    ///
    /// # Errors
    /// [`NotAnAmount`] if the text is not a plain decimal number (no exponent, no separators), or too large.
    pub fn rounded(text: &str) -> Result<Self, NotAnAmount> {
        let Some((whole, decimals)) = text.split_once('.') else { return text.parse() };
        let kept: String = decimals.chars().take(DECIMALS).collect();
        let exact: Self = format!("{whole}.{kept}").parse()?;
        match decimals.get(kept.len()..) {
            Some(rest) if rest.bytes().all(|byte| byte.is_ascii_digit()) => {
                let up = i64::from(rest.starts_with(['5', '6', '7', '8', '9']));
                let step = if text.starts_with('-') { -up } else { up };
                exact.0.checked_add(step).map(Self).ok_or(NotAnAmount)
            }
            _ => Err(NotAnAmount),
        }
    }

    /// The sum, unless it is too large to count.
    #[must_use]
    pub fn add(&self, other: &Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The amount `count` times over; the largest there is where it would be larger still.
    #[must_use]
    pub fn times(self, count: u32) -> Self {
        Self(self.0.saturating_mul(i64::from(count)))
    }
}

impl FromStr for Micros {
    type Err = NotAnAmount;

    fn from_str(text: &str) -> Result<Self, NotAnAmount> {
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let (whole, decimals) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(decimals) || decimals.len() > DECIMALS {
            return Err(NotAnAmount);
        }
        let amount: i64 = format!("{whole}{decimals:0<DECIMALS$}").parse().map_err(|_| NotAnAmount)?;
        Ok(Self(if text.starts_with('-') { -amount } else { amount }))
    }
}

impl fmt::Display for Micros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let size = self.0.unsigned_abs();
        let decimals = format!("{:0DECIMALS$}", size % SCALE);
        write!(f, "{sign}{}.{:0<SHOWN_DECIMALS$}", size / SCALE, decimals.trim_end_matches('0'))
    }
}

impl Serialize for Micros {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Micros {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A currency by its ISO 4217 code, or what a provider uses like one: three capital letters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// The United States dollar, which the providers bill in.
    pub const USD: Self = Self(*b"USD");

    /// Reads a code, in either letter case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let code: [u8; 3] = text.to_ascii_uppercase().as_bytes().try_into().ok()?;
        code.iter().all(u8::is_ascii_uppercase).then_some(Self(code))
    }

    /// The code, in capitals.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Letters only, so this is always text.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("expected a currency of three letters, as in USD"))
    }
}

/// An amount of money. Within a currency the larger amount is the greater; across currencies the order is only *some* order, by code, so
/// that a merge has one: it says nothing of worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    amount: Micros,
    currency: Currency,
}

impl Money {
    /// An amount of a currency.
    #[must_use]
    pub const fn new(amount: Micros, currency: Currency) -> Self {
        Self { amount, currency }
    }

    /// How much.
    #[must_use]
    pub const fn amount(&self) -> Micros {
        self.amount
    }

    /// How much, in millionths of the currency's unit.
    #[must_use]
    pub const fn micros(&self) -> i64 {
        self.amount.get()
    }

    /// Of what: the currency's code.
    #[must_use]
    pub fn currency(&self) -> &str {
        self.currency.as_str()
    }

    /// The sum. `None` if the currencies differ, or it is too large to count.
    #[must_use]
    pub fn add(&self, other: &Self) -> Option<Self> {
        let amount = self.amount.add(&other.amount)?;
        (self.currency == other.currency).then_some(Self { amount, currency: self.currency })
    }
}

impl Ord for Money {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.currency, self.amount).cmp(&(other.currency, other.amount))
    }
}

impl PartialOrd for Money {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::*;

    #[test]
    fn an_amount_is_written_with_as_few_decimals_as_it_needs_but_two_at_least() {
        for (text, written) in [
            ("0.0130", "0.013"),
            ("0.0085", "0.0085"),
            ("0", "0.00"),
            ("-0.00", "0.00"),
            ("12", "12.00"),
            ("12.5", "12.50"),
            ("-0.03000", "-0.03"),
            ("0.000001", "0.000001"),
            ("007.10", "7.10"),
            ("9223372036854.775807", "9223372036854.775807"),
        ] {
            assert_eq!(text.parse::<Micros>().unwrap().to_string(), written);
        }
        assert_eq!(Micros::new(i64::MIN).to_string(), "-9223372036854.775808");
    }

    #[test]
    fn what_is_no_plain_decimal_number_is_no_amount() {
        for text in [
            "",
            "-",
            ".",
            ".5",
            "5.",
            "+1",
            "1,5",
            "1e3",
            "1.0000001",
            " 1",
            "--1",
            "1.-5",
            "٥",
            "9223372036854.775808",
        ] {
            assert_eq!(text.parse::<Micros>(), Err(NotAnAmount), "{text:?}");
        }
    }

    #[test]
    fn a_provider_s_surplus_decimals_are_rounded_half_away_from_zero() {
        for (text, millionths) in [
            ("0.0123456", 12_346),
            ("0.0123454999", 12_345),
            ("-0.0000005", -1),
            ("-0.0000004", 0),
            ("0.9999999", 1_000_000),
            ("3", 3_000_000),
            ("3.5", 3_500_000),
        ] {
            assert_eq!(Micros::rounded(text), Ok(Micros::new(millionths)), "{text}");
        }
        for text in ["1.2345678x", "1.", "1e-7", "1.23456789e-7", "", "9223372036854.7758079"] {
            assert_eq!(Micros::rounded(text), Err(NotAnAmount), "{text:?}");
        }
    }

    #[test]
    fn money_is_two_texts_in_json_and_read_only_so() {
        let money = Money::new(Micros::new(13_000), Currency::USD);
        assert_eq!(serde_json::to_string(&money).unwrap(), r#"{"amount":"0.013","currency":"USD"}"#);
        let read = |json: &str| serde_json::from_str::<Money>(json).ok();
        assert_eq!(read(r#"{"amount":"0.0130","currency":"usd"}"#), Some(money));
        for wrong in [
            r#"{"amount":0.013,"currency":"USD"}"#,
            r#"{"amount":"0.013"}"#,
            r#"{"amount":"0.013","currency":"US"}"#,
            r#"{"amount":"0.013","currency":"U$D"}"#,
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn only_money_of_one_currency_adds_up() {
        let dollars = |millionths| Money::new(Micros::new(millionths), Currency::USD);
        let rials = Money::new(Micros::new(1), Currency::parse("OMR").unwrap());
        assert_eq!(dollars(2).add(&dollars(3)), Some(dollars(5)));
        assert_eq!(dollars(2).add(&rials), None);
        assert_eq!(dollars(i64::MAX).add(&dollars(1)), None);
        assert!(dollars(2) < dollars(3));
        assert_eq!(Micros::new(i64::MAX).times(2), Micros::new(i64::MAX));
    }

    proptest! {
        #[test]
        fn an_amount_is_read_back_as_it_was_written(millionths in -i64::MAX..=i64::MAX) {
            let amount = Micros::new(millionths);
            prop_assert_eq!(amount.to_string().parse::<Micros>(), Ok(amount));
            prop_assert_eq!(Micros::rounded(&amount.to_string()), Ok(amount));
        }

        #[test]
        fn any_text_gets_an_answer(text in any::<String>()) {
            let _ = (text.parse::<Micros>(), Micros::rounded(&text), Currency::parse(&text));
        }
    }
}

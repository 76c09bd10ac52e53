//! Settings, as a crate that cannot read the environment asks for them.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// A reader of settings that notes what is wrong and goes on, so that all problems are reported at once.
pub trait Settings {
    /// A setting that must be there.
    fn required(&mut self, name: &str) -> String;
    /// A text with a default.
    fn text(&mut self, name: &str, default: &str) -> String;
    /// A base URL that must be there; without a final slash.
    fn base_url(&mut self, name: &str) -> String;
    /// A number within bounds, with a default.
    fn number<N>(&mut self, name: &str, default: N, bounds: RangeInclusive<N>) -> N
    where
        N: FromStr + PartialOrd + Display + Copy;
    /// A value that has a reader of its own, with a default; `form` says what it must be. `None` if it is not so.
    fn parsed<T>(&mut self, name: &str, default: &str, read: impl FnOnce(&str) -> Option<T>, form: &str) -> Option<T>;
}

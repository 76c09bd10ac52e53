//! Settings, read once at boot. Every problem is collected, so that a wrong deployment is told all of them at once.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

use switchboard_core::Settings;

/// Reads settings from an environment.
#[derive(Debug)]
pub struct Config<'a> {
    environment: &'a BTreeMap<String, String>,
    problems: Vec<String>,
    asked: &'a Mutex<BTreeSet<String>>,
}

/// Every problem of a function's settings.
#[derive(Debug, thiserror::Error)]
pub struct ConfigError {
    /// One sentence each, naming the setting.
    pub problems: Vec<String>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the configuration has {} problem(s): {}", self.problems.len(), self.problems.join("; "))
    }
}

impl<'a> Config<'a> {
    pub(crate) fn new(environment: &'a BTreeMap<String, String>, asked: &'a Mutex<BTreeSet<String>>) -> Self {
        Self { environment, problems: Vec::new(), asked }
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// [`ConfigError`] with everything that was wrong.
    pub fn finish(self) -> Result<(), ConfigError> {
        if self.problems.is_empty() { Ok(()) } else { Err(ConfigError { problems: self.problems }) }
    }

    /// A setting that must be there. Where it is not, the problem is noted and the value is empty.
    pub fn required(&mut self, name: &str) -> String {
        self.optional(name).unwrap_or_else(|| {
            self.problems.push(format!("{name} is not set"));
            String::new()
        })
    }

    /// A setting that may be there. Empty is as good as absent, because a template cannot leave a variable out.
    pub fn optional(&mut self, name: &str) -> Option<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned());
        self.environment.get(name).map(|value| value.trim()).filter(|value| !value.is_empty()).map(str::to_owned)
    }

    /// A text with a default.
    pub fn text(&mut self, name: &str, default: &str) -> String {
        self.optional(name).unwrap_or_else(|| default.to_owned())
    }

    /// A number within bounds, with a default.
    pub fn number<N>(&mut self, name: &str, default: N, bounds: RangeInclusive<N>) -> N
    where
        N: FromStr + PartialOrd + fmt::Display + Copy,
    {
        let Some(text) = self.optional(name) else { return default };
        match text.parse() {
            Ok(number) if bounds.contains(&number) => number,
            _ => {
                self.problems.push(format!("{name} must be a number from {} to {}", bounds.start(), bounds.end()));
                default
            }
        }
    }

    /// `true` or `false`, with a default.
    pub fn flag(&mut self, name: &str, default: bool) -> bool {
        match self.optional(name).as_deref() {
            None => default,
            Some("true") => true,
            Some("false") => false,
            Some(_) => {
                self.problems.push(format!("{name} must be true or false"));
                default
            }
        }
    }

    /// A base URL: https, or http on this machine; no query, no credentials; a final slash is cut.
    pub fn base_url(&mut self, name: &str) -> String {
        let text = self.required(name);
        let text = text.trim_end_matches('/').to_owned();
        if text.is_empty() {
            return text;
        }
        let sound = text.parse::<http::Uri>().is_ok_and(|uri| {
            let local = uri.host().is_some_and(|host| matches!(host, "localhost" | "127.0.0.1" | "[::1]"));
            let plain = uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
            let scheme = uri.scheme_str();
            plain && uri.query().is_none() && (scheme == Some("https") || (scheme == Some("http") && local))
        });
        if !sound {
            self.problems.push(format!("{name} must be an https URL without a query (http only on localhost)"));
        }
        text
    }

    /// A base URL that may be there.
    pub fn optional_base_url(&mut self, name: &str) -> Option<String> {
        self.optional(name)?;
        Some(self.base_url(name))
    }

    /// A value that has a reader of its own.
    pub fn parsed<T>(
        &mut self,
        name: &str,
        default: &str,
        read: impl FnOnce(&str) -> Option<T>,
        form: &str,
    ) -> Option<T> {
        let text = self.text(name, default);
        let value = read(&text);
        if value.is_none() {
            self.problems.push(format!("{name} must be {form}"));
        }
        value
    }
}

impl Settings for Config<'_> {
    fn required(&mut self, name: &str) -> String {
        Config::required(self, name)
    }

    fn text(&mut self, name: &str, default: &str) -> String {
        Config::text(self, name, default)
    }

    fn base_url(&mut self, name: &str) -> String {
        Config::base_url(self, name)
    }

    fn number<N>(&mut self, name: &str, default: N, bounds: RangeInclusive<N>) -> N
    where
        N: FromStr + PartialOrd + fmt::Display + Copy,
    {
        Config::number(self, name, default, bounds)
    }

    fn parsed<T>(&mut self, name: &str, default: &str, read: impl FnOnce(&str) -> Option<T>, form: &str) -> Option<T> {
        Config::parsed(self, name, default, read, form)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn all_problems_are_reported_at_once_each_naming_its_setting() {
        let environment = environment(&[("B", "many"), ("C", "yes"), ("D", "ftp://x"), ("E", "7")]);
        let asked = Mutex::default();
        let mut config = Config::new(&environment, &asked);
        config.required("A");
        config.number("B", 1_u32, 1..=5);
        config.flag("C", false);
        config.base_url("D");
        config.number("E", 1_u32, 1..=5);
        let problems = config.finish().unwrap_err().problems;
        assert_eq!(problems.len(), 5);
        for (name, problem) in ["A", "B", "C", "D", "E"].iter().zip(&problems) {
            assert!(problem.starts_with(name), "{problem}");
        }
    }

    #[test]
    fn no_problem_repeats_a_value_which_may_be_a_secret_in_the_wrong_place() {
        let environment = environment(&[("B", "sk_live_hunter2"), ("D", "http://user:hunter2@example.com")]);
        let asked = Mutex::default();
        let mut config = Config::new(&environment, &asked);
        config.number("B", 1_u32, 1..=5);
        config.base_url("D");
        assert!(!config.finish().unwrap_err().to_string().contains("hunter2"));
    }

    #[test]
    fn a_base_url_is_https_or_on_this_machine() {
        for (url, sound) in [
            ("https://api.example.com/v1/", true),
            ("http://localhost:4000/v1", true),
            ("http://127.0.0.1:4000", true),
            ("http://example.com", false),
            ("https://example.com?x=1", false),
            ("https://a@example.com", false),
        ] {
            let environment = environment(&[("URL", url)]);
            let asked = Mutex::default();
            let mut config = Config::new(&environment, &asked);
            let read = config.base_url("URL");
            assert!(!read.ends_with('/'));
            assert_eq!(config.finish().is_ok(), sound, "{url}");
        }
    }
}

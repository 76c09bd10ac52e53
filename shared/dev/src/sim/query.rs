//! The parameters of a query or a form, as every simulated provider reads them. Names keep their order and may repeat.

use super::recorder::form_pairs;

/// Decoded names and values.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads `application/x-www-form-urlencoded`, which queries are written in, too.
    pub(crate) fn read(encoded: &str) -> Self {
        Self(form_pairs(encoded))
    }

    /// The first value of that name that is not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(given, value)| given == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// Every value of that name that is not empty.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(given, value)| given == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// A number, `default` where there is none, and `None` where it is no number.
    pub(crate) fn number(&self, name: &str, default: usize) -> Option<usize> {
        self.get(name).map_or(Some(default), |value| value.parse().ok())
    }

    /// All of them but those of the given names.
    pub(crate) fn without(&self, names: &[&str]) -> impl Iterator<Item = (&str, &str)> {
        let kept = self.0.iter().filter(|(given, _)| !names.contains(&given.as_str()));
        kept.map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// One page of a list: `size` items from page `page` on, the first being 1.
pub(crate) fn page<T>(items: Vec<T>, page: usize, size: usize) -> Vec<T> {
    items.into_iter().skip(page.saturating_sub(1).saturating_mul(size)).take(size).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_repeat_and_empty_values_are_none() {
        let parameters = Parameters::read("a=1&b=&a=2&StartTime%3C=2026-11-20&n=x");
        assert_eq!(parameters.all("a").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!((parameters.get("b"), parameters.get("StartTime<")), (None, Some("2026-11-20")));
        assert_eq!(
            (parameters.number("a", 9), parameters.number("b", 9), parameters.number("n", 9)),
            (Some(1), Some(9), None)
        );
        assert_eq!(parameters.without(&["a", "b"]).count(), 2);
    }

    #[test]
    fn pages_begin_at_one() {
        let items = || (1..=5).collect::<Vec<_>>();
        assert_eq!((page(items(), 1, 2), page(items(), 3, 2), page(items(), 4, 2)), (vec![1, 2], vec![5], vec![]));
    }
}

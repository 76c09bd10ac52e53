//! Queries: values read from a request's query string, and everything that is wrong with them, told at once.

use switchboard_core::{Detail, Fault, PhoneNumber, ProviderId, Timestamp};
use switchboard_lambda::{ApiError, Request};

/// What stands between the digits of a number as people write it.
const SEPARATORS: [char; 5] = [' ', '-', '.', '(', ')'];

/// A query that is being read.
pub(crate) struct Query<F> {
    value_of: F,
    wrong: Vec<Detail>,
}

/// A span of time, half open: from `since` on, and before `until`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) since: Option<Timestamp>,
    pub(crate) until: Option<Timestamp>,
}

/// Begins to read a request's query.
pub(crate) fn query_of<'q, O>(request: &'q Request<O>) -> Query<impl Fn(&str) -> Option<&'q str>> {
    Query { value_of: |name: &str| request.query(name), wrong: Vec::new() }
}

impl<'q, F: Fn(&str) -> Option<&'q str>> Query<F> {
    /// A value, if it is given. `form` says what it must be.
    pub(crate) fn parsed<T>(&mut self, name: &str, read: impl FnOnce(&str) -> Option<T>, form: &str) -> Option<T> {
        let value = read((self.value_of)(name)?);
        if value.is_none() {
            self.wrong.push(Detail::new(name, form));
        }
        value
    }

    /// `provider`.
    pub(crate) fn provider(&mut self) -> Option<ProviderId> {
        let named = |text: &str| ProviderId::ALL.into_iter().find(|provider| provider.as_str() == text);
        let names = ProviderId::ALL.map(ProviderId::as_str).join(", ");
        self.parsed("provider", named, &format!("must be one of {names}"))
    }

    /// `since` and `until`.
    pub(crate) fn span(&mut self) -> Span {
        let form = "must be an RFC 3339 time, as in 2026-11-20T00:00:00Z";
        let span = Span { since: self.parsed("since", moment, form), until: self.parsed("until", moment, form) };
        if let Span { since: Some(since), until: Some(until) } = span
            && until <= since
        {
            self.wrong.push(Detail::new("until", "must be after since"));
        }
        span
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// 400 naming every value that is wrong.
    pub(crate) fn finish(self) -> Result<(), ApiError> {
        if self.wrong.is_empty() {
            return Ok(());
        }
        Err(ApiError::new(Fault::InvalidRequest, "a field of the request is not valid").with_details(self.wrong))
    }
}

/// A time. The `+` of an offset that was not escaped arrives as a space.
fn moment(text: &str) -> Option<Timestamp> {
    Timestamp::parse(text).or_else(|| {
        let (at, offset) = text.rsplit_once(' ')?;
        Timestamp::parse(&format!("{at}+{offset}"))
    })
}

/// A number to look for, however it is written. Nobody is called, so that what is meant is enough: a `+` that was not escaped
/// arrives as a space, and a number within no plan may have been reported by a provider all the same.
pub(crate) fn number(text: &str) -> Option<PhoneNumber> {
    let text = text.trim();
    let abroad = if text.starts_with('+') || text.starts_with("00") { text.to_owned() } else { format!("+{text}") };
    match PhoneNumber::parse(&abroad, None) {
        Ok(number) => Some(number),
        Err(bad) => bad.suggestion().cloned().or_else(|| PhoneNumber::from_e164(&abroad.replace(SEPARATORS, ""))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query<'q>(pairs: &'q [(&'q str, &'q str)]) -> Query<impl Fn(&str) -> Option<&'q str>> {
        let value_of = |name: &str| pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        Query { value_of, wrong: Vec::new() }
    }

    #[test]
    fn a_number_is_found_however_it_is_written() {
        for text in
            ["+96891234567", " 96891234567", "96891234567", "+968 9123-4567", "00968 9123 4567", "968.9123.4567"]
        {
            assert_eq!(number(text).unwrap().expose(), "+96891234567", "{text:?}");
        }
        assert_eq!(number("+441234567890123").unwrap().expose(), "+441234567890123", "in no plan, but it has the form");
        for wrong in ["", " ", "+", "abc", "+968x", "12", "+1234567890123456"] {
            assert_eq!(number(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_time_is_read_with_its_plus_lost() {
        let expected = Timestamp::parse("2026-11-20T10:00:00Z");
        for text in ["2026-11-20T10:00:00Z", "2026-11-20T14:00:00+04:00", "2026-11-20T14:00:00 04:00"] {
            assert_eq!(moment(text), expected, "{text}");
        }
        for wrong in ["", " ", "yesterday", "2026-11-20", "1795169208", "2026-13-01T00:00:00Z"] {
            assert_eq!(moment(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let mut query = query(&[("since", "x"), ("provider", "y")]);
        assert_eq!((query.span(), query.provider()), (Span::default(), None));
        let error = query.finish().unwrap_err();
        assert_eq!(
            error.details().iter().map(|detail| detail.field.as_str()).collect::<Vec<_>>(),
            ["since", "provider"]
        );
    }

    #[test]
    fn a_span_without_room_is_refused() {
        for (since, until, sound) in [
            ("2026-11-20T00:00:00Z", "2026-11-20T00:00:00.001Z", true),
            ("2026-11-20T00:00:00Z", "2026-11-20T00:00:00Z", false),
            ("2026-11-20T00:00:00Z", "2026-11-19T00:00:00Z", false),
        ] {
            let pairs = [("since", since), ("until", until)];
            let mut query = query(&pairs);
            query.span();
            assert_eq!(query.finish().is_ok(), sound, "{since} {until}");
        }
    }
}

//! Times as the simulated providers write them, each in the form of its own contract. All are UTC, said or unsaid.

use switchboard_core::Timestamp;

/// RFC 2822, as Twilio writes every date: `Tue, 10 Aug 2010 08:02:17 +0000`.
pub(crate) fn rfc2822(at: Timestamp) -> String {
    formatted(at, "%a, %d %b %Y %H:%M:%S +0000")
}

/// `MM/DD/YYYY HH:MM:SS`, as OmniDimension's logs have it, without a zone.
pub(crate) fn month_first(at: Timestamp) -> String {
    formatted(at, "%m/%d/%Y %H:%M:%S")
}

/// `YYYY-MM-DD HH:MM:SS`, as OmniDimension's webhook has it, without a zone.
pub(crate) fn year_first(at: Timestamp) -> String {
    formatted(at, "%Y-%m-%d %H:%M:%S")
}

/// `YYYY-MM-DD`.
pub(crate) fn day(at: Timestamp) -> String {
    formatted(at, "%Y-%m-%d")
}

fn formatted(at: Timestamp, form: &str) -> String {
    let at = jiff::Timestamp::from_millisecond(at.epoch_millis()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    at.strftime(form).to_string()
}

/// The first moment of a `YYYY-MM-DD`, or an RFC 3339 time.
pub(crate) fn parsed(text: &str) -> Option<Timestamp> {
    Timestamp::parse(text).or_else(|| Timestamp::parse(&format!("{text}T00:00:00Z")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_the_one_of_its_contract() {
        let at = Timestamp::parse("2010-08-10T08:02:17.250Z").unwrap();
        assert_eq!(rfc2822(at), "Tue, 10 Aug 2010 08:02:17 +0000");
        assert_eq!(month_first(at), "08/10/2010 08:02:17");
        assert_eq!(year_first(at), "2010-08-10 08:02:17");
        assert_eq!(parsed(&day(at)).unwrap().to_string(), "2010-08-10T00:00:00.000Z");
        assert_eq!(parsed("10 August"), None);
    }
}

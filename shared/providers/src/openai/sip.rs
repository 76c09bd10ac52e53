//! Who rings, by the headers of a SIP call (RFC 3261 §20, RFC 3966). They are the caller's own words, and prove nothing.

use switchboard_core::PhoneNumber;

use crate::lenient::Field;

/// The number in the first header of this name, if it is one.
pub(super) fn number_in(headers: Field<'_>, name: &str) -> Option<PhoneNumber> {
    let first =
        headers.list().find(|header| header.at("name").text().is_some_and(|text| text.eq_ignore_ascii_case(name)))?;
    number(first.at("value").text()?)
}

/// The number in an address: `sip:+E164@host`, `tel:+E164`, with or without a display name, brackets and parameters.
fn number(value: &str) -> Option<PhoneNumber> {
    // Behind a display name the address stands in brackets; a quoted name may hold brackets of its own, so the last ones count.
    let address = match value.rsplit_once('<') {
        Some((_, rest)) => rest.split('>').next()?,
        None => value,
    };
    let (scheme, rest) = address.trim().split_once(':')?;
    let subscriber = match scheme.to_ascii_lowercase().as_str() {
        "sip" | "sips" => rest.split_once('@')?.0,
        "tel" => rest,
        _ => return None,
    };
    // Behind a semicolon stand parameters, behind a colon a password.
    let digits = subscriber.split([';', ':', '?']).next()?;
    // The separators that a number may be written with (RFC 3966 §5.1.1).
    let digits: String = digits.chars().filter(|char| !matches!(char, '-' | '.' | '(' | ')')).collect();
    PhoneNumber::from_e164(digits.trim())
}

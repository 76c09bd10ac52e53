//! A request's path as an HTTP API delivers it.
//!
//! An HTTP API, other than a function URL, decodes the path before it matches and delivers it, and does so twice, reading
//! the result of the first pass as a path with a query. AWS does not say so; published captures of live events do (the
//! project `hotsock/voker` on GitHub, `vokerhttp/testdata/ingress-paths.json`, read 2026-11-20). A rule of the product that
//! relies on an encoded path would hold at a function URL and fail at the API.

/// The path that is matched and delivered; `None` where AWS refuses the request.
pub(super) fn delivered(sent: &str) -> Option<String> {
    // `OPTIONS *` has no path at all.
    let once = percent_decoded(sent).filter(|_| sent.starts_with('/'))?;
    let path = once.split('?').next().unwrap_or_default();
    percent_decoded(path)
}

/// Text without percent escapes; `None` where an escape is malformed or the bytes are no UTF-8.
pub(super) fn percent_decoded(text: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let (high, low) = (hex(bytes.next()?)?, hex(bytes.next()?)?);
            decoded.push(high * 16 + low);
        } else {
            decoded.push(byte);
        }
    }
    String::from_utf8(decoded).ok()
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_delivered_as_live_captures_show() {
        for (sent, expected) in [
            ("/a/b", Some("/a/b")),
            ("/a/one%20two", Some("/a/one two")),
            ("/a/one%3Ftwo", Some("/a/one")),
            ("/a/half%25off", None),
            ("/a/one%23two", Some("/a/one#two")),
            ("/a/one%2Ftwo", Some("/a/one/two")),
            ("/a/%D7%A9", Some("/a/ש")),
            ("/a/one%252Ftwo", Some("/a/one/two")),
            ("/a/one%253Ftwo", Some("/a/one?two")),
            ("/a/one%2525two", Some("/a/one%two")),
            // Not captured: what is no escape at all, and bytes that are no text.
            ("/capture/%zz", None),
            ("/capture/%4", None),
            ("/capture/%ff", None),
            ("*", None),
        ] {
            assert_eq!(delivered(sent).as_deref(), expected, "{sent}");
        }
    }
}

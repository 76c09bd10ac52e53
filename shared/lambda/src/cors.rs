//! CORS: which pages may read our answers.
//!
//! The API knows no cookies, so that no answer ever allows credentials; `*` is therefore safe where an operator wants it.

use http::HeaderMap;

/// The origins whose pages may read answers (`CORS_ORIGIN`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedOrigins {
    any: bool,
    listed: Vec<String>,
}

/// What pages may send.
const REQUEST_HEADERS: &str = "authorization, content-type, accept, idempotency-key";
/// What pages may read beyond the usual.
const EXPOSED_HEADERS: &str =
    "x-request-id, retry-after, ratelimit-limit, ratelimit-remaining, ratelimit-reset, idempotent-replayed, allow";
/// How long a browser may remember a preflight, in seconds.
const PREFLIGHT_SECS: &str = "600";

impl AllowedOrigins {
    /// Reads a comma-separated list of origins, or `*`. `None` if one is not an origin.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut allowed = Self::default();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            if part == "*" {
                allowed.any = true;
            } else if is_origin(part) {
                allowed.listed.push(part.to_ascii_lowercase());
            } else {
                return None;
            }
        }
        Some(allowed)
    }

    /// The headers that let the asking page read an answer; only `Vary` for any other.
    #[must_use]
    pub fn answer_headers(&self, request: &HeaderMap) -> Vec<(&'static str, String)> {
        let origin = request.get(http::header::ORIGIN).and_then(|value| value.to_str().ok());
        let allowed = match origin {
            _ if self.any => Some("*".to_owned()),
            Some(origin) => {
                self.listed.iter().find(|listed| listed.eq_ignore_ascii_case(origin)).map(|_| origin.to_owned())
            }
            None => None,
        };
        // A cache must not give one origin's answer to another, nor to a request without one.
        let mut headers = if self.any { Vec::new() } else { vec![("vary", "origin".to_owned())] };
        if let Some(allowed) = allowed {
            headers.push(("access-control-allow-origin", allowed));
            headers.push(("access-control-expose-headers", EXPOSED_HEADERS.to_owned()));
        }
        headers
    }

    /// The headers of a preflight's answer beyond [`AllowedOrigins::answer_headers`]. `methods` is what the path serves.
    #[must_use]
    pub fn preflight_headers(methods: &str) -> [(http::HeaderName, String); 3] {
        [
            (http::header::ACCESS_CONTROL_ALLOW_METHODS, methods.to_owned()),
            (http::header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS.to_owned()),
            (http::header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_SECS.to_owned()),
        ]
    }
}

/// Scheme, host, maybe a port; no path, no wildcard.
fn is_origin(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else { return false };
    !rest.is_empty()
        && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte))
        && text.parse::<http::Uri>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed_origin(configured: &str, origin: Option<&str>) -> Option<String> {
        let mut request = HeaderMap::new();
        if let Some(origin) = origin {
            request.insert("origin", origin.parse().unwrap());
        }
        let headers = AllowedOrigins::parse(configured).unwrap().answer_headers(&request);
        assert!(headers.iter().all(|(name, _)| *name != "access-control-allow-credentials"));
        headers.into_iter().find(|(name, _)| *name == "access-control-allow-origin").map(|(_, value)| value)
    }

    #[test]
    fn an_origin_is_allowed_only_if_it_is_listed_exactly() {
        let list = "https://app.example.com, http://localhost:3000";
        assert_eq!(allowed_origin(list, Some("https://app.example.com")).as_deref(), Some("https://app.example.com"));
        for other in ["https://app.example.com.evil.test", "http://app.example.com", "https://example.com", "null"] {
            assert_eq!(allowed_origin(list, Some(other)), None, "{other}");
        }
        assert_eq!(allowed_origin(list, None), None);
        assert_eq!(allowed_origin("", Some("https://a.test")), None);
        assert_eq!(allowed_origin("*", Some("https://a.test")).as_deref(), Some("*"));
    }

    #[test]
    fn a_list_with_something_else_in_it_is_refused() {
        for wrong in ["example.com", "https://", "https://a.test/path", "https://*.a.test", "ftp://a.test"] {
            assert_eq!(AllowedOrigins::parse(wrong), None, "{wrong}");
        }
    }
}

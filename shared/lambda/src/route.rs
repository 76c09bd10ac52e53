//! Routes: what a function serves, to whom, and how much of it.

use switchboard_auth::Access;

/// Which limit a route counts towards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateClass {
    /// The configured limit of the voice POSTs (`RATE_LIMIT_MAX_REQUESTS` per `RATE_LIMIT_WINDOW_MS`).
    Voice,
    /// 600 a minute.
    Standard,
    /// None: webhooks, and what is not a route.
    Unlimited,
}

/// The largest body of a route that says nothing else, in bytes: a context of 32 KB with every character escaped (`\u0041` has
/// six bytes), and room around it.
const SMALL_BODY: usize = 256 * 1024;

/// A route. `O` is the function's own list of operations, so that its handler is an exhaustive match.
#[derive(Clone, Copy, Debug)]
pub struct Route<O: 'static> {
    /// The method.
    pub method: &'static str,
    /// The path as in the template: `/api/voice/session/{sessionId}`. `$default` is whatever no other route takes.
    pub path: &'static str,
    /// What it does.
    pub operation: O,
    /// Who may.
    pub access: Access,
    /// Which limit it counts towards.
    pub rate: RateClass,
    /// The largest body, in bytes.
    pub max_body: usize,
    /// Whether it takes `Idempotency-Key`.
    pub idempotent_by_key: bool,
    /// Whether a request that was cut off in the middle may be carried out again by its repetition.
    pub repeatable: bool,
}

impl<O: Copy> Route<O> {
    /// A route. There is none without an [`Access`].
    pub const fn new(method: &'static str, path: &'static str, operation: O, access: Access) -> Self {
        Self {
            method,
            path,
            operation,
            access,
            rate: RateClass::Standard,
            max_body: SMALL_BODY,
            idempotent_by_key: false,
            repeatable: true,
        }
    }

    /// Whatever no other route takes, with any method.
    pub const fn fallback(operation: O) -> Self {
        Self::new("*", FALLBACK, operation, Access::self_proving()).limited_by(RateClass::Unlimited)
    }

    /// Counts towards another limit.
    #[must_use]
    pub const fn limited_by(self, rate: RateClass) -> Self {
        Self { rate, ..self }
    }

    /// Takes larger bodies.
    #[must_use]
    pub const fn with_body_up_to(self, max_body: usize) -> Self {
        Self { max_body, ..self }
    }

    /// Takes `Idempotency-Key`: for what creates or acts.
    #[must_use]
    pub const fn idempotent_by_key(self) -> Self {
        Self { idempotent_by_key: true, ..self }
    }

    /// Takes `Idempotency-Key`, and does not carry out again what was cut off: what it did is unknown, and stays so.
    #[must_use]
    pub const fn once_by_key(self) -> Self {
        Self { idempotent_by_key: true, repeatable: false, ..self }
    }

    /// The route as one text, as in logs and in the template's events.
    #[must_use]
    pub fn key(&self) -> String {
        if self.path == FALLBACK { FALLBACK.to_owned() } else { format!("{} {}", self.method, self.path) }
    }

    /// The path's parameters if `method` and `path` are this route's.
    pub(crate) fn matches(&self, method: &str, path: &str) -> Option<Parameters> {
        if self.path == FALLBACK {
            return Some(Vec::new());
        }
        if self.method != method {
            return None;
        }
        let (mut pattern, mut given) = (self.path.split('/'), path.split('/'));
        let mut parameters = Vec::new();
        loop {
            match (pattern.next(), given.next()) {
                (None, None) => return Some(parameters),
                (Some(expected), Some(segment)) => {
                    match expected.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                        Some(name) if !segment.is_empty() => parameters.push((name, segment.to_owned())),
                        None if expected == segment => {}
                        _ => return None,
                    }
                }
                _ => return None,
            }
        }
    }
}

/// The parameters of a path, by name.
pub(crate) type Parameters = Vec<(&'static str, String)>;

/// The path of the fallback route, as API Gateway names it.
const FALLBACK: &str = "$default";

/// The route that takes a request: a literal segment beats a parameter, the fallback comes last.
pub(crate) fn find<'r, O: Copy>(
    routes: &'r [Route<O>],
    method: &str,
    path: &str,
) -> Option<(&'r Route<O>, Parameters)> {
    routes
        .iter()
        .filter_map(|route| Some((route, route.matches(method, path)?)))
        .min_by_key(|(route, parameters)| (route.path == FALLBACK, parameters.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUTES: &[Route<u8>] = &[
        Route::new("GET", "/a/{id}", 1, Access::anyone()),
        Route::new("GET", "/a/fixed", 2, Access::anyone()),
        Route::new("POST", "/a/{id}/end", 3, Access::anyone()),
        Route::fallback(9),
    ];

    #[test]
    fn a_path_is_matched_segment_by_segment_and_literals_win() {
        for (method, path, operation, parameter) in [
            ("GET", "/a/x", 1, Some("x")),
            ("GET", "/a/fixed", 2, None),
            ("POST", "/a/x/end", 3, Some("x")),
            ("POST", "/a/x", 9, None),
            ("GET", "/a/", 9, None),
            ("GET", "/a/x/", 9, None),
            ("GET", "//a/x", 9, None),
            ("GET", "", 9, None),
        ] {
            let (route, parameters) = find(ROUTES, method, path).unwrap();
            assert_eq!(route.operation, operation, "{method} {path}");
            assert_eq!(parameters.first().map(|(_, value)| value.as_str()), parameter);
        }
        assert!(find(&ROUTES[..3], "GET", "/b").is_none());
    }
}

//! Which route of the HTTP API takes a request.
//!
//! As in AWS: routes without a greedy part first, then greedy ones, then `$default`; within each the more literal part
//! further left wins, and a named method wins over `ANY`.

use std::collections::BTreeMap;

use http::Method;

use super::template::DEFAULT_ROUTE;

/// One route and what stands behind it.
#[derive(Clone, Debug)]
pub(super) struct Route {
    /// As AWS writes it: `GET /a/{id}` or `$default`.
    pub(super) key: String,
    /// The position of its function in the gateway's list.
    pub(super) function: usize,
    /// `None` for any.
    method: Option<Method>,
    /// `None` for `$default`.
    parts: Option<Vec<Part>>,
}

/// A part of a route's path. The order is that of precedence.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Literal(String),
    Parameter(String),
    Greedy(String),
}

impl Route {
    /// Reads a route; `None` where the method or the path is none that an HTTP API could have.
    pub(super) fn read(method: &str, path: &str, function: usize) -> Option<Self> {
        let any = method == "ANY";
        if path == DEFAULT_ROUTE {
            return any.then(|| Self { key: path.to_owned(), function, method: None, parts: None });
        }
        let parts: Vec<Part> = path.strip_prefix('/')?.split('/').map(part).collect::<Option<_>>()?;
        let greedy = parts.iter().position(|part| matches!(part, Part::Greedy(_)));
        if greedy.is_some_and(|position| position + 1 != parts.len()) {
            return None;
        }
        let method = if any { None } else { Some(Method::from_bytes(method.as_bytes()).ok()?) };
        let name = method.as_ref().map_or("ANY", Method::as_str);
        Some(Self { key: format!("{name} {path}"), function, method, parts: Some(parts) })
    }

    /// What sorts the more specific route first.
    fn rank(&self) -> (bool, bool, &[Part], bool) {
        let parts = self.parts.as_deref().unwrap_or_default();
        let greedy = matches!(parts.last(), Some(Part::Greedy(_)));
        (self.parts.is_none(), greedy, parts, self.method.is_none())
    }

    fn parameters(&self, method: &Method, path: &str) -> Option<BTreeMap<String, String>> {
        if self.method.as_ref().is_some_and(|own| own != method) {
            return None;
        }
        let mut parameters = BTreeMap::new();
        let Some(parts) = &self.parts else { return Some(parameters) };
        let mut rest = Some(path.strip_prefix('/')?);
        for part in parts {
            let unread = rest?;
            let (own, behind) = match unread.split_once('/') {
                Some((own, behind)) => (own, Some(behind)),
                None => (unread, None),
            };
            match part {
                Part::Literal(text) if text == own => rest = behind,
                Part::Parameter(name) if !own.is_empty() => {
                    parameters.insert(name.clone(), own.to_owned());
                    rest = behind;
                }
                Part::Greedy(name) if !unread.is_empty() => {
                    parameters.insert(name.clone(), unread.to_owned());
                    rest = None;
                }
                _ => return None,
            }
        }
        rest.is_none().then_some(parameters)
    }
}

fn part(text: &str) -> Option<Part> {
    match text.strip_prefix('{') {
        None => (!text.contains(['{', '}'])).then(|| Part::Literal(text.to_owned())),
        Some(rest) => {
            let name = rest.strip_suffix('}')?;
            let (name, greedy) = name.strip_suffix('+').map_or((name, false), |name| (name, true));
            let known = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "._:-".contains(c));
            known.then(|| if greedy { Part::Greedy(name.to_owned()) } else { Part::Parameter(name.to_owned()) })
        }
    }
}

/// All routes, the most specific first.
#[derive(Clone, Debug)]
pub(super) struct Routes(Vec<Route>);

impl Routes {
    pub(super) fn new(mut routes: Vec<Route>) -> Self {
        routes.sort_by(|left, right| left.rank().cmp(&right.rank()));
        Self(routes)
    }

    /// The route that takes a request, and the values of its path parameters.
    pub(super) fn find(&self, method: &Method, path: &str) -> Option<(&Route, BTreeMap<String, String>)> {
        self.0.iter().find_map(|route| route.parameters(method, path).map(|parameters| (route, parameters)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes(specs: &[&str]) -> Routes {
        let read = |spec: &&str| {
            let (method, path) = spec.split_once(' ').unwrap_or(("ANY", spec));
            Route::read(method, path, 0).unwrap()
        };
        Routes::new(specs.iter().map(read).collect())
    }

    #[test]
    fn the_most_specific_route_wins_whatever_the_order_of_the_template() {
        let mut specs = vec![
            "$default",
            "ANY /{proxy+}",
            "GET /pets/{proxy+}",
            "ANY /pets/dog/1",
            "GET /pets/dog/1",
            "GET /pets/{kind}/1",
            "GET /pets/dog/{id}",
        ];
        for _ in 0..specs.len() {
            specs.rotate_left(1);
            let routes = routes(&specs);
            for (method, path, expected) in [
                ("GET", "/pets/dog/1", "GET /pets/dog/1"),
                ("PUT", "/pets/dog/1", "ANY /pets/dog/1"),
                ("GET", "/pets/dog/2", "GET /pets/dog/{id}"),
                ("GET", "/pets/cat/1", "GET /pets/{kind}/1"),
                ("GET", "/pets/cat/2", "GET /pets/{proxy+}"),
                ("PUT", "/pets/cat/2", "ANY /{proxy+}"),
                ("GET", "/", "$default"),
            ] {
                let method = Method::from_bytes(method.as_bytes()).unwrap();
                assert_eq!(routes.find(&method, path).unwrap().0.key, expected, "{method} {path}");
            }
        }
    }

    #[test]
    fn parameters_are_taken_from_the_path_and_are_never_empty() {
        let routes = routes(&["GET /a/{id}/b", "GET /files/{path+}"]);
        let found = |path: &str| routes.find(&Method::GET, path).map(|(_, parameters)| parameters);
        assert_eq!(found("/a/x y/b").unwrap()["id"], "x y");
        assert_eq!(found("/files/one/two/").unwrap()["path"], "one/two/");
        for path in ["/a//b", "/a/x/b/", "/a/x", "/a/x/c", "/files", "/files/", "a/x/b", ""] {
            assert_eq!(found(path), None, "{path}");
        }
    }

    #[test]
    fn what_is_no_route_is_not_read() {
        for (method, path) in [
            ("GET", "a"),
            ("GET", "/{a+}/b"),
            ("GET", "/{}"),
            ("GET", "/{a"),
            ("GET", "/x{a}"),
            ("GET", "$default"),
            ("G T", "/a"),
        ] {
            assert!(Route::read(method, path, 0).is_none(), "{method} {path}");
        }
    }
}

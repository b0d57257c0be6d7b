//! The routes by their path. Matching is exact, after dot segments are resolved and one trailing `/` is taken off; the query plays no part.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use super::gate::Gate;
use crate::config::{Bodies, RouteLimits};
use crate::model::RouteId;
use crate::sandbox::Slot;

/// One plugin route, ready to serve.
pub struct Route {
    /// Its id.
    pub id: RouteId,
    /// Its normalised path.
    pub path: Arc<str>,
    /// Its limits.
    pub limits: RouteLimits,
    /// Who may call it.
    pub gate: Gate,
    /// What bodies it takes.
    pub bodies: Bodies,
    /// Its component.
    pub slot: Arc<Slot>,
}

/// All routes.
#[derive(Default)]
pub struct RouteTable {
    by_path: HashMap<Arc<str>, Arc<Route>>,
}

impl RouteTable {
    /// A table of these routes. The config has already refused two routes with one path.
    pub fn new(routes: impl IntoIterator<Item = Route>) -> Self {
        Self { by_path: routes.into_iter().map(|route| (route.path.clone(), Arc::new(route))).collect() }
    }

    /// The route at this path, as `resolved` gives it.
    pub fn find(&self, path: &str) -> Option<&Arc<Route>> {
        self.by_path.get(normalised(path))
    }
}

/// A request's path without its `.` and `..` segments, and with `/` for `\`, as every URL parser resolves them, OpenClaw's included.
pub(super) fn resolved(path: &str) -> Cow<'_, str> {
    if path.contains('\\') {
        return Cow::Owned(resolved(&path.replace('\\', "/")).into_owned());
    }
    if path.split('/').all(|segment| dots(segment) == 0) {
        return Cow::Borrowed(path);
    }
    let mut kept = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        match dots(segment) {
            0 => kept.push(segment),
            2 => drop(kept.pop()),
            _ => {}
        }
        if dots(segment) > 0 && segments.peek().is_none() {
            kept.push(""); // what ends in a dot segment names a folder
        }
    }
    Cow::Owned(["/", &kept.join("/")].concat())
}

/// One or two, if the segment is nothing but so many dots, perhaps percent-encoded; else none.
fn dots(segment: &str) -> usize {
    let mut rest = segment.as_bytes();
    let mut dots = 0;
    while let [b'.', after @ ..] | [b'%', b'2', b'e' | b'E', after @ ..] = rest {
        rest = after;
        dots += 1;
    }
    if rest.is_empty() && dots <= 2 { dots } else { 0 }
}

pub(super) fn normalised(path: &str) -> &str {
    match path.strip_suffix('/') {
        Some("") | None => path,
        Some(shorter) => shorter,
    }
}

#[cfg(test)]
mod tests {
    use super::{normalised, resolved};

    #[test]
    fn dot_segments_are_resolved_as_urls_have_them() {
        for (path, expected) in [
            ("/a/b", "/a/b"),
            ("/a/./b", "/a/b"),
            ("/a/x/../b", "/a/b"),
            ("/a/%2e/x/%2E./b", "/a/b"),
            ("/a/b/.", "/a/b/"),
            ("/a/b/x/..", "/a/b/"),
            ("/../../a", "/a"),
            ("/..", "/"),
            ("/a//../b", "/a/b"),
            ("/a/.../b", "/a/.../b"),
            ("/a/.b/..c", "/a/.b/..c"),
            ("/a/%2f/%", "/a/%2f/%"),
            (r"/a\b\..\c/%5c", "/a/c/%5c"),
            ("*", "*"),
        ] {
            assert_eq!(resolved(path), expected, "{path}");
        }
    }

    #[test]
    fn one_trailing_slash_is_taken_off_and_no_more() {
        assert_eq!(normalised("/a/b/"), "/a/b");
        assert_eq!(normalised("/a/b//"), "/a/b/");
        assert_eq!(normalised("/"), "/");
        assert_eq!(normalised("/A%62"), "/A%62");
    }
}

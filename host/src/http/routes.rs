//! The routes by their path. Matching is exact, after one trailing `/` is taken off; the query plays no part.

use std::collections::HashMap;
use std::sync::Arc;

use crate::auth::secret::RouteSecret;
use crate::config::RouteLimits;
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
    pub secret: Arc<RouteSecret>,
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

    /// The route at this raw request path.
    pub fn find(&self, raw_path: &str) -> Option<&Arc<Route>> {
        self.by_path.get(normalised(raw_path))
    }

    /// All routes, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Route>> {
        self.by_path.values()
    }
}

fn normalised(path: &str) -> &str {
    match path.strip_suffix('/') {
        Some("") | None => path,
        Some(shorter) => shorter,
    }
}

#[cfg(test)]
mod tests {
    use super::normalised;

    #[test]
    fn one_trailing_slash_is_taken_off_and_no_more() {
        assert_eq!(normalised("/a/b/"), "/a/b");
        assert_eq!(normalised("/a/b//"), "/a/b/");
        assert_eq!(normalised("/"), "/");
        assert_eq!(normalised("/A%62"), "/A%62");
    }
}

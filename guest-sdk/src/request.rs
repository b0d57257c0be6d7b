//! The request: its body, and the little else that an action may learn of it. In the sandbox the body is there from the
//! start and the rest is asked of the host when it is wanted; in tests all of it is given.

use alloc::string::String;
use alloc::vec::Vec;

/// One authenticated POST, as an action sees it. Credentials and cookies are never in it.
#[derive(Clone, Debug, Default)]
pub struct Request {
    body: String,
    #[cfg(not(target_arch = "wasm32"))]
    route_id: String,
    #[cfg(not(target_arch = "wasm32"))]
    headers: Vec<Header>,
    #[cfg(not(target_arch = "wasm32"))]
    query: String,
}

/// One HTTP header. Names are lower-case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// As in `x-github-event`.
    pub name: String,
    /// Several of one name come joined by `, `.
    pub value: String,
}

impl Request {
    /// A request with this body: one JSON value.
    #[allow(clippy::field_reassign_with_default, reason = "one line for both shapes of the struct")]
    pub fn new(body: impl Into<String>) -> Self {
        let mut request = Self::default();
        request.body = body.into(); // the other members are not there in the sandbox
        request
    }

    /// The body: one JSON value as canonical text.
    pub fn body(&self) -> &str {
        &self.body
    }

    /// The body as a type of yours. What does not fit is the caller's mistake, and `?` answers 400 with what is wrong.
    #[cfg(feature = "json")]
    pub fn json<'a, T: serde::Deserialize<'a>>(&'a self) -> Result<T, crate::Error> {
        use alloc::string::ToString;
        serde_json::from_str(&self.body).map_err(|error| crate::Error::Invalid(error.to_string()))
    }
}

#[cfg(target_arch = "wasm32")]
mod lazily {
    use super::{Header, Request, String, Vec};
    use crate::bindings::route_action::sandclaw::plugin::incoming_request;

    /// Each of these is one call to the host: well under a microsecond, counted against the run's host calls.
    impl Request {
        /// The id of the route, as the operator wrote it.
        pub fn route_id(&self) -> String {
            incoming_request::route_id()
        }

        /// The value of a header, the name in any case.
        pub fn header(&self, name: &str) -> Option<String> {
            incoming_request::header(name)
        }

        /// All headers but credentials and cookies.
        pub fn headers(&self) -> Vec<Header> {
            let headers = incoming_request::headers();
            headers.into_iter().map(|header| Header { name: header.name, value: header.value }).collect()
        }

        /// The query string without its `?`; empty if there was none.
        pub fn query(&self) -> String {
            incoming_request::query()
        }
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod given {
    use super::{Header, Request, String, Vec};

    impl Request {
        /// For tests: the id of the route.
        #[must_use]
        pub fn with_route_id(self, route_id: impl Into<String>) -> Self {
            Self { route_id: route_id.into(), ..self }
        }

        /// For tests: one more header.
        #[must_use]
        pub fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
            self.headers.push(Header { name: name.to_ascii_lowercase(), value: value.into() });
            self
        }

        /// For tests: the query string, without its `?`.
        #[must_use]
        pub fn with_query(self, query: impl Into<String>) -> Self {
            Self { query: query.into(), ..self }
        }

        /// The id of the route, as the operator wrote it.
        pub fn route_id(&self) -> String {
            self.route_id.clone()
        }

        /// The value of a header, the name in any case.
        pub fn header(&self, name: &str) -> Option<String> {
            let values: Vec<_> = self.headers.iter().filter(|h| h.name.eq_ignore_ascii_case(name)).collect();
            let values: Vec<_> = values.iter().map(|h| h.value.as_str()).collect();
            (!values.is_empty()).then(|| values.join(", "))
        }

        /// All headers but credentials and cookies.
        pub fn headers(&self) -> Vec<Header> {
            self.headers.clone()
        }

        /// The query string without its `?`; empty if there was none.
        pub fn query(&self) -> String {
            self.query.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_found_in_any_case_and_several_are_joined() {
        let request = Request::new("{}").with_header("X-Tag", "a").with_header("x-tag", "b");
        assert_eq!(request.header("X-TAG").as_deref(), Some("a, b"));
        assert_eq!(request.header("x-none"), None);
    }

    #[test]
    fn a_body_that_does_not_fit_is_the_callers_mistake() {
        let error = Request::new("[1]").json::<Vec<String>>().unwrap_err();
        assert!(matches!(error, crate::Error::Invalid(_)), "{error}");
    }
}

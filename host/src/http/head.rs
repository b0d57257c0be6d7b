//! What a guest may see of a request beside its body: everything but credentials and cookies.

use axum::http::{HeaderMap, HeaderName, Uri};

use crate::model::is_credential;
use crate::sandbox::RequestHead;

/// The head of a request, without its credentials.
pub(super) struct Head {
    headers: HeaderMap,
    uri: Uri,
}

/// Headers of which Node keeps the first and drops the others; all the rest it joins.
const SINGLE: [&str; 18] = [
    "age",
    "authorization",
    "content-length",
    "content-type",
    "etag",
    "expires",
    "from",
    "host",
    "if-modified-since",
    "if-unmodified-since",
    "last-modified",
    "location",
    "max-forwards",
    "proxy-authorization",
    "referer",
    "retry-after",
    "server",
    "user-agent",
];

impl Head {
    pub(super) fn new(headers: HeaderMap, uri: Uri) -> Self {
        Self { headers, uri }
    }

    /// The headers as Node tells them, and so OpenClaw: each byte is a character, and of some names there is one value. Without the credentials.
    pub(super) fn headers_as_node(&self) -> Vec<(String, String)> {
        let of = |name: &HeaderName| {
            let values = self.headers.get_all(name).iter();
            let values = values.map(|value| value.as_bytes().iter().copied().map(char::from).collect::<String>());
            let most = if SINGLE.contains(&name.as_str()) { 1 } else { usize::MAX };
            values.take(most).collect::<Vec<_>>().join(", ")
        };
        let names = self.headers.keys().filter(|name| !is_credential(name.as_str()));
        names.map(|name| (name.as_str().to_owned(), of(name))).collect()
    }
}

impl RequestHead for Head {
    fn header(&self, name: &str) -> Option<String> {
        let name = HeaderName::try_from(name).ok()?;
        if is_credential(name.as_str()) {
            return None;
        }
        let values: Vec<String> = self
            .headers
            .get_all(name)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .collect();
        (!values.is_empty()).then(|| values.join(", "))
    }

    fn headers(&self) -> Vec<(String, String)> {
        let names = self.headers.keys().filter(|name| !is_credential(name.as_str()));
        names.filter_map(|name| Some((name.as_str().to_owned(), self.header(name.as_str())?))).collect()
    }

    fn query(&self) -> &str {
        self.uri.query().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_not_shown_and_repeated_headers_are_joined() {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", "Bearer s".parse().unwrap());
        headers.insert("x-openclaw-webhook-secret", "s".parse().unwrap());
        headers.insert("x-openclaw-token", "s".parse().unwrap());
        headers.insert("cookie", "s".parse().unwrap());
        headers.insert("x-gitlab-token", "s".parse().unwrap());
        headers.append("x-tag", "a".parse().unwrap());
        headers.append("x-tag", "b".parse().unwrap());
        let head = Head::new(headers, Uri::from_static("/x?a=1&b=2"));
        assert_eq!(head.headers(), [("x-tag".to_owned(), "a, b".to_owned())]);
        assert_eq!(head.header("X-Tag").as_deref(), Some("a, b"));
        assert_eq!(head.header("Authorization"), None);
        assert_eq!(head.header("not a name"), None);
        assert_eq!(head.query(), "a=1&b=2");
    }

    #[test]
    fn nodes_headers_are_latin_and_some_are_there_once() {
        let mut headers = HeaderMap::new();
        for value in ["a", "b"] {
            headers.append("user-agent", value.parse().unwrap());
            headers.append("x-tag", value.parse().unwrap());
            headers.append("x-gitlab-token", value.parse().unwrap());
        }
        headers.append("x-name", axum::http::HeaderValue::from_bytes(b"\xc3\xbc\xff").unwrap());
        let told = Head::new(headers, Uri::from_static("/")).headers_as_node();
        let expected = [("user-agent", "a"), ("x-tag", "a, b"), ("x-name", "\u{c3}\u{bc}\u{ff}")];
        assert_eq!(told, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}

//! What a guest may see of a request beside its body: everything but credentials and cookies.

use axum::http::{HeaderMap, HeaderName, Uri};

use crate::model::is_credential;
use crate::sandbox::RequestHead;

/// The head of a request, without its credentials.
pub(super) struct Head {
    headers: HeaderMap,
    uri: Uri,
}

impl Head {
    pub(super) fn new(headers: HeaderMap, uri: Uri) -> Self {
        Self { headers, uri }
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
}

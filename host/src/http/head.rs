//! What a guest may see of a request beside its body: everything but credentials and cookies.

use axum::http::{HeaderMap, HeaderName, Uri, header};

use crate::auth::{SECRET_HEADER, TOKEN_HEADER};
use crate::sandbox::RequestHead;

/// GitLab's token, which is a secret sent as it is.
const GITLAB_TOKEN: &str = "x-gitlab-token";

/// Headers that carry credentials. They are kept from guests whatever the route.
fn is_credential(name: &HeaderName) -> bool {
    *name == header::AUTHORIZATION
        || *name == header::PROXY_AUTHORIZATION
        || *name == header::COOKIE
        || name == SECRET_HEADER
        || name == TOKEN_HEADER
        || name == GITLAB_TOKEN
}

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
        if is_credential(&name) {
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
        let names = self.headers.keys().filter(|name| !is_credential(name));
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

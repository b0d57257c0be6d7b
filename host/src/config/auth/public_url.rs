//! The URL that a sender posts to, as the sender knows it. Behind proxies the gateway cannot know it, and some senders sign it.

use url::Url;

use super::super::field::Field;

/// An origin, and a path where a proxy has another one than the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    /// `https://example.com`, as it is written.
    origin: String,
    /// `/hooks/twilio`, if it is written.
    path: Option<String>,
}

impl PublicUrl {
    /// The URL of a request that arrived with this path and query. The query is always the request's own.
    pub fn of_request(&self, received: &str) -> String {
        let (path, query) = received.find('?').map_or((received, ""), |at| received.split_at(at));
        [&self.origin, self.path.as_deref().unwrap_or(path), query].concat()
    }

    /// The same with the port that goes without saying written out, or left out where it is written: libraries differ.
    pub fn with_other_port(&self) -> Option<Self> {
        let (scheme, authority) = self.origin.split_once("://")?;
        let port = if scheme == "http" { ":80" } else { ":443" };
        let has_port = authority.rsplit_once(':').is_some_and(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
        let authority = match (authority.strip_suffix(port), has_port) {
            (Some(bare), _) => bare.to_owned(),
            (None, false) => [authority, port].concat(),
            (None, true) => return None,
        };
        Some(Self { origin: format!("{scheme}://{authority}"), path: self.path.clone() })
    }
}

pub(super) fn read(field: &Field<'_>) -> Option<PublicUrl> {
    let text = field.required_text()?;
    let read = parse(&text);
    if read.is_none() {
        field.problem(
            "must be the public URL that the sender posts to, such as https://example.com/hooks/x, without user, query or fragment (the \
             query is taken from the request), or https://example.com where the path is the gateway's",
        );
    }
    read
}

/// Kept as it is written: the sender signs what its console was given.
fn parse(text: &str) -> Option<PublicUrl> {
    let (scheme, rest) = text.split_once("://").filter(|(scheme, _)| matches!(*scheme, "http" | "https"))?;
    let url = Url::parse(text).ok()?;
    let is_bare = url.has_host() && url.username().is_empty() && url.password().is_none();
    if !is_bare || text.contains(['?', '#', '@', '\\', ' ']) {
        return None;
    }
    let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let path = (!matches!(path, "" | "/")).then(|| path.to_owned());
    Some(PublicUrl { origin: format!("{scheme}://{authority}"), path })
}

#[cfg(test)]
impl PublicUrl {
    /// From a text that is known to be right.
    pub fn of(text: &str) -> Self {
        parse(text).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_of_a_request_is_the_public_one_with_its_own_query() {
        for (public, received, expected) in [
            ("https://example.com", "/a/b?c=d", "https://example.com/a/b?c=d"),
            ("https://example.com/", "/a", "https://example.com/a"),
            ("https://example.com:8443/x", "/a?b", "https://example.com:8443/x?b"),
        ] {
            assert_eq!(PublicUrl::of(public).of_request(received), expected);
        }
        for text in ["example.com", "ftp://x", "https://", "https://u@x", "https://x/?a", "https://x/#a", ""] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_port_that_goes_without_saying_may_be_written_or_not() {
        let other = |text| PublicUrl::of(text).with_other_port().map(|url| url.of_request("/a"));
        assert_eq!(other("https://x.example").as_deref(), Some("https://x.example:443/a"));
        assert_eq!(other("https://x.example:443").as_deref(), Some("https://x.example/a"));
        assert_eq!(other("http://x.example").as_deref(), Some("http://x.example:80/a"));
        assert_eq!(other("https://[::1]").as_deref(), Some("https://[::1]:443/a"));
        assert_eq!(other("https://x.example:8443"), None);
    }
}

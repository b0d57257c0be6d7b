//! Which headers a transform may set. A header is not only text to the receiver: some say who is calling, where the request ends, or what it
//! is a request for. Those belong to the host and the operator, so that a transform cannot change where a message goes or whom it seems to
//! come from.

use super::outcome::printable;
use crate::model::{is_of_connection, is_token};

/// Headers of one message. A webhook has a handful of its own.
const HEADERS_MAX: usize = 32;
/// Their names and values together. Servers commonly refuse heads beyond 8 KiB, and the host's own headers need room as well.
const HEADERS_MAX_BYTES: usize = 8 << 10;
/// The longest content type: `application/vnd.…+json; charset=utf-8` is a third of it.
const CONTENT_TYPE_MAX_BYTES: usize = 255;

/// Never a transform's, by name, beside those of the connection.
const RESERVED: [&str; 20] = [
    // Whatever else is between this end of the connection and the other.
    "http2-settings",
    "max-forwards",
    // A field of its own in the contract.
    "content-type",
    // Credentials, and signatures that receivers look at.
    "authorization",
    "cookie",
    "cookie2",
    "signature",
    "signature-input",
    // What is sent is the host's word.
    "user-agent",
    "accept-encoding",
    "date",
    // Proxies and frameworks believe these over the request line: another address, another path, another method.
    "forwarded",
    "via",
    "x-real-ip",
    "x-original-url",
    "x-original-host",
    "x-rewrite-url",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
];

/// Never a transform's, by how their names begin.
const RESERVED_PREFIXES: [&str; 3] = ["x-openclaw-", "webhook-", "x-forwarded-"];

/// Why these headers may not be sent: names the header, never its value.
pub(super) fn check(headers: &[(String, String)]) -> Result<(), String> {
    if headers.len() > HEADERS_MAX {
        return Err(format!("wants {} headers; {HEADERS_MAX} is the most", headers.len()));
    }
    let bytes: usize = headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes > HEADERS_MAX_BYTES {
        return Err(format!("wants {bytes} bytes of headers; {HEADERS_MAX_BYTES} is the most"));
    }
    for (at, (name, value)) in headers.iter().enumerate() {
        let why = if !is_lower_token(name) {
            "is not a header name: lower-case letters, digits and !#$%&'*+-.^_`|~"
        } else if is_reserved(name) {
            "is not for a transform to set"
        } else if headers[..at].iter().any(|(earlier, _)| earlier == name) {
            "is there twice; join its values with `, `"
        } else if !is_plain(value) {
            "has a value with something else than printable ASCII in it"
        } else {
            continue;
        };
        return Err(format!("its header `{}` {why}", printable(name)));
    }
    Ok(())
}

/// Why this is no content type that may be sent.
pub(super) fn check_content_type(value: &str) -> Result<(), String> {
    if value.len() > CONTENT_TYPE_MAX_BYTES {
        return Err(format!("its content type is longer than {CONTENT_TYPE_MAX_BYTES} bytes"));
    }
    let essence = value.split(';').next().unwrap_or_default().trim_end();
    let is_type = essence.split_once('/').is_some_and(|(kind, sub)| is_token(kind) && is_token(sub));
    if is_type && is_plain(value) {
        return Ok(());
    }
    Err("its content type is none: it must be like `text/plain; charset=utf-8`, in printable ASCII".to_owned())
}

fn is_reserved(name: &str) -> bool {
    is_of_connection(name)
        || RESERVED.contains(&name)
        || RESERVED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

fn is_lower_token(text: &str) -> bool {
    is_token(text) && !text.bytes().any(|byte| byte.is_ascii_uppercase())
}

/// Stricter than RFC 9110, which also takes tabs and bytes beyond ASCII: receivers disagree about those.
fn is_plain(value: &str) -> bool {
    value.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CONNECTION_HEADERS;

    #[track_caller]
    fn refused(name: &str, value: &str, why: &str) {
        let error = check(&[(name.to_owned(), value.to_owned())]).unwrap_err();
        assert!(error.contains(why), "{name}: {error}");
        assert!(!error.contains("s3cret"), "the value is never told: {error}");
    }

    #[test]
    fn names_that_are_none_or_not_a_transforms_are_refused() {
        for name in ["", "X-Upper", ":path", "a b", "a:", "a\r\nhost", "é", "a\0"] {
            refused(name, "s3cret", "is not a header name");
        }
        let beside = ["proxy-authorization", "x-openclaw-signature", "webhook-id"];
        for name in RESERVED.into_iter().chain(CONNECTION_HEADERS).chain(beside) {
            refused(name, "s3cret", "is not for a transform to set");
        }
    }

    #[test]
    fn values_that_would_end_the_header_are_refused() {
        for value in ["s3cret\r\nx: y", "s3cret\n", "\0s3cret", "s3cret\t", "s3cret\u{7f}", "s3crét"] {
            refused("x-note", value, "printable ASCII");
        }
    }

    #[test]
    fn as_many_as_fit_are_taken_and_one_more_is_not() {
        let many = |count: usize| (0..count).map(|n| (format!("x-{n}"), String::new())).collect::<Vec<_>>();
        assert_eq!(check(&many(HEADERS_MAX)), Ok(()));
        assert!(check(&many(HEADERS_MAX + 1)).unwrap_err().contains("33 headers"));
        let long = |bytes: usize| [("x".to_owned(), "v".repeat(bytes - 1))];
        assert_eq!(check(&long(HEADERS_MAX_BYTES)), Ok(()));
        assert!(check(&long(HEADERS_MAX_BYTES + 1)).unwrap_err().contains("8193 bytes"));
        let twice = [("x-a".to_owned(), "1".to_owned()), ("x-a".to_owned(), "2".to_owned())];
        assert!(check(&twice).unwrap_err().contains("`x-a` is there twice"));
    }

    #[test]
    fn a_content_type_is_one() {
        for good in ["application/json", "text/plain; charset=utf-8", "application/vnd.a+json ; v=\"1\""] {
            assert_eq!(check_content_type(good), Ok(()), "{good}");
        }
        for bad in ["", "json", "a/", "/b", "a/b\r\nx: y", "a/b; \0", "a b/c", "text/plain; é", &"a/".repeat(200)] {
            assert!(check_content_type(bad).is_err(), "{bad:?}");
        }
    }
}

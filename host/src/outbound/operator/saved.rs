//! A request as somebody saved it, for checking its signature: a whole one as it came over the wire, or its headers, a blank line and its
//! body.

use std::time::Duration;

use hyper::header::{CONTENT_LENGTH, HOST, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING};
use secrecy::SecretString;
use url::Url;

use crate::model::Millis;
use crate::outbound::sign::{Finding, Received, verify};

/// A saved request, taken apart.
#[derive(Debug)]
pub struct SavedRequest {
    url: Option<Url>,
    headers: HeaderMap,
    body: Vec<u8>,
}

/// Why it could not be taken apart.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotARequest {
    /// No blank line.
    #[error(
        "there is no blank line between headers and body; save the request with its headers, or pass --headers and --body"
    )]
    NoBlankLine,
    /// A line that is none.
    #[error("line {0} is no header; each is `Name: value`")]
    NotAHeader(usize),
    /// The body is not what was signed.
    #[error("the body is saved in chunks; save it as it is decoded, without `Transfer-Encoding`")]
    Chunked,
    /// The file was cut.
    #[error("the body has {there} bytes and Content-Length says {said}; the file is not all of it")]
    Short {
        /// Bytes in the file.
        there: usize,
        /// Bytes there should be.
        said: usize,
    },
}

impl SavedRequest {
    /// A request in one piece.
    pub fn parse(saved: &[u8]) -> Result<Self, NotARequest> {
        let (head, body) = split(saved).ok_or(NotARequest::NoBlankLine)?;
        Self::of_parts(head, body)
    }

    /// Headers, with or without a request line before them, and a body.
    pub fn of_parts(head: &[u8], body: &[u8]) -> Result<Self, NotARequest> {
        let (mut target, mut headers) = (None, HeaderMap::new());
        for (index, line) in head.split(|byte| *byte == b'\n').enumerate() {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.is_empty() {
                continue;
            }
            if index == 0
                && let Some(found) = request_target(line)
            {
                target = Some(found);
                continue;
            }
            let (name, value) = header(line).ok_or(NotARequest::NotAHeader(index + 1))?;
            headers.append(name, value);
        }
        let is_chunked = headers
            .get_all(TRANSFER_ENCODING)
            .iter()
            .any(|coding| coding.as_bytes().to_ascii_lowercase().ends_with(b"chunked"));
        if is_chunked {
            return Err(NotARequest::Chunked);
        }
        let said = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.trim().parse().ok());
        let body = match said {
            Some(said) if said > body.len() => return Err(NotARequest::Short { there: body.len(), said }),
            // What stands behind it an editor has added.
            Some(said) => &body[..said],
            None => body,
        };
        let url = target.and_then(|target| full_url(&target, &headers));
        Ok(Self { url, headers, body: body.to_vec() })
    }

    /// What is to be said of each scheme that it shows signs of.
    pub fn verify(&self, secrets: &[SecretString], tolerance: Duration, now: Millis) -> Vec<Finding> {
        verify(Received { url: self.url.as_ref(), headers: &self.headers, body: &self.body }, secrets, tolerance, now)
    }

    /// The same without the line break at the end of its body, if there is one: editors put one there.
    pub fn without_last_line_break(&self) -> Option<Self> {
        let body = self.body.strip_suffix(b"\n")?;
        let body = body.strip_suffix(b"\r").unwrap_or(body);
        Some(Self { url: self.url.clone(), headers: self.headers.clone(), body: body.to_vec() })
    }
}

/// At the first blank line, whatever the line ends are.
fn split(saved: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut at = 0;
    for line in saved.split_inclusive(|byte| *byte == b'\n') {
        let next = at + line.len();
        if matches!(line, b"\n" | b"\r\n") {
            return Some((&saved[..at], &saved[next..]));
        }
        at = next;
    }
    None
}

/// `/path?query` of `POST /path?query HTTP/1.1`, or else of `POST /path?query`, as some tools have it.
fn request_target(line: &[u8]) -> Option<String> {
    let line = std::str::from_utf8(line).ok()?;
    let mut words = line.split(' ');
    let (method, target) = (words.next()?, words.next()?);
    let is_method = !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase());
    let is_target = target.starts_with('/') || target.contains("://");
    (is_method && is_target).then(|| target.to_owned())
}

fn header(line: &[u8]) -> Option<(HeaderName, HeaderValue)> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let name = HeaderName::from_bytes(line[..colon].trim_ascii()).ok()?;
    Some((name, HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?))
}

/// Only the query is looked at, so any host will do where none is told.
fn full_url(target: &str, headers: &HeaderMap) -> Option<Url> {
    if target.contains("://") {
        return Url::parse(target).ok();
    }
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    Url::parse(&format!("https://{host}{target}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbound::sign::{TOLERANCE, Verdict};

    /// The signature of seed secret and body, for the time in the header.
    const SIGNED: &str = "X-OpenClaw-Timestamp: 1710400200\nX-OpenClaw-Signature: \
        sha256=72efd2c3247d7634da7f995434b2d61fe0fa19ccaf29adbcf911b20cfcfcae97\n";
    const BODY: &str = r#"{"id":"evt_abc123def456"}"#;
    const THEN: Millis = Millis(1_710_400_200_000);

    fn verdict(saved: &SavedRequest) -> Verdict {
        let found = saved.verify(&[SecretString::from("whsec_xxxxxxxxxxxxxxxx")], TOLERANCE, THEN);
        assert_eq!(found.len(), 1);
        found[0].verdict
    }

    #[test]
    fn a_saved_request_is_read_however_it_was_saved() {
        let crlf = SIGNED.replace('\n', "\r\n");
        for saved in [
            format!("{SIGNED}\n{BODY}"),
            format!("POST /events?a=b HTTP/1.1\r\nHost: x\r\n{crlf}\r\n{BODY}"),
            format!("POST https://x/events\nContent-Type: application/json\n{SIGNED}\n{BODY}"),
            format!("POST /events HTTP/1.1\ncontent-length: {}\n{SIGNED}\n{BODY}\n", BODY.len()),
        ] {
            assert_eq!(verdict(&SavedRequest::parse(saved.as_bytes()).unwrap()), Verdict::Good, "{saved}");
        }
        let parts = SavedRequest::of_parts(crlf.as_bytes(), BODY.as_bytes()).unwrap();
        assert_eq!(verdict(&parts), Verdict::Good);
    }

    #[test]
    fn the_line_break_of_an_editor_can_be_told_apart() {
        let saved = SavedRequest::parse(format!("{SIGNED}\n{BODY}\r\n").as_bytes()).unwrap();
        assert_eq!(verdict(&saved), Verdict::BadSignature);
        assert_eq!(verdict(&saved.without_last_line_break().unwrap()), Verdict::Good);
        let exact = SavedRequest::parse(format!("{SIGNED}\n{BODY}").as_bytes()).unwrap();
        assert!(exact.without_last_line_break().is_none());
    }

    #[test]
    fn what_is_no_request_is_told_apart() {
        for (saved, expected) in [
            ("a: b", NotARequest::NoBlankLine),
            ("a: b\nno header\n\nx", NotARequest::NotAHeader(2)),
            ("a b: c\n\nx", NotARequest::NotAHeader(1)),
            ("Transfer-Encoding: gzip, Chunked\n\n1\nx\n0\n", NotARequest::Chunked),
            ("Content-Length: 7\n\nx", NotARequest::Short { there: 1, said: 7 }),
        ] {
            assert_eq!(SavedRequest::parse(saved.as_bytes()).unwrap_err(), expected, "{saved}");
        }
    }
}

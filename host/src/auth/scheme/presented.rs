//! A request as far as schemes look at it.

use super::{Reason, Refused};

/// The headers of a request, by names in lower case.
pub trait HeaderLookup: Sync {
    /// How many lines have this name.
    fn count(&self, name: &str) -> usize;
    /// The value of the first of them.
    fn first(&self, name: &str) -> Option<&[u8]>;
}

/// A request as it arrived.
#[derive(Clone, Copy)]
pub struct Presented<'a> {
    /// Its headers.
    pub headers: &'a dyn HeaderLookup,
    /// Path and query, as they were received.
    pub url: &'a str,
    /// Its body, byte for byte.
    pub body: &'a [u8],
}

impl<'a> Presented<'a> {
    /// The value of a header that must be there once. Sent twice, whoever reads it next may read the other one.
    pub(super) fn header(&self, name: &str) -> Result<&'a str, Refused> {
        self.optional_header(name)?.ok_or_else(|| Reason::Missing(name.to_owned()).into())
    }

    /// The same of one that may be missing.
    pub(super) fn optional_header(&self, name: &str) -> Result<Option<&'a str>, Refused> {
        if self.headers.count(name) > 1 {
            return Err(Reason::Twice(name.to_owned()).into());
        }
        let Some(value) = self.headers.first(name) else { return Ok(None) };
        let text = str::from_utf8(value).map_err(|_| Reason::Malformed("a header is not UTF-8"))?;
        Ok(Some(text.trim_matches([' ', '\t'])))
    }

    /// Whether the body says that it is a form.
    pub(super) fn is_form(&self) -> bool {
        let content_type = self.headers.first("content-type").and_then(|value| str::from_utf8(value).ok());
        let essence = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
    }
}

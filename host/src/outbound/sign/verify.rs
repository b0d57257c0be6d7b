//! Checks signatures, for `sandclaw webhooks verify`: every scheme that a request shows signs of, and why one is not good. Comparisons
//! take the same time whatever they compare.

use std::fmt;
use std::time::Duration;

use hyper::HeaderMap;
use secrecy::SecretString;
use url::Url;

use super::{dingtalk, feishu, openclaw, standard};
use crate::config::webhooks::Signing;
use crate::model::Millis;

/// How far the time of a signature may be from ours, unless somebody says otherwise. Standard Webhooks' number, and everybody's.
pub const TOLERANCE: Duration = Duration::from_secs(300);

/// A request as it arrived.
#[derive(Clone, Copy)]
pub struct Received<'a> {
    /// Its URL, if it is known; only its query is looked at.
    pub url: Option<&'a Url>,
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Its body, byte for byte.
    pub body: &'a [u8],
}

/// What is to be said of one scheme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The scheme; never `None` or `Both`.
    pub scheme: Signing,
    /// Whether its signature is good.
    pub verdict: Verdict,
}

/// Whether a signature is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is.
    Good,
    /// It was, so long ago.
    TooOld(Duration),
    /// It will be, after so long: one of the clocks is wrong.
    TooNew(Duration),
    /// Another secret, another body or another time.
    BadSignature,
    /// Something is missing or not what it should be.
    Malformed(&'static str),
    /// A header that is needed is not there.
    Missing(&'static str),
    /// None of the secrets is one of this scheme.
    NoKey,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Good => f.write_str("good"),
            Self::TooOld(age) => write!(f, "too old: signed with this secret, {age:?} ago"),
            Self::TooNew(ahead) => {
                write!(f, "too new: signed with this secret, {ahead:?} ahead of this machine's clock")
            }
            Self::BadSignature => f.write_str(
                "bad signature: made with another secret, or the body, the time or the id is not the one that was signed",
            ),
            Self::Malformed(what) => write!(f, "malformed: {what}"),
            Self::Missing(what) => write!(f, "incomplete: {what} is missing"),
            Self::NoKey => f.write_str("not checked: none of the secrets is a key of this scheme"),
        }
    }
}

/// Looks for every scheme there is, and checks each against all secrets. Nothing found is a request without a signature.
pub fn verify(received: Received<'_>, secrets: &[SecretString], tolerance: Duration, now: Millis) -> Vec<Finding> {
    let Received { url, headers, body } = received;
    let claims = [
        (Signing::OpenClaw, openclaw::claim(secrets, headers, body)),
        (Signing::Standard, standard::claim(secrets, headers, body)),
        (Signing::DingTalk, url.and_then(|url| dingtalk::claim(secrets, url))),
        (Signing::Feishu, feishu::claim(secrets, body)),
    ];
    let found = claims.into_iter().filter_map(|(scheme, claim)| Some((scheme, claim?)));
    found.map(|(scheme, claim)| Finding { scheme, verdict: judge(claim, tolerance, now) }).collect()
}

/// When it was signed, and whether the signature is right; or why that cannot be said.
pub(super) type Claim = Result<(Millis, bool), Problem>;

/// Why nothing can be said of a signature.
pub(super) enum Problem {
    Missing(&'static str),
    Malformed(&'static str),
    NoKey,
}

/// The signature first: whose age it is matters only if it is somebody's.
fn judge(claim: Claim, tolerance: Duration, now: Millis) -> Verdict {
    let (signed_at, is_good) = match claim {
        Ok(claim) => claim,
        Err(Problem::Missing(what)) => return Verdict::Missing(what),
        Err(Problem::Malformed(what)) => return Verdict::Malformed(what),
        Err(Problem::NoKey) => return Verdict::NoKey,
    };
    if !is_good {
        return Verdict::BadSignature;
    }
    let apart = Duration::from_millis(now.0.abs_diff(signed_at.0));
    match apart > tolerance {
        false => Verdict::Good,
        true if signed_at < now => Verdict::TooOld(apart),
        true => Verdict::TooNew(apart),
    }
}

/// The value of a header that must be there once.
pub(super) fn header<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, Problem> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().ok_or(Problem::Missing(name))?;
    if values.next().is_some() {
        return Err(Problem::Malformed("a header of the signature is there twice"));
    }
    value.to_str().map_err(|_| Problem::Malformed("a header of the signature is not ASCII"))
}

/// A time, written in units of so many milliseconds.
pub(super) fn stamp(text: &str, unit_ms: i64) -> Result<Millis, Problem> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = is_number.then(|| text.parse::<i64>().ok()).flatten();
    let at = number.and_then(|number| number.checked_mul(unit_ms));
    at.map(Millis).ok_or(Problem::Malformed("the timestamp is not a number of the usual size"))
}

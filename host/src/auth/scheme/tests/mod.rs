//! Every scheme against what somebody else has signed, and against everything that must not pass.

mod formats;
mod handshakes;
mod repeats;
mod vectors;

use std::sync::Arc;

use secrecy::SecretString;

use super::*;
use crate::config::auth::{REPLAY_WINDOW_DEFAULT, SchemeKind};

/// A request, and when it is looked at.
#[derive(Clone)]
struct Case {
    kind: SchemeKind,
    secrets: Vec<&'static str>,
    tokens: Vec<&'static str>,
    url: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
    now: Millis,
}

impl HeaderLookup for Vec<(String, Vec<u8>)> {
    fn count(&self, name: &str) -> usize {
        self.iter().filter(|(it, _)| it == name).count()
    }

    fn first(&self, name: &str) -> Option<&[u8]> {
        self.iter().find(|(it, _)| it == name).map(|(_, value)| &value[..])
    }
}

impl Case {
    /// Headers are `name: value`, joined by ` | `.
    fn new(kind: SchemeKind, secret: &'static str, headers: &str, body: &str, now_s: i64) -> Self {
        let header = |line: &str| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.to_owned(), value.as_bytes().to_vec())
        };
        Self {
            kind,
            secrets: vec![secret],
            tokens: Vec::new(),
            url: "/x".to_owned(),
            headers: headers.split(" | ").filter(|line| !line.is_empty()).map(header).collect(),
            body: body.as_bytes().to_vec(),
            now: Millis(now_s * 1_000),
        }
    }

    fn scheme(&self) -> Scheme {
        Scheme::new(&SchemeConfig {
            kind: self.kind.clone(),
            secrets: Vec::new(),
            tolerance: None,
            replay_window: REPLAY_WINDOW_DEFAULT,
        })
    }

    fn verify(&self) -> Result<Verified<'_>, Refused> {
        let values = |texts: &[&str]| -> Vec<_> { texts.iter().map(|it| Arc::new(SecretString::from(*it))).collect() };
        let (secrets, tokens) = (values(&self.secrets), values(&self.tokens));
        let presented = Presented { headers: &self.headers, url: &self.url, body: &self.body };
        self.scheme().verify(Keys { secrets: &secrets, tokens: &tokens }, &presented, self.now)
    }

    fn proof(&self) -> Proof<'_> {
        match self.verify() {
            Ok(Verified::Request(proof)) => proof,
            other => panic!("{:?}: {other:?}", self.kind),
        }
    }

    fn reason(&self) -> Reason {
        self.verify().expect_err("refused").0
    }

    /// The same with another value of a header.
    fn with(&self, name: &str, value: &str) -> Self {
        let mut case = self.clone();
        case.headers.retain(|(it, _)| it != name);
        case.headers.push((name.to_owned(), value.as_bytes().to_vec()));
        case
    }

    fn without(&self, name: &str) -> Self {
        let mut case = self.clone();
        case.headers.retain(|(it, _)| it != name);
        case
    }

    fn at(&self, now_s: i64) -> Self {
        Self { now: Millis(now_s * 1_000), ..self.clone() }
    }

    fn owner(&self) -> Option<String> {
        self.proof().nonce().unwrap().owner.clone()
    }
}

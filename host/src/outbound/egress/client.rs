//! The way of one request: a connection, new or waiting; the request, once; the head of the answer; the beginning of its body.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{
    ACCEPT_ENCODING, CONNECTION, CONTENT_LENGTH, EXPECT, HOST, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, TE,
    TRAILER, TRANSFER_ENCODING, UPGRADE, USER_AGENT,
};
use hyper::{Method, Request, Response};
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::capture::{KEPT_MAX_BYTES, capture};
use super::connect::{Until, connect};
use super::connection::{NoAnswer, Outgoing};
use super::pool::{Pool, keep_alive};
use super::target::{Target, request_target};
use super::{Answer, Egress, Fault, RetryAfter, Sent};
use crate::config::webhooks::{AllowedNet, Timeouts};
use crate::model::Timing;

/// Once the status is known, nobody waits longer for the rest: the delivery is decided, and its record waits to be written.
const BODY_MAX_TIME: Duration = Duration::from_secs(5);
/// What is kept of an answer's headers.
const HEADERS_KEPT_MAX_BYTES: usize = 8 << 10;

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");

/// Headers that say how a message travels. They are ours to set; one that came with the request could cut it in two.
const OURS: [HeaderName; 10] =
    [HOST, CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING, TE, TRAILER, UPGRADE, EXPECT, ACCEPT_ENCODING, KEEP_ALIVE];

/// The way out of one endpoint.
pub struct EndpointClient {
    egress: Egress,
    allow: Vec<AllowedNet>,
    pub(super) timeouts: Timeouts,
    kept_max_bytes: usize,
    pub(super) pool: Arc<Pool>,
}

/// What happened on the way, also when nothing came of it.
#[derive(Default)]
pub(super) struct Trace {
    pub timing: Timing,
    pub address: Option<SocketAddr>,
}

impl EndpointClient {
    pub(super) fn new(egress: Egress, allow: Vec<AllowedNet>, timeouts: Timeouts, max_idle: usize) -> Self {
        Self { egress, allow, timeouts, kept_max_bytes: KEPT_MAX_BYTES, pool: Pool::new(max_idle) }
    }

    /// The same, for whoever reads the answer and does not only record it: keeps so much of its body.
    #[must_use]
    pub fn keeping(self, kept_max_bytes: usize) -> Self {
        Self { kept_max_bytes, ..self }
    }

    /// Whoever keeps more than the beginning of an answer wants to read it, and waits for it as long as for the whole try.
    fn body_time(&self) -> Duration {
        if self.kept_max_bytes > KEPT_MAX_BYTES { self.timeouts.total } else { BODY_MAX_TIME }
    }

    /// Sends `body` once. `host`, `content-length` and other headers of the transport are set here, whatever `headers` says.
    pub async fn post(&self, url: &Url, headers: HeaderMap, body: Bytes) -> Sent {
        let started = Instant::now();
        let mut trace = Trace::default();
        let result = self.try_post(started, url, headers, body, &mut trace).await;
        trace.timing.total_us = micros(started);
        Sent { result, timing: trace.timing, address: trace.address }
    }

    async fn try_post(
        &self,
        started: Instant,
        url: &Url,
        headers: HeaderMap,
        body: Bytes,
        trace: &mut Trace,
    ) -> Result<Answer, Fault> {
        let target = Target::of(url)?;
        let mut request = request(url, &target, headers, body)?;
        loop {
            let waiting = self.pool.take(&target);
            let is_reused = waiting.is_some();
            let mut connection = match waiting {
                Some(connection) => connection,
                None => {
                    let until = self.until(started, self.timeouts.connect);
                    connect(&self.egress, &self.allow, &target, until, trace).await?
                }
            };
            trace.address = Some(connection.address);
            let asked = Instant::now();
            let until = self.until(started, self.timeouts.headers);
            let answered = timeout_at(until.at, connection.exchange(request)).await;
            trace.timing.headers_us = Some(micros(asked));
            let response = match answered {
                Ok(Ok(response)) => response,
                // It closed while it waited, and not a byte has left: take the next.
                Ok(Err(NoAnswer::Unsent(unsent, _))) if is_reused => {
                    request = *unsent;
                    continue;
                }
                Ok(Err(NoAnswer::Unsent(_, error) | NoAnswer::Lost(error))) => return Err(Fault::http(&error)),
                Err(_) => return Err(Fault::late("no answer, or not all of its head,", until.limit)),
            };
            let told = response.headers().get(KEEP_ALIVE).and_then(|told| told.to_str().ok()).and_then(keep_alive);
            let (answer, is_read) = self.read(started, response, trace).await;
            if is_read {
                self.pool.put(target, connection, told).await;
            }
            return Ok(answer);
        }
    }

    /// The answer, and whether it was read to its end.
    async fn read(&self, started: Instant, response: Response<Incoming>, trace: &mut Trace) -> (Answer, bool) {
        let (head, body) = response.into_parts();
        let asked = Instant::now();
        let captured =
            capture(&head.headers, body, self.kept_max_bytes, self.until(started, self.body_time()).at).await;
        trace.timing.body_us = Some(micros(asked));
        let answer = Answer {
            status: head.status.as_u16(),
            retry_after: head.headers.get(RETRY_AFTER).and_then(|at| RetryAfter::parse(at.to_str().ok()?)),
            headers: kept(&head.headers),
            body: captured.bytes,
            cut: captured.cut,
        };
        (answer, captured.is_read)
    }

    /// `limit` from now, or the end of the whole try if that comes first.
    fn until(&self, started: Instant, limit: Duration) -> Until {
        let (at, end) = (Instant::now() + limit, started + self.timeouts.total);
        if at < end { Until { at, limit } } else { Until { at: end, limit: self.timeouts.total } }
    }
}

fn request(url: &Url, target: &Target, mut headers: HeaderMap, body: Bytes) -> Result<Outgoing, Fault> {
    let mut request = Request::new(Full::new(body));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = request_target(url)?;
    for name in OURS {
        headers.remove(name);
    }
    headers.insert(HOST, target.host_header()?);
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers.entry(USER_AGENT).or_insert(HeaderValue::from_static(super::USER_AGENT));
    *request.headers_mut() = headers;
    Ok(request)
}

fn kept(headers: &HeaderMap) -> Vec<(String, String)> {
    let mut room = HEADERS_KEPT_MAX_BYTES;
    let mut kept = Vec::new();
    for (name, value) in headers {
        let Some(left) = room.checked_sub(name.as_str().len() + value.len()) else { break };
        room = left;
        kept.push((name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    }
    kept
}

/// Microseconds since then.
pub(super) fn micros(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}

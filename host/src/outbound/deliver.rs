//! One try of one delivery, from the lease to the row that tells of it. The list in [`attempt`] is the whole way.

use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use sha2::{Digest as _, Sha256};

use super::body::{Made, Making};
use super::destination::Destination;
use super::egress::{Answer, Fault, RetryAfter, Sent};
use super::engine::Engine;
use super::health::Showed;
use super::sign::SignError;
use super::{envelope, sign};
use crate::model::{Attempt, AttemptOutcome, Claimed, Digest, Event, Millis, Timing};

/// Carries the delivery's id, the same over all its tries.
const DELIVERY: HeaderName = HeaderName::from_static("x-openclaw-delivery");

/// What one try came to.
pub(super) struct Tried {
    pub attempt: Attempt,
    /// What it showed of the receiver, if it got that far.
    pub showed: Option<Showed>,
    /// How long the receiver asked to be left alone.
    pub asked_for: Option<Duration>,
    /// Not before this time: what has to be waited for is known.
    pub not_before: Option<Millis>,
}

/// Tries it once.
pub(super) async fn attempt(engine: &Engine, to: &Destination, claimed: &Claimed) -> Tried {
    let mut trace = Trace::begin(engine);
    let event = match engine.store.event(claimed.event) {
        Ok(event) => event,
        Err(why) => return trace.ended(AttemptOutcome::Host, Some(format!("its event cannot be read: {why}"))),
    };
    let Some(mut url) = to.url(&event) else {
        let why = "agents.callbacks.allowUrls no longer has the URL that the run was given".to_owned();
        return trace.ended(AttemptOutcome::Forbidden, Some(why));
    };
    let envelope = envelope::of(&event, &engine.instance_id);
    let Event { id: event_id, .. } = event;
    let Making { made, by } = to.body.make(envelope, &engine.admissions).await;
    trace.made(by);
    let (mut body, content_type, extra) = match made {
        Made::Body { bytes, content_type, headers } => (bytes, content_type, headers),
        Made::Skip(reason) => return trace.ended(AttemptOutcome::Skipped, Some(reason)),
        Made::Failed(why) => return trace.ended(AttemptOutcome::Transform, Some(why)),
        Made::NotNow(why, wait) => {
            let not_before = wait.map(|wait| Millis(engine.clock.now().0.saturating_add(wait.0)));
            return Tried { not_before, ..trace.ended(AttemptOutcome::Host, Some(why)) };
        }
    };
    let now = engine.clock.now();
    let mut headers = match headers(to, claimed, &content_type, &extra) {
        Ok(headers) => headers,
        Err(why) => return trace.ended(AttemptOutcome::Host, Some(why)),
    };
    let keys = match to.keys.signing(to.config.signing, now) {
        Ok(keys) => keys,
        Err(why) => return trace.ended(AttemptOutcome::Host, Some(why.to_string())),
    };
    // Last, over the very bytes that are sent, with the time of this try.
    if let Err(why) = sign::sign(to.config.signing, &keys, event_id.as_str(), now, &mut url, &mut headers, &mut body) {
        let outcome = match why {
            // Equal events give equal bodies: what cannot be signed now never can.
            SignError::BodyNoObject => AttemptOutcome::Transform,
            _ => AttemptOutcome::Host,
        };
        return trace.ended(outcome, Some(why.to_string()));
    }
    trace.body(&body);
    let sent = to.client.post(&url, headers, Bytes::from(body)).await;
    let tried = trace.answered(sent, now);
    if to.config.is_for_callbacks() { about_the_host(tried) } else { tried }
}

/// What a try of a callback showed of its host, which others share: that there is nothing at one URL, or nothing any more, is about that URL.
fn about_the_host(tried: Tried) -> Tried {
    let is_about_url = tried.attempt.status.is_some_and(|status| (400..=499).contains(&status));
    let showed = match tried.showed {
        Some(Showed::Fails | Showed::Gone) if is_about_url => Some(Showed::Works),
        showed => showed,
    };
    Tried { showed, ..tried }
}

/// The operator's headers win over the transform's; the gateway's own are put over both.
fn headers(
    to: &Destination,
    claimed: &Claimed,
    content_type: &str,
    extra: &[(String, String)],
) -> Result<HeaderMap, String> {
    let mut headers = to.keys.headers().map_err(|why| why.to_string())?;
    let made_by_transform = extra.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    for (name, value) in made_by_transform.chain([(CONTENT_TYPE.as_str(), content_type)]) {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| "a header has no sendable name".to_owned())?;
        let value = HeaderValue::from_str(value).map_err(|_| format!("the header {name} has no sendable value"))?;
        headers.entry(name).or_insert(value);
    }
    if let Ok(id) = HeaderValue::from_str(claimed.id.as_str()) {
        headers.insert(DELIVERY, id);
    }
    Ok(headers)
}

/// Collects what the row will say.
struct Trace {
    began: Instant,
    attempt: Attempt,
}

impl Trace {
    fn begin(engine: &Engine) -> Self {
        let attempt = Attempt::begun(engine.clock.now(), AttemptOutcome::Host);
        Self { began: Instant::now(), attempt }
    }

    fn made(&mut self, by: Option<Digest>) {
        self.attempt.transform = by;
        self.attempt.timing.transform_us = Some(micros(self.began.elapsed()));
    }

    fn body(&mut self, body: &[u8]) {
        self.attempt.body_digest = Some(Digest(Sha256::digest(body).into()));
        self.attempt.body_bytes = body.len() as u64;
    }

    fn ended(mut self, outcome: AttemptOutcome, error: Option<String>) -> Tried {
        self.attempt.outcome = outcome;
        self.attempt.error = error;
        self.attempt.timing.total_us = micros(self.began.elapsed());
        Tried { attempt: self.attempt, showed: None, asked_for: None, not_before: None }
    }

    fn answered(mut self, sent: Sent, now: Millis) -> Tried {
        let transform_us = self.attempt.timing.transform_us;
        self.attempt.timing = Timing { transform_us, ..sent.timing };
        self.attempt.address = sent.address.map(|address| address.to_string());
        match sent.result {
            Ok(answer) => self.status(answer, now),
            Err(Fault { outcome, detail }) => {
                let showed = outcome.is_receivers().then_some(Showed::Fails);
                Tried { showed, ..self.ended(outcome, Some(detail)) }
            }
        }
    }

    fn status(mut self, answer: Answer, now: Millis) -> Tried {
        let asked_for = answer.retry_after.map(|asked| wait(asked, now));
        let status = answer.status;
        let (outcome, showed, error) = match status {
            200..=299 => (AttemptOutcome::Accepted, Showed::Works, None),
            410 => (AttemptOutcome::Rejected, Showed::Gone, Some("answered 410: gone for good".to_owned())),
            300..=399 => (
                AttemptOutcome::Rejected,
                Showed::Fails,
                Some(format!("answered {status}: redirects are not followed")),
            ),
            429 | 502 | 504 => {
                (AttemptOutcome::Rejected, Showed::Overloaded(asked_for), Some(format!("answered {status}")))
            }
            _ if asked_for.is_some() => {
                (AttemptOutcome::Rejected, Showed::Overloaded(asked_for), Some(format!("answered {status}")))
            }
            _ => (AttemptOutcome::Rejected, Showed::Fails, Some(format!("answered {status}"))),
        };
        self.attempt.status = Some(status);
        self.attempt.response_headers = answer.headers;
        self.attempt.response_body = answer.body;
        self.attempt.response_cut = answer.cut;
        Tried { showed: Some(showed), asked_for, ..self.ended(outcome, error) }
    }
}

/// How long a receiver asked to be left alone, as of now.
fn wait(asked: RetryAfter, now: Millis) -> Duration {
    match asked {
        RetryAfter::In(wait) => wait,
        RetryAfter::At(at) => Duration::from_millis(u64::try_from(at.0.saturating_sub(now.0)).unwrap_or(0)),
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

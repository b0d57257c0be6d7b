//! An endpoint ready to be delivered to: what it wants, what it is sent, what that is signed with, and the client that may reach it.

use std::sync::Arc;

use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;
use url::Url;

use super::body::Body;
use super::egress::EndpointClient;
use super::lane::Lane;
use super::telling::Telling;
use super::wants::Wants;
use crate::auth::secret::KeptSecret;
use crate::config::webhooks::{Endpoint, Signing};
use crate::model::{Digest, EndpointName, Event, Millis};

/// One endpoint that is served.
pub(super) struct Destination {
    pub config: Endpoint,
    pub version: Digest,
    pub wants: Wants,
    pub body: Body,
    pub client: EndpointClient,
    pub lane: Lane,
    pub telling: Telling,
    pub keys: Keys,
    /// Tries at once: as many as the endpoint takes, whatever is claimed ahead.
    pub turns: Semaphore,
}

impl Destination {
    pub fn name(&self) -> &EndpointName {
        &self.config.name
    }

    /// Where an event goes; nothing if the config has changed since the event was dispatched, and it may not go there any more.
    pub fn url(&self, event: &Event) -> Option<Url> {
        match &event.callback_url {
            Some(url) if self.config.is_for_callbacks() => self.config.callback(url),
            _ => Some(self.config.url.clone()),
        }
    }
}

/// The secrets of an endpoint, kept fresh.
pub(super) struct Keys {
    signing: Vec<(Arc<KeptSecret>, Option<Millis>)>,
    headers: Vec<(HeaderName, Arc<KeptSecret>)>,
}

/// A secret has no value now.
#[derive(Debug, thiserror::Error)]
#[error("{0} of the endpoint has no value: it cannot be resolved")]
pub(super) struct NoValue(&'static str);

impl Keys {
    pub fn new(endpoint: &Endpoint) -> Self {
        let kept = |place: String, spec: &crate::config::SecretSpec| Arc::new(KeptSecret::new(place, spec.clone()));
        let name = &endpoint.name;
        let of = if endpoint.is_for_callbacks() { "agents.callbacks, for" } else { "webhooks.endpoints" };
        let signing = endpoint
            .secrets
            .iter()
            .enumerate()
            .map(|(at, secret)| (kept(format!("{of} {name}: secret {}", at + 1), &secret.spec), secret.expires_at));
        let headers = endpoint.headers.iter().filter_map(|(header, spec)| {
            let place = format!("{of} {name}: headers.{header}");
            Some((HeaderName::from_bytes(header.as_bytes()).ok()?, kept(place, spec)))
        });
        Self { signing: signing.collect(), headers: headers.collect() }
    }

    /// All of them, to be looked up.
    pub fn all(&self) -> impl Iterator<Item = Arc<KeptSecret>> + '_ {
        self.signing
            .iter()
            .map(|(secret, _)| secret.clone())
            .chain(self.headers.iter().map(|(_, secret)| secret.clone()))
    }

    /// Whether everything that is sent with a delivery is known.
    pub fn are_known(&self, signing: Signing, now: Millis) -> bool {
        self.headers.iter().all(|(_, secret)| secret.value().is_some())
            && (signing == Signing::None || !self.usable(now).is_empty())
    }

    /// What deliveries are signed with now.
    pub fn signing(&self, signing: Signing, now: Millis) -> Result<Vec<SecretString>, NoValue> {
        if signing == Signing::None {
            return Ok(Vec::new());
        }
        match self.usable(now) {
            values if values.is_empty() => Err(NoValue("the secret")),
            values => Ok(values.iter().map(|value| SecretString::clone(value)).collect()),
        }
    }

    /// The secrets that have not expired, as far as they have a value; where that is none, whoever waits gets no delivery that is signed with
    /// an old one. Once all have expired the one that did last stays in use: unsigned is worse.
    fn usable(&self, now: Millis) -> Vec<Arc<SecretString>> {
        let is_live = |expires: &Option<Millis>| expires.is_none_or(|at| now < at);
        if self.signing.iter().any(|(_, expires)| is_live(expires)) {
            let live = self.signing.iter().filter(|(_, expires)| is_live(expires));
            return live.filter_map(|(secret, _)| secret.value()).collect();
        }
        let last = self.signing.iter().max_by_key(|(_, expires)| *expires);
        last.and_then(|(secret, _)| secret.value()).into_iter().collect()
    }

    /// The operator's headers.
    pub fn headers(&self) -> Result<HeaderMap, NoValue> {
        let mut headers = HeaderMap::with_capacity(self.headers.len() + 8);
        for (name, secret) in &self.headers {
            let value = secret.value().ok_or(NoValue("a header"))?;
            let mut value =
                HeaderValue::from_str(value.expose_secret()).map_err(|_| NoValue("a header that can be sent"))?;
            value.set_sensitive(true);
            headers.insert(name.clone(), value);
        }
        Ok(headers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::secret::{Resolver, look_up_all};
    use crate::config::{Env, Providers, SecretSpec};

    /// Secrets `s0`, `s1`… that expire then; `None` in place of a value is one that cannot be resolved.
    async fn keys(secrets: &[(bool, Option<i64>)]) -> Keys {
        let kept = secrets.iter().enumerate().map(|(at, (has_value, expires))| {
            let spec = match has_value {
                true => SecretSpec::Plain(format!("s{at}").into()),
                false => SecretSpec::Missing(["NOT_SET".to_owned()].into()),
            };
            (Arc::new(KeptSecret::new(format!("secret {at}"), spec)), expires.map(Millis))
        });
        let keys = Keys { signing: kept.collect(), headers: Vec::new() };
        look_up_all(
            &keys.all().collect::<Vec<_>>(),
            &Resolver::new(Providers::new(std::collections::BTreeMap::new()), Env::process()),
        )
        .await;
        keys
    }

    async fn check(secrets: &[(bool, Option<i64>)], now: i64, expected: &[&str]) {
        let keys = keys(secrets).await;
        let signed = keys.signing(Signing::Standard, Millis(now)).unwrap_or_default();
        assert_eq!(signed.iter().map(|secret| secret.expose_secret()).collect::<Vec<_>>(), expected, "{secrets:?}");
        assert_eq!(keys.are_known(Signing::Standard, Millis(now)), !expected.is_empty(), "{secrets:?}");
    }

    #[tokio::test]
    async fn deliveries_are_signed_with_every_secret_that_has_not_expired() {
        check(&[(true, None), (true, Some(100))], 99, &["s0", "s1"]).await;
        check(&[(true, None), (true, Some(100))], 100, &["s0"]).await;
    }

    #[tokio::test]
    async fn a_secret_that_is_not_known_is_waited_for_and_no_old_one_takes_its_place() {
        check(&[(false, None), (true, Some(100))], 99, &["s1"]).await;
        check(&[(false, None), (true, Some(100))], 100, &[]).await;
    }

    #[tokio::test]
    async fn the_secret_that_expired_last_stays_in_use() {
        check(&[(true, Some(200)), (true, Some(100))], 300, &["s0"]).await;
    }
}

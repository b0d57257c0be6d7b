//! An endpoint ready to be delivered to: what it wants, what it is sent, what that is signed with, and the client that may reach it.

use std::sync::Arc;

use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use super::body::Body;
use super::egress::EndpointClient;
use super::lane::Lane;
use super::wants::Wants;
use crate::auth::secret::KeptSecret;
use crate::config::webhooks::{Endpoint, Signing};
use crate::model::{Digest, EndpointName, Millis};

/// One endpoint that is served.
pub(super) struct Destination {
    pub config: Endpoint,
    pub version: Digest,
    pub wants: Wants,
    pub body: Body,
    pub client: EndpointClient,
    pub lane: Lane,
    pub keys: Keys,
    /// Tries at once: as many as the endpoint takes, whatever is claimed ahead.
    pub turns: Semaphore,
}

impl Destination {
    pub fn name(&self) -> &EndpointName {
        &self.config.name
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
        let signing = endpoint.secrets.iter().enumerate().map(|(at, secret)| {
            (kept(format!("webhooks.endpoints {name}: secret {}", at + 1), &secret.spec), secret.expires_at)
        });
        let headers = endpoint.headers.iter().filter_map(|(header, spec)| {
            let place = format!("webhooks.endpoints {name}: headers.{header}");
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

    /// Whether everything that is sent with a delivery is known. Until then nothing is: it would only fail.
    pub fn are_known(&self, signing: Signing) -> bool {
        self.headers.iter().all(|(_, secret)| secret.value().is_some())
            && (signing == Signing::None || self.signing.iter().any(|(secret, _)| secret.value().is_some()))
    }

    /// What deliveries are signed with now: those that have not expired. The last one stays in use past its time: unsigned is worse.
    pub fn signing(&self, signing: Signing, now: Millis) -> Result<Vec<SecretString>, NoValue> {
        if signing == Signing::None {
            return Ok(Vec::new());
        }
        let live = self.signing.iter().filter(|(_, expires)| expires.is_none_or(|at| now < at));
        let mut values: Vec<_> = live.filter_map(|(secret, _)| secret.value()).collect();
        if values.is_empty() {
            values.extend(self.signing.last().and_then(|(secret, _)| secret.value()));
        }
        if values.is_empty() {
            return Err(NoValue("the secret"));
        }
        Ok(values.iter().map(|value| SecretString::clone(value)).collect())
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

//! Secrets whose values are needed, and not only compared: what deliveries are signed with, and headers of the operator.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use secrecy::{ExposeSecret, SecretString};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior};

use crate::config::SecretSpec;

use super::pace::Pace;
use super::resolver::Resolver;

/// A secret and the value it had when it was last looked up.
#[derive(Debug)]
pub struct KeptSecret {
    /// Where it stands in the config; for the log.
    place: String,
    spec: SecretSpec,
    value: ArcSwapOption<SecretString>,
    /// Whether the last look found nothing, so that the log tells of it once and not at every look.
    is_missing: AtomicBool,
}

impl KeptSecret {
    /// A secret that has not been looked up yet.
    pub fn new(place: String, spec: SecretSpec) -> Self {
        Self { place, spec, value: ArcSwapOption::empty(), is_missing: AtomicBool::new(false) }
    }

    /// Its value, if it has one. Takes no lock.
    pub fn value(&self) -> Option<Arc<SecretString>> {
        self.value.load_full()
    }

    /// Looks it up. Whatever had a value and has none now keeps the old one: a vault that is away for a minute stops no delivery.
    async fn renew(&self, resolver: &Resolver) {
        let place = &self.place;
        let (looked_up, old) = (resolver.resolve(&self.spec).await, self.value.load_full());
        let was_missing = self.is_missing.swap(looked_up.is_err(), Ordering::Relaxed);
        match (looked_up, old) {
            (Ok(new), Some(old)) if new.expose_secret() == old.expose_secret() => {}
            (Ok(new), old) => {
                if old.is_some() || was_missing {
                    tracing::info!("{place} has a new value");
                }
                self.value.store(Some(Arc::new(new)));
            }
            (Err(_), _) if was_missing => {}
            (Err(why), None) => tracing::warn!("{place} cannot be resolved, so nothing that needs it is sent: {why}"),
            (Err(why), Some(_)) => tracing::warn!("{place} cannot be resolved now, its last value stays in use: {why}"),
        }
    }
}

/// Looks all of them up once, at the same time.
pub async fn look_up_all(secrets: &[Arc<KeptSecret>], resolver: &Resolver) {
    let mut lookups = JoinSet::new();
    for secret in secrets {
        let (secret, resolver) = (secret.clone(), resolver.clone());
        lookups.spawn(async move { secret.renew(&resolver).await });
    }
    while lookups.join_next().await.is_some() {}
}

/// Keeps them fresh until it is dropped.
pub async fn keep_fresh(secrets: Vec<Arc<KeptSecret>>, resolver: Resolver, refresh: Duration) {
    let start = Instant::now();
    let mut looked_up = vec![start; secrets.len()];
    let mut ticks = tokio::time::interval_at(start + refresh, refresh);
    // A slow provider delays the next look instead of piling looks up.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        // Counted from tick to tick: what a look takes must not make the next tick one too early for it.
        let tick = ticks.tick().await;
        let mut due = Vec::new();
        for (secret, last) in secrets.iter().zip(&mut looked_up) {
            let pace = Pace::of(&secret.spec, secret.value.load().is_some());
            if pace.is_due(tick.saturating_duration_since(*last)) {
                *last = tick;
                due.push(secret.clone());
            }
        }
        look_up_all(&due, &resolver).await;
    }
}

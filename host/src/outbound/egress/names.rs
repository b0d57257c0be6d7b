//! Names and their addresses.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::lookup_host;
use tokio::sync::{Semaphore, watch};

/// A lookup under way.
pub type Lookup<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send + 'a>>;

/// Who knows the addresses of names.
pub trait Names: Send + Sync {
    /// All addresses of `host`, the one to try first in front.
    fn resolve<'a>(&'a self, host: &'a str) -> Lookup<'a>;
}

/// Names that are looked up at the same time. Each holds a thread until the system gives up, which it may do after half a minute.
const AT_ONCE_MAX: usize = 32;

/// The names as the system knows them. A name that many ask for is looked up once, so that one that never answers takes one of the
/// places and not all of them.
#[derive(Clone)]
pub struct SystemNames(Arc<Lookups>);

struct Lookups {
    places: Semaphore,
    running: Mutex<HashMap<String, watch::Receiver<Option<Found>>>>,
}

/// What a lookup found, for all who wait for it.
type Found = Result<Vec<IpAddr>, (io::ErrorKind, String)>;

impl Default for SystemNames {
    fn default() -> Self {
        Self(Arc::new(Lookups { places: Semaphore::new(AT_ONCE_MAX), running: Mutex::default() }))
    }
}

impl Names for SystemNames {
    fn resolve<'a>(&'a self, host: &'a str) -> Lookup<'a> {
        let mut answer = self.ask(host);
        Box::pin(async move {
            let found = match answer.wait_for(Option::is_some).await {
                Ok(found) => found.clone(),
                Err(_) => None,
            };
            match found {
                Some(Ok(addresses)) => Ok(addresses),
                Some(Err((kind, text))) => Err(io::Error::new(kind, text)),
                None => Err(io::Error::other("the lookup was given up")),
            }
        })
    }
}

impl SystemNames {
    /// Joins the lookup of this name, or starts one. It goes on when nobody waits any more, since the thread it holds does too.
    fn ask(&self, host: &str) -> watch::Receiver<Option<Found>> {
        let mut running = self.0.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = running.get(host) {
            return answer.clone();
        }
        let (tell, answer) = watch::channel(None);
        running.insert(host.to_owned(), answer.clone());
        let (lookups, host) = (self.0.clone(), host.to_owned());
        tokio::spawn(async move {
            let found = lookups.look_up(&host).await;
            lookups.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&host);
            tell.send_replace(Some(found));
        });
        answer
    }
}

impl Lookups {
    async fn look_up(&self, host: &str) -> Found {
        let _place = self.places.acquire().await.map_err(|closed| (io::ErrorKind::Other, closed.to_string()))?;
        let found = lookup_host((host, 0)).await.map_err(|error| (error.kind(), error.to_string()))?;
        Ok(found.map(|address| address.ip()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_system_knows_this_machine_and_forgets_the_question() {
        let names = SystemNames::default();
        let (one, other) = tokio::join!(names.resolve("localhost"), names.resolve("localhost"));
        assert!(one.unwrap().iter().all(IpAddr::is_loopback));
        assert!(!other.unwrap().is_empty());
        assert!(names.0.running.lock().unwrap().is_empty());
    }
}

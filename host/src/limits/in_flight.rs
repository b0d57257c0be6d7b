//! Requests in flight: so many per route and peer address at once, held until the answer is made.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

type Key = (Arc<str>, IpAddr);

/// Who has how many requests in flight.
#[derive(Clone, Default)]
pub struct InFlight {
    held: Arc<Mutex<HashMap<Key, u32>>>,
}

/// One request's place. Given back when dropped.
pub struct InFlightSlot {
    held: Arc<Mutex<HashMap<Key, u32>>>,
    key: Key,
}

impl InFlight {
    /// A place on `path` (normalised) for `peer`, if fewer than `at_once_max` are taken.
    pub fn enter(&self, path: &Arc<str>, peer: IpAddr, at_once_max: u32) -> Option<InFlightSlot> {
        let key = (path.clone(), peer);
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = held.entry(key.clone()).or_insert(0);
        if *taken >= at_once_max {
            return None;
        }
        *taken += 1;
        drop(held);
        Some(InFlightSlot { held: self.held.clone(), key })
    }
}

impl Drop for InFlightSlot {
    fn drop(&mut self) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(taken) = held.get_mut(&self.key) {
            *taken -= 1;
            if *taken == 0 {
                held.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const PEER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn a_place_is_free_again_when_its_holder_is_gone() {
        let (in_flight, path) = (InFlight::default(), Arc::<str>::from("/a"));
        let first = in_flight.enter(&path, PEER, 1);
        assert!(first.is_some());
        assert!(in_flight.enter(&path, PEER, 1).is_none());
        assert!(in_flight.enter(&Arc::from("/b"), PEER, 1).is_some());
        drop(first);
        assert!(in_flight.enter(&path, PEER, 1).is_some());
        assert!(in_flight.held.lock().unwrap().is_empty(), "nothing is remembered of the gone");
    }
}

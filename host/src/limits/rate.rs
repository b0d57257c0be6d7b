//! Fixed windows: so many requests per key and window. OpenClaw's limiter to the letter: the window starts at a key's first request, the key is the raw
//! path and the client's address, and only so many keys are remembered, the one unused longest dropped first.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use lru::LruCache;

/// The windows of all keys.
pub struct RateWindows {
    /// Keys are remembered by a keyed 64-bit hash: nobody outside knows the key, so nobody can make two of them meet.
    windows: Mutex<LruCache<u64, Window>>,
    hasher: RandomState,
}

struct Window {
    began: Instant,
    seen: u32,
}

impl RateWindows {
    /// Remembers at most `keys_max` keys.
    pub fn new(keys_max: NonZeroUsize) -> Self {
        Self { windows: Mutex::new(LruCache::new(keys_max)), hasher: RandomState::new() }
    }

    /// Counts one request at `now`. False if its window is used up.
    pub fn allow(&self, raw_path: &str, client: IpAddr, requests_max: u32, length: Duration, now: Instant) -> bool {
        let key = self.hasher.hash_one((raw_path, client));
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let window = windows.get_or_insert_mut(key, || Window { began: now, seen: 0 });
        if now.saturating_duration_since(window.began) >= length {
            *window = Window { began: now, seen: 0 };
        }
        window.seen = window.seen.saturating_add(1);
        window.seen <= requests_max
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const A: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    const B: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));
    const MINUTE: Duration = Duration::from_secs(60);

    fn windows(keys: usize) -> RateWindows {
        RateWindows::new(NonZeroUsize::new(keys).unwrap())
    }

    #[test]
    fn a_window_lets_its_number_through_and_opens_again_after_its_length() {
        let (rate, start) = (windows(8), Instant::now());
        assert!(rate.allow("/a", A, 2, MINUTE, start));
        assert!(rate.allow("/a", A, 2, MINUTE, start));
        assert!(!rate.allow("/a", A, 2, MINUTE, start + Duration::from_millis(59_999)));
        assert!(rate.allow("/a", A, 2, MINUTE, start + MINUTE));
    }

    #[test]
    fn another_address_and_another_path_have_windows_of_their_own() {
        let (rate, now) = (windows(8), Instant::now());
        assert!(rate.allow("/a", A, 1, MINUTE, now));
        assert!(!rate.allow("/a", A, 1, MINUTE, now));
        assert!(rate.allow("/a", B, 1, MINUTE, now));
        assert!(rate.allow("/a/", A, 1, MINUTE, now));
    }

    #[test]
    fn the_key_unused_longest_is_forgotten_first() {
        let (rate, now) = (windows(2), Instant::now());
        assert!(rate.allow("/1", A, 1, MINUTE, now));
        assert!(rate.allow("/2", A, 1, MINUTE, now));
        assert!(!rate.allow("/1", A, 1, MINUTE, now));
        assert!(rate.allow("/3", A, 1, MINUTE, now), "takes the place of /2");
        assert!(!rate.allow("/1", A, 1, MINUTE, now));
        assert!(rate.allow("/2", A, 1, MINUTE, now));
    }
}

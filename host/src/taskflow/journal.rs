//! The changes of one request that came with an idempotency key: those that an earlier one made are not made again but answered as then.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use sha2::{Digest as _, Sha256};

use super::refusal::Refusal;
use crate::model::Digest;
use crate::store::{Answered, Call, Once, Op, Store, StoreError};

/// Of one run. A guest that is run again makes the same calls in the same order; one that does not makes new changes, like any other
/// request.
pub(super) struct Journal {
    once: Once,
    /// The first note that may be the next call's.
    next: AtomicI64,
    is_repeat: AtomicBool,
}

impl Journal {
    pub fn new(once: Once) -> Self {
        Self { once, next: AtomicI64::new(0), is_repeat: AtomicBool::new(false) }
    }

    /// Whether anything was answered as before.
    pub fn is_repeat(&self) -> bool {
        self.is_repeat.load(Ordering::Relaxed)
    }

    /// Carries out a change, or answers as it was answered before.
    pub async fn act<T: Send + 'static>(
        &self,
        store: &Store,
        op: Op<T>,
        asked: Digest,
        answer: fn(&T) -> Result<String, Refusal>,
    ) -> Result<Result<String, Refusal>, StoreError> {
        let call = Call { once: self.once.clone(), from: self.next.load(Ordering::Relaxed), asked };
        let answered = store.act_once(op, call, move |done| answer(done).ok()).await?;
        Ok(match answered {
            Answered::Now(done, at) => {
                self.go_on_behind(at);
                answer(&done)
            }
            Answered::Earlier(earlier, at) => {
                self.go_on_behind(Some(at));
                self.is_repeat.store(true, Ordering::Relaxed);
                Ok(earlier)
            }
            Answered::OtherRequest => Err(Refusal::other_request()),
        })
    }

    fn go_on_behind(&self, at: Option<i64>) {
        if let Some(at) = at {
            self.next.store(at + 1, Ordering::Relaxed);
        }
    }
}

/// Of a call and all its arguments.
pub(super) fn asked(function: &str, arguments: &[&str]) -> Digest {
    let mut digest = Sha256::new();
    for part in [function].iter().chain(arguments) {
        // With its length, so that no two calls read the same.
        digest.update(part.len().to_le_bytes());
        digest.update(part);
    }
    Digest(digest.finalize().into())
}

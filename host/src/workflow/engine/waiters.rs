//! Those who wait for runs. Each is woken by its own run alone, so that many who wait cost nothing while others' runs go on.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::model::FlowId;

/// Flows that somebody waits for.
#[derive(Default)]
pub(super) struct Waiters(Mutex<HashMap<FlowId, watch::Sender<()>>>);

/// One who waits. Dropped, it waits no more.
pub(super) struct Waiter<'a> {
    waiters: &'a Waiters,
    flow: FlowId,
    news: Option<watch::Receiver<()>>,
}

impl Waiters {
    /// From now on news of this flow are heard.
    pub fn enter(&self, flow: &FlowId) -> Waiter<'_> {
        let news = self.flows().entry(flow.clone()).or_insert_with(|| watch::Sender::new(())).subscribe();
        Waiter { waiters: self, flow: flow.clone(), news: Some(news) }
    }

    /// Something has happened to this flow.
    pub fn wake(&self, flow: &FlowId) {
        if let Some(news) = self.flows().get(flow) {
            news.send_replace(());
        }
    }

    /// Something has happened, and nobody says to which.
    pub fn wake_all(&self) {
        self.flows().values().for_each(|news| news.send_replace(()));
    }

    fn flows(&self) -> MutexGuard<'_, HashMap<FlowId, watch::Sender<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiter<'_> {
    /// Returns when something has happened since the last time, or since it began to wait.
    pub async fn news(&mut self) {
        let heard = match &mut self.news {
            Some(news) => news.changed().await.is_ok(),
            None => false,
        };
        if !heard {
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        let mut flows = self.waiters.flows();
        // Within the lock, or two who leave at once would each take the other for the last.
        self.news = None;
        if flows.get(&self.flow).is_some_and(|news| news.receiver_count() == 0) {
            flows.remove(&self.flow);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;

    #[test]
    fn who_waits_is_woken_by_its_own_run_alone_and_leaves_nothing_behind() {
        let waiters = Waiters::default();
        let (mine, other) = (FlowId::new("f-1"), FlowId::new("f-2"));
        let mut first = waiters.enter(&mine);
        let second = waiters.enter(&mine);
        let mut heard = || {
            let mut news = pin!(first.news());
            news.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready()
        };
        assert!(!heard());
        waiters.wake(&other);
        assert!(!heard());
        waiters.wake(&mine);
        assert!(heard());
        assert!(!heard(), "once");
        waiters.wake_all();
        assert!(heard());
        drop(second);
        assert_eq!(waiters.flows().len(), 1);
        drop(first);
        assert!(waiters.flows().is_empty());
    }
}

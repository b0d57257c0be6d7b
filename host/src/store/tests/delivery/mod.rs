//! Events on their way out, over a real file: one endpoint `a`, and events whose deliveries have their names.

mod claims;
mod hand_in;
mod leases;
mod lists;
mod migration;
mod order;
mod recovery;
mod retention;
mod retry;

use tempfile::TempDir;

use super::super::{Completion, DeliveryRow, HandedIn, Once, Room, Store};
use crate::clock::Clock;
use crate::model::{
    Attempt, AttemptOutcome, Claimed, DeliveryId, DeliveryState, Digest, EndpointName, EventId, Millis, NewDelivery,
    NewEvent, Next, Timing,
};

const DAY: i64 = 24 * 60 * 60 * 1000;

struct Post {
    dir: TempDir,
    store: Store,
    clock: Clock,
}

fn post() -> Post {
    let (dir, clock) = (super::folder(), Clock::test(Millis(1_000)));
    let store = Store::open(dir.path(), clock.clone()).unwrap();
    Post { dir, store, clock }
}

impl Post {
    /// The process dies and another one starts.
    async fn restart(&mut self) {
        self.store.close().await;
        self.store = Store::open(self.dir.path(), self.clock.clone()).unwrap();
    }

    async fn hand_in(&self, ids: &[&str]) {
        let events: Vec<_> = ids.iter().map(|id| event(id)).collect();
        assert!(matches!(self.store.hand_in(events, None).await.unwrap(), HandedIn::Stored(_)));
    }

    /// Makes a delivery to `a` of each event that has not been dispatched.
    async fn dispatch(&self, key: Option<&str>) {
        let events = self.store.undispatched(1_000).unwrap();
        let deliveries = events
            .iter()
            .map(|event| NewDelivery { ordering_key: key.map(Into::into), ..delivery(&event.id, event.seq) });
        self.store.dispatch(events.last().unwrap().seq, deliveries.collect()).await.unwrap();
    }

    /// These events, handed in and dispatched.
    async fn send(&self, ids: &[&str]) {
        self.hand_in(ids).await;
        self.dispatch(None).await;
    }

    /// The same, in order.
    async fn send_in_order(&self, ids: &[&str]) {
        self.hand_in(ids).await;
        self.dispatch(Some("k")).await;
    }

    async fn claim(&self, first: u32, retries: u32) -> Vec<Claimed> {
        let room = Room { endpoint: a(), first, retries };
        self.store.claim(vec![room], self.clock.now()).await.unwrap()
    }

    async fn claim_one(&self) -> Claimed {
        let mut claimed = self.claim(1, 1).await;
        assert_eq!(claimed.len(), 1);
        claimed.remove(0)
    }

    async fn complete(&self, claimed: &Claimed, next: Next) -> Completion {
        self.store.complete(claimed, attempt(), next, None, Vec::new()).await.unwrap()
    }

    /// Tries the next one and ends it so. Returns its name.
    async fn finish(&self, next: Next) -> String {
        let claimed = self.claim_one().await;
        assert_eq!(self.complete(&claimed, next).await, Completion::Done);
        claimed.id.to_string()
    }

    fn row(&self, id: &str) -> DeliveryRow {
        self.store.delivery(id).unwrap().unwrap().0
    }

    fn attempts(&self, id: &str) -> Vec<(u32, Attempt)> {
        self.store.delivery(id).unwrap().unwrap().2
    }

    fn states(&self, ids: &[&str]) -> Vec<DeliveryState> {
        ids.iter().map(|id| self.row(id).state).collect()
    }

    fn count(&self, table: &str) -> i64 {
        let sql = format!("SELECT count(*) FROM {table}");
        self.store.0.readers.read(|db| Ok(db.query_row(&sql, [], |row| row.get(0))?)).unwrap()
    }
}

fn a() -> EndpointName {
    EndpointName::new("a")
}

fn event(id: &str) -> NewEvent {
    NewEvent {
        id: EventId::new(id),
        kind: "message.sent".into(),
        timestamp: Some("2026-03-14T10:30:00Z".into()),
        instance: Some("node-7".into()),
        session: None,
        data: r#"{"channel":"telegram"}"#.into(),
    }
}

fn delivery(event: &EventId, seq: i64) -> NewDelivery {
    NewDelivery {
        id: DeliveryId::new(event.as_str()),
        event: seq,
        endpoint: a(),
        endpoint_version: Digest([1; 32]),
        transform: None,
        ordering_key: None,
        due_at: Millis(0),
    }
}

fn attempt() -> Attempt {
    Attempt {
        started_at: Millis(1_000),
        outcome: AttemptOutcome::Rejected,
        status: Some(500),
        error: Some("the receiver answered 500".into()),
        timing: Timing { dns_us: Some(5), total_us: 1_234, ..Timing::default() },
        address: Some("192.0.2.1:443".into()),
        transform: Some(Digest([2; 32])),
        body_digest: Some(Digest([3; 32])),
        body_bytes: 77,
        response_headers: vec![("x-note".into(), "a\n\"b\"".into())],
        response_body: vec![0, 255, 10],
        response_cut: true,
    }
}

fn retry(at: i64, is_excused: bool) -> Next {
    Next::Retry { at: Millis(at), is_excused }
}

fn once(key: &str, request: u8) -> Once {
    Once { key: key.into(), request: Digest([request; 32]) }
}

//! P3: an event that was acknowledged reaches every endpoint at least once, and what comes twice has a reason. The real program is killed while
//! events come in and go out, again and again; the receiver lives on and remembers everything.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use gateway_tests::{Client, Gateway, GatewayBuilder, Process, Received, Receiver, Verdict, eventually};
use rustix::process::Signal;
use sandclaw::model::{AttemptOutcome, DeliveryState};
use sandclaw::store::Store;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::PROGRAM;

const ENDPOINTS: [&str; 3] = ["plain", "template", "ordered"];

/// Each has a session of its own, so that the order of its acknowledgements is known.
const SENDERS: usize = 6;

/// Requests of one sender in one round, at most: what the program is busy with when it is killed, and not what it never gets to.
const REQUESTS: usize = 15;

/// How often it is killed. `CRASH_ROUNDS=100 cargo test -p gateway-tests outbound_crash` for the long mode.
fn rounds() -> usize {
    std::env::var("CRASH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(10)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_acknowledged_event_arrives_and_none_comes_twice_without_a_reason() {
    let (patient, _) = watch::channel(false);
    let receiver = receiver(patient.clone()).await;
    let (config, folder) = endpoints(&receiver).write();
    let mut senders: Vec<_> = (0..SENDERS).map(Sender::new).collect();
    for round in 0..rounds() {
        let gateway = Process::serve(PROGRAM, &config);
        let (taken, before) = (Arc::<AtomicUsize>::default(), receiver.count());
        let sending: Vec<_> = senders
            .drain(..)
            .map(|sender| tokio::spawn(sender.send_until_killed(gateway.client.clone(), taken.clone())))
            .collect();
        // At a different moment each time: by what came in, by what went out, right after the start; and somewhere inside what follows.
        eventually("it is time to kill it", || async {
            match round % 3 {
                0 => taken.load(Ordering::Relaxed) >= 10 + round * 37 % 70,
                1 => receiver.count() - before >= 10 + round * 53 % 90,
                _ => true,
            }
        })
        .await;
        tokio::time::sleep(Duration::from_micros(round as u64 * 1313 % 9_000)).await;
        gateway.kill();
        for sender in sending {
            senders.push(sender.await.unwrap());
        }
    }

    patient.send_replace(true);
    let gateway = Process::serve(PROGRAM, &config);
    let taken = Arc::<AtomicUsize>::default();
    for sender in &mut senders {
        sender.repeat(&gateway.client, &taken).await;
    }
    let store = Store::open_beside(&folder.path().join("state")).unwrap();
    all_delivered(&store).await;
    gateway.signal(Signal::TERM);
    assert_eq!(gateway.wait(), Some(0));
    let arrived = Arrived::of(receiver.received());
    arrived.check_deliveries(&store);
    arrived.check_events(&senders);
    arrived.check_order();
}

/// Refuses some, is slow with some, and leaves some without an answer until the sender is dead, unless it is `patient`.
async fn receiver(patient: watch::Sender<bool>) -> Receiver {
    Receiver::answering(move |at, _| match at {
        _ if at % 11 == 3 => Verdict::status(500),
        _ if at % 29 == 7 => Verdict::status(200).late_by(Duration::from_millis(30)),
        _ if at % 53 == 20 => Verdict::status(200).held_until(&patient),
        _ => Verdict::status(200),
    })
    .await
}

fn endpoints(receiver: &Receiver) -> GatewayBuilder {
    // Nothing is to be given up here, nor left alone.
    let common = "events: ['load.*'], retry: { maxAttempts: 50, backoffMs: 10, maxBackoffMs: 200 }, breaker: { failures: 100000 }";
    let signed = "secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', signing: 'both'";
    let template = r#"transform: { id: "{{id}}", data: { sessionKey: "{{data.sessionKey}}", n: "{{data.n}}" } }"#;
    let more = [signed, template, "ordering: 'session'"];
    let mut builder = Gateway::builder().ingest();
    for (name, more) in ENDPOINTS.iter().zip(more) {
        builder = builder.endpoint(name, &format!("{}, {common}, {more}", receiver.members(&format!("/{name}"))));
    }
    builder
}

/// Waits until nothing is open. As long as something moves that may take its time.
async fn all_delivered(store: &Store) {
    let standing = || {
        let counts = store.delivery_counts().unwrap();
        let states = || counts.iter().flat_map(|endpoint| &endpoint.states);
        let ended = |state: DeliveryState| {
            matches!(state, DeliveryState::Delivered | DeliveryState::Dead | DeliveryState::Cancelled)
        };
        let open: u64 = states().filter(|(state, _)| !ended(*state)).map(|(_, count)| count).sum();
        let all: u64 = states().map(|(_, count)| count).sum();
        (open, all, store.undispatched(1).unwrap().is_empty())
    };
    let mut last = standing();
    while last.0 > 0 || !last.2 {
        eventually("something more is delivered", || async { standing() != last }).await;
        last = standing();
    }
}

/// Sends numbered events of its session, one request after the other.
struct Sender {
    session: String,
    sent: u64,
    requests: usize,
    /// Broken off, and to be sent again as it was.
    unanswered: Option<Request>,
    /// The ids of events that were acknowledged.
    acknowledged: Vec<String>,
}

struct Request {
    key: Option<String>,
    body: String,
}

impl Sender {
    fn new(at: usize) -> Self {
        Self { session: format!("s{at}"), sent: 0, requests: 0, unanswered: None, acknowledged: Vec::new() }
    }

    async fn send_until_killed(mut self, client: Client, taken: Arc<AtomicUsize>) -> Self {
        for _ in 0..REQUESTS {
            let request = self.unanswered.take().unwrap_or_else(|| self.next());
            if !self.send(request, &client, &taken).await {
                break;
            }
        }
        self
    }

    /// What was broken off last, once more.
    async fn repeat(&mut self, client: &Client, taken: &AtomicUsize) {
        if let Some(request) = self.unanswered.take() {
            assert!(self.send(request, client, taken).await, "the gateway lives");
        }
    }

    /// One event or three, every other time with a key.
    fn next(&mut self) -> Request {
        self.requests += 1;
        let events: Vec<Value> = (0..if self.requests.is_multiple_of(4) { 3 } else { 1 })
            .map(|_| {
                self.sent += 1;
                json!({"type": "load.sent", "data": {"sessionKey": self.session, "n": self.sent}})
            })
            .collect();
        let body = if let [event] = &events[..] { event.to_string() } else { json!(events).to_string() };
        let key = self.requests.is_multiple_of(2).then(|| format!("{}-{}", self.session, self.requests));
        Request { key, body }
    }

    /// False if the connection broke. Without a key it is not known whether the events are there, and they are not sent again.
    async fn send(&mut self, request: Request, client: &Client, taken: &AtomicUsize) -> bool {
        let mut post = client.post("/events", request.body.clone()).secret("ingest-secret");
        if let Some(key) = &request.key {
            post = post.header("idempotency-key", key);
        }
        let Ok(answer) = post.try_send().await else {
            self.unanswered = request.key.is_some().then_some(request);
            return false;
        };
        assert_eq!(answer.status, 202, "{}", answer.text);
        let ids = answer.json();
        self.acknowledged.extend(ids["ids"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()));
        taken.fetch_add(1, Ordering::Relaxed);
        true
    }
}

/// Everything that the receiver got, in its order.
struct Arrived(Vec<Arrival>);

struct Arrival {
    endpoint: String,
    delivery: String,
    event: String,
    session: String,
    n: u64,
    request: Received,
}

impl Arrived {
    fn of(received: Vec<Received>) -> Self {
        let arrival = |request: Received| {
            let body = request.json();
            let data = &body["data"];
            let n = data["n"].as_u64().or_else(|| data["n"].as_str()?.parse().ok());
            Arrival {
                endpoint: request.target.trim_start_matches('/').to_owned(),
                delivery: request.header("x-openclaw-delivery").to_owned(),
                event: body["id"].as_str().unwrap().to_owned(),
                session: data["sessionKey"].as_str().unwrap().to_owned(),
                n: n.unwrap(),
                request,
            }
        };
        Self(received.into_iter().map(arrival).collect())
    }

    /// Each delivery says the same however often it comes, has ended well, and came no more often than its attempts tell.
    fn check_deliveries(&self, store: &Store) {
        let mut deliveries = BTreeMap::<&str, Vec<&Arrival>>::new();
        for arrival in &self.0 {
            deliveries.entry(&arrival.delivery).or_default().push(arrival);
        }
        let mut repeated = 0;
        for (id, arrivals) in &deliveries {
            let first = arrivals[0];
            for other in &arrivals[1..] {
                assert_eq!((&other.endpoint, &other.request.body), (&first.endpoint, &first.request.body), "{id}");
                assert_eq!(other.request.header("webhook-id"), first.request.header("webhook-id"), "{id}");
            }
            if first.endpoint == "plain" {
                assert_eq!(first.request.header("webhook-id"), first.event, "{id}");
            }
            let (row, event, attempts) = store.delivery(id).unwrap().unwrap_or_else(|| panic!("{id} is not known"));
            assert_eq!((row.state, row.endpoint.as_str()), (DeliveryState::Delivered, first.endpoint.as_str()), "{id}");
            assert_eq!(event.id.as_str(), first.event, "{id}");
            let numbers: Vec<u32> = attempts.iter().map(|(number, _)| *number).collect();
            assert_eq!(numbers, (1..=row.attempts).collect::<Vec<_>>(), "every try is told of: {id}");
            let with = |outcome| attempts.iter().filter(|(_, attempt)| attempt.outcome == outcome).count();
            let (answered, unknown) =
                (with(AttemptOutcome::Accepted) + with(AttemptOutcome::Rejected), with(AttemptOutcome::Unknown));
            assert_eq!(with(AttemptOutcome::Accepted), 1, "{attempts:?}");
            assert_eq!(answered + unknown, attempts.len(), "{attempts:?}");
            let explained = answered..=answered + unknown;
            assert!(explained.contains(&arrivals.len()), "{id} came {} times: {attempts:?}", arrivals.len());
            repeated += usize::from(unknown > 0);
        }
        let stored: u64 = store.delivery_counts().unwrap().iter().flat_map(|counts| &counts.states).map(|s| s.1).sum();
        assert_eq!(stored, deliveries.len() as u64, "a delivery that is done has been there");
        println!("{} requests, {} deliveries, {repeated} of them cut off", self.0.len(), deliveries.len());
    }

    /// Each event reached every endpoint by one delivery, each number is one event, and no acknowledged one is missing.
    fn check_events(&self, senders: &[Sender]) {
        let mut reached = BTreeMap::<&str, BTreeSet<(&str, &str)>>::new();
        let mut numbers = BTreeMap::<(&str, u64), BTreeSet<&str>>::new();
        for arrival in &self.0 {
            reached.entry(&arrival.event).or_default().insert((&arrival.endpoint, &arrival.delivery));
            numbers.entry((&arrival.session, arrival.n)).or_default().insert(&arrival.event);
        }
        for (event, ways) in &reached {
            let endpoints: BTreeSet<&str> = ways.iter().map(|(endpoint, _)| *endpoint).collect();
            assert_eq!((ways.len(), endpoints.len()), (ENDPOINTS.len(), ENDPOINTS.len()), "{event}: {ways:?}");
        }
        for (number, events) in &numbers {
            assert_eq!(events.len(), 1, "{number:?} was handed in once: {events:?}");
        }
        for id in senders.iter().flat_map(|sender| &sender.acknowledged) {
            assert!(reached.contains_key(id.as_str()), "event {id} was acknowledged and is lost");
        }
    }

    /// Where order is asked for, nothing of a session comes before what was acknowledged before it, and nothing comes again after it.
    fn check_order(&self) {
        let mut last = BTreeMap::<&str, u64>::new();
        for arrival in self.0.iter().filter(|arrival| arrival.endpoint == "ordered") {
            let before = last.insert(&arrival.session, arrival.n).unwrap_or(0);
            assert!(arrival.n >= before, "{} came after {before} of {}", arrival.n, arrival.session);
        }
    }
}

//! The running engine before a real store and a receiver that answers when it is told to.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};

use super::*;
use crate::auth::secret::Resolver;
use crate::config::{Config, Env, Format};
use crate::model::{AttemptOutcome, DeliveryState, Millis, NewEvent};
use crate::outbound::egress::{Egress, EgressOptions, SystemNames};
use crate::outbound::health::Showed;
use crate::store::{DeliveryQuery, DeliveryRow};

const PATIENCE: Duration = Duration::from_secs(30);

/// A receiver that answers one request for each permit it is given.
struct Receiver {
    port: u16,
    answers: Arc<Semaphore>,
    /// `asked` for each request, `left` for each connection that is closed while it waits for its answer.
    seen: mpsc::UnboundedReceiver<&'static str>,
}

impl Receiver {
    async fn answering(status: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (tell, seen) = mpsc::unbounded_channel();
        let answers = Arc::new(Semaphore::new(0));
        let permits = answers.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(talk(stream, status, permits.clone(), tell.clone()));
            }
        });
        Self { port, answers, seen }
    }

    async fn sees(&mut self, what: &str) {
        let seen = tokio::time::timeout(PATIENCE, self.seen.recv()).await;
        assert_eq!(seen.expect("the receiver sees something"), Some(what));
    }
}

async fn talk(mut stream: TcpStream, status: u16, answers: Arc<Semaphore>, tell: mpsc::UnboundedSender<&'static str>) {
    let (mut got, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        // Bodies are short and end with the envelope.
        while !got.ends_with(b"}}") {
            match stream.read(&mut buffer).await {
                Ok(read @ 1..) => got.extend_from_slice(&buffer[..read]),
                _ => return,
            }
        }
        got.clear();
        let _ = tell.send("asked");
        tokio::select! {
            permit = answers.acquire() => permit.unwrap().forget(),
            _ = stream.read(&mut buffer) => {
                let _ = tell.send("left");
                return;
            }
        }
        let answer = format!("HTTP/1.1 {status} x\r\ncontent-length: 0\r\n\r\n");
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// An engine with one endpoint, `e`.
struct Bench {
    outbound: Outbound,
    store: Store,
    clock: Clock,
    name: EndpointName,
    _folder: TempDir,
}

impl Bench {
    /// With these members beside the place of the receiver.
    async fn start(receiver: &Receiver, members: &str) -> Self {
        let port = receiver.port;
        let text = format!(
            "{{ webhooks: {{ endpoints: [{{ name: 'e', url: 'http://127.0.0.1:{port}/', allowPrivate: ['127.0.0.1/32:{port}'], \
             events: ['*'], {members} }}] }} }}"
        );
        let config = Config::parse(&text, Format::Json5, Path::new("x"), &Env::new(|_| None)).unwrap();
        let (folder, clock) = (tempfile::tempdir().unwrap(), Clock::test(Millis(1_795_000_000_000)));
        let store = Store::open(folder.path(), clock.clone()).unwrap();
        let names = Arc::new(SystemNames::default());
        let parts = Parts {
            store: store.clone(),
            clock: clock.clone(),
            admissions: Admissions::new(4),
            egress: Egress::new(EgressOptions { extra_ca_pem: None, names }).unwrap(),
            resolver: Resolver::new(config.providers().clone(), Env::new(|_| None)),
            transforms: std::collections::HashMap::new(),
        };
        let outbound = Outbound::start(&config, parts).await.unwrap();
        Self { outbound, store, clock, name: EndpointName::new("e"), _folder: folder }
    }

    async fn emit(&self, events: usize) {
        let event = |_| NewEvent {
            id: Ids.event(),
            kind: "message.sent".into(),
            timestamp: None,
            instance: None,
            session: None,
            data: r#"{"n":{}}"#.into(),
        };
        self.store.hand_in((0..events).map(event).collect(), None).await.unwrap();
    }

    /// The deliveries once they are so.
    async fn rows_once(&self, what: &str, is_so: impl Fn(&[DeliveryRow]) -> bool) -> Vec<DeliveryRow> {
        let query = DeliveryQuery { recent: 1_000, ..DeliveryQuery::default() };
        let look = async {
            loop {
                let rows = self.store.deliveries(&query).unwrap();
                if is_so(&rows) {
                    return rows;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let Ok(rows) = tokio::time::timeout(PATIENCE, look).await else { panic!("never so: {what}") };
        rows
    }
}

fn count(rows: &[DeliveryRow], state: DeliveryState) -> usize {
    rows.iter().filter(|row| row.state == state).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_operator_disables_stays_so_whatever_a_try_under_way_shows() {
    let mut receiver = Receiver::answering(200).await;
    let mut bench = Bench::start(&receiver, "").await;
    // So that the success at the end has something to forget, and is written.
    let to = bench.outbound.engine.destinations[0].clone();
    to.lane.claimed(1, 0, (None, None), bench.clock.now());
    assert!(to.lane.begin(false, bench.clock.now()));
    to.lane.end(false, Some(Showed::Fails), &to.config, bench.clock.now());
    to.lane.confirm();
    bench.emit(1).await;
    receiver.sees("asked").await;
    bench.outbound.steer().disable(&bench.name).await.unwrap();
    receiver.answers.add_permits(1);
    bench.rows_once("delivered", |rows| count(rows, DeliveryState::Delivered) == 1).await;
    bench.outbound.drain().await;
    let states = bench.store.endpoint_states().unwrap();
    assert!(states[0].disabled.is_some() && states[0].failures == 0, "{states:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn disabling_twice_is_told_once() {
    let receiver = Receiver::answering(200).await;
    let bench = Bench::start(&receiver, "").await;
    let steer = bench.outbound.steer();
    steer.disable(&bench.name).await.unwrap();
    let since = bench.store.endpoint_states().unwrap();
    bench.clock.advance(5_000);
    steer.disable(&bench.name).await.unwrap();
    assert_eq!(bench.store.endpoint_states().unwrap(), since);
    steer.enable(&bench.name).await.unwrap();
    assert_eq!(bench.store.endpoint_states().unwrap()[0].disabled, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_gives_back_what_is_claimed_at_once_and_finishes_what_is_tried() {
    let mut receiver = Receiver::answering(200).await;
    let mut bench = Bench::start(&receiver, "maxInFlight: 1").await;
    bench.emit(100).await;
    // Some that end quickly, so that as many are claimed ahead; then one that hangs.
    receiver.answers.add_permits(20);
    for _ in 0..21 {
        receiver.sees("asked").await;
    }
    bench.rows_once("20 are delivered", |rows| count(rows, DeliveryState::Delivered) == 20).await;
    let Bench { outbound, store, .. } = &mut bench;
    let query = DeliveryQuery { recent: 1_000, ..DeliveryQuery::default() };
    let let_go = async {
        while count(&store.deliveries(&query).unwrap(), DeliveryState::Leased) != 1 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        receiver.answers.add_permits(1);
    };
    tokio::time::timeout(PATIENCE, async { tokio::join!(outbound.drain(), let_go) }).await.expect("a drain");
    let rows = bench.store.deliveries(&query).unwrap();
    assert_eq!((count(&rows, DeliveryState::Delivered), count(&rows, DeliveryState::Due)), (21, 79));
    assert!(rows.iter().filter(|row| row.state == DeliveryState::Due).all(|row| row.attempts == 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_ends_what_is_tried_and_begins_nothing_more() {
    let mut receiver = Receiver::answering(200).await;
    let mut bench = Bench::start(&receiver, "maxInFlight: 1, timeoutMs: 300000").await;
    bench.emit(3).await;
    receiver.sees("asked").await;
    bench.outbound.cut();
    receiver.sees("left").await;
    receiver.answers.add_permits(3);
    let rows = bench.rows_once("one is left leased", |rows| count(rows, DeliveryState::Leased) >= 1).await;
    assert_eq!(count(&rows, DeliveryState::Delivered), 0);
    assert!(receiver.seen.try_recv().is_err(), "nothing came after the cut");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_its_time_goes_back_with_the_clock() {
    let mut receiver = Receiver::answering(500).await;
    let bench = Bench::start(&receiver, "retry: { maxAttempts: 9, backoffMs: 60000 }").await;
    receiver.answers.add_permits(9);
    bench.emit(1).await;
    receiver.sees("asked").await;
    let rows =
        bench.rows_once("it waits", |rows| rows.iter().any(|row| row.due_at.is_some() && row.attempts == 1)).await;
    let wait = rows[0].due_at.unwrap().0 - bench.clock.now().0;
    bench.clock.advance(-3_600_000);
    let waits_again = bench.clock.now().0 + wait;
    bench.rows_once("it goes back too", |rows| rows[0].due_at == Some(Millis(waits_again))).await;
    bench.clock.advance(wait);
    receiver.sees("asked").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_whose_event_cannot_be_read_is_this_gateways_failure() {
    let receiver = Receiver::answering(200).await;
    let bench = Bench::start(&receiver, "").await;
    let engine = bench.outbound.engine.clone();
    let to = engine.destinations[0].clone();
    let claimed = crate::model::Claimed {
        seq: 1,
        id: crate::model::DeliveryId::new("dlv_1"),
        lease: 1,
        endpoint: bench.name.clone(),
        attempt: 1,
        tries: 1,
        excused: 0,
        event: 77,
    };
    let tried = super::super::deliver::attempt(&engine, &to, &claimed).await;
    assert_eq!((tried.attempt.outcome, tried.showed), (AttemptOutcome::Host, None));
    assert!(tried.attempt.error.unwrap().contains("event 77"));
}

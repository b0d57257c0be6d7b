//! Receivers that misbehave, on the raw socket where it takes one. Whatever they do costs them their own delivery, in bounded time and memory.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use gateway_tests::{Gateway, RawReceiver, Receiver, Verdict};
use sandclaw::model::{Attempt, AttemptOutcome, DeliveryState};
use sandclaw::outbound::egress::{Lookup, Names};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const ENDED: &[DeliveryState] = &[DeliveryState::Delivered, DeliveryState::Dead];

/// Two tries at most and short deadlines, so that a test of patience needs little of it.
const HASTY: &str = "events: ['*'], retry: { maxAttempts: 2, backoffMs: 1 }, \
    timeoutMs: { connectMs: 1000, headersMs: 1000, totalMs: 1500 }";

/// One event to an endpoint with these members; how its delivery ended, and its attempts.
async fn deliver_to(members: &str) -> (DeliveryState, Vec<Attempt>) {
    let mut gateway = Gateway::builder().ingest().endpoint("e", &format!("{members}, {HASTY}")).start().await;
    gateway.emit("tool.called", json!({"n": 1})).await;
    let (state, attempts) = ended(&gateway).await;
    gateway.stop().await;
    (state, attempts)
}

/// How the only delivery to `e` ended, with time passing as fast as it likes.
async fn ended(gateway: &Gateway) -> (DeliveryState, Vec<Attempt>) {
    let clock = gateway.clock.clone();
    let moving = tokio::spawn(async move {
        loop {
            clock.advance(60_000);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let (row, attempts) = gateway.delivery_once("e", ENDED).await;
    moving.abort();
    (row.state, attempts)
}

/// Reads one request, head and body.
async fn read_request(stream: &mut TcpStream) -> io::Result<()> {
    let mut got = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let read = stream.read(&mut buffer).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        got.extend_from_slice(&buffer[..read]);
        let Some(head) = got.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let text = String::from_utf8_lossy(&got[..head]).to_ascii_lowercase();
        let length = text.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
        if got.len() >= head + 4 + length.unwrap_or(0) {
            return Ok(());
        }
    }
}

/// A receiver that answers each request with these bytes and then does this with the socket.
async fn raw(answer: &'static [u8], then: Then) -> RawReceiver {
    RawReceiver::start(move |_, mut stream| async move {
        if read_request(&mut stream).await.is_err() || stream.write_all(answer).await.is_err() {
            return;
        }
        match then {
            Then::Close => {}
            Then::Reset => drop(stream.set_zero_linger()),
            Then::Drip => {
                while stream.write_all(b"x").await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
            Then::Flood => {
                let block = vec![b'x'; 1 << 16];
                while stream.write_all(&block).await.is_ok() {}
            }
            Then::Hang => drop(stream.read(&mut [0]).await),
        }
    })
    .await
}

#[derive(Clone, Copy)]
enum Then {
    Close,
    Reset,
    Drip,
    Flood,
    Hang,
}

#[tokio::test]
async fn a_body_that_drips_ends_with_the_total_deadline_and_the_status_counts() {
    let receiver = raw(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n", Then::Drip).await;
    let (state, attempts) = deliver_to(&receiver.members("/")).await;
    assert_eq!((state, attempts.len()), (DeliveryState::Delivered, 1));
    assert!(attempts[0].timing.total_us < 5_000_000, "{:?}", attempts[0].timing);
    assert!(attempts[0].response_cut);
}

#[tokio::test]
async fn a_body_without_end_is_kept_to_its_beginning() {
    let receiver = raw(b"HTTP/1.1 500 No\r\ntransfer-encoding: chunked\r\n\r\nfffffff\r\n", Then::Flood).await;
    let (state, attempts) = deliver_to(&receiver.members("/")).await;
    assert_eq!((state, attempts.len()), (DeliveryState::Dead, 2));
    for attempt in attempts {
        assert_eq!((attempt.outcome, attempt.status), (AttemptOutcome::Rejected, Some(500)));
        assert!(attempt.response_cut && attempt.response_body.len() <= 16 * 1024, "{}", attempt.response_body.len());
    }
}

#[tokio::test]
async fn a_compressed_bomb_is_opened_no_further_than_what_is_kept() {
    use std::io::Write as _;
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..64 {
        bomb.write_all(&vec![0; 1 << 20]).unwrap();
    }
    let bomb = bomb.finish().unwrap();
    let mut answer =
        format!("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n", bomb.len()).into_bytes();
    answer.extend(bomb);
    let receiver = raw(answer.leak(), Then::Close).await;
    let (state, attempts) = deliver_to(&receiver.members("/")).await;
    assert_eq!(state, DeliveryState::Delivered);
    assert!(attempts[0].response_body.len() <= 16 * 1024, "{}", attempts[0].response_body.len());
}

#[tokio::test]
async fn an_answer_that_breaks_off_or_is_no_http_is_a_failure_and_tried_again() {
    for (answer, then) in [
        (&b""[..], Then::Close),
        (b"", Then::Reset),
        (b"HTTP/1.1 200", Then::Reset),
        (b"SSH-2.0-OpenSSH_9.9\r\n\r\n", Then::Close),
        (b"HTTP/1.1 99999 X\r\n\r\n", Then::Close),
    ] {
        let receiver = raw(answer, then).await;
        let (state, attempts) = deliver_to(&receiver.members("/")).await;
        let outcomes: Vec<_> = attempts.iter().map(|attempt| attempt.outcome).collect();
        assert_eq!(state, DeliveryState::Dead, "{answer:?}");
        assert_eq!(outcomes, [AttemptOutcome::Broken; 2], "{answer:?} {attempts:?}");
    }
}

#[tokio::test]
async fn a_head_that_never_ends_or_never_comes_is_a_timeout_or_a_breach() {
    let silent = raw(b"", Then::Hang).await;
    let (state, attempts) = deliver_to(&silent.members("/")).await;
    assert_eq!((state, attempts[0].outcome), (DeliveryState::Dead, AttemptOutcome::Timeout));
    let endless = raw(b"HTTP/1.1 200 OK\r\nx: ", Then::Flood).await;
    let (state, attempts) = deliver_to(&endless.members("/")).await;
    assert_eq!((state, attempts[0].outcome), (DeliveryState::Dead, AttemptOutcome::Broken), "{attempts:?}");
}

#[tokio::test]
async fn a_redirect_is_a_failure_and_is_never_followed() {
    let hidden = Receiver::start().await;
    for status in [301, 302, 303, 307, 308] {
        let to = hidden.url("/stolen");
        let receiver = Receiver::answering(move |_, _| Verdict::status(status).header("location", &to)).await;
        let (state, attempts) = deliver_to(&receiver.members("/")).await;
        assert_eq!((state, attempts[0].status), (DeliveryState::Dead, Some(status)));
        assert!(attempts[0].error.as_deref().unwrap().contains("not followed"), "{:?}", attempts[0].error);
    }
    assert!(hidden.received().is_empty());
}

#[tokio::test]
async fn no_spelling_of_a_private_address_is_ever_dialled() {
    for host in [
        "127.0.0.1",
        "127.1",
        "0x7f.0.0.1",
        "2130706433",
        "0177.0.0.1",
        "0.0.0.0",
        "localhost",
        "10.0.0.1",
        "192.168.1.1",
        "172.16.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "100.100.100.200",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fe80::1]",
        "[fc00::1]",
        "[fd00:ec2::254]",
        "[fec0::1]",
    ] {
        let (state, attempts) = deliver_to(&format!("url: 'http://{host}:9/'")).await;
        let outcomes: Vec<_> = attempts.iter().map(|attempt| attempt.outcome).collect();
        assert_eq!(state, DeliveryState::Dead, "{host}");
        assert_eq!(outcomes, [AttemptOutcome::Forbidden; 2], "{host}: {attempts:?}");
    }
}

/// Names that resolve as a list says, the first entry at the first question.
struct Scripted {
    answers: Vec<Vec<IpAddr>>,
    asked: Arc<AtomicUsize>,
}

impl Names for Scripted {
    fn resolve<'a>(&'a self, _host: &'a str) -> Lookup<'a> {
        let at = self.asked.fetch_add(1, Ordering::SeqCst).min(self.answers.len() - 1);
        Box::pin(async move { Ok(self.answers[at].clone()) })
    }
}

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const PUBLIC: IpAddr = IpAddr::V4(Ipv4Addr::new(93, 184, 216, 34));
const PRIVATE: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));

#[tokio::test]
async fn an_address_with_a_zone_is_refused_before_anything_starts() {
    let endpoint = format!("url: 'http://[fe80::1%25eth0]:9/', {HASTY}");
    let refused = Gateway::builder().ingest().endpoint("e", &endpoint).try_start().await;
    let why = refused.err().expect("a refusal").to_string();
    assert!(why.contains("webhooks.endpoints[0].url"), "{why}");
}

#[tokio::test]
async fn one_private_address_among_public_ones_forbids_the_name() {
    let names = Scripted { answers: vec![vec![PUBLIC, PRIVATE]], asked: Arc::default() };
    let endpoint = format!("url: 'http://mixed.example:80/', {HASTY}");
    let mut gateway = Gateway::builder().names(names).ingest().endpoint("e", &endpoint).start().await;
    gateway.emit("tool.called", json!({})).await;
    let (state, attempts) = ended(&gateway).await;
    assert_eq!(state, DeliveryState::Dead);
    assert!(attempts.iter().all(|attempt| attempt.outcome == AttemptOutcome::Forbidden), "{attempts:?}");
    gateway.stop().await;
}

#[tokio::test]
async fn a_name_that_changes_after_the_check_changes_nothing() {
    let receiver = Receiver::start().await;
    let port = receiver.address().port();
    // Allowed at the first question, forbidden at each later one: what was checked is what is dialled, and each connection is checked.
    let asked = Arc::new(AtomicUsize::new(0));
    let names = Scripted { answers: vec![vec![LOOPBACK], vec![PRIVATE]], asked: asked.clone() };
    let endpoint = format!("url: 'http://rebound.example:{port}/', allowPrivate: ['127.0.0.1/32:{port}'], {HASTY}");
    let mut gateway = Gateway::builder().names(names).ingest().endpoint("e", &endpoint).start().await;
    gateway.emit("tool.called", json!({})).await;
    let (row, attempts) = gateway.delivery_once("e", ENDED).await;
    assert_eq!(row.state, DeliveryState::Delivered, "{attempts:?}");
    assert_eq!(attempts[0].address.as_deref(), Some(receiver.address().to_string().as_str()));
    assert_eq!(asked.load(Ordering::SeqCst), 1, "one question for one connection");
    gateway.stop().await;
}

#[tokio::test]
async fn the_gateways_own_door_is_no_receiver_whatever_is_allowed() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let endpoint = format!("url: 'http://127.0.0.1:{port}/events', allowPrivate: ['127.0.0.0/8'], {HASTY}");
    let mut gateway = Gateway::builder()
        .top(&format!("gateway: {{ listen: '127.0.0.1:{port}' }},"))
        .ingest()
        .endpoint("e", &endpoint)
        .start()
        .await;
    gateway.emit("tool.called", json!({})).await;
    let rows = gateway.deliveries_once("e", |rows| rows.iter().any(|row| row.last_error.is_some())).await;
    let (_, _, attempts) = gateway.store().delivery(rows[0].id.as_str()).unwrap().unwrap();
    assert_eq!(attempts[0].1.outcome, AttemptOutcome::Forbidden);
    gateway.stop().await;
}

#[tokio::test]
async fn retries_end_and_the_last_word_is_kept() {
    let receiver = Receiver::statuses(&[500]).await;
    let (state, attempts) = deliver_to(&receiver.members("/")).await;
    assert_eq!((state, attempts.len(), receiver.received().len()), (DeliveryState::Dead, 2, 2));
}

#[tokio::test]
async fn one_that_hangs_does_not_hold_up_nineteen_others() {
    let hanging = raw(b"", Then::Hang).await;
    let good = Receiver::start().await;
    let patient = "events: ['*'], timeoutMs: 30000";
    let mut builder = Gateway::builder().ingest().endpoint("hangs", &format!("{}, {patient}", hanging.members("/")));
    for at in 0..19 {
        builder = builder.endpoint(&format!("good-{at}"), &format!("{}, {patient}", good.members(&format!("/{at}"))));
    }
    let mut gateway = builder.start().await;
    // Far more events than the one that hangs has places for.
    for n in 0..100 {
        gateway.emit("tool.called", json!({ "n": n })).await;
    }
    assert_eq!(good.wait_for(1900).await.len(), 1900);
    let hung = gateway.deliveries_once("hangs", |_| true).await;
    let leased = hung.iter().filter(|row| row.state == DeliveryState::Leased).count();
    assert!(leased <= 16, "{leased} places for one receiver that hangs");
    gateway.cut().await;
}

#[tokio::test]
async fn a_429_without_retry_after_slows_its_endpoint() {
    let receiver = Receiver::statuses(&[429, 200]).await;
    let members = format!("{}, events: ['*'], maxInFlight: 1, retry: {{ backoffMs: 1 }}", receiver.members("/"));
    let mut gateway = Gateway::builder().ingest().endpoint("e", &members).start().await;
    gateway.emit("tool.called", json!({"n": 1})).await;
    receiver.wait_for(1).await;
    gateway.deliveries_once("e", |rows| rows.iter().any(|row| row.last_status == Some(429))).await;
    // A fresh event has to wait as well: it is the endpoint that rests, and not only the delivery.
    gateway.emit("tool.called", json!({"n": 2})).await;
    gateway.deliveries_once("e", |rows| rows.len() == 2).await;
    gateway.clock.advance(500);
    let state = gateway.store().endpoint_states().unwrap();
    assert!(state[0].rests_until.is_some(), "{state:?}");
    assert_eq!(receiver.received().len(), 1);
    gateway.clock.advance(1_000);
    receiver.wait_for(3).await;
    gateway.stop().await;
}

#[tokio::test]
async fn retry_after_is_honoured_and_only_ever_adds() {
    let receiver = Receiver::answering(|at, _| {
        if at == 0 { Verdict::status(503).header("retry-after", "120") } else { Verdict::status(200) }
    })
    .await;
    let members = format!("{}, events: ['*'], retry: {{ backoffMs: 1000 }}", receiver.members("/"));
    let mut gateway = Gateway::builder().ingest().endpoint("e", &members).start().await;
    gateway.emit("tool.called", json!({})).await;
    let rows = gateway.deliveries_once("e", |rows| rows.iter().any(|row| row.last_status == Some(503))).await;
    let wait = rows[0].due_at.unwrap().0 - gateway.clock.now().0;
    assert_eq!(wait, 120_000);
    gateway.clock.advance(120_000);
    receiver.wait_for(2).await;
    gateway.stop().await;
}

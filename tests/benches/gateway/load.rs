//! A load of keep-alive connections that each send one request and wait for its answer. Bare sockets and one thread, so that the load takes as little as it can
//! of the cores that it shares with the server.

use std::net::SocketAddr;
use std::ops::Range;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What came of it.
pub struct Load {
    /// Answers per second.
    pub per_second: f64,
    /// Answers.
    pub answers: u64,
    /// Sorted latencies in microseconds.
    pub latencies_us: Vec<f64>,
}

/// Runs `connections` for `length`, all sending `request`.
///
/// # Panics
/// If an answer is neither 200 nor 202.
pub fn run(address: SocketAddr, request: String, connections: usize, length: Duration) -> Load {
    run_each(address, connections, length, move || request.clone(), |_| {})
}

/// The same with requests that are made one by one; each answer's body is shown to `heed`.
///
/// # Panics
/// If an answer is neither 200 nor 202.
pub fn run_each(
    address: SocketAddr,
    connections: usize,
    length: Duration,
    next: impl Fn() -> String + Clone + Send + 'static,
    heed: impl Fn(&str) + Clone + Send + 'static,
) -> Load {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let started = Instant::now();
    let mut latencies_us: Vec<f64> = runtime.block_on(async move {
        let tasks: Vec<_> = (0..connections)
            .map(|_| tokio::spawn(one(address, next.clone(), heed.clone(), started + length)))
            .collect();
        let mut all = Vec::new();
        for task in tasks {
            all.extend(task.await.expect("a connection that holds"));
        }
        all
    });
    let seconds = started.elapsed().as_secs_f64();
    latencies_us.sort_by(f64::total_cmp);
    let answers = latencies_us.len() as u64;
    #[expect(clippy::cast_precision_loss, reason = "a count of requests")]
    let per_second = answers as f64 / seconds;
    Load { per_second, answers, latencies_us }
}

async fn one(address: SocketAddr, next: impl Fn() -> String, heed: impl Fn(&str), until: Instant) -> Vec<f64> {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.set_nodelay(true).expect("a socket option");
    let (mut latencies, mut buffer) = (Vec::new(), vec![0; 64 << 10]);
    while Instant::now() < until {
        let request = next();
        let sent = Instant::now();
        stream.write_all(request.as_bytes()).await.expect("a sent request");
        let body = read_answer(&mut stream, &mut buffer).await;
        latencies.push(sent.elapsed().as_secs_f64() * 1e6);
        heed(&String::from_utf8_lossy(&buffer[body]));
    }
    latencies
}

/// Where in the buffer the answer's body is.
async fn read_answer(stream: &mut TcpStream, buffer: &mut [u8]) -> Range<usize> {
    let mut filled = 0;
    loop {
        let read = stream.read(&mut buffer[filled..]).await.expect("an answer");
        assert!(read > 0, "the server closed the connection");
        filled += read;
        let Some(head) = buffer[..filled].windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let text = String::from_utf8_lossy(&buffer[..head]);
        assert!(text.starts_with("HTTP/1.1 20"), "{text}");
        let length = text.lines().find_map(|line| {
            line.to_ascii_lowercase().strip_prefix("content-length:").map(|n| n.trim().parse::<usize>())
        });
        let length = length.expect("a content length").expect("a number");
        if filled >= head + 4 + length {
            return head + 4..head + 4 + length;
        }
    }
}

/// A request of the bench's route.
pub fn request(path: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: bench\r\nuser-agent: bench\r\naccept: */*\r\ncontent-type: application/json\r\nauthorization: Bearer secret-bench\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Events for the door of events.
pub fn event(body: &str) -> String {
    request("/events", body).replace("secret-bench", "ingest-secret")
}

//! A receiver that does as little as a receiver can: reads a request, counts it by the number in its path, answers 200. One thread. A path
//! `/hang` is read and never answered.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Endpoints that are told apart.
const PATHS: usize = 32;

/// The receiver.
#[derive(Clone)]
pub struct Sink {
    /// Where it listens.
    pub address: SocketAddr,
    counts: Arc<[AtomicU64; PATHS]>,
}

impl Sink {
    /// Starts it on a thread of its own.
    ///
    /// # Panics
    /// If it cannot listen.
    pub fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("a socket option");
        let address = listener.local_addr().expect("an address");
        let sink = Self { address, counts: Arc::new(std::array::from_fn(|_| AtomicU64::new(0))) };
        let counts = sink.counts.clone();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async move {
                let listener = TcpListener::from_std(listener).expect("a listener");
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(serve(stream, counts.clone()));
                }
            });
        });
        sink
    }

    /// Requests to the path of this number, so far.
    pub fn count(&self, path: usize) -> u64 {
        self.counts[path].load(Ordering::Relaxed)
    }

    /// Requests to all paths, so far.
    pub fn total(&self) -> u64 {
        self.counts.iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }

    /// Waits until `done` says so.
    ///
    /// # Panics
    /// After a minute.
    pub async fn wait(&self, what: &str, done: impl Fn(&Self) -> bool) {
        let began = Instant::now();
        while !done(self) {
            assert!(began.elapsed() < Duration::from_secs(60), "never happened: {what}, {} received", self.total());
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

async fn serve(mut stream: TcpStream, counts: Arc<[AtomicU64; PATHS]>) {
    let _ = stream.set_nodelay(true);
    let mut buffer = vec![0; 64 << 10];
    let mut filled = 0;
    loop {
        let Ok(read @ 1..) = stream.read(&mut buffer[filled..]).await else { return };
        filled += read;
        while let Some((length, path)) = request(&buffer[..filled]) {
            let Some(path) = path else { return std::future::pending().await };
            counts[path].fetch_add(1, Ordering::Relaxed);
            buffer.copy_within(length..filled, 0);
            filled -= length;
            if stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.is_err() {
                return;
            }
        }
    }
}

/// The length of the first request, if it is here whole, and the number in its path; none for one that is not to be answered.
fn request(bytes: &[u8]) -> Option<(usize, Option<usize>)> {
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&bytes[..head]).ok()?;
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let whole = head + length.unwrap_or(0);
    let path = text.split(' ').nth(1)?.trim_start_matches('/').parse().ok().filter(|path| *path < PATHS);
    (bytes.len() >= whole).then_some((whole, path))
}

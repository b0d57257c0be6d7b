//! A receiver, good or evil: a listener on the loopback and a function that talks on each connection.

use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// A receiver. It is gone with the test's runtime.
pub struct Receiver {
    pub address: SocketAddr,
    seen: mpsc::UnboundedReceiver<String>,
    connections: mpsc::UnboundedReceiver<SocketAddr>,
}

/// What a connection tells of.
#[derive(Clone)]
pub struct Log(mpsc::UnboundedSender<String>);

impl Receiver {
    /// Talks as `serve` says on each connection.
    pub async fn start<F, S>(serve: F) -> Self
    where
        F: Fn(TcpStream, Log) -> S + Send + 'static,
        S: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, seen) = mpsc::unbounded_channel();
        let (count, connections) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, peer)) = listener.accept().await {
                let _ = count.send(peer);
                tokio::spawn(serve(stream, Log(tell.clone())));
            }
        });
        Self { address, seen, connections }
    }

    /// Says this after each request, as often as it is asked.
    pub async fn saying(answer: impl Into<Vec<u8>>) -> Self {
        let answer: Vec<u8> = answer.into();
        Self::start(move |mut stream, log| {
            let answer = answer.clone();
            async move {
                while log.request(&mut stream).await {
                    if stream.write_all(&answer).await.is_err() {
                        return;
                    }
                }
            }
        })
        .await
    }

    /// The next thing that a connection told.
    pub async fn seen(&mut self) -> String {
        self.seen.recv().await.unwrap()
    }

    /// All requests until now.
    pub fn requests(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.seen.try_recv().ok()).collect()
    }

    /// The number of connections since the last call.
    pub fn connections(&mut self) -> usize {
        std::iter::from_fn(|| self.connections.try_recv().ok()).count()
    }
}

impl Log {
    /// Tells something.
    pub fn tell(&self, text: impl Into<String>) {
        let _ = self.0.send(text.into());
    }

    /// Reads one request and tells it. False at the end.
    pub async fn request(&self, stream: &mut (impl AsyncRead + Unpin)) -> bool {
        let Some(request) = read_request(stream).await else { return false };
        self.tell(request);
        true
    }
}

async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        if let Some(head) = bytes.windows(4).position(|end| end == b"\r\n\r\n") {
            let text = String::from_utf8_lossy(&bytes[..head]).to_lowercase();
            let length =
                text.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |n| n.parse().unwrap());
            if bytes.len() >= head + 4 + length {
                return Some(String::from_utf8_lossy(&bytes).into_owned());
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

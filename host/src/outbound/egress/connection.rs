//! One HTTP/1 connection to a receiver. Its task ends with it: whoever drops it has closed the socket.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::Fault;

/// The most an answer's head may take. Twice what most servers allow their own clients.
const HEAD_MAX_BYTES: usize = 32 << 10;
/// The most headers it may have. Fault's sentence names both numbers.
const HEADERS_MAX: usize = 100;
/// After an answer has been read, the connection's task needs a moment to see it. A receiver that answers without having read
/// everything may need longer; its connection is not worth that.
const SETTLE_MAX: Duration = Duration::from_millis(20);

/// A request, ready to be sent.
pub(super) type Outgoing = Request<Full<Bytes>>;

/// An open connection.
pub(super) struct Connection {
    /// Where it leads.
    pub address: SocketAddr,
    sender: SendRequest<Full<Bytes>>,
    task: JoinHandle<()>,
}

/// Why there is no answer.
pub(super) enum NoAnswer {
    /// Not a byte of the request has left. Here it is again.
    Unsent(Box<Outgoing>, hyper::Error),
    /// Some of it may have arrived.
    Lost(hyper::Error),
}

impl Connection {
    /// Speaks HTTP over `stream`.
    pub(super) async fn open<S>(stream: S, address: SocketAddr) -> Result<Self, Fault>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (sender, connection) = http1::Builder::new()
            .max_buf_size(HEAD_MAX_BYTES)
            .max_headers(HEADERS_MAX)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| Fault::http(&error))?;
        // How it ended is told to whoever waits for the answer.
        let task = tokio::spawn(async move {
            let _ = connection.await;
        });
        Ok(Self { address, sender, task })
    }

    /// Sends the request once and waits for the head of the answer.
    pub(super) async fn exchange(&mut self, request: Outgoing) -> Result<Response<Incoming>, NoAnswer> {
        if let Err(error) = self.sender.ready().await {
            return Err(NoAnswer::Unsent(Box::new(request), error));
        }
        self.sender.try_send_request(request).await.map_err(|mut error| match error.take_message() {
            Some(request) => NoAnswer::Unsent(Box::new(request), error.into_error()),
            None => NoAnswer::Lost(error.into_error()),
        })
    }

    /// After a whole answer: whether the connection can take the next request.
    pub(super) async fn settle(&mut self) -> bool {
        matches!(timeout(SETTLE_MAX, self.sender.ready()).await, Ok(Ok(())))
    }

    /// Whether it can take a request now. A receiver may close an idle connection at any time.
    pub(super) fn is_open(&self) -> bool {
        self.sender.is_ready() && !self.task.is_finished()
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // A receiver that never stops sending would keep the task, and the socket, for ever.
        self.task.abort();
    }
}

//! Receivers of deliveries: a good one that records what it gets and answers as it is told, and a raw one that does to the socket what it likes.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::PATIENCE;

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Received {
    /// Path and query.
    pub target: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body's bytes.
    pub body: Bytes,
}

impl Received {
    /// A header's value; empty if there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// If it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {:?}", self.body))
    }
}

/// What a receiver answers.
#[derive(Clone, Debug)]
pub struct Verdict {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
    late_by: Duration,
    held_until: Option<watch::Receiver<bool>>,
}

impl Verdict {
    /// This status.
    pub fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: format!("{status}"), late_by: Duration::ZERO, held_until: None }
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With this body.
    #[must_use]
    pub fn body(mut self, body: &str) -> Self {
        body.clone_into(&mut self.body);
        self
    }

    /// So much later than it could be.
    #[must_use]
    pub fn late_by(mut self, late_by: Duration) -> Self {
        self.late_by = late_by;
        self
    }

    /// Not before this turns true.
    #[must_use]
    pub fn held_until(mut self, gate: &watch::Sender<bool>) -> Self {
        self.held_until = Some(gate.subscribe());
        self
    }
}

/// A receiver that records.
pub struct Receiver {
    address: SocketAddr,
    received: watch::Receiver<Vec<Received>>,
    task: JoinHandle<()>,
}

impl Receiver {
    /// One that answers 200 to everything.
    pub async fn start() -> Self {
        Self::answering(|_, _| Verdict::status(200)).await
    }

    /// One that answers these statuses, and the last one for ever.
    pub async fn statuses(statuses: &[u16]) -> Self {
        let statuses = statuses.to_vec();
        Self::answering(move |at, _| Verdict::status(statuses[at.min(statuses.len() - 1)])).await
    }

    /// One that answers each request, numbered from 0, by this function.
    ///
    /// # Panics
    /// If there is no free port.
    pub async fn answering(answer: impl Fn(usize, &Received) -> Verdict + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        Self::on(listener, answer)
    }

    /// The same, on a listener that is there already.
    ///
    /// # Panics
    /// If the listener has no address.
    pub fn on(listener: TcpListener, answer: impl Fn(usize, &Received) -> Verdict + Send + Sync + 'static) -> Self {
        let address = listener.local_addr().expect("an address");
        let (record, received) = watch::channel(Vec::new());
        let desk = Arc::new(Desk { record: Mutex::new(record), answer: Box::new(answer) });
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let desk = desk.clone();
                tokio::spawn(async move {
                    let service = service_fn(move |request| {
                        let desk = desk.clone();
                        async move { desk.take(request).await }
                    });
                    // A sender that breaks off is the sender's affair.
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Self { address, received, task }
    }

    /// `http://127.0.0.1:PORT` and this path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Members of an endpoint's config that let it reach this receiver: `url` and `allowPrivate`.
    pub fn members(&self, path: &str) -> String {
        format!("url: \"{}\", allowPrivate: [\"127.0.0.1/32:{}\"]", self.url(path), self.address.port())
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// All it got so far.
    pub fn received(&self) -> Vec<Received> {
        self.received.borrow().clone()
    }

    /// How many requests it got so far.
    pub fn count(&self) -> usize {
        self.received.borrow().len()
    }

    /// Waits until it has got so many; all it got.
    ///
    /// # Panics
    /// If they do not come.
    pub async fn wait_for(&self, count: usize) -> Vec<Received> {
        let mut received = self.received.clone();
        let enough = received.wait_for(|all| all.len() >= count);
        let Ok(enough) = tokio::time::timeout(PATIENCE, enough).await else {
            panic!("{} requests came, {count} were waited for", self.received().len());
        };
        enough.expect("the receiver lives").clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

type Answer = dyn Fn(usize, &Received) -> Verdict + Send + Sync;

struct Desk {
    record: Mutex<watch::Sender<Vec<Received>>>,
    answer: Box<Answer>,
}

impl Desk {
    async fn take(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        let (head, body) = request.into_parts();
        let Ok(body) = body.collect().await else { return Ok(Response::new(Full::default())) };
        let target = head.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
        let received = Received { target, headers: head.headers, body: body.to_bytes() };
        let mut verdict = {
            let record = self.record.lock().unwrap_or_else(PoisonError::into_inner);
            let at = record.borrow().len();
            let verdict = (self.answer)(at, &received);
            record.send_modify(|all| all.push(received));
            verdict
        };
        tokio::time::sleep(verdict.late_by).await;
        if let Some(gate) = &mut verdict.held_until {
            let _ = gate.wait_for(|open| *open).await;
        }
        let mut response = Response::builder().status(verdict.status);
        for (name, value) in &verdict.headers {
            response = response.header(name, value);
        }
        Ok(response.body(Full::from(verdict.body)).expect("an answer that can be sent"))
    }
}

/// A receiver that is handed each connection as it is.
pub struct RawReceiver {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl RawReceiver {
    /// One that does this with each connection, numbered from 0.
    ///
    /// # Panics
    /// If there is no free port.
    pub async fn start<F>(treat: impl Fn(usize, TcpStream) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let task = tokio::spawn(async move {
            let mut at = 0;
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(treat(at, stream));
                at += 1;
            }
        });
        Self { address, task }
    }

    /// Members of an endpoint's config that let it reach this receiver.
    pub fn members(&self, path: &str) -> String {
        format!("url: \"http://{0}{path}\", allowPrivate: [\"127.0.0.1/32:{1}\"]", self.address, self.address.port())
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for RawReceiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

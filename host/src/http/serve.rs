//! Connections: taken in bounded number, served, drained on the first signal, cut on the second.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tower::Service;

/// Where the process stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// All doors open.
    Serving,
    /// No new requests; those in hand are finished.
    Draining,
    /// Everything stops now.
    Cut,
}

/// What a connection may take.
#[derive(Clone, Copy, Debug)]
pub struct Connections {
    /// Connections at the same time; more wait in the kernel's queue.
    pub at_once_max: usize,
    /// Time for a request's head to arrive, and for a kept-alive connection to be used again.
    pub head_timeout: Duration,
}

/// The most a request's head may take. Node, which OpenClaw runs on, allows 16 KiB.
const HEAD_MAX_BYTES: usize = 16 << 10;
/// After an answer that leaves a body unread, so much of it is still taken in, so that the answer is not lost to a connection reset.
const LINGER_MAX_BYTES: usize = 1 << 20;
/// The time for that.
const LINGER_MAX_TIME: Duration = Duration::from_secs(2);
/// The pause after the system refused a connection (no file descriptors left).
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The peer of a connection, as handlers see it.
#[derive(Clone, Copy)]
pub(super) struct Peer(pub SocketAddr);

impl<S: Sync> FromRequestParts<S> for Peer {
    type Rejection = axum::http::StatusCode;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        parts.extensions.get::<Self>().copied().ok_or(axum::http::StatusCode::INTERNAL_SERVER_ERROR)
    }
}

/// Serves until the phase says otherwise, and returns when the last connection is gone.
pub async fn serve(listener: TcpListener, router: Router, limits: Connections, mut phase: watch::Receiver<Phase>) {
    let places = Arc::new(Semaphore::new(limits.at_once_max));
    let mut open = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            biased;
            _ = phase.wait_for(|phase| *phase >= Phase::Draining) => break,
            Some(_) = open.join_next(), if !open.is_empty() => continue,
            accepted = accept(&listener, &places) => accepted,
        };
        if let Some((stream, peer, place)) = accepted {
            let (router, phase) = (router.clone(), phase.clone());
            open.spawn(async move {
                connection(stream, peer, router, limits, phase).await;
                drop(place);
            });
        }
    }
    drop(listener);
    tokio::select! {
        () = async { while open.join_next().await.is_some() {} } => {}
        _ = phase.wait_for(|phase| *phase >= Phase::Cut) => open.abort_all(),
    }
}

type Accepted = (TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit);

/// The next connection, once there is a place for it. A refusal by the system is waited out, not spun on.
async fn accept(listener: &TcpListener, places: &Arc<Semaphore>) -> Option<Accepted> {
    let place = places.clone().acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => Some((stream, peer, place)),
        Err(cause) => {
            tracing::warn!("a connection could not be taken: {cause}");
            tokio::time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    limits: Connections,
    mut phase: watch::Receiver<Phase>,
) {
    // Answers are small and complete: waiting to fill a packet only adds latency.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        let mut router = router.clone();
        // Boxed, because taking the socket back at the end needs a future that can be moved.
        Box::pin(async move { Ok::<_, Infallible>(router.call(request).await.unwrap_or_else(|never| match never {})) })
    });
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.head_timeout).max_buf_size(HEAD_MAX_BYTES);
    let mut connection = http.serve_connection(TokioIo::new(stream), service);
    let mut draining = false;
    let ended = loop {
        let mut serving = pin!(std::future::poll_fn(|cx| connection.poll_without_shutdown(cx)));
        tokio::select! {
            ended = &mut serving => break ended,
            _ = phase.wait_for(|phase| *phase >= Phase::Draining), if !draining => {}
        }
        draining = true;
        std::pin::Pin::new(&mut connection).graceful_shutdown();
    };
    if let Err(cause) = ended {
        tracing::debug!(%peer, "a connection ended badly: {cause}");
    }
    linger(connection.into_parts().io.into_inner()).await;
}

/// Closes our side, then reads what the peer still sends. Closing with unread bytes would reset the connection, and the peer might never see the
/// answer that told it why.
async fn linger(mut stream: TcpStream) {
    if stream.shutdown().await.is_err() {
        return;
    }
    let drain = async {
        let (mut left, mut scratch) = (LINGER_MAX_BYTES, [0_u8; 4096]);
        while let Ok(read) = stream.read(&mut scratch).await {
            if read == 0 || left < read {
                break;
            }
            left -= read;
        }
    };
    let _ = tokio::time::timeout(LINGER_MAX_TIME, drain).await;
}

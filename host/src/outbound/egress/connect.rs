//! The only place where a socket is opened. Every address of the target is judged before one of them is dialled, what was judged is what
//! is dialled, and the connection is asked where it ended.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

use super::allow::{Policy, own_listener};
use super::client::{Trace, micros};
use super::connection::Connection;
use super::target::Target;
use super::{Egress, Fault};
use crate::config::webhooks::AllowedNet;
use crate::model::AttemptOutcome;

/// Addresses of one name that are tried. More would leave none of them time.
const DIALLED_MAX: usize = 6;

/// Until when the connection must stand.
#[derive(Clone, Copy)]
pub(super) struct Until {
    /// The end.
    pub at: Instant,
    /// The length of the limit that ends there, to be told.
    pub limit: Duration,
}

/// Connects to the target: name, TCP, TLS. What happened on the way is left in `trace`.
pub(super) async fn connect(
    egress: &Egress,
    allow: &[AllowedNet],
    target: &Target,
    until: Until,
    trace: &mut Trace,
) -> Result<Connection, Fault> {
    let own = egress.own();
    let policy = Policy { allow, own: &own };
    let vetted = vetted(egress, policy, target, until, trace).await?;
    let (stream, address) = dial(&vetted, until, trace).await?;
    confirm(&stream, address, policy)?;
    stream.set_nodelay(true).map_err(|error| Fault::dial(address, &error))?;
    if !target.is_tls {
        return Connection::open(stream, address).await;
    }
    let started = Instant::now();
    let handshake = egress.0.tls.handshake(target.server_name()?, stream, address);
    let shaken = timeout_at(until.at, handshake).await;
    trace.timing.tls_us = Some(micros(started));
    let stream = shaken.map_err(|_| Fault::late(&format!("no TLS handshake with {address}"), until.limit))??;
    Connection::open(stream, address).await
}

/// The addresses of the target, all of which may be connected to. One that may not condemns the whole name: it is how a name that
/// somebody else controls is pointed at the inside (and between asking twice, the answers could change places).
async fn vetted(
    egress: &Egress,
    policy: Policy<'_>,
    target: &Target,
    until: Until,
    trace: &mut Trace,
) -> Result<Vec<SocketAddr>, Fault> {
    let host = target.host();
    let found = match target.literal() {
        Some(address) => vec![address],
        None => {
            let started = Instant::now();
            let answer = timeout_at(until.at, egress.0.names.resolve(&host)).await;
            trace.timing.dns_us = Some(micros(started));
            let late = |_| Fault::late(&format!("no answer about the name {host}"), until.limit);
            answer.map_err(late)?.map_err(|error| Fault::name(&host, error))?
        }
    };
    let mut vetted = Vec::new();
    for ip in found {
        let ip = ip.to_canonical();
        policy.judge(&host, ip, target.port)?;
        vetted.push(SocketAddr::new(ip, target.port));
    }
    if vetted.is_empty() {
        return Err(Fault::name(&host, "it has no addresses"));
    }
    vetted.truncate(DIALLED_MAX);
    Ok(vetted)
}

/// One after the other, each with its share of the time that is left.
async fn dial(vetted: &[SocketAddr], until: Until, trace: &mut Trace) -> Result<(TcpStream, SocketAddr), Fault> {
    let started = Instant::now();
    let mut last = Fault::host("there was no address to dial");
    let mut left = vetted.len() as u32;
    for address in vetted {
        trace.address = Some(*address);
        let share = until.at.saturating_duration_since(Instant::now()) / left;
        left -= 1;
        let dialled = timeout(share, TcpStream::connect(address)).await;
        trace.timing.connect_us = Some(micros(started));
        last = match dialled {
            Ok(Ok(stream)) => return Ok((stream, *address)),
            Ok(Err(error)) => Fault::dial(*address, &error),
            Err(_) => Fault::late(&format!("no connection to {address}"), share),
        };
    }
    Err(last)
}

/// Where did it end? Not elsewhere, and not at ourselves by another of this machine's addresses.
fn confirm(stream: &TcpStream, address: SocketAddr, policy: Policy<'_>) -> Result<(), Fault> {
    let ends = stream.peer_addr().and_then(|peer| Ok((peer, stream.local_addr()?)));
    let (peer, local) = ends.map_err(|error| Fault::dial(address, &error))?;
    if (peer.ip(), peer.port()) != (address.ip(), address.port()) {
        let detail = format!("the connection to {address} ended at {peer}");
        return Err(Fault::new(AttemptOutcome::Forbidden, detail));
    }
    if local.ip() == peer.ip() && policy.is_own_port(peer.port()) {
        return Err(own_listener(address));
    }
    Ok(())
}

//! The way out against receivers that write every byte by hand, on this machine's loopback.

mod addresses;
mod answers;
mod connections;
mod receiver;
mod tls;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use hyper::HeaderMap;
use url::Url;

use super::*;
use crate::model::AttemptOutcome;

/// Long enough for a busy machine, where nothing is meant to be late.
const PATIENT: Timeouts =
    Timeouts { connect: Duration::from_secs(10), headers: Duration::from_secs(10), total: Duration::from_secs(20) };

/// Names that say what they were told to: each answer once, the last one ever after.
#[derive(Default)]
struct Told(Mutex<Vec<Vec<IpAddr>>>);

impl Told {
    fn new(answers: &[&[&str]]) -> Arc<Self> {
        let answers = answers.iter().map(|answer| answer.iter().map(|ip| ip.parse().unwrap()).collect());
        Arc::new(Self(Mutex::new(answers.rev().collect())))
    }

    fn left(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

impl Names for Told {
    fn resolve<'a>(&'a self, _host: &'a str) -> Lookup<'a> {
        let mut answers = self.0.lock().unwrap();
        let answer = if answers.len() > 1 { answers.pop() } else { answers.last().cloned() };
        Box::pin(async move { answer.ok_or_else(|| io::Error::other("no such host")) })
    }
}

fn egress(names: Arc<dyn Names>) -> Egress {
    Egress::new(EgressOptions { extra_ca_pem: None, names }).unwrap()
}

/// One net, and any port of it.
fn net(text: &str) -> AllowedNet {
    AllowedNet { net: text.parse().unwrap(), port: None }
}

/// A client that may reach this one receiver.
fn client_of(address: SocketAddr, timeouts: Timeouts) -> EndpointClient {
    let allow = vec![AllowedNet { net: address.ip().into(), port: Some(address.port()) }];
    egress(Told::new(&[])).client(allow, timeouts, 4)
}

async fn post(client: &EndpointClient, url: &str) -> Sent {
    client.post(&Url::parse(url).unwrap(), HeaderMap::new(), Bytes::from_static(b"{}")).await
}

/// One request to this receiver with a client of its own.
async fn post_to(address: SocketAddr, timeouts: Timeouts) -> Sent {
    post(&client_of(address, timeouts), &format!("http://{address}/in?key=1")).await
}

fn answer(sent: Sent) -> Answer {
    sent.result.unwrap()
}

fn outcome(sent: &Sent) -> AttemptOutcome {
    sent.result.as_ref().unwrap_err().outcome
}

fn detail(sent: &Sent) -> &str {
    &sent.result.as_ref().unwrap_err().detail
}

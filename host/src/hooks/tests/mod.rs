//! The room through its door, over a real store: a config, a request, an answer, and the runs it left.

mod direct;
mod inbound;
mod listed;
mod mapped;
mod transforms;

use std::collections::BTreeMap;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use tempfile::TempDir;

use super::{Answer, HookOutcome, HookRequest, Hooks, InboundDoor, Request, Transforms};
use crate::agents::Inbox;
use crate::auth::Caller;
use crate::auth::secret::{Door, DoorGuard, Resolver, SecretWatch};
use crate::clock::Clock;
use crate::config::auth::AuthConfig;
use crate::config::{Config, Env, Format, Providers};
use crate::json;
use crate::model::{Ids, Millis, Run};
use crate::store::{RunQuery, Store};

/// Agents, and a door for them with these members.
fn hooks(members: &str) -> String {
    format!(
        "{{ agents: {{ list: [{{ id: 'main', default: true }}, {{ id: 'reader' }}] }}, hooks: {{ enabled: true, token: 'a token long enough for all', {members} }} }}"
    )
}

/// Somebody at a door that asks nothing.
async fn anybody() -> Caller {
    let door = Door::Inbound("any".to_owned());
    let resolver = Resolver::new(Providers::new(BTreeMap::new()), Env::new(|_| None));
    let watch = SecretWatch::over(vec![(door.clone(), AuthConfig::Open)], Duration::from_secs(1), resolver).await;
    match watch.guard(&door) {
        Some(DoorGuard::Open(open)) => open.caller(),
        other => panic!("{other:?}"),
    }
}

/// Runs none: each has failed.
struct NoTransforms;

impl Transforms for NoTransforms {
    fn transform<'a>(&'a self, _: usize, _: HookRequest) -> Pin<Box<dyn Future<Output = HookOutcome> + Send + 'a>> {
        Box::pin(std::future::ready(HookOutcome::Failed))
    }
}

/// A door, what it stores, and the time.
struct Bench {
    config: Config,
    store: Store,
    clock: Clock,
    transforms: Arc<dyn Transforms>,
    _folder: TempDir,
}

/// What was answered.
#[derive(Debug, PartialEq)]
struct Said {
    status: u16,
    body: Value,
    is_replayed: bool,
}

impl Bench {
    fn new(config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::test(Millis(1_795_000_000_000));
        let config = Config::parse(config, Format::Json5, Path::new("x.json5"), &Env::new(|_| None)).unwrap();
        let store = Store::open(folder.path(), clock.clone()).unwrap();
        Self { config, store, clock, transforms: Arc::new(NoTransforms), _folder: folder }
    }

    fn inbox(&self) -> Inbox {
        Inbox::new(self.store.clone(), Ids)
    }

    async fn ask(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Said {
        let door = self.config.hooks[0].clone();
        let door = Hooks::new(door, &self.config.agents, self.inbox(), self.clock.clone(), self.transforms.clone());
        said(door.take(&anybody().await, &request(path, headers, body)).await)
    }

    /// From a sender that signs, and names its deliveries.
    async fn deliver(&self, path: &str, delivery: &str, body: &str) -> Said {
        let door = self.config.hooks[0].clone();
        let door = Hooks::new(door, &self.config.agents, self.inbox(), self.clock.clone(), self.transforms.clone());
        let request = Request { delivery: Some(delivery.to_owned()), ..request(path, &[], body) };
        said(door.take(&anybody().await, &request).await)
    }

    async fn post(&self, path: &str, body: &str) -> Said {
        self.ask(path, &[], body).await
    }

    async fn inbound(&self, name: &str, headers: &[(&str, &str)], body: &str) -> Said {
        let endpoints = &self.config.webhooks.inbound.as_ref().unwrap().endpoints;
        let endpoint = endpoints.iter().find(|endpoint| endpoint.name == name).unwrap().clone();
        let door = InboundDoor::new(endpoint, self.config.agents.callbacks.clone(), self.inbox(), self.clock.clone());
        said(door.take(&anybody().await, &request(name, headers, body)).await)
    }

    /// The runs, the oldest first.
    fn runs(&self) -> Vec<Run> {
        let mut runs = self.store.runs(&RunQuery { recent: 1_000, ..RunQuery::default() }).unwrap();
        runs.reverse();
        runs
    }

    /// The only run that there is.
    fn run(&self) -> Run {
        let [run] = &self.runs()[..] else { panic!("{:?}", self.runs()) };
        run.clone()
    }

    async fn refuses(&self, path: &str, body: &str, expected: &str) {
        let said = self.post(path, body).await;
        assert_eq!((said.status, said.body["error"].as_str()), (400, Some(expected)), "{body}");
        assert_eq!(said.body["ok"], false);
    }

    async fn accepts(&self, path: &str, body: &str) -> Value {
        let said = self.post(path, body).await;
        assert_eq!(said.status, 200, "{body}: {said:?}");
        said.body
    }
}

fn request(path: &str, headers: &[(&str, &str)], body: &str) -> Request {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let pair = |pair: &str| pair.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    Request {
        path: path.to_owned(),
        url: format!("/hooks/{path}"),
        query: query.split('&').filter_map(pair).collect(),
        headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        payload: json::canonical(body.as_bytes()).unwrap(),
        raw_body: Bytes::copy_from_slice(body.as_bytes()),
        delivery: None,
    }
}

fn said(answer: Answer) -> Said {
    match answer {
        Answer::NotFound => Said { status: 404, body: Value::Null, is_replayed: false },
        Answer::Nothing => Said { status: 204, body: Value::Null, is_replayed: false },
        Answer::Json { status, body, is_replayed, .. } => {
            Said { status, body: serde_json::from_str(&body).unwrap(), is_replayed }
        }
    }
}

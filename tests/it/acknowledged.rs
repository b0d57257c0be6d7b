//! P1 for runs under load: whoever posts is answered at once and not when the agent has time, and what was answered is in the store, also
//! after the process was killed in the middle. The agent hangs all the while.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use gateway_tests::{Client, Gateway, GatewayBuilder, Post, Process, eventually};
use hmac::{Hmac, Mac};
use sandclaw::model::RunId;
use sandclaw::store::{RunQuery, Store};
use sha2::Sha256;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use crate::PROGRAM;

const SENDERS: u64 = 64;
/// Of each sender.
const REQUESTS: usize = 6;
/// The longest that any of them waits, on a machine that does much else. It is some milliseconds on one that does not.
const ANSWERED_WITHIN: Duration = Duration::from_secs(1);

const TOKEN: &str = "a-token-that-is-long-enough";

/// How often it is killed. `CRASH_ROUNDS=100 cargo test -p gateway-tests acknowledged` for the long mode.
fn rounds() -> u64 {
    std::env::var("CRASH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(4)
}

/// Three doors of agents, and one agent, which does nothing until nobody reads what it prints.
fn builder() -> GatewayBuilder {
    let agent = "agents: { main: { runner: 'command', command: ['sh', '-c', 'while echo; do sleep 0.2; done'] } },";
    let mapping = format!(
        "mappings: [{{ match: {{ path: 'github' }}, auth: {{ scheme: 'github', secret: '{TOKEN}' }}, messageTemplate: '{{{{ref}}}}' }}]"
    );
    let inbound = "inbound: { endpoints: { deploy: { agentId: 'main', template: '{{body.ref}}' } } },";
    Gateway::builder()
        .top(&format!("{agent} hooks: {{ enabled: true, token: '{TOKEN}', {mapping} }},"))
        .webhooks(&format!("secret: '{TOKEN}', {inbound}"))
}

/// The requests of all senders: numbered, each of another content, a third of them at each door.
#[derive(Clone, Default)]
struct Requests(Arc<AtomicU64>);

impl Requests {
    fn next(&self, client: &Client) -> Post {
        let at = self.0.fetch_add(1, Ordering::Relaxed);
        let push = format!(r#"{{"ref":"refs/heads/build-{at}"}}"#);
        match at % 3 {
            0 => client.post("/hooks/agent", format!(r#"{{"message":"build {at}"}}"#)).secret(TOKEN),
            1 => client.post("/webhooks/inbound/deploy", push).secret(TOKEN),
            _ => {
                let mut mac = Hmac::<Sha256>::new_from_slice(TOKEN.as_bytes()).unwrap();
                mac.update(push.as_bytes());
                let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
                let post = client.post("/hooks/github", push).header("x-github-event", "push");
                let post = post.header("x-github-delivery", &format!("delivery-{at}"));
                post.header("x-hub-signature-256", &format!("sha256={hex}"))
            }
        }
    }
}

fn run_id(answer: &gateway_tests::Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["runId"].as_str().expect("a run").to_owned()
}

/// Each of them is in the store, of which nothing was deleted; how many there are in it.
fn check(store: &Store, acknowledged: &[String]) -> usize {
    let distinct: BTreeSet<&String> = acknowledged.iter().collect();
    assert_eq!(distinct.len(), acknowledged.len(), "each request is a run of its own");
    for id in distinct {
        assert!(store.run(&RunId::new(id.as_str())).unwrap().is_some(), "run {id} was acknowledged and is lost");
    }
    let newest = store.runs(&RunQuery { recent: 1, ..RunQuery::default() }).unwrap();
    newest.first().map_or(0, |run| usize::try_from(run.seq).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn many_senders_are_answered_at_once_while_the_agent_hangs() {
    let (config, folder) = builder().write();
    let gateway = Process::serve(PROGRAM, &config);
    let requests = Requests::default();
    let mut senders = JoinSet::new();
    for _ in 0..SENDERS {
        let (client, requests) = (Client::new(gateway.address), requests.clone());
        senders.spawn(async move {
            let mut told = Vec::new();
            for _ in 0..REQUESTS {
                let request = requests.next(&client);
                let began = Instant::now();
                let answer = request.send().await;
                told.push((run_id(&answer), began.elapsed()));
            }
            told
        });
    }
    let told: Vec<_> = senders.join_all().await.into_iter().flatten().collect();
    let slowest = told.iter().map(|(_, after)| *after).max().unwrap();
    assert!(slowest < ANSWERED_WITHIN, "{slowest:?}");
    let acknowledged: Vec<_> = told.into_iter().map(|(id, _)| id).collect();
    let store = Store::open_beside(&folder.path().join("state")).unwrap();
    assert_eq!(check(&store, &acknowledged), acknowledged.len(), "and there are no others");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_acknowledged_run_is_lost_when_the_process_is_killed_under_load() {
    let (config, folder) = builder().write();
    let (requests, acknowledged) = (Requests::default(), Arc::<Mutex<Vec<String>>>::default());
    for round in 0..rounds() {
        let gateway = Process::serve(PROGRAM, &config);
        let mut senders = JoinSet::new();
        for _ in 0..SENDERS {
            let (client, requests) = (Client::new(gateway.address), requests.clone());
            let acknowledged = acknowledged.clone();
            senders.spawn(async move {
                while let Ok(answer) = requests.next(&client).try_send().await {
                    acknowledged.lock().await.push(run_id(&answer));
                }
            });
        }
        // At a different moment each round: after so many acknowledgements, and somewhere inside the next batch.
        let enough = acknowledged.lock().await.len() + 100 + (round as usize * 37) % 200;
        eventually("enough is acknowledged", || async { acknowledged.lock().await.len() >= enough }).await;
        tokio::time::sleep(Duration::from_micros(round * 1_313 % 4_000)).await;
        gateway.kill();
        senders.join_all().await;
    }
    let _gateway = Process::serve(PROGRAM, &config);
    let acknowledged = acknowledged.lock().await;
    let store = Store::open_beside(&folder.path().join("state")).unwrap();
    let stored = check(&store, &acknowledged);
    // Those whose answer was under way when it was killed.
    let unanswered = usize::try_from(rounds() * SENDERS).unwrap();
    assert!(stored <= acknowledged.len() + unanswered, "{stored} stored, {} acknowledged", acknowledged.len());
}

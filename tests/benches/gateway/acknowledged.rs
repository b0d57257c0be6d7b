//! (g) Messages for an agent, acknowledged under load: 64 senders post as fast as they are answered, while four runs a second are carried out
//! and the rest waits in the store. Through each door with a server and a folder of its own.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use gateway_tests::{Gateway, Process};
use hmac::{Hmac, Mac};
use sandclaw::model::{RunId, RunState};
use sandclaw::store::{RunQuery, Store};
use sha2::Sha256;

use crate::{Effort, load, proc_stat, quantile, verdict};

const SENDERS: usize = 64;

const TOKEN: &str = "a-token-that-is-long-enough";

/// An agent that takes a second for everything, with the limits that it has by default; a signed mapping; a template.
const CONFIG: &str = r#"
    agents: { main: { runner: "command", command: ["sleep", "1"] } },
    hooks: {
        enabled: true,
        token: "a-token-that-is-long-enough",
        mappings: [{
            match: { path: "github" },
            auth: { scheme: "github", secret: "a-token-that-is-long-enough" },
            messageTemplate: "{{headers.x-github-event}} in {{repository.full_name}}: {{ref}}",
        }],
    },
"#;
const INBOUND: &str = r#"
    secret: "a-token-that-is-long-enough",
    inbound: { endpoints: { deploy: { agentId: "main", template: "{{body.repository.full_name}} is at {{body.ref}}" } } },
"#;

/// The agent's `maxConcurrent` by default, each for a second.
const RUNS_A_SECOND: f64 = 4.0;

/// So many may wait for one agent (`RUNS_MAX` in `store/runs/waiting.rs`), less a few: on a fast machine the measurement ends before they do.
const RUNS_MAX: usize = 95_000;

/// What the gateway's own memory may grow by between the middle and the end, however many runs came in between. One row in memory for each
/// would be more than this after two seconds.
const GROWTH_MAX_MIB: f64 = 8.0;

/// Prints the table.
///
/// # Panics
/// If a server does not come up, or an acknowledged run is not in its store exactly once.
pub fn measure(effort: Effort) {
    println!(
        "\n(g) runs acknowledged: {SENDERS} senders, each 200 durable, an agent of four runs a second behind them"
    );
    println!(
        "{:<28} {:>8} {:>8} {:>8} {:>8} {:>9} {:>7} {:>18} {:>20}",
        "  door",
        "acks/s",
        "p50 ms",
        "p99 ms",
        "max ms",
        "last/1st",
        "runs/s",
        "waiting at the end",
        "own MiB 0 / 1/2 / 1"
    );
    let doors: [(&str, Request); 3] =
        [("POST /hooks/agent", message), ("mapping, signed as GitHub", signed), ("inbound template", templated)];
    for (name, request) in doors {
        measure_door(name, request, effort);
    }
}

/// The bytes of the request with this number.
type Request = fn(u64) -> String;

fn measure_door(name: &str, request: Request, effort: Effort) {
    let (config, folder) = Gateway::builder().top(CONFIG).webhooks(INBOUND).write();
    let process = Process::serve(env!("CARGO_BIN_EXE_sandclaw-under-test"), &config);
    let (count, acknowledged) = (Arc::new(AtomicU64::new(0)), Arc::new(Mutex::new(Vec::new())));
    let (mut memory, mut rates, mut latencies) = (vec![own_mib(&process)], Vec::new(), Vec::new());
    let began = Instant::now();
    // Short ones, so that one more is known to fit.
    for _ in 0..effort.rounds * 3 {
        let before = latencies.len();
        let (count, ids) = (count.clone(), acknowledged.clone());
        let next = move || request(count.fetch_add(1, Ordering::Relaxed));
        let got = load::run_each(process.address, SENDERS, effort.length / 3, next, move |answer| {
            ids.lock().expect("one thread").push(run_id(answer));
        });
        rates.push(got.per_second);
        latencies.extend(got.latencies_us.iter().map(|us| us / 1e3));
        memory.push(own_mib(&process));
        if latencies.len() + (latencies.len() - before) * 3 / 2 > RUNS_MAX {
            break;
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    let ended = check(&folder.path().join("state"), &acknowledged.lock().expect("one thread"));
    process.kill();

    latencies.sort_by(f64::total_cmp);
    let p99 = quantile(&latencies, 0.99);
    #[expect(clippy::cast_precision_loss, reason = "counts of requests and runs")]
    let (rate, runs) = (latencies.len() as f64 / seconds, ended as f64 / seconds);
    let (first, middle, last) = (memory[0], memory[memory.len() / 2], memory[memory.len() - 1]);
    let pace = rates[rates.len() - 1] / rates[0];
    println!(
        "  {name:<26} {rate:>8.0} {:>8.1} {p99:>8.1} {:>8.1} {pace:>9.2} {runs:>7.1} {:>18} {first:>6.1} {middle:>6.1} {last:>6.1}",
        quantile(&latencies, 0.5),
        quantile(&latencies, 1.0),
        latencies.len() - ended,
    );
    let growth = last - middle;
    println!("  aim: p99 under 100 ms: {p99:.1} {}", verdict(p99 < 100.0));
    println!(
        "  aim: at most {GROWTH_MAX_MIB} MiB more at the end than in the middle: {growth:.1} {}",
        verdict(growth <= GROWTH_MAX_MIB)
    );
    if seconds > 5.0 {
        // The first run of each place ends a second after it is claimed.
        let share = runs / RUNS_A_SECOND;
        println!("  aim: runs at least at 0.8 of the pace of an idle gateway: {share:.2} {}", verdict(share >= 0.8));
    }
}

/// Every acknowledged run is there, and nothing else; how many have ended.
fn check(state: &std::path::Path, acknowledged: &[String]) -> usize {
    let store = Store::open_beside(state).expect("a store");
    let newest = store.runs(&RunQuery { recent: 1, ..RunQuery::default() }).expect("a list");
    let stored = newest.first().map_or(0, |run| usize::try_from(run.seq).expect("a place"));
    let distinct: HashSet<&String> = acknowledged.iter().collect();
    // Places are given one after another from 1 on, and no run has been forgotten yet.
    assert_eq!((stored, distinct.len()), (acknowledged.len(), acknowledged.len()), "each once, and no other");
    for id in distinct {
        let run = store.run(&RunId::new(id.as_str())).expect("a look");
        assert!(run.is_some(), "run {id} was acknowledged and is lost");
    }
    let done = RunQuery { recent: 1_000, agent: None, states: vec![RunState::Succeeded] };
    store.runs(&done).expect("a list").len()
}

fn own_mib(process: &Process) -> f64 {
    proc_stat::memory_mib(process.id()).1
}

fn run_id(answer: &str) -> String {
    let answer: serde_json::Value = serde_json::from_str(answer).expect("JSON");
    answer["runId"].as_str().unwrap_or_else(|| panic!("no run: {answer}")).to_owned()
}

fn message(at: u64) -> String {
    let body = format!(r#"{{"message":"Look at build {at} of acme/app and report.","name":"CI"}}"#);
    request("/hooks/agent", &format!("authorization: Bearer {TOKEN}"), &body)
}

fn signed(at: u64) -> String {
    let body = push(at);
    let mut mac = Hmac::<Sha256>::new_from_slice(TOKEN.as_bytes()).expect("a key");
    mac.update(body.as_bytes());
    let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let head = format!("x-github-event: push\r\nx-github-delivery: delivery-{at}\r\nx-hub-signature-256: sha256={hex}");
    request("/hooks/github", &head, &body)
}

fn templated(at: u64) -> String {
    request("/webhooks/inbound/deploy", &format!("authorization: Bearer {TOKEN}"), &push(at))
}

fn push(at: u64) -> String {
    format!(r#"{{"ref":"refs/heads/build-{at}","repository":{{"full_name":"acme/app"}},"sender":{{"login":"ada"}}}}"#)
}

fn request(path: &str, head: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: bench\r\nuser-agent: bench\r\naccept: */*\r\ncontent-type: application/json\r\n{head}\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

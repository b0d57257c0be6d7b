//! P1 and P2 for runs: whatever instant the process dies at, each acknowledged run ends exactly once, in the order of its session, with one
//! event that says how, and its task record says the same.

use std::collections::BTreeMap;
use std::time::Duration;

use gateway_tests::{Gateway, Process, eventually};
use sandclaw::model::{FlowId, JobId, Millis, RunId, RunState};
use sandclaw::store::{Recovery, RunQuery, Store};
use serde_json::{Value, json};

use crate::PROGRAM;

const SESSIONS: usize = 4;
/// Of each session, in each round.
const RUNS: usize = 3;

/// How often it is killed. `CRASH_ROUNDS=100 cargo test -p gateway-tests agents_crash` for the long mode.
fn rounds() -> u64 {
    std::env::var("CRASH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(6)
}

/// What happened, of these types, as (run, type).
fn events(store: &Store) -> Vec<(String, String)> {
    let everything = Recovery {
        id: JobId::new("job_x"),
        endpoint: sandclaw::model::EndpointName::new("nobody"),
        since: Millis(0),
        until: i64::MAX,
        cursor: 0,
        revived: 0,
        created: 0,
        is_done: false,
        created_at: Millis(0),
    };
    let of_run = |data: &str| {
        let data: Value = serde_json::from_str(data).unwrap();
        data["runId"].as_str().map(str::to_owned)
    };
    let events = store.recoverable(&everything, 100_000).unwrap().into_iter();
    events.filter_map(|(event, _)| Some((of_run(&event.data)?, event.kind))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_acknowledged_run_ends_exactly_once_whenever_the_process_dies() {
    for on_interrupted in ["fail", "resume"] {
        let agent = format!(
            "agents: {{ main: {{ runner: 'command', command: ['cat'], onInterrupted: '{on_interrupted}', timeoutSeconds: 20 }} }},"
        );
        let limits = "limits: { rateRequests: 1000000, inFlight: 64 }";
        let (config, folder) = Gateway::builder().route("r", "agent:main:main", limits).top(&agent).write();
        let mut acknowledged: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        let mut flow = String::new();
        for round in 0..rounds() {
            let gateway = Process::serve(PROGRAM, &config);
            if flow.is_empty() {
                let made = gateway.client.route("r", r#"{"action":"create_flow","goal":"g"}"#).send().await;
                made.result()["flow"]["flowId"].as_str().unwrap().clone_into(&mut flow);
            }
            for at in 0..SESSIONS * RUNS {
                let (session, task) = (at % SESSIONS, format!("{round}-{at}"));
                let body = json!({ "action": "run_task", "flowId": flow, "runtime": "acp", "task": task,
                    "childSessionKey": format!("s{session}") });
                let answer = gateway.client.route("r", body.to_string()).send().await;
                assert_eq!(answer.status, 200, "{}", answer.text);
                let id = answer.result()["task"]["runId"].as_str().unwrap().to_owned();
                acknowledged.entry(session).or_default().push(id);
            }
            // At a different moment each time, while some wait, some are under way and some end.
            tokio::time::sleep(Duration::from_micros(round * 7_777 % 40_000)).await;
            gateway.kill();
        }
        let _gateway = Process::serve(PROGRAM, &config);
        let store = Store::open_beside(&folder.path().join("state")).unwrap();
        let open = RunQuery { recent: 1, agent: None, states: vec![RunState::Queued, RunState::Running] };
        eventually("all have ended", || async { store.runs(&open).unwrap().is_empty() }).await;

        let told = events(&store);
        let (tasks, _) = store.tasks_of(&FlowId::new(flow.as_str())).unwrap();
        for ids in acknowledged.values() {
            let runs: Vec<_> = ids.iter().map(|id| store.run(&RunId::new(id.as_str())).unwrap().unwrap()).collect();
            let ends: Vec<_> = runs.iter().map(|run| run.ended_at.unwrap()).collect();
            assert!(ends.is_sorted(), "a session's runs end in their order: {ends:?}");
            for run in &runs {
                let id = run.asked.id.as_str();
                let count = |kind: &str| told.iter().filter(|(of, is)| of == id && is == kind).count();
                let is_fine = match run.state {
                    RunState::Succeeded => {
                        count("message.sent") == 1 && (on_interrupted == "resume" || run.attempts == 1)
                    }
                    RunState::Lost => on_interrupted == "fail" && count("message.sent") == 0,
                    _ => false,
                };
                assert!(is_fine && count("message.received") == 1 && count("run.finished") == 1, "{run:?}");
                assert_eq!(
                    count("error.occurred"),
                    if run.state == RunState::Lost { 1 } else { run.attempts as usize - 1 }
                );
                let link = run.asked.task.as_ref().unwrap();
                let task = tasks.iter().find(|task| task.id == link.task).unwrap();
                assert_eq!(task.status.as_str(), run.state.as_str());
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_was_killed_leaves_no_agent_beside_the_next_one() {
    // The first one stays, deaf to its closed pipes; the second one answers.
    let script = "echo $$ >> pids; [ $(wc -l < pids) -gt 1 ] && echo done && exit; exec sleep 600";
    let agent = format!(
        "agents: {{ main: {{ runner: 'command', command: ['/bin/sh', '-c', '{script}'], cwd: '.', onInterrupted: 'resume' }} }},"
    );
    let (config, folder) = Gateway::builder().route("r", "agent:main:main", "").top(&agent).write();
    let gateway = Process::serve(PROGRAM, &config);
    let made = gateway.client.route("r", r#"{"action":"create_flow","goal":"g"}"#).send().await.result();
    let body = json!({ "action": "run_task", "flowId": made["flow"]["flowId"], "runtime": "acp", "task": "t",
        "childSessionKey": "s" });
    let answer = gateway.client.route("r", body.to_string()).send().await;
    let id = answer.result()["task"]["runId"].as_str().unwrap().to_owned();
    let noted = || std::fs::read_to_string(folder.path().join("pids")).unwrap_or_default();
    eventually("it runs", || async { noted().ends_with('\n') }).await;
    gateway.kill();
    let stat = format!("/proc/{}/stat", noted().trim());
    let lives = || std::fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z "));
    assert!(lives(), "nobody has told it");
    let _gateway = Process::serve(PROGRAM, &config);
    assert!(!lives(), "before it is begun again");
    let store = Store::open_beside(&folder.path().join("state")).unwrap();
    let run = || store.run(&RunId::new(id.as_str())).unwrap().unwrap();
    eventually("it has ended", || async { run().state == RunState::Succeeded }).await;
    assert_eq!(run().attempts, 2);
}

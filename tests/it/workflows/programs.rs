//! The programs of steps never outlive what they run for: not the gateway that was killed, not the flow that somebody else ended, not the
//! command in front of which somebody sits.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use gateway_tests::{Process, eventually};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use super::{Workflows, begin, record, until_status};
use crate::PROGRAM;

/// The numbers that programs wrote into this file, each on its line.
fn numbers(file: &Path) -> Vec<i32> {
    let text = fs::read_to_string(file).unwrap_or_default();
    let whole = text.rsplit_once('\n').map(|(whole, _)| whole).unwrap_or_default();
    whole.lines().map(|line| line.trim().parse().unwrap()).collect()
}

/// Whether it lives: one that has ended and that nobody has waited for does not.
fn lives(number: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

async fn until_noted(file: &Path, count: usize) -> Vec<i32> {
    eventually("the programs run", || async { numbers(file).len() >= count }).await;
    numbers(file)
}

async fn until_gone(number: i32) {
    eventually("the program is gone", || async { !lives(number) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_was_killed_leaves_no_program_beside_the_next_one() {
    // The first time it stays, with a child; the second time it ends.
    let flow = "steps:\n  - id: long\n    command: npm long\n    retry: { max: 1, safe: true }\n";
    let workflows = Workflows::new().flow("long", flow, "");
    workflows.program(
        "npm",
        "echo $$ >> ../pids\n[ $(wc -l < ../pids) -gt 1 ] && exit 0\nsleep 600 & echo $! > ../child\nwait",
    );
    let (config, folder) = workflows.with().write();
    let folder = folder.path();
    let gateway = Process::serve(PROGRAM, &config);
    let flow = begin(&gateway.client, "long", "", json!({})).await.json()["flowId"].as_str().unwrap().to_owned();
    let programs = [until_noted(&folder.join("pids"), 1).await[0], until_noted(&folder.join("child"), 1).await[0]];
    gateway.kill();
    assert!(programs.into_iter().all(lives), "nobody has told them");
    let _gateway = Process::serve(PROGRAM, &config);
    assert!(!programs.into_iter().any(lives), "before anything is begun again");
    until_status(folder, &flow, "succeeded").await;
    assert_eq!(fs::read_dir(folder.join("state/groups")).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_that_somebody_else_ends_ends_its_program() {
    let flow = "steps:\n  - id: slow\n    command: echo $$ >> ../pids; exec sleep 600\n  - command: npm never\n";
    for (action, status) in [("finish_flow", "succeeded"), ("fail_flow", "failed")] {
        let workflows = Workflows::new().flow("slow", flow, "");
        let gateway = workflows.with().route("same", "workflow:slow", "").start().await;
        let flow = begin(&gateway.client, "slow", "", json!({})).await.json()["flowId"].as_str().unwrap().to_owned();
        let program = until_noted(&gateway.path().join("pids"), 1).await[0];
        let revision = record(gateway.path(), &flow)["revision"].clone();
        let end = json!({ "action": action, "flowId": flow, "expectedRevision": revision }).to_string();
        let ended = gateway.client.route("same", end).send().await;
        assert_eq!(ended.status, 200, "{}", ended.text);
        until_gone(program).await;
        // What it came to is what they said, and no further step has run.
        assert_eq!(record(gateway.path(), &flow)["status"], status);
        assert!(super::calls(gateway.path()).is_empty());
        assert_eq!(gateway.store().open_workflow_runs().unwrap(), 0);
    }
}

/// `sandclaw workflow run` on a file with one command, in a folder with a temporary folder of its own.
struct Foreground {
    child: Child,
    folder: tempfile::TempDir,
}

impl Foreground {
    fn start(line: &str, more: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("tmp")).unwrap();
        let flow = format!("steps:\n  - id: long\n    command: '{line}'\n");
        fs::write(folder.path().join("long.yaml"), flow).unwrap();
        let mut command = Command::new(PROGRAM);
        command.current_dir(folder.path()).env("TMPDIR", folder.path().join("tmp"));
        command.args(["workflow", "run", "long.yaml", "--grant-command"]).args(more);
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let child = command.stdout(Stdio::null()).stderr(log).spawn().unwrap();
        Self { child, folder }
    }

    async fn program(&self) -> i32 {
        until_noted(&self.folder.path().join("pids"), 1).await[0]
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_raw(self.child.id().try_into().unwrap()).unwrap(), signal).unwrap();
    }

    /// Its exit code, once it has ended; nothing of the run is left then.
    async fn ended(&mut self) -> Option<i32> {
        eventually("it ends", || {
            let ended = self.child.try_wait().unwrap().is_some();
            async move { ended }
        })
        .await;
        let left = fs::read_dir(self.folder.path().join("tmp")).unwrap().count();
        assert_eq!(left, 0, "{}", self.log());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Foreground {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_run_in_the_foreground_leaves_nothing_behind() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let mut run = Foreground::start("echo $$ >> pids; exec sleep 600", &[]);
        let program = run.program().await;
        run.signal(signal);
        assert_eq!(run.ended().await, Some(code), "{}", run.log());
        assert!(!lives(program));
        assert!(run.log().contains("the run is gone"), "{}", run.log());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_does_not_wait_for_a_program_that_will_not_end() {
    let mut run = Foreground::start("trap \"\" TERM; echo $$ >> pids; exec sleep 600", &[]);
    let program = run.program().await;
    run.signal(Signal::INT);
    eventually("it asks the program to end", || async { run.log().contains("a second signal") }).await;
    assert!(lives(program));
    run.signal(Signal::INT);
    assert_eq!(run.ended().await, Some(130), "{}", run.log());
    until_gone(program).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_run_that_is_kept_goes_on_at_the_next_start() {
    let mut run = Foreground::start("echo $$ >> pids; exec sleep 600", &["--keep-in", "kept"]);
    let program = run.program().await;
    run.signal(Signal::INT);
    assert_eq!(run.ended().await, Some(130), "{}", run.log());
    assert!(!lives(program) && run.log().contains("goes on when a gateway starts on kept"), "{}", run.log());
    let store = sandclaw::store::Store::open_beside(&run.folder.path().join("kept")).unwrap();
    assert_eq!(store.open_workflow_runs().unwrap(), 1);
    assert!(store.next_workflow_due().unwrap().is_some());
}

#[test]
fn a_run_that_may_ask_a_person_wants_a_folder_that_stays() {
    let folder = tempfile::tempdir().unwrap();
    let flow = "steps:\n  - command: touch begun\n  - approval: { prompt: ship it?, approvers: [alice] }\n";
    fs::write(folder.path().join("ship.yaml"), flow).unwrap();
    let outer = "steps:\n  - workflow: ship\n";
    fs::write(folder.path().join("outer.yaml"), outer).unwrap();
    fs::write(
        folder.path().join("sandclaw.json5"),
        "{ workflows: { dir: '.', flows: { ship: { grants: ['command'] }, outer: {} } } }",
    )
    .unwrap();
    let run = |file: &str, more: &[&str]| {
        let mut command = Command::new(PROGRAM);
        command.current_dir(folder.path()).args(["workflow", "run", file]).args(more).output().unwrap()
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    for file in ["ship.yaml", "outer.yaml"] {
        let refused = run(file, &[]);
        assert_eq!(refused.status.code(), Some(1), "{file}");
        assert!(text(&refused.stderr).contains("--keep-in DIR"), "{file}: {}", text(&refused.stderr));
        assert!(!folder.path().join("begun").exists());
    }
    assert!(run("ship.yaml", &["--dry-run"]).status.success());
    let asks = run("ship.yaml", &["--keep-in", "kept"]);
    assert_eq!(asks.status.code(), Some(3), "{}", text(&asks.stderr));
    assert!(text(&asks.stderr).contains("--state-dir kept"), "{}", text(&asks.stderr));
    assert!(folder.path().join("begun").exists());
}

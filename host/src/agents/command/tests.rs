use std::path::PathBuf;
use std::time::{Duration, Instant};

use secrecy::SecretString;
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::config::SecretSpec;
use crate::model::{RunId, RunOptions, SessionKey, SessionMode};

struct Desk {
    dir: TempDir,
    config: CommandRunner,
    job: Job,
}

/// A script for `sh`; `$0` is the folder.
fn desk(script: &str) -> Desk {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().to_str().unwrap().to_owned();
    let config = CommandRunner {
        command: vec!["sh".into(), "-c".into(), script.into(), folder],
        cwd: dir.path().to_owned(),
        env: Vec::new(),
        pass_env: Vec::new(),
        output_max_bytes: 64 << 10,
        stdin: Stdin::Message,
    };
    let job = Job {
        run: RunId::new("r-1"),
        agent: AgentId::new("a"),
        session: SessionKey::new("s"),
        mode: SessionMode::Isolated,
        runner_session: None,
        prompt: "do it".into(),
        message: "do it".into(),
        source: "test".into(),
        is_wake: false,
        options: RunOptions::default(),
        timeout: Duration::from_secs(20),
        attempt: 1,
        stop: CancellationToken::new(),
    };
    Desk { dir, config, job }
}

impl Desk {
    async fn run(&self) -> RunEnd {
        let env = Env::new(|name| match name {
            "PATH" => std::env::var("PATH").ok(),
            "HOME" => Some("/home/of".into()),
            "OPEN" => Some("opened".into()),
            _ => Some("not for it".into()),
        });
        let command = Command::new(&self.job.agent, self.config.clone(), &env, Groups::default());
        let resolver = crate::auth::secret::Resolver::new(crate::config::Providers::new(Default::default()), env);
        let secrets: Vec<_> = command.secrets().collect();
        crate::auth::secret::look_up_all(&secrets, &resolver).await;
        command.run(self.job.clone(), mpsc::channel(1).0).await
    }

    /// Whether the process whose number the script wrote into this file lives.
    fn lives(&self, file: &str) -> bool {
        let pid = std::fs::read_to_string(self.dir.path().join(file)).unwrap();
        // A dead process that nobody has waited for yet does not live.
        let status = std::fs::read_to_string(PathBuf::from("/proc").join(pid.trim()).join("stat"));
        status.is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or_default().trim_start().starts_with('Z'))
    }

    /// Killed is not gone yet.
    async fn until_gone(&self, file: &str) {
        while self.lives(file) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    async fn until_there(&self, file: &str) {
        let path = self.dir.path().join(file);
        while !std::fs::read_to_string(&path).is_ok_and(|text| text.ends_with('\n')) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

#[track_caller]
fn check(ending: &RunEnd, state: RunState, reply: Option<&str>, error: Option<&str>) {
    assert_eq!((ending.state, ending.reply.as_deref(), ending.error.as_deref()), (state, reply, error));
}

#[tokio::test]
async fn what_it_prints_is_the_answer() {
    check(&desk("cat; echo; echo ' done '").run().await, RunState::Succeeded, Some("do it\n done"), None);
    check(&desk("true").run().await, RunState::Succeeded, None, None);
    check(&desk("printf 'a\\377b'").run().await, RunState::Succeeded, Some("a\u{fffd}b"), None);
}

#[tokio::test]
async fn a_failure_tells_the_end_of_its_complaints() {
    let ending = desk("echo half; echo 'no  such\nthing' >&2; exit 3").run().await;
    check(&ending, RunState::Failed, Some("half"), Some("the program ended with exit status: 3: no such thing"));
    let ending = desk("kill -9 $$").run().await;
    check(&ending, RunState::Failed, None, Some("the program ended with signal: 9 (SIGKILL)"));
}

#[tokio::test]
async fn a_failure_does_not_tell_the_secrets_that_the_program_got() {
    let script = "echo \"curl: KEY=$KEY OPEN=$LONGER $SHORT\" >&2; head -c 2030 /dev/zero | tr '\\0' x >&2; exit 1";
    let mut desk = desk(script);
    desk.config.pass_env = vec!["LONGER".into(), "SHORT".into()];
    desk.config.env = vec![("KEY".into(), SecretSpec::Plain(SecretString::from("s3cret of its own")))];
    let told = desk.run().await.error.unwrap();
    assert!(!told.contains("own") && !told.contains("not for it") && told.ends_with('x'), "{told}");
    desk.config.command[2] = "echo KEY=$KEY, $LONGER >&2; exit 1".into();
    let told = desk.run().await.error.unwrap();
    assert_eq!(told, "the program ended with exit status: 1: KEY=[secret], [secret]");
}

#[tokio::test]
async fn what_cannot_be_started_says_why() {
    let mut desk = desk("true");
    desk.config.command[0] = "no-such-program-anywhere".into();
    let ending = desk.run().await;
    assert!(ending.error.unwrap().starts_with("the program no-such-program-anywhere cannot be started: No such file"));
    desk.config.cwd = desk.dir.path().join("missing");
    assert!(desk.run().await.error.unwrap().ends_with("/missing, is no folder"));
}

#[tokio::test]
async fn it_sees_what_was_named_of_the_environment_and_nothing_else() {
    let mut desk = desk("env | sort | grep -v -e ^PATH= -e ^PWD= -e ^SHLVL= -e ^_= -e ^OLDPWD=");
    desk.config.pass_env = vec!["OPEN".into()];
    desk.config.env = vec![("KEY".into(), SecretSpec::Plain(SecretString::from("s3cret")))];
    let expected = "HOME=/home/of\nKEY=s3cret\nLANG=not for it\nOPEN=opened\nSANDCLAW_AGENT_ID=a\nSANDCLAW_ATTEMPT=1\n\
         SANDCLAW_RUN_ID=r-1\nSANDCLAW_SESSION_KEY=s";
    check(&desk.run().await, RunState::Succeeded, Some(expected), None);
    desk.config.env = vec![("KEY".into(), SecretSpec::Missing(Default::default()))];
    let why = "env.KEY of the agent has no value: it cannot be resolved";
    check(&desk.run().await, RunState::Failed, None, Some(why));
}

#[tokio::test]
async fn as_json_it_is_told_all_about_the_run() {
    let mut desk = desk("cat");
    desk.config.stdin = Stdin::Json;
    let told: serde_json::Value = serde_json::from_str(&desk.run().await.reply.unwrap()).unwrap();
    let expected = json!({ "runId": "r-1", "agentId": "a", "sessionKey": "s", "sessionMode": "isolated", "kind": "message",
        "message": "do it", "options": {}, "attempt": 1, "timeoutSeconds": 20 });
    assert_eq!(told, expected);
}

#[tokio::test]
async fn a_large_message_goes_in_while_a_large_answer_comes_out() {
    let mut desk = desk("tee /dev/stderr");
    desk.config.output_max_bytes = 8 << 20;
    desk.job.prompt = "x".repeat(4 << 20);
    let ending = desk.run().await;
    assert_eq!(ending.reply.map(|reply| reply.len()), Some(4 << 20));
    // One that reads nothing of it.
    desk.config.command[2] = "echo done".into();
    check(&desk.run().await, RunState::Succeeded, Some("done"), None);
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_cut_and_one_without_end_is_stopped() {
    let ending = desk("head -c 100000 /dev/zero | tr '\\0' x").run().await;
    assert_eq!(ending.state, RunState::Succeeded);
    assert_eq!(ending.reply.unwrap(), format!("{}\n[cut: more than 64 KiB]", "x".repeat(64 << 10)));
    let ending = desk("yes").run().await;
    assert_eq!(ending.state, RunState::Failed);
    assert_eq!(ending.error.as_deref(), Some("the program wrote more than 64 MiB and was stopped"));
    assert_eq!(desk("yes >&2").run().await.state, RunState::Failed);
}

#[tokio::test]
async fn at_its_deadline_it_ends_with_its_children() {
    let mut desk = desk("sleep 600 & echo $! > child; echo begun; wait");
    desk.job.timeout = Duration::from_secs(1);
    let ending = desk.run().await;
    check(&ending, RunState::TimedOut, Some("begun"), Some("not ended after 1 s"));
    desk.until_gone("child").await;
}

#[tokio::test]
async fn one_that_is_told_to_stop_may_wind_up() {
    let desk = desk("trap 'echo saved; exit 0' TERM; echo $$ > pid; while :; do sleep 0.01; done");
    let stop = async {
        desk.until_there("pid").await;
        desk.job.stop.cancel();
    };
    let (ending, ()) = tokio::join!(desk.run(), stop);
    check(&ending, RunState::Cancelled, Some("saved"), Some("cancelled on request"));
}

#[tokio::test]
async fn one_that_ends_leaves_no_child_behind_and_is_not_waited_for() {
    let desk = desk("sleep 600 & echo $! > child; echo done");
    let began = Instant::now();
    check(&desk.run().await, RunState::Succeeded, Some("done"), None);
    assert!(began.elapsed() < Duration::from_secs(15));
    desk.until_gone("child").await;
}

#[tokio::test]
async fn dropping_it_ends_the_group() {
    let desk = desk("sleep 600 & echo $! > child; wait");
    tokio::select! {
        ending = desk.run() => panic!("{ending:?}"),
        () = desk.until_there("child") => {}
    }
    desk.until_gone("child").await;
}

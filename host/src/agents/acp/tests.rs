//! The runner against agents written in a few lines of shell, good and wicked; real ones are met in `tests/it/acp.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use secrecy::SecretString;
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::heard::REPLY_MAX_BYTES;
use super::*;
use crate::agents::runner::Progress;
use crate::config::agents::acp::ToolKind;
use crate::model::{AgentId, RunId, RunOptions, SessionKey, SessionMode};

/// What the shell agents have in common.
const WORDS: &str = r#"
hear() { IFS= read -r line || exit 0; id=${line#*'"id":'}; id=${id%%[,\}]*}; }
say() { printf '%s\n' "$1"; }
answer() { say "{\"jsonrpc\":\"2.0\",\"id\":$id,\"result\":$1}"; }
refuse() { say "{\"jsonrpc\":\"2.0\",\"id\":$id,\"error\":$1}"; }
update() { say "{\"jsonrpc\":\"2.0\",\"method\":\"session/update\",\"params\":{\"sessionId\":\"s1\",\"update\":$1}}"; }
text() { update "{\"sessionUpdate\":\"agent_message_chunk\",\"content\":{\"type\":\"text\",\"text\":\"$1\"}}"; }
hello() { hear; answer "{\"protocolVersion\":1,\"agentCapabilities\":${1:-{\}}}"; }
begin() { hello; hear; answer '{"sessionId":"s1"}'; hear; }
end() { answer "{\"stopReason\":\"${1:-end_turn}\"}"; }
"#;

struct Agent {
    folder: TempDir,
    config: AcpRunner,
}

fn agent(script: &str) -> Agent {
    let folder = TempDir::new().unwrap();
    let config = AcpRunner {
        command: ["/bin/sh", "-c", &format!("{WORDS}{script}")].map(str::to_owned).to_vec(),
        cwd: folder.path().to_owned(),
        env: BTreeMap::new(),
        pass_env: vec!["PATH".to_owned()],
        allow: BTreeSet::new(),
        start_timeout: Duration::from_secs(30),
    };
    Agent { folder, config }
}

fn job() -> Job {
    Job {
        run: RunId::new("run-1"),
        agent: AgentId::new("main"),
        session: SessionKey::new("hook:one"),
        mode: SessionMode::Isolated,
        runner_session: None,
        prompt: "look around".to_owned(),
        message: "look around".to_owned(),
        source: "test".to_owned(),
        is_wake: false,
        options: RunOptions::default(),
        timeout: Duration::from_secs(60),
        attempt: 1,
        stop: CancellationToken::new(),
    }
}

impl Agent {
    fn runner(&self) -> Acp {
        Acp::new(self.config.clone(), Env::process(), Groups::default())
    }

    async fn run(&self) -> (RunEnd, Vec<Progress>) {
        self.run_job(job()).await
    }

    async fn run_job(&self, job: Job) -> (RunEnd, Vec<Progress>) {
        let (telling, mut told) = mpsc::channel(4);
        let runner = self.runner();
        let listening = async {
            let mut all = Vec::new();
            while let Some(progress) = told.recv().await {
                all.push(progress);
            }
            all
        };
        tokio::join!(runner.run(job, telling), listening)
    }

    fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(file)).unwrap_or_default()
    }
}

fn error(ending: &RunEnd) -> &str {
    assert_eq!(ending.state, RunState::Failed, "{ending:?}");
    ending.error.as_deref().unwrap()
}

fn is_alive(pid: &str) -> bool {
    let stat = std::fs::read_to_string(Path::new("/proc").join(pid.trim()).join("stat"));
    // A killed process that nobody has waited for yet is a zombie.
    stat.is_ok_and(|stat| !stat.contains(") Z"))
}

/// Returns once the process is gone: a signal is on its way for a moment.
async fn gone(pid: &str) {
    assert!(!pid.trim().is_empty());
    let waiting = async {
        while is_alive(pid) {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(10), waiting).await.expect("it lives on");
}

#[tokio::test]
async fn what_an_agent_says_and_does_is_told_and_its_text_is_the_reply() {
    let agent = agent(
        r#"begin; text "one, "; text two
        update '{"sessionUpdate":"tool_call","toolCallId":"t1","title":"Reading a.txt","kind":"read","status":"pending"}'
        update '{"sessionUpdate":"tool_call_update","toolCallId":"t1","status":"completed"}'
        update '{"sessionUpdate":"tool_call_update","toolCallId":"t1","status":"completed"}'
        update '{"sessionUpdate":"plan","entries":[{"content":"look","priority":"high","status":"completed"},{"content":"leap","priority":"low","status":"pending"}]}'
        answer '{"stopReason":"end_turn","usage":{"totalTokens":9,"inputTokens":7,"outputTokens":2}}'"#,
    );
    let (ending, told) = agent.run().await;
    let succeeded = RunState::Succeeded;
    let expected =
        RunEnd { state: succeeded, reply: Some("one, two".into()), error: None, model: None, usage: Some((7, 2)) };
    assert_eq!(ending, expected);
    let name = "Reading a.txt".to_owned();
    let tool = [
        Progress::ToolCalled { id: "t1".into(), name: name.clone() },
        Progress::ToolCompleted { id: "t1".into(), name, ok: true },
        Progress::Summary("step 1 of 2: leap".into()),
    ];
    assert_eq!(told[0], Progress::Session("s1".into()));
    assert!(told.ends_with(&tool), "{told:?}");
    let text: String =
        told.iter().filter_map(|told| if let Progress::Text(text) = told { Some(&**text) } else { None }).collect();
    assert_eq!(text, "one, two");
}

#[tokio::test]
async fn a_stop_reason_that_is_no_end_of_the_turn_fails_the_run_and_keeps_the_text() {
    for (reason, expected) in [
        ("max_tokens", "limit of tokens"),
        ("max_turn_requests", "limit of requests"),
        ("refusal", "refused to go on"),
        ("cancelled", "nobody here has done so"),
    ] {
        let (ending, _) = agent(&format!("begin; text half; end {reason}")).run().await;
        assert!(error(&ending).contains(expected), "{ending:?}");
        assert_eq!(ending.reply.as_deref(), Some("half"));
    }
}

/// Asks for permission with this kind, and says what it was answered.
const ASKING: &str = r#"begin
    say '{"jsonrpc":"2.0","id":77,"method":"session/request_permission","params":{"sessionId":"s1","toolCall":{"toolCallId":"t1","title":"rm -rf","kind":"execute"},"options":[{"optionId":"always","name":"a","kind":"allow_always"},{"optionId":"once","name":"b","kind":"allow_once"},{"optionId":"never","name":"c","kind":"reject_once"}]}}'
    prompt=$id; hear; case $line in *'"never"'*) text no ;; *'"once"'*) text yes ;; *) text odd ;; esac
    id=$prompt; end"#;

#[tokio::test]
async fn a_permission_is_refused_unless_the_policy_allows_the_kind() {
    let mut agent = agent(ASKING);
    let (ending, told) = agent.run().await;
    assert_eq!(ending.reply.as_deref(), Some("no"));
    assert!(told.contains(&Progress::Summary("not permitted: execute (rm -rf)".into())), "{told:?}");
    agent.config.allow = BTreeSet::from([ToolKind::Read]);
    assert_eq!(agent.run().await.0.reply.as_deref(), Some("no"));
    agent.config.allow = BTreeSet::from([ToolKind::Execute]);
    assert_eq!(agent.run().await.0.reply.as_deref(), Some("yes"));
}

#[tokio::test]
async fn files_and_terminals_of_ours_are_not_given_out() {
    let agent = agent(
        r#"hear; printf '%s' "$line" > hello; answer '{"protocolVersion":1}'; hear; answer '{"sessionId":"s1"}'; hear
        prompt=$id; say '{"jsonrpc":"2.0","id":5,"method":"fs/read_text_file","params":{"sessionId":"s1","path":"/etc/passwd"}}'
        hear; printf '%s' "$line" > file; id=$prompt; end"#,
    );
    let (ending, _) = agent.run().await;
    assert_eq!(ending.state, RunState::Succeeded, "{ending:?}");
    assert!(agent.read("file").contains("-32601"), "{}", agent.read("file"));
    assert!(!agent.read("hello").contains("true"), "{}", agent.read("hello"));
}

#[tokio::test]
async fn a_persistent_session_goes_on_and_its_past_is_no_answer() {
    for (can, method) in
        [(r#"{"loadSession":true}"#, "session/load"), (r#"{"sessionCapabilities":{"resume":{}}}"#, "session/resume")]
    {
        let script = format!(
            "hello '{can}'; hear; printf '%s' \"$line\" > asked; text past; answer '{{}}'; hear; text now; end"
        );
        let agent = agent(&script);
        let past = Job { mode: SessionMode::Persistent, runner_session: Some("s1".into()), ..job() };
        let (ending, told) = agent.run_job(past.clone()).await;
        assert_eq!(ending.reply.as_deref(), Some("now"), "{ending:?}");
        assert_eq!(told[0], Progress::Session("s1".into()));
        assert!(agent.read("asked").contains(method), "{}", agent.read("asked"));
    }
}

#[tokio::test]
async fn a_session_that_the_agent_has_forgotten_begins_anew() {
    let script = r#"hello '{"loadSession":true}'; hear; refuse '{"code":-32002,"message":"Resource not found"}'
        hear; answer '{"sessionId":"s2"}'; hear; text now; end"#;
    let past = Job { mode: SessionMode::Persistent, runner_session: Some("s1".into()), ..job() };
    let (ending, told) = agent(script).run_job(past).await;
    assert_eq!(ending.reply.as_deref(), Some("now"), "{ending:?}");
    assert!(told.contains(&Progress::Session("s2".into())), "{told:?}");
}

#[tokio::test]
async fn an_agent_that_wants_a_login_says_so() {
    let script = "hello; hear; refuse '{\"code\":-32000,\"message\":\"Authentication required\"}'; hear";
    assert!(error(&agent(script).run().await.0).contains("log in"));
}

#[tokio::test]
async fn a_flood_of_updates_is_joined_and_cut() {
    // 2 500 000 bytes of text in 100 000 updates.
    let script = r#"begin
        yes '{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"s1","update":{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"0123456789012345678901234"}}}}' | head -n 100000
        end"#;
    let (ending, told) = agent(script).run().await;
    assert_eq!(ending.state, RunState::Succeeded, "{ending:?}");
    let reply = ending.reply.unwrap();
    assert!(reply.len() <= REPLY_MAX_BYTES + 10 && reply.ends_with("[cut]"), "{}", reply.len());
    assert!(told.len() < 2_000, "{}", told.len());
}

#[tokio::test]
async fn an_agent_that_dies_in_the_middle_fails_with_its_last_words() {
    let mut agent = agent("begin; text half; echo \"no luck with $KEY\" >&2; exit 3");
    agent.config.env.insert("KEY".into(), SecretString::from("hunter2hunter2"));
    let (ending, _) = agent.run().await;
    let error = error(&ending);
    assert!(
        error.contains("exit status: 3")
            && error.contains("ended before it answered session/prompt")
            && error.contains("no luck with [secret]"),
        "{error}"
    );
    assert_eq!(ending.reply.as_deref(), Some("half"));
}

#[tokio::test]
async fn an_agent_that_never_says_hello_is_given_up() {
    let mut agent = agent("echo $$ > pid; cat > /dev/null");
    agent.config.start_timeout = Duration::from_millis(300);
    let (ending, _) = agent.run().await;
    assert!(error(&ending).contains("did not begin a session in time"), "{ending:?}");
    gone(&agent.read("pid")).await;
}

#[tokio::test]
async fn a_greeting_on_stdout_is_passed_over_and_a_program_that_is_no_agent_is_not() {
    let (ending, _) = agent("echo Welcome; echo; begin; echo thinking; text hello; echo '{\"odd\":'; end").run().await;
    assert_eq!((ending.state, ending.reply.as_deref()), (RunState::Succeeded, Some("hello")), "{ending:?}");
    let (ending, _) = agent("exec yes").run().await;
    assert!(error(&ending).contains("is the program an ACP agent?"), "{ending:?}");
}

#[tokio::test]
async fn an_agent_that_is_newer_than_this_client_is_understood_as_far_as_it_can_be() {
    let agent = agent(
        r#"hear; answer '{"protocolVersion":1,"agentCapabilities":{"loadSession":"maybe","sings":true},"authMethods":7}'
        hear; say '{"jsonrpc":"2.0","method":"session/sing","params":{"sessionId":"s1"}}'; answer '{"sessionId":"s1","modes":7}'
        hear; update '{"sessionUpdate":"song","verse":1}'; update '{"sessionUpdate":"agent_message_chunk","content":{"type":"scent"}}'
        say '{"jsonrpc":"2.0","id":"nobody","result":{}}'; say '[{"jsonrpc":"2.0","method":"session/update"}]'
        update '{"sessionUpdate":"agent_message_chunk","tone":"warm","content":{"type":"text","text":"well","key":"C"}}'
        update '{"sessionUpdate":"tool_call","toolCallId":"t1","kind":"teleport","status":"lost"}'
        prompt=$id; say '{"jsonrpc":"2.0","id":"p","method":"session/request_permission","params":{"sessionId":"s1","toolCall":{"toolCallId":"t1"},"options":[{"optionId":"a","kind":"allow_twice"},{"optionId":"no","kind":"reject_once"}]}}'
        hear; case $line in *'"no"'*) text ", no" ;; esac
        id=$prompt; end exhausted"#,
    );
    let (ending, told) = agent.run().await;
    assert_eq!(error(&ending), "the agent stopped for a reason that is not known here");
    assert_eq!(ending.reply.as_deref(), Some("well, no"));
    assert!(told.contains(&Progress::ToolCalled { id: "t1".into(), name: "tool".into() }), "{told:?}");
}

#[tokio::test]
async fn a_line_without_an_end_is_given_up() {
    let (ending, _) = agent("begin; printf '{'; exec cat /dev/zero").run().await;
    assert!(error(&ending).contains("a line on stdout is longer than 8 MiB"), "{ending:?}");
}

#[tokio::test]
async fn a_message_of_a_million_values_is_given_up_and_one_of_a_million_commas_is_not() {
    let of = |before: &str, values: &str, behind: &str| {
        format!(
            r#"begin; printf %s '{{"jsonrpc":"2.0","method":"session/sing","params":[{before}'
            yes '{values}' | tr -d '\n' | head -c 2000000; say '{behind}]}}'; end"#
        )
    };
    let (ending, _) = agent(&of("", "0,", "0")).run().await;
    assert!(error(&ending).contains("a line on stdout has more than 65536 values"), "{ending:?}");
    let (ending, _) = agent(&of("\"\\\\\\\"", ",,", "\"")).run().await;
    assert_eq!(ending.state, RunState::Succeeded, "{ending:?}");
}

#[tokio::test]
async fn an_agent_that_asks_and_does_not_read_is_given_up() {
    let script = r#"begin; yes '{"jsonrpc":"2.0","id":1,"method":"fs/read_text_file","params":{}}'"#;
    let (ending, _) = agent(script).run().await;
    let expected =
        "the connection to the agent broke: the agent asks and does not read: more than 64 KiB of answers wait for it";
    assert!(error(&ending).starts_with(expected), "{ending:?}");
}

#[tokio::test]
async fn what_an_agent_leaves_behind_ends_with_it() {
    for ending in ["end", "exit 0", "hear"] {
        let agent = agent(&format!("sleep 1000 & echo $! > pid; begin; {ending}"));
        let past = Job { timeout: Duration::from_secs(2), ..job() };
        agent.run_job(past).await;
        gone(&agent.read("pid")).await;
    }
}

#[tokio::test]
async fn whoever_drops_the_run_has_killed_the_agent() {
    let agent = agent("sleep 1000 & echo $! > pid; begin; text on; hear");
    let (telling, mut told) = mpsc::channel(4);
    let runner = agent.runner();
    let mut running = runner.run(job(), telling);
    tokio::select! {
        ending = &mut running => panic!("{ending:?}"),
        () = async { while !matches!(told.recv().await, Some(Progress::Text(_))) {} } => {}
    }
    drop(running);
    gone(&agent.read("pid")).await;
}

#[tokio::test]
async fn whoever_stops_a_run_lets_the_agent_end_its_turn() {
    let agent =
        agent("begin; text on; prompt=$id; hear; printf '%s' \"$line\" > heard; id=$prompt; end cancelled; hear");
    let (telling, mut told) = mpsc::channel(4);
    let (runner, job) = (agent.runner(), job());
    let stop = job.stop.clone();
    let stopping = async {
        while let Some(progress) = told.recv().await {
            if matches!(progress, Progress::Text(_)) {
                stop.cancel();
            }
        }
    };
    let (ending, ()) = tokio::join!(runner.run(job, telling), stopping);
    assert_eq!((ending.state, ending.reply.as_deref()), (RunState::Cancelled, Some("on")), "{ending:?}");
    assert!(agent.read("heard").contains("session/cancel"), "{}", agent.read("heard"));
}

#[tokio::test]
async fn an_agent_that_does_not_hear_is_killed_when_its_time_is_over() {
    let agent = agent("echo $$ > pid; trap '' TERM INT HUP; begin; while :; do sleep 1000; done");
    let (ending, _) = agent.run_job(Job { timeout: Duration::from_millis(500), ..job() }).await;
    assert_eq!(ending.state, RunState::TimedOut, "{ending:?}");
    gone(&agent.read("pid")).await;
}

#[tokio::test]
async fn an_agent_has_the_variables_that_it_is_given_and_no_others() {
    let mut agent = agent("env > env; begin; end");
    agent.config.env.insert("GIVEN".into(), SecretString::from("here"));
    agent.run().await;
    let given = agent.read("env");
    let mut names: Vec<_> = given.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    // The shell's own.
    names.retain(|name| !matches!(*name, "PWD" | "OLDPWD" | "SHLVL" | "_"));
    names.sort_unstable();
    assert_eq!(names, ["GIVEN", "PATH"]);
}

#[tokio::test]
async fn a_program_that_is_not_there_fails_the_run_with_its_name() {
    let mut agent = agent("");
    agent.config.command = vec!["/nowhere/agent".to_owned()];
    assert!(error(&agent.run().await.0).contains("the program /nowhere/agent cannot be started"));
}

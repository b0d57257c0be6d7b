//! Secrets from a program. It gets the ids as JSON on stdin and an environment that is empty but for what the operator
//! named, and answers with JSON on stdout. Whatever happens, it and its children do not outlive the question.

use std::io;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process_group};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::config::{Env, ExecProvider};
use crate::model::js_trim;

use super::file::{io_reason, must_be_own_program};
use super::resolver::{Exit, Reason, VALUE_MAX_BYTES};

/// The only version of the protocol.
const PROTOCOL_VERSION: u32 = 1;

/// Asks the program for one id.
pub(super) async fn ask(program: &ExecProvider, provider: &str, id: &str, env: &Env) -> Result<SecretString, Reason> {
    let question = json!({ "protocolVersion": PROTOCOL_VERSION, "provider": provider, "ids": [id] }).to_string();
    let answer = timeout(program.timeout, run(program, question, env)).await;
    let answer = answer.map_err(|_| Reason::TimedOut(program.timeout))??;
    pick(js_trim(answer.expose_secret()), id, program.json_only)
}

/// Runs the program to its end; dropping the future kills it with its children.
async fn run(program: &ExecProvider, question: String, env: &Env) -> Result<SecretString, Reason> {
    let command = program.command.clone();
    let checked = spawn_blocking(move || must_be_own_program(&command)).await;
    checked.unwrap_or(Err(Reason::Io { what: "looking at the program", kind: io::ErrorKind::Other }))?;
    let mut group = start(program, env)?;
    let (stdin, stdout) = (group.child.stdin.take(), group.child.stdout.take());
    let ((), answer) = tokio::join!(tell(stdin, question), listen(stdout));
    let answer = answer?;
    let status = group.child.wait().await.map_err(|error| io_reason("waiting for the program", &error))?;
    group.ended = true;
    if !status.success() {
        return Err(Reason::Failed(status.code().map_or(Exit::Signal, Exit::Code)));
    }
    Ok(answer)
}

fn start(program: &ExecProvider, env: &Env) -> Result<Group, Reason> {
    let inherited = program.pass_env.iter().filter_map(|name| Some((name, env.get(name)?)));
    let child = Command::new(&program.command)
        .args(&program.args)
        .env_clear()
        .envs(inherited)
        .envs(program.env.iter().map(|(name, value)| (name, value.expose_secret())))
        // Not our own folder: the program is not to depend on where the gateway was started.
        .current_dir(program.command.parent().unwrap_or(&program.command))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        // It may repeat the secret there, and there is nobody to read it.
        .stderr(Stdio::null())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| io_reason("starting the program", &error))?;
    Ok(Group { child, ended: false })
}

/// The program and its children. Killed when dropped, unless the program has ended and been waited for: after that its
/// number may belong to somebody else.
struct Group {
    child: Child,
    ended: bool,
}

impl Drop for Group {
    fn drop(&mut self) {
        let pid = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let (false, Some(pid)) = (self.ended, pid) {
            // An error means that it is gone already.
            let _ = kill_process_group(pid, Signal::KILL);
        }
    }
}

/// A program need not read the question, so an error here says nothing.
async fn tell(stdin: Option<ChildStdin>, question: String) {
    if let Some(mut stdin) = stdin {
        let _ = stdin.write_all(question.as_bytes()).await;
    }
}

async fn listen(stdout: Option<ChildStdout>) -> Result<SecretString, Reason> {
    const WHAT: &str = "reading the program's answer";
    let stdout = stdout.ok_or(Reason::Io { what: WHAT, kind: io::ErrorKind::BrokenPipe })?;
    let mut bytes = Vec::new();
    let read = stdout.take(VALUE_MAX_BYTES + 1).read_to_end(&mut bytes).await;
    read.map_err(|error| io_reason(WHAT, &error))?;
    if bytes.len() as u64 > VALUE_MAX_BYTES {
        return Err(Reason::TooLarge);
    }
    String::from_utf8(bytes)
        .map(SecretString::from)
        .map_err(|_| Reason::Malformed("the program's answer is not UTF-8 text"))
}

/// Takes the value out of the answer. Without `json_only`, an answer that is not a JSON object is the value.
fn pick(answer: &str, id: &str, json_only: bool) -> Result<SecretString, Reason> {
    let value = match serde_json::from_str::<Value>(answer) {
        Ok(value @ Value::Object(_)) => value,
        Ok(Value::String(text)) if !json_only => return Ok(SecretString::from(text)),
        _ if !json_only => return Ok(SecretString::from(answer)),
        _ => {
            return Err(Reason::Malformed(
                "the program's answer is not a JSON object; set jsonOnly to false for plain text",
            ));
        }
    };
    if value.get("protocolVersion").and_then(Value::as_u64) != Some(u64::from(PROTOCOL_VERSION)) {
        return Err(Reason::Malformed("the program's answer has no protocolVersion 1"));
    }
    match value.get("values").and_then(|values| values.get(id)) {
        Some(Value::String(text)) => Ok(SecretString::from(text.as_str())),
        Some(_) => Err(Reason::Malformed("the program's answer has a value for this id that is not a string")),
        None => Err(Reason::Malformed("the program's answer has no value for this id")),
    }
}

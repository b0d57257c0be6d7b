//! The agent's process: started in a group of its own with an environment of its own, and gone with all of its group when the run is.

use std::process::ExitStatus;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio::io::AsyncReadExt;
use tokio::process::{ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::super::{Group, Groups};
use crate::config::Env;
use crate::config::agents::AcpRunner;
use crate::config::agents::acp::PASS_ENV_DEFAULT;

/// What is kept of the end of stderr: a stack trace.
const STDERR_KEPT_BYTES: usize = 4 << 10;
/// What of it stands in an error, which is a line of a log and a column of a table.
const STDERR_SHOWN_CHARS: usize = 600;
/// A value of the environment that is shorter is more often a word than a secret, and taking it out would garble the text.
const SECRET_MIN_BYTES: usize = 8;

/// A running agent. Dropped, it and its group are killed.
pub(super) struct Process {
    group: Group,
    pipes: Option<(ChildStdin, ChildStdout)>,
    status: Option<ExitStatus>,
    stderr: Arc<Mutex<Vec<u8>>>,
    reading: Option<JoinHandle<()>>,
    secrets: Vec<SecretString>,
}

impl Process {
    /// Starts it. The error is a sentence.
    pub(super) fn start(config: &AcpRunner, env: &Env, groups: &Groups) -> Result<Self, String> {
        let [program, arguments @ ..] = &config.command[..] else { return Err("there is no program".to_owned()) };
        let inherited = config.pass_env.iter().filter_map(|name| Some((name, env.get(name)?)));
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .envs(inherited)
            .envs(config.env.iter().map(|(name, value)| (name, value.expose_secret())))
            .current_dir(&config.cwd);
        let mut group = groups
            .start(command)
            .map_err(|error| format!("the program {program} cannot be started in {}: {error}", config.cwd.display()))?;
        let (stdin, stdout, complaints) = group.pipes();
        let stderr = Arc::<Mutex<Vec<u8>>>::default();
        let reading = complaints.map(|pipe| tokio::spawn(keep_tail(pipe, stderr.clone())));
        let pipes = stdin.zip(stdout);
        Ok(Self { group, pipes, status: None, stderr, reading, secrets: secrets(config, env) })
    }

    /// Its input and output, once.
    pub(super) fn pipes(&mut self) -> Option<(ChildStdin, ChildStdout)> {
        self.pipes.take()
    }

    /// Returns when the program has ended by itself; whatever it has started ends with it.
    pub(super) async fn ended(&mut self) {
        self.group.has_ended().await;
        self.kill().await;
    }

    /// Waits a moment for the end of a program whose output has ended, so that the error can say how; and for the end of its stderr.
    pub(super) async fn settle(&mut self, most: Duration) {
        let _ = timeout(most, self.group.has_ended()).await;
        self.kill().await;
        if let Some(reading) = &mut self.reading {
            let _ = timeout(most, reading).await;
        }
    }

    /// Kills what is left of the group.
    pub(super) async fn kill(&mut self) {
        let status = self.group.end().await.ok();
        self.status = self.status.or(status);
    }

    /// The error with how the program ended and what it wrote last on stderr. Values of its environment are taken out.
    pub(super) fn with_last_words(&self, error: String) -> String {
        let status = self.status.map(|status| format!(" ({status})")).unwrap_or_default();
        let tail = String::from_utf8_lossy(&self.stderr.lock().unwrap_or_else(PoisonError::into_inner)).into_owned();
        let tail = self.secrets.iter().fold(tail, |tail, secret| tail.replace(secret.expose_secret(), "[secret]"));
        let line = tail.split(char::is_control).filter(|part| !part.trim().is_empty()).collect::<Vec<_>>().join(" | ");
        let skipped = line.chars().count().saturating_sub(STDERR_SHOWN_CHARS);
        let line: String = line.chars().skip(skipped).collect();
        match line.trim() {
            "" => format!("{error}{status}"),
            line => format!("{error}{status}; its last words on stderr: {line}"),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(reading) = self.reading.take() {
            reading.abort();
        }
    }
}

fn secrets(config: &AcpRunner, env: &Env) -> Vec<SecretString> {
    let passed = config.pass_env.iter().filter(|name| !PASS_ENV_DEFAULT.contains(&name.as_str()));
    let passed = passed.filter_map(|name| env.get(name)).map(SecretString::from);
    let all = config.env.values().cloned().chain(passed);
    all.filter(|value| value.expose_secret().len() >= SECRET_MIN_BYTES).collect()
}

/// Reads to the end, so that the program never waits for a reader, and keeps the tail.
async fn keep_tail(mut pipe: ChildStderr, tail: Arc<Mutex<Vec<u8>>>) {
    let mut chunk = [0_u8; 1024];
    while let Ok(read @ 1..) = pipe.read(&mut chunk).await {
        let mut tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
        tail.extend_from_slice(&chunk[..read]);
        let over = tail.len().saturating_sub(STDERR_KEPT_BYTES);
        tail.drain(..over);
    }
}

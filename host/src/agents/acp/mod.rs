//! The runner `acp`: an agent that speaks the Agent Client Protocol (version 1) over its standard input and output. Each run has a process of
//! its own, in a process group of its own, which does not outlive the run; what the agent may do is decided by the operator's policy, and
//! nobody is asked. This client offers neither its files nor terminals: an agent uses its own, as the user that it runs as.
//!
//! ```text
//! Acp::run ─► process.rs (start, stderr, kill) ─► talk.rs (initialize, session, prompt)
//!                 └─ wire.rs (over lines.rs) ◄─► the library ─► listener.rs ─► permission.rs
//!                                    telling ◄─ heard.rs (updates) ◄──┘
//! ```
//! Read `talk.rs` after this file.

mod heard;
mod lines;
mod listener;
mod permission;
mod process;
mod talk;
#[cfg(test)]
mod tests;
mod wire;

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::Groups;
use super::runner::{Job, Runs, Telling};
use crate::config::Env;
use crate::config::agents::AcpRunner;
use crate::model::{RunEnd, RunState};

use heard::Heard;
use process::Process;
use talk::{End, Talk};

/// After the program has ended: what it wrote last is still in the pipe.
const DRAIN_MAX: Duration = Duration::from_secs(2);
/// After the conversation broke: a program that is about to end can still say how, and why on stderr.
const SETTLE_MAX: Duration = Duration::from_millis(500);
/// After the run has ended: whoever takes what happened gets this long to take the last of it.
const LAST_WORDS_MAX: Duration = Duration::from_secs(5);

/// Carries out runs by a program that speaks ACP.
pub struct Acp {
    config: Arc<AcpRunner>,
    env: Env,
    groups: Groups,
}

impl Acp {
    /// A runner that starts this program among `groups`, which inherits what it may from `env`.
    pub fn new(config: AcpRunner, env: Env, groups: Groups) -> Self {
        Self { config: Arc::new(config), env, groups }
    }

    async fn carry_out(&self, job: Job, telling: Telling) -> RunEnd {
        let mut process = match Process::start(&self.config, &self.env, &self.groups) {
            Ok(process) => process,
            Err(error) => return failed(error),
        };
        let Some((stdin, stdout)) = process.pipes() else { return failed("the program has no pipes".to_owned()) };
        let deadline = Instant::now() + job.timeout;
        let heard = Arc::new(Heard::default());
        let talk = Talk { job, deadline, config: self.config.clone(), heard: heard.clone() };
        let ended = {
            let mut talking = pin!(talk.run(stdin, stdout));
            let mut telling_on = pin!(heard.tell_on(&telling));
            tokio::select! {
                biased;
                end = &mut talking => Some(end),
                () = process.ended() => timeout(DRAIN_MAX, talking).await.ok(),
                never = &mut telling_on => match never {},
            }
        };
        let is_broken = !matches!(ended, Some(End::Answered(_)));
        if is_broken {
            process.settle(SETTLE_MAX).await;
        }
        // An agent that was asked to stop has had its time for it.
        process.kill().await;
        let _ = timeout(LAST_WORDS_MAX, heard.tell_rest(&telling)).await;
        let mut ending = match ended {
            Some(End::Answered(ending)) => ending,
            Some(End::Broken(error)) => failed(error),
            None => failed("the agent's program ended before it answered".to_owned()),
        };
        ending.reply = heard.reply();
        if is_broken {
            ending.error = ending.error.map(|error| process.with_last_words(error));
        }
        ending
    }
}

impl Runs for Acp {
    fn run<'a>(&'a self, job: Job, telling: Telling) -> Pin<Box<dyn Future<Output = RunEnd> + Send + 'a>> {
        Box::pin(self.carry_out(job, telling))
    }
}

fn failed(error: String) -> RunEnd {
    RunEnd::without_reply(RunState::Failed, error)
}

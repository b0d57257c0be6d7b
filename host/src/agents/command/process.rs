//! One program with its children: asked to end and then ended as a group, at its deadline, on request, when the program itself has ended, or
//! when whoever waits for it does no more.

use std::pin::Pin;
use std::process::ExitStatus;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

use super::super::{Group, Groups};
use super::talk::{Flooded, Head, Tail, feed, listen};
use crate::config::agents::CommandRunner;

/// From the wish that it ends to the end by force: an agent may want to save what it has.
const TERM_GRACE: Duration = Duration::from_secs(5);
/// What a program wrote before it ended is in the pipe. One that leaves a child behind with its output open is not waited for longer.
const PIPE_GRACE: Duration = Duration::from_millis(500);
/// What is told of the errors of a program that failed.
const ERRORS_BYTES_MAX: usize = 2 << 10;

/// Why it was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stopped {
    TimedOut,
    Cancelled,
    /// It wrote without end.
    Flooded,
}

/// How it ended.
#[derive(Debug)]
pub(super) enum Exit {
    Ended(ExitStatus),
    Stopped(Stopped),
}

/// What came of it.
pub(super) struct Said {
    pub exit: Exit,
    /// What it printed.
    pub reply: String,
    /// The end of what it complained of.
    pub errors: Tail,
}

/// Runs the program to its end. The error is a sentence on why it could not be started.
pub(super) async fn run(
    groups: &Groups,
    config: &CommandRunner,
    env: Vec<(String, SecretString)>,
    input: Vec<u8>,
    timeout: Duration,
    stop: &CancellationToken,
) -> Result<Said, String> {
    let mut group = start(groups, config, env)?;
    let (stdin, stdout, stderr) = group.pipes();
    let (mut head, mut tail) = (Head::new(config.output_max_bytes), Tail::new(ERRORS_BYTES_MAX));
    let exit = {
        let mut talk = Talk::of(async {
            let fed = async {
                feed(stdin, input).await;
                Ok(())
            };
            tokio::try_join!(fed, listen(stdout, &mut head), listen(stderr, &mut tail)).map(drop)
        });
        let stopped = tokio::select! {
            biased;
            Flooded = talk.floods() => Some(Stopped::Flooded),
            () = group.has_ended() => None,
            () = stop.cancelled() => Some(Stopped::Cancelled),
            () = tokio::time::sleep(timeout) => Some(Stopped::TimedOut),
        };
        if let Some(Stopped::Cancelled | Stopped::TimedOut) = stopped {
            // It may go on writing while it winds up.
            group.ask_to_end();
            tokio::select! {
                Flooded = talk.floods() => {}
                () = group.has_ended() => {}
                () = tokio::time::sleep(TERM_GRACE) => {}
            }
        }
        let status = group.end().await;
        let is_flooded = talk.ends_within(PIPE_GRACE).await;
        match (stopped, status) {
            (Some(stopped), _) => Exit::Stopped(stopped),
            (None, _) if is_flooded => Exit::Stopped(Stopped::Flooded),
            (None, Ok(status)) => Exit::Ended(status),
            (None, Err(error)) => return Err(format!("the program cannot be waited for: {error}")),
        }
    };
    Ok(Said { exit, reply: head.into_text(), errors: tail })
}

/// What goes in and out while the program runs.
struct Talk<'t> {
    talking: Pin<Box<dyn Future<Output = Result<(), Flooded>> + Send + 't>>,
    ended: Option<Result<(), Flooded>>,
}

impl<'t> Talk<'t> {
    fn of(talking: impl Future<Output = Result<(), Flooded>> + Send + 't) -> Self {
        Self { talking: Box::pin(talking), ended: None }
    }

    /// Returns when the program has written too much, and never if it does not.
    async fn floods(&mut self) -> Flooded {
        if self.ended.is_none() {
            self.ended = Some(self.talking.as_mut().await);
        }
        match self.ended {
            Some(Err(flooded)) => flooded,
            _ => std::future::pending().await,
        }
    }

    /// Reads what is left, for so long at most. Whether it was too much.
    async fn ends_within(&mut self, time: Duration) -> bool {
        if self.ended.is_none() {
            self.ended = tokio::time::timeout(time, self.talking.as_mut()).await.ok();
        }
        matches!(self.ended, Some(Err(Flooded)))
    }
}

fn start(groups: &Groups, config: &CommandRunner, env: Vec<(String, SecretString)>) -> Result<Group, String> {
    let program = &config.command[0];
    let mut command = Command::new(program);
    command
        .args(&config.command[1..])
        .env_clear()
        .envs(env.iter().map(|(name, value)| (name, value.expose_secret())))
        .current_dir(&config.cwd);
    groups.start(command).map_err(|error| {
        // The system says the same of a program and of a folder that is not there.
        let folder = config.cwd.display();
        match config.cwd.is_dir() {
            true => format!("the program {program} cannot be started: {error}"),
            false => format!("the program {program} cannot be started: its cwd, {folder}, is no folder"),
        }
    })
}

//! A program with bounds: a process group of its own, so much output, so much time. It is asked to end before it is made to, and its children
//! with it; dropped, all of them are killed at once.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{ChildStdin, Command};
use tokio_util::sync::CancellationToken;

use crate::agents::Groups;

/// Between asking a program to end and making it: what a server takes to finish what it has in hand.
const GRACE: Duration = Duration::from_secs(5);
/// How long the output of a program that has ended is waited for: somebody it started may still hold the pipe.
const AFTER_END: Duration = Duration::from_secs(1);

/// A program to run.
pub(super) struct Program {
    pub words: Vec<OsString>,
    /// All of its environment.
    pub env: Vec<(OsString, OsString)>,
    pub cwd: PathBuf,
    pub stdin: Vec<u8>,
    pub stdout_max_bytes: usize,
    pub stderr_max_bytes: usize,
}

/// How it went.
#[derive(Debug)]
pub(super) struct Ran {
    pub ended: Ended,
    pub stdout: String,
    pub stderr: String,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// By itself, with this code.
    Exit(i32),
    /// By a signal of somebody else's.
    Signal,
    /// Its time was up.
    TimedOut,
    /// It was told to.
    Stopped,
}

/// Runs it to its end.
pub(super) async fn run(
    groups: &Groups,
    program: Program,
    limit: Duration,
    stop: &CancellationToken,
) -> io::Result<Ran> {
    let Some((first, rest)) = program.words.split_first() else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "there is no program to run"));
    };
    let mut command = Command::new(first);
    command.args(rest).env_clear().envs(program.env).current_dir(program.cwd);
    let mut group = groups.start(command)?;
    let (stdin, stdout, stderr) = group.pipes();
    let told = tokio::spawn(tell(stdin, program.stdin));
    let stdout = tokio::spawn(listen(stdout, program.stdout_max_bytes));
    let stderr = tokio::spawn(listen(stderr, program.stderr_max_bytes));
    let stopped = tokio::select! {
        () = group.has_ended() => None,
        () = tokio::time::sleep(limit) => Some(Ended::TimedOut),
        () = stop.cancelled() => Some(Ended::Stopped),
    };
    if stopped.is_some() {
        group.ask_to_end();
        let _ = tokio::time::timeout(GRACE, group.has_ended()).await;
    }
    // What it leaves behind ends with it.
    let status = group.end().await?;
    let ended = stopped.unwrap_or_else(|| status.code().map_or(Ended::Signal, Ended::Exit));
    told.abort();
    Ok(Ran { ended, stdout: finished(stdout).await, stderr: finished(stderr).await })
}

/// A program need not read what it is told, so an error here says nothing.
async fn tell(stdin: Option<ChildStdin>, bytes: Vec<u8>) {
    if let Some(mut stdin) = stdin {
        let _ = stdin.write_all(&bytes).await;
    }
}

/// The beginning of what it says; the rest is read and thrown away, so that the program does not wait for us.
async fn listen(pipe: Option<impl AsyncRead + Unpin>, max_bytes: usize) -> (Vec<u8>, usize) {
    let (mut kept, mut more, mut scratch) = (Vec::new(), 0, vec![0_u8; 16 << 10]);
    let Some(mut pipe) = pipe else { return (kept, more) };
    while let Ok(read @ 1..) = pipe.read(&mut scratch).await {
        let room = read.min(max_bytes.saturating_sub(kept.len()));
        kept.extend_from_slice(&scratch[..room]);
        more += read - room;
    }
    (kept, more)
}

async fn finished(mut listening: tokio::task::JoinHandle<(Vec<u8>, usize)>) -> String {
    let Ok(Ok((kept, more))) = tokio::time::timeout(AFTER_END, &mut listening).await else {
        listening.abort();
        return "[the output is not known: something that was started still holds it]".to_owned();
    };
    let mut text = String::from_utf8_lossy(&kept).into_owned();
    if more > 0 {
        text.push_str(&format!("\n[{more} more bytes were cut]"));
    }
    text
}

//! A program with bounds: a process group of its own, so much output, so much time. It is asked to end before it is made to, and its children
//! with it; dropped, all of them are killed at once.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, Command};
use tokio_util::sync::CancellationToken;

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
pub(super) async fn run(program: Program, limit: Option<Duration>, stop: &CancellationToken) -> io::Result<Ran> {
    let Some((first, rest)) = program.words.split_first() else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "there is no program to run"));
    };
    let mut child = Command::new(first)
        .args(rest)
        .env_clear()
        .envs(program.env)
        .current_dir(program.cwd)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()?;
    let told = tokio::spawn(tell(child.stdin.take(), program.stdin));
    let stdout = tokio::spawn(listen(child.stdout.take(), program.stdout_max_bytes));
    let stderr = tokio::spawn(listen(child.stderr.take(), program.stderr_max_bytes));
    let mut group = Group { child, ended: false };
    let ended = tokio::select! {
        status = group.child.wait() => {
            group.ended = true;
            status?.code().map_or(Ended::Signal, Ended::Exit)
        }
        () = reached(limit) => group.end(Ended::TimedOut).await,
        () = stop.cancelled() => group.end(Ended::Stopped).await,
    };
    told.abort();
    Ok(Ran { ended, stdout: finished(stdout).await, stderr: finished(stderr).await })
}

async fn reached(limit: Option<Duration>) {
    match limit {
        Some(limit) => tokio::time::sleep(limit).await,
        None => std::future::pending().await,
    }
}

/// The program and its children.
struct Group {
    child: Child,
    /// It was waited for: its number may belong to somebody else by now.
    ended: bool,
}

impl Group {
    async fn end(&mut self, why: Ended) -> Ended {
        self.signal(Signal::TERM);
        // A signal to a group whose leader has ended still finds the others, as long as nobody has waited for the leader.
        if tokio::time::timeout(GRACE, self.child.wait()).await.is_err() {
            self.signal(Signal::KILL);
            let _ = self.child.wait().await;
        }
        self.ended = true;
        why
    }

    fn signal(&self, signal: Signal) {
        let pid = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let (false, Some(pid)) = (self.ended, pid) {
            // An error means that it is gone already.
            let _ = kill_process_group(pid, signal);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
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

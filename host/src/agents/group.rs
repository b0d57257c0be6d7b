//! A program with its children: started in a process group of its own, and ended with all of it. Whoever starts programs for somebody else,
//! here or in a room above, does it through `Groups`, which note each of them.

use std::io;
use std::os::fd::OwnedFd;
use std::process::{ExitStatus, Stdio};

use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

use super::groups::Note;

/// The program and its children. Dropped, all of them are killed. A child that leaves the group (`setsid`) is its own master.
pub struct Group {
    child: Child,
    /// Of the program. Readable once it has ended, also before anybody has waited for it.
    handle: AsyncFd<OwnedFd>,
    pid: Pid,
    is_reaped: bool,
    note: Option<Note>,
}

impl Group {
    /// Starts it with three pipes.
    pub(super) fn start(mut command: Command) -> io::Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0).kill_on_drop(true);
        let child = command.spawn()?;
        let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let pid = pid.ok_or(io::ErrorKind::NotFound)?;
        let watched = pidfd_open(pid, PidfdFlags::empty()).map_err(io::Error::from);
        #[expect(
            deprecated,
            reason = "unsound only for handles that change their descriptor, which an OwnedFd never does; what replaces it is unsafe"
        )]
        let handle = watched.and_then(|fd| AsyncFd::with_interest(fd, Interest::READABLE));
        match handle {
            Ok(handle) => Ok(Self { child, handle, pid, is_reaped: false, note: None }),
            Err(error) => {
                let _ = kill_process_group(pid, Signal::KILL);
                Err(error)
            }
        }
    }

    pub(super) fn pid(&self) -> Pid {
        self.pid
    }

    /// The note that is to go with it.
    pub(super) fn noted(&mut self, note: Option<Note>) {
        self.note = note;
    }

    /// Its pipes, once.
    pub fn pipes(&mut self) -> (Option<ChildStdin>, Option<ChildStdout>, Option<ChildStderr>) {
        (self.child.stdin.take(), self.child.stdout.take(), self.child.stderr.take())
    }

    /// Returns when the program has ended; its children may live.
    pub async fn has_ended(&self) {
        // An error would mean that the runtime is going away.
        if self.handle.readable().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Asks the whole group to end. As long as nobody has waited for the program its number is its own, and the group's.
    pub fn ask_to_end(&self) {
        self.signal(Signal::TERM);
    }

    /// Kills whatever is left of the group, and waits for the program.
    pub async fn end(&mut self) -> io::Result<ExitStatus> {
        self.signal(Signal::KILL);
        // Before its number can be another's, who may be noted under it.
        self.has_ended().await;
        self.note = None;
        let status = self.child.wait().await;
        self.is_reaped = status.is_ok();
        status
    }

    /// Waits for the program alone, as somebody else might.
    #[cfg(test)]
    pub(super) async fn wait_for_leader(&mut self) {
        self.child.wait().await.unwrap();
    }

    fn signal(&self, signal: Signal) {
        if !self.is_reaped {
            // An error means that it is gone already.
            let _ = kill_process_group(self.pid, signal);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

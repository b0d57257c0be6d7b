//! The real program as a process of its own: started, signalled, killed.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

use crate::Client;

/// `sandclaw serve` on a config.
pub struct Process {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// A client for it.
    pub client: Client,
}

impl Process {
    /// Starts `program serve --config FILE` and waits for its line. Its log goes to `FILE.log`.
    ///
    /// # Panics
    /// If it does not come up.
    pub fn serve(program: &str, config: &Path) -> Self {
        Self::spawn(Command::new(program).arg("serve").arg("--config").arg(config), config)
    }

    /// Starts a prepared command that announces itself as `serve` does.
    ///
    /// # Panics
    /// If it does not come up.
    pub fn spawn(command: &mut Command, config: &Path) -> Self {
        let log = std::fs::File::create(config.with_extension("log")).expect("a log file");
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().expect("the program starts");
        let mut line = String::new();
        let out = child.stdout.take().expect("its stdout");
        BufReader::new(out).read_line(&mut line).expect("its first line");
        let address = line.trim().strip_prefix("listening on http://").and_then(|address| address.parse().ok());
        let address = address.unwrap_or_else(|| {
            panic!(
                "it did not come up: {line:?}\n{}",
                std::fs::read_to_string(config.with_extension("log")).unwrap_or_default()
            )
        });
        Self { child, address, client: Client::new(address) }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal.
    ///
    /// # Panics
    /// If it is gone.
    pub fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("a process id");
        kill_process(id, signal).expect("it is there to be signalled");
    }

    /// Whether it has ended, by whatever it was.
    ///
    /// # Panics
    /// If it cannot be asked.
    pub fn has_ended(&self) -> bool {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("a process id");
        let how = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        waitid(WaitId::Pid(id), how).expect("it is our child").is_some()
    }

    /// SIGKILL, and its end.
    ///
    /// # Panics
    /// If it cannot be waited for.
    pub fn kill(mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it ends");
    }

    /// Waits for its end; the exit code.
    ///
    /// # Panics
    /// If it cannot be waited for.
    pub fn wait(mut self) -> Option<i32> {
        self.child.wait().expect("it ends").code()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

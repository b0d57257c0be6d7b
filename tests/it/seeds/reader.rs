//! Somebody who reads a guide: a folder with its files, the gateway on them, and a shell into which its commands are pasted. The shell is
//! bash with the real curl; `openclaw` is this program there.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

use gateway_tests::Process;
use sandclaw::config::{Config, Env, Format};
use sandclaw::model::Run;
use sandclaw::store::{RunQuery, Store};
use serde_json::Value;
use tempfile::TempDir;

use super::snippet;
use crate::PROGRAM;
use crate::workflows::program;

/// So that what curl prints is the body, and the status below it, whatever the machine says about proxies.
const CURLRC: &str = "silent\nshow-error\nnoproxy = \"*\"\nwrite-out = \"\\n%{http_code}\"\n";

/// One who follows a guide.
pub struct Reader {
    folder: TempDir,
}

impl Reader {
    /// With these files.
    pub fn with(files: &[(&str, &str)]) -> Self {
        let reader = Self { folder: tempfile::tempdir().unwrap() };
        for inner in ["workflows", "bin"] {
            fs::create_dir(reader.path().join(inner)).unwrap();
        }
        symlink(PROGRAM, reader.path().join("bin/openclaw")).unwrap();
        reader.write(".curlrc", CURLRC);
        for (name, text) in files {
            reader.write(name, text);
        }
        reader
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path().join(name), text).unwrap();
    }

    /// Programs that workflows find, and that do nothing but note their calls.
    pub fn programs(&self, names: &[&str]) {
        names.iter().for_each(|name| program(self.path(), name, "exit 0"));
    }

    /// The gateway on the only config in the folder.
    pub fn serve(&self) -> Process {
        let mut command = Command::new(PROGRAM);
        command.current_dir(self.path()).args(["serve", "--listen", "127.0.0.1:0"]);
        Process::spawn(&mut command, &self.path().join("gateway"))
    }

    /// What the gateway logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.path().join("gateway.log")).unwrap()
    }

    /// What a script prints, with these arguments.
    pub fn bash(&self, script: &str, arguments: &[&str]) -> String {
        self.write("script.sh", script);
        let path = format!("{}:{}", self.path().join("bin").display(), std::env::var("PATH").unwrap());
        let mut bash = Command::new("bash");
        bash.current_dir(self.path()).env("PATH", path).env("CURL_HOME", self.path()).stdin(Stdio::null());
        let output = bash.arg("script.sh").args(arguments).output().unwrap();
        let complaints = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{script}: {} {complaints}", output.status);
        String::from_utf8(output.stdout).unwrap()
    }

    /// What the one `curl` of a script is answered; no JSON is null.
    pub fn curl(&self, script: &str, arguments: &[&str]) -> (u16, Value) {
        let printed = self.bash(script, arguments);
        let (body, status) = printed.rsplit_once('\n').unwrap();
        (status.parse().unwrap(), serde_json::from_str(body).unwrap_or_default())
    }

    /// What agents were asked for, in the order of the requests.
    pub fn runs(&self) -> Vec<Run> {
        let store = Store::open_beside(&self.path().join("state")).unwrap();
        let mut runs = store.runs(&RunQuery { recent: 100, ..RunQuery::default() }).unwrap();
        runs.reverse();
        runs
    }
}

/// The text with words put in for others, each of which is there.
#[track_caller]
pub fn filled(text: &str, words: &[(&str, &str)]) -> String {
    words.iter().fold(text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from:?} is not in {text}");
        text.replace(from, to)
    })
}

/// A script of a guide with this gateway at the place of `host`.
#[track_caller]
pub fn at(gateway: &Process, file: &str, host: &str) -> String {
    filled(snippet(file), &[(host, &format!("http://{}", gateway.address))])
}

/// The commands of a step of GitHub Actions.
pub fn step(file: &str) -> String {
    let (_, commands) = snippet(file).split_once("run: |\n").unwrap();
    commands.lines().map(|line| format!("{}\n", line.strip_prefix("    ").unwrap_or(line))).collect()
}

/// The config as it stands, without a variable set.
#[track_caller]
pub fn loaded(file: &str) -> Config {
    let name = Path::new(file);
    let loaded = Config::parse(snippet(file), Format::of(name).unwrap(), name, &Env::new(|_| None));
    loaded.unwrap_or_else(|errors| panic!("{errors}"))
}

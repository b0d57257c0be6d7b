//! What takes any of its words for a program or computes with them, what starts another program, and the options that hand over a program, with
//! what an author can do instead.

use super::words::Word;

/// Reads the variable where it is needed: what most shells, and what runs a shell, can do.
pub(super) const BY_SHELL: &str =
    "let that shell read it itself, as a name in `env:` and in single quotes here: `bash -c 'deploy \"$NAME\"'`";
const BY_STDIN: &str = "the other side reads its words as a line again, whatever their quotes; hand the value over with `stdin:` and read it there: `ssh host 'NAME=$(cat); deploy \"$NAME\"'`";
const BY_NO_EVAL: &str =
    "leave `eval` out, or have it read a name of `env:` inside single quotes: `eval 'deploy \"$NAME\"'`";
const BY_EXPRESSION: &str = "the shell computes there, and looks for programs in what it computes with; write `${…}`, which computes without the shell, or compare with `[ \"$NAME\" = … ]`";
const BY_NAME: &str = "write out what is to be run";

/// Take their words, or some of them, for a program, here or elsewhere, or compute with them.
pub(super) struct Evaluator {
    names: &'static [&'static str],
    /// What the author can do instead.
    pub advice: &'static str,
    /// Whether what is written out in its words is a text of the shell that has this environment.
    pub is_shell: bool,
}

const EVALUATORS: &[Evaluator] = &[
    Evaluator { names: &["eval"], advice: BY_NO_EVAL, is_shell: true },
    Evaluator {
        names: &[
            "trap",
            "watch",
            "su",
            "alias",
            "tmux",
            "screen",
            "parallel",
            "entr",
            "xterm",
            "concurrently",
            "hyperfine",
            "watchexec",
            "socat",
        ],
        advice: BY_SHELL,
        is_shell: true,
    },
    Evaluator { names: REMOTE, advice: BY_STDIN, is_shell: false },
    Evaluator { names: &["source", "at", "batch", "crontab"], advice: BY_NAME, is_shell: false },
    Evaluator { names: &["let", "declare", "typeset", "[["], advice: BY_EXPRESSION, is_shell: false },
];
/// A shell elsewhere.
const REMOTE: &[&str] = &["ssh", "rsh", "slogin", "mosh", "autossh", "pssh", "pdsh", "clush"];
/// Compute with names too: `let y=NAME` looks into `NAME`.
pub(super) const COMPUTING: [&str; 4] = ["let", "declare", "typeset", "[["];
/// Options of `ssh` with a value.
const REMOTE_VALUES: &str = "BbcDEeFIiJLlmOoPpQRSWw";
/// Of [`EVALUATORS`], those that run what they read.
const READ: [&str; 6] = ["source", ".", "at", "batch", "crontab", "parallel"];

/// Puts what it reads into the words of another program.
pub(super) const FILLERS: [&str; 2] = ["xargs", "parallel"];
/// Options of `find` behind which a program follows.
pub(super) const RUNS_NEXT: [&str; 4] = ["-exec", "-execdir", "-ok", "-okdir"];

/// Long options that hand over a program, whatever the program is that takes them.
const CODE_OPTIONS: [&str; 20] = [
    "--command",
    "--cmd",
    "--eval",
    "--exec",
    "--execute",
    "--expression",
    "--script",
    "--run",
    "--rsh",
    "--rsync-path",
    "--to-command",
    "--use-compress-program",
    "--checkpoint-action",
    "--upload-pack",
    "--receive-pack",
    "--pre",
    "--init-command",
    "--config-env",
    "--split-string",
    "-command",
];
/// Programs to which a value behind `-c` or `-e` is data. A word behind `git` is the command it holds for.
const DATA_OPTIONS: &[(&str, &str)] = &[
    ("grep egrep fgrep zgrep rg ag", "ce"),
    ("wc head tail cut tr od hexdump uniq sort fold stat du ls cat diff cmp comm nl ps df tee touch", "ce"),
    ("gzip gunzip zcat bzip bunzip xz unxz zstd lz lzma brotli tar cpio unzip", "ce"),
    ("sha1sum sha224sum sha256sum sha384sum sha512sum md5sum b2sum cksum shasum", "c"),
    ("gcc g++ cc c++ clang clang++ rustc", "c"),
    ("ping curl aria", "ce"),
    ("wget pytest ffmpeg ffprobe", "c"),
    ("docker podman nerdctl", "e"),
    ("kubectl oc stern crictl", "c"),
    ("nginx haproxy redis-server taskset ionice chrt mail mailx", "c"),
    ("bc echo printf test", "ce"),
];
/// The commands of `git` to which `-c` is data.
const GIT_DATA: [&str; 7] = ["switch", "grep", "commit", "cherry-pick", "log", "diff", "show"];
/// Settings that git only writes into commits: behind `git -c` a value may stand in one.
pub(super) const GIT_SETTINGS: [&str; 2] = ["user.name=", "user.email="];

/// Options that hand over a program to one program alone, or to one command of it. Of one letter, they count in any spelling.
const TOLD: &[(&str, &str, &[&str])] = &[
    ("git", "rebase", &["-x"]),
    ("git", "difftool", &["-x", "--extcmd"]),
    ("git", "grep", &["-O", "--open-files-in-pager"]),
    ("git", "clone", &["-u", "--config", "--template"]),
    ("git", "", &["--exec-path"]),
    ("tar gtar bsdtar", "", &["-I", "-F", "--info-script", "--new-volume-script", "--rsh-command"]),
    ("scp sftp", "", &["-S", "-o"]),
    ("split gsplit", "", &["--filter"]),
    ("sort gsort", "", &["--compress-program"]),
    ("man", "", &["-P", "--pager", "-H", "--html"]),
    ("zip", "", &["-TT", "--unzip-command"]),
    ("wget", "", &["--use-askpass"]),
    ("tcpdump", "", &["-z"]),
    ("rpm rpmbuild", "", &["-E"]),
    ("apt apt-get aptitude", "", &["-o", "--option"]),
    ("gcc g++ cc c++", "", &["-wrapper"]),
    ("npm npx pnpm", "", &["--script-shell", "--call"]),
    ("go", "", &["-exec", "-toolexec", "-vettool"]),
    ("cargo", "", &["--config"]),
    ("fd fdfind", "", &["-x", "-X", "--exec-batch"]),
    ("ncat", "", &["--sh-exec", "--lua-exec"]),
    ("nodemon", "", &["-x"]),
    ("ansible", "", &["-a", "--args"]),
    ("docker podman nerdctl", "", &["--entrypoint"]),
    ("php", "", &["-d", "--define"]),
    ("openssl", "", &["-engine"]),
    ("cmake", "", &["-P"]),
    ("start-stop-daemon", "", &["-x", "-a", "--startas"]),
];
/// Programs that start none of their words, whatever programs these may be the names of, if no `--` is among them.
const QUIET: &[&str] = &[
    "apt",
    "apt-get",
    "aptitude",
    "yum",
    "dnf",
    "apk",
    "pacman",
    "zypper",
    "pip",
    "rsync",
    "scp",
    "gcloud",
    "which",
    "type",
    "whereis",
    "man",
    "systemctl",
    "service",
    "pgrep",
    "pkill",
    "killall",
    "dpkg",
    "rpm",
    "curl",
    "wget",
    "grep",
    "rg",
    "logger",
    "cp",
    "mv",
    "rm",
    "ls",
    "cat",
    "mkdir",
    "chmod",
    "chown",
    "touch",
    "ln",
    "tail",
    "head",
    "sort",
    "wc",
    "ps",
    "kill",
    "cd",
    "tee",
];

/// Names that are words as well (`kubectl drain node`): programs only where a program can stand.
pub(super) const ALSO_WORDS: [&str; 19] = [
    "at", "batch", "watch", "screen", "source", "alias", "trap", "let", "su", "make", "node", "expect", "wish", "ed",
    "ex", "R", ".", "declare", "script",
];

/// What takes its words for a program. A `.` is one only in front, so it is not among these.
pub(super) fn evaluator(name: &str) -> Option<&'static Evaluator> {
    let name = if name == "." { "source" } else { name };
    EVALUATORS.iter().find(|evaluator| evaluator.names.contains(&name))
}

impl Evaluator {
    /// Whether it is a shell elsewhere.
    pub fn is_remote(&self) -> bool {
        self.names.iter().any(|known| REMOTE.contains(known))
    }

    /// Whether it runs what it reads: a shell elsewhere does, if it is given no command.
    pub fn reads(&self, name: &str, behind: &[&Word]) -> bool {
        if !self.is_remote() {
            // `su` runs what it reads if it is given no command.
            let has_command =
                || behind.iter().any(|word| word.plain.starts_with("-c") || word.plain.starts_with("--command"));
            return READ.contains(&name) || name == "su" && !has_command();
        }
        let mut given = 0;
        let mut behind = behind.iter();
        while let Some(word) = behind.next().filter(|_| given < 2) {
            match word.plain.strip_prefix('-') {
                Some(letter) if letter.len() == 1 && REMOTE_VALUES.contains(letter) => _ = behind.next(),
                Some(_) => {}
                None => given += 1,
            }
        }
        given < 2
    }
}

pub(super) fn is_quiet(program: &str) -> bool {
    QUIET.contains(&program)
}

/// Whether an option hands over a program to this one. `has` says whether it is given a command of its own.
pub(super) fn is_told(program: &str, has: impl Fn(&str) -> bool, option: &str) -> bool {
    let is = |known: &str| match known.len() {
        2 => {
            let letter = &known[1..];
            option.starts_with(known) || cluster(option).is_some_and(|letters| letters.ends_with(letter))
        }
        _ => option == known,
    };
    TOLD.iter().any(|(programs, command, options)| {
        programs.split(' ').any(|known| known == program)
            && (command.is_empty() || has(command))
            && options.iter().any(|known| is(known))
    })
}

/// Whether the text of an option, up to a value, says that the value is a program. A `-c` or `-e` of a program that nobody here knows counts as one, since a
/// refused line costs its author a word in [`DATA_OPTIONS`]' sense (`--name=`, `env:`, a list), and a wrong guess the other way costs the machine.
pub(super) fn takes_code(program: &str, next: &str, option: &str) -> bool {
    if CODE_OPTIONS.contains(&option) || RUNS_NEXT.contains(&option) {
        return true;
    }
    let letter = match cluster(option) {
        Some("e") => 'e',
        Some(letters) if letters.len() < 4 && letters.ends_with('c') => 'c',
        Some(letters) => return program == "env" && letters.ends_with('S'),
        None => return false,
    };
    let is_data = DATA_OPTIONS
        .iter()
        .any(|(programs, letters)| letters.contains(letter) && programs.split(' ').any(|known| known == program));
    !(is_data || program == "git" && GIT_DATA.contains(&next))
}

/// The letters of `-ec`. More than four are hardly options of one letter.
pub(super) fn cluster(option: &str) -> Option<&str> {
    option.strip_prefix('-').filter(|letters| !letters.is_empty() && letters.len() <= 4 && !letters.starts_with('-'))
}

//! The programs with a language of their own: which of their words may be a program, whether they run what they read, and how a value gets there as data.

use super::programs::BY_SHELL;

const BY_SQL: &str =
    "use `psql -v name=\"$NAME\" -f FILE` with `:'name'` in the file, or a program that binds parameters";

/// Has a language of its own, in which one of its words is a program.
pub(super) struct Language {
    pub names: &'static [&'static str],
    /// Letters of options behind which a program follows, or the file of one.
    pub code: &'static str,
    /// Options in full, and commands, behind which one follows.
    pub code_long: &'static [&'static str],
    /// Options behind which something follows that it runs beside what it reads.
    pub side: &'static [&'static str],
    /// Options behind which a program follows, and then only data.
    pub last: &'static [&'static str],
    /// Commands in front of a program.
    pub leading: &'static [&'static str],
    /// How many words that are no options are data to it, before one may be a program.
    pub data: usize,
    /// Options behind which so many words are data.
    pub values: &'static [(&'static str, usize)],
    /// Whether every word may be a program, or only the first that is no option.
    pub every_word: bool,
    /// Whether it still looks for options behind its program.
    pub options_behind: bool,
    /// Whether it runs what it reads, if it is given no program.
    pub reads: bool,
    /// Whether it does whatever it is given.
    pub always_reads: bool,
    /// Letters of options with which it does too.
    pub reading: &'static str,
    /// What the author can do instead.
    pub advice: &'static str,
    /// Whether its program is a text of the shell.
    pub is_shell: bool,
}

/// What is true of most.
const USUAL: Language = Language {
    names: &[],
    code: "e",
    code_long: &["--eval", "--command"],
    side: &[],
    last: &[],
    leading: &[],
    data: 0,
    values: &[],
    every_word: false,
    options_behind: false,
    reads: true,
    always_reads: false,
    reading: "",
    advice: "hand the value over with `env:` or `stdin:`, for the program to read",
    is_shell: false,
};

pub(super) const LANGUAGES: &[Language] = &[
    Language {
        names: &["sh", "bash", "dash", "zsh", "ksh", "mksh", "ash", "fish", "rbash", "csh", "tcsh"],
        code: "c",
        side: &["--rcfile", "--init-file"],
        values: &[("-o", 1), ("+o", 1), ("-O", 1), ("+O", 1)],
        reading: "s",
        advice: BY_SHELL,
        is_shell: true,
        ..USUAL
    },
    Language {
        names: &["awk", "gawk", "mawk", "nawk"],
        code: "fe",
        code_long: &["--file", "--source", "--include", "--exec"],
        values: &[("-F", 1), ("--field-separator", 1), ("-v", 1), ("--assign", 1)],
        reads: false,
        advice: "give it a name in `env:` and read `ENVIRON[\"NAME\"]` in the program (`-v` is no code, but changes backslashes)",
        ..USUAL
    },
    Language {
        names: &["sed", "gsed", "ssed"],
        code: "ef",
        code_long: &["--expression", "--file"],
        values: &[("-l", 1), ("--line-length", 1)],
        options_behind: true,
        reads: false,
        advice: "`sed` has no way to take a value as data; use `awk` with a name in `env:` and `ENVIRON[\"NAME\"]`",
        ..USUAL
    },
    Language {
        names: &["python", "pypy", "ipython"],
        code: "cm",
        values: &[("-W", 1), ("-X", 1)],
        reading: "i",
        advice: "give it a name in `env:` and read `os.environ[\"NAME\"]`, or put it behind the program and read `sys.argv`",
        ..USUAL
    },
    Language {
        names: &["perl"],
        code: "eE",
        values: &[("-I", 1)],
        advice: "give it a name in `env:` and read `$ENV{NAME}`, or put it behind the program and read `@ARGV`",
        ..USUAL
    },
    Language {
        names: &["ruby", "jruby", "irb"],
        code: "er",
        values: &[("-I", 1), ("-C", 1), ("-E", 1)],
        advice: "give it a name in `env:` and read `ENV[\"NAME\"]`, or put it behind the program and read `ARGV`",
        ..USUAL
    },
    Language {
        names: &["node", "nodejs", "tsx", "ts-node"],
        code: "ep",
        code_long: &["--eval", "--print"],
        side: &["-r", "--require", "--import", "--loader", "--experimental-loader"],
        reading: "i",
        advice: "give it a name in `env:` and read `process.env.NAME`, or put it behind the program and read `process.argv`",
        ..USUAL
    },
    Language {
        names: &["deno", "bun"],
        code: "ep",
        code_long: &["eval", "exec", "x", "repl", "--eval", "--print"],
        side: &["-r", "--preload", "--require", "--import-map", "-c", "--config"],
        leading: &["run", "test", "serve", "bench"],
        advice: "give it a name in `env:` and read `Deno.env.get(\"NAME\")` or `process.env.NAME`",
        ..USUAL
    },
    Language {
        names: &["php"],
        code: "rBREFf",
        values: &[("-d", 1), ("-S", 1), ("-t", 1)],
        advice: "give it a name in `env:` and read `getenv(\"NAME\")`, or put it behind the program and read `$$argv`",
        ..USUAL
    },
    Language {
        names: &["lua", "luajit"],
        code: "el",
        advice: "give it a name in `env:` and read `os.getenv(\"NAME\")`",
        ..USUAL
    },
    Language { names: &["Rscript", "R"], advice: "give it a name in `env:` and read `Sys.getenv(\"NAME\")`", ..USUAL },
    Language {
        names: &["tclsh", "wish", "expect"],
        code: "c",
        advice: "give it a name in `env:` and read `$::env(NAME)`",
        ..USUAL
    },
    Language {
        names: &["pwsh", "powershell"],
        code: "",
        code_long: &[],
        last: &["-File", "-file", "-f"],
        every_word: true,
        advice: "write `-File script.ps1` before it, or give it a name in `env:` and read `$$env:NAME` inside single quotes",
        ..USUAL
    },
    Language {
        names: &["jq", "gojq", "jaq"],
        code: "fL",
        code_long: &["--from-file", "--library-path"],
        values: &[("--arg", 2), ("--argjson", 2), ("--slurpfile", 2), ("--rawfile", 2), ("--indent", 1)],
        options_behind: true,
        reads: false,
        advice: "write `--arg name \"$NAME\"` and read `$$name` in the program, or `env.NAME`",
        ..USUAL
    },
    Language {
        names: &["yq"],
        code: "",
        code_long: &["--from-file", "--expression"],
        leading: &["eval", "e", "eval-all", "ea"],
        values: &[("-p", 1), ("-o", 1), ("-I", 1), ("--arg", 2), ("--argjson", 2)],
        reads: false,
        advice: "give it a name in `env:` and read `strenv(NAME)`; feed the file with `<`",
        ..USUAL
    },
    Language {
        names: &["make", "gmake"],
        code: "fE",
        code_long: &["--file", "--makefile", "--eval"],
        values: &[("-C", 1), ("--directory", 1), ("-j", 1)],
        every_word: true,
        reads: false,
        advice: "`make` expands a value wherever it uses it, also `$(shell …)` in it; hand it over in a file, or under a name of `env:` that only recipes read, as `\"$$NAME\"`",
        ..USUAL
    },
    Language {
        names: &["psql"],
        code: "cf",
        code_long: &["--command", "--file"],
        side: &["-o", "--output"],
        data: usize::MAX,
        values: &[
            ("-v", 1),
            ("--set", 1),
            ("--variable", 1),
            ("-h", 1),
            ("--host", 1),
            ("-p", 1),
            ("--port", 1),
            ("-U", 1),
            ("--username", 1),
            ("-d", 1),
            ("--dbname", 1),
            ("-L", 1),
            ("-F", 1),
            ("-R", 1),
        ],
        every_word: true,
        advice: BY_SQL,
        ..USUAL
    },
    Language {
        names: &["mysql", "mariadb"],
        code_long: &["--execute"],
        side: &["--init-command", "--pager"],
        data: usize::MAX,
        values: &[
            ("-u", 1),
            ("--user", 1),
            ("-h", 1),
            ("--host", 1),
            ("-P", 1),
            ("--port", 1),
            ("-D", 1),
            ("--database", 1),
            ("-S", 1),
            ("-p", 0),
        ],
        every_word: true,
        advice: BY_SQL,
        ..USUAL
    },
    Language {
        names: &["sqlite", "duckdb"],
        code: "",
        code_long: &["-c", "-s"],
        side: &["-cmd", "--cmd", "-init", "--init"],
        data: 1,
        values: &[("-separator", 1), ("-newline", 1), ("-nullvalue", 1), ("-vfs", 1)],
        every_word: true,
        advice: BY_SQL,
        ..USUAL
    },
    Language {
        names: &["clickhouse-client", "cqlsh", "sqlcmd", "sqlplus"],
        code: "efqQi",
        code_long: &["--query", "--execute", "--file"],
        every_word: true,
        advice: BY_SQL,
        ..USUAL
    },
    Language { names: &["mongo", "mongosh"], data: 1, every_word: true, ..USUAL },
    Language {
        names: &["redis-cli"],
        code: "",
        code_long: &["--eval"],
        values: &[
            ("-h", 1),
            ("-p", 1),
            ("-a", 1),
            ("-n", 1),
            ("-u", 1),
            ("-s", 1),
            ("-i", 1),
            ("-r", 1),
            ("--user", 1),
            ("--pass", 1),
        ],
        advice: "hand the value over as an argument: `redis-cli set key \"$NAME\"`",
        ..USUAL
    },
    Language { names: &["bc"], code: "", always_reads: true, advice: "compute in `${…}`", ..USUAL },
    Language { names: &["sftp", "lftp", "ftp"], code: "bce", data: usize::MAX, always_reads: true, ..USUAL },
    Language { names: &["gdb", "lldb", "dc", "ed", "ex"], every_word: true, always_reads: true, ..USUAL },
    Language {
        names: &["julia"],
        code: "eE",
        side: &["-L", "--load"],
        values: &[("-p", 1), ("-t", 1), ("-J", 1)],
        ..USUAL
    },
    Language {
        names: &[
            "osascript",
            "octave",
            "guile",
            "racket",
            "clojure",
            "groovy",
            "scala",
            "elixir",
            "erl",
            "ghci",
            "runghc",
            "gnuplot",
            // `m4`, without its digit.
            "m",
            "vi",
            "vim",
            "nvim",
            "emacs",
        ],
        every_word: true,
        ..USUAL
    },
];

//! Programs with a language of their own: which of their words may be a program, whether they run what they read, and how a value gets there as data.

use super::programs::{BY_SHELL, cluster};
use super::words::{Carriers, Word};

const BY_SQL: &str =
    "use `psql -v name=\"$NAME\" -f FILE` with `:'name'` in the file, or a program that binds parameters";

/// Has a language of its own, in which one of its words is a program.
pub(super) struct Language {
    names: &'static [&'static str],
    /// Letters of options behind which a program follows, or the file of one.
    code: &'static str,
    code_long: &'static [&'static str],
    /// Options behind which so many words are data.
    values: &'static [(&'static str, usize)],
    /// Whether every word may be a program, or only the first that is no option.
    every_word: bool,
    /// Whether it still looks for options behind its program.
    options_behind: bool,
    /// Whether it runs what it reads, if it is given no program.
    reads: bool,
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
    values: &[],
    every_word: false,
    options_behind: false,
    reads: true,
    advice: "hand the value over with `env:` or `stdin:`, for the program to read",
    is_shell: false,
};

const LANGUAGES: &[Language] = &[
    Language {
        names: &["sh", "bash", "dash", "zsh", "ksh", "mksh", "ash", "fish", "rbash", "csh", "tcsh"],
        code: "c",
        values: &[("-o", 1), ("+o", 1), ("-O", 1), ("+O", 1), ("--rcfile", 1), ("--init-file", 1)],
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
        code: "epr",
        code_long: &["--eval", "--print", "--require", "--import", "--loader", "--experimental-loader"],
        advice: "give it a name in `env:` and read `process.env.NAME`, or put it behind the program and read `process.argv`",
        ..USUAL
    },
    Language {
        names: &["deno", "bun"],
        every_word: true,
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
        every_word: true,
        advice: "give it a name in `env:` and read `$$env:NAME` inside single quotes",
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
        every_word: true,
        reads: false,
        advice: "give it a name in `env:` and read `strenv(NAME)`; feed the file with `<`",
        ..USUAL
    },
    Language {
        names: &["make", "gmake"],
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
        values: &[("-v", 1), ("--set", 1), ("--variable", 1), ("-h", 1), ("-p", 1), ("-U", 1)],
        every_word: true,
        advice: BY_SQL,
        ..USUAL
    },
    Language {
        names: &[
            "mysql",
            "mariadb",
            "sqlite",
            "duckdb",
            "clickhouse-client",
            "cqlsh",
            "sqlcmd",
            "sqlplus",
            "mongo",
            "mongosh",
        ],
        every_word: true,
        advice: BY_SQL,
        ..USUAL
    },
    Language {
        names: &[
            "osascript",
            "julia",
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
            "gdb",
            "lldb",
            "gnuplot",
            "dc",
            "m4",
            "ed",
            "ex",
            "vi",
            "vim",
            "nvim",
            "emacs",
        ],
        every_word: true,
        ..USUAL
    },
];

/// The language of a program.
pub(super) fn language(name: &str) -> Option<&'static Language> {
    LANGUAGES.iter().find(|language| language.names.contains(&name))
}

/// What a word is to a program.
enum Kind {
    /// A program follows.
    Code,
    /// So many words of data follow.
    Values(usize),
    /// An option that says it all.
    Alone,
    /// No option.
    Operand,
}

impl Language {
    /// Whether it runs what it reads when these are its words.
    pub fn reads(&self, behind: &[&Word]) -> bool {
        if !self.reads {
            return false;
        }
        let mut at = 0;
        while let Some(word) = behind.get(at) {
            match self.kind(&word.plain) {
                _ if matches!(word.plain.as_str(), "-" | "/dev/stdin" | "-s") => return true,
                Kind::Code | Kind::Operand => return false,
                Kind::Values(count) => at += count + 1,
                Kind::Alone => at += 1,
            }
        }
        true
    }

    /// The first of its words that carries a value and may be a program to it.
    pub fn may_run<'w>(&self, behind: &[&'w Word], carriers: &Carriers) -> Option<&'w Word> {
        let mut has_program = false;
        let mut at = 0;
        while let Some(word) = behind.get(at).copied() {
            let carries = carriers.carried(word).is_some();
            at += 1;
            if has_program && self.ends_with_its_program() {
                return None;
            }
            match self.kind(&word.plain) {
                Kind::Code => {
                    let program = behind.get(at).copied();
                    if let Some(carrying) =
                        [Some(word), program].into_iter().flatten().find(|word| carriers.carried(word).is_some())
                    {
                        return Some(carrying);
                    }
                    has_program = true;
                    at += 1;
                }
                Kind::Values(_) if carries && !self.is_joined(carriers.before(word)) => return Some(word),
                Kind::Values(count) => at += count,
                Kind::Alone if carries && !self.is_joined(carriers.before(word)) => return Some(word),
                Kind::Alone => {}
                Kind::Operand if carries && (self.every_word || !has_program) => return Some(word),
                Kind::Operand => has_program = true,
            }
        }
        None
    }

    /// Whether all behind its program is data to it.
    pub fn ends_with_its_program(&self) -> bool {
        !self.options_behind && !self.every_word
    }

    fn kind(&self, word: &str) -> Kind {
        let Some(letters) = word.strip_prefix(['-', '+']).filter(|letters| !letters.is_empty()) else {
            return Kind::Operand;
        };
        if letters == "-" {
            return Kind::Alone;
        }
        if let Some((_, count)) = self.values.iter().find(|(known, _)| *known == word) {
            return Kind::Values(*count);
        }
        let Some(letters) = cluster(word) else {
            let name = word.split('=').next().unwrap_or(word);
            return if self.code_long.contains(&name) { Kind::Code } else { Kind::Alone };
        };
        if letters.contains(|letter| self.code.contains(letter)) {
            return Kind::Code;
        }
        // `-eo pipefail`: only the last letter of several takes a word.
        let is_last = |known: &str| cluster(known).is_some_and(|known| known.len() == 1 && letters.ends_with(known));
        let value = self.values.iter().find(|(known, _)| is_last(known) && letters.len() > 1);
        value.map_or(Kind::Alone, |(_, count)| Kind::Values(*count))
    }

    /// Whether what follows in the same word is data: `--arg=…`, `-v…`.
    fn is_joined(&self, before: &str) -> bool {
        self.values.iter().any(|(known, _)| before.starts_with(known) && before.len() >= known.len())
    }
}

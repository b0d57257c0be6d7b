//! Lines through a real shell.

mod environment;
mod lines;
mod programs;

use std::process::Command;

use serde_json::json;

use super::{Argv, CommandError, Given, ShellLine};
use crate::expr::{Scope, Shape, Text, Values};

fn scope() -> Scope {
    let mut scope = Scope::default();
    scope.add("x", Shape::Any);
    scope.add("step1", Shape::Any);
    scope.add("ci-deploy", Shape::Any);
    scope
}

fn parse(line: &str) -> Result<ShellLine, CommandError> {
    ShellLine::parse(line, &scope(), &Given { variables: &["declared".to_owned()], ..Given::default() })
}

/// What a real shell prints for a line when `$x` is this.
fn run(line: &str, x: &serde_json::Value) -> String {
    let mut values = Values::default();
    values.set("x", x.clone());
    let line = parse(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    let variables = line.variables(&values).unwrap();
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(line.script()).env_clear().env("HOME", "/home/me").env("PATH", "/usr/bin:/bin").envs(variables);
    let output = shell.output().unwrap();
    assert!(output.status.success(), "{line:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What somebody might send.
const HOSTILE: [&str; 16] = [
    "it's \"quoted\"",
    "$(echo pwned)",
    "`echo pwned`",
    "'; echo pwned; '",
    "\"; echo pwned; \"",
    "a\nb\n; echo pwned",
    "$HOME ${HOME} $1 $x ${x}",
    "* ? [a-z] ~ {a,b}",
    "a  b\tc",
    "\\",
    "\\'\\\"",
    "| & ; < > ( ) { } # !",
    "é 部署 \u{1f600}",
    "'\"'\"'",
    "${SANDCLAW_V1}",
    "",
];

#[test]
fn a_value_is_the_same_text_in_every_kind_of_quotes() {
    for value in HOSTILE {
        for line in [
            "printf '<%s>' $x",
            "printf '<%s>' \"$x\"",
            "printf '<%s>' '$x'",
            "printf '<%s>' ${x}",
            "printf '<%s>' \"${x}\"",
            "printf '<%s>' '${x}'",
            "true && { printf '<%s>' $x; }",
            "if true; then\n  printf '<%s>' \"$x\" # don't mind $x\nfi",
            "Y=$x; printf '<%s>' \"$Y\"",
            "(printf '<%s>' $x) | cat",
            "case $x in *) printf '<%s>' \"$x\" ;; esac",
        ] {
            assert_eq!(run(line, &json!(value)), format!("<{value}>"), "{line}");
        }
        assert_eq!(run("printf '<%s>' a'b $x'\"c$x\"d$x", &json!(value)), format!("<ab {value}c{value}d{value}>"));
        assert_eq!(run("printf '<%s>' \"\\\"$x\\\\\"", &json!(value)), format!("<\"{value}\\>"));
    }
}

#[test]
fn a_line_without_references_goes_to_the_shell_as_it_is() {
    for line in [
        "kubectl get pods -A | grep -v Running",
        "dmesg | tail -50",
        "echo $HOME ${HOME:-none} $1 $@ $# $? $! $$ $((1 + 2)) $(date +%s) `date`",
        "awk '{print $1}' file",
        "cat <<EOF\nit's $HOME\nEOF",
        "echo $declared ${declared}",
        "sh -c 'echo $1' sh a",
        "echo 'a' \"b\" \\$x",
    ] {
        assert_eq!(parse(line).unwrap_or_else(|error| panic!("{line}: {error}")).script(), line);
    }
    assert_eq!(
        parse("for f in a b; do echo $$f $${f%x}; done").unwrap().script(),
        "for f in a b; do echo $f ${f%x}; done"
    );
    assert_eq!(
        run("echo $HOME/$x $(echo in $HOME) \"$(echo \"it's\")\" $x", &json!("v")),
        "/home/me/v in /home/me it's v\n"
    );
}

#[test]
fn values_keep_their_meaning_as_text() {
    assert_eq!(
        run("echo $x.a ${x.list[1]} ${x.n > 2 ? 'many' : 'few'}", &json!({ "a": 1, "list": [0, "b"], "n": 3 })).trim(),
        "1 b many"
    );
    assert_eq!(run("printf '<%s>' ${x.missing}", &json!({})), "<>");
    assert_eq!(run("printf '<%s>' $x", &json!({ "a": [1] })), "<{\"a\":[1]}>");
}

#[test]
fn a_value_that_a_program_would_take_for_an_option_is_refused_when_it_is_run() {
    let refused = |line: &str, value: serde_json::Value| {
        let mut values = Values::default();
        values.set("x", value);
        parse(line).unwrap().variables(&values)
    };
    for line in [
        "git checkout $x",
        "git checkout \"$x\"",
        "git checkout '$x'",
        "git log ${x}y",
        "true; ls $x",
        "tar -- a | grep $x",
    ] {
        let refusal = refused(line, json!("--upload-pack=evil"));
        assert_eq!(refusal, Err(CommandError::Option("x".to_owned())), "{line}");
        assert!(refused(line, json!("main")).is_ok(), "{line}");
        assert!(refused(line, json!(-5)).is_ok(), "{line}");
    }
    for line in ["git checkout -- $x", "git log --author=$x", "echo $x", "ls > $x", "A=$x true", "[ $x = y ]", "ls a$x"]
    {
        assert!(refused(line, json!("-rf")).is_ok(), "{line}");
    }
    assert_eq!(refused("ls $x", json!("a\0b")), Err(CommandError::Nul("x".to_owned())));
    assert_eq!(
        refused("ls $x", json!("a".repeat(super::VALUE_MAX_BYTES + 1))),
        Err(CommandError::TooLong("x".to_owned()))
    );
}

#[test]
fn a_reference_where_a_value_could_run_is_refused_when_the_line_is_read() {
    for (line, expected) in [
        ("echo $(cat $x)", "`$x` stands inside `$(…)`; give it a name in the step's `env:`"),
        ("echo \"$(cat \"$x\")\"", "`$x` stands inside `$(…)`"),
        ("echo `cat $x`", "`$x` stands inside backticks"),
        ("echo $((1 + $x))", "`$x` stands inside `$(…)`"),
        ("diff <(sort $x) a", "`$x` stands inside `<(…)`"),
        ("echo ${HOME:-$x}", "`$x` stands inside a `${…}` of the shell"),
        ("cat <<EOF\n$x\nEOF", "`$x` stands behind `<<`"),
        ("((a = 1)); echo $x", "`$x` stands behind `((`"),
        ("echo $'a\\'' $x", "`$x` stands behind `$'…'`"),
        ("echo $(echo # )\n) $x", "`$x` stands behind a part of which it cannot be told where it ends"),
        ("echo 'a $x", "`x` stands in a line whose quotes do not end"),
        ("$x", "`$x` stands where it would choose the program"),
        ("./bin/$x a", "`$x` stands where it would choose the program"),
        ("true && \"$x\"", "`$x` stands where it would choose the program"),
        ("sudo -n $x", "`$x` stands where it would choose the program"),
        ("A=1 env B=2 $x", "`$x` stands where it would choose the program"),
        ("sh $x", "`$x` stands in a text that `sh` may run"),
        ("timeout 5 $x", "`$x` stands where it would choose the program"),
        ("sh -c 'echo $x'", "`$x` stands in a text that `sh` may run"),
        ("/bin/bash -ec \"echo $x\"", "`$x` stands in a text that `bash` may run"),
        ("eval echo $x", "`$x` stands in a command of `eval`"),
        ("ssh host rm $x", "`$x` stands in a command of `ssh`"),
        ("[[ 1 -eq $x ]]", "`$x` stands in a command of `[[`"),
        ("awk \"/$x/\" file", "`$x` stands in a text that `awk` may run"),
        ("python3 -c 'print(\"$x\")'", "`$x` stands in a text that `python` may run"),
        ("/usr/bin/python3.12 -c 'print(\"$x\")'", "`$x` stands in a text that `python` may run"),
        ("sed -e $x", "`$x` stands in a text that `sed` may run"),
        ("sed $x", "`$x` stands in a text that `sed` may run"),
        ("echo $x | sh", "`$x` stands in a line with a program that runs what it reads"),
        ("echo $x | xargs -I{} sh -c 'echo {}'", "`$x` stands in a line with a program that runs what it reads"),
        ("echo $x | python3 -", "`$x` stands in a line with a program that runs what it reads"),
        ("PATH=$x ls", "`$x` stands in PATH, which decides what programs do"),
        ("LD_PRELOAD=$x ls", "`$x` stands in LD_PRELOAD"),
        ("for f in a; do echo $f; done", "there is no `f` here; "),
        ("echo ${name}", "there is no `name` here"),
        ("echo $Name", "there is no `Name` here"),
        ("echo $(ls $f)", "there is no `f` here"),
    ] {
        let error = parse(line).expect_err(line).to_string();
        assert!(error.starts_with(expected), "{line}: {error}");
    }
    let error = parse("echo $f").unwrap_err().to_string();
    assert!(error.ends_with("if `f` is a variable of the shell, write `$$f`"), "{error}");
}

#[test]
fn each_word_of_a_list_stays_one_word() {
    let argv = |words: &[&str]| {
        let words = words.iter().map(|word| Text::parse(word, &scope()).unwrap()).collect();
        Argv::new(words, &Given::default())
    };
    let mut values = Values::default();
    for value in HOSTILE {
        values.set("x", json!(value));
        let words = argv(&["printf", "<%s>", "$x", "a${x}b"]).unwrap().words(&values).unwrap();
        assert_eq!(words, ["printf", "<%s>", value, &format!("a{value}b")]);
    }
    values.set("x", json!("-rf"));
    assert!(matches!(argv(&["rm", "$x"]).unwrap().words(&values), Err(CommandError::Option(_))));
    assert!(argv(&["rm", "--", "$x"]).unwrap().words(&values).is_ok());
    assert!(argv(&["rm", "--name=$x"]).unwrap().words(&values).is_ok());
    for refused in [&["$x"][..], &["sh", "-c", "echo $x"], &["ssh", "host", "$x"], &["python3", "-c", "$x"]] {
        assert!(argv(refused).is_err(), "{refused:?}");
    }
    assert!(argv(&["sh", "-c", "echo \"$$1\"", "sh", "$x"]).is_ok());
}

#[test]
fn no_beginning_and_no_end_of_a_line_makes_the_reader_panic() {
    let line = "A=$x echo \"a $(b `c` ${D:-'e'} \\\")\" 'f' $'g' \\é <<EOF ${x.a ? 'é' : \"}\"} $$x $$ # é\n| sh -c '$x'; ((1)) é$";
    for at in (0..=line.len()).filter(|at| line.is_char_boundary(*at)) {
        let _ = parse(&line[..at]);
        let _ = parse(&line[at..]);
    }
}

#[test]
fn a_line_that_is_hard_to_read_is_read_or_refused_in_time() {
    for piece in [
        "((",
        "$[",
        "$(",
        "${a",
        "${A=}",
        "at ",
        "sed ",
        "sh;",
        "sh|",
        "A=$B;",
        "<<E\n",
        "'$(' ",
        "\"",
        "`",
        "eval 'eval ",
        "${A:-",
    ] {
        let line = piece.repeat(super::LINE_MAX_BYTES / piece.len() / 8);
        let _ = parse(&format!("echo $x; {line}"));
        let _ = parse(&format!("{line} \"$LOBSTER_ARG_A\""));
    }
    assert_eq!(parse(&"a".repeat(super::LINE_MAX_BYTES + 1)), Err(CommandError::LongLine));
}

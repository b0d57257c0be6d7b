use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode, mknodat};

use super::*;
use crate::config::ExecProvider;

/// A shell script. Another process writes it: a program that is open for writing here, even only in a child that another
/// test is just starting, could not be run.
fn script(dir: &Path, name: &str, lines: &str, mode: u32) -> PathBuf {
    let path = dir.join(name);
    let mut writer =
        Command::new("/bin/sh").args(["-c", "cat > \"$0\""]).arg(&path).stdin(Stdio::piped()).spawn().unwrap();
    writer.stdin.take().unwrap().write_all(format!("#!/bin/sh\n{lines}\n").as_bytes()).unwrap();
    assert!(writer.wait().unwrap().success());
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    path
}

fn program(command: PathBuf) -> ExecProvider {
    ExecProvider {
        command,
        args: Vec::new(),
        pass_env: Vec::new(),
        env: BTreeMap::new(),
        json_only: true,
        timeout: Duration::from_secs(60),
    }
}

async fn ask(program: ExecProvider) -> String {
    resolved(Provider::Exec(program), &reference(SecretSource::Exec, "p", "k/1")).await
}

/// What a script that prints this resolves to.
async fn answered(lines: &str, json_only: bool) -> String {
    let dir = tempfile::tempdir().unwrap();
    ask(ExecProvider { json_only, ..program(script(dir.path(), "s", lines, 0o700)) }).await
}

#[tokio::test]
async fn a_program_is_asked_by_protocol_and_its_value_taken() {
    let lines = r#"read -r q; [ "$q" = '{"protocolVersion":1,"provider":"p","ids":["k/1"]}' ] || exit 3
echo '{"protocolVersion":1,"values":{"k/1":" s3cret "}}'"#;
    assert_eq!(answered(&format!("q=$(cat); {}", &lines["read -r q; ".len()..]), true).await, "s3cret");
}

#[tokio::test]
async fn an_answer_that_is_not_by_protocol_is_refused() {
    for (lines, expected) in [
        ("echo s3cret", "the program's answer is not a JSON object; set jsonOnly to false for plain text"),
        ("echo '\"s3cret\"'", "the program's answer is not a JSON object; set jsonOnly to false for plain text"),
        ("true", "the program's answer is not a JSON object; set jsonOnly to false for plain text"),
        (r#"echo '{"values":{"k/1":"x"}}'"#, "the program's answer has no protocolVersion 1"),
        (r#"echo '{"protocolVersion":2,"values":{"k/1":"x"}}'"#, "the program's answer has no protocolVersion 1"),
        (r#"echo '{"protocolVersion":1}'"#, "the program's answer has no value for this id"),
        (r#"echo '{"protocolVersion":1,"values":{"k/2":"x"}}'"#, "the program's answer has no value for this id"),
        (
            r#"echo '{"protocolVersion":1,"values":{"k/1":5}}'"#,
            "the program's answer has a value for this id that is not a string",
        ),
        (r#"echo '{"protocolVersion":1,"values":{"k/1":" "}}'"#, "the value is blank"),
        (r"printf '\377'", "the program's answer is not UTF-8 text"),
        (r#"echo '{"protocolVersion":1,"values":{"k/1":"x"}}'; exit 3"#, "the program failed: exit code 3"),
        ("kill -9 $$", "the program failed: killed by a signal"),
        ("head -c 1048577 /dev/zero", "larger than 1 MiB"),
    ] {
        assert_eq!(answered(lines, true).await, format!("!exec:p:k/1: {expected}"), "{lines}");
    }
}

#[tokio::test]
async fn plain_text_is_a_value_if_the_operator_says_so() {
    for (lines, expected) in [
        ("echo ' s3cret '", "s3cret"),
        ("echo 12345", "12345"),
        ("echo '\"quoted\"'", "quoted"),
        (r#"echo '{"protocolVersion":1,"values":{"k/1":"x"}}'"#, "x"),
        (r#"echo '{"other":1}'"#, "!exec:p:k/1: the program's answer has no protocolVersion 1"),
        ("true", "!exec:p:k/1: the value is blank"),
    ] {
        assert_eq!(answered(lines, false).await, expected, "{lines}");
    }
}

#[tokio::test]
async fn a_program_sees_only_the_variables_that_it_was_given() {
    let dir = tempfile::tempdir().unwrap();
    let command = script(dir.path(), "s", "echo \"$1,$TOKEN,$EXTRA,${lower-unset},${HOME-unset},$(pwd)\"", 0o700);
    let asked = ExecProvider {
        args: vec!["an arg".to_owned()],
        pass_env: vec!["TOKEN".to_owned(), "NO".to_owned()],
        env: BTreeMap::from([("EXTRA".to_owned(), "e".into())]),
        json_only: false,
        ..program(command)
    };
    let folder = fs::canonicalize(dir.path()).unwrap();
    assert_eq!(ask(asked).await, format!("an arg, t0ken\n,e,unset,unset,{}", folder.display()));
}

#[tokio::test]
async fn a_program_that_others_could_have_put_there_is_not_run() {
    let dir = tempfile::tempdir().unwrap();
    for mode in [0o720, 0o702, 0o777] {
        let command = script(dir.path(), &format!("{mode:o}"), "echo x", mode);
        let expected = "!exec:p:k/1: the program can be written by its group or others; chmod go-w it";
        assert_eq!(ask(program(command)).await, expected);
    }
    let command = script(dir.path(), "s", "echo x", 0o755);
    assert_eq!(ask(ExecProvider { json_only: false, ..program(command.clone()) }).await, "x");
    std::os::unix::fs::symlink(&command, dir.path().join("link")).unwrap();
    let expected = "!exec:p:k/1: the program is a symbolic link; name what it points to";
    assert_eq!(ask(program(dir.path().join("link"))).await, expected);
    let missing = ask(program(dir.path().join("missing"))).await;
    assert_eq!(missing, "!exec:p:k/1: looking at the program: entity not found");
    let plain = ask(program(write(dir.path(), "plain", "x", 0o600))).await;
    assert_eq!(plain, "!exec:p:k/1: starting the program: permission denied");
    assert_eq!(ask(program("s".into())).await, "!exec:p:k/1: the program must be named by an absolute path");
}

#[tokio::test]
async fn a_program_that_takes_too_long_is_given_up() {
    let dir = tempfile::tempdir().unwrap();
    let command = script(dir.path(), "s", "sleep 1000", 0o700);
    let asked = ExecProvider { timeout: Duration::from_millis(50), ..program(command) };
    assert_eq!(ask(asked).await, "!exec:p:k/1: no answer within 50ms");
}

#[tokio::test]
async fn a_program_that_is_given_up_dies_with_its_children() {
    let dir = tempfile::tempdir().unwrap();
    let pipe = dir.path().join("pipe");
    mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let command = script(dir.path(), "s", "exec 3> pipe; sleep 1000 & wait", 0o700);
    let asking = tokio::spawn(ask(program(command)));
    // Opens once the program has opened the other end, and ends once nobody has it open any more.
    let mut alive = tokio::task::spawn_blocking(|| fs::File::open(pipe).unwrap()).await.unwrap();
    asking.abort();
    assert!(asking.await.unwrap_err().is_cancelled());
    let ended = tokio::task::spawn_blocking(move || alive.read_to_end(&mut Vec::new())).await.unwrap();
    assert_eq!(ended.unwrap(), 0);
}

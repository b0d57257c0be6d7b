//! The keys of the `command` runner.

use std::path::PathBuf;

use super::super::field::Field;
use super::super::reader::Section;
use super::super::secrets::{self, all};
use super::super::tree::Value;
use super::numbers::OUTPUT_KIB;
use super::{Around, CommandRunner, Stdin};

pub(super) const KEYS: [&str; 6] = ["command", "cwd", "env", "passEnv", OUTPUT_KIB.key, "stdin"];

/// Arguments of a program, itself included. What does not fit belongs into a script.
const ARGUMENTS_MAX: usize = 256;

/// The runner, unless something about it is wrong.
pub(super) fn read(section: &Section<'_>, around: &Around<'_>) -> Option<CommandRunner> {
    let command = read_command(&section.field("command"));
    let cwd = section.field("cwd");
    let cwd = if cwd.is_present() { cwd.text().map(PathBuf::from) } else { Some(PathBuf::new()) };
    let env = all(section.field("env").entries(), |(name, field)| {
        let secret = secrets::read_credential(field, around.declared);
        Some((variable((*name).to_owned(), field)?, secret?))
    });
    let pass_env = all(section.field("passEnv").items(), |field| variable(field.text()?, field));
    let output_kib = section.field(OUTPUT_KIB.key).number(OUTPUT_KIB.min..=OUTPUT_KIB.max);
    let stdin = section.field("stdin");
    let stdin = match stdin.is_present() {
        true => stdin.choice(&[("message", Stdin::Message), ("json", Stdin::Json)]),
        false => Some(Stdin::Message),
    };
    Some(CommandRunner {
        command: command?,
        cwd: around.beside.join(cwd?),
        env: env?,
        pass_env: pass_env?,
        output_max_bytes: output_kib.unwrap_or(OUTPUT_KIB.default) as usize * 1024,
        stdin: stdin?,
    })
}

/// `["prog", "arg", …]`. No shell reads it, so that nothing in a message or a config is ever a command by accident.
fn read_command(field: &Field<'_>) -> Option<Vec<String>> {
    const WANTED: &str = "a list such as [\"claude\", \"-p\"]: the program and its arguments";
    if !matches!(field.value(), Some(Value::List(_))) {
        field.must_be(WANTED);
        return None;
    }
    let items = field.items();
    if !(1..=ARGUMENTS_MAX).contains(&items.len()) {
        field.problem(format!("must be {WANTED}, {ARGUMENTS_MAX} at most"));
        return None;
    }
    let command = all(items.iter().collect(), |item| {
        let text = item.verbatim()?;
        if text.contains('\0') {
            item.problem("no argument can hold a NUL character");
            return None;
        }
        Some(text)
    })?;
    let program = &command[0];
    // A relative path would depend on a folder that says nothing about it.
    if program.is_empty() || program.contains('/') && !program.starts_with('/') {
        items[0].problem("must be the name of a program in PATH, or an absolute path");
        return None;
    }
    Some(command)
}

fn variable(name: String, field: &Field<'_>) -> Option<String> {
    if name.is_empty() || name.contains(['=', '\0']) {
        field.problem("must be the name of an environment variable, without `=`");
        return None;
    }
    Some(name)
}

//! Commands: a line for the shell or a list of words, in the operator's folder, with the environment that this file says and no other. Values of
//! a request are only ever environment variables, words or stdin.

use std::ffi::OsString;
use std::path::PathBuf;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use secrecy::ExposeSecret;
use serde_json::Value;

use super::Work;
use super::process::{self, Ended, Program};
use crate::config::Env;
use crate::expr::as_text;
use crate::workflow::engine::result::StepResult;
use crate::workflow::engine::summary::cut;
use crate::workflow::{Body, VALUE_MAX_BYTES};

/// What is kept of stdout: Lobster's number. Of stderr an error with its trace.
const STDOUT_MAX_BYTES: usize = 512_000;
const STDERR_MAX_BYTES: usize = 64 << 10;
/// Of stderr in the message of a failure.
const REASON_MAX_CHARS: usize = 400;

/// Variables that every program gets from the gateway's own environment, if they are set there.
const INHERITED: [&str; 6] = ["PATH", "HOME", "USER", "LANG", "TZ", "TMPDIR"];
/// Where programs are looked for if the gateway itself does not know.
const PATH_DEFAULT: &str = "/usr/local/bin:/usr/bin:/bin";

/// Runs it; nothing if it was told to stop.
pub(super) async fn run(work: &Work<'_>) -> Option<StepResult> {
    let rights = work.kit.rights(work.plan.key());
    if !rights.command {
        return Some(StepResult::failed("not_granted", "the operator has not granted `command` to this workflow"));
    }
    let program = match program(work) {
        Ok(program) => program,
        Err(why) => return Some(StepResult::failed("command", why)),
    };
    let ran = match process::run(&work.kit.groups, program, work.limit(), work.stop).await {
        Ok(ran) => ran,
        Err(error) => return Some(StepResult::failed("command", format!("the program cannot be started: {error}"))),
    };
    let result = match ran.ended {
        Ended::Stopped => return None,
        Ended::Exit(0) => StepResult { success: true, exit_code: Some(0), ..StepResult::default() },
        Ended::Exit(code) => {
            let why = match ran.stderr.trim() {
                "" => format!("ended with code {code}"),
                said => format!("ended with code {code}: {}", cut(said, REASON_MAX_CHARS)),
            };
            StepResult { exit_code: Some(code), ..StepResult::failed("exit", why) }
        }
        Ended::Signal => StepResult::failed("signal", "was ended by a signal"),
        Ended::TimedOut => work.timed_out(),
    };
    let json = serde_json::from_str(ran.stdout.trim()).unwrap_or(Value::Null);
    Some(StepResult { stdout: Some(ran.stdout), stderr: Some(ran.stderr), json, ..result }.told())
}

fn program(work: &Work<'_>) -> Result<Program, String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let mut env = Vec::new();
    inherited(work, &mut env);
    own(work, &mut env)?;
    for (name, value) in work.plan.env.iter().chain(&work.step.env) {
        put(&mut env, name, value.render(work.values).map_err(|error| text(&error))?)?;
    }
    // Last, and so above all: what the operator says is not the file's to change.
    for (name, value) in
        work.kit.env(work.plan.key()).map_err(|name| format!("the variable {name} has no value now"))?
    {
        put(&mut env, &name, value.expose_secret().to_owned())?;
    }
    let words = match &work.step.body {
        Body::Shell(line) => {
            for (name, value) in line.variables(work.values).map_err(|error| text(&error))? {
                put(&mut env, &name, value)?;
            }
            vec!["/bin/sh".into(), "-c".into(), line.script().into()]
        }
        Body::Argv(argv) => {
            argv.words(work.values).map_err(|error| text(&error))?.into_iter().map(OsString::from).collect()
        }
        _ => return Err("this step is no command".to_owned()),
    };
    let stdin = match &work.step.stdin {
        Some(stdin) => as_text(stdin.value(work.values).map_err(|error| text(&error))?).into_bytes(),
        None => Vec::new(),
    };
    Ok(Program {
        words,
        env,
        cwd: folder(work)?,
        stdin,
        stdout_max_bytes: STDOUT_MAX_BYTES,
        stderr_max_bytes: STDERR_MAX_BYTES,
    })
}

type Variables = Vec<(OsString, OsString)>;

fn inherited(work: &Work<'_>, env: &mut Variables) {
    let (process, rights) = (Env::process(), work.kit.rights(work.plan.key()));
    env.push(("PATH".into(), PATH_DEFAULT.into()));
    for name in INHERITED.into_iter().chain(rights.pass_env.iter().map(String::as_str)) {
        if let Some(value) = process.get(name) {
            env.push((name.into(), value.into()));
        }
    }
}

/// What the run is, and what it was begun with.
fn own(work: &Work<'_>, env: &mut Variables) -> Result<(), String> {
    put(env, "SANDCLAW_FLOW_ID", work.flow.as_str().to_owned())?;
    put(env, "SANDCLAW_WORKFLOW", work.plan.name.clone())?;
    put(env, "SANDCLAW_STEP", work.step.id.clone())?;
    let Some(Value::Object(args)) = work.values.get("args") else { return Ok(()) };
    for (name, value) in args {
        let plain: String =
            name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
        // One that no program can be given is still in the JSON, if that is short enough.
        let value = as_text(value.clone());
        if value.len() <= VALUE_MAX_BYTES && !value.contains('\0') {
            put(env, &format!("LOBSTER_ARG_{plain}"), value)?;
        }
    }
    let all = Value::Object(args.clone()).to_string();
    if all.len() <= VALUE_MAX_BYTES {
        put(env, "LOBSTER_ARGS_JSON", all)?;
    }
    Ok(())
}

/// Sets a variable, instead of the one of that name.
fn put(env: &mut Variables, name: &str, value: String) -> Result<(), String> {
    if value.contains('\0') {
        return Err(format!("the variable {name} would hold a NUL character; hand the value over with `stdin:`"));
    }
    if value.len() > VALUE_MAX_BYTES {
        return Err(format!(
            "the variable {name} would be longer than {VALUE_MAX_BYTES} bytes; hand the value over with `stdin:`"
        ));
    }
    env.retain(|(known, _)| known != name);
    env.push((name.into(), value.into()));
    Ok(())
}

/// The folder: the operator's for this workflow, or that of the workflows; what the file says lies inside of it, also through links.
fn folder(work: &Work<'_>) -> Result<PathBuf, String> {
    let rights = work.kit.rights(work.plan.key());
    let base = rights.cwd.as_deref().unwrap_or(&work.kit.settings.dir);
    let absolute =
        base.canonicalize().map_err(|error| format!("the folder {} cannot be opened: {error}", base.display()))?;
    let Some(inside) = work.step.cwd.as_ref().or(work.plan.cwd.as_ref()) else { return Ok(absolute) };
    let inside = inside.render(work.values).map_err(|error| error.to_string())?;
    let dir = Dir::open_ambient_dir(&absolute, ambient_authority())
        .map_err(|error| format!("the folder {} cannot be opened: {error}", absolute.display()))?;
    let found = dir
        .canonicalize(&inside)
        .map_err(|error| format!("cwd: {} is no folder inside {}: {error}", cut(&inside, 200), absolute.display()))?;
    Ok(absolute.join(found))
}

//! Reads providers and secrets. Nothing is resolved here; `auth::secret` does that. What can never resolve is refused
//! here, where its line is known.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use crate::model::js_trim;

use super::env::substitute;
use super::field::Field;
use super::problem::quoted;
use super::provider::{
    DEFAULT_PROVIDER, ExecProvider, FileMode, Provider, Providers, SecretRef, SecretSource, SecretSpec, Secrets,
};
use super::reader::Section;
use super::tree::Value;

/// How often a secret that may have changed is looked at. Two seconds is soon enough for a person who waits for it.
const REFRESH_MS_DEFAULT: u32 = 2_000;
/// OpenClaw's number: a vault that answers at all answers in this time, and start-up waits for it.
const EXEC_TIMEOUT_MS_DEFAULT: u32 = 5_000;

/// What a plain secret has at least: 24 characters of base64 are 144 bits, of hex still 96.
const PLAIN_SHORT_CHARS: usize = 24;

/// The only id of a file that holds one value.
const SINGLE_VALUE_ID: &str = "value";

const SOURCES: [(&str, SecretSource); 3] =
    [("env", SecretSource::Env), ("file", SecretSource::File), ("exec", SecretSource::Exec)];

/// The providers as far as they could be read, for checking references. A provider that is itself wrong is `None`: a
/// reference to it needs no second report.
pub(super) struct Declared(BTreeMap<String, Option<Provider>>);

/// The top-level `secrets`.
pub(super) fn read(field: &Field<'_>) -> (Secrets, Declared) {
    let section = field.section(&["providers", "refreshMs"]);
    let refresh_ms = section.field("refreshMs").number(100..=3_600_000).unwrap_or(REFRESH_MS_DEFAULT);
    let entries = section.field("providers").entries();
    let mut declared: BTreeMap<_, _> =
        entries.iter().map(|(name, field)| ((*name).to_owned(), read_provider(field))).collect();
    let named = declared.iter().filter_map(|(name, provider)| Some((name.clone(), provider.clone()?))).collect();
    declared.entry(DEFAULT_PROVIDER.to_owned()).or_insert(Some(Provider::Env { allowlist: None }));
    let refresh = Duration::from_millis(u64::from(refresh_ms));
    (Secrets { providers: Providers::new(named), refresh }, Declared(declared))
}

fn read_provider(field: &Field<'_>) -> Option<Provider> {
    const ENV: &[&str] = &["source", "allowlist"];
    const FILE: &[&str] = &["source", "path", "mode"];
    const EXEC: &[&str] = &["source", "command", "args", "passEnv", "env", "jsonOnly", "timeoutMs"];
    match source_written(field) {
        Some("env") => read_env(&field.section(ENV)),
        Some("file") => read_file(&field.section(FILE)),
        Some("exec") => read_exec(&field.section(EXEC)),
        // Which other keys are right depends on the source, so they are looked at once it is.
        _ => {
            let section = field.section(&[&["source"], &ENV[1..], &FILE[1..], &EXEC[1..]].concat());
            section.field("source").choice(&SOURCES);
            None
        }
    }
}

fn source_written<'a>(field: &Field<'a>) -> Option<&'a str> {
    let Value::Map(entries) = field.value()? else { return None };
    match &entries.iter().find(|entry| entry.key == "source")?.node.value {
        Value::Text(source) => Some(js_trim(source)),
        _ => None,
    }
}

fn read_env(section: &Section<'_>) -> Option<Provider> {
    let allowlist = section.field("allowlist");
    let names = all(allowlist.items(), Field::text)?;
    Some(Provider::Env { allowlist: allowlist.is_present().then(|| names.into_iter().collect()) })
}

fn read_file(section: &Section<'_>) -> Option<Provider> {
    let path = absolute(&section.field("path"));
    let mode = section.field("mode");
    let mode = match mode.is_present() {
        true => mode.choice(&[("json", FileMode::Json), ("singleValue", FileMode::SingleValue)]),
        false => Some(FileMode::Json),
    };
    Some(Provider::File { path: path?, mode: mode? })
}

fn read_exec(section: &Section<'_>) -> Option<Provider> {
    let command = absolute(&section.field("command"));
    let args = all(section.field("args").items(), Field::verbatim);
    let pass_env = all(section.field("passEnv").items(), variable_name);
    let env = read_environment(&section.field("env"));
    let json_only = section.field("jsonOnly").flag(true);
    let timeout_ms = section.field("timeoutMs").number(1..=60_000).unwrap_or(EXEC_TIMEOUT_MS_DEFAULT);
    Some(Provider::Exec(ExecProvider {
        command: command?,
        args: args?,
        pass_env: pass_env?,
        env: env?,
        json_only,
        timeout: Duration::from_millis(u64::from(timeout_ms)),
    }))
}

const BAD_VARIABLE_NAME: &str = "must be the name of an environment variable, without `=`";

fn is_variable_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(['=', '\0'])
}

/// Variables that are set for a program.
pub(super) fn read_environment(field: &Field<'_>) -> Option<BTreeMap<String, SecretString>> {
    let variables = all(field.entries(), |(name, field)| {
        if !is_variable_name(name) {
            field.problem(BAD_VARIABLE_NAME);
        }
        Some(((*name).to_owned(), SecretString::from(field.verbatim()?)))
    });
    Some(variables?.into_iter().collect())
}

/// The name of a variable that a program inherits.
pub(super) fn variable_name(field: &Field<'_>) -> Option<String> {
    let name = field.text()?;
    if !is_variable_name(&name) {
        field.problem(BAD_VARIABLE_NAME);
        return None;
    }
    Some(name)
}

/// Reads all of them, also those after a wrong one.
pub(super) fn all<T, R>(fields: Vec<T>, read: impl Fn(&T) -> Option<R>) -> Option<Vec<R>> {
    let read: Vec<_> = fields.iter().map(read).collect();
    read.into_iter().collect()
}

fn absolute(field: &Field<'_>) -> Option<PathBuf> {
    let path = PathBuf::from(field.required_text()?);
    if !path.is_absolute() || path.file_name().is_none() {
        field.problem("must be an absolute path of a file");
        return None;
    }
    Some(path)
}

/// A secret: a string, or exactly `{source, provider, id}`. A variable that is not set is a warning and not an error: the
/// rest of the file can be served without it.
pub(super) fn read_secret(field: &Field<'_>, declared: &Declared) -> Option<SecretSpec> {
    match field.value() {
        Some(Value::Text(text)) if is_shell_text(text) => {
            field.problem(
                "looks like a shell command, and nothing runs it here: the text itself would be the secret. Run it and put what it prints \
                 into a variable, as \"${NAME}\", or into a file behind {source, provider, id}",
            );
            None
        }
        Some(Value::Text(text)) => match substitute(text, field.env()) {
            Ok(text) if js_trim(&text).is_empty() => {
                field.problem("must be a non-blank string or {source, provider, id}");
                None
            }
            Ok(text) => Some(SecretSpec::Plain(SecretString::from(js_trim(&text)))),
            Err(missing) => Some(SecretSpec::Missing(missing)),
        },
        Some(Value::Map(_)) => read_ref(field, declared).map(SecretSpec::Ref),
        _ => {
            field.must_be("a non-blank string or {source, provider, id}");
            None
        }
    }
}

/// `$(openssl rand -hex 32)` or the same in backticks, copied from somewhere where a shell reads it.
fn is_shell_text(text: &str) -> bool {
    text.contains("$(") || text.matches('`').count() > 1
}

/// Warns of a secret that is there to be guessed.
pub(super) fn warn_if_short(field: &Field<'_>, spec: &SecretSpec) {
    if let SecretSpec::Plain(text) = spec
        && text.expose_secret().chars().count() < PLAIN_SHORT_CHARS
    {
        let advice = "can be guessed; `openssl rand -hex 32` makes a better one";
        field.warn(format!("{}: a secret shorter than {PLAIN_SHORT_CHARS} characters {advice}", field.path));
    }
}

/// A secret that the gateway itself shows to others. Unlike a route, which is then closed, an endpoint without it would
/// send something else than was meant: a variable that is not set is a problem.
pub(super) fn read_credential(field: &Field<'_>, declared: &Declared) -> Option<SecretSpec> {
    match read_secret(field, declared)? {
        SecretSpec::Missing(_) => {
            // Reports it.
            field.verbatim();
            None
        }
        spec => Some(spec),
    }
}

fn read_ref(field: &Field<'_>, declared: &Declared) -> Option<SecretRef> {
    let section = field.section(&["source", "provider", "id"]);
    let source = section.field("source").choice(&SOURCES);
    let provider = section.field("provider").required_text();
    let id = section.field("id").required_text();
    let reference = SecretRef { source: source?, provider: provider?, id: id? };
    match check_ref(&reference, declared) {
        Ok(()) => Some(reference),
        Err((key, message)) => {
            section.field(key).problem(message);
            None
        }
    }
}

/// Whether the reference can ever resolve, or else which key is wrong and why.
fn check_ref(reference: &SecretRef, declared: &Declared) -> Result<(), (&'static str, String)> {
    let SecretRef { source, provider: name, id } = reference;
    let provider = match declared.0.get(name) {
        Some(Some(provider)) => provider,
        Some(None) => return Ok(()),
        None => {
            return Err(("provider", format!("no provider {} under secrets.providers; add it there", quoted(name))));
        }
    };
    if provider.source() != *source {
        let message = format!("the provider {} has the source {}, not {source}", quoted(name), provider.source());
        return Err(("provider", message));
    }
    match provider {
        Provider::Env { allowlist: Some(allowed) } if !allowed.contains(id) => {
            Err(("id", format!("not in the allowlist of the provider {}; add it there", quoted(name))))
        }
        Provider::File { mode: FileMode::SingleValue, .. } if id != SINGLE_VALUE_ID => Err((
            "id",
            format!("must be `{SINGLE_VALUE_ID}`: the file of the provider {} holds one value", quoted(name)),
        )),
        Provider::File { mode: FileMode::Json, .. } if !id.starts_with('/') => {
            Err(("id", "must be a JSON pointer such as `/webhooks/secret`".to_owned()))
        }
        Provider::Env { .. } | Provider::File { .. } | Provider::Exec(_) => Ok(()),
    }
}

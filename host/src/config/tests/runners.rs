//! What `runner: "acp"` and `runner: "openclaw"` read, each from the section of one agent.

use super::super::agents::{AcpRunner, OpenClawRunner, acp, openclaw};
use super::super::provider::SecretSpec;
use super::super::reader::Reader;
use super::super::{secrets, tree};
use super::*;

fn read<T>(
    text: &str,
    keys: &[&str],
    read: impl Fn(&super::super::reader::Section<'_>, &secrets::Declared) -> Option<T>,
) -> Result<(T, Vec<String>), Vec<String>> {
    let (env, tree) = (env(), tree::parse(text, Format::Json5).unwrap());
    let reader = Reader::new(FILE, &env);
    let section = reader.root(&tree).section(&[keys, &["secrets"]].concat());
    let (_, declared) = secrets::read(&section.field("secrets"));
    let found = read(&section, &declared);
    drop(section);
    let (problems, warnings) = reader.finish();
    match found {
        Some(found) if problems.is_empty() => Ok((found, warnings)),
        _ => Err(problems.iter().map(|problem| format!("{}: {}", problem.path, problem.message)).collect()),
    }
}

fn acp(keys: &str) -> Result<AcpRunner, Vec<String>> {
    read(&format!("{{{keys}}}"), &acp::ACP_KEYS, |section, _| acp::read(section)).map(|(runner, _)| runner)
}

fn openclaw(keys: &str) -> Result<(OpenClawRunner, Vec<String>), Vec<String>> {
    read(&format!("{{{keys}}}"), &openclaw::OPENCLAW_KEYS, openclaw::read)
}

#[test]
fn an_acp_agent_needs_a_program_and_a_folder_and_is_allowed_nothing() {
    let runner = acp("command: ['agent', '--acp'], cwd: '/srv/work'").unwrap();
    assert_eq!(runner.command, ["agent", "--acp"]);
    assert_eq!(runner.pass_env, acp::PASS_ENV_DEFAULT);
    assert!(runner.allow.is_empty() && runner.env.is_empty());
    assert_eq!(runner.start_timeout.as_secs(), 60);
}

#[test]
fn permissions_are_a_word_or_a_list_of_kinds() {
    let kinds = |permissions: &str| {
        let runner = acp(&format!("command: ['a'], cwd: '/w', permissions: {permissions}"))?;
        Ok::<_, Vec<String>>(runner.allow.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(" "))
    };
    assert_eq!(kinds("'deny'").unwrap(), "");
    assert_eq!(kinds("'allow-reads'").unwrap(), "read search think");
    assert_eq!(kinds("{allow: ['edit', 'execute']}").unwrap(), "edit execute");
    assert_eq!(kinds("{}").unwrap(), "");
    assert!(kinds("'allow-all'").unwrap_err()[0].contains("must be one of deny, allow-reads"));
    assert!(kinds("{allow: ['everything']}").unwrap_err()[0].starts_with("permissions.allow[0]: must be one of read,"));
    assert!(kinds("true").unwrap_err()[0].contains("must be \"deny\", \"allow-reads\""));
}

#[test]
fn what_an_acp_agent_cannot_be_is_told_with_its_place() {
    let check = |keys: &str, expected: &str| {
        let problems = acp(keys).unwrap_err();
        assert!(problems.iter().any(|problem| problem.contains(expected)), "{keys}: {problems:?}");
    };
    check("cwd: '/w'", "command: required, a list of strings");
    check("command: [], cwd: '/w'", "command: must be a list of strings");
    check("command: [' '], cwd: '/w'", "command: must be a list of strings");
    check("command: ['a']", "cwd: required");
    check("command: ['a'], cwd: 'here'", "cwd: must be the absolute path");
    check("command: ['a'], cwd: '/w', env: {'A=B': 'x'}", "must be the name of an environment variable");
    check("command: ['a'], cwd: '/w', startTimeoutSeconds: 0", "startTimeoutSeconds: must be a whole number");
}

#[test]
fn an_openclaw_agent_needs_a_gateway_and_its_token() {
    let (runner, warnings) =
        openclaw("url: 'http://127.0.0.1:18789', token: '${TOKEN}', allowPrivate: ['127.0.0.1/32:18789']").unwrap();
    assert_eq!((runner.hooks_path.as_str(), runner.waits, runner.agent_id), ("/hooks", true, None));
    assert!(matches!(runner.token, SecretSpec::Plain(_)) && runner.gateway_token.is_none());
    assert!(warnings.is_empty(), "{warnings:?}");
    let (runner, _) = openclaw("url: 'https://gw.example', token: 'x', hooksPath: 'in/hooks/', wait: false").unwrap();
    assert_eq!((runner.hooks_path.as_str(), runner.waits), ("/in/hooks", false));
    let (_, warnings) = openclaw("url: 'http://127.0.0.1:18789', token: 'x'").unwrap();
    assert!(warnings[0].contains("add allowPrivate: [\"127.0.0.1/32:18789\"]"), "{warnings:?}");
}

#[test]
fn what_an_openclaw_agent_cannot_be_is_told_with_its_place() {
    let check = |keys: &str, expected: &str| {
        let problems = openclaw(keys).err().unwrap_or_default();
        assert!(problems.iter().any(|problem| problem.contains(expected)), "{keys}: {problems:?}");
    };
    check("token: 'x'", "url: required");
    check("url: 'http://gw/?a', token: 'x'", "without `?`");
    check("url: 'http://gw', token: '${NOWHERE}'", "environment variable NOWHERE is not set");
    check("url: 'http://gw'", "token: required");
    check("url: 'http://gw', token: 'x', hooksPath: '/'", "hooksPath: must be the value");
    check("url: 'http://gw', token: 'x', allowPrivate: ['x']", "allowPrivate[0]: must be an address");
    check("url: 'http://gw', token: 'x', gatewayToken: {source: 'file', provider: 'p', id: '/a'}", "no provider");
}

use super::super::agents::{Agent, OnInterrupted, Runner, Stdin};
use super::super::{Config, ConfigErrors, Env, Format};
use crate::model::{AgentId, TaskRuntime};

fn read(agents: &str) -> Result<Config, ConfigErrors> {
    let text = format!("{{ agents: {agents} }}");
    let env = Env::new(|name| (name == "SET").then(|| "value".to_owned()));
    Config::parse(&text, Format::Json5, std::path::Path::new("/etc/x.json5"), &env)
}

fn agent(config: &Config, id: &str) -> Agent {
    config.agents.find(&AgentId::new(id)).unwrap().clone()
}

#[track_caller]
fn refused(agents: &str, expected: &[&str]) {
    let errors = read(agents).unwrap_err();
    let found: Vec<_> = errors.problems().iter().map(|it| format!("{}: {}", it.path, it.message)).collect();
    assert_eq!(found, expected);
}

#[test]
fn without_a_word_there_is_main_and_nobody_here_carries_out_its_runs() {
    let config = read("{}").unwrap();
    assert_eq!(config.agents.default.as_str(), "main");
    let main = agent(&config, "main");
    assert!(matches!(main.runner, Runner::None) && main.runtimes.is_empty() && main.client_secret.is_none());
    assert_eq!(main.on_interrupted, OnInterrupted::Resume);
}

#[test]
fn the_list_and_the_map_are_read_as_one() {
    let config = read(
        "{ list: [{ id: 'a', maxConcurrent: 2 }, { id: 'b', default: true }], maxConcurrent: 7, c: {}, \
         a: { runner: 'command', command: ['cat', '${SET}'], cwd: 'w', env: { K: '${SET}' }, stdin: 'json' } }",
    )
    .unwrap();
    assert_eq!(config.agents.list.iter().map(|agent| agent.id.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
    assert_eq!((config.agents.default.as_str(), config.agents.at_once_max), ("b", 7));
    let a = agent(&config, "a");
    assert_eq!((a.at_once_max, a.on_interrupted), (2, OnInterrupted::Fail));
    assert_eq!(a.runtimes, [TaskRuntime::Acp, TaskRuntime::Subagent]);
    let Runner::Command(command) = a.runner else { panic!("{a:?}") };
    assert_eq!(command.command, ["cat", "value"]);
    assert_eq!((command.cwd.to_str().unwrap(), command.stdin), ("/etc/w", Stdin::Json));
}

#[test]
fn what_is_wrong_is_said() {
    refused(
        "{ list: [{ id: 'a', runner: 'none' }], a: { runner: 'none' } }",
        &["agents.a.runner: stands at agents.list[0].runner too; keep one"],
    );
    refused(
        "{ a: { runner: 'shell' } }",
        &["agents.a.runner: must be one of none, command, acp, openclaw, found `shell`"],
    );
    refused(
        "{ a: { runner: 'command' } }",
        &["agents.a.command: required, a list such as [\"claude\", \"-p\"]: the program and its arguments"],
    );
    refused(
        "{ a: { runner: 'command', command: ['./x'] } }",
        &["agents.a.command[0]: must be the name of a program in PATH, or an absolute path"],
    );
    refused(
        "{ a: { runner: 'command', command: ['x'], env: { K: '${MISSING}' } } }",
        &["agents.a.env.K: environment variable MISSING is not set; set it, or write `$${…}` for the text itself"],
    );
    refused("{ runs: {} }", &["agents.runs: `runs` is no name for an agent here; choose another"]);
    refused("{ list: [{ id: 'a' }, { id: 'a' }] }", &["agents.list[1]: the agent `a` is in the list twice; keep one"]);
    refused(
        "{ 'a/b': {} }",
        &["agents[\"a/b\"]: the id of an agent is 1 to 64 letters, digits, `-`, `_` and `.`, found `a/b`"],
    );
}

#[test]
fn a_client_secret_goes_with_nobody_here_and_its_path_is_its_own() {
    let errors = read("{ a: { runner: 'command', command: ['x'], clientSecret: 's' } }").unwrap_err();
    assert!(errors.to_string().contains("unknown key `clientSecret`"), "{errors}");
    let both = "{ a: { clientSecret: 's' } }, webhooks: { ingest: { secret: 's', path: '/agents/a/claim' } }";
    let errors = read(both).unwrap_err();
    assert!(errors.to_string().contains("conflicts with webhooks.ingest.path (`/agents/a/claim`)"), "{errors}");
}

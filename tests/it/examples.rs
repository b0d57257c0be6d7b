//! What people copy: the files of `examples/`, every JSON5 block of the documents, the README's first request and first event, the functions that
//! check signatures, and the tables of `docs/configuration.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use gateway_tests::{Process, Received, Receiver};
use sandclaw::config::{Config, ConfigErrors, Env, Format};
use sandclaw::json::JsonText;

use crate::PROGRAM;
use crate::documents::{blocks, documents, root};

/// With every variable set.
fn parse(text: &str, format: Format, file: &Path) -> Result<Config, ConfigErrors> {
    Config::parse(text, format, file, &Env::new(|name| Some(format!("the value of {name}"))))
}

#[track_caller]
fn does_something(text: &str, format: Format, file: &Path) {
    let config = parse(text, format, file).unwrap_or_else(|errors| panic!("{errors}\n{text}"));
    assert_eq!(config.warnings, Vec::<String>::new(), "{}", file.display());
    let tells_agents =
        !config.hooks.is_empty() || config.webhooks.inbound.is_some() || !config.workflow_doors.endpoints.is_empty();
    let does = !config.routes.is_empty() || !config.webhooks.endpoints.is_empty() || tells_agents;
    assert!(does, "{} serves no route and tells nobody:\n{text}", file.display());
}

#[test]
fn every_example_is_accepted_without_a_warning() {
    let files: Vec<PathBuf> =
        fs::read_dir(root().join("examples")).unwrap().flatten().map(|entry| entry.path()).collect();
    assert!(files.len() >= 3, "{files:?}");
    for file in files.iter().filter(|file| file.is_file()) {
        let format = Format::of(file).unwrap_or_else(|| panic!("{} is no config", file.display()));
        does_something(&fs::read_to_string(file).unwrap(), format, file);
    }
}

#[test]
fn every_config_in_the_documents_is_accepted_without_a_warning() {
    for (file, text) in documents() {
        let found = blocks(&text, "json5");
        assert!(!found.is_empty() || file != root().join("README.md"), "the README shows no config");
        for block in found {
            does_something(block, Format::Json5, &file);
        }
    }
}

/// The two commands of the README's first screen, taken from its text; only the port and the state folder are the test's.
#[tokio::test(flavor = "multi_thread")]
async fn the_first_request_of_the_readme_is_answered() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let (serve, curl) = match blocks(&readme, "sh")[..] {
        [serve, curl, ..] => (serve.trim(), curl),
        _ => panic!("the README begins with two commands"),
    };
    let between = |from: &str, to: &str| curl.split(from).nth(1).and_then(|rest| rest.split(to).next()).unwrap();
    let arguments = serve.strip_prefix("cargo run --release -p sandclaw -- ").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(PROGRAM);
    command.current_dir(root()).args(arguments.split(' ')).args(["--listen", "127.0.0.1:0"]);
    command.arg("--state-dir").arg(folder.path().join("state"));
    let gateway = Process::spawn(&mut command, &folder.path().join("quickstart.json5"));

    let path = between("http://127.0.0.1:18789", " ");
    let answer =
        gateway.client.post(path, between("-d '", "'")).secret(between("Authorization: Bearer ", "'")).send().await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let shown: serde_json::Value = serde_json::from_str(blocks(&readme, "json")[0]).unwrap();
    let names = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let answer = answer.json();
    assert_eq!(names(&answer), names(&shown));
    assert_eq!(names(&answer["result"]["flow"]), names(&shown["result"]["flow"]));
    assert_eq!(answer["result"]["flow"]["goal"], shown["result"]["flow"]["goal"]);
}

/// The event of the README through the config that it names, and what it says that arrives; only ports and folders are the test's.
#[tokio::test(flavor = "multi_thread")]
async fn the_first_event_of_the_readme_arrives_as_it_says_and_is_believed() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let curl = blocks(&readme, "sh").into_iter().find(|block| block.contains("/events ")).unwrap();
    let between = |from: &str, to: &str| curl.split(from).nth(1).and_then(|rest| rest.split(to).next()).unwrap();
    let receiver = Receiver::start().await;
    let folder = tempfile::tempdir().unwrap();
    let config = fs::read_to_string(root().join("examples/events.json5"))
        .unwrap()
        .replace(":18789", ":0")
        .replace(":9000", &format!(":{}", receiver.address().port()))
        .replace("../target/events-example", folder.path().to_str().unwrap());
    fs::write(folder.path().join("events.json5"), &config).unwrap();
    let gateway = Process::serve(PROGRAM, &folder.path().join("events.json5"));

    let event = gateway.client.post("/events", between("-d '", "'")).secret(between("Authorization: Bearer ", "'"));
    assert_eq!(event.send().await.status, 202);
    let received = receiver.wait_for(1).await.remove(0);
    let shown = blocks(&readme, "text").into_iter().find(|block| block.contains("x-openclaw-delivery")).unwrap();
    let (head, body) = shown.split_once("\n\n").unwrap();
    let names: BTreeSet<&str> = head.lines().filter_map(|line| line.split(": ").next()).collect();
    assert_eq!(names, received.headers.keys().map(|name| name.as_str()).collect());
    let (shown, told): (serde_json::Value, _) = (serde_json::from_str(body).unwrap(), received.json());
    for member in ["type", "instanceId", "data"] {
        assert_eq!(told[member], shown[member]);
    }
    let secret = config.split("secret: \"whsec_").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    every_document_believes(&received, &format!("whsec_{secret}"));
}

/// The functions in the documents accept this delivery, and none with another body, with another secret, without headers, or from another time.
fn every_document_believes(received: &Received, secret: &str) {
    const JAVASCRIPT: &str = r#"
        const { body, headers, secret } = JSON.parse(require("node:fs").readFileSync(0));
        const is = (body, ...rest) => Number(isFromGateway(Buffer.from(body), ...rest));
        console.log(is(body, headers, secret), is(body + " ", headers, secret), is(body, headers, secret + "x"), is(body, {}, secret), is(body, headers, secret, -1));
    "#;
    const PYTHON: &str = r#"
import json, sys
given = json.load(sys.stdin)
body, headers, secret = given["body"].encode(), given["headers"], given["secret"]
found = [is_from_gateway(body, headers, secret), is_from_gateway(body + b" ", headers, secret), is_from_gateway(body, headers, secret + "x"),
         is_from_gateway(body, {}, secret), is_from_gateway(body, headers, secret, -1)]
print(*map(int, found))
"#;
    let headers = received.headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
    let headers: BTreeMap<&str, &str> = headers.collect();
    let body = std::str::from_utf8(&received.body).unwrap();
    let given = serde_json::json!({ "body": body, "headers": headers, "secret": secret }).to_string();
    let mut tried = 0;
    for (file, text) in documents() {
        for (language, program, flag, harness) in
            [("js", "node", "-e", JAVASCRIPT), ("python", "python3", "-c", PYTHON)]
        {
            for function in blocks(&text, language) {
                let mut command = Command::new(program);
                command.arg(flag).arg(format!("{function}\n{harness}")).stdin(Stdio::piped()).stdout(Stdio::piped());
                let mut child = command.spawn().unwrap();
                child.stdin.take().unwrap().write_all(given.as_bytes()).unwrap();
                let said = child.wait_with_output().unwrap().stdout;
                assert_eq!(String::from_utf8_lossy(&said).trim(), "1 0 0 0 0", "{}: {program}", file.display());
                tried += 1;
            }
        }
    }
    assert_eq!(tried, 3, "README in one language, outbound.md in two");
}

/// A row of a table.
struct Row {
    /// What stands above its table.
    heading: String,
    cells: Vec<String>,
}

/// The rows of all tables of `docs/configuration.md`, by the key in their first cell.
fn rows() -> BTreeMap<String, Vec<Row>> {
    let text = fs::read_to_string(root().join("docs/configuration.md")).unwrap();
    let mut rows: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    let mut heading = String::new();
    for line in text.lines() {
        if line.starts_with('#') {
            heading = line.trim_start_matches('#').trim().to_owned();
        }
        if line.starts_with("| `") {
            let cells: Vec<String> = line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
            let key = cells[0].trim_matches('`').to_owned();
            rows.entry(key).or_default().push(Row { heading: heading.clone(), cells });
        }
    }
    rows
}

/// The keys that a place in the config knows: what it answers to one that it does not know.
fn keys(before: &str, after: &str) -> BTreeSet<String> {
    let errors = parse(&format!("{before} zzzzzzzzzz: 1 {after}"), Format::Json5, Path::new("x.json5")).unwrap_err();
    let said = errors.to_string();
    let listed = said.split("the keys here are ").nth(1).unwrap_or_else(|| panic!("{said}"));
    listed.lines().next().unwrap().split(", ").map(str::to_owned).collect()
}

#[test]
fn every_key_of_the_config_has_its_row() {
    let rows = rows();
    let route = "{ plugins: { entries: { webhooks: { config: { routes: { a: { @ } } } } } } }";
    let endpoint = |inside: &str| format!("{{ webhooks: {{ endpoints: [{{ {inside} }}] }} }}");
    // Where the keys stand in the file, and what stands before them in the document.
    for (place, prefix) in [
        ("{ @ }", ""),
        ("{ gateway: { @ } }", ""),
        ("{ secrets: { @ } }", ""),
        ("{ secrets: { providers: { p: { source: 'env', @ } } } }", ""),
        ("{ secrets: { providers: { p: { source: 'file', @ } } } }", ""),
        ("{ secrets: { providers: { p: { source: 'exec', @ } } } }", ""),
        ("{ limits: { @ } }", ""),
        ("{ sandbox: { @ } }", ""),
        ("{ plugins: { @ } }", ""),
        ("{ plugins: { entries: { webhooks: { @ } } } }", ""),
        (route, ""),
        (&route.replace('@', "secret: { @ }"), ""),
        (&route.replace('@', "plugin: { @ }"), ""),
        ("{ agents: { list: [{ id: 'a', @ }] } }", ""),
        ("{ agents: { a: { runner: 'command', @ } } }", ""),
        ("{ agents: { a: { runner: 'acp', @ } } }", ""),
        ("{ agents: { a: { runner: 'openclaw', @ } } }", ""),
        ("{ agents: { callbacks: { @ } } }", "callbacks."),
        ("{ webhooks: { @ } }", ""),
        ("{ webhooks: { ingest: { @ } } }", "ingest."),
        ("{ webhooks: { ingest: { limits: { @ } } } }", "ingest.limits."),
        ("{ webhooks: { inbound: { @ } } }", "inbound."),
        ("{ webhooks: { inbound: { endpoints: { a: { @ } } } } }", "inbound.endpoints."),
        ("{ webhooks: { agents: { a: { @ } } } }", "agents."),
        ("{ hooks: { @ } }", "hooks."),
        ("{ hooks: { mappings: [{ @ }] } }", "mappings."),
        ("{ hooks: { mappings: [{ match: { @ } }] } }", "mappings.match."),
        ("{ hooks: { mappings: [{ transform: { plugin: 'x.wasm', @ } }] } }", "mappings.transform."),
        ("{ hooks: { webhooks: { @ } } }", "hooks.webhooks."),
        ("{ hooks: { webhooks: { endpoints: [{ @ }] } } }", "endpoints."),
        ("{ workflows: { @ } }", ""),
        ("{ workflows: { flows: { a: { @ } } } }", "flows."),
        ("{ llm: { a: { @ } } }", ""),
        (&endpoint("@"), ""),
        (&endpoint("filter: { @ }"), "filter."),
        (&endpoint("retry: { @ }"), "retry."),
        (&endpoint("timeoutMs: { @ }"), "timeoutMs."),
        (&endpoint("rateLimit: { @ }"), "rateLimit."),
        (&endpoint("breaker: { @ }"), "breaker."),
        (&endpoint("disableAfter: { @ }"), "disableAfter."),
        (&endpoint("transform: { plugin: 'x.wasm', @ }"), ""),
    ] {
        let (before, after) = place.split_once('@').unwrap();
        for key in keys(before, after) {
            // Maps that hold only rows of their own need none: `ingest.limits`.
            let key = format!("{prefix}{key}");
            let known = rows.keys().any(|row| *row == key || row.starts_with(&format!("{key}.")));
            assert!(known, "docs/configuration.md has no row for `{key}`");
        }
    }
}

/// Where the key of a row stands in the file, for its `@`.
fn place(heading: &str, key: &str) -> String {
    let endpoint = |inside: &str| {
        format!("{{ webhooks: {{ endpoints: [{{ name: 'a', url: 'https://x.example', events: ['*'], {inside} }}] }} }}")
    };
    match (heading, key) {
        ("secrets", "timeoutMs") => {
            "{ secrets: { providers: { p: { source: 'exec', command: '/x', @ } } } }".to_owned()
        }
        ("webhooks.ingest", _) => "{ webhooks: { ingest: { secret: 'x', limits: { @ } } } }".to_owned(),
        ("An agent", "startTimeoutSeconds") => {
            "{ agents: { a: { runner: 'acp', command: ['x'], cwd: '/x', @ } } }".to_owned()
        }
        ("llm", _) => "{ llm: { a: { model: 'x', @ } } }".to_owned(),
        ("An agent", _) => "{ agents: { a: { runner: 'command', command: ['x'], @ } } }".to_owned(),
        // Numbers that have to fit their neighbours.
        (_, "rateLimit.perMs") => endpoint("rateLimit: { requests: 1, @ }"),
        (_, "timeoutMs.connectMs") => endpoint("timeoutMs: { totalMs: 300000, @ }"),
        (_, "retry.maxBackoffMs") => endpoint("retry: { backoffMs: 1, @ }"),
        (_, "breaker.openMaxMs") => endpoint("breaker: { openMs: 10, @ }"),
        ("webhooks.endpoints", _) => match key.split_once('.') {
            Some((map, _)) => endpoint(&format!("{map}: {{ @ }}")),
            None => endpoint("@"),
        },
        _ => format!("{{ {heading}: {{ @ }} }}"),
    }
}

/// Each row with a range is tried: its default changes nothing, its ends are accepted, and what lies beyond is not.
#[test]
fn every_default_and_range_in_the_document_is_the_real_one() {
    let mut tried = 0;
    for (key, Row { heading, cells }) in
        rows().into_iter().flat_map(|(key, rows)| rows.into_iter().map(move |row| (key.clone(), row)))
    {
        let Some(at) = cells.iter().position(|cell| cell.contains(" – ")) else { continue };
        let (default, range) = (&cells[at - 1], cells[at].split_once(" – ").unwrap());
        let place = place(&heading, &key);
        let name = key.rsplit('.').next().unwrap();
        let with = |value: &str| {
            parse(&place.replace('@', value), Format::Json5, Path::new("x.json5")).map(|mut config| {
                // It repeats what is written.
                config.webhooks.endpoints.iter_mut().for_each(|endpoint| endpoint.definition = JsonText::null());
                format!("{config:?}")
            })
        };
        let number = |value: i64| with(&format!("{name}: {value}"));
        let ends: (i64, i64) = (range.0.parse().unwrap(), range.1.parse().unwrap());
        assert_eq!(number(default.parse().unwrap()).unwrap(), with("").unwrap(), "the default of `{key}`");
        assert!(number(ends.0).is_ok() && number(ends.1).is_ok(), "the range of `{key}`");
        assert!(number(ends.0 - 1).is_err() && number(ends.1 + 1).is_err(), "the range of `{key}`");
        tried += 1;
    }
    assert_eq!(tried, 49, "limits, secrets, sandbox, agents, webhooks, workflows, llm");
}

//! A transform that is nothing but a component, as hook mappings have it.

use super::super::component::{Component, read_component};
use super::super::limits::RouteLimits;
use super::super::reader::Reader;
use super::super::tree::{self, Format};
use super::env;

/// The component, and the problems.
fn read(text: &str) -> (Option<Component>, Vec<String>) {
    let (tree, env) = (tree::parse(text, Format::Json5).unwrap(), env());
    let reader = Reader::new("f", &env);
    let field = reader.root(&tree).section(&["transform"]).field("transform");
    let component = read_component(&field, RouteLimits::default());
    let (problems, _) = reader.finish();
    (component, problems.into_iter().map(|problem| problem.message).collect())
}

fn good(text: &str) -> Component {
    let (component, problems) = read(text);
    assert_eq!(problems, Vec::<String>::new());
    component.unwrap()
}

#[test]
fn a_component_has_its_file_its_config_its_grants_and_its_limits() {
    let digest = format!("sha256:{}", "a".repeat(64));
    let text = format!(
        "{{transform: {{ plugin: {{ file: 'x.wasm', digest: '{digest}' }}, config: {{ token: '${{TOKEN}}' }}, grants: ['clock'], limits: {{ cpuMs: 5 }} }}}}"
    );
    let component = good(&text);
    assert_eq!((component.file.as_str(), component.digest.unwrap().to_string()), ("x.wasm", digest));
    assert_eq!((component.config.as_str(), component.grants.iter().count()), (r#"{"token":" t0ken "}"#, 1));
    assert_eq!(component.limits.cpu.as_millis(), 5);
    let plain = good("{transform: { plugin: 'x.wasm' }}");
    assert!(plain.config.is_null() && plain.grants.is_empty() && plain.digest.is_none());
    assert_eq!(plain.limits, RouteLimits::default());
}

#[test]
fn what_is_no_component_is_told() {
    for (text, told) in [
        ("{transform: 'x.wasm'}", "must be a map such as { plugin: "),
        ("{}", "required, a map such as { plugin: "),
        ("{transform: { plugin: '../x.wasm' }}", "must be the plain name of a file"),
        ("{transform: { plugin: 'x.wasm', grants: ['flow/read'] }}", "it can be granted clock and random"),
    ] {
        let (_, problems) = read(text);
        assert!(problems.len() == 1 && problems[0].contains(told), "{text}: {problems:?}");
    }
}

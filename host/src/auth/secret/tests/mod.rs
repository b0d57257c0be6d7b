//! Secrets through the resolver and the watch, with real files and real programs.

mod exec;
mod file;
mod guards;
mod states;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use secrecy::ExposeSecret;

use super::*;
use crate::config::{Env, Provider, Providers, SecretRef, SecretSource, SecretSpec};

fn env() -> Env {
    Env::new(|name| match name {
        "TOKEN" => Some(" t0ken\n".to_owned()),
        "lower" => Some("l".to_owned()),
        "EMPTY" => Some(String::new()),
        "BLANK" => Some(" \t".to_owned()),
        _ => None,
    })
}

fn reference(source: SecretSource, provider: &str, id: &str) -> SecretSpec {
    SecretSpec::Ref(SecretRef { source, provider: provider.to_owned(), id: id.to_owned() })
}

/// What the reference resolves to with one provider named `p`: the value, or `!` and the error.
async fn resolved(provider: Provider, spec: &SecretSpec) -> String {
    let providers = Providers::new(BTreeMap::from([("p".to_owned(), provider)]));
    match Resolver::new(providers, env()).resolve(spec).await {
        Ok(secret) => secret.expose_secret().to_owned(),
        Err(unresolved) => format!("!{unresolved}"),
    }
}

fn write(dir: &Path, name: &str, bytes: impl AsRef<[u8]>, mode: u32) -> PathBuf {
    let path = dir.join(name);
    fs::write(&path, bytes).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    path
}

#[tokio::test]
async fn variables_are_resolved_trimmed_and_never_blank() {
    let open = Provider::Env { allowlist: None };
    let listed = Provider::Env { allowlist: Some(["TOKEN".to_owned()].into()) };
    for (provider, name, id, expected) in [
        (&open, "p", "TOKEN", "t0ken"),
        (&open, "default", "lower", "l"),
        (&open, "p", "EMPTY", "!env:p:EMPTY: the environment variable is not set or blank"),
        (&open, "p", "BLANK", "!env:p:BLANK: the environment variable is not set or blank"),
        (&open, "default", "NO", "!env:default:NO: the environment variable is not set or blank"),
        (&open, "nobody", "TOKEN", "!env:nobody:TOKEN: no provider of this name and source is configured"),
        (&listed, "p", "TOKEN", "t0ken"),
        (&listed, "p", "lower", "!env:p:lower: the variable is not in the provider's allowlist"),
    ] {
        assert_eq!(resolved(provider.clone(), &reference(SecretSource::Env, name, id)).await, expected);
    }
    let other_source = reference(SecretSource::File, "p", "TOKEN");
    assert_eq!(resolved(open, &other_source).await, "!file:p:TOKEN: no provider of this name and source is configured");
}

#[tokio::test]
async fn a_written_secret_is_itself_and_one_with_a_missing_variable_is_none() {
    let open = Provider::Env { allowlist: None };
    assert_eq!(resolved(open.clone(), &SecretSpec::Plain("x".into())).await, "x");
    let missing = SecretSpec::Missing(["A".to_owned(), "B".to_owned()].into());
    assert_eq!(resolved(open, &missing).await, "!env:default:A,B: the environment variable is not set or blank");
}

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::*;
use crate::auth::{Unauthorized, authenticate};
use crate::config::{Config, Format};
use crate::model::RouteId;

/// A watch over one route `a` with this secret and these providers.
async fn watch(secret: &str, providers: &str) -> SecretWatch {
    let text = format!(
        "{{ secrets: {{ providers: {{ {providers} }} }}, plugins: {{ entries: {{ webhooks: {{ enabled: true, config: {{ \
         routes: {{ a: {{ sessionKey: 's', secret: {secret} }} }} }} }} }} }} }}"
    );
    let config = Config::parse(&text, Format::Json5, Path::new("x"), &env()).unwrap();
    SecretWatch::start(&config, Resolver::new(config.providers().clone(), env())).await
}

fn route_secret(watch: &SecretWatch) -> Arc<DoorSecret> {
    watch.secret(&RouteId::new("a")).unwrap()
}

/// The state in one word, and whether `x` and `y` are let in.
fn seen(watch: &SecretWatch) -> String {
    let secret = route_secret(watch);
    let word = match &**secret.state() {
        SecretState::Unresolved => "unresolved",
        SecretState::Live(_) => "live",
        SecretState::Lost => "lost",
    };
    let admitted: Vec<_> = ["x", "y"].into_iter().filter(|it| authenticate(&secret, Some(it)).is_ok()).collect();
    format!("{word} {}", admitted.join(" "))
}

#[tokio::test]
async fn a_secret_of_a_file_comes_changes_goes_and_comes_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key");
    let provider = format!("p: {{ source: 'file', path: '{}', mode: 'singleValue' }}", path.display());
    let watch = watch("{ source: 'file', provider: 'p', id: 'value' }", &provider).await;
    assert_eq!(seen(&watch), "unresolved ");
    let now = Instant::now();
    watch.refresh_due(now).await;
    assert_eq!(seen(&watch), "unresolved ");
    for (content, expected) in
        [(Some("x"), "live x"), (Some("y\n"), "live y"), (None, "lost "), (Some(" "), "lost "), (Some("x"), "live x")]
    {
        match content {
            Some(content) => _ = write(dir.path(), "key", content, 0o600),
            None => fs::remove_file(&path).unwrap(),
        }
        watch.refresh_due(now).await;
        assert_eq!(seen(&watch), expected);
    }
}

#[tokio::test]
async fn a_program_is_asked_again_at_once_while_it_fails_and_once_a_minute_while_it_answers() {
    let dir = tempfile::tempdir().unwrap();
    // A program that the gateway's user owns; what it prints is in a file beside it, so that nothing writes the program.
    let command = dir.path().join("cat");
    assert!(std::process::Command::new("cp").arg("/bin/cat").arg(&command).status().unwrap().success());
    let provider =
        format!("p: {{ source: 'exec', command: '{}', args: ['answer'], jsonOnly: false }}", command.display());
    fs::set_permissions(&command, fs::Permissions::from_mode(0o755)).unwrap();
    let watch = watch("{ source: 'exec', provider: 'p', id: 'k' }", &provider).await;
    let start = Instant::now();
    assert_eq!(seen(&watch), "unresolved ");
    for (after_s, answer, expected) in [
        (2, Some("x"), "live x"),
        (4, Some("y"), "live x"),
        (61, Some("y"), "live x"),
        (62, Some("y"), "live y"),
        (64, None, "live y"),
        (122, None, "lost "),
        (124, Some("x"), "live x"),
    ] {
        match answer {
            Some(answer) => fs::write(dir.path().join("answer"), answer).unwrap(),
            None => _ = fs::remove_file(dir.path().join("answer")),
        }
        watch.refresh_due(start + Duration::from_secs(after_s)).await;
        assert_eq!(seen(&watch), expected, "after {after_s} s");
    }
}

#[tokio::test]
async fn written_secrets_and_variables_are_looked_up_once() {
    for (secret, expected) in [
        ("'x'", "live x"),
        ("'${NO}'", "unresolved "),
        ("{ source: 'env', provider: 'default', id: 'NO' }", "unresolved "),
        ("{ source: 'env', provider: 'default', id: 'lower' }", "live "),
    ] {
        let watch = watch(secret, "").await;
        assert_eq!(seen(&watch), expected);
        assert_eq!(route_secret(&watch).pace(0), super::super::pace::Pace::Never);
    }
}

#[tokio::test]
async fn a_caller_is_whoever_presents_the_secret_of_the_route() {
    let watch = watch("'x'", "").await;
    let secret = route_secret(&watch);
    assert_eq!(authenticate(&secret, Some("x")).unwrap().door(), &Door::Route(RouteId::new("a")));
    for presented in [None, Some(""), Some("X"), Some("xx")] {
        assert_eq!(authenticate(&secret, presented).err(), Some(Unauthorized), "{presented:?}");
    }
}

#[tokio::test]
async fn a_route_that_is_skipped_is_logged_in_openclaws_words() {
    let resolver = Resolver::new(Providers::new(BTreeMap::new()), env());
    let missing = SecretSpec::Missing(["NO".to_owned()].into());
    for (spec, expected) in [
        (
            reference(SecretSource::Env, "default", "NO"),
            "[webhooks] skipping route a: plugins.entries.webhooks.routes.a.secret SecretRef is unresolved (env:default:NO).",
        ),
        (
            missing,
            "[webhooks] skipping route a: plugins.entries.webhooks.routes.a.secret is unresolved (env:default:NO).",
        ),
    ] {
        let why = resolver.resolve(&spec).await.unwrap_err();
        assert_eq!(
            DoorSecret::<Credential>::new(Door::Route(RouteId::new("a")), vec![spec]).skipped(0, &why),
            expected
        );
    }
}

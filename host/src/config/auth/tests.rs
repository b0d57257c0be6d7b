//! `auth` through its reader: texts in, a model or problems out.

use std::path::Path;

use secrecy::ExposeSecret;

use super::super::reader::Reader;
use super::super::secrets::{self, Declared};
use super::super::tree::{self, Format};
use super::super::{AllowedIps, Env, SecretSpec, allowed_ips};
use super::*;

fn read_with<T>(text: &str, read: impl FnOnce(&Section<'_>, &Declared) -> T) -> (T, Vec<String>, Vec<String>) {
    let env = Env::new(|name| (name == "TOKEN").then(|| "0123456789abcdef0123456789abcdef".to_owned()));
    let node = tree::parse(text, Format::of(Path::new("x.json5")).unwrap()).map_err(|error| error.message).unwrap();
    let reader = Reader::new("x", &env);
    let section = reader.root(&node).section(&["auth", "allowedIps", "secrets"]);
    let (_, declared) = secrets::read(&section.field("secrets"));
    let value = read(&section, &declared);
    let (problems, warnings) = reader.finish();
    (value, problems.iter().map(|problem| format!("{}: {}", problem.path, problem.message)).collect(), warnings)
}

/// What `auth: …` is read to at a door with the secret `own`, and the problems and warnings.
fn auth(text: &str) -> (Option<AuthConfig>, Vec<String>, Vec<String>) {
    let own = [SecretSpec::Plain("own".into())];
    read_with(&format!("{{ {text} }}"), |section, declared| read(&section.field("auth"), Some(&own), declared))
}

/// The scheme of a map with these keys.
pub(super) fn kind(keys: &str) -> SchemeKind {
    match auth(&format!("auth: {{ {keys} }}")) {
        (Some(AuthConfig::Scheme(scheme)), ..) => scheme.kind,
        (_, problems, _) => panic!("{keys}: {problems:?}"),
    }
}

/// In one line: what it is, and its secrets.
fn told(config: &AuthConfig) -> String {
    let texts = |secrets: &[SecretSpec]| -> Vec<_> {
        let text = |spec: &SecretSpec| match spec {
            SecretSpec::Plain(text) => text.expose_secret().to_owned(),
            SecretSpec::Ref(reference) => reference.to_string(),
            SecretSpec::Missing(_) => "missing".to_owned(),
        };
        secrets.iter().map(text).collect()
    };
    match config {
        AuthConfig::Open => "open".to_owned(),
        AuthConfig::Bearer(secrets) => format!("bearer {}", texts(secrets).join(" ")),
        AuthConfig::Scheme(scheme) => format!("{:?} {}", scheme.kind, texts(&scheme.secrets).join(" ")),
    }
}

#[test]
fn a_door_has_its_own_secret_another_one_a_scheme_or_none() {
    let long = "0123456789abcdef0123456789abcdef";
    for (text, expected) in [
        ("", "bearer own".to_owned()),
        ("auth: 'bearer'", "bearer own".to_owned()),
        ("auth: 'none'", "open".to_owned()),
        ("auth: { scheme: 'bearer', secret: '${TOKEN}' }", format!("bearer {long}")),
        ("auth: { scheme: 'github' }", "GitHub own".to_owned()),
        (
            "auth: { scheme: 'gitlab', secrets: ['${TOKEN}', { source: 'env', provider: 'default', id: 'B' }] }",
            format!("GitLab {long} env:default:B"),
        ),
        (
            "auth: { scheme: 'svix', secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' }",
            "Svix whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned(),
        ),
    ] {
        let (config, problems, _) = auth(text);
        assert_eq!(config.map(|it| told(&it)), Some(expected), "{text} {problems:?}");
    }
}

#[test]
fn windows_are_read_in_seconds() {
    let scheme = |text: &str| match auth(text) {
        (Some(AuthConfig::Scheme(scheme)), ..) => (scheme.tolerance, scheme.replay_window),
        other => panic!("{other:?}"),
    };
    let minute = Duration::from_secs(60);
    assert_eq!(scheme("auth: { scheme: 'stripe' }"), (None, REPLAY_WINDOW_DEFAULT));
    assert_eq!(scheme("auth: { scheme: 'stripe', toleranceSeconds: 60 }"), (Some(minute), REPLAY_WINDOW_DEFAULT));
    assert_eq!(scheme("auth: { scheme: 'github', replayWindowSeconds: 60 }"), (None, minute));
}

#[test]
fn what_is_wrong_is_told_at_its_place() {
    let scheme = "auth.scheme: required, one of github, gitlab, gitlab-signing, stripe";
    for (text, expected) in [
        ("auth: 'Bearer'", "auth: must be \"bearer\", \"none\" or a map such as"),
        ("auth: 'github'", "auth: write it as a map: { scheme: \"github\", secret: … }"),
        ("auth: true", "auth: must be the string \"bearer\" or \"none\", or a map with a `scheme`, found"),
        ("auth: {}", scheme),
        ("auth: { scheme: 'gitbub' }", "auth.scheme: must be one of github,"),
        ("auth: { scheme: 'github', secert: 'x' }", "auth.secert: unknown key `secert`; did you mean `secret`?"),
        ("auth: { scheme: 'gitlab', toleranceSeconds: 5 }", "auth.toleranceSeconds: unknown key"),
        ("auth: { scheme: 'github', secret: '${NO}' }", "auth.secret: environment variable NO is not set"),
        ("auth: { scheme: 'github', secret: '$(openssl rand -hex 32)' }", "auth.secret: looks like a shell command"),
        ("auth: { scheme: 'github', secret: '`openssl rand`' }", "auth.secret: looks like a shell command"),
        ("auth: { scheme: 'github', secret: 'x', secrets: ['y'] }", "auth.secrets: not together with `secret`"),
        ("auth: { scheme: 'github', secrets: [] }", "auth.secrets: must be 1 to 8 secrets"),
        ("auth: { scheme: 'github', toleranceSeconds: 5 }", "auth.toleranceSeconds: this scheme signs no time"),
        ("auth: { scheme: 'stripe', replayWindowSeconds: 5 }", "auth.replayWindowSeconds: this scheme signs a time"),
        (
            "auth: { scheme: 'stripe', toleranceSeconds: 0 }",
            "auth.toleranceSeconds: must be a whole number from 1 to 86400",
        ),
        ("auth: { scheme: 'svix', secret: 'no key!' }", "auth.secret: for this scheme a secret is `whsec_` and base64"),
        ("auth: { scheme: 'svix', secrets: ['whsec_AAAA', 'whpk_AAAA'] }", "auth.secrets[1]: for this scheme a secret"),
        ("auth: { scheme: 'svix', secret: 'whsk_AAAA' }", "auth.secret: is the sender's private key"),
        ("auth: { scheme: 'twilio' }", "auth.url: required"),
        ("auth: { scheme: 'twilio', url: 'https://x.example/?a' }", "auth.url: must be the public URL"),
        ("auth: { scheme: 'grafana', header: 'a b' }", "auth.header: must be the name of a header"),
        (
            "auth: { scheme: 'grafana', timestampHeader: 'Host' }",
            "auth.timestampHeader: the header `host` is the connection's",
        ),
        ("auth: { scheme: 'feishu' }", "auth.verificationToken: required"),
        ("auth: { scheme: 'hmac' }", "auth.header: required"),
        (
            "auth: { scheme: 'hmac', header: 'x', signed: '{timestamp}.{body}' }",
            "auth.signed: has {timestamp}, so `timestampHeader`",
        ),
        (
            "auth: { scheme: 'hmac', header: 'x', timestampHeader: 't' }",
            "auth.timestampHeader: `signed` has no {timestamp}",
        ),
        ("auth: { scheme: 'hmac', header: 'x', signed: '{id}{body}' }", "auth.signed: has {id}, so `idHeader`"),
        ("auth: { scheme: 'hmac', header: 'x', signed: '{url}{body}' }", "auth.signed: has {url}, so `url`"),
        ("auth: { scheme: 'hmac', header: 'x', signed: 'x' }", "auth.signed: has no {body}"),
        ("auth: { scheme: 'hmac', header: 'x', signed: '{body}{x}' }", "auth.signed: has an unknown placeholder `x`"),
        ("auth: { scheme: 'hmac', header: 'x', signed: '{body' }", "auth.signed: has a brace that opens or closes"),
        (
            "auth: { scheme: 'hmac', header: 'x', algorithm: 'md5' }",
            "auth.algorithm: must be one of sha1, sha256, sha512",
        ),
        (
            "auth: { scheme: 'hmac', header: 'x', secretEncoding: 'hex', secret: 'xyz' }",
            "auth.secret: is not pairs of hex",
        ),
        ("auth: { scheme: 'hmac', header: 'x', prefix: 'é' }", "auth.prefix: must be 1 to 64 ASCII characters"),
    ] {
        let (config, problems, _) = auth(text);
        assert!(config.is_none() || text.contains("secert") || text.contains("Seconds"), "{text}: {config:?}");
        assert!(problems.len() == 1 && problems[0].starts_with(expected), "{text}: {problems:?}");
    }
}

#[test]
fn a_door_without_a_secret_needs_one_and_a_wrong_one_is_told_once() {
    for (own, text, expected) in [
        (Some(&[][..]), "", Some("auth: this door needs a credential")),
        (
            Some(&[][..]),
            "auth: { scheme: 'github' }",
            Some("auth.secret: required: the secret that the sender has too"),
        ),
        (None, "", None),
        (None, "auth: { scheme: 'github' }", None),
    ] {
        let (config, problems, _) =
            read_with(&format!("{{ {text} }}"), |section, declared| read(&section.field("auth"), own, declared));
        assert!(config.is_none());
        assert_eq!(problems.len(), usize::from(expected.is_some()), "{problems:?}");
        assert!(problems.first().is_none_or(|problem| problem.starts_with(expected.unwrap())), "{problems:?}");
    }
}

#[test]
fn an_open_door_and_a_short_secret_are_warnings() {
    assert!(auth("auth: 'none'").2[0].starts_with("auth: anybody who reaches this door is let in"));
    let short = auth("auth: { scheme: 'github', secret: 'short' }").2;
    assert!(short[0].starts_with("auth.secret: a secret shorter than 24 characters can be guessed"), "{short:?}");
    assert!(auth("auth: { scheme: 'github', secret: '${TOKEN}' }").2.is_empty());
}

#[test]
fn addresses_that_may_knock() {
    let ips = |text: &str| -> (AllowedIps, Vec<String>) {
        let (ips, problems, _) = read_with(text, |section, _| allowed_ips::read(&section.field("allowedIps")));
        (ips, problems)
    };
    let (some, problems) = ips("{ allowedIps: ['192.168.1.0/24', '2001:db8::/32', '10.0.0.7'] }");
    assert!(problems.is_empty());
    for (address, expected) in [
        ("192.168.1.9", true),
        ("::ffff:192.168.1.9", true),
        ("192.168.2.9", false),
        ("2001:db8::1", true),
        ("2001:db9::1", false),
        ("10.0.0.7", true),
        ("10.0.0.8", false),
    ] {
        assert_eq!(some.contains(address.parse().unwrap()), expected, "{address}");
    }
    assert!(ips("{}").0.contains("10.0.0.8".parse().unwrap()), "absent, everybody may knock");
    assert!(ips("{ allowedIps: [] }").1[0].starts_with("allowedIps: an empty list lets nobody in"));
    assert!(ips("{ allowedIps: ['x'] }").1[0].starts_with("allowedIps[0]: must be an address or a network"));
}

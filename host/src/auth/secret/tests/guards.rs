use std::sync::Arc;
use std::time::{Duration, Instant};

use secrecy::SecretString;

use super::*;
use crate::auth::authenticate;
use crate::auth::mac::{hex, hmac_sha256};
use crate::auth::scheme::{HeaderLookup, Presented, Reason};
use crate::config::auth::{AuthConfig, REPLAY_WINDOW_DEFAULT, SchemeConfig, SchemeKind};
use crate::model::{Millis, RouteId};

fn door() -> Door {
    Door::Route(RouteId::new("a"))
}

fn plain(text: &str) -> SecretSpec {
    SecretSpec::Plain(SecretString::from(text))
}

/// A watch over one door, with the provider `p`: a file with one value.
async fn watch(auth: AuthConfig, file: &Path) -> SecretWatch {
    let provider = Provider::File { path: file.to_owned(), mode: crate::config::FileMode::SingleValue };
    let providers = Providers::new(BTreeMap::from([("p".to_owned(), provider)]));
    SecretWatch::over(vec![(door(), auth)], Duration::from_secs(2), Resolver::new(providers, env())).await
}

fn github(secrets: Vec<SecretSpec>) -> AuthConfig {
    let kind = SchemeKind::GitHub;
    AuthConfig::Scheme(Box::new(SchemeConfig { kind, secrets, tolerance: None, replay_window: REPLAY_WINDOW_DEFAULT }))
}

struct Signature(String);

impl HeaderLookup for Signature {
    fn count(&self, name: &str) -> usize {
        usize::from(name == "x-hub-signature-256")
    }

    fn first(&self, name: &str) -> Option<&[u8]> {
        (name == "x-hub-signature-256").then_some(self.0.as_bytes())
    }
}

/// Why a request signed with this secret is refused at the door, if it is.
fn refused(watch: &SecretWatch, secret: &str) -> Option<Reason> {
    use hmac::Mac as _;
    let Some(DoorGuard::Scheme(keys)) = watch.guard(&door()) else { panic!() };
    let signature = hex(&hmac_sha256(secret.as_bytes(), &[b"{}"]).finalize().into_bytes());
    let headers = Signature(format!("sha256={signature}"));
    match keys.verify(&Presented { headers: &headers, url: "/a", body: b"{}" }, Millis(0)) {
        Ok(Knock::Request(caller, _)) => {
            assert_eq!(caller.door(), &door());
            None
        }
        Ok(Knock::Handshake(_)) => panic!(),
        Err(refused) => Some(refused.0),
    }
}

#[tokio::test]
async fn of_several_secrets_each_that_has_a_value_lets_in() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key");
    let watch = watch(AuthConfig::Bearer(vec![plain("x"), reference(SecretSource::File, "p", "value")]), &path).await;
    let Some(DoorGuard::Bearer(secret)) = watch.guard(&door()) else { panic!() };
    let admitted = || ["x", "y"].map(|it| authenticate(secret, Some(it)).is_ok());
    assert_eq!(admitted(), [true, false]);
    write(dir.path(), "key", "y", 0o600);
    watch.refresh_due(Instant::now()).await;
    assert_eq!(admitted(), [true, true]);
    fs::remove_file(&path).unwrap();
    watch.refresh_due(Instant::now()).await;
    assert_eq!(admitted(), [true, false]);
}

#[tokio::test]
async fn a_door_with_a_scheme_has_keys_that_come_change_and_go() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key");
    let watch = watch(github(vec![reference(SecretSource::File, "p", "value")]), &path).await;
    assert!(watch.guard(&door()).unwrap().is_unresolved());
    assert_eq!(refused(&watch, "x"), Some(Reason::NoKey));
    for (content, x, y) in [
        (Some("x"), None, Some(Reason::NoMatch)),
        (Some("y"), Some(Reason::NoMatch), None),
        (None, Some(Reason::NoKey), Some(Reason::NoKey)),
    ] {
        match content {
            Some(content) => _ = write(dir.path(), "key", content, 0o600),
            None => fs::remove_file(&path).unwrap(),
        }
        watch.refresh_due(Instant::now()).await;
        assert!(!watch.guard(&door()).unwrap().is_unresolved(), "it was there once");
        assert_eq!((refused(&watch, "x"), refused(&watch, "y")), (x, y));
    }
}

#[tokio::test]
async fn a_door_with_two_keys_takes_either() {
    let watch = watch(github(vec![plain("x"), plain("y")]), "/none".as_ref()).await;
    assert_eq!((refused(&watch, "x"), refused(&watch, "y")), (None, None));
    assert_eq!(refused(&watch, "z"), Some(Reason::NoMatch));
    assert!(!format!("{:?}", watch.guard(&door())).contains("\"x\""), "a secret is never printed");
}

#[tokio::test]
async fn an_open_door_lets_in_whoever_knocks() {
    let watch = watch(AuthConfig::Open, "/none".as_ref()).await;
    let guard = watch.guard(&door()).unwrap();
    let DoorGuard::Open(open) = guard else { panic!() };
    assert_eq!(open.caller().door(), &door());
    assert!(!guard.is_unresolved());
}

#[test]
fn a_key_equals_another_of_the_same_value() {
    let key = |text: &str| Key(Arc::new(SecretString::from(text)));
    assert!(key("x") == key("x") && key("x") != key("y"));
}

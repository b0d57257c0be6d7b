//! Secrets that cannot be resolved, come, change and go while the gateway serves.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use gateway_tests::{Client, Gateway, GatewayBuilder, eventually};

const LIST: &str = r#"{"action":"list_flows"}"#;

fn put(path: &Path, secret: &str) {
    let part = path.with_extension("part");
    fs::write(&part, secret).unwrap();
    fs::set_permissions(&part, Permissions::from_mode(0o600)).unwrap();
    fs::rename(part, path).unwrap();
}

/// A route `late` whose secret is the file, and a route `plain`.
fn builder(secret: &Path) -> GatewayBuilder {
    let top = format!(
        r#"secrets: {{ refreshMs: 100, providers: {{ vault: {{ source: "file", path: "{}", mode: "singleValue" }} }} }},"#,
        secret.display()
    );
    let routes =
        r#"late: { sessionKey: "agent:late:main", secret: { source: "file", provider: "vault", id: "value" } },"#;
    Gateway::builder().top(&top).raw_route(routes).route("plain", "agent:plain:main", "")
}

async fn status(client: &Client, secret: &str) -> u16 {
    client.post("/plugins/webhooks/late", LIST).secret(secret).send().await.status.as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_without_its_secret_is_not_there_comes_alive_and_fails_closed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    let gateway = builder(&file).start().await;
    let client = &gateway.client;
    assert_eq!(status(client, "first").await, 404, "unresolved at start: as if it were not there");
    assert_eq!(client.route("plain", LIST).send().await.status, 200, "every other route works");

    put(&file, "first\n");
    eventually("it comes alive without a restart", || async { status(client, "first").await == 200 }).await;
    assert_eq!(status(client, "wrong").await, 401);

    put(&file, "second");
    eventually("a changed secret takes effect", || async { status(client, "second").await == 200 }).await;
    assert_eq!(status(client, "first").await, 401, "the old one is worth nothing");

    fs::remove_file(&file).unwrap();
    eventually("a lost secret fails closed", || async { status(client, "second").await == 401 }).await;
    put(&file, "third");
    eventually("and comes back", || async { status(client, "third").await == 200 }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_file_that_others_may_read_is_not_used() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    put(&file, "s");
    fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
    let gateway = builder(&file).start().await;
    assert_eq!(status(&gateway.client, "s").await, 404);
}

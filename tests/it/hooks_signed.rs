//! Senders with a scheme of their own at a mapping: what they sign is read as they send it, and comes once.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gateway_tests::{Gateway, Post};
use hmac::{Hmac, Mac};
use sandclaw::store::RunQuery;
use sha1::Sha1;
use sha2::Sha256;

const TOKEN: &str = "a-token-that-is-long-enough";
const SECRET: &str = "it-is-a-secret-to-everybody";
/// Where Twilio believes to post to.
const ORIGIN: &str = "https://hooks.example.com";
const FORM: &str = "application/x-www-form-urlencoded; charset=UTF-8";

/// A mapping at `x` of this sender.
async fn mapping(auth: &str, template: &str) -> Gateway {
    let mapping = format!(
        "{{ match: {{ path: 'x' }}, auth: {{ {auth}, secret: '{SECRET}' }}, messageTemplate: {} }}",
        serde_json::json!(template)
    );
    let hooks = format!("hooks: {{ enabled: true, token: '{TOKEN}', mappings: [{mapping}] }},");
    Gateway::builder().top(&hooks).start().await
}

/// The messages that became runs, the oldest first.
fn messages(gateway: &Gateway) -> Vec<String> {
    let runs = gateway.store().runs(&RunQuery { recent: 100, ..RunQuery::default() }).unwrap();
    runs.into_iter().rev().map(|run| run.asked.message).collect()
}

fn hex_sha256(parts: &[&str]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    parts.iter().for_each(|part| mac.update(part.as_bytes()));
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn github(gateway: &Gateway, path: &str, delivery: &str, body: &str) -> Post {
    let signature = format!("sha256={}", hex_sha256(&[body]));
    gateway.client.post(path, body).header("x-hub-signature-256", &signature).header("x-github-delivery", delivery)
}

fn slack(gateway: &Gateway, body: &str) -> Post {
    let seconds = (gateway.clock.now().0 / 1_000).to_string();
    let signature = format!("v0={}", hex_sha256(&["v0:", &seconds, ":", body]));
    let post = gateway.client.post("/hooks/x", body).content_type(FORM);
    post.header("x-slack-signature", &signature).header("x-slack-request-timestamp", &seconds)
}

/// `sorted` is the form as Twilio signs it.
fn twilio(gateway: &Gateway, body: &str, sorted: &str) -> Post {
    let mut mac = Hmac::<Sha1>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(format!("{ORIGIN}/hooks/x{sorted}").as_bytes());
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    gateway.client.post("/hooks/x", body).content_type(FORM).header("x-twilio-signature", &signature)
}

/// Nothing signs the path: whoever saw a delivery could send it again under another spelling of the name.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_signed_is_one_run_however_many_slashes_stand_behind_the_name() {
    let gateway = mapping("scheme: 'github'", "{{action}}").await;
    let body = r#"{"action":"opened"}"#;
    let first = github(&gateway, "/hooks/x", "d-1", body).send().await;
    assert_eq!((first.status.as_u16(), first.headers.contains_key("idempotency-replayed")), (200, false));
    for path in ["/hooks/x/", "/hooks/x//", "/hooks//x", r"/hooks\x"] {
        let again = github(&gateway, path, "d-1", body).send().await;
        assert_eq!((again.status.as_u16(), &again.text), (200, &first.text), "{path}");
        assert_eq!(again.headers["idempotency-replayed"], "true", "{path}");
    }
    assert_eq!(messages(&gateway), ["opened"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_of_twilio_is_read_as_one() {
    let gateway = mapping(&format!("scheme: 'twilio', url: '{ORIGIN}'"), "{{From}}: {{Body}}").await;
    let (body, sorted) = ("From=%2B1555&Body=hi+there", "Bodyhi thereFrom+1555");
    assert_eq!(twilio(&gateway, "From=%2B1555&Body=ho+there", sorted).send().await.status, 401);
    let answer = twilio(&gateway, body, sorted).send().await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(messages(&gateway), ["+1555: hi there"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn githubs_form_is_the_payload_in_it_and_its_json_is_itself() {
    let gateway = mapping("scheme: 'github'", "{{action}} {{n}}").await;
    let form = "payload=%7B%22action%22%3A%22opened%22%2C%22n%22%3A1%7D";
    let json = r#"{"action":"closed","n":2}"#;
    let answer = github(&gateway, "/hooks/x", "d-1", form).content_type(FORM).send().await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(github(&gateway, "/hooks/x", "d-2", json).send().await.status, 200);
    // JSON is JSON, whatever it is called; what is neither is refused in the words for JSON.
    let other = r#"{"action":"edited","n":3}"#;
    assert_eq!(github(&gateway, "/hooks/x", "d-3", other).content_type(FORM).send().await.status, 200);
    let broken = github(&gateway, "/hooks/x", "d-4", "payload=hi").content_type(FORM).send().await;
    assert_eq!(broken.status, 400);
    assert!(broken.json()["error"].as_str().unwrap().starts_with("Unexpected token 'p'"), "{}", broken.text);
    assert_eq!(messages(&gateway), ["opened 1", "closed 2", "edited 3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_of_slack_is_a_form_and_its_token_goes_no_further() {
    let gateway = mapping("scheme: 'slack'", "{{command}} {{text}} {{.}}").await;
    let answer = slack(&gateway, "token=verification&command=%2Fdeploy&text=to+prod").send().await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    // Read by the gateway as JSON, for all that stands around it.
    let answer = slack(&gateway, "\u{feff}{\"token\":\"verification\",\"text\":\"x\"}\u{a0}").send().await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let expected = [r#"/deploy to prod {"command":"/deploy","text":"to prod"}"#, r#" x {"text":"x"}"#];
    assert_eq!(messages(&gateway), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_scheme_of_its_own_a_mapping_takes_json_alone() {
    let mappings = "mappings: [{ match: { path: 'x' }, messageTemplate: 'm' }, { match: { path: 'open' }, auth: 'none', messageTemplate: 'm' }]";
    let hooks = format!("hooks: {{ enabled: true, token: '{TOKEN}', {mappings} }},");
    let gateway = Gateway::builder().top(&hooks).start().await;
    for path in ["/hooks/x", "/hooks/open"] {
        let answer = gateway.client.post(path, "Body=hi").content_type(FORM).secret(TOKEN).send().await;
        assert_eq!(answer.status, 400);
        assert!(answer.json()["error"].as_str().unwrap().starts_with("Unexpected token 'B'"), "{}", answer.text);
    }
}

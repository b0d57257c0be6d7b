//! `sandclaw webhooks …`, over a database that was filled as the engine fills it, beside a gateway and without one.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use gateway_tests::{Gateway, Process};
use sandclaw::clock::Clock;
use sandclaw::model::{
    Attempt, AttemptOutcome, DeliveryId, Digest, EndpointName, Ids, Millis, NewDelivery, NewEvent, Next, Timing,
};
use sandclaw::store::{Room, Store};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::PROGRAM;

/// Where deliveries are is none of these tests' business, so their endpoint is one that the config switches off.
const ENDPOINTS: &str = "webhooks: { endpoints: [ \
    { name: 'crm', url: 'https://crm.example/hook?key=hush', secret: 'hush', events: ['message.*'], enabled: false }, \
    { name: 'audit', url: 'https://audit.example/', events: ['message.sent'] } ] },";

struct Bench {
    folder: Arc<TempDir>,
    config: PathBuf,
}

impl Bench {
    fn new() -> Self {
        let (config, folder) = Gateway::builder().top(ENDPOINTS).write();
        Self { folder, config }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn webhooks(&self, arguments: &[&str]) -> Output {
        run(self.path(), &[&["webhooks"], arguments].concat())
    }

    /// One delivered after a failure, one given up, one that was never tried; their ids.
    async fn fill(&self) -> [DeliveryId; 3] {
        let store = Store::open(&self.path().join("state"), Clock::system()).unwrap();
        let delivered = deliver(&store, r#"{"agentId":"a"}"#).await;
        let later = Next::Retry { at: Millis(0), is_excused: false };
        complete(&store, attempt(AttemptOutcome::Rejected, Some(503), "busy\u{1b}[2J"), later).await;
        complete(&store, attempt(AttemptOutcome::Accepted, Some(200), "ok"), Next::Delivered).await;
        let dead = deliver(&store, r#"{"agentId":"a"}"#).await;
        complete(&store, attempt(AttemptOutcome::Timeout, None, ""), Next::Dead("no answer".into())).await;
        let pending = deliver(&store, LONE).await;
        store.close().await;
        [delivered, dead, pending]
    }
}

/// What OpenClaw may say and no Rust string can hold.
const LONE: &str = r#"{"text":"\ud800 hi"}"#;

async fn deliver(store: &Store, data: &str) -> DeliveryId {
    let data = data.to_owned();
    let event =
        NewEvent { id: Ids.event(), kind: "message.sent".into(), timestamp: None, instance: None, session: None, data };
    store.hand_in(vec![event], None).await.unwrap();
    let event = store.undispatched(10).unwrap().pop().unwrap();
    let id = Ids.delivery();
    let delivery = NewDelivery {
        id: id.clone(),
        event: event.seq,
        endpoint: EndpointName::new("crm"),
        endpoint_version: Digest([0; 32]),
        transform: None,
        ordering_key: None,
        due_at: Millis(0),
    };
    store.dispatch(event.seq, vec![delivery]).await.unwrap();
    id
}

async fn complete(store: &Store, attempt: Attempt, next: Next) {
    let room = Room { endpoint: EndpointName::new("crm"), first: 1, retries: 1 };
    let claimed = store.claim(vec![room], Millis(1)).await.unwrap().remove(0);
    store.complete(&claimed, attempt, next, None, Vec::new()).await.unwrap();
}

fn attempt(outcome: AttemptOutcome, status: Option<u16>, body: &str) -> Attempt {
    Attempt {
        started_at: Millis(1_795_000_000_000),
        outcome,
        status,
        error: (outcome != AttemptOutcome::Accepted).then(|| format!("ended as {outcome}")),
        timing: Timing { connect_us: Some(1_200), headers_us: Some(10_000), total_us: 12_300, ..Timing::default() },
        address: Some("192.0.2.1:443".into()),
        transform: None,
        body_digest: None,
        body_bytes: 7,
        response_headers: vec![("server".into(), "x".into())],
        response_body: body.as_bytes().to_vec(),
        response_cut: false,
    }
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(PROGRAM)
        .current_dir(folder)
        .args(arguments)
        .env("CRM_SECRET", "whsec_xxxxxxxxxxxxxxxx")
        .output()
        .unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[track_caller]
fn json_of(output: &Output) -> Value {
    assert!(output.status.success(), "{}", out(output));
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("not JSON: {}", out(output)))
}

#[track_caller]
fn says(output: &Output, code: i32, parts: &[&str]) {
    let text = out(output);
    assert_eq!(output.status.code(), Some(code), "{text}");
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
    assert!(!text.contains('\u{1b}'), "plain text in a pipe, whatever a receiver answered: {text:?}");
}

/// What `list` shows with these arguments, as ids.
#[track_caller]
fn listed(bench: &Bench, arguments: &[&str]) -> Vec<String> {
    let list = json_of(&bench.webhooks(&[&["list", "--json"], arguments].concat()));
    let ids: Vec<String> =
        list["deliveries"].as_array().unwrap().iter().map(|line| line["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(list["count"], ids.len());
    ids
}

fn check_lists(bench: &Bench, [delivered, dead, pending]: &[DeliveryId; 3]) {
    let ids = |ids: &[&DeliveryId]| ids.iter().map(|id| id.to_string()).collect::<Vec<_>>();
    assert_eq!(listed(bench, &[]), ids(&[pending, dead, delivered]), "the newest first");
    assert_eq!(listed(bench, &["--recent", "1"]), ids(&[pending]));
    assert_eq!(listed(bench, &["--status", "failed"]), ids(&[dead]));
    assert_eq!(listed(bench, &["--status", "pending"]), ids(&[pending]));
    assert_eq!(listed(bench, &["--status", "delivered", "--endpoint", "crm"]), ids(&[delivered]));
    assert_eq!(listed(bench, &["--endpoint", "audit & co"]), ids(&[]));
    says(&bench.webhooks(&["list"]), 0, &["Delivery  ", "message.sent", "200", "12.3 ms", "ended as timeout"]);
    let shown = json_of(&bench.webhooks(&["show", delivered.as_str(), "--json"]));
    assert_eq!(
        (&shown["delivery"]["status"], &shown["attempts"][0]["outcome"], &shown["attempts"][1]["status"]),
        (&json!("delivered"), &json!("rejected"), &json!(200))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_are_listed_and_shown_without_a_gateway_and_beside_one() {
    let bench = Bench::new();
    let ids = bench.fill().await;
    check_lists(&bench, &ids);
    let gateway = Process::serve(PROGRAM, &bench.config);
    check_lists(&bench, &ids);
    gateway.kill();
    check_lists(&bench, &ids);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_delivery_is_shown_with_every_try_and_nothing_moves_the_cursor() {
    let bench = Bench::new();
    let [delivered, dead, pending] = bench.fill().await;
    let parts = [
        "status: delivered",
        "endpoint: crm",
        "Try 1",
        "rejected 503  12.3 ms (connect 1.20 ms, headers 10.0 ms)",
        "answer: busy\\u{1b}[2J",
        "Try 2",
        "accepted 200",
        "address: 192.0.2.1:443",
    ];
    says(&bench.webhooks(&["show", delivered.as_str()]), 0, &parts);
    says(&bench.webhooks(&["show", pending.as_str(), "--json"]), 0, &[LONE]);
    says(&bench.webhooks(&["show", dead.as_str()]), 0, &["status: dead", "reason: no answer"]);
    says(&bench.webhooks(&["show", pending.as_str()]), 0, &["status: pending", "Not tried yet."]);
    says(&bench.webhooks(&["show", "dlv_no"]), 1, &["there is no delivery dlv_no; `sandclaw webhooks list`"]);
    let event =
        json_of(&bench.webhooks(&["show", dead.as_str(), "--json"]))["event"]["id"].as_str().unwrap().to_owned();
    says(&bench.webhooks(&["show", &event]), 1, &["is an event", dead.as_str()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_given_up_is_due_again() {
    let bench = Bench::new();
    let [_, dead, pending] = bench.fill().await;
    says(&bench.webhooks(&["retry", dead.as_str()]), 0, &["is tried when a gateway runs again", "switches crm off"]);
    assert_eq!(listed(&bench, &["--status", "dead"]), Vec::<String>::new());
    says(&bench.webhooks(&["retry", pending.as_str()]), 0, &["unchanged", "it is on its way already (due)"]);
    says(&bench.webhooks(&["retry", "dlv_no"]), 1, &["there is no delivery dlv_no"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_gateway_does_what_it_is_told_or_says_why_not() {
    let bench = Bench::new();
    let [_, dead, _] = bench.fill().await;
    let _gateway = Process::serve(PROGRAM, &bench.config);
    says(&bench.webhooks(&["retry", dead.as_str()]), 0, &["is tried now", "switches crm off"]);
    says(&bench.webhooks(&["retry", "dlv_no"]), 1, &["there is no delivery dlv_no"]);
    says(&bench.webhooks(&["show", "dlv/../no?x"]), 1, &["there is no delivery dlv/../no?x"]);
    says(&bench.webhooks(&["enable", "nobody"]), 1, &["there is no endpoint nobody in the config; it has crm, audit"]);
    says(&bench.webhooks(&["disable", "crm"]), 1, &["the config switches crm off already"]);
    says(&bench.webhooks(&["recover", "--endpoint", "crm", "--since", "2h"]), 1, &["the config switches crm off"]);
    let forecast =
        json_of(&bench.webhooks(&["recover", "--endpoint", "audit", "--since", "2h", "--dry-run", "--json"]));
    assert_eq!(forecast["events"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_follows_sees_each_change() {
    let bench = Bench::new();
    let ids = bench.fill().await;
    let mut follow = Command::new(PROGRAM);
    follow.current_dir(bench.path()).args(["webhooks", "list", "--follow", "--json"]).stdout(Stdio::piped());
    let mut follow = follow.spawn().unwrap();
    let lines = BufReader::new(follow.stdout.take().unwrap()).lines();
    let mut lines = lines.map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
    let first: Vec<_> = lines.by_ref().take(3).map(|line| line["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(first, ids.each_ref().map(DeliveryId::to_string), "what is there, the oldest first");
    says(&bench.webhooks(&["retry", ids[1].as_str()]), 0, &["due"]);
    let changed = lines.next().unwrap();
    assert_eq!((&changed["id"], &changed["status"]), (&json!(ids[1].as_str()), &json!("failed")));
    follow.kill().unwrap();
    follow.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn endpoints_are_shown_without_secrets_and_switched() {
    let bench = Bench::new();
    bench.fill().await;
    let shown = bench.webhooks(&["endpoints"]);
    says(&shown, 0, &["crm", "https://crm.example/…", "off", "audit", "https://audit.example/", "active"]);
    assert!(!out(&shown).contains("hush"), "{}", out(&shown));
    says(&bench.webhooks(&["disable", "audit"]), 0, &["disabled  audit"]);
    let list = json_of(&bench.webhooks(&["endpoints", "--json"]));
    let audit = &list["endpoints"][1];
    assert_eq!((&audit["status"], &audit["disabledReason"]), (&json!("disabled"), &json!("the operator disabled it")));
    assert_eq!(list["endpoints"][0]["counts"]["delivered"], 1);
    let disabled = "audit is disabled (the operator disabled it); `sandclaw webhooks enable audit` first";
    says(&bench.webhooks(&["recover", "--endpoint", "audit", "--since", "2h"]), 1, &[disabled]);
    says(&bench.webhooks(&["enable", "audit"]), 0, &["enabled  audit"]);
    says(&bench.webhooks(&["enable", "crm"]), 1, &["the config switches crm off"]);
    says(&bench.webhooks(&["enable", "nobody"]), 1, &["there is no endpoint nobody in the config; it has crm, audit"]);
    says(&bench.webhooks(&["send-test", "--endpoint", "audit"]), 1, &["no gateway runs on this state folder"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_is_counted_first_and_then_noted() {
    let bench = Bench::new();
    bench.fill().await;
    let recover =
        |more: &[&str]| bench.webhooks(&[&["recover", "--endpoint", "audit", "--since", "2h"], more].concat());
    let forecast = json_of(&recover(&["--dry-run", "--json"]));
    assert_eq!(
        (&forecast["events"], &forecast["wouldCreate"], &forecast["wouldRevive"]),
        (&json!(3), &json!(3), &json!(0))
    );
    says(&recover(&["--dry-run"]), 0, &["3 events since", "3 would be made"]);
    says(&recover(&[]), 0, &["noted  job_", "carried out when a gateway runs again"]);
    let bad = bench.webhooks(&["recover", "--endpoint", "audit", "--since", "yesterday"]);
    says(&bad, 1, &["--since must be a time such as 2026-03-14T10:30:00Z, or how long ago"]);
}

#[test]
fn what_cannot_be_asked_says_what_can() {
    let bench = Bench::new();
    says(&bench.webhooks(&["list"]), 1, &["there is no database at"]);
    says(&bench.webhooks(&["list", "--status", "lost"]), 1, &["--status must be one of pending, failed, delivered"]);
    says(&bench.webhooks(&["list", "--recent", "0"]), 2, &["--recent"]);
    says(&bench.webhooks(&["verify", "--secret-env", "CRM_SECRET"]), 2, &["--request"]);
    says(&bench.webhooks(&["--help"]), 0, &["Examples:", "send-test", "verify"]);
}

#[test]
fn signatures_of_saved_requests_are_checked() {
    let bench = Bench::new();
    let save = |name: &str, text: &str| std::fs::write(bench.path().join(name), text).unwrap();
    let signature = "sha256=72efd2c3247d7634da7f995434b2d61fe0fa19ccaf29adbcf911b20cfcfcae97";
    let head = format!(
        "POST /in HTTP/1.1\r\nHost: x\r\nX-OpenClaw-Timestamp: 1710400200\r\nX-OpenClaw-Signature: {signature}\r\n"
    );
    let body = r#"{"id":"evt_abc123def456"}"#;
    save("good.http", &format!("{head}\r\n{body}"));
    save("edited.http", &format!("{head}\r\n{body}\n"));
    save("other.http", &format!("{head}\r\n{{}}"));
    save("unsigned.http", &format!("Host: x\n\n{body}"));
    save("head.txt", &head);
    save("body.json", body);
    save("secret.txt", "whsec_xxxxxxxxxxxxxxxx\n");
    let verify = |arguments: &[&str]| bench.webhooks(&[&["verify"], arguments].concat());
    let long_ago = ["--tolerance", "9999999999"];
    let of = |request: &str| verify(&[&["--secret-env", "CRM_SECRET", "--request", request], &long_ago[..]].concat());
    says(&of("good.http"), 0, &["good  openclaw"]);
    says(&of("edited.http"), 1, &["bad   openclaw", "the body ends in a line break that was not signed"]);
    says(&of("other.http"), 1, &["bad   openclaw", "bad signature"]);
    says(&of("unsigned.http"), 1, &["unsigned"]);
    says(&of("nowhere.http"), 1, &["nowhere.http cannot be read"]);
    let parts = ["--secret-file", "secret.txt", "--headers", "head.txt", "--body", "body.json"];
    says(&verify(&[&parts[..], &long_ago[..]].concat()), 0, &["good  openclaw"]);
    says(&verify(&parts), 1, &["bad   openclaw", "too old", "--tolerance SECONDS"]);
    let found = verify(&[&parts[..], &long_ago[..], &["--json"]].concat());
    assert_eq!(json_of(&found), json!([{ "scheme": "openclaw", "good": true, "reason": "good" }]));
    says(&verify(&["--secret-env", "NO_SUCH", "--request", "good.http"]), 1, &["environment variable NO_SUCH"]);
}

//! What workflows ask people, and what counts as an answer.

use gateway_tests::{Gateway, eventually};
use sandclaw::workflow::approvals::{Approvals, Asked};
use serde_json::{Value, json};

use super::{Workflows, begin, calls, record, until_status};
use crate::PROGRAM;

const FLOW: &str = r#"
steps:
  - id: gate
    approval: { prompt: "Deploy ${webhook.body.branch}?", approvers: [alice, bob] }
  - id: deploy
    command: npm deploy
"#;

async fn asked(gateway: &Gateway, name: &str) -> (String, String) {
    let answer = begin(&gateway.client, name, "?wait=true", json!({"branch": "main <b>"})).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    let answer = answer.json();
    assert_eq!(answer["status"], "waiting");
    let id = answer["waitsFor"]["approvalId"].as_str().unwrap().to_owned();
    (answer["flowId"].as_str().unwrap().to_owned(), id)
}

fn operator(gateway: &Gateway, arguments: &[&str]) -> Value {
    gateway.operator(PROGRAM, &[&["approvals"], arguments].concat())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_runs_before_the_right_person_approves() {
    let gateway = Workflows::new().flow("gated", FLOW, "").start().await;
    let (flow, id) = asked(&gateway, "gated").await;
    assert!(calls(gateway.path()).is_empty());
    let list = operator(&gateway, &["list"]);
    assert_eq!(list["approvals"][0]["prompt"], "Deploy main <b>?");
    assert_eq!(list["approvals"][0]["approvers"], json!(["alice", "bob"]));

    let mallory = refused(&gateway, &["approve", &id, "--as", "mallory"]);
    assert!(mallory.contains("mallory is not asked here"), "{mallory}");
    assert!(calls(gateway.path()).is_empty());

    assert_eq!(operator(&gateway, &["approve", &id, "--as", "alice"])["state"], "approved");
    let record = until_status(gateway.path(), &flow, "succeeded").await;
    assert_eq!(record["stateJson"]["steps"][0]["approvedBy"], "alice");
    assert_eq!(calls(gateway.path()), ["npm deploy"]);
    assert!(refused(&gateway, &["approve", &id, "--as", "bob"]).contains("answered already: approved"));
    assert_eq!(calls(gateway.path()), ["npm deploy"]);
}

fn refused(gateway: &Gateway, arguments: &[&str]) -> String {
    let mut command = std::process::Command::new(PROGRAM);
    command.arg("approvals").args(arguments).arg("--config").arg(gateway.path().join("sandclaw.json5"));
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_shows_a_page_and_answers_once() {
    let gateway = Workflows::new().flow("gated", FLOW, "").start().await;
    let (flow, id) = asked(&gateway, "gated").await;
    let link = operator(&gateway, &["link", &id, "--as", "bob"]);
    let path = link["path"].as_str().unwrap().to_owned();
    for _ in 0..2 {
        let page = gateway.client.get(&path).await;
        assert_eq!(page.status, 200);
        assert!(page.text.contains("Deploy main &lt;b&gt;?"), "{}", page.text);
        assert_eq!(page.headers["cache-control"], "no-store");
        assert_eq!(page.headers["referrer-policy"], "no-referrer");
        assert_eq!(page.headers["x-frame-options"], "DENY");
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; form-action 'self'; frame-ancestors 'none'"), "{policy}");
    }
    assert_eq!(record(gateway.path(), &flow)["status"], "waiting");
    let answer = |path: &str, body: &str| {
        gateway.client.post(path, body).content_type("application/x-www-form-urlencoded").send()
    };
    assert_eq!(answer(&path, "decision=perhaps").await.status, 400);
    assert_eq!(answer(&format!("{path}x"), "decision=approve").await.status, 404);
    assert_eq!(gateway.client.get("/approvals/x").await.status, 404);
    assert_eq!(answer(&path, "decision=approve").await.status, 200);
    until_status(gateway.path(), &flow, "succeeded").await;
    assert_eq!(answer(&path, "decision=approve").await.status, 410);
    assert_eq!(gateway.client.get(&path).await.status, 410);
    assert_eq!(calls(gateway.path()), ["npm deploy"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_nobody_answers_in_time_cancels_the_run() {
    let gateway = Workflows::new().flow("gated", FLOW, "").start().await;
    let (flow, id) = asked(&gateway, "gated").await;
    let path = operator(&gateway, &["link", &id, "--as", "bob"])["path"].as_str().unwrap().to_owned();
    gateway.clock.advance(24 * 3_600_000);
    let record = until_status(gateway.path(), &flow, "cancelled").await;
    assert_eq!(record["stateJson"]["steps"][0]["status"], "expired");
    assert_eq!(gateway.client.get(&path).await.status, 410);
    assert!(calls(gateway.path()).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejection_cancels_and_nobody_can_approve_what_names_nobody() {
    let nobody = "steps:\n  - id: gate\n    approval: { prompt: sure, approvers: [] }\n  - command: npm deploy\n";
    let gateway = Workflows::new().flow("nobody", nobody, "approvers: ['alice']").start().await;
    let (flow, id) = asked(&gateway, "nobody").await;
    assert!(refused(&gateway, &["approve", &id, "--as", "alice"]).contains("nobody can approve this"));
    assert_eq!(operator(&gateway, &["reject", &id, "--as", "alice"])["state"], "rejected");
    until_status(gateway.path(), &flow, "cancelled").await;
    assert!(calls(gateway.path()).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_a_faster_branch_made_needless_moves_nothing_any_more() {
    let asks = "steps:\n  - id: gate\n    approval: { prompt: slow, approvers: [alice] }\n";
    let race = r#"
steps:
  - id: race
    parallel:
      wait: any
      branches:
        - { id: slow, workflow: asks }
        - { id: quick, command: "npm quick" }
  - id: gate
    approval: { prompt: "deploy?", approvers: [alice] }
  - id: deploy
    command: npm deploy
"#;
    let workflows = Workflows::new().flow("asks", asks, "").flow("race", race, "");
    // It ends when the file is there: the question is asked by then.
    workflows.program("npm", "[ $1 = deploy ] || until [ -e ../go ]; do sleep 0.01; done");
    let gateway = workflows.start().await;
    let flow = begin(&gateway.client, "race", "", json!({})).await.json()["flowId"].as_str().unwrap().to_owned();
    let open = || operator(&gateway, &["list"])["approvals"].clone();
    eventually("the slow branch asks", || async { open()[0]["prompt"] == "slow" }).await;
    let needless = open()[0]["id"].as_str().unwrap().to_owned();
    std::fs::write(gateway.path().join("go"), "").unwrap();
    until_status(gateway.path(), &flow, "waiting").await;
    let questions = open();
    assert_eq!((&questions[0]["prompt"], questions.as_array().unwrap().len()), (&json!("deploy?"), 1));
    assert_eq!(operator(&gateway, &["show", &needless])["state"], "void");
    for verb in ["approve", "reject"] {
        let word = refused(&gateway, &[verb, &needless, "--as", "alice"]);
        assert!(word.contains("nobody waits for an answer to this any more"), "{word}");
    }
    assert_eq!(record(gateway.path(), &flow)["status"], "waiting");
    operator(&gateway, &["approve", questions[0]["id"].as_str().unwrap(), "--as", "alice"]);
    until_status(gateway.path(), &flow, "succeeded").await;
    assert_eq!(calls(gateway.path()), ["npm quick", "npm deploy"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_very_many_open_questions_those_are_closed_whose_time_is_over() {
    let brief = "steps:\n  - approval: { prompt: brief, approvers: [alice], expires_ms: 60000 }\n";
    let workflows = Workflows::new().flow("gated", FLOW, "").flow("brief", brief, "");
    let gateway = workflows.top("limits: { rateRequests: 10000 },").start().await;
    // More than one list of open questions shows.
    for _ in 0..1_001 {
        let answer = begin(&gateway.client, "gated", "", json!({"branch": "x"})).await;
        assert_eq!(answer.status, 202, "{}", answer.text);
    }
    let (flow, _) = asked(&gateway, "brief").await;
    gateway.clock.advance(60_000);
    until_status(gateway.path(), &flow, "cancelled").await;
    assert_eq!(operator(&gateway, &["list"])["approvals"].as_array().unwrap().len(), 1_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_in_the_file_counts_where_the_operator_has_no_list_and_not_against_an_empty_one() {
    let flow = "steps:\n  - id: gate\n    approval: { prompt: ship?, required_approver: alice }\n";
    let gateway = Workflows::new().flow("free", flow, "").flow("taken", flow, "approvers: []").start().await;
    let (flow, id) = asked(&gateway, "free").await;
    operator(&gateway, &["approve", &id, "--as", "alice"]);
    until_status(gateway.path(), &flow, "succeeded").await;
    let (_, id) = asked(&gateway, "taken").await;
    assert!(refused(&gateway, &["approve", &id, "--as", "alice"]).contains("nobody can approve this"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_waits_survives_a_restart_and_a_changed_file() {
    let gateway = Workflows::new().flow("gated", FLOW, "").start().await;
    let (flow, id) = asked(&gateway, "gated").await;
    std::fs::write(gateway.path().join("workflows/gated.yaml"), "steps:\n  - command: npm other\n").unwrap();
    let gateway = gateway.restart().await;
    operator(&gateway, &["approve", &id, "--as", "bob"]);
    until_status(gateway.path(), &flow, "succeeded").await;
    assert_eq!(calls(gateway.path()), ["npm deploy"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_has_to_fit_its_schema() {
    let flow = r#"
steps:
  - id: ask
    input:
      prompt: how many
      responseSchema: { type: object, required: [n], properties: { n: { type: integer } } }
  - id: run
    command: npm scale ${ask.response.n}
"#;
    let gateway = Workflows::new().flow("ask", flow, "approvers: ['alice']").start().await;
    let (flow, id) = asked(&gateway, "ask").await;
    let wrong = refused(&gateway, &["approve", &id, "--as", "alice", "--response", "{\"n\":\"many\"}"]);
    assert!(wrong.contains("does not fit"), "{wrong}");
    operator(&gateway, &["approve", &id, "--as", "alice", "--response", "{\"n\":3}"]);
    until_status(gateway.path(), &flow, "succeeded").await;
    assert_eq!(calls(gateway.path()), ["npm scale 3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_taken_off_the_operators_list_answers_nothing_any_more() {
    let flow = "steps:\n  - id: gate\n    approval: ship it?\n  - command: npm ship\n";
    let gateway = Workflows::new().flow("ship", flow, "approvers: ['alice', 'bob']").start().await;
    let (run, id) = asked(&gateway, "ship").await;
    let link = |name: &str| operator(&gateway, &["link", &id, "--as", name])["path"].as_str().unwrap().to_owned();
    let (alice, bob) = (link("alice"), link("bob"));
    gateway.edit(|config| config.replace("'bob'", "'carol'"));
    let gateway = gateway.restart().await;

    assert_eq!(operator(&gateway, &["show", &id])["approvers"], json!(["alice"]));
    for arguments in [["approve", &id, "--as", "bob"], ["link", &id, "--as", "bob"]] {
        let said = refused(&gateway, &arguments);
        assert!(
            said.contains("bob was asked here, and may not answer any more: workflows.flows[\"ship\"].approvers"),
            "{said}"
        );
    }
    let page = gateway.client.get(&bob).await;
    assert_eq!((page.status.as_u16(), page.text.contains("ship it?")), (403, false));
    let form = |path: &str| {
        let post = gateway.client.post(path, "decision=approve");
        post.content_type("application/x-www-form-urlencoded").send()
    };
    assert_eq!(form(&bob).await.status, 403);
    // Who came onto the list since then was not asked.
    assert!(
        refused(&gateway, &["approve", &id, "--as", "carol"]).contains("carol is not asked here; alice may answer")
    );
    assert_eq!(gateway.client.get(&alice).await.status, 200);

    // Where no config is at hand, nobody knows who is on the list.
    let desk = Approvals::new(gateway.store(), gateway.clock.clone(), &gateway.path().join("state"), None);
    let blind = desk.unwrap().decide(&id, "alice", Asked::Yes(None)).await.unwrap_err();
    assert!(blind.to_string().contains("name the config with --config"), "{blind}");
    assert!(calls(gateway.path()).is_empty());
    assert_eq!(operator(&gateway, &["approve", &id, "--as", "alice"])["state"], "approved");
    until_status(gateway.path(), &run, "succeeded").await;
    assert_eq!(calls(gateway.path()), ["npm ship"]);
}

const LONG: &str = r#"
steps:
  - id: gate
    approval: { prompt: $webhook.body.ask, items: $webhook.body.items, approvers: [alice] }
"#;

/// What `approvals` prints for a person.
fn printed(gateway: &Gateway, arguments: &[&str]) -> String {
    let mut command = std::process::Command::new(PROGRAM);
    command.arg("approvals").args(arguments).arg("--config").arg(gateway.path().join("sandclaw.json5"));
    String::from_utf8(command.output().unwrap().stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_approved_that_cannot_be_seen() {
    let gateway = Workflows::new().flow("long", LONG, "").start().await;
    let ask = format!("Deploy?{}{}and delete everything", " ".repeat(1_500), "\n".repeat(400));
    let items: Vec<String> = (0..500).map(|n| format!("server-{n}")).collect();
    let begun = begin(&gateway.client, "long", "?wait=true", json!({"ask": ask, "items": items})).await.json();
    let id = begun["waitsFor"]["approvalId"].as_str().unwrap();
    assert_eq!(begun["waitsFor"]["prompt"], "Deploy? and delete everything");
    let all = json!(items).to_string();
    let listed = operator(&gateway, &["list"])["approvals"][0].clone();
    assert_eq!(listed["prompt"], "Deploy? and delete everything");
    let note = format!("[cut: all 6,391 characters: sandclaw approvals show {id}] [\"server-0\"");
    assert_eq!(all.len(), 6_391);
    assert!(listed["preview"].as_str().unwrap().starts_with(&note), "{listed}");
    let shown = operator(&gateway, &["show", id]);
    assert_eq!((shown["prompt"].as_str(), shown["preview"].as_str()), (Some(ask.as_str()), Some(all.as_str())));
    let path = operator(&gateway, &["link", id, "--as", "alice"])["path"].as_str().unwrap().to_owned();
    let page = gateway.client.get(&path).await.text;
    for (text, seen) in [(printed(&gateway, &["show", id]), "\"server-499\""), (page, "&quot;server-499&quot;")] {
        assert!(
            text.contains(seen) && text.contains("and delete everything") && text.contains("6391 characters"),
            "{text}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_would_see_is_written_out_for_whoever_decides() {
    let gateway = Workflows::new().flow("long", LONG, "").start().await;
    let hidden = "ok\u{202e}gpj.\u{200b}exe\u{1b}[2J\u{9b}1A\u{e0041}\nsecond line";
    let begun = begin(&gateway.client, "long", "?wait=true", json!({"ask": hidden, "items": [hidden]})).await.json();
    let id = begun["waitsFor"]["approvalId"].as_str().unwrap();
    let visible = "ok\\u{202e}gpj.\\u{200b}exe\\u{1b}[2J\\u{9b}1A\\u{e0041}";
    let shown = operator(&gateway, &["show", id]);
    assert_eq!(shown["prompt"], format!("{visible}\nsecond line"));
    // What is JSON stays JSON, and the same.
    let items: Value = serde_json::from_str(shown["preview"].as_str().unwrap()).unwrap();
    assert_eq!(items, json!([hidden]));
    let path = operator(&gateway, &["link", id, "--as", "alice"])["path"].as_str().unwrap().to_owned();
    let page = gateway.client.get(&path).await.text;
    let whole = [printed(&gateway, &["show", id]), printed(&gateway, &["list"]), page];
    for text in &whole {
        let is_seen = |c: char| c == '\n' || !sandclaw::model::is_hidden(c);
        assert!(text.contains(visible) && text.chars().all(is_seen), "{text:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_asked_about_more_than_can_be_shown() {
    let flow = "steps:\n  - id: make\n    command: head -c 300000 /dev/zero | tr '\\0' x\n  \
                - id: gate\n    approval: { prompt: sure?, preview: $make.stdout, approvers: [alice] }\n";
    let gateway = Workflows::new().flow("much", flow, "").start().await;
    let answer = begin(&gateway.client, "much", "?wait=true", json!({})).await;
    let why = "gate: its preview has 293 KiB, and a person is shown at most 256: nobody was asked";
    assert!(answer.status == 422 && answer.text.contains(why), "{}", answer.text);
    assert_eq!(operator(&gateway, &["list"])["approvals"], json!([]));
}

#[test]
fn check_says_which_workflows_would_not_run_and_whom_nobody_could_answer() {
    let asks = "steps:\n  - id: gate\n    approval: sure?\n  - command: npm deploy\n";
    let with = Workflows::new().flow("asks", asks, "").flow("gated", FLOW, "").flow("bad", "steps: 5\n", "").with();
    let (config, _folder) = with.write();
    let output =
        std::process::Command::new(PROGRAM).args(["check", "--json", "--config"]).arg(config).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let warnings: Vec<&str> = report["warnings"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let said = |what: &str| warnings.iter().filter(|warning| warning.contains(what)).count();
    assert_eq!(said("/taskflow/asks: nobody can answer what the step `gate` of `asks` asks"), 1, "{report}");
    assert_eq!(said("/taskflow/bad: the workflow `bad` is not ready: "), 1, "{report}");
    assert_eq!(said("/taskflow/gated"), 0, "{report}");
}

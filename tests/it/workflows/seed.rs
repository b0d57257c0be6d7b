//! The workflows of the document that the doors come from, as they stand there.

use gateway_tests::Receiver;
use serde_json::{Value, json};

use super::{Workflows, begin, calls, run, said, steps};
use crate::seeds::snippet;

fn channels(receiver: &Receiver) -> String {
    let one = |path: &str| format!("{{ {} }}", receiver.members(path));
    format!("channels: {{ \"feishu:dev\": {}, feishu: {{ ops: {} }} }},", one("/dev"), one("/ops"))
}

#[tokio::test(flavor = "multi_thread")]
pub async fn a_deployment_that_goes_well_says_so() {
    let receiver = Receiver::start().await;
    let gateway = Workflows::new()
        .flow("deploy-workflow", snippet("000/workflows/deploy-workflow.yaml"), "")
        .top(&channels(&receiver))
        .start()
        .await;
    let record = run(&gateway, "deploy-workflow", json!({"branch": "main"})).await;
    assert_eq!(record["status"], "succeeded", "{record}");
    assert_eq!(
        steps(&record),
        ["notify succeeded", "pull succeeded", "test succeeded", "deploy succeeded", "report succeeded"]
    );
    assert_eq!(calls(gateway.path()), ["git pull origin main", "npm test", "pm2 restart app"]);
    let arrived: Vec<Value> = receiver.wait_for(2).await.iter().map(|received| received.json()).collect();
    assert_eq!(arrived[0], json!({"msg_type": "text", "content": {"text": "收到部署请求,开始处理..."}}));
    assert_eq!(arrived[1]["content"]["text"], "部署成功");
}

#[tokio::test(flavor = "multi_thread")]
pub async fn a_deployment_whose_test_fails_is_skipped_and_reported() {
    let receiver = Receiver::start().await;
    let workflows = Workflows::new()
        .flow("deploy-workflow", snippet("000/workflows/deploy-workflow.yaml"), "")
        .top(&channels(&receiver));
    workflows.program("npm", "echo broken >&2; exit 1");
    let gateway = workflows.start().await;
    let record = run(&gateway, "deploy-workflow", json!({})).await;
    assert_eq!(record["status"], "succeeded", "{record}");
    assert_eq!(steps(&record)[2..], ["test failed", "deploy skipped", "report succeeded"]);
    assert_eq!(calls(gateway.path()), ["git pull origin main", "npm test"]);
    assert_eq!(said(gateway.path())[1], ("feishu:dev".to_owned(), "部署失败".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
pub async fn a_pipeline_stops_at_the_step_that_fails() {
    let receiver = Receiver::start().await;
    let workflows =
        Workflows::new().flow("ci-deploy", snippet("000/workflows/ci-deploy.yaml"), "").top(&channels(&receiver));
    workflows.program("npm", "[ \"$1\" != test ]");
    let gateway = workflows.start().await;
    let answer = begin(&gateway.client, "ci-deploy", "?wait=30s", json!({})).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (422, "workflow_failed"), "{}", answer.text);
    assert_eq!(answer.json()["error"], "step2: ended with code 1");
    assert_eq!(calls(gateway.path()), ["git pull", "npm install", "npm test"]);
    assert!(said(gateway.path()).is_empty());

    workflows_well(&receiver).await;
}

async fn workflows_well(receiver: &Receiver) {
    let gateway = Workflows::new()
        .flow("ci-deploy", snippet("000/workflows/ci-deploy.yaml"), "")
        .top(&channels(receiver))
        .start()
        .await;
    let record = run(&gateway, "ci-deploy", json!({})).await;
    assert_eq!(record["status"], "succeeded", "{record}");
    let told = &said(gateway.path())[0].1;
    assert_eq!(told, "部署完成: step1: succeeded, step2: succeeded, step3: succeeded, step4: succeeded");
}

#[tokio::test(flavor = "multi_thread")]
pub async fn an_alert_is_shown_to_a_model() {
    let model = super::models::model(&["the disk is full"]).await;
    let workflows = Workflows::new()
        .flow("alert-diagnosis", snippet("000/workflows/alert-diagnosis.yaml"), "")
        .top(&super::models::config(&model));
    workflows.program("kubectl", "echo 'web-1 CrashLoopBackOff'");
    let gateway = workflows.start().await;
    let record = run(&gateway, "alert-diagnosis", json!({"status": "firing"})).await;
    assert_eq!(record["status"], "succeeded", "{record}");
    assert_eq!(record["stateJson"]["result"], "the disk is full");
    let asked = model.received()[0].json();
    let shown = asked["messages"][1]["content"].as_str().unwrap();
    assert!(shown.contains(">\nweb-1 CrashLoopBackOff"), "{shown}");
}

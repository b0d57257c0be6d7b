//! The guide of events out and messages in: its inbound templates and its commands; its outbound configs are in `scenarios`. Other than there, a
//! template without a secret lets nobody in unless the config says that everybody may.

use gateway_tests::{Process, Receiver, deliveries_once};
use sandclaw::model::DeliveryState;
use sandclaw::store::Store;
use serde_json::json;

use super::reader::{Reader, at, filled, loaded};
use super::snippet;
use crate::scenarios::{hand_in, moved, of_agent};

const HOST: &str = "http://openclaw.example.com";
const SECRET: (&str, &str) = ("webhooks: {\n", "webhooks: {\nsecret: \"your-secret-token\",\n");

fn serve(config: &str) -> (Reader, Process) {
    let reader = Reader::with(&[("sandclaw.json5", config)]);
    let gateway = reader.serve();
    (reader, gateway)
}

fn told(reader: &Reader) -> Vec<(String, String)> {
    reader.runs().into_iter().map(|run| (run.asked.agent.to_string(), run.asked.message)).collect()
}

#[tokio::test(flavor = "multi_thread")]
pub async fn templates_tell_agents_once_there_is_a_secret_or_none_is_wanted() {
    let warning = "webhooks.inbound: there is no secret, so every request is answered 401; add secret: ";
    assert!(matches!(&loaded("003/inbound.json5").warnings[..], [one] if one.starts_with(warning)));
    let (reader, gateway) = serve(snippet("003/inbound.json5"));
    assert_eq!(reader.curl(&at(&gateway, "003/deploy.sh", HOST), &[]).0, 401);
    assert!(told(&reader).is_empty());
    let deployed = ("devops-agent".to_owned(), "my-app 的 main 分支部署成功".to_owned());

    let (reader, gateway) = serve(&filled(snippet("003/inbound.json5"), &[SECRET]));
    let with_secret = [("-H \"Content", "-H \"Authorization: Bearer your-secret-token\" -H \"Content")];
    let (status, answer) = reader.curl(&filled(&at(&gateway, "003/deploy.sh", HOST), &with_secret), &[]);
    assert_eq!((status, &answer["ok"]), (200, &json!(true)), "{answer}");
    let alert = json!({"title": "磁盘满", "severity": "high"}).to_string();
    let answer = gateway.client.post("/webhooks/inbound/alert", alert).secret("your-secret-token").send().await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let alerted = ("alert-handler".to_owned(), "收到告警:磁盘满 - 严重级别:high".to_owned());
    assert_eq!(told(&reader), [deployed.clone(), alerted]);

    let open = [("\"deploy\": {", "\"deploy\": { auth: \"none\",")];
    let (reader, gateway) = serve(&filled(snippet("003/inbound.json5"), &open));
    let (status, answer) = reader.curl(&at(&gateway, "003/deploy.sh", HOST), &[]);
    assert_eq!(status, 200, "{answer}");
    assert_eq!(told(&reader), [deployed]);
}

#[tokio::test(flavor = "multi_thread")]
pub async fn a_ticket_that_changes_is_told_to_the_support_bot() {
    let tickets = Receiver::start().await;
    let config = filled(snippet("003/tickets.json5"), &[SECRET]);
    let there = format!("allowPrivate: [\"127.0.0.1/32:{}\"], url: \"{}", tickets.address().port(), tickets.url("/"));
    let (reader, gateway) = serve(&filled(&config, &[("url: \"https://ticketing.company.com/", &there)]));
    let ticket = json!({"ticketId": 42, "status": "已解决"}).to_string();
    let answer =
        gateway.client.post("/webhooks/inbound/ticket-update", ticket).secret("your-secret-token").send().await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(told(&reader), [("support-bot".to_owned(), "工单 #42 状态已更新为:已解决".to_owned())]);
}

#[tokio::test(flavor = "multi_thread")]
pub async fn deliveries_are_listed_as_the_guide_asks_for_them() {
    let receiver = Receiver::answering(|_, request| {
        let is_error = request.json()["type"] == "error.occurred";
        gateway_tests::Verdict::status(if is_error { 500 } else { 200 })
    })
    .await;
    let (reader, gateway) = serve(&moved(snippet("003/basic.json5"), "your-server.com", &receiver));
    for kind in ["message.sent", "error.occurred"] {
        hand_in(&gateway.client, &of_agent(kind, "my-agent")).await;
    }
    let store = Store::open_beside(&reader.path().join("state")).unwrap();
    let is = |row: &sandclaw::store::DeliveryRow| matches!(row.state, DeliveryState::Delivered | DeliveryState::Dead);
    deliveries_once(&store, "main-webhook", |rows| rows.len() == 2 && rows.iter().all(is)).await;

    let mut commands = snippet("003/list.sh").lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let mut list = || reader.bash(commands.next().unwrap(), &[]);
    let (recent, failed) = (list(), list());
    assert!(recent.contains("message.sent") && recent.contains("error.occurred"), "{recent}");
    assert!(!failed.contains("message.sent") && failed.contains("error.occurred"), "{failed}");
}

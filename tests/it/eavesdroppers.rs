//! Somebody who saw a signed request on its way, or who can reach the door and nothing more: what that is good for.

use gateway_tests::{Client, Gateway, Post, Wire};
use hmac::{Hmac, Mac};
use sha2::Sha256;

const PATH: &str = "/plugins/webhooks/a";
const CREATE: &str = r#"{"action":"create_flow","goal":"signed"}"#;
const SECRET: &str = "it-is-a-secret-to-everybody";
const SIGNED: &str =
    "a: { sessionKey: 'agent:a:main', auth: { scheme: 'github', secret: 'it-is-a-secret-to-everybody' } },";

fn github(client: &Client, path: &str, body: &str) -> Post {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    let signature: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    client.post(path, body).header("x-hub-signature-256", &format!("sha256={signature}"))
}

fn flows(gateway: &Gateway) -> usize {
    gateway.store().all_flows(None).unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_with_another_query_is_no_redelivery() {
    let gateway = Gateway::builder().raw_route(SIGNED).start().await;
    let deliver =
        async |path: &str| github(&gateway.client, path, CREATE).header("x-github-delivery", "d1").send().await.status;
    assert_eq!(deliver("/plugins/webhooks/a?tenant=1").await, 200);
    // Components read the query, and nobody signed it.
    assert_eq!(deliver("/plugins/webhooks/a?tenant=2").await, 401);
    assert_eq!(deliver("/plugins/webhooks/a").await, 401);
    assert_eq!(deliver("/plugins/webhooks/a?tenant=1").await, 200);
    assert_eq!(flows(&gateway), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_hidden_behind_bytes_that_are_no_ascii_is_still_the_one_that_the_proxy_saw() {
    let proxied = "gateway: { listen: '127.0.0.1:0', trustedProxies: ['127.0.0.1'], allowedIps: ['127.0.0.0/8'] },";
    let gateway = Gateway::builder().top(proxied).route("a", "agent:a:main", "").start().await;
    for claimed in ["198.51.100.1", "é, 198.51.100.1", "127.0.0.1, é,198.51.100.1"] {
        let mut wire = Wire::open(gateway.address());
        let head =
            format!("POST {PATH} HTTP/1.1\r\nhost: x\r\nx-forwarded-for: {claimed}\r\ncontent-length: 0\r\n\r\n");
        wire.send(head.as_bytes());
        assert_eq!(wire.reply(false).unwrap().unwrap().status, 403, "{claimed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_with_slow_bodies_leave_half_of_the_gateway_to_those_who_have_shown_a_credential() {
    let gateway = Gateway::builder().top("limits: { requestsInFlight: 2 },").raw_route(SIGNED);
    let gateway = gateway.route("b", "agent:b:main", "").start().await;
    let mut stranger = Wire::open(gateway.address());
    let head = "content-type: application/json\r\ncontent-length: 2\r\nexpect: 100-continue\r\n\r\n";
    stranger.send(format!("POST {PATH} HTTP/1.1\r\nhost: x\r\n{head}").as_bytes());
    stranger.wait_for_continue();
    assert_eq!(github(&gateway.client, PATH, CREATE).send().await.status, 503);
    assert_eq!(gateway.client.route("b", CREATE).send().await.status, 200);
    stranger.send(b"{}");
    assert_eq!(stranger.reply(false).unwrap().unwrap().status, 401);
    assert_eq!(github(&gateway.client, PATH, CREATE).send().await.status, 200);
}

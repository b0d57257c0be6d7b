//! The guards, in their order, with the statuses and bodies of OpenClaw 2026.4.7; what the recorded exchanges do not show.

use std::io::{Read, Write};
use std::net::TcpStream;

use gateway_tests::{Answer, Gateway, GatewayBuilder, PATIENCE, Post, Wire};

const LIST: &str = r#"{"action":"list_flows"}"#;

fn one_route(more: &str) -> GatewayBuilder {
    Gateway::builder().route("a", "agent:a:main", more)
}

#[track_caller]
fn is(answer: &Answer, status: u16, body: &str) {
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (status, body));
    assert_eq!(answer.headers["x-content-type-options"], "nosniff");
    assert_eq!(answer.headers["referrer-policy"], "no-referrer");
}

/// Sends bytes as they are and reads to the end of the connection.
fn raw(gateway: &Gateway, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(gateway.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// A request that fails every guard from `mends` on: each guard answers only when those before it are satisfied.
#[tokio::test(flavor = "multi_thread")]
async fn the_guards_speak_in_their_order() {
    let gateway = one_route("limits: { rateRequests: 3 }").start().await;
    let client = &gateway.client;
    let bare = |path: &str| -> Post { client.post(path, "{bad") };
    is(&client.get("/plugins/webhooks/nowhere").await, 404, "Not Found");
    let get = client.get("/plugins/webhooks/a").await;
    is(&get, 405, "Method Not Allowed");
    assert_eq!(get.headers["allow"], "POST");
    assert!(!get.headers.contains_key("content-type"));
    is(
        &client.post("/plugins/webhooks/a", "{bad").content_type("text/plain").send().await,
        415,
        "Unsupported Media Type",
    );
    is(&bare("/plugins/webhooks/a").send().await, 401, "unauthorized");
    is(&bare("/plugins/webhooks/a").secret("secret-a").send().await, 400, "invalid request body");
    is(&client.post("/plugins/webhooks/a", "{bad").content_type("text/plain").send().await, 429, "Too Many Requests");
    is(&bare("/plugins/webhooks/a/").send().await, 401, "unauthorized");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_over_its_limit_gets_its_413_declared_or_chunked() {
    let gateway = one_route("limits: { bodyKiB: 1 }").start().await;
    let head = "POST /plugins/webhooks/a HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nauthorization: Bearer secret-a\r\n";
    let declared = raw(&gateway, format!("{head}content-length: 100000\r\n\r\n{}", "x".repeat(100_000)).as_bytes());
    assert!(declared.starts_with("HTTP/1.1 413") && declared.ends_with("Payload too large"), "{declared}");
    assert!(declared.contains("connection: close"));
    let chunk = format!("{:x}\r\n{}\r\n", 2000, "x".repeat(2000));
    let chunked =
        raw(&gateway, format!("{head}transfer-encoding: chunked\r\n\r\n{}0\r\n\r\n", chunk.repeat(40)).as_bytes());
    assert!(chunked.starts_with("HTTP/1.1 413") && chunked.ends_with("Payload too large"), "{chunked}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_body_without_a_credential_is_answered_401_unread() {
    let gateway = one_route("").start().await;
    let head = "POST /plugins/webhooks/a HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 900000\r\n\r\n";
    let answer = raw(&gateway, format!("{head}{}", "x".repeat(900_000)).as_bytes());
    assert!(answer.starts_with("HTTP/1.1 401") && answer.ends_with("unauthorized"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_leaves_the_connection_usable_or_says_that_it_is_not() {
    let gateway = one_route("").start().await;
    let head = |more: &str| {
        format!("POST /plugins/webhooks/a HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n{more}\r\n\r\n")
    };
    for (request, closes) in [
        (head("content-length: 2") + "{}", false),
        (head("content-length: 16384") + &" ".repeat(16_384), false),
        (head("transfer-encoding: chunked") + "1\r\n{\r\n1\r\n}\r\n0\r\n\r\n", false),
        (head("content-length: 16385") + &" ".repeat(16_385), true),
        (head("content-length: 2"), true),
        (head("content-length: 2\r\nexpect: 100-continue"), true),
        (head("transfer-encoding: chunked") + "1\r\n{\r\n1", true),
    ] {
        let mut wire = Wire::open(gateway.address());
        wire.send(request.as_bytes());
        let reply = wire.reply(false).unwrap().unwrap();
        assert_eq!((reply.status, reply.header("connection")), (401, closes.then_some("close")), "{request}");
        wire.send(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n");
        assert_eq!(wire.reply(false).unwrap().map(|reply| reply.status), (!closes).then_some(200), "{request}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_does_not_come_gets_its_408() {
    let gateway = one_route("limits: { bodyTimeoutMs: 100 }").start().await;
    let head = "POST /plugins/webhooks/a HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nauthorization: Bearer secret-a\r\n";
    let answer = raw(&gateway, format!("{head}content-length: 100\r\n\r\n{{").as_bytes());
    assert!(answer.starts_with("HTTP/1.1 408") && answer.ends_with("Request body timeout"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_that_are_no_http_or_too_large_are_turned_away_and_harm_nobody() {
    let gateway = one_route("").start().await;
    let long = format!("POST /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(100_000));
    let many = format!("POST /plugins/webhooks/a HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(5_000));
    for garbage in ["\0\0\0\0\r\n\r\n", "GET\r\n\r\n", "POST /plugins/webhooks/a HTTP/9.9\r\n\r\n", &long, &many] {
        let answer = raw(&gateway, garbage.as_bytes());
        assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    assert_eq!(gateway.client.route("a", LIST).send().await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_follows_a_request_does_not_hold_its_answer_back() {
    let gateway = one_route("").start().await;
    let request = format!(
        "POST /plugins/webhooks/a HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nauthorization: Bearer secret-a\r\ncontent-length: {}\r\n",
        LIST.len()
    );
    let junk = raw(&gateway, format!("{request}connection: close\r\n\r\n{LIST}junk").as_bytes());
    assert!(junk.starts_with("HTTP/1.1 200") && junk.ends_with(r#""result":{"flows":[]}}"#), "{junk}");
    let mut stream = TcpStream::connect(gateway.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(format!("{request}\r\n{LIST}POST /plugins").as_bytes()).unwrap();
    let mut start = [0; 12];
    stream.read_exact(&mut start).unwrap();
    assert_eq!(&start, b"HTTP/1.1 200", "while the next request is still on its way");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_head_does_not_hold_a_connection() {
    let gateway = one_route("").top("limits: { headerTimeoutMs: 100 },").start().await;
    let answer = raw(&gateway, b"POST /plugins/webhooks/a HTTP/1.1\r\nhost:");
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_behind_a_trusted_proxy_has_a_window_of_its_own() {
    let trusting = one_route("limits: { rateRequests: 1 }")
        .top(r#"gateway: { listen: "127.0.0.1:0", trustedProxies: ["127.0.0.1"] },"#)
        .start()
        .await;
    let from =
        |gateway: &Gateway, address: &str| gateway.client.route("a", LIST).header("x-forwarded-for", address).send();
    assert_eq!(from(&trusting, "192.0.2.1").await.status, 200);
    assert_eq!(from(&trusting, "192.0.2.1").await.status, 429);
    assert_eq!(from(&trusting, "198.51.100.7, 192.0.2.2").await.status, 200, "the hop next to the proxy counts");
    assert_eq!(from(&trusting, "203.0.113.9, 192.0.2.2").await.status, 429, "and not what it claims");

    let wary = one_route("limits: { rateRequests: 1 }").start().await;
    assert_eq!(from(&wary, "192.0.2.1").await.status, 200);
    assert_eq!(from(&wary, "192.0.2.2").await.status, 429, "nobody is trusted by default");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_counts_only_where_it_belongs() {
    let gateway = one_route("").start().await;
    let post = || gateway.client.post("/plugins/webhooks/a", LIST);
    for (request, status) in [
        (post().header("x-openclaw-webhook-secret", " secret-a "), 200),
        (post().header("authorization", "Basic x").header("x-openclaw-webhook-secret", "secret-a"), 200),
        (post().header("authorization", "Bearer wrong").header("x-openclaw-webhook-secret", "secret-a"), 401),
        (post().header("authorization", "secret-a"), 401),
        (post().header("x-openclaw-token", "secret-a"), 401),
        (post().secret("secret-a").header("authorization", "Bearer other"), 200),
        (post().secret("other").header("authorization", "Bearer secret-a"), 401),
        (post().secret("SECRET-A"), 401),
        (post().secret("secret-a-and-more"), 401),
        (gateway.client.post("/plugins/webhooks/a?token=secret-a&secret=secret-a", LIST), 401),
    ] {
        assert_eq!(request.send().await.status.as_u16(), status);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pool_is_never_asked_for_more_runs_than_it_has() {
    let limits = r#"grants: ["clock"], limits: { deadlineMs: 4000, inFlight: 64, rateRequests: 1000 }"#;
    let gateway = Gateway::builder().guest("waits_forever", limits).top("sandbox: { instances: 4 },").start().await;
    let calls: Vec<_> = (0..12).map(|_| tokio::spawn(gateway.client.route("waits_forever", "{}").send())).collect();
    let mut statuses = Vec::new();
    for call in calls {
        statuses.push(call.await.unwrap().status.as_u16());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [503, 503, 503, 503, 503, 503, 503, 503, 504, 504, 504, 504]);
}

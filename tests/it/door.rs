//! The guards by the row: paths, methods, content types, credentials, bodies and limits, with the answers of OpenClaw 2026.4.7. Requests are written
//! byte by byte, for many of them no proper client would send. The order of the guards stands in `guards.rs`.

use gateway_tests::{Gateway, Reply, Wire, eventually};

const PATH: &str = "/plugins/webhooks/a";
const JSON: (&str, &str) = ("content-type", "application/json");
const BEARER: (&str, &str) = ("authorization", "Bearer secret-a");
const SHARED: &str = "x-openclaw-webhook-secret";
const LIST: &[u8] = br#"{"action":"list_flows"}"#;
const LISTED: &str = r#"{"ok":true,"routeId":"a","result":{"flows":[]}}"#;

async fn door() -> Gateway {
    let gateway = Gateway::builder().route("a", "agent:a:main", "limits: { rateRequests: 100000 }");
    gateway.route("b", "agent:b:main", "").route("off", "agent:off:main", "enabled: false").start().await
}

/// A request; header values are Latin-1, as Node writes and reads them.
fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: x\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if !headers.iter().any(|(name, _)| ["content-length", "transfer-encoding"].contains(name)) {
        head.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    let mut bytes: Vec<u8> = head.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    bytes.extend(b"\r\n");
    bytes.extend(body);
    bytes
}

/// The answer on a connection of its own, with what every answer carries checked.
fn ask(gateway: &Gateway, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    let mut wire = Wire::open(gateway.address());
    wire.send(&request(method, path, headers, body));
    let reply = wire.reply(method == "HEAD").unwrap().unwrap();
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("permissions-policy", "camera=(), microphone=(), geolocation=()"),
    ] {
        assert_eq!(reply.header(name), Some(value), "{method} {path} {headers:?}: {reply:?}");
    }
    let content_type = match reply.status {
        404 if !reply.body.starts_with('{') => Some("text/plain; charset=utf-8"),
        500 => Some("text/plain; charset=utf-8"),
        _ if reply.body.starts_with('{') => Some("application/json; charset=utf-8"),
        _ => None,
    };
    assert!(reply.header("content-type") == content_type || method == "HEAD", "{reply:?}");
    assert_eq!(reply.header("allow"), (reply.status == 405).then_some("POST"));
    reply
}

#[track_caller]
fn is(reply: &Reply, status: u16, what: &str) {
    let body = match status {
        200 => LISTED,
        400 => "invalid request body",
        401 => "unauthorized",
        404 => "Not Found",
        405 => "Method Not Allowed",
        413 => "Payload too large",
        415 => "Unsupported Media Type",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        _ => "",
    };
    assert_eq!((reply.status, reply.body.as_str()), (status, body), "{what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_matches_to_the_letter_once_it_is_a_path() {
    let gateway = door().await;
    for (path, found) in [
        (PATH, true),
        ("/plugins/webhooks/a/", true),
        ("/plugins/webhooks/a?x=1", true),
        ("/plugins/webhooks/a/?x=/../y", true),
        ("/plugins/webhooks/a?", true),
        ("http://elsewhere:80/plugins/webhooks/a?x", true),
        ("/plugins/webhooks/./a", true),
        ("/plugins/webhooks/b/../a", true),
        ("/plugins/webhooks/%2e/x/%2E./a", true),
        ("/plugins/webhooks/a/x/..", true),
        ("/../plugins/webhooks/a/.", true),
        ("/plugins/webhooks/a//", false),
        ("//plugins/webhooks/a", false),
        ("/plugins//webhooks/a", false),
        ("/plugins/webhooks/x/..//a", false),
        ("/PLUGINS/WEBHOOKS/A", false),
        ("/plugins/webhooks/%61", false),
        ("/plugins%2Fwebhooks/a", false),
        ("/plugins/webhooks/a/x", false),
        ("/plugins/webhooks/a/..", false),
        ("/plugins/webhooks/a..", false),
        ("/plugins/webhooks/...a", false),
        ("/plugins/webhooks/a;x", false),
        ("/plugins/webhooks/a%00", false),
        ("/plugins/webhooks/a%", false),
        ("/plugins/webhooks/", false),
        ("/plugins/webhooks", false),
        ("/plugins/webhooks/off", false),
        ("/", false),
        ("*", false),
    ] {
        is(&ask(&gateway, "POST", path, &[JSON, BEARER], LIST), if found { 200 } else { 404 }, path);
        is(&ask(&gateway, "POST", path, &[JSON], LIST), if found { 401 } else { 404 }, path);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_post_is_a_method() {
    let gateway = door().await;
    for method in ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "HEAD"] {
        for (headers, body) in
            [(&[][..], &b""[..]), (&[JSON, BEARER], LIST), (&[("x-http-method-override", "POST")], LIST)]
        {
            let reply = ask(&gateway, method, PATH, headers, body);
            assert_eq!(
                (reply.status, reply.body.as_str()),
                (405, if method == "HEAD" { "" } else { "Method Not Allowed" })
            );
        }
        assert_eq!(ask(&gateway, method, "/nowhere", &[], b"").status, 404, "{method}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_content_type_is_json_by_its_media_type_alone() {
    let gateway = door().await;
    for (content_type, is_json) in [
        ("application/json", true),
        ("application/json; charset=utf-8", true),
        ("application/json;charset=latin1;x", true),
        ("APPLICATION/Json ; x", true),
        ("application/vnd.acme+json", true),
        ("application/problem+JSON;q=1", true),
        ("application/json; name=\u{fc}", true),
        ("\u{a0}application/json\u{a0}", true),
        ("+json", true),
        ("", false),
        (";application/json", false),
        ("json", false),
        ("text/json", false),
        ("text/plain", false),
        ("application/jsonx", false),
        ("application/json+xml", false),
        ("application/ json", false),
        ("application/json, text/plain", false),
        ("application/x-www-form-urlencoded", false),
        ("\"application/json\"", false),
        ("*/*", false),
        ("\u{85}application/json", false),
    ] {
        let given = ("content-type", content_type);
        is(&ask(&gateway, "POST", PATH, &[given, BEARER], LIST), if is_json { 200 } else { 415 }, content_type);
        is(&ask(&gateway, "POST", PATH, &[given], LIST), if is_json { 401 } else { 415 }, content_type);
    }
    is(&ask(&gateway, "POST", PATH, &[BEARER], LIST), 415, "none");
    is(&ask(&gateway, "POST", PATH, &[JSON, ("content-type", "text/plain"), BEARER], LIST), 200, "the first counts");
    is(&ask(&gateway, "POST", PATH, &[("content-type", "text/plain"), JSON, BEARER], LIST), 415, "the first counts");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_is_what_openclaw_takes_for_one() {
    let gateway = door().await;
    let auth = |value| ("authorization", value);
    let shared = |value| (SHARED, value);
    for (headers, known) in [
        (&[][..], false),
        (&[auth("Bearer secret-a")], true),
        (&[auth("bEaReR    secret-a  ")], true),
        (&[auth("Bearer \u{a0}secret-a\u{a0}")], true),
        (&[shared("  secret-a ")], true),
        (&[("X-OpenClaw-Webhook-Secret", "secret-a")], true),
        (&[auth("Bearer secret-a"), shared("wrong")], true),
        (&[auth("Bearer"), shared("secret-a")], true),
        (&[auth("Bearer  "), shared("secret-a")], true),
        (&[auth(""), shared("secret-a")], true),
        (&[auth("Basic abc"), shared("secret-a")], true),
        (&[auth("Basic \u{e9}"), shared("secret-a")], true),
        (&[auth("secret-a"), shared("secret-a")], true),
        (&[auth("Bearer secret-a"), auth("Bearer wrong")], true),
        (&[auth("Bearer wrong"), auth("Bearer secret-a")], false),
        (&[auth("Bearer wrong"), shared("secret-a")], false),
        (&[auth("Bearer \u{e9}"), shared("secret-a")], false),
        (&[auth("Bearer secret-"), shared("secret-a")], false),
        (&[auth("Bearer secret-aa")], false),
        (&[auth("Bearer SECRET-A")], false),
        (&[auth("Bearer secret-b")], false),
        (&[auth("Bearer secret-a, x")], false),
        (&[auth("Bearer \"secret-a\"")], false),
        (&[auth("Bearer\tsecret-a")], false),
        (&[auth("Bearersecret-a")], false),
        (&[auth("Basic secret-a")], false),
        (&[auth("secret-a")], false),
        (&[auth("Bearer ")], false),
        (&[shared("")], false),
        (&[shared("wrong")], false),
        (&[shared("Bearer secret-a")], false),
        (&[shared("secret-a"), shared("secret-a")], false),
        (&[shared("\u{85}secret-a")], false),
        (&[("x-openclaw-token", "secret-a")], false),
        (&[("cookie", "secret=secret-a")], false),
        (&[("proxy-authorization", "Bearer secret-a")], false),
    ] {
        let given = [&[JSON], headers].concat();
        is(&ask(&gateway, "POST", PATH, &given, LIST), if known { 200 } else { 401 }, &format!("{headers:?}"));
    }
    let sent = br#"{"action":"list_flows","secret":"secret-a"}"#;
    is(
        &ask(&gateway, "POST", "/plugins/webhooks/a?secret=secret-a&token=secret-a", &[JSON], sent),
        401,
        "query and body",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_is_one_json_value_and_nothing_else() {
    const FULL: usize = 256 * 1024;
    let gateway = door().await;
    let padded = |to: usize| [LIST, " ".repeat(to - LIST.len()).as_bytes()].concat();
    let deep = |levels: usize| {
        let state = ["[".repeat(levels), "]".repeat(levels)].concat();
        format!(r#"{{"action":"create_flow","goal":"g","stateJson":{state}}}"#).into_bytes()
    };
    let rows: Vec<(Vec<u8>, u16)> = [
        (&b"\xef\xbb\xbf{\"action\":\"list_flows\"}\xe3\x80\x80\xe2\x80\xa8\x0b"[..], 200),
        (b"\r\n\t {\"\\u0061ction\" : \"list\\u005fflows\"}", 200),
        (b"{\"action\":\"x\",\"action\":\"list_flows\"}", 200),
        (b"", 400),
        (b" \n", 400),
        (b"\xef\xbb\xbf", 400),
        (b"{\"action\":\"list_flows\"}\0", 400),
        (b"{\"action\":\"list_flows\"}{}", 400),
        (b"{\"action\":\"list_flows\",}", 400),
        (b"{\"action\":\"list_flows\"/**/}", 400),
        (b"{'action':'list_flows'}", 400),
        (b"{\"action\":\xc2\xa0\"list_flows\"}", 400),
        (b"{\"action\":\x0c\"list_flows\"}", 400),
        (b"{\"action\":\"list_flows\",\"x\":\"\t\"}", 400),
        (b"{action:\"list_flows\"}", 400),
        (b"action=list_flows", 400),
        (b"\"\\x\"", 400),
        (b"\"\\u12g4\"", 400),
        (b"\"x", 400),
        (b"01", 400),
        (b"1.", 400),
        (b".5", 400),
        (b"+1", 400),
        (b"-", 400),
        (b"1e", 400),
        (b"0x1", 400),
        (b"NaN", 400),
        (b"tru", 400),
        (b"[1,]", 400),
        (b"[", 400),
        (b"]", 400),
        (b"\xff\xfe{\0\"\0", 400),
    ]
    .map(|(body, status)| (body.to_vec(), status))
    .into_iter()
    .chain([(padded(FULL), 200), (padded(FULL + 1), 413), (deep(5_000), 500)])
    .collect();
    for (body, status) in &rows {
        let what = String::from_utf8_lossy(&body[..body.len().min(60)]);
        is(&ask(&gateway, "POST", PATH, &[JSON, BEARER], body), *status, &what);
        let chunk = [format!("{:x}\r\n", body.len()).as_bytes(), body, b"\r\n0\r\n\r\n"].concat();
        let chunked = if body.is_empty() { b"0\r\n\r\n".to_vec() } else { chunk };
        is(&ask(&gateway, "POST", PATH, &[JSON, BEARER, ("transfer-encoding", "chunked")], &chunked), *status, &what);
        is(&ask(&gateway, "POST", PATH, &[JSON], body), 401, &what);
    }
    for encoded in [&b"\xed\xa0\x80"[..], b"\xc0\xaf", b"\xf0\x9f\xa6", b"a\xffb"] {
        let body = [br#"{"action":"create_flow","goal":""#, encoded, b"\"}"].concat();
        let reply = ask(&gateway, "POST", PATH, &[JSON, BEARER], &body);
        assert!(reply.status == 200 && reply.body.contains(&*String::from_utf8_lossy(encoded)), "{reply:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_121st_request_of_a_minute_is_refused_whatever_it_is() {
    let gateway = Gateway::builder().route("a", "agent:a:main", "").route("b", "agent:b:main", "").start().await;
    let post = |path: &str, headers: &[(&str, &str)]| ask(&gateway, "POST", path, headers, LIST);
    for n in 0..120 {
        let (headers, status) = [(&[JSON, BEARER][..], 200), (&[JSON], 401), (&[BEARER], 415)][n % 3];
        is(&post(PATH, headers), status, "within the limit");
        assert_eq!(ask(&gateway, "GET", PATH, &[], b"").status, 405, "not counted");
    }
    for headers in [&[JSON, BEARER][..], &[JSON], &[BEARER], &[]] {
        is(&post(PATH, headers), 429, "over the limit");
    }
    is(&post("/plugins/webhooks/x/../a", &[JSON, BEARER]), 429, "the same path");
    is(&post("/plugins/webhooks/a/", &[JSON, BEARER]), 200, "a window of its own");
    assert_eq!(ask(&gateway, "GET", PATH, &[], b"").status, 405);
    let other = gateway.client.route("b", r#"{"action":"list_flows"}"#).send().await;
    assert_eq!(other.status, 200, "another route");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_opens_again() {
    let limits = "limits: { rateRequests: 1, rateWindowMs: 100 }";
    let gateway = Gateway::builder().route("a", "agent:a:main", limits).start().await;
    let status = || async { ask(&gateway, "POST", PATH, &[JSON, BEARER], LIST).status };
    eventually("one too many", || async { status().await == 429 }).await;
    eventually("a new window", || async { status().await == 200 }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_nine_requests_at_once_the_ninth_is_refused() {
    let gateway = door().await;
    let length = LIST.len().to_string();
    let headers = [JSON, BEARER, ("content-length", length.as_str()), ("expect", "100-continue")];
    let mut held: Vec<Wire> = (0..8).map(|_| Wire::open(gateway.address())).collect();
    for wire in &mut held {
        wire.send(&request("POST", PATH, &headers, b""));
        wire.wait_for_continue();
    }
    is(&ask(&gateway, "POST", PATH, &[JSON, BEARER], LIST), 429, "the ninth");
    is(
        &ask(&gateway, "POST", "/plugins/webhooks/a/", &[JSON], LIST),
        429,
        "the same route, before its credential is looked at",
    );
    is(&ask(&gateway, "POST", PATH, &[BEARER], LIST), 415, "which comes before");
    for wire in &mut held {
        wire.send(LIST);
        is(&wire.reply(false).unwrap().unwrap(), 200, "held");
    }
    is(&ask(&gateway, "POST", PATH, &[JSON, BEARER], LIST), 200, "there is room again");
}

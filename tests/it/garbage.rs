//! P8: no request, however mangled, makes the gateway panic, hang or talk nonsense. Some thousands of requests, mangled from good ones by a generator
//! with a fixed seed, over a few connections at once; every answer must be well-formed, of a documented status, and in JSON if it says so.

use gateway_tests::{Gateway, Reply, Wire};
use sandclaw::json;

/// Requests per connection, and connections. Together some two seconds in a debug build.
const REQUESTS: usize = 3_000;
const CONNECTIONS: u64 = 4;

/// What the front door may answer. 500 is for JSON that is nested too deeply, and has no envelope.
const STATUSES: [u16; 14] = [200, 202, 400, 401, 404, 405, 408, 409, 413, 414, 415, 429, 431, 500];

const BODIES: [&str; 12] = [
    r#"{"action":"create_flow","goal":"g","stateJson":{"a":[1,2.5,null,true,"x"]},"waitJson":"\ud83e\udd80"}"#,
    r#"{"action":"create_flow","controllerId":" c ","goal":" \u00e9 ","status":"waiting","notifyPolicy":"silent","currentStep":null}"#,
    r#"{"action":"list_flows"}"#,
    r#"{"action":"find_latest_flow"}"#,
    r#"{"action":"resolve_flow","token":"agent:a:main"}"#,
    r#"{"action":"get_flow","flowId":"FLOW"}"#,
    r#"{"action":"get_task_summary","flowId":"FLOW"}"#,
    r#"{"action":"set_waiting","flowId":"FLOW","expectedRevision":0,"waitJson":{"k":[]},"blockedSummary":"s"}"#,
    r#"{"action":"resume_flow","flowId":"FLOW","expectedRevision":1,"status":"running"}"#,
    r#"{"action":"run_task","flowId":"FLOW","runtime":"acp","task":"t","runId":"r","status":"running","startedAt":5,"label":"l"}"#,
    r#"{"action":"request_cancel","flowId":"FLOW","expectedRevision":2}"#,
    r#"{"action":"cancel_flow","flowId":"FLOW"}"#,
];

/// Pieces that parsers trip over.
const PIECES: [&[u8]; 24] = [
    b"\"",
    b"\\",
    b"\\u",
    b"\\ud800",
    b"\\udc00",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\0",
    b"\xff",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"1e400",
    b"-0",
    b"9007199254740993",
    b"\"__proto__\":",
    b"\"7\":1,",
    b"null",
    b"\n",
    b"\r\n\r\n",
    b"[[[[[[[[",
];

const PATHS: [&str; 8] = [
    "/plugins/webhooks/a",
    "/plugins/webhooks/a/",
    "/plugins/webhooks/a?x=%00",
    "/plugins/./webhooks/x/../a",
    "/%",
    "//",
    "/healthz/..",
    "/plugins/webhooks/\u{e9}",
];

const HEADERS: [&str; 16] = [
    "content-type: text/plain",
    "content-type: application/json; x=\u{fc}",
    "authorization: Bearer",
    "authorization: Bearer wrong",
    "authorization: \u{e9}",
    "x-openclaw-webhook-secret: secret-a",
    "x-forwarded-for: ::1, unknown, 999.9.9.9",
    "expect: 100-continue",
    "expect: nonsense",
    "upgrade: h2c",
    "content-encoding: gzip",
    "x: \t",
    "cookie: a=b; secret=secret-a",
    "range: bytes=0-1",
    "accept: */*",
    "te: trailers",
];

/// A xorshift generator: the same garbage on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap()
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.roll(of.len())]
    }

    fn body(&mut self, flow: &str) -> Vec<u8> {
        let mut body = self.pick(&BODIES).replace("FLOW", flow).into_bytes();
        for _ in 0..self.roll(4) {
            let at = self.roll(body.len() + 1);
            match self.roll(6) {
                0 => body.truncate(at),
                1 => drop(body.splice(at..at, self.pick(&PIECES).iter().copied())),
                2 => body.extend_from_within(at..),
                3 if at < body.len() => body[at] = u8::try_from(self.roll(256)).unwrap(),
                4 => drop(body.drain(at..(at + self.roll(8)).min(body.len()))),
                _ => drop(body.splice(at..at, self.pick(&PIECES).repeat(self.roll(2_000)))),
            }
        }
        body
    }

    /// A request whose end can be found, however strange it is otherwise; and whether it is a HEAD.
    fn request(&mut self, flow: &str) -> (Vec<u8>, bool) {
        let body = self.body(flow);
        let rarely = self.roll(10) == 0;
        let method = if rarely { self.pick(&["GET", "HEAD", "PUT", "OPTIONS", "post"]) } else { "POST" };
        let path = if self.roll(10) == 0 { self.pick(&PATHS) } else { PATHS[0] };
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: x\r\n");
        for _ in 0..self.roll(8) / 6 {
            head.push_str(&[self.pick(&HEADERS), "\r\n"].concat());
        }
        for line in ["content-type: application/json\r\n", "authorization: Bearer secret-a\r\n"] {
            if self.roll(20) > 0 {
                head.push_str(line);
            }
        }
        let framed = if self.roll(4) == 0 { self.chunked(&body, &mut head) } else { plain(body, &mut head) };
        let mut bytes: Vec<u8> = head.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
        bytes.extend(framed);
        (bytes, method == "HEAD")
    }

    fn chunked(&mut self, body: &[u8], head: &mut String) -> Vec<u8> {
        head.push_str("transfer-encoding: chunked\r\n\r\n");
        let mut framed = Vec::new();
        let size = 1 + self.roll(200);
        for chunk in body.chunks(size) {
            framed.extend(format!("{:x};ext=1\r\n", chunk.len()).bytes());
            framed.extend([chunk, b"\r\n"].concat());
        }
        framed.extend(b"0\r\n\r\n");
        framed
    }
}

fn plain(body: Vec<u8>, head: &mut String) -> Vec<u8> {
    head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
    body
}

fn check(reply: &Reply, sent: &[u8]) {
    let sent = String::from_utf8_lossy(&sent[..sent.len().min(3_000)]);
    assert!(STATUSES.contains(&reply.status), "{reply:?} to {sent}");
    let is_json = reply.header("content-type").is_some_and(|kind| kind.starts_with("application/json"));
    if is_json && !reply.body.is_empty() {
        let canonical = json::canonical(reply.body.as_bytes()).map(|json| json.into_string());
        assert_eq!(canonical.as_ref(), Ok(&reply.body), "to {sent}");
        assert!(reply.status != 500 && !reply.body.contains("handler"), "{reply:?} to {sent}");
    }
}

/// Whether the connection can go on being used.
fn goes_on(reply: &Reply) -> bool {
    reply.header("connection") != Some("close")
}

async fn gateway() -> (Gateway, String) {
    let limits = "limits: { rateRequests: 1000000, inFlight: 1000 }";
    let gateway = Gateway::builder().route("a", "agent:a:main", limits).start().await;
    let flow =
        gateway.client.route("a", BODIES[0]).send().await.result()["flow"]["flowId"].as_str().unwrap().to_owned();
    (gateway, flow)
}

async fn still_serves(gateway: &Gateway) {
    let made = gateway.client.route("a", BODIES[0]).send().await;
    assert_eq!(made.status, 200, "{}", made.text);
    assert_eq!(gateway.client.get("/readyz").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_gets_its_answer_and_harms_nobody() {
    let (gateway, flow) = gateway().await;
    let address = gateway.address();
    let senders = (1..=CONNECTIONS).map(|seed| {
        let flow = flow.clone();
        tokio::task::spawn_blocking(move || {
            let mut dice = Dice(seed);
            let mut wire = Wire::open(address);
            let mut answered = 0;
            for _ in 0..REQUESTS {
                let (request, to_head) = dice.request(&flow);
                wire.send(&request);
                let reply = wire.reply(to_head).unwrap_or_else(|wrong| panic!("{wrong}"));
                if let Some(reply) = &reply {
                    check(reply, &request);
                    answered += usize::from(reply.status == 200);
                }
                if !reply.as_ref().is_some_and(goes_on) {
                    assert!(reply.is_some(), "no answer to {}", String::from_utf8_lossy(&request));
                    wire = Wire::open(address);
                }
            }
            answered
        })
    });
    for sender in senders.collect::<Vec<_>>() {
        assert!(sender.await.unwrap() > REQUESTS / 10, "enough of it is good enough to reach the actions");
    }
    still_serves(&gateway).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_hardly_http_are_answered_or_cut_off() {
    let (gateway, flow) = gateway().await;
    let mut dice = Dice(7);
    for _ in 0..2_000 {
        let (mut bytes, to_head) = dice.request(&flow);
        for _ in 0..=dice.roll(4) {
            let at = dice.roll(bytes.len().min(200));
            match dice.roll(4) {
                0 => bytes.truncate(at),
                1 => bytes[at] = u8::try_from(dice.roll(256)).unwrap(),
                2 => drop(bytes.splice(at..at, dice.pick(&PIECES).iter().copied())),
                _ => drop(bytes.drain(at..(at + dice.roll(20)).min(bytes.len()))),
            }
            bytes.push(b'x');
        }
        let mut wire = Wire::open(gateway.address());
        wire.send(&bytes);
        wire.send_no_more();
        let to_head = to_head && bytes.starts_with(b"HEAD ");
        while let Some(reply) = wire.reply(to_head).unwrap_or_else(|wrong| panic!("{wrong} to {bytes:?}")) {
            check(&reply, &bytes);
            if !goes_on(&reply) {
                break;
            }
        }
    }
    still_serves(&gateway).await;
}

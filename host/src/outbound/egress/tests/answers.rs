//! What receivers say, and how they fail to.

use std::io::Write;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use hyper::header::HeaderValue;
use tokio::io::AsyncWriteExt;
use tokio::sync::Notify;

use super::receiver::Receiver;
use super::*;
use crate::model::Millis;

const KEPT: usize = 16 << 10;

/// Patient until the connection stands, then not at all.
fn headers_within(ms: u64) -> Timeouts {
    Timeouts { headers: Duration::from_millis(ms), ..PATIENT }
}

fn total_within(ms: u64) -> Timeouts {
    Timeouts { total: Duration::from_millis(ms), ..PATIENT }
}

/// A receiver that says this to each connection's first request and then ends it.
async fn once(answer: Vec<u8>, resets: bool) -> Receiver {
    Receiver::start(move |mut stream, log| {
        let answer = answer.clone();
        async move {
            log.request(&mut stream).await;
            let _ = stream.write_all(&answer).await;
            if resets {
                stream.set_zero_linger().unwrap();
            }
        }
    })
    .await
}

fn packed(coding: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-encoding: {coding}\r\ncontent-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

#[tokio::test]
async fn a_good_answer_is_kept_with_its_times() {
    let mut receiver =
        Receiver::saying("HTTP/1.1 202 Accepted\r\nX-Id: 7\r\nRetry-After: 1.5\r\ncontent-length: 5\r\n\r\nhello")
            .await;
    let sent = post_to(receiver.address, PATIENT).await;
    assert_eq!(sent.address, Some(receiver.address));
    let timing = sent.timing;
    assert!(timing.dns_us.is_none() && timing.tls_us.is_none() && timing.transform_us.is_none());
    assert!(timing.connect_us.is_some() && timing.headers_us.is_some() && timing.body_us.is_some());
    assert!(timing.total_us >= timing.connect_us.unwrap() + timing.headers_us.unwrap() + timing.body_us.unwrap());
    let answer = answer(sent);
    assert_eq!((answer.status, answer.body.as_slice(), answer.cut), (202, b"hello".as_slice(), false));
    assert_eq!(answer.headers[0], ("x-id".to_owned(), "7".to_owned()));
    assert_eq!(answer.retry_after, Some(RetryAfter::In(Duration::from_millis(1500))));
    let request = receiver.seen().await;
    assert!(request.starts_with("POST /in?key=1 HTTP/1.1\r\n"), "{request}");
    assert!(request.contains(&format!("host: {}\r\n", receiver.address)), "{request}");
    assert!(request.contains("accept-encoding: identity\r\n"), "{request}");
    assert!(request.contains(&format!("user-agent: sandclaw/{}\r\n", env!("CARGO_PKG_VERSION"))), "{request}");
    assert!(request.ends_with("\r\n\r\n{}"), "{request}");
}

#[tokio::test]
async fn the_headers_of_the_transport_are_ours() {
    let mut receiver = Receiver::saying("HTTP/1.1 204 No Content\r\n\r\n").await;
    let mut headers = HeaderMap::new();
    for name in ["host", "content-length", "transfer-encoding", "connection", "expect", "upgrade"] {
        headers.insert(name, HeaderValue::from_static("chunked"));
    }
    headers.insert("user-agent", HeaderValue::from_static("mine/1"));
    let url = Url::parse(&format!("http://{}/", receiver.address)).unwrap();
    let sent = client_of(receiver.address, PATIENT).post(&url, headers, Bytes::from_static(b"{}")).await;
    assert_eq!(answer(sent).status, 204);
    let request = receiver.seen().await;
    assert!(!request.contains("chunked"), "{request}");
    assert!(request.contains("content-length: 2\r\n") && request.contains("user-agent: mine/1\r\n"), "{request}");
}

#[tokio::test]
async fn a_date_to_try_again_is_read() {
    let receiver =
        Receiver::saying("HTTP/1.1 503 No\r\nretry-after: Sun, 06 Nov 1994 08:49:37 GMT\r\ncontent-length: 0\r\n\r\n")
            .await;
    let answer = answer(post_to(receiver.address, PATIENT).await);
    assert_eq!((answer.status, answer.retry_after), (503, Some(RetryAfter::At(Millis(784_111_777_000)))));
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let mut inside = Receiver::saying("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let location = format!("HTTP/1.1 307 Go\r\nlocation: http://{}/\r\ncontent-length: 0\r\n\r\n", inside.address);
    let receiver = Receiver::saying(location).await;
    let client = egress(Told::new(&[])).client(vec![net("127.0.0.0/8")], PATIENT, 4);
    let sent = post(&client, &format!("http://{}/", receiver.address)).await;
    assert_eq!(answer(sent).status, 307);
    assert_eq!(inside.connections(), 0);
}

#[tokio::test]
async fn a_body_that_drips_is_cut_and_the_delivery_counts() {
    let drip = Arc::new(Notify::new());
    let receiver = Receiver::start(move |mut stream, log| {
        let drip = drip.clone();
        async move {
            log.request(&mut stream).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\ndrop").await;
            drip.notified().await;
        }
    })
    .await;
    let sent = post_to(receiver.address, total_within(1500)).await;
    assert!(sent.timing.body_us.unwrap() >= 100_000, "{:?}", sent.timing);
    let answer = answer(sent);
    assert_eq!((answer.status, answer.body.as_slice(), answer.cut), (200, b"drop".as_slice(), true));
}

#[tokio::test]
async fn a_body_without_end_is_cut_and_its_connection_closed() {
    let mut receiver = Receiver::start(|mut stream, log| async move {
        log.request(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
        while stream.write_all(&[b'a'; 4096]).await.is_ok() {}
        log.tell("closed");
    })
    .await;
    let client = client_of(receiver.address, PATIENT);
    let sent = post(&client, &format!("http://{}/", receiver.address)).await;
    let answer = answer(sent);
    assert_eq!((answer.status, answer.body.len(), answer.cut), (200, KEPT, true));
    receiver.seen().await;
    assert_eq!(receiver.seen().await, "closed");
    assert_eq!(client.pool.waiting(), 0);
}

#[tokio::test]
async fn a_body_that_breaks_is_cut_and_the_delivery_counts() {
    for resets in [false, true] {
        let receiver = once(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nhalf".to_vec(), resets).await;
        let answer = answer(post_to(receiver.address, PATIENT).await);
        assert_eq!((answer.status, answer.cut), (200, true));
    }
    let receiver =
        once(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\nzzz\r\n".to_vec(), false).await;
    let answer = answer(post_to(receiver.address, PATIENT).await);
    assert_eq!((answer.status, answer.body.as_slice(), answer.cut), (200, b"half".as_slice(), true));
}

#[tokio::test]
async fn a_bomb_costs_what_is_kept() {
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    bomb.write_all(&vec![0; 32 << 20]).unwrap();
    let bomb = bomb.finish().unwrap();
    let receiver = Receiver::saying(packed("gzip", &bomb)).await;
    let answer = answer(post_to(receiver.address, PATIENT).await);
    assert_eq!((answer.status, answer.body.len(), answer.cut), (200, KEPT, true));
}

#[tokio::test]
async fn a_packed_body_is_kept_unpacked_however_it_is_packed() {
    let text = b"unpacked ".repeat(20);
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&text).unwrap();
    let gzip = gzip.finish().unwrap();
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
    zlib.write_all(&text).unwrap();
    let zlib = zlib.finish().unwrap();
    let mut deflate = DeflateEncoder::new(Vec::new(), Compression::fast());
    deflate.write_all(&text).unwrap();
    let deflate = deflate.finish().unwrap();
    let bodies = [("gzip", &gzip), ("X-GZIP", &gzip), ("deflate", &zlib), ("deflate", &deflate)];
    for (coding, body) in bodies {
        let receiver = Receiver::saying(packed(coding, body)).await;
        let answer = answer(post_to(receiver.address, PATIENT).await);
        assert_eq!((answer.body.as_slice(), answer.cut), (text.as_slice(), false), "{coding}");
    }
    let receiver = Receiver::saying(packed("gzip", b"plain after all")).await;
    assert_eq!(answer(post_to(receiver.address, PATIENT).await).body, b"plain after all");
}

#[tokio::test]
async fn a_connection_that_ends_before_the_head_is_broken() {
    for (said, resets) in [("", false), ("", true), ("HTTP/1.1 200 OK\r\nx: ", false), ("HTTP/1.1 200 OK\r\nx: ", true)]
    {
        let receiver = once(said.as_bytes().to_vec(), resets).await;
        let sent = post_to(receiver.address, PATIENT).await;
        assert_eq!(outcome(&sent), AttemptOutcome::Broken, "{said:?} {resets}: {}", detail(&sent));
        assert_eq!(sent.address, Some(receiver.address));
    }
}

#[tokio::test]
async fn what_is_not_http_is_broken() {
    let check = async |said: &[u8], expected: &str| {
        let receiver = once(said.to_vec(), false).await;
        let sent = post_to(receiver.address, PATIENT).await;
        assert_eq!(outcome(&sent), AttemptOutcome::Broken, "{expected}");
        assert!(detail(&sent).contains(expected), "{}", detail(&sent));
    };
    check(b"220 mail.test ESMTP\r\n", "not HTTP/1").await;
    check(b"<html>hello</html>\r\n\r\n", "not HTTP/1").await;
    check(&[0, 255, 3, 1, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9], "not HTTP/1").await;
    check(b"HTTP/1.1 2000 OK\r\n\r\n", "not HTTP/1").await;
    check(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n", "not HTTP/1").await;
    check(format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(101)).as_bytes(), "more than 100 headers").await;
}

#[tokio::test]
async fn a_head_without_end_is_broken_at_its_limit() {
    let receiver = Receiver::start(|mut stream, log| async move {
        log.request(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nx: ").await;
        while stream.write_all(&[b'a'; 4096]).await.is_ok() {}
    })
    .await;
    let sent = post_to(receiver.address, PATIENT).await;
    assert_eq!(outcome(&sent), AttemptOutcome::Broken);
    assert!(detail(&sent).contains("larger than 32 KiB"), "{}", detail(&sent));
}

#[tokio::test]
async fn a_receiver_that_stays_silent_is_late_and_it_is_said_for_what() {
    let silent = || Receiver::start(|mut stream, log| async move { while log.request(&mut stream).await {} });
    let receiver = silent().await;
    let sent = post_to(receiver.address, headers_within(50)).await;
    assert_eq!(outcome(&sent), AttemptOutcome::Timeout);
    assert_eq!(detail(&sent), "no answer, or not all of its head, within 50ms");
    assert!(sent.timing.headers_us.unwrap() >= 50_000 && sent.timing.body_us.is_none());
    let sent = post_to(silent().await.address, total_within(60)).await;
    assert_eq!(
        (outcome(&sent), detail(&sent)),
        (AttemptOutcome::Timeout, "no answer, or not all of its head, within 60ms")
    );
}

#[tokio::test]
async fn a_receiver_that_only_says_to_go_on_is_late() {
    let receiver = Receiver::start(|mut stream, log| async move {
        log.request(&mut stream).await;
        while stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let sent = post_to(receiver.address, headers_within(100)).await;
    assert_eq!(outcome(&sent), AttemptOutcome::Timeout, "{}", detail(&sent));
}

#[tokio::test]
async fn of_many_headers_the_first_are_kept() {
    let head =
        format!("HTTP/1.1 200 OK\r\n{}content-length: 0\r\n\r\n", format!("x: {}\r\n", "v".repeat(999)).repeat(20));
    let receiver = Receiver::saying(head).await;
    let answer = answer(post_to(receiver.address, PATIENT).await);
    assert_eq!((answer.status, answer.headers.len()), (200, 8));
}

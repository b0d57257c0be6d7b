//! Connections that are used again, and those that die while they wait.

use tokio::io::AsyncWriteExt;

use super::receiver::Receiver;
use super::*;

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

async fn until_none_waits(client: &EndpointClient) {
    while client.pool.waiting() > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn the_second_request_takes_the_first_ones_connection() {
    let mut receiver = Receiver::saying("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nyes").await;
    let client = client_of(receiver.address, PATIENT);
    let url = format!("http://{}/", receiver.address);
    assert!(post(&client, &url).await.timing.connect_us.is_some());
    for _ in 0..20 {
        let sent = post(&client, &url).await;
        assert_eq!((sent.timing.connect_us, sent.address), (None, Some(receiver.address)));
        assert_eq!(answer(sent).body, b"yes");
    }
    assert_eq!(receiver.connections(), 1);
}

#[tokio::test]
async fn another_endpoint_does_not_get_it() {
    let mut receiver = Receiver::saying(OK).await;
    let egress = egress(Told::new(&[]));
    let url = format!("http://{}/", receiver.address);
    let may = egress.client(vec![net("127.0.0.1/32")], PATIENT, 4);
    assert_eq!(answer(post(&may, &url).await).status, 200);
    let may_not = egress.client(Vec::new(), PATIENT, 4);
    assert_eq!(outcome(&post(&may_not, &url).await), AttemptOutcome::Forbidden);
    assert_eq!(receiver.connections(), 1);
}

#[tokio::test]
async fn a_connection_that_closed_while_it_waited_is_replaced() {
    let mut receiver = Receiver::start(|mut stream, log| async move {
        log.request(&mut stream).await;
        let _ = stream.write_all(OK.as_bytes()).await;
    })
    .await;
    let client = client_of(receiver.address, PATIENT);
    let url = format!("http://{}/", receiver.address);
    for _ in 0..3 {
        assert_eq!(answer(post(&client, &url).await).status, 200);
        until_none_waits(&client).await;
    }
    assert_eq!((receiver.connections(), receiver.requests().len()), (3, 3));
}

#[tokio::test]
async fn a_request_that_may_have_arrived_is_never_sent_again() {
    let mut receiver = Receiver::start(|mut stream, log| async move {
        log.request(&mut stream).await;
        let _ = stream.write_all(OK.as_bytes()).await;
        // The next one arrives, and nobody says so.
        log.request(&mut stream).await;
    })
    .await;
    let client = client_of(receiver.address, PATIENT);
    let url = format!("http://{}/", receiver.address);
    assert_eq!(answer(post(&client, &url).await).status, 200);
    let sent = post(&client, &url).await;
    assert_eq!((outcome(&sent), sent.timing.connect_us), (AttemptOutcome::Broken, None), "{}", detail(&sent));
    assert_eq!((receiver.connections(), receiver.requests().len()), (1, 2));
}

#[tokio::test]
async fn a_receiver_that_wants_to_close_is_not_kept() {
    for says in [
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nKeep-Alive: max=5, timeout=1\r\ncontent-length: 0\r\n\r\n",
    ] {
        let receiver = Receiver::saying(says).await;
        let client = client_of(receiver.address, PATIENT);
        assert_eq!(answer(post(&client, &format!("http://{}/", receiver.address)).await).status, 200);
        assert_eq!(client.pool.waiting(), 0, "{says}");
    }
}

#[tokio::test]
async fn no_more_wait_than_may_and_none_after_the_client_is_gone() {
    let mut receiver = Receiver::start(|mut stream, log| async move {
        while log.request(&mut stream).await {
            let _ = stream.write_all(OK.as_bytes()).await;
        }
        log.tell("closed");
    })
    .await;
    let allow = vec![net("127.0.0.1/32")];
    let client = egress(Told::new(&[])).client(allow, PATIENT, 1);
    let url = format!("http://{}/", receiver.address);
    let (one, other) = tokio::join!(post(&client, &url), post(&client, &url));
    assert_eq!((answer(one).status, answer(other).status), (200, 200));
    assert_eq!(client.pool.waiting(), 1);
    drop(client);
    let mut closed = 0;
    while closed < 2 {
        closed += usize::from(receiver.seen().await == "closed");
    }
}

#[tokio::test]
async fn whoever_stops_waiting_closes_the_connection() {
    let mut receiver = Receiver::start(|mut stream, log| async move {
        while log.request(&mut stream).await {}
        log.tell("closed");
    })
    .await;
    let client = client_of(receiver.address, PATIENT);
    let url = format!("http://{}/", receiver.address);
    tokio::select! {
        _ = post(&client, &url) => panic!("nobody answers"),
        request = receiver.seen() => assert!(request.starts_with("POST")),
    }
    assert_eq!(receiver.seen().await, "closed");
}

//! Where a request may go, through the front door.

use tokio::net::{TcpListener, UdpSocket};

use super::receiver::Receiver;
use super::*;

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
const OK_AND_CLOSE: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

#[tokio::test]
async fn loopback_is_refused_in_every_spelling_before_a_connection() {
    let mut receiver = Receiver::saying(OK).await;
    let port = receiver.address.port();
    let client = egress(Told::new(&[])).client(Vec::new(), PATIENT, 4);
    for host in [
        "127.0.0.1",
        "0x7f.1",
        "2130706433",
        "0177.1",
        "127.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "0",
        "[::]",
    ] {
        let sent = post(&client, &format!("http://{host}:{port}/")).await;
        assert_eq!((outcome(&sent), sent.address), (AttemptOutcome::Forbidden, None), "{host}");
        assert!(detail(&sent).contains("to allowPrivate of the endpoint"), "{}", detail(&sent));
    }
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn a_name_with_one_forbidden_address_is_refused_whole() {
    let mut receiver = Receiver::saying(OK).await;
    let url = format!("http://rebind.test:{}/", receiver.address.port());
    for answers in [["8.8.8.8", "127.0.0.1"], ["127.0.0.1", "8.8.8.8"], ["8.8.8.8", "::ffff:10.0.0.1"]] {
        let client = egress(Told::new(&[&answers])).client(Vec::new(), PATIENT, 4);
        let sent = post(&client, &url).await;
        assert_eq!((outcome(&sent), sent.address), (AttemptOutcome::Forbidden, None), "{answers:?}");
        assert!(detail(&sent).starts_with("rebind.test is at "), "{}", detail(&sent));
    }
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn what_was_judged_is_what_is_dialled_and_the_next_connection_is_judged_anew() {
    let receiver = Receiver::saying(OK_AND_CLOSE).await;
    let names = Told::new(&[&["127.0.0.1"], &["10.0.0.1"]]);
    let client = egress(names.clone()).client(vec![net("127.0.0.1/32")], PATIENT, 4);
    let url = format!("http://rebind.test:{}/", receiver.address.port());
    let sent = post(&client, &url).await;
    assert!(sent.timing.dns_us.is_some());
    assert_eq!((sent.address, names.left()), (Some(receiver.address), 1));
    assert_eq!(answer(sent).status, 200);
    assert_eq!(outcome(&post(&client, &url).await), AttemptOutcome::Forbidden);
}

#[tokio::test]
async fn the_next_address_is_tried_when_one_refuses() {
    let receiver = Receiver::saying(OK).await;
    let client = egress(Told::new(&[&["127.0.0.2", "127.0.0.1"]])).client(vec![net("127.0.0.0/8")], PATIENT, 4);
    let sent = post(&client, &format!("http://two.test:{}/", receiver.address.port())).await;
    assert_eq!(sent.address, Some(receiver.address));
    assert_eq!(answer(sent).status, 200);
}

#[tokio::test]
async fn a_name_without_addresses_and_a_port_without_listener_are_unreachable() {
    let client = egress(Told::new(&[])).client(vec![net("127.0.0.0/8")], PATIENT, 4);
    let sent = post(&client, "https://nowhere.test/").await;
    assert_eq!(outcome(&sent), AttemptOutcome::Unreachable);
    assert_eq!(detail(&sent), "the name nowhere.test does not resolve: no such host");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let sent = post(&client, &format!("http://{address}/")).await;
    assert_eq!((outcome(&sent), sent.address), (AttemptOutcome::Unreachable, Some(address)), "{}", detail(&sent));
    let client = egress(Told::new(&[&[]])).client(Vec::new(), PATIENT, 4);
    let sent = post(&client, "http://empty.test/").await;
    assert_eq!(
        (outcome(&sent), detail(&sent)),
        (AttemptOutcome::Unreachable, "the name empty.test does not resolve: it has no addresses")
    );
}

#[tokio::test]
async fn names_that_never_answer_are_late() {
    struct Silent;
    impl Names for Silent {
        fn resolve<'a>(&'a self, _host: &'a str) -> Lookup<'a> {
            Box::pin(std::future::pending())
        }
    }
    let timeouts = Timeouts { connect: Duration::from_millis(50), ..PATIENT };
    let client = egress(Arc::new(Silent)).client(Vec::new(), timeouts, 4);
    let sent = post(&client, "http://slow.test/secret/path").await;
    assert_eq!(
        (outcome(&sent), detail(&sent)),
        (AttemptOutcome::Timeout, "no answer about the name slow.test within 50ms")
    );
    assert!(sent.timing.dns_us.unwrap() >= 50_000);
}

#[tokio::test]
async fn our_own_listener_is_refused_whatever_is_allowed() {
    let mut own = Receiver::saying(OK).await;
    let egress = egress(Told::new(&[&["127.0.0.1"]]));
    egress.never_dial(own.address);
    let client = egress.client(vec![net("0.0.0.0/0"), net("::/0")], PATIENT, 4);
    let port = own.address.port();
    for host in ["127.0.0.1", "127.1.2.3", "[::1]", "0.0.0.0", "self.test", "[::ffff:127.0.0.1]"] {
        let sent = post(&client, &format!("http://{host}:{port}/")).await;
        assert_eq!(outcome(&sent), AttemptOutcome::Forbidden, "{host}");
        assert!(detail(&sent).contains("never sends to itself"), "{}", detail(&sent));
    }
    assert_eq!(own.connections(), 0);
}

#[tokio::test]
async fn our_own_listener_is_refused_by_this_machines_other_addresses_too() {
    // Asks the routing table and sends nothing. A machine without a network has no other address.
    let probe = UdpSocket::bind("0.0.0.0:0").await.unwrap();
    if probe.connect("192.0.2.1:9").await.is_err() {
        return;
    }
    let address = probe.local_addr().unwrap().ip();
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let own = listener.local_addr().unwrap();
    let egress = egress(Told::new(&[]));
    egress.never_dial(own);
    let client = egress.client(vec![net("0.0.0.0/0")], PATIENT, 4);
    let sent = post(&client, &format!("http://{address}:{}/", own.port())).await;
    assert_eq!(outcome(&sent), AttemptOutcome::Forbidden, "{}", detail(&sent));
    assert!(detail(&sent).contains("never sends to itself"), "{}", detail(&sent));
}

#[tokio::test]
async fn a_scheme_that_is_not_http_is_our_own_mistake() {
    let client = egress(Told::new(&[])).client(Vec::new(), PATIENT, 4);
    for url in ["ftp://a.test/", "file:///etc/passwd", "data:text/plain,x"] {
        assert_eq!(outcome(&post(&client, url).await), AttemptOutcome::Host, "{url}");
    }
}

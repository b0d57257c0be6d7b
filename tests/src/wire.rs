//! Bytes on a connection, for requests that no proper client would send, and the answers read with suspicion.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::PATIENCE;

/// One connection.
pub struct Wire {
    stream: TcpStream,
    /// What has come and is not read yet.
    ahead: Vec<u8>,
}

/// An answer as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Reply {
    /// The value of a header, if it was sent.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(sent, _)| sent == name).map(|(_, value)| value.as_str())
    }
}

impl Wire {
    /// A new connection.
    ///
    /// # Panics
    /// If nobody listens.
    pub fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("somebody listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time limit");
        stream.set_nodelay(true).expect("small packets");
        Self { stream, ahead: Vec::new() }
    }

    /// Sends bytes. That the other side may have closed already shows when its answer is read.
    pub fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    /// Closes this side for sending: the other one sees the end of what it reads.
    pub fn send_no_more(&mut self) {
        let _ = self.stream.shutdown(std::net::Shutdown::Write);
    }

    /// The next final answer; nothing if the connection was closed instead. `to_head`: it answers a HEAD and has no body.
    ///
    /// # Errors
    /// What came is no well-formed HTTP/1.1 answer, or nothing came.
    pub fn reply(&mut self, to_head: bool) -> Result<Option<Reply>, String> {
        loop {
            let Some(head) = self.until(b"\r\n\r\n")? else { return Ok(None) };
            let (status, headers) = parse_head(&head)?;
            if status == 100 {
                continue;
            }
            let mut reply = Reply { status, headers, body: String::new() };
            let length = reply.header("content-length").unwrap_or("0");
            let length: usize = length.parse().map_err(|_| format!("content-length: {length}"))?;
            if !to_head {
                let body = self.exactly(length)?;
                reply.body = String::from_utf8(body).map_err(|_| "a body that is not UTF-8".to_owned())?;
            }
            return Ok(Some(reply));
        }
    }

    /// Waits for the interim answer `100 Continue`: it proves that the request passed the guards and its body is waited for.
    ///
    /// # Panics
    /// If something else comes.
    pub fn wait_for_continue(&mut self) {
        let head = self.until(b"\r\n\r\n").expect("an answer").expect("an answer");
        assert!(head.starts_with("HTTP/1.1 100 "), "{head}");
    }

    fn until(&mut self, end: &[u8]) -> Result<Option<String>, String> {
        loop {
            if let Some(at) = self.ahead.windows(end.len()).position(|window| window == end) {
                let rest = self.ahead.split_off(at + end.len());
                let head = std::mem::replace(&mut self.ahead, rest);
                return String::from_utf8(head).map(Some).map_err(|_| "a head that is not UTF-8".to_owned());
            }
            if !self.more()? {
                return if self.ahead.is_empty() { Ok(None) } else { Err(self.cut_off()) };
            }
        }
    }

    fn exactly(&mut self, length: usize) -> Result<Vec<u8>, String> {
        while self.ahead.len() < length {
            if !self.more()? {
                return Err(self.cut_off());
            }
        }
        let rest = self.ahead.split_off(length);
        Ok(std::mem::replace(&mut self.ahead, rest))
    }

    /// Reads on. False at the end of the connection, a reset included.
    fn more(&mut self) -> Result<bool, String> {
        let mut chunk = [0; 16 * 1024];
        match self.stream.read(&mut chunk) {
            Ok(read) => {
                self.ahead.extend_from_slice(&chunk[..read]);
                Ok(read > 0)
            }
            Err(cause) if cause.kind() == std::io::ErrorKind::ConnectionReset => Ok(false),
            Err(cause) => Err(format!("nothing came: {cause}")),
        }
    }

    fn cut_off(&self) -> String {
        format!("cut off after {:?}", String::from_utf8_lossy(&self.ahead))
    }
}

fn parse_head(head: &str) -> Result<(u16, Vec<(String, String)>), String> {
    let wrong = || format!("no HTTP/1.1 answer: {head:?}");
    let mut lines = head.trim_end().split("\r\n");
    let line = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 ")).ok_or_else(wrong)?;
    let status = line.get(..3).and_then(|status| status.parse().ok()).ok_or_else(wrong)?;
    let headers = lines.map(|line| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned())));
    let headers = headers.collect::<Option<Vec<_>>>().ok_or_else(wrong)?;
    Ok((status, headers))
}

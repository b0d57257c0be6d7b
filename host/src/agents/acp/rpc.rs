//! JSON-RPC with the agent: requests of ours and their answers, and in between what the agent asks and tells. Written here and not taken from
//! the protocol's library, whose queues have no bounds and which turns `serde_json`'s `preserve_order` on for the whole process.

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::process::{ChildStdin, ChildStdout};
use tokio::sync::mpsc;

use super::heard::{Heard, line};
use super::lines::{Message, Messages, Refusal};
use super::permission::Policy;

/// Lines for the agent that it has not read. More means that it asks and does not listen.
const UNREAD_MAX: usize = 256;

/// JSON-RPC: there is no such method.
const METHOD_NOT_FOUND: i64 = -32601;
/// ACP: somebody must log in first.
const AUTH_REQUIRED: i64 = -32000;

/// The connection to one agent.
pub(super) struct Rpc<'a> {
    messages: Messages,
    unread: mpsc::Sender<String>,
    asked: u64,
    heard: &'a Heard,
    policy: Policy<'a>,
}

/// Why a request has no result.
#[derive(Debug)]
pub(super) enum Fault {
    /// The agent's output has ended.
    Closed,
    /// It cannot be talked to: a sentence.
    Broken(String),
    /// It says no.
    Refused(Refusal),
}

impl Fault {
    /// Whether somebody must log in first.
    pub(super) fn is_login(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.code == AUTH_REQUIRED)
    }

    /// What it says, in one line.
    pub(super) fn said(&self) -> String {
        match self {
            Self::Closed => "its output ended".to_owned(),
            Self::Broken(why) => why.clone(),
            Self::Refused(Refusal { message, data: Value::Null, .. }) => line(message),
            Self::Refused(Refusal { message, data: Value::String(data), .. }) => line(&format!("{message}: {data}")),
            Self::Refused(Refusal { message, data, .. }) => line(&format!("{message}: {data}")),
        }
    }
}

/// Opens the connection. What is returned beside it writes to the agent, for as long as it is polled.
pub(super) fn open<'a>(
    stdin: ChildStdin,
    stdout: ChildStdout,
    heard: &'a Heard,
    policy: Policy<'a>,
) -> (Rpc<'a>, impl Future<Output = ()> + Send) {
    let (unread, lines) = mpsc::channel(UNREAD_MAX);
    (Rpc { messages: Messages::new(stdout), unread, asked: 0, heard, policy }, write(stdin, lines))
}

/// Beside the reading, or two full pipes would wait for each other.
async fn write(mut stdin: ChildStdin, mut lines: mpsc::Receiver<String>) {
    while let Some(line) = lines.recv().await {
        // An agent that reads no more may still have something to say; that it is gone is seen where its output ends.
        if stdin.write_all(line.as_bytes()).await.and(stdin.flush().await).is_err() {
            break;
        }
    }
    // The lines that still come are for nobody.
    while lines.recv().await.is_some() {}
}

impl Rpc<'_> {
    /// Asks, and waits for the answer.
    pub(super) async fn ask(&mut self, method: &str, params: Value) -> Result<Value, Fault> {
        let id = self.send(method, params)?;
        self.answer_to(id).await
    }

    /// Asks, and returns the id of the question.
    pub(super) fn send(&mut self, method: &str, params: Value) -> Result<u64, Fault> {
        self.asked += 1;
        self.put(&json!({"jsonrpc": "2.0", "id": self.asked, "method": method, "params": params}))?;
        Ok(self.asked)
    }

    /// Tells something that has no answer.
    pub(super) fn tell(&self, method: &str, params: Value) -> Result<(), Fault> {
        self.put(&json!({"jsonrpc": "2.0", "method": method, "params": params}))
    }

    /// Waits for an answer; hears and answers what comes before it. May be given up and called again.
    pub(super) async fn answer_to(&mut self, id: u64) -> Result<Value, Fault> {
        loop {
            let message = self.messages.next().await.map_err(Fault::Broken)?.ok_or(Fault::Closed)?;
            match message {
                Message { method: Some(method), id: Some(asked), params, .. } => {
                    self.reply(&method, &asked, &params)?
                }
                Message { method: Some(method), params, .. } if method == "session/update" => {
                    self.heard.take(&params["update"]);
                }
                Message { method: None, id: Some(answered), result, error, .. } if answered == id => {
                    return match error {
                        Some(refusal) => Err(Fault::Refused(refusal)),
                        None => Ok(result.unwrap_or_default()),
                    };
                }
                // Notifications that are none of ours, and answers that nobody waits for.
                _ => {}
            }
        }
    }

    fn reply(&self, method: &str, id: &Value, params: &Value) -> Result<(), Fault> {
        if method == "session/request_permission" {
            let outcome = self.policy.permit(self.heard, params);
            return self.put(&json!({"jsonrpc": "2.0", "id": id, "result": {"outcome": outcome}}));
        }
        let error = json!({"code": METHOD_NOT_FOUND, "message": "this client offers no such method"});
        self.put(&json!({"jsonrpc": "2.0", "id": id, "error": error}))
    }

    fn put(&self, message: &Value) -> Result<(), Fault> {
        self.unread
            .try_send(format!("{message}\n"))
            .map_err(|_| Fault::Broken(format!("the agent asks and does not read: {UNREAD_MAX} answers wait for it")))
    }
}

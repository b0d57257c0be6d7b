//! Between the protocol's library and the agent's pipes. The library's own queues have no bounds: here it is handed the next message when it
//! has taken the one before, and what it answers is counted until the agent has read it.

use agent_client_protocol::{Channel, RawJsonRpcMessage, TransportFrame};
use bytes::BytesMut;
use tokio::io::AsyncWriteExt;
use tokio::process::{ChildStdin, ChildStdout};
use tokio::task::yield_now;

use super::lines::Messages;

/// Answers that the agent has not read, beside what its pipe holds; one has some hundred bytes. More means that it asks and does not listen.
const UNREAD_MAX_BYTES: usize = 64 << 10;

/// Carries messages until the library has gone, or nothing can be carried any more: a sentence. At the end of the agent's output the library
/// is told so, and tells those who wait for an answer.
pub(super) async fn carry(channel: Channel, stdin: ChildStdin, stdout: ChildStdout) -> Result<(), String> {
    let (mut from_us, from_agent) = channel.into_parts();
    let hear = async move {
        let mut messages = Messages::new(stdout);
        while let Some(message) = messages.next().await? {
            if from_agent.unbounded_send(message).is_err() {
                break;
            }
            // It is polled beside this, and nothing that listens there ever waits: one turn is enough.
            while !from_agent.is_empty() {
                yield_now().await;
            }
        }
        Ok(())
    };
    let say = async move {
        let mut writing = Writing { stdin: Some(stdin), unread: BytesMut::new(), answered: 0 };
        loop {
            // Beside the reading, or two full pipes would wait for each other.
            tokio::select! {
                () = writing.write(), if !writing.unread.is_empty() => {}
                message = from_us.recv() => match message {
                    Ok(message) => writing.put(&message)?,
                    Err(_) => return Ok(()),
                },
            }
        }
    };
    tokio::try_join!(hear, say).map(|_| ())
}

struct Writing {
    /// Gone with the first failure: an agent that reads no more may still have something to say, and that it has ended is seen where its
    /// output ends.
    stdin: Option<ChildStdin>,
    unread: BytesMut,
    /// Bytes of answers since all was read. What we ask is not counted: a prompt may be long.
    answered: usize,
}

impl Writing {
    fn put(&mut self, message: &TransportFrame) -> Result<(), String> {
        let line = message.to_json().map_err(|error| format!("a message cannot be written: {error}"))?;
        if self.stdin.is_none() {
            return Ok(());
        }
        if matches!(message, TransportFrame::Single(RawJsonRpcMessage::Response(_))) {
            if self.answered > UNREAD_MAX_BYTES {
                let most = UNREAD_MAX_BYTES >> 10;
                return Err(format!("the agent asks and does not read: more than {most} KiB of answers wait for it"));
            }
            self.answered += line.len();
        }
        self.unread.extend_from_slice(line.as_bytes());
        self.unread.extend_from_slice(b"\n");
        Ok(())
    }

    /// Writes some of what is unread. May be given up and called again.
    async fn write(&mut self) {
        if let Some(stdin) = &mut self.stdin
            && stdin.write_buf(&mut self.unread).await.is_err()
        {
            self.stdin = None;
            self.unread.clear();
        }
        if self.unread.is_empty() {
            self.answered = 0;
        }
    }
}

//! The agent's output as lines, which is how the protocol travels. A line has a longest length and a run a largest output; what is no message
//! at all (many programs greet on stdout) is passed over.

use serde::Deserialize;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::ChildStdout;

/// The longest line. One message may hold a whole file as a change, or an image.
const LINE_MAX_BYTES: usize = 8 << 20;
/// The most that an agent may write in one run. A day of chatter is a tenth of it.
const OUTPUT_MAX_BYTES: usize = 256 << 20;
/// The most lines that are no messages. A greeting has a few; a program that is no agent has nothing else.
const STRAY_LINES_MAX: u32 = 200;

/// A message of JSON-RPC 2.0: with a method and an id a request, without an id a notification, without a method an answer.
#[derive(Debug, Deserialize)]
pub(super) struct Message {
    pub id: Option<Value>,
    pub method: Option<String>,
    #[serde(default)]
    pub params: Value,
    pub result: Option<Value>,
    pub error: Option<Refusal>,
}

/// The `error` of an answer.
#[derive(Debug, Deserialize)]
pub(super) struct Refusal {
    #[serde(default)]
    pub code: i64,
    #[serde(default)]
    pub message: String,
    #[serde(default)]
    pub data: Value,
}

/// The messages on an agent's stdout.
pub(super) struct Messages {
    stdout: BufReader<ChildStdout>,
    /// What there is of a line that has not ended. It stays here if nobody waits for its end any more.
    line: Vec<u8>,
    read: usize,
    stray: u32,
}

impl Messages {
    pub(super) fn new(stdout: ChildStdout) -> Self {
        Self { stdout: BufReader::new(stdout), line: Vec::new(), read: 0, stray: 0 }
    }

    /// The next one, or none at the end of the output. May be given up and asked again. The error is a sentence.
    pub(super) async fn next(&mut self) -> Result<Option<Message>, String> {
        while let Some(line) = self.next_line().await? {
            // Deeper than 128 levels is no message either.
            if let Ok(message) = serde_json::from_slice(&line) {
                return Ok(Some(message));
            }
            self.stray += u32::from(!line.trim_ascii().is_empty());
            if self.stray > STRAY_LINES_MAX {
                return Err(format!(
                    "more than {STRAY_LINES_MAX} lines on stdout are no messages; is the program an ACP agent?"
                ));
            }
        }
        Ok(None)
    }

    /// The next line, or what there is before the end of the output.
    async fn next_line(&mut self) -> Result<Option<Vec<u8>>, String> {
        loop {
            let ready = self.stdout.fill_buf().await.map_err(|error| format!("stdout cannot be read: {error}"))?;
            if ready.is_empty() {
                return Ok((!self.line.is_empty()).then(|| std::mem::take(&mut self.line)));
            }
            let end = ready.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(ready.len(), |end| end + 1);
            self.line.extend_from_slice(&ready[..taken]);
            self.stdout.consume(taken);
            self.read += taken;
            if self.line.len() > LINE_MAX_BYTES {
                return Err(format!("a line on stdout is longer than {} MiB", LINE_MAX_BYTES >> 20));
            }
            if self.read > OUTPUT_MAX_BYTES {
                return Err(format!("more than {} MiB on stdout", OUTPUT_MAX_BYTES >> 20));
            }
            if end.is_some() {
                return Ok(Some(std::mem::take(&mut self.line)));
            }
        }
    }
}

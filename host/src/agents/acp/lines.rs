//! The agent's output as lines, which is how the protocol travels. A line has a longest length and a run a largest output; what is no message
//! at all (many programs greet on stdout) is passed over.

use agent_client_protocol::TransportFrame;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::ChildStdout;

/// The longest line. One message may hold a whole file as a change, or an image.
const LINE_MAX_BYTES: usize = 8 << 20;
/// The most values of one message. A table that a tool returned has some ten thousand; each takes up to four hundred bytes while it is read,
/// whatever it says.
const VALUES_MAX: usize = 64 << 10;
/// The most that an agent may write in one run. A day of chatter is a tenth of it.
const OUTPUT_MAX_BYTES: usize = 256 << 20;
/// The most lines that are no messages. A greeting has a few; a program that is no agent has nothing else.
const STRAY_LINES_MAX: u32 = 200;

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

    /// The next one, or none at the end of the output. The error is a sentence.
    pub(super) async fn next(&mut self) -> Result<Option<TransportFrame>, String> {
        while let Some(line) = self.next_line().await? {
            if values(&line) > VALUES_MAX {
                return Err(format!("a line on stdout has more than {VALUES_MAX} values"));
            }
            // Deeper than 128 levels is no message either.
            if let frame @ TransportFrame::Single(_) = TransportFrame::parse_json(&String::from_utf8_lossy(&line)) {
                return Ok(Some(frame));
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

/// How many values the line has, if it is a message: those that stand behind a bracket or a comma.
fn values(line: &[u8]) -> usize {
    let (mut values, mut is_text, mut is_escaped) = (0, false, false);
    for byte in line {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = is_text,
            b'"' => is_text = !is_text,
            b'[' | b'{' | b',' if !is_text => values += 1,
            _ => {}
        }
    }
    values
}

//! The agent's output as lines and its input as a sink of lines, which is how the protocol travels. A line has a longest length and a run a
//! largest output; what is no message at all (many programs greet on stdout) is passed over.

use std::io;

use futures_util::{Sink, Stream, sink, stream};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{ChildStdin, ChildStdout};

/// The longest line. One message may hold a whole file as a change, or an image.
pub(super) const LINE_MAX_BYTES: usize = 8 << 20;
/// The most that an agent may write in one run. A day of chatter is a tenth of it.
pub(super) const OUTPUT_MAX_BYTES: usize = 256 << 20;
/// The most lines that are no messages. A greeting has a few; a program that is no agent has nothing else.
pub(super) const STRAY_LINES_MAX: u32 = 200;

struct Reading {
    stdout: BufReader<ChildStdout>,
    read: usize,
    stray: u32,
    is_over: bool,
}

/// The lines that may be messages. An error is the last item, and says what was too much.
pub(super) fn incoming(stdout: ChildStdout) -> impl Stream<Item = io::Result<String>> + Send + 'static {
    let reading = Reading { stdout: BufReader::new(stdout), read: 0, stray: 0, is_over: false };
    stream::unfold(reading, |mut reading| async move {
        if reading.is_over {
            return None;
        }
        let line = reading.next_message().await.transpose()?;
        reading.is_over = line.is_err();
        // The queue behind this stream has no bound: it is given a turn after each line, so that it never holds more than one.
        tokio::task::yield_now().await;
        Some((line, reading))
    })
}

impl Reading {
    async fn next_message(&mut self) -> io::Result<Option<String>> {
        loop {
            let Some(line) = self.next_line().await? else { return Ok(None) };
            let line = String::from_utf8_lossy(&line);
            let line = line.trim();
            if line.starts_with('{') {
                return Ok(Some(line.to_owned()));
            }
            self.stray += u32::from(!line.is_empty());
            if self.stray > STRAY_LINES_MAX {
                return Err(io::Error::other(format!(
                    "more than {STRAY_LINES_MAX} lines on stdout are no messages; is the program an ACP agent?"
                )));
            }
        }
    }

    /// The next line with its end, or what there is before the end of the output.
    async fn next_line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        loop {
            let ready = self.stdout.fill_buf().await?;
            if ready.is_empty() {
                return Ok((!line.is_empty()).then_some(line));
            }
            let end = ready.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(ready.len(), |end| end + 1);
            line.extend_from_slice(&ready[..taken]);
            self.stdout.consume(taken);
            self.read += taken;
            if line.len() > LINE_MAX_BYTES {
                return Err(io::Error::other(format!("a line on stdout is longer than {} MiB", LINE_MAX_BYTES >> 20)));
            }
            if self.read > OUTPUT_MAX_BYTES {
                return Err(io::Error::other(format!("more than {} MiB on stdout", OUTPUT_MAX_BYTES >> 20)));
            }
            if end.is_some() {
                return Ok(Some(line));
            }
        }
    }
}

/// Takes lines without their ends. An agent that reads no more may still have something to say, so that is no error here: that it is gone is
/// seen where its output ends.
pub(super) fn outgoing(stdin: ChildStdin) -> impl Sink<String, Error = io::Error> + Send + 'static {
    sink::unfold(stdin, |mut stdin, mut line: String| async move {
        line.push('\n');
        let written = stdin.write_all(line.as_bytes()).await;
        let written = written.and(stdin.flush().await);
        match written {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
            _ => Ok(stdin),
        }
    })
}

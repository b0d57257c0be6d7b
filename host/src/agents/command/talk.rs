//! What goes in and out of a program: fed without waiting for it to read, read without waiting for it to end, and bounded.

use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::ChildStdin;

/// What one read takes.
const PIECE_BYTES: usize = 16 << 10;
/// What a program may write in all, kept or not. One that writes more writes for ever.
const FLOOD_BYTES: u64 = 64 << 20;

/// A program need not read its input, so an error here says nothing.
pub(super) async fn feed(stdin: Option<ChildStdin>, input: Vec<u8>) {
    if let Some(mut stdin) = stdin {
        let _ = stdin.write_all(&input).await;
    }
}

/// The beginning of what was written.
pub(super) struct Head {
    kept: Vec<u8>,
    bytes_max: usize,
    is_cut: bool,
}

impl Head {
    pub fn new(bytes_max: usize) -> Self {
        Self { kept: Vec::new(), bytes_max, is_cut: false }
    }

    fn take(&mut self, piece: &[u8]) {
        let room = self.bytes_max - self.kept.len();
        self.kept.extend_from_slice(&piece[..piece.len().min(room)]);
        self.is_cut |= piece.len() > room;
    }

    /// As text, trimmed; what is not UTF-8 as U+FFFD.
    pub fn into_text(self) -> String {
        let text = String::from_utf8_lossy(&self.kept);
        let text = text.trim();
        if self.is_cut { format!("{text}\n[cut: more than {} KiB]", self.bytes_max / 1024) } else { text.to_owned() }
    }
}

/// The end of what was written.
pub(super) struct Tail {
    kept: Vec<u8>,
    bytes_max: usize,
}

impl Tail {
    pub fn new(bytes_max: usize) -> Self {
        Self { kept: Vec::new(), bytes_max }
    }

    fn take(&mut self, piece: &[u8]) {
        self.kept.extend_from_slice(piece);
        // Twice as much as is told: a secret that is cut in front is no longer found, and is not told either.
        let spare = self.kept.len().saturating_sub(2 * self.bytes_max);
        self.kept.drain(..spare);
    }

    /// As text on one line, without the secrets.
    pub fn into_line(self, secrets: &[SecretString]) -> String {
        let text = String::from_utf8_lossy(&self.kept).into_owned();
        let text = secrets.iter().fold(text, |text, secret| text.replace(secret.expose_secret(), "[secret]"));
        let from = text.ceil_char_boundary(text.len().saturating_sub(self.bytes_max));
        text[from..].split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// Somewhere to put what a program writes.
pub(super) trait Keeps {
    /// One more piece of it.
    fn keep(&mut self, piece: &[u8]);
}

impl Keeps for Head {
    fn keep(&mut self, piece: &[u8]) {
        self.take(piece);
    }
}

impl Keeps for Tail {
    fn keep(&mut self, piece: &[u8]) {
        self.take(piece);
    }
}

/// A program wrote too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Flooded;

/// Reads to the end.
pub(super) async fn listen(pipe: Option<impl AsyncRead + Unpin>, keeper: &mut impl Keeps) -> Result<(), Flooded> {
    let Some(mut pipe) = pipe else { return Ok(()) };
    let mut piece = vec![0; PIECE_BYTES];
    let mut total: u64 = 0;
    while let Ok(read @ 1..) = pipe.read(&mut piece).await {
        total += read as u64;
        if total > FLOOD_BYTES {
            return Err(Flooded);
        }
        keeper.keep(&piece[..read]);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_keeps_the_beginning_and_a_tail_the_end() {
        let (mut head, mut tail) = (Head::new(1024), Tail::new(4));
        for piece in [" ab", "c\n", "d"] {
            head.take(piece.as_bytes());
            tail.take(piece.as_bytes());
        }
        assert_eq!((head.into_text().as_str(), tail.into_line(&[]).as_str()), ("abc\nd", "bc d"));
        let mut head = Head::new(1024);
        head.take(&[b'x'; 2000]);
        head.take(b"y");
        assert_eq!(head.into_text(), format!("{}\n[cut: more than 1 KiB]", "x".repeat(1024)));
    }
}

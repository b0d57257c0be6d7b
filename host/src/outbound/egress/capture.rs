//! The beginning of an answer's body, for the record. However long it is, however slowly it comes and whatever it unpacks to: the status
//! has already said whether the delivery arrived.

use std::io::Read;

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use http_body_util::BodyExt;
use hyper::HeaderMap;
use hyper::body::Incoming;
use hyper::header::CONTENT_ENCODING;
use tokio::time::{Instant, timeout_at};

/// What is kept of a body, unpacked, unless the client says otherwise. An error page with its stack trace fits.
pub(super) const KEPT_MAX_BYTES: usize = 16 << 10;
/// What is read of it, if no more is kept, so that the connection can be used again. Opening another one costs less than reading more.
const READ_MAX_BYTES: usize = 64 << 10;

/// The beginning of a body.
pub(super) struct Captured {
    /// At most what was to be kept.
    pub bytes: Vec<u8>,
    /// Whether there was more, or something broke.
    pub cut: bool,
    /// Whether the body was read to its end, so that the connection can be used again.
    pub is_read: bool,
}

/// Reads until the end, until enough, or until it is too late.
pub(super) async fn capture(headers: &HeaderMap, mut body: Incoming, kept_max: usize, until: Instant) -> Captured {
    let read_max = kept_max.max(READ_MAX_BYTES);
    let mut raw = Vec::new();
    let is_read = loop {
        match timeout_at(until, body.frame()).await {
            Ok(None) => break true,
            Ok(Some(Ok(frame))) => {
                let data = frame.into_data().unwrap_or_default();
                let room = read_max - raw.len();
                raw.extend_from_slice(&data[..data.len().min(room)]);
                if data.len() > room {
                    break false;
                }
            }
            Ok(Some(Err(_))) | Err(_) => break false,
        }
    };
    let (bytes, is_all) = unpack(headers, raw, kept_max);
    Captured { bytes, cut: !is_read || !is_all, is_read }
}

/// We ask for `identity`; some send packed all the same.
fn unpack(headers: &HeaderMap, raw: Vec<u8>, kept_max: usize) -> (Vec<u8>, bool) {
    let coding = headers.get(CONTENT_ENCODING).and_then(|coding| coding.to_str().ok()).unwrap_or_default();
    let unpacked = match coding.trim().to_ascii_lowercase().as_str() {
        "gzip" | "x-gzip" => beginning(MultiGzDecoder::new(raw.as_slice()), kept_max),
        // Half of the world sends it with zlib's header, as it should, and half without.
        "deflate" if is_zlib(&raw) => beginning(ZlibDecoder::new(raw.as_slice()), kept_max),
        "deflate" => beginning(DeflateDecoder::new(raw.as_slice()), kept_max),
        _ => beginning(raw.as_slice(), kept_max),
    };
    match unpacked {
        // Not packed at all, whatever it says.
        (bytes, false) if bytes.is_empty() => beginning(raw.as_slice(), kept_max),
        unpacked => unpacked,
    }
}

fn is_zlib(raw: &[u8]) -> bool {
    matches!(raw, [first, second, ..] if first & 0x0f == 8 && u16::from_be_bytes([*first, *second]) % 31 == 0)
}

/// The first bytes, and whether that is all.
fn beginning(reader: impl Read, kept_max: usize) -> (Vec<u8>, bool) {
    let mut bytes = Vec::new();
    let is_whole = reader.take(kept_max as u64 + 1).read_to_end(&mut bytes).is_ok();
    let is_all = is_whole && bytes.len() <= kept_max;
    bytes.truncate(kept_max);
    (bytes, is_all)
}

//! Reading a body within its size and time. Only called once the caller is known.

use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Body as _;

use super::answer::Refused;

/// As much of an unwanted body is read as usually comes together with its head.
const DISCARD_MAX_BYTES: usize = 16 << 10;
/// And no longer than a packet of it may be late.
const DISCARD_MAX_TIME: Duration = Duration::from_millis(50);

/// The whole body, or why not.
pub(super) async fn read(body: &mut Body, max_bytes: usize, max_time: Duration) -> Result<Bytes, Refused> {
    // A declared length is believed when it is too large: nothing of it is read.
    if body.size_hint().lower() > max_bytes as u64 {
        return Err(Refused::PayloadTooLarge);
    }
    tokio::time::timeout(max_time, collect(body, max_bytes)).await.unwrap_or(Err(Refused::BodyTimeout))
}

/// Reads an unwanted body to its end, because the next request of the connection stands behind it. False if the end is not near: then the connection is
/// to be closed.
pub(super) async fn discard(mut body: Body) -> bool {
    if body.size_hint().lower() > DISCARD_MAX_BYTES as u64 {
        return false;
    }
    let read_on = async {
        let mut left = DISCARD_MAX_BYTES;
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else { return false };
            let bytes = frame.data_ref().map_or(0, Bytes::len);
            if bytes > left {
                return false;
            }
            left -= bytes;
        }
        true
    };
    tokio::time::timeout(DISCARD_MAX_TIME, read_on).await.unwrap_or(false)
}

async fn collect(body: &mut Body, max_bytes: usize) -> Result<Bytes, Refused> {
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return Err(Refused::ConnectionClosed) };
        let Ok(data) = frame.into_data() else { continue };
        if first.len() + rest.len() + data.len() > max_bytes {
            return Err(Refused::PayloadTooLarge);
        }
        // Nearly every body comes in one frame: then nothing is copied.
        if first.is_empty() { first = data } else { rest.extend_from_slice(&data) }
    }
    if rest.is_empty() {
        return Ok(first);
    }
    let mut whole = BytesMut::with_capacity(first.len() + rest.len());
    whole.extend_from_slice(&first);
    whole.extend_from_slice(&rest);
    Ok(whole.freeze())
}

//! Slack asks a new URL to repeat a challenge. The question is signed like every event.

use super::Handshake;
use super::fields::member;

pub(super) fn handshake(body: &[u8]) -> Option<Handshake> {
    (member(body, &["type"])? == "url_verification")
        .then(|| member(body, &["challenge"]))?
        .and_then(|challenge| Handshake::of_challenge(&challenge))
}

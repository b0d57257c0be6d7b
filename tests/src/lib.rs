//! The harness: a gateway to knock at ([`Gateway`], in this process with a clock to move, or [`Process`], the real program), a proper client and a
//! bare [`Wire`], and the guests.

mod client;
mod gateway;
mod guests;
mod process;
mod receiver;
mod wire;

pub use client::{Answer, Client, Post};
pub use gateway::{Gateway, GatewayBuilder, deliveries_once, emit};
pub use guests::{guest, plugin};
pub use process::Process;
pub use receiver::{RawReceiver, Received, Receiver, Verdict};
pub use wire::{Reply, Wire};

use std::future::Future;
use std::time::Duration;

/// The longest anything in a test may take. Long, because machines that test are slow; nothing waits for it to pass.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Asks again and again until the answer is yes. For things that happen in the background: each try is a question at a door, not a guess at a time.
pub async fn eventually<F: Future<Output = bool>>(what: &str, mut ask: impl FnMut() -> F) {
    let asked = tokio::time::timeout(PATIENCE, async {
        while !ask().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    assert!(asked.await.is_ok(), "never happened: {what}");
}

//! `sandclaw webhooks …`: what goes out, what became of it, and what an operator does about it. Asks the gateway that runs on the state
//! folder, or, when none does, its database.

mod desk;
mod endpoints;
mod list;
mod recover;
mod retry;
mod send_test;
mod show;
mod since;
mod verify;

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;

use super::Common;
use desk::Desk;

#[derive(Subcommand)]
#[command(after_help = EXAMPLES)]
pub(super) enum Webhooks {
    /// List deliveries, the newest first
    List(list::List),
    /// Show one delivery: its event, every try, what the receiver answered
    Show(show::Show),
    /// Try a delivery again that has ended
    Retry(retry::Retry),
    /// Deliver everything that an endpoint wants and did not get since a time
    Recover(recover::Recover),
    /// List endpoints: how they are, and how many deliveries stand where
    Endpoints(endpoints::List),
    /// Enable an endpoint that is disabled
    Enable(endpoints::Enable),
    /// Disable an endpoint: it gets nothing until it is enabled
    Disable(endpoints::Disable),
    /// Send an endpoint a test message and tell how it went
    SendTest(send_test::SendTest),
    /// Check the signature of a saved request
    Verify(verify::Verify),
}

const EXAMPLES: &str = "Examples:
  sandclaw webhooks list --status failed
  sandclaw webhooks list --endpoint crm --follow
  sandclaw webhooks show dlv_01995a3c8f1d7c0e9b7d3c5a1f2e4d6b
  sandclaw webhooks recover --endpoint crm --since 2h --dry-run
  sandclaw webhooks send-test --endpoint crm
  sandclaw webhooks verify --secret-env CRM_SECRET --request saved.http";

impl Common {
    fn desk(&self) -> Result<Desk> {
        Desk::new(&self.config)
    }
}

impl Webhooks {
    pub(super) fn run(self) -> Result<ExitCode> {
        let runtime = super::runtime()?;
        runtime.block_on(async {
            match self {
                Self::List(list) => list.run().await,
                Self::Show(show) => show.run().await,
                Self::Retry(retry) => retry.run().await,
                Self::Recover(recover) => recover.run().await,
                Self::Endpoints(list) => list.run().await,
                Self::Enable(enable) => enable.run().await,
                Self::Disable(disable) => disable.run().await,
                Self::SendTest(send) => send.run().await,
                Self::Verify(verify) => verify.run(),
            }
        })
    }
}

/// A word or a number in a path or query of the admin socket.
pub(super) fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

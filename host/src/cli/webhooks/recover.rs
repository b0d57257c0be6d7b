//! `sandclaw webhooks recover`.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, anyhow};
use clap::Args;

use super::super::output::{self, DIM, GOOD, WARN};
use super::{Common, Desk, since};
use crate::clock::Clock;
use crate::outbound::operator::views::RecoveryLine;

/// How often its progress is looked at.
const PACE: Duration = Duration::from_millis(500);

#[derive(Args)]
#[command(
    after_help = "Deliveries that were given up are due again, and events that an endpoint wants and never got are delivered to it. Nothing is
sent twice that was delivered. The gateway carries it out, and goes on after a restart where it was.

Examples:
  sandclaw webhooks recover --endpoint crm --since 2h --dry-run
  sandclaw webhooks recover --endpoint crm --since 2026-03-14T10:30:00Z"
)]
pub(in crate::cli) struct Recover {
    #[command(flatten)]
    common: Common,
    /// The endpoint
    #[arg(long, value_name = "NAME")]
    endpoint: String,
    /// From when on: a time such as 2026-03-14T10:30:00Z, or how long ago: 90s, 45m, 2h, 3d, 1w
    #[arg(long, value_name = "TIME")]
    since: String,
    /// Only count what would be done
    #[arg(long)]
    dry_run: bool,
    /// Do not wait for its end
    #[arg(long)]
    no_wait: bool,
}

impl Recover {
    pub async fn run(self) -> Result<ExitCode> {
        let since = since::parse(&self.since, Clock::system().now()).map_err(|why| anyhow!("--since {why}"))?;
        let desk = self.common.desk()?;
        if self.dry_run {
            let forecast = desk.forecast(&self.endpoint, since).await?;
            if self.common.json {
                output::json(&forecast)?;
            } else {
                output::print(&format!(
                    "{} events since {}: {} deliveries would be due again, {} would be made",
                    forecast.events,
                    output::time(forecast.since),
                    forecast.would_revive,
                    forecast.would_create
                ));
            }
            return Ok(ExitCode::SUCCESS);
        }
        let (noted, is_running) = desk.recover(&self.endpoint, since).await?;
        let recovery = if is_running && !self.no_wait { wait(&desk, noted, self.common.json).await? } else { noted };
        if self.common.json {
            output::json(&recovery)?;
        } else if recovery.is_done {
            output::print(&format!("{GOOD}done{GOOD:#}  {}", counts(&recovery)));
        } else if is_running {
            output::print(&format!("{GOOD}begun{GOOD:#}  {}: the gateway carries it out", recovery.id));
        } else {
            output::print(&format!(
                "{WARN}noted{WARN:#}  {}: it is carried out when a gateway runs again",
                recovery.id
            ));
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Waits for its end; on a terminal it is seen coming.
async fn wait(desk: &Desk, mut recovery: RecoveryLine, json: bool) -> Result<RecoveryLine> {
    let shows = !json && std::io::stderr().is_terminal();
    let began_at = recovery.cursor;
    let mut ticks = tokio::time::interval(PACE);
    while !recovery.is_done {
        ticks.tick().await;
        let found = desk.recoveries().await?.recoveries.into_iter().find(|line| line.id == recovery.id);
        recovery = found.ok_or_else(|| anyhow!("{} is not known any more", recovery.id))?;
        if shows {
            progress(&recovery, began_at);
        }
    }
    if shows {
        // The line of the progress makes room for the result.
        anstream::eprint!("\r\u{1b}[K");
    }
    Ok(recovery)
}

fn progress(recovery: &RecoveryLine, began_at: i64) {
    let (done, all) = (recovery.cursor - began_at, (recovery.until - began_at).max(1));
    let percent = (done.clamp(0, all) * 100) / all;
    anstream::eprint!("\r\u{1b}[K{percent} %  {DIM}{}{DIM:#}", counts(recovery));
    let _ = std::io::stderr().flush();
}

fn counts(recovery: &RecoveryLine) -> String {
    format!("{}: {} deliveries are due again, {} were made", recovery.id, recovery.revived, recovery.created)
}

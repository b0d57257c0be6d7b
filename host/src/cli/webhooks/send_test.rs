//! `sandclaw webhooks send-test`: a message of its own for one endpoint, and how it went.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::Args;

use super::super::output::{self, BAD, GOOD, WARN};
use super::{Common, Desk};
use crate::outbound::operator::Status;
use crate::outbound::operator::shown;
use crate::outbound::operator::views::{DeliveryDetail, DeliveryLine};

/// How often it is looked at.
const PACE: Duration = Duration::from_millis(100);
/// A try may take a minute; whoever waits longer than that is told where to look.
const PATIENCE: Duration = Duration::from_secs(90);

#[derive(Args)]
#[command(
    after_help = "Goes the way of every event: transform, headers, signature. Exit code 1 if it is not delivered by the first try.

Example:\n  sandclaw webhooks send-test --endpoint crm"
)]
pub(in crate::cli) struct SendTest {
    #[command(flatten)]
    common: Common,
    /// The endpoint
    #[arg(long, value_name = "NAME")]
    endpoint: String,
}

impl SendTest {
    pub async fn run(self) -> Result<ExitCode> {
        let desk = self.common.desk()?;
        let id = desk.send_test(&self.endpoint).await?.delivery;
        let detail = outcome(&desk, &id).await?;
        let delivery = &detail.delivery;
        let is_good = matches!(delivery.status, Status::Delivered | Status::Skipped);
        if self.common.json {
            output::json(&detail)?;
        } else {
            say(delivery);
        }
        Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// Waits until it has ended, or failed once.
async fn outcome(desk: &Desk, id: &str) -> Result<DeliveryDetail> {
    let began = Instant::now();
    let mut ticks = tokio::time::interval(PACE);
    loop {
        ticks.tick().await;
        let detail = desk.delivery(id).await?;
        // One that is held behind others has no end that is near.
        if detail.delivery.status != Status::Pending || detail.delivery.state == "held" {
            return Ok(detail);
        }
        if began.elapsed() > PATIENCE {
            bail!("{id} has not been tried in {} s; `sandclaw webhooks show {id}` will tell more", PATIENCE.as_secs());
        }
    }
}

fn say(delivery: &DeliveryLine) {
    let took = delivery.last_total_us.map(output::duration).unwrap_or_default();
    let answer = delivery.last_status.map(|status| format!("the receiver answered {status}"));
    let why = delivery.last_error.as_deref().or(delivery.reason.as_deref()).map(|why| shown(why, 300));
    let id = &delivery.id;
    match delivery.status {
        Status::Delivered => {
            output::print(&format!("{GOOD}delivered{GOOD:#}  {id}: {} in {took}", answer.unwrap_or_default()));
        }
        Status::Skipped => {
            output::print(&format!("{WARN}skipped{WARN:#}  {id}: {}", why.unwrap_or_default()));
        }
        status => {
            let why = why.or(answer).unwrap_or_else(|| "no try was made".into());
            output::print(&format!("{BAD}{status}{BAD:#}  {id}: {why}"));
            output::print(&format!("`sandclaw webhooks show {id}` shows the answer"));
        }
    }
}

//! `sandclaw webhooks retry`.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use super::super::output::{self, GOOD, WARN};
use super::Common;
use crate::outbound::operator::shown;

#[derive(Args)]
#[command(after_help = "Example:\n  sandclaw webhooks retry dlv_01995a3c8f1d7c0e9b7d3c5a1f2e4d6b")]
pub(in crate::cli) struct Retry {
    #[command(flatten)]
    common: Common,
    /// A delivery id (dlv_…)
    #[arg(value_name = "DELIVERY")]
    id: String,
}

impl Retry {
    pub async fn run(self) -> Result<ExitCode> {
        let (answer, is_running) = self.common.desk()?.retry(&self.id).await?;
        if self.common.json {
            output::json(&answer)?;
            return Ok(ExitCode::SUCCESS);
        }
        let id = shown(&self.id, 80);
        match (answer.is_due, is_running) {
            (true, true) => output::print(&format!("{GOOD}due{GOOD:#}  {id} is tried now")),
            (true, false) => output::print(&format!("{GOOD}due{GOOD:#}  {id} is tried when a gateway runs again")),
            (false, _) => output::print(&format!("{WARN}unchanged{WARN:#}  {id}")),
        }
        if let Some(note) = &answer.note {
            output::print(&format!("{WARN}note{WARN:#}  {note}"));
        }
        Ok(ExitCode::SUCCESS)
    }
}

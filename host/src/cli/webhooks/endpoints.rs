//! `sandclaw webhooks endpoints|enable|disable`.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use super::super::output::{self, GOOD, WARN};
use super::Common;
use crate::outbound::operator::shown;
use crate::outbound::operator::views::EndpointLine;

#[derive(Args)]
#[command(
    after_help = "State: active, failing (the last tries failed), resting (left alone for a while), disabled (until somebody
enables it), off (`enabled: false` in the config), gone (not in the config). Paths of URLs are not shown: they may be secrets."
)]
pub(in crate::cli) struct List {
    #[command(flatten)]
    common: Common,
}

#[derive(Args)]
#[command(after_help = "What was given up while it was disabled is brought back by `sandclaw webhooks recover`.")]
pub(in crate::cli) struct Enable {
    #[command(flatten)]
    common: Common,
    /// The endpoint
    name: String,
}

#[derive(Args)]
#[command(
    after_help = "What is open for it is given up; `sandclaw webhooks recover` brings it back once it is enabled."
)]
pub(in crate::cli) struct Disable {
    #[command(flatten)]
    common: Common,
    /// The endpoint
    name: String,
}

impl List {
    pub async fn run(self) -> Result<ExitCode> {
        let list = self.common.desk()?.endpoints().await?;
        if self.common.json {
            output::json(&list)?;
        } else if list.endpoints.is_empty() {
            output::print("No endpoints. They stand under webhooks.endpoints in the config.");
        } else {
            let rows: Vec<_> = list.endpoints.iter().map(row).collect();
            output::table(
                &["Endpoint", "URL", "State", "Open", "Delivered", "Dead", "Skipped", "Cancelled", "Why"],
                &rows,
            );
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Enable {
    pub async fn run(self) -> Result<ExitCode> {
        self.common.desk()?.enable(&self.name).await?;
        say(&self.common, &self.name, "enabled")
    }
}

impl Disable {
    pub async fn run(self) -> Result<ExitCode> {
        self.common.desk()?.disable(&self.name).await?;
        say(&self.common, &self.name, "disabled")
    }
}

fn say(common: &Common, name: &str, what: &str) -> Result<ExitCode> {
    if common.json {
        output::json(&serde_json::json!({ "endpoint": name, "status": what }))?;
    } else {
        let style = if what == "enabled" { GOOD } else { WARN };
        output::print(&format!("{style}{what}{style:#}  {}", shown(name, 80)));
    }
    Ok(ExitCode::SUCCESS)
}

fn row(line: &EndpointLine) -> Vec<String> {
    vec![
        shown(&line.name, 40),
        line.url.clone().unwrap_or_else(|| "-".into()),
        line.status.as_str().to_owned(),
        line.counts.open().to_string(),
        line.counts.delivered.to_string(),
        line.counts.dead.to_string(),
        line.counts.skipped.to_string(),
        line.counts.cancelled.to_string(),
        why(line),
    ]
}

fn why(line: &EndpointLine) -> String {
    let failures = || match line.failing_since {
        Some(since) if line.failures > 0 => format!("{} failures since {}", line.failures, output::time(since)),
        _ => "-".to_owned(),
    };
    match (line.disabled_at, line.rests_until) {
        (Some(at), _) => {
            format!("since {}: {}", output::time(at), shown(line.disabled_reason.as_deref().unwrap_or_default(), 80))
        }
        (None, Some(until)) => format!("until {}; {}", output::time(until), failures()),
        (None, None) => failures(),
    }
}

//! `sandclaw webhooks list`.

use std::collections::HashMap;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::Args;

use super::super::output::{self, DIM};
use super::{Common, Desk};
use crate::model::Millis;
use crate::outbound::operator::views::DeliveryLine;
use crate::outbound::operator::{LIST_DEFAULT, LIST_MAX, ListQuery, Status, shown};

/// How often `--follow` looks: soon enough for somebody who watches.
const FOLLOW_PACE: Duration = Duration::from_secs(1);
/// How much of an error stands in a line.
const ERROR_CHARS: usize = 80;

#[derive(Args)]
#[command(
    after_help = "Status: pending (not tried yet, being tried, held), failed (will be tried again, or was given up),
delivered, skipped (the transform had nothing to send), dead (given up), cancelled (its endpoint is gone).

Examples:
  sandclaw webhooks list --recent 20
  sandclaw webhooks list --status failed --endpoint crm
  sandclaw webhooks list --follow --json | jq .lastError"
)]
pub(in crate::cli) struct List {
    #[command(flatten)]
    common: Common,
    /// How many, at most 1000
    #[arg(long, value_name = "N", default_value_t = LIST_DEFAULT, value_parser = clap::value_parser!(u32).range(1..=i64::from(LIST_MAX)))]
    recent: u32,
    /// Only those of this status: pending, failed, delivered, skipped, dead, cancelled
    #[arg(long)]
    status: Option<String>,
    /// Only those of this endpoint
    #[arg(long, value_name = "NAME")]
    endpoint: Option<String>,
    /// Go on, and print each delivery that changes; with --json one object a line
    #[arg(long)]
    follow: bool,
}

impl List {
    pub async fn run(self) -> Result<ExitCode> {
        let desk = self.common.desk()?;
        let query = ListQuery {
            recent: self.recent,
            status: self.status.as_deref().map(parse_status).transpose()?,
            endpoint: self.endpoint.clone(),
            changed_since: None,
        };
        let list = desk.deliveries(&query).await?;
        if self.follow {
            return follow(&desk, query, list.deliveries, self.common.json).await;
        }
        if self.common.json {
            output::json(&list)?;
        } else if list.deliveries.is_empty() {
            output::print("No deliveries found.");
        } else {
            let rows: Vec<_> = list.deliveries.iter().map(row).collect();
            output::table(&HEADINGS, &rows);
        }
        Ok(ExitCode::SUCCESS)
    }
}

const HEADINGS: [&str; 8] = ["Delivery", "Created", "Event", "Endpoint", "Status", "Tries", "Took", "Last answer"];

pub(super) fn parse_status(text: &str) -> Result<Status> {
    match Status::parse(text.trim()) {
        Some(status) => Ok(status),
        None => bail!("--status must be one of {}", Status::ALL.map(Status::as_str).join(", ")),
    }
}

fn row(line: &DeliveryLine) -> Vec<String> {
    vec![
        line.id.clone(),
        output::time(line.created_at),
        shown(&line.r#type, 40),
        shown(&line.endpoint, 40),
        line.status.to_string(),
        line.attempts.to_string(),
        line.last_total_us.map_or_else(|| "-".into(), output::duration),
        last(line),
    ]
}

/// What the last try came to, in a few words.
fn last(line: &DeliveryLine) -> String {
    let error = line.last_error.as_deref().or(line.reason.as_deref()).map(|error| shown(error, ERROR_CHARS));
    match (line.last_status, error) {
        (Some(status), Some(error)) => format!("{status} {error}"),
        (Some(status), None) => status.to_string(),
        (None, Some(error)) => error,
        (None, None) => "-".to_owned(),
    }
}

/// Prints what is there, the oldest first, and then whatever changes, until somebody stops it.
async fn follow(desk: &Desk, mut query: ListQuery, first: Vec<DeliveryLine>, json: bool) -> Result<ExitCode> {
    if !json {
        output::print(&format!("{DIM}what changes is printed from here on; Ctrl-C ends it{DIM:#}"));
    }
    let mut seen: HashMap<String, DeliveryLine> = HashMap::new();
    let mut lines = first;
    query.recent = LIST_MAX;
    let mut ticks = tokio::time::interval(FOLLOW_PACE);
    loop {
        // They come with the newest first; of one millisecond the older goes first, too.
        lines.reverse();
        lines.sort_by_key(|line| line.updated_at);
        for line in lines {
            // Asked for from the last moment on, that moment itself comes again.
            if seen.get(&line.id) != Some(&line) {
                print_line(&line, json)?;
            }
            query.changed_since = query.changed_since.max(Some(Millis(line.updated_at)));
            seen.insert(line.id.clone(), line);
        }
        let latest = query.changed_since;
        seen.retain(|_, line| Some(Millis(line.updated_at)) >= latest);
        ticks.tick().await;
        lines = desk.deliveries(&query).await?.deliveries;
    }
}

fn print_line(line: &DeliveryLine, json: bool) -> Result<()> {
    if json {
        return output::json_line(line);
    }
    let style = output::of_status(line.status.as_str());
    output::print(&format!(
        "{}  {}  {style}{:<9}{style:#}  {}  {}  {}",
        output::time(line.updated_at),
        line.id,
        line.status.as_str(),
        shown(&line.endpoint, 40),
        shown(&line.r#type, 40),
        last(line),
    ));
    Ok(())
}

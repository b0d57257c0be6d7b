//! `sandclaw webhooks show`.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Args;

use super::super::output::{self, BAD, DIM, GOOD};
use super::{Common, Desk};
use crate::outbound::operator::views::{AttemptDetail, DeliveryDetail, Readable, TimingDetail};
use crate::outbound::operator::{LIST_MAX, ListQuery, shown};

/// How much of an event's data is printed; `--json` has all of it.
const DATA_CHARS: usize = 2000;

#[derive(Args)]
#[command(after_help = "Example:\n  sandclaw webhooks show dlv_01995a3c8f1d7c0e9b7d3c5a1f2e4d6b --json")]
pub(in crate::cli) struct Show {
    #[command(flatten)]
    common: Common,
    /// A delivery id (dlv_…), as `webhooks list` and receivers have it
    #[arg(value_name = "DELIVERY")]
    id: String,
}

impl Show {
    pub async fn run(self) -> Result<ExitCode> {
        let desk = self.common.desk()?;
        if self.id.starts_with("evt_") {
            return deliveries_of_event(&desk, &self.id).await;
        }
        let detail = desk.delivery(&self.id).await?;
        if self.common.json {
            output::json(&detail)?;
        } else {
            print(&detail);
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Somebody has the id of an event in hand: which deliveries it is they want, we can often tell.
async fn deliveries_of_event(desk: &Desk, event: &str) -> Result<ExitCode> {
    let query = ListQuery { recent: LIST_MAX, ..ListQuery::default() };
    let lines = desk.deliveries(&query).await?.deliveries;
    let of_event: Vec<_> = lines.iter().filter(|line| line.event == event).map(|line| line.id.as_str()).collect();
    let event = shown(event, 80);
    match of_event.as_slice() {
        [] => bail!("{event} is an event, and this shows a delivery (dlv_…); of the last {LIST_MAX} none is its"),
        some => bail!("{event} is an event, and this shows a delivery; its deliveries: {}", some.join(", ")),
    }
}

fn print(detail: &DeliveryDetail) {
    let (delivery, event) = (&detail.delivery, &detail.event);
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "{DIM}{name}:{DIM:#} {value}");
    };
    let style = output::of_status(delivery.status.as_str());
    line("delivery", &delivery.id);
    // The state says more where the status sums several up.
    let state = format!(" ({})", delivery.state);
    let state = if delivery.status.as_str() == delivery.state.as_str() { "" } else { &state };
    line("status", &format!("{style}{}{style:#}{state}", delivery.status));
    if let Some(reason) = &delivery.reason {
        line("reason", &shown(reason, 400));
    }
    line("endpoint", &shown(&delivery.endpoint, 80));
    line("event", &format!("{} {}", event.id, shown(&event.r#type, 100)));
    if let Some(timestamp) = &event.timestamp {
        line("happened", &shown(timestamp, 60));
    }
    if let Some(session) = &event.session {
        line("session", &shown(session, 200));
    }
    line("created", &output::time(delivery.created_at));
    line("updated", &output::time(delivery.updated_at));
    if let Some(next) = delivery.next_attempt_at {
        line("next try", &output::time(next));
    }
    line("data", &shown(event.data.get(), DATA_CHARS));
    output::print(text.trim_end());
    if detail.attempts.is_empty() {
        output::print("\nNot tried yet.");
    }
    for attempt in &detail.attempts {
        print_attempt(attempt);
    }
}

fn print_attempt(attempt: &AttemptDetail) {
    let style = if attempt.outcome == "accepted" { GOOD } else { BAD };
    let status = attempt.status.map(|status| format!(" {status}")).unwrap_or_default();
    let mut text = format!(
        "\nTry {}  {}  {style}{}{style:#}{status}  {}",
        attempt.number,
        output::time(attempt.started_at),
        attempt.outcome,
        timing(&attempt.timing)
    );
    let mut line = |name: &str, value: String| {
        let _ = write!(text, "\n  {DIM}{name}:{DIM:#} {value}");
    };
    if let Some(error) = &attempt.error {
        line("error", shown(error, 400));
    }
    if let Some(address) = &attempt.address {
        line("address", shown(address, 80));
    }
    if let Some(digest) = &attempt.body_digest {
        line("body", format!("{} bytes, {digest}", attempt.body_bytes));
    }
    if let Some(transform) = &attempt.transform {
        line("transform", transform.clone());
    }
    for (name, value) in &attempt.response_headers {
        line(&shown(name, 60), shown(value, 200));
    }
    let cut = if attempt.response_cut { " (cut)" } else { "" };
    match &attempt.response_body {
        Readable::Text(body) if body.is_empty() => {}
        Readable::Text(body) => line(&format!("answer{cut}"), body.replace('\n', "\n    ")),
        Readable::Base64(body) => line(&format!("answer, base64{cut}"), body.clone()),
    }
    output::print(&text);
}

/// `120 ms (dns 2 ms, connect 10 ms, …)`: where the time went.
fn timing(timing: &TimingDetail) -> String {
    let parts = [
        ("transform", timing.transform_us),
        ("dns", timing.dns_us),
        ("connect", timing.connect_us),
        ("tls", timing.tls_us),
        ("headers", timing.headers_us),
        ("body", timing.body_us),
    ];
    let parts: Vec<_> =
        parts.iter().filter_map(|(name, us)| Some(format!("{name} {}", output::duration((*us)?)))).collect();
    let total = output::duration(timing.total_us);
    if parts.is_empty() { total } else { format!("{total} ({})", parts.join(", ")) }
}

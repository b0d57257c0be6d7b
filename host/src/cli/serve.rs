//! `sandclaw serve`.

use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use tracing_subscriber::EnvFilter;

use super::ConfigArgs;
use crate::app::{self, Signals};
use crate::clock::Clock;
use crate::json::STACK_BYTES;

#[derive(Args)]
pub(super) struct Serve {
    #[command(flatten)]
    config: ConfigArgs,
    /// The address to listen on, instead of the config's; port 0 picks a free one
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// How log lines look
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
}

#[derive(Clone, Copy, ValueEnum)]
enum LogFormat {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

/// What is logged without `RUST_LOG`: our own information, and of the libraries only what is wrong. One of them warns of each odd message of an
/// agent, of which there may be a million.
pub(super) const LOG_DEFAULT: &str = "info,agent_client_protocol=error";

impl Serve {
    pub(super) fn run(self) -> Result<ExitCode> {
        self.start_log();
        let mut config = self.config.load()?;
        if let Some(listen) = self.listen {
            config.gateway.listen = listen;
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .thread_stack_size(STACK_BYTES)
            .enable_all()
            .build()
            .context("the runtime cannot start")?;
        runtime.block_on(async {
            let running = app::start(config, Clock::system()).await?;
            let signals = Signals::catch().context("signals cannot be caught")?;
            announce(running.address);
            let steering = tokio::spawn(signals.steer(running.phase()));
            running.ended().await?;
            steering.abort();
            Ok(ExitCode::SUCCESS)
        })
    }

    fn start_log(&self) {
        let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(LOG_DEFAULT));
        // A line that cannot be written (a full disk, a closed pipe) is lost: telling so on stderr would panic whoever logged it.
        let log =
            tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).log_internal_errors(false);
        match self.log_format {
            LogFormat::Text => log.with_ansi(std::io::stderr().is_terminal()).init(),
            LogFormat::Json => log.json().init(),
        }
    }
}

/// The one line on stdout, for people and for scripts that wait for it.
fn announce(address: SocketAddr) {
    let mut out = std::io::stdout();
    let _ = writeln!(out, "listening on http://{address}").and_then(|()| out.flush());
}

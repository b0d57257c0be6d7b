//! `sandclaw init`: a starter config with a fresh secret, never over an existing file.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;

use super::output::{self, DIM};
use crate::auth::secret::new_secret;
use crate::config;

#[derive(Args)]
#[command(after_help = "Example:\n  sandclaw init && sandclaw serve")]
pub(super) struct Init {
    /// The file to write
    #[arg(value_name = "FILE", default_value = "sandclaw.json5")]
    file: PathBuf,
}

impl Init {
    pub(super) fn run(self) -> Result<ExitCode> {
        let secret = new_secret()?;
        // For the owner alone: the secret is in it.
        let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&self.file);
        let mut file = match opened {
            Err(cause) if cause.kind() == ErrorKind::AlreadyExists => {
                bail!(
                    "{} is already there and is left as it is; name another file: sandclaw init FILE",
                    self.file.display()
                )
            }
            opened => opened.with_context(|| format!("{} cannot be written", self.file.display()))?,
        };
        file.write_all(config::starter(&secret).as_bytes())?;
        file.sync_all()?;
        let file = self.file.display();
        output::print(&format!(
            "wrote {file}\n\n{DIM}# serve it{DIM:#}\nsandclaw serve --config {file}\n\n{DIM}# and in another terminal{DIM:#}"
        ));
        output::print(&format!(
            "curl -X POST http://127.0.0.1:18789/plugins/webhooks/hello \\\n  -H 'Content-Type: application/json' \\\n  -H 'Authorization: Bearer {secret}' \\\n  -d '{{\"action\":\"create_flow\",\"goal\":\"Review inbound queue\"}}'"
        ));
        Ok(ExitCode::SUCCESS)
    }
}

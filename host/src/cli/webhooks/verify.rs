//! `sandclaw webhooks verify`: is the signature of this request good? For whoever builds a receiver, and for whoever wonders.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::{ArgGroup, Args};
use secrecy::SecretString;

use super::super::output::{self, BAD, DIM, GOOD};
use crate::clock::Clock;
use crate::config::webhooks::Signing;
use crate::outbound::operator::SavedRequest;
use crate::outbound::sign::{Finding, TOLERANCE, Verdict};

/// Largest file: many times what is ever delivered.
const FILE_MAX_BYTES: u64 = 64 << 20;

#[derive(Args)]
#[command(
    group = ArgGroup::new("secret").required(true).multiple(true),
    group = ArgGroup::new("saved").required(true),
    after_help = "FILE is a saved request: the request line if there is one, headers, a blank line, the body byte for byte. Exit code 1 if no
signature is good.

Examples:
  sandclaw webhooks verify --secret-env CRM_SECRET --request saved.http
  sandclaw webhooks verify --secret-file secret.txt --headers head.txt --body body.json --tolerance 86400"
)]
pub(in crate::cli) struct Verify {
    /// The environment variable with the secret; may be given more than once
    #[arg(long, value_name = "NAME", group = "secret")]
    secret_env: Vec<String>,
    /// The file with the secret; may be given more than once
    #[arg(long, value_name = "FILE", group = "secret")]
    secret_file: Vec<PathBuf>,
    /// The saved request
    #[arg(long, value_name = "FILE", group = "saved")]
    request: Option<PathBuf>,
    /// Its headers, instead of --request
    #[arg(long, value_name = "FILE", group = "saved", requires = "body")]
    headers: Option<PathBuf>,
    /// Its body, with --headers
    #[arg(long, value_name = "FILE", requires = "headers")]
    body: Option<PathBuf>,
    /// How far its time may be from now
    #[arg(long, value_name = "SECONDS", default_value_t = TOLERANCE.as_secs())]
    tolerance: u64,
    /// Print a JSON array
    #[arg(long)]
    json: bool,
}

impl Verify {
    pub fn run(self) -> Result<ExitCode> {
        let secrets = self.secrets()?;
        let saved = self.saved()?;
        let (tolerance, now) = (Duration::from_secs(self.tolerance), Clock::system().now());
        let found = saved.verify(&secrets, tolerance, now);
        let is_good = found.iter().any(|finding| finding.verdict == Verdict::Good);
        if self.json {
            output::json(&found.iter().map(as_json).collect::<Vec<_>>())?;
        } else {
            print(&found);
            let shorter = saved.without_last_line_break().filter(|_| !is_good);
            let would_be = shorter.map(|shorter| shorter.verify(&secrets, tolerance, now)).unwrap_or_default();
            if would_be.iter().any(is_signed) && !found.iter().any(is_signed) {
                output::print(&format!(
                    "{DIM}the body ends in a line break that was not signed; an editor may have put it there{DIM:#}"
                ));
            }
        }
        Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn secrets(&self) -> Result<Vec<SecretString>> {
        let mut secrets = Vec::new();
        for name in &self.secret_env {
            let value = std::env::var(name).with_context(|| format!("the environment variable {name} has no value"))?;
            secrets.push(secret(&value, name)?);
        }
        for file in &self.secret_file {
            let text = String::from_utf8(read(file)?).with_context(|| format!("{} is not text", file.display()))?;
            secrets.push(secret(&text, &file.display().to_string())?);
        }
        Ok(secrets)
    }

    fn saved(&self) -> Result<SavedRequest> {
        match (&self.request, &self.headers, &self.body) {
            (Some(request), ..) => {
                let saved = SavedRequest::parse(&read(request)?);
                saved.with_context(|| request.display().to_string())
            }
            (None, Some(headers), Some(body)) => {
                let saved = SavedRequest::of_parts(&read(headers)?, &read(body)?);
                saved.with_context(|| headers.display().to_string())
            }
            _ => bail!("name the saved request with --request, or with --headers and --body"),
        }
    }
}

/// Trimmed, as the config's secrets are.
fn secret(text: &str, place: &str) -> Result<SecretString> {
    match text.trim() {
        "" => bail!("the secret in {place} is blank"),
        secret => Ok(SecretString::from(secret)),
    }
}

fn read(file: &Path) -> Result<Vec<u8>> {
    let cannot = || format!("{} cannot be read", file.display());
    let mut bytes = Vec::new();
    File::open(file).with_context(cannot)?.take(FILE_MAX_BYTES + 1).read_to_end(&mut bytes).with_context(cannot)?;
    if bytes.len() as u64 > FILE_MAX_BYTES {
        bail!("{} is larger than {} MiB", file.display(), FILE_MAX_BYTES >> 20);
    }
    Ok(bytes)
}

fn print(found: &[Finding]) {
    if found.is_empty() {
        output::print(&format!("{BAD}unsigned{BAD:#}  the request has no signature of a scheme that is known here"));
    }
    for finding in found {
        let (style, word) = if finding.verdict == Verdict::Good { (GOOD, "good") } else { (BAD, "bad") };
        let why = if finding.verdict == Verdict::Good { String::new() } else { finding.verdict.to_string() };
        output::print(format!("{style}{word:<4}{style:#}  {:<8}  {why}", name(finding.scheme)).trim_end());
        if matches!(finding.verdict, Verdict::TooOld(_)) {
            output::print(&format!("{DIM}a saved request grows old; --tolerance SECONDS allows for it{DIM:#}"));
        }
    }
}

/// Whether the signature itself is right, whatever its time.
fn is_signed(finding: &Finding) -> bool {
    matches!(finding.verdict, Verdict::Good | Verdict::TooOld(_) | Verdict::TooNew(_))
}

/// As `signing` in the config has it.
fn name(scheme: Signing) -> &'static str {
    match scheme {
        Signing::None => "none",
        Signing::OpenClaw => "openclaw",
        Signing::Standard => "standard",
        Signing::Both => "both",
        Signing::DingTalk => "dingtalk",
        Signing::Feishu => "feishu",
    }
}

fn as_json(finding: &Finding) -> serde_json::Value {
    serde_json::json!({
        "scheme": name(finding.scheme),
        "good": finding.verdict == Verdict::Good,
        "reason": finding.verdict.to_string(),
    })
}

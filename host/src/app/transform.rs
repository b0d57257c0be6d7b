//! One outbound transform on one event, without a gateway, a config or a state folder: for `sandclaw transform test`. The component goes through the same checks, limits and
//! judgement as in a gateway; only its limits are the default ones.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use tracing::instrument::WithSubscriber;
use tracing::subscriber::NoSubscriber;

use super::inspect::lone;
use crate::clock::Clock;
use crate::config::RouteLimits;
use crate::json::{JsonText, quote};
use crate::limits::{Admissions, Budget};
use crate::model::{EndpointName, Grants};
use crate::sandbox::{
    Compiler, ComponentKind, NotReady, PluginFolder, SandboxError, Source, TransformOutcome, TransformRun,
    TransformSlot, tell_nobody,
};

/// What is to be tried.
#[derive(Clone, Debug)]
pub struct TransformTrial {
    /// The component, anywhere.
    pub file: PathBuf,
    /// The event: an envelope as [`envelope`] makes it.
    pub event: String,
    /// What the operator would write for the endpoint.
    pub config: JsonText,
    /// Of `clock` and `random`, those it may use.
    pub grants: Grants,
}

/// What became of it.
#[derive(Clone, Debug)]
pub enum TransformTried {
    /// No endpoint could use the component, for this reason.
    Refused(String),
    /// It ran.
    Ran {
        /// The first run.
        run: Box<TransformRun>,
        /// What it was allowed to use.
        limits: RouteLimits,
        /// Whether a second run on the same event ended the same, byte for byte. Not tried if the first one failed.
        repeats: Option<bool>,
    },
}

/// Loads the component as a gateway would, runs it, and runs it again. Fails if the file cannot be read.
pub async fn try_transform(trial: TransformTrial) -> Result<TransformTried> {
    let limits = RouteLimits::default();
    let budget = Budget::from(&limits);
    let (compiler, folder, source) = lone(&trial.file, &limits)?;
    let name = EndpointName::new("test");
    let slot = TransformSlot::new(name, source.clone(), trial.grants, budget, Clock::system(), tell_nobody());
    if let Err(error) = slot.load(&compiler, Some(&folder)).await {
        let reason = refused(error, ComponentKind::Transform, &compiler, &folder, &source).await;
        return Ok(TransformTried::Refused(reason));
    }
    let admissions = Admissions::new(1);
    let run = async || {
        let admission = admissions.admit_transform(budget).await;
        slot.run(admission, &trial.event, trial.config.as_str()).await.map_err(not_ready)
    };
    let first = run().await?;
    let repeats = match first.outcome {
        TransformOutcome::Failed(_) => None,
        // What it logs was seen the first time.
        _ => Some(run().with_subscriber(NoSubscriber::default()).await?.outcome == first.outcome),
    };
    Ok(TransformTried::Ran { run: Box::new(first), limits, repeats })
}

/// Why it was refused; and how it is tried, if it is a transform of the other kind.
pub(super) async fn refused(
    error: SandboxError,
    wanted: ComponentKind,
    compiler: &Compiler,
    folder: &PluginFolder,
    source: &Source,
) -> String {
    let kind = match source.bytes(Some(folder)) {
        Ok(bytes) => compiler.compile(source.name(), bytes).await.ok().and_then(|compiled| compiled.kind),
        Err(_) => None,
    };
    match kind {
        Some(ComponentKind::HookTransform) if wanted != ComponentKind::HookTransform => {
            format!("{error}; try it with `--request` instead of `--event`")
        }
        Some(ComponentKind::Transform) if wanted != ComponentKind::Transform => {
            format!("{error}; try it with `--event` instead of `--request`")
        }
        _ => error.to_string(),
    }
}

/// A component that was just loaded serves, and one crash does not put it to rest.
pub(super) fn not_ready(why: NotReady) -> anyhow::Error {
    anyhow::anyhow!("the transform cannot run: {why:?}")
}

/// The members of an event and what stands for one that is left out. Always the same, so that equal files give equal bytes on any day.
const MEMBERS: [(&str, &str); 5] = [
    ("id", r#""evt_00000000000000000000000000000000""#),
    ("type", ""),
    ("timestamp", r#""2026-01-01T00:00:00.000Z""#),
    ("instanceId", r#""test""#),
    ("data", "{}"),
];

/// The envelope of an event of which only `type` must be given: canonical JSON, its members in their order.
pub fn envelope(given: &JsonText) -> Result<String> {
    let members =
        given.members().with_context(|| format!("an event is an object, this is {}", given.kind().as_str()))?;
    if let Some((name, _)) = members.iter().find(|(name, _)| MEMBERS.iter().all(|(known, _)| known != name)) {
        bail!(
            "an event has the members id, type, timestamp, instanceId and data; `{}` is none of them",
            name.escape_debug()
        );
    }
    let mut event = String::from("{");
    for (name, default) in MEMBERS {
        let value = members.iter().find(|(given, _)| given == name).map_or(default, |(_, value)| value);
        if value.is_empty() {
            bail!("the event has no `{name}`, as in {{\"{name}\": \"flow.finished\"}}");
        }
        if name != "data" && !value.starts_with('"') {
            bail!("`{name}` of an event is a string");
        }
        if event.len() > 1 {
            event.push(',');
        }
        quote(name, &mut event);
        event.push(':');
        event.push_str(value);
    }
    event.push('}');
    Ok(event)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    fn made(given: &str) -> Result<String, String> {
        envelope(&json::canonical(given.as_bytes()).unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_left_out_is_filled_in_and_what_is_given_stays() {
        assert_eq!(
            made(r#"{"data":{"a":"\ud800"},"type":"x"}"#).unwrap(),
            r#"{"id":"evt_00000000000000000000000000000000","type":"x","timestamp":"2026-01-01T00:00:00.000Z","instanceId":"test","data":{"a":"\ud800"}}"#
        );
        let whole = r#"{"id":"1","type":"x","timestamp":"then","instanceId":"here","data":null}"#;
        assert_eq!(made(whole).unwrap(), whole);
    }

    #[test]
    fn what_is_no_event_is_told() {
        for (given, told) in [
            ("[]", "an event is an object, this is array"),
            ("{}", "has no `type`"),
            (r#"{"type":1}"#, "`type` of an event is a string"),
            (r#"{"type":"x","id":null}"#, "`id` of an event is a string"),
            (r#"{"type":"x","payload":1}"#, "`payload` is none of them"),
        ] {
            let error = made(given).unwrap_err();
            assert!(error.contains(told), "{given}: {error}");
        }
    }
}

//! Failures as the webhook payloads of Prometheus Alertmanager, so that whatever receives those can receive sandclaw's events.
//!
//! An event becomes one alert in a group of its own: firing when something failed, resolved when it came right, and both have the
//! labels, and with them the fingerprint, of the thing and not of the event. `rules` says which event is which.

mod alert;
mod rules;

use std::collections::BTreeMap;

use sandclaw_sdk::{Decision, Event, Failure, Message, Settings, Transform, text};
use serde_json::json;

pub use alert::fingerprint;

/// Labels tell alerts apart; what is longer is no name.
const LABEL_MAX_BYTES: usize = 256;

/// More of an error than this nobody reads in an alert.
const ANNOTATION_MAX_BYTES: usize = 4_096;

/// The config is bounded by the host; this keeps the labels of one alert readable.
const LABELS_MAX: usize = 30;

/// The component.
pub struct AlertmanagerDigest;

/// Labels and annotations, in the order of their names.
pub type Labels = BTreeMap<String, String>;

impl Transform for AlertmanagerDigest {
    fn transform(event: &str, config: &str) -> Result<Decision, Failure> {
        let mut settings = Settings::parse(config)?;
        let receiver = settings.text("receiver")?.unwrap_or_else(|| "sandclaw".into());
        let external_url = settings.text("externalURL")?.unwrap_or_default();
        let added = settings.map("labels")?;
        settings.finish()?;
        check_labels(&added)?;

        let event = Event::parse(event)?;
        let Some(rule) = rules::rule(&event) else {
            return Ok(Decision::Skip(format!("{} is no alert", text::cut(&event.kind, 80, char::len_utf8))));
        };
        let labels = labels(&rule, &event, added);
        let annotations = annotations(&event);
        let alert = alert::alert(&event, rule.is_firing, &labels, &annotations, &external_url);
        let payload = json!({
            "version": "4",
            "groupKey": alert::group_key(&labels),
            "truncatedAlerts": 0,
            "status": alert["status"],
            "receiver": receiver,
            "groupLabels": labels,
            "commonLabels": labels,
            "commonAnnotations": annotations,
            "externalURL": external_url,
            "alerts": [alert],
        });
        Ok(Decision::Send(Message::json(payload.to_string())))
    }
}

sandclaw_sdk::export_transform!(AlertmanagerDigest);
sandclaw_sdk::lean_runtime!();

/// Prometheus takes these names and no others.
fn check_labels(labels: &Labels) -> Result<(), Failure> {
    let is_name = |name: &str| {
        let mut bytes = name.bytes();
        let starts = bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
        starts && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    let bad = |message: String| Err(Failure::new("bad_config", message));
    if labels.len() > LABELS_MAX {
        return bad(format!("`labels` has more than {LABELS_MAX} members"));
    }
    match labels.iter().find(|(name, value)| !is_name(name) || value.len() > LABEL_MAX_BYTES) {
        Some((name, value)) if is_name(name) => {
            bad(format!("`labels.{name}` has {} bytes; there may be {LABEL_MAX_BYTES}", value.len()))
        }
        Some((name, _)) => bad(format!("`labels`: {name:?} is no name of a label: letters, digits and _ make one")),
        None => Ok(()),
    }
}

/// What the alert is about; what the operator adds wins. Empty ones are left out: to Prometheus they are not there.
fn labels(rule: &rules::Rule, event: &Event, added: Labels) -> Labels {
    let mut labels = Labels::new();
    let mut put = |name: &str, value: &str| {
        let value = text::cut(&text::one_line(value), LABEL_MAX_BYTES, char::len_utf8).into_owned();
        if !value.is_empty() {
            labels.insert(name.into(), value);
        }
    };
    put("alertname", rule.alert);
    put("severity", rule.severity);
    put("instance", &event.instance_id);
    for (name, paths) in rule.labels {
        put(name, &event.text(paths).unwrap_or_default());
    }
    labels.extend(added);
    labels
}

fn annotations(event: &Event) -> Labels {
    let summary = event.summary();
    let mut annotations = Labels::from([("summary".into(), summary.title)]);
    if let Some(detail) = summary.detail {
        let detail = text::cut(&detail, ANNOTATION_MAX_BYTES, char::len_utf8).into_owned();
        annotations.insert("description".into(), detail);
    }
    for (name, value) in [("event_id", &event.id), ("event_type", &event.kind)] {
        annotations
            .insert(name.into(), text::cut(&text::one_line(value), LABEL_MAX_BYTES, char::len_utf8).into_owned());
    }
    annotations
}

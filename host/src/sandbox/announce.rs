//! What slots tell the rest of the house while they work: a component was refused, swapped, or put to rest.

use std::sync::Arc;

use super::user::User;
use crate::json::quote;
use crate::model::{Digest, EventKind, Millis};

/// Told of each event with its data, canonical JSON: `{"route"|"endpoint"|"mapping"|"workflow", "file"}` and, where they are known, `from`, `to`, `serving` (digests), `reason`,
/// `restsUntil`. Called from the middle of the work, so it must be quick: queue, and return.
pub type Announce = Arc<dyn Fn(EventKind, String) + Send + Sync>;

/// For whoever has nobody to tell.
pub fn tell_nobody() -> Announce {
    Arc::new(|_, _| {})
}

/// The most of a refusal that is told. A component may import ten thousand things; the log has them all.
const REASON_MAX_CHARS: usize = 2_000;

/// What happened to the component of a slot.
pub(super) enum News<'a> {
    /// The file that is there now is refused; perhaps another one goes on serving.
    Refused { serving: Option<Digest>, reason: &'a str },
    /// It took the place of another, or of none that was good.
    Swapped { from: Option<Digest>, to: Digest },
    /// It crashed too often and rests.
    Poisoned { serving: Digest, until: Millis },
}

impl News<'_> {
    /// Tells it.
    pub fn tell(&self, announce: &Announce, user: &User, file: &str) {
        let mut data = Members::begin(user.word(), user.name());
        data.add("file", file);
        let digest = |digest: &Digest| digest.to_string();
        let kind = match self {
            Self::Refused { serving, reason } => {
                data.add_some("serving", serving.as_ref().map(digest));
                data.add("reason", &reason.chars().take(REASON_MAX_CHARS).collect::<String>());
                EventKind::PluginRefused
            }
            Self::Swapped { from, to } => {
                data.add_some("from", from.as_ref().map(digest));
                data.add("to", &to.to_string());
                EventKind::PluginSwapped
            }
            Self::Poisoned { serving, until } => {
                data.add("serving", &serving.to_string());
                let until = jiff::Timestamp::from_millisecond(until.0);
                data.add_some("restsUntil", until.ok().map(|until| format!("{until:.3}")));
                EventKind::PluginPoisoned
            }
        };
        announce(kind, data.end());
    }
}

/// A JSON object of strings.
struct Members(String);

impl Members {
    fn begin(name: &str, value: &str) -> Self {
        let mut members = Self("{".into());
        members.write(name, value);
        members
    }

    fn add(&mut self, name: &str, value: &str) {
        self.0.push(',');
        self.write(name, value);
    }

    fn add_some(&mut self, name: &str, value: Option<String>) {
        if let Some(value) = value {
            self.add(name, &value);
        }
    }

    fn write(&mut self, name: &str, value: &str) {
        quote(name, &mut self.0);
        self.0.push(':');
        quote(value, &mut self.0);
    }

    fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::json;
    use crate::model::EndpointName;

    #[test]
    fn what_is_told_is_canonical_and_bounded() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let heard = told.clone();
        let announce: Announce = Arc::new(move |kind, data| heard.lock().unwrap().push((kind, data)));
        let user = User::Endpoint(EndpointName::new("crm \"x\""));
        let digest = Digest([7; 32]);
        let long = "no\n".repeat(2_000);
        News::Refused { serving: None, reason: &long }.tell(&announce, &user, "a.wasm");
        News::Swapped { from: Some(digest), to: digest }.tell(&announce, &user, "a.wasm");
        News::Poisoned { serving: digest, until: Millis(1_795_000_000_000) }.tell(&announce, &user, "a.wasm");
        let told = told.lock().unwrap();
        for (_, data) in told.iter() {
            assert_eq!(json::canonical(data.as_bytes()).unwrap().as_str(), data);
            assert!(data.starts_with(r#"{"endpoint":"crm \"x\"","file":"a.wasm","#) && data.len() < 5_000, "{data}");
        }
        assert!(told[2].1.ends_with(r#""restsUntil":"2026-11-18T11:06:40.000Z"}"#), "{}", told[2].1);
        let kinds: Vec<EventKind> = told.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(kinds, [EventKind::PluginRefused, EventKind::PluginSwapped, EventKind::PluginPoisoned]);
    }
}

//! What a run goes by: its workflow and those that it calls, as one text. A run keeps that text, so that it goes on as it began whatever became
//! of the files.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::workflow::Plan;

/// A workflow and those that it calls.
#[derive(Debug)]
pub struct Plans {
    /// The one that was begun.
    pub root: Arc<Plan>,
    /// Those that it calls, and they in turn, by name.
    pub called: BTreeMap<String, Arc<Plan>>,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    root: Source,
    called: BTreeMap<String, Source>,
}

#[derive(Serialize, Deserialize)]
struct Source {
    file: String,
    text: String,
}

impl Plans {
    /// Whether any of them may ask a person.
    pub fn ask_people(&self) -> bool {
        self.root.needs.people || self.called.values().any(|plan| plan.needs.people)
    }

    /// As one text.
    pub fn to_text(&self) -> String {
        let source = |plan: &Plan| Source { file: plan.file.clone(), text: plan.source.clone() };
        let called = self.called.iter().map(|(name, plan)| (name.clone(), source(plan))).collect();
        serde_json::to_string(&Kept { root: source(&self.root), called }).unwrap_or_default()
    }

    /// From that text. It was checked when the run began; another release may see it in another way.
    pub fn of_text(text: &str) -> Result<Self, String> {
        let kept: Kept = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let read = |source: &Source| {
            Plan::parse(&source.text, Path::new(&source.file)).map(Arc::new).map_err(|errors| errors.to_string())
        };
        let called = kept.called.iter().map(|(name, source)| Ok((name.clone(), read(source)?)));
        Ok(Self { root: read(&kept.root)?, called: called.collect::<Result<_, String>>()? })
    }
}

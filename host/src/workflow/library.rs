//! A folder of workflows, each under the name of its file. What calls another is checked here, because no file alone can tell.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::looked::Looked;
use super::plan::Plan;
use crate::config::workflow::{Definition, Findings};
use crate::config::{ConfigErrors, closest};

/// Workflows of a folder. Whoever has more has several gateways.
const FILES_MAX: usize = 256;
/// Workflows that call each other, one inside the other. Each keeps a run of its own open.
const CALLS_MAX: usize = 8;

/// Workflows by name.
#[derive(Clone, Debug, Default)]
pub struct Workflows(BTreeMap<String, Arc<Plan>>);

impl Workflows {
    /// All of a folder, or everything that is wrong with any of them. A folder that is not there has none.
    pub fn load(dir: &Path) -> Result<Self, Vec<ConfigErrors>> {
        let files = files(dir)?;
        if files.len() > FILES_MAX {
            let message = format!("has {} workflows, and a folder has at most {FILES_MAX}", files.len());
            return Err(vec![of_file(dir, &message)]);
        }
        let mut errors = Vec::new();
        let mut workflows = Self::default();
        for file in &files {
            workflows.add(file, &mut Looked::default(), &mut errors);
        }
        workflows.check_calls(&mut errors);
        if errors.is_empty() { Ok(workflows) } else { Err(errors) }
    }

    /// One file, with the workflows of its folder that it calls.
    pub fn load_one(file: &Path) -> Result<(Arc<Plan>, Self), Vec<ConfigErrors>> {
        Self::load_noting(file, &mut Looked::default())
    }

    /// The same, which notes all that it looked at, whether it is right or not.
    pub(super) fn load_noting(file: &Path, looked: &mut Looked) -> Result<(Arc<Plan>, Self), Vec<ConfigErrors>> {
        let dir = file.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut errors = Vec::new();
        let mut workflows = Self::default();
        let Some(plan) = workflows.add(file, looked, &mut errors) else { return Err(errors) };
        let mut asked: BTreeSet<String> = BTreeSet::from([name(file)]);
        let mut next: Vec<String> = plan.needs.workflows.iter().cloned().collect();
        let mut beside = Vec::new();
        if !next.is_empty() {
            // One that is called may not be there yet.
            looked.note(dir);
            beside = files(dir)?;
        }
        while let Some(called) = next.pop() {
            if asked.len() > FILES_MAX {
                return Err(vec![of_file(
                    file,
                    &format!("calls more than {FILES_MAX} workflows, each with those that it calls"),
                )]);
            }
            if asked.insert(called.clone())
                && let Some(file) = beside.iter().find(|file| name(file) == called)
                && let Some(plan) = workflows.add(file, looked, &mut errors)
            {
                next.extend(plan.needs.workflows.iter().cloned());
            }
        }
        if errors.is_empty() {
            workflows.check_calls(&mut errors);
        }
        if errors.is_empty() { Ok((plan, workflows)) } else { Err(errors) }
    }

    /// The workflow of a name.
    pub fn get(&self, name: &str) -> Option<&Arc<Plan>> {
        self.0.get(name)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Arc<Plan>)> {
        self.0.iter().map(|(name, plan)| (name.as_str(), plan))
    }

    fn add(&mut self, file: &Path, looked: &mut Looked, errors: &mut Vec<ConfigErrors>) -> Option<Arc<Plan>> {
        looked.note(file);
        let name = name(file);
        if let Some(other) = self.0.get(&name) {
            errors.push(of_file(file, &format!("{} is `{name}` too; rename one of them", other.file)));
            return None;
        }
        match Plan::load(file) {
            Ok(plan) => {
                let plan = Arc::new(plan);
                self.0.insert(name, Arc::clone(&plan));
                Some(plan)
            }
            Err(error) => {
                errors.push(error);
                None
            }
        }
    }

    /// Whether every workflow that is called is there, and none comes to call itself.
    fn check_calls(&self, errors: &mut Vec<ConfigErrors>) {
        let names: Vec<&str> = self.0.keys().map(String::as_str).collect();
        let mut depths = Depths::new();
        for (name, plan) in &self.0 {
            let mut findings = Findings::of(&plan.file);
            for call in &plan.calls {
                if !self.0.contains_key(&call.name) {
                    // One that is wrong itself is reported already.
                    if errors.is_empty() {
                        findings.problem(&call.at, missing(&call.name, &names));
                    }
                } else if let Some(round) = self.way_back(&call.name, name, &mut BTreeSet::new()) {
                    let way = [name.as_str()].into_iter().chain(round).collect::<Vec<_>>().join(" → ");
                    findings.problem(&call.at, format!("calls itself in the end ({way}); no run of it could finish"));
                } else if self.depth(&call.name, CALLS_MAX, &mut depths) >= CALLS_MAX {
                    findings.problem(
                        &call.at,
                        format!("more than {CALLS_MAX} workflows call each other here, one inside the other"),
                    );
                }
            }
            errors.extend(findings.finish().err());
        }
    }

    /// The workflows from one to another, if the calls lead there. Each is `seen` once, however many ways lead through it.
    fn way_back<'a>(&'a self, from: &'a str, to: &str, seen: &mut BTreeSet<&'a str>) -> Option<Vec<&'a str>> {
        if from == to {
            return Some(vec![from]);
        }
        if !seen.insert(from) {
            return None;
        }
        self.0.get(from)?.needs.workflows.iter().find_map(|called| {
            let mut way = self.way_back(called, to, seen)?;
            way.insert(0, from);
            Some(way)
        })
    }

    /// How many workflows are inside each other from this one on.
    fn depth<'a>(&'a self, name: &'a str, calls_left: usize, known: &mut Depths<'a>) -> usize {
        let (Some(plan), Some(less)) = (self.0.get(name), calls_left.checked_sub(1)) else { return 0 };
        if let Some(depth) = known.get(&(name, calls_left)) {
            return *depth;
        }
        let depth = 1 + plan.needs.workflows.iter().map(|called| self.depth(called, less, known)).max().unwrap_or(0);
        known.insert((name, calls_left), depth);
        depth
    }
}

/// Depths that are known, by the workflow and how many calls were left.
type Depths<'a> = BTreeMap<(&'a str, usize), usize>;

fn missing(called: &str, names: &[&str]) -> String {
    match closest(called, names) {
        Some(near) => format!("there is no workflow `{called}` in this folder; did you mean `{near}`?"),
        None => format!("there is no workflow `{called}` in this folder"),
    }
}

/// The workflow files of a folder, by name.
fn files(dir: &Path) -> Result<Vec<PathBuf>, Vec<ConfigErrors>> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(vec![of_file(dir, &format!("cannot be read: {error}"))]),
    };
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| Definition::is_file(path) && path.is_file())
        .collect();
    files.sort();
    Ok(files)
}

fn name(file: &Path) -> String {
    file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned()
}

fn of_file(file: &Path, message: &str) -> ConfigErrors {
    ConfigErrors::of_file(&file.display().to_string(), message)
}

//! What the documents claim: links lead somewhere, what they name is there, code is the code that is tested, tables agree with the house.

use std::fs;
use std::path::{Path, PathBuf};

use sandclaw::model::{AttemptOutcome, DeliveryState, EventKind};

use crate::tidy::{LIBRARIES, ROOMS};

/// The folder of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// The documents with their text.
pub fn documents() -> Vec<(PathBuf, String)> {
    let plugins = fs::read_dir(root().join("plugins")).unwrap().flatten().map(|entry| entry.path());
    let others = ["", "docs", "wit"].map(|folder| root().join(folder));
    let mut files: Vec<PathBuf> = plugins
        .filter(|path| path.is_dir())
        .chain(others)
        .flat_map(|folder| fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    files.sort();
    files.into_iter().map(|file| (file.clone(), fs::read_to_string(file).unwrap())).collect()
}

/// The fenced blocks of one language.
pub fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("\n```{language}\n");
    text.split(fence.as_str()).skip(1).filter_map(|rest| rest.split("\n```").next()).collect()
}

/// The links of a document, as (text, target).
fn links(text: &str) -> Vec<(&str, &str)> {
    let link = |at: usize| {
        let target = text[at + 2..].split(')').next()?;
        let named = text[..at].rfind('[').map(|from| &text[from + 1..at])?;
        Some((named, target))
    };
    text.match_indices("](").filter_map(|(at, _)| link(at)).collect()
}

/// The anchor that a heading gets.
fn anchor(heading: &str) -> String {
    let kept = heading.trim_start_matches('#').trim().to_lowercase();
    kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_')).collect::<String>().replace(' ', "-")
}

#[test]
fn every_link_leads_somewhere_and_what_it_names_is_there() {
    for (file, text) in documents() {
        for (named, link) in links(&text).into_iter().filter(|(_, link)| !link.starts_with("http")) {
            let place = format!("{}: [{named}]({link})", file.display());
            let (path, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() { file.clone() } else { file.parent().unwrap().join(path) };
            assert!(target.exists(), "{place} leads nowhere");
            if target.is_dir() {
                continue;
            }
            let found = fs::read_to_string(&target).unwrap();
            let is_anchor = |line: &str| line.starts_with('#') && anchor(line) == heading;
            assert!(heading.is_empty() || found.lines().any(is_anchor), "{place} has no such heading");
            if let Some(name) = named.strip_prefix('`').and_then(|name| name.strip_suffix('`')) {
                assert!(found.contains(name), "{place}: the file does not have it");
            }
        }
    }
}

#[test]
fn the_plugin_in_the_documents_is_the_one_that_the_sdk_tests() {
    let sdk = fs::read_to_string(root().join("guest-sdk/src/lib.rs")).unwrap();
    let tested: String = sdk
        .lines()
        .filter_map(|line| line.strip_prefix("//!"))
        .map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line)))
        .collect();
    let shown: Vec<String> = documents()
        .iter()
        .flat_map(|(_, text)| blocks(text, "rust").into_iter().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    assert!(!shown.is_empty());
    for block in shown {
        assert!(tested.contains(&block), "not in the SDK's own documentation, where it is tested:\n{block}");
    }
}

#[test]
fn the_table_of_rooms_is_the_one_that_is_kept() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    for (room, below) in ROOMS {
        let row = text.lines().find(|line| line.starts_with(&format!("| `{room}` |")));
        let cells: Vec<&str> = row.unwrap_or_else(|| panic!("no row for {room}")).split('|').collect();
        let mut told: Vec<&str> = cells[3].split('`').skip(1).step_by(2).collect();
        let mut kept = below.to_vec();
        told.sort_unstable();
        kept.sort_unstable();
        assert_eq!(told, kept, "what {room} may use");

        let mut told: Vec<String> =
            cells[4].split(',').map(|name| name.trim().replace('-', "_")).filter(|name| !name.is_empty()).collect();
        let mut kept: Vec<&str> =
            LIBRARIES.iter().filter(|(_, homes)| homes.contains(room)).map(|(name, _)| *name).collect();
        told.sort_unstable();
        kept.sort_unstable();
        assert_eq!(told, kept, "what lives in {room}");
    }
}

#[test]
fn every_type_of_event_every_state_and_every_outcome_is_in_the_handbook() {
    let [handbook, keys] =
        ["docs/outbound.md", "docs/configuration.md"].map(|file| fs::read_to_string(root().join(file)).unwrap());
    for kind in EventKind::ALL {
        assert!(handbook.contains(&format!("`{kind}`")) && keys.contains(&format!("`{kind}`")), "{kind}");
    }
    for outcome in AttemptOutcome::ALL {
        assert!(handbook.contains(&format!("| `{outcome}` |")), "{outcome}");
    }
    for state in DeliveryState::ALL {
        assert!(handbook.contains(state.as_str()), "{state}");
    }
}

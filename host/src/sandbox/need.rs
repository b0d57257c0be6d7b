//! What a component needs, read from the binary. Imports are exact to the function, so the need is what it imports minus the ambient base; no
//! manifest says it, and none could lie.

use std::collections::BTreeSet;

use wasmtime::Engine;
use wasmtime::component::Component;
use wasmtime::component::types::ComponentItem;

use super::error::Refusal;
use crate::model::{Grants, POWERS};

/// What every stock toolchain pulls in, given empty, and what belongs to a run anyway.
const AMBIENT: [&str; 8] = [
    "sandclaw:plugin/types",
    "sandclaw:plugin/incoming-request",
    "wasi:logging/logging",
    "wasi:io/",
    "wasi:cli/",
    "wasi:filesystem/",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
];

/// The version of our package that this host speaks. Components built for another 0.1.x link as well.
const OUR_PACKAGE: &str = "sandclaw:plugin/";
const OUR_VERSION: &str = "0.1";

/// What one component needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Need {
    /// Leaves of the grant tree (`flow/read/get-flow`, `clock`), each with the import that needs it.
    pub powers: BTreeSet<(String, String)>,
    /// Imports that no grant gives.
    pub unknown: BTreeSet<String>,
}

impl Need {
    /// Reads the imports of a compiled component.
    pub(super) fn of(engine: &Engine, component: &Component) -> Self {
        let mut need = Self::default();
        for (interface, import) in component.component_type().imports(engine) {
            match import.ty {
                ComponentItem::ComponentInstance(instance) => {
                    for (function, export) in instance.exports(engine) {
                        if matches!(export.ty, ComponentItem::ComponentFunc(_)) {
                            need.add(interface, function);
                        }
                    }
                }
                ComponentItem::Type(_) | ComponentItem::Resource(_) => {}
                _ => {
                    need.unknown.insert(interface.to_owned());
                }
            }
        }
        need
    }

    fn add(&mut self, interface: &str, function: &str) {
        let (name, version) = interface.split_once('@').unwrap_or((interface, ""));
        if name.starts_with(OUR_PACKAGE) && !(version == OUR_VERSION || version.starts_with("0.1.")) {
            self.unknown.insert(format!("{interface} (this host speaks {OUR_PACKAGE}…@{OUR_VERSION}.0: build it with the matching SDK)"));
            return;
        }
        if AMBIENT.iter().any(|base| if base.ends_with('/') { name.starts_with(base) } else { name == *base }) {
            return;
        }
        match POWERS.iter().find(|power| power.interfaces.contains(&name)) {
            Some(power) if power.functions.is_empty() => {
                self.powers.insert((power.name.to_owned(), interface.to_owned()));
            }
            Some(power) => {
                self.powers.insert((format!("{}/{function}", power.name), format!("{interface} {function}")));
            }
            None => {
                self.unknown.insert(interface.to_owned());
            }
        }
    }

    /// The leaves alone, for lists.
    pub fn leaves(&self) -> Vec<String> {
        let mut leaves: Vec<String> = self.powers.iter().map(|(leaf, _)| leaf.clone()).collect();
        leaves.dedup();
        leaves
    }

    /// The grants to write for it, shortest form: a whole power where all of its functions are needed.
    pub fn as_grants(&self) -> Vec<String> {
        let leaves: BTreeSet<String> = self.leaves().into_iter().collect();
        let mut grants = Vec::new();
        for power in POWERS {
            let needed: Vec<String> =
                power.functions.iter().map(|function| format!("{}/{function}", power.name)).filter(|leaf| leaves.contains(leaf)).collect();
            if leaves.contains(power.name) || (!needed.is_empty() && needed.len() == power.functions.len()) {
                grants.push(power.name.to_owned());
            } else {
                grants.extend(needed);
            }
        }
        grants
    }

    /// Grants that nothing of it uses.
    pub fn unused(&self, grants: &Grants) -> Vec<String> {
        let leaves = self.leaves();
        let used = |grant: &str| leaves.iter().any(|leaf| leaf == grant || leaf.starts_with(&format!("{grant}/")));
        grants.names().into_iter().filter(|grant| !used(grant)).collect()
    }

    /// Everything that stands between this need and `grants`; nothing if it is covered.
    pub(super) fn beyond(&self, grants: &Grants, route: &str, component: &str) -> Option<Refusal> {
        let ungranted: Vec<(String, String)> = self.powers.iter().filter(|(leaf, _)| !grants.covers(leaf)).cloned().collect();
        if ungranted.is_empty() && self.unknown.is_empty() {
            return None;
        }
        Some(Refusal {
            route: route.to_owned(),
            component: component.to_owned(),
            ungranted,
            unknown: self.unknown.iter().cloned().collect(),
            granted: grants.names(),
            unused: self.unused(grants),
        })
    }
}

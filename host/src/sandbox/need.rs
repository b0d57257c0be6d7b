//! What a component needs, read from the binary. Imports are exact to the function, so the need is what it imports minus the ambient base; no
//! manifest says it, and none could lie.

use std::collections::BTreeSet;

use wasmtime::Engine;
use wasmtime::component::Component;
use wasmtime::component::types::ComponentItem;

use super::error::Refusal;
use super::kind::Kind;
use super::user::User;
use crate::model::{Grant, Grants, Power};

/// What every stock toolchain pulls in, given empty, and what belongs to a run anyway.
const AMBIENT: [&str; 7] = [
    "sandclaw:plugin/types",
    "wasi:logging/logging",
    "wasi:io/",
    "wasi:cli/",
    "wasi:filesystem/",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
];

/// Needs no grant, but only a route action has a request.
const REQUEST: &str = "sandclaw:plugin/incoming-request";

/// The version of our package that this host speaks. Components built for another 0.1.x link as well.
const OUR_PACKAGE: &str = "sandclaw:plugin/";
const OUR_VERSION: &str = "0.1";

/// What one component needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Need {
    /// The smallest grants that cover it (`flow/read/get-flow`, `clock`), each with the import that needs it.
    pub grants: BTreeSet<(Grant, String)>,
    /// Imports that no grant gives.
    pub unknown: BTreeSet<String>,
    /// The import by which it asks about its request, if it does.
    request: Option<String>,
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
            self.unknown.insert(format!(
                "{interface} (this host speaks {OUR_PACKAGE}…@{OUR_VERSION}.0: build it with the matching SDK)"
            ));
            return;
        }
        if AMBIENT.iter().any(|base| if base.ends_with('/') { name.starts_with(base) } else { name == *base }) {
            return;
        }
        if name == REQUEST {
            self.request = Some(interface.to_owned());
            return;
        }
        let Some(power) = Power::of_interface(name) else {
            self.unknown.insert(interface.to_owned());
            return;
        };
        if power.functions().is_empty() {
            self.grants.insert((Grant::whole(power), interface.to_owned()));
        } else if let Some(leaf) = Grant::leaf(power, function) {
            self.grants.insert((leaf, format!("{interface} {function}")));
        } else {
            self.unknown.insert(format!("{interface} {function}"));
        }
    }

    /// The grants to write for it, shortest form: a whole power where all of its functions are needed.
    pub fn as_grants(&self) -> Vec<String> {
        let needed: BTreeSet<Grant> = self.grants.iter().map(|(grant, _)| *grant).collect();
        let mut grants = Vec::new();
        for power in Power::ALL {
            let of_power: Vec<Grant> = needed.iter().copied().filter(|grant| grant.power() == power).collect();
            if !of_power.is_empty() && of_power.len() >= power.functions().len() {
                grants.push(power.to_string());
            } else {
                grants.extend(of_power.iter().map(Grant::to_string));
            }
        }
        grants
    }

    /// Grants that nothing of it uses.
    pub fn unused(&self, grants: &Grants) -> Vec<String> {
        let used = |given: &Grant| {
            self.grants
                .iter()
                .any(|(need, _)| need == given || given.function().is_none() && need.power() == given.power())
        };
        grants.iter().filter(|given| !used(given)).map(|given| given.to_string()).collect()
    }

    /// Everything that stands between this need and `grants`, which hold nothing that the kind may not have; nothing if it is covered.
    pub(super) fn beyond<K: Kind>(&self, grants: &Grants, user: &User, component: &str) -> Option<Refusal> {
        let covered = |need: &Grant| match need.function() {
            Some(function) => grants.allows(need.power(), function),
            None => grants.allows_whole(need.power()),
        };
        let (may_be, never): (Vec<_>, Vec<_>) = self
            .grants
            .iter()
            .filter(|(need, _)| !covered(need))
            .partition(|(need, _)| K::POWERS.contains(&need.power()));
        let request = self.request.iter().filter(|_| !K::HAS_REQUEST);
        let never = never.into_iter().map(|(_, import)| import).chain(request);
        let never = never.map(|import| format!("{import}, which {} never has", K::NAME));
        let unknown: Vec<String> = self.unknown.iter().cloned().chain(never).collect();
        if may_be.is_empty() && unknown.is_empty() {
            return None;
        }
        Some(Refusal {
            user: user.clone(),
            component: component.to_owned(),
            ungranted: may_be.into_iter().map(|(need, import)| (need.to_string(), import.clone())).collect(),
            unknown,
            granted: grants.iter().map(|grant| grant.to_string()).collect(),
            unused: self.unused(grants),
        })
    }
}

//! `webhooks.inbound`, templates that send a message to an agent. The shape is checked, so that a file is right or wrong
//! whichever door reads it; no door reads it here.

use super::super::field::Field;

pub(super) fn check(field: &Field<'_>) {
    let section = field.section(&["enabled", "basePath", "endpoints"]);
    let enabled = section.field("enabled").flag(true);
    section.field("basePath").text();
    for (_, endpoint) in section.field("endpoints").entries() {
        let endpoint = endpoint.section(&["agentId", "template"]);
        endpoint.field("agentId").required_text();
        endpoint.field("template").required_text();
    }
    if field.is_present() && enabled {
        field.warn(format!("{}: this release does not serve it; a request to its paths is answered 404", field.path));
    }
}

//! `webhooks.ingest`, the door through which a Gateway hands its events in.

use super::super::allowed_ips;
use super::super::auth;
use super::super::field::Field;
use super::super::limits;
use super::super::paths::{self, Paths};
use super::super::secrets;
use super::{Around, Ingest};

/// Where the door is if nothing else is said.
const PATH_DEFAULT: &str = "/events";

/// The door, if there is to be one.
pub(super) fn read(field: &Field<'_>, around: &Around<'_>, paths: &mut Paths) -> Option<Ingest> {
    if !field.is_present() {
        return None;
    }
    let section = field.section(&["path", "secret", "auth", "allowedIps", "limits"]);
    let path = read_path(&section.field("path"));
    if let Some(path) = &path {
        paths.take(path, "webhooks.ingest.path", &section.field("path"));
    }
    let auth = auth::read_beside(&section, |secret| secrets::read_credential(secret, around.declared), around.declared);
    let limits = limits::read_ingest(&section.field("limits"));
    Some(Ingest {
        path: path?,
        auth: auth?,
        allowed_ips: allowed_ips::read(&section.field("allowedIps")),
        body_max_bytes: limits.body_max_bytes,
        body_timeout: limits.body_timeout,
        in_flight: limits.in_flight,
    })
}

fn read_path(field: &Field<'_>) -> Option<String> {
    if !field.is_present() {
        return Some(PATH_DEFAULT.to_owned());
    }
    let path = paths::normalised(&field.text()?);
    if !paths::is_in_urls(&path) {
        field.problem("no request can match it: a URL path has no such characters");
        return None;
    }
    Some(path)
}

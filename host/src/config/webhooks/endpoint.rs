//! One outbound endpoint: which keys it has, and what they mean together.

use crate::model::EndpointName;

use super::super::field::Field;
use super::super::json_value::{self, Part};
use super::super::problem::quoted;
use super::{
    Around, Endpoint, Filter, Ordering, Signing, Transform, address, callbacks, filter, headers, numbers, retry,
    signing, transform,
};

const KEYS: [&str; 18] = [
    "name",
    "url",
    "secret",
    "secrets",
    "events",
    "filter",
    "headers",
    "retry",
    "transform",
    "timeoutMs",
    "rateLimit",
    "maxInFlight",
    "ordering",
    "signing",
    "allowPrivate",
    "breaker",
    "disableAfter",
    "enabled",
];

/// Longest name of an endpoint. It stands in logs, in URLs of the operator's and in every row of a delivery.
const NAME_MAX_CHARS: usize = 64;

/// The endpoint, unless something about it is wrong.
pub(super) fn read(field: &Field<'_>, around: &Around<'_>) -> Option<Endpoint> {
    let section = field.section(&KEYS);
    let enabled = section.field("enabled").flag(true);
    let name = read_name(&section.field("name"));
    let url = address::read_url(&section.field("url"));
    let allow_private = address::read_allowed(&section.field("allowPrivate"));
    let signed = signing::read(&section, around.declared);
    let events = filter::read_events(&section.field("events"));
    let filter = filter::read(&section.field("filter"));
    let headers = headers::read(&section.field("headers"), around.declared);
    let retry = retry::read(&section.field("retry"));
    let transform = transform::read(&section.field("transform"), around.limits);
    let timeouts = retry::read_timeouts(&section.field("timeoutMs"));
    let rate_limit = retry::read_rate(&section.field("rateLimit"));
    let max_in_flight = numbers::MAX_IN_FLIGHT.read(&section);
    let ordering = read_ordering(&section.field("ordering"));
    let breaker = retry::read_breaker(&section.field("breaker"));
    let disable_after = retry::read_disable(&section.field("disableAfter"));
    let (secrets, signing) = signed?;
    let endpoint = Endpoint {
        name: name?,
        url: url?,
        secrets,
        events: events?,
        filter: filter?,
        headers: headers?,
        retry,
        transform: transform?,
        timeouts,
        rate_limit: rate_limit?,
        max_in_flight,
        ordering: ordering?,
        signing,
        allow_private: allow_private?,
        breaker,
        disable_after,
        enabled,
        callbacks: Vec::new(),
        definition: json_value::as_written(field, part_of_definition)?,
    };
    if enabled {
        address::warn(&section.field("url"), &endpoint);
    }
    Some(endpoint)
}

/// The keys of a channel: those of an endpoint without what a channel decides by itself, which events it gets and under which name.
const CHANNEL_KEYS: [&str; 14] = [
    "url",
    "secret",
    "secrets",
    "headers",
    "retry",
    "transform",
    "timeoutMs",
    "rateLimit",
    "maxInFlight",
    "signing",
    "allowPrivate",
    "breaker",
    "disableAfter",
    "enabled",
];

/// What a channel is where its keys do not say.
pub(in crate::config) struct Channel<'a> {
    /// Its whole name: `feishu:dev`.
    pub name: &'a str,
    /// The type of the events it may get.
    pub event: &'a str,
    /// Its body.
    pub transform: Transform,
    /// How it is signed where there is a secret.
    pub signing: Signing,
}

/// The endpoint of a channel, unless something about it is wrong. It gets the events that name it, in their order.
pub(in crate::config) fn read_channel(
    field: &Field<'_>,
    channel: Channel<'_>,
    around: &Around<'_>,
) -> Option<Endpoint> {
    let section = field.section(&CHANNEL_KEYS);
    let own_transform = section.field("transform");
    let written = transform::read(&own_transform, around.limits);
    let (secrets, signing) = signing::read(&section, around.declared)?;
    let is_chosen = section.field("signing").is_present() || secrets.is_empty();
    let endpoint = Endpoint {
        callbacks: Vec::new(),
        name: EndpointName::new(channel.name),
        url: address::read_url(&section.field("url"))?,
        signing: if is_chosen { signing } else { channel.signing },
        secrets,
        events: vec![channel.event.to_owned()],
        filter: Filter { channels: vec![channel.name.to_owned()], ..Filter::default() },
        headers: headers::read(&section.field("headers"), around.declared)?,
        retry: retry::read(&section.field("retry")),
        transform: if own_transform.is_present() { written? } else { channel.transform },
        timeouts: retry::read_timeouts(&section.field("timeoutMs")),
        rate_limit: retry::read_rate(&section.field("rateLimit"))?,
        max_in_flight: numbers::MAX_IN_FLIGHT.read(&section),
        ordering: Ordering::Session,
        allow_private: address::read_allowed(&section.field("allowPrivate"))?,
        breaker: retry::read_breaker(&section.field("breaker")),
        disable_after: retry::read_disable(&section.field("disableAfter")),
        enabled: section.field("enabled").flag(true),
        definition: json_value::as_written(field, part_of_definition)?,
    };
    if endpoint.enabled {
        address::warn(&section.field("url"), &endpoint);
    }
    Some(endpoint)
}

/// A new secret does not make another endpoint; a header more or less does.
fn part_of_definition(key: &str) -> Part {
    match key {
        "secret" | "secrets" => Part::Nothing,
        "headers" => Part::Names,
        _ => Part::All,
    }
}

fn read_name(field: &Field<'_>) -> Option<EndpointName> {
    let name = field.required_text()?;
    let plain = name.len() <= NAME_MAX_CHARS
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    if !plain {
        field.problem(format!(
            "must be 1 to {NAME_MAX_CHARS} letters, digits, `-`, `_` and `.`, found {}",
            quoted(&name)
        ));
        return None;
    }
    if name.starts_with(callbacks::NAME) {
        field.problem(format!("begins as the names of {} do, which are made from it; choose another", callbacks::NAME));
        return None;
    }
    Some(EndpointName::new(name))
}

fn read_ordering(field: &Field<'_>) -> Option<Ordering> {
    if !field.is_present() {
        return Some(Ordering::None);
    }
    field.choice(&[("none", Ordering::None), ("session", Ordering::Session)])
}

//! `agents.callbacks`: where the end of a run may be reported to, if whoever asked for the run names a URL. Each host of the list becomes an
//! endpoint of its own, so that one which hangs or fails is nobody else's trouble.

use url::Url;

use super::super::field::Field;
use super::super::json_value::{self, Part};
use super::super::reader::Section;
use super::super::secrets::{Declared, all};
use super::super::tree::Value;
use super::{
    AllowedNet, Endpoint, Filter, Ordering, Signing, SigningSecret, Transform, address, numbers, retry, signing,
};
use crate::model::{EndpointName, EventKind};

const KEYS: [&str; 7] = ["secret", "secrets", "signing", "allowUrls", "allowPrivate", "retry", "timeoutMs"];

/// The names of the endpoints begin like this; no other endpoint's may.
pub(super) const NAME: &str = "agents.callbacks";

/// Entries of the list. Each host of it is a lane of its own, with its places.
const URLS_MAX: usize = 100;
/// Longest URL that a run may name. What is longer carries something else than an address.
const URL_MAX_BYTES: usize = 2_048;

/// A URL that a run may name: scheme, host and port are these, and the path begins with this one, by whole segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedUrl(Url);

impl AllowedUrl {
    /// Whether this URL is one of those that are meant.
    fn covers(&self, url: &Url) -> bool {
        let Self(allowed) = self;
        let is_there = allowed.scheme() == url.scheme()
            && allowed.host() == url.host()
            && allowed.port_or_known_default() == url.port_or_known_default();
        let behind = url.path().strip_prefix(allowed.path());
        is_there && behind.is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || allowed.path().ends_with('/'))
    }
}

impl Endpoint {
    /// Whether the ends of runs that name a URL go there, and nothing else does.
    pub fn is_for_callbacks(&self) -> bool {
        !self.callbacks.is_empty()
    }

    /// The URL, if a run may name it and it is this endpoint's to send there.
    pub fn callback(&self, text: &str) -> Option<Url> {
        let url = parse(text)?;
        self.callbacks.iter().any(|allowed| allowed.covers(&url)).then_some(url)
    }
}

/// Where ends of runs may be reported to; nowhere if empty.
#[derive(Clone, Debug, Default)]
pub struct Callbacks {
    /// One for each host. They are among those of `webhooks` too, and are served like them.
    pub endpoints: Vec<Endpoint>,
}

impl Callbacks {
    /// The URL as it is stored, if a run may name it.
    pub fn allowed(&self, text: &str) -> Option<String> {
        self.endpoints.iter().find_map(|endpoint| endpoint.callback(text)).map(String::from)
    }
}

/// A URL from outside, if there is nothing about it that receivers might read otherwise than we do.
fn parse(text: &str) -> Option<Url> {
    let is_plain = text.len() <= URL_MAX_BYTES && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let url = Url::parse(text).ok().filter(|_| is_plain)?;
    let is_whole = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    // The parser has resolved `..` and `%2e%2e`. What is left of the kind is for servers that decode twice, or read `..;` as `..`.
    let path = url.path().to_ascii_lowercase();
    let is_straight = !["/..", "%2e", "%2f", "%5c", "%25"].iter().any(|part| path.contains(part));
    (is_whole && is_straight && url.as_str().len() <= URL_MAX_BYTES).then_some(url)
}

/// The section; nothing is allowed without it.
pub(in super::super) fn read(field: &Field<'_>, declared: &Declared) -> Callbacks {
    if !field.is_present() {
        return Callbacks::default();
    }
    let section = field.section(&KEYS);
    let allow_private = address::read_allowed(&section.field("allowPrivate"));
    let urls = read_urls(&section.field("allowUrls"), allow_private.as_deref());
    let signed = read_signing(&section, declared);
    // What is not said is as it is where an endpoint says nothing.
    let retry = retry::read(&section.field("retry"));
    let timeouts = retry::read_timeouts(&section.field("timeoutMs"));
    let (breaker, disable_after) = (retry::read_breaker(&nothing(&section)), retry::read_disable(&nothing(&section)));
    let definition = json_value::as_written(field, part_of_definition);
    let (Some(allow_private), Some(urls), Some((secrets, signing)), Some(definition)) =
        (allow_private, urls, signed, definition)
    else {
        return Callbacks::default();
    };
    let endpoint = |name, url: Url| Endpoint {
        name,
        callbacks: vec![AllowedUrl(url.clone())],
        url,
        secrets: secrets.clone(),
        events: vec![EventKind::RunFinished.as_str().to_owned()],
        filter: Filter::default(),
        headers: Vec::new(),
        retry: retry.clone(),
        transform: Transform::None,
        timeouts,
        rate_limit: None,
        max_in_flight: numbers::MAX_IN_FLIGHT.default,
        ordering: Ordering::None,
        signing,
        allow_private: allow_private.clone(),
        breaker,
        disable_after,
        enabled: true,
        definition: definition.clone(),
    };
    let mut endpoints: Vec<Endpoint> = Vec::new();
    for url in urls {
        let name = name_of(&url);
        match endpoints.iter_mut().find(|endpoint| endpoint.name == name) {
            Some(known) => known.callbacks.push(AllowedUrl(url)),
            None => endpoints.push(endpoint(name, url)),
        }
    }
    Callbacks { endpoints }
}

/// A field that is not there.
fn nothing<'a>(section: &Section<'a>) -> Field<'a> {
    section.field("")
}

/// Who gets a callback has nothing but the signature to tell it from anybody else's request, and must not need a body of our making.
fn read_signing(section: &Section<'_>, declared: &Declared) -> Option<(Vec<SigningSecret>, Signing)> {
    let secret = section.field("secret");
    if !secret.is_present() && !section.field("secrets").is_present() {
        secret.problem("is missing, and callbacks are signed; add secret: \"${CALLBACK_SECRET}\"");
        return None;
    }
    let (secrets, signing) = signing::read(section, declared)?;
    if !matches!(signing, Signing::OpenClaw | Signing::Standard | Signing::Both) {
        section
            .field("signing")
            .problem("must be one of openclaw, standard, both: callbacks are signed, and as a whole");
    }
    Some((secrets, signing))
}

fn read_urls(field: &Field<'_>, allow_private: Option<&[AllowedNet]>) -> Option<Vec<Url>> {
    let items = field.items();
    let is_list = matches!(field.value(), None | Some(Value::List(_)));
    if is_list && !(1..=URLS_MAX).contains(&items.len()) {
        field.problem(format!(
            "must be 1 to {URLS_MAX} URLs under which a callback may be, such as \"https://ci.example.com/hooks/\""
        ));
        return None;
    }
    all(items, |item| {
        let url = address::read_url(item)?;
        if url.query().is_some() || parse(url.as_str()).is_none() {
            item.problem(format!(
                "must be scheme, host and the beginning of a path, of at most {URL_MAX_BYTES} bytes, without a query and without \
                 %2e, %2f, %5c and %25"
            ));
            return None;
        }
        let allow_private = allow_private?;
        address::warn_private(item, &url, allow_private);
        if url.scheme() == "http" && !address::may_be_inside(&url, allow_private) {
            item.problem(
                "must begin with https://; what an agent answers goes over plain http only to where `allowPrivate` allows",
            );
            return None;
        }
        Some(url)
    })
}

/// A new secret does not make other endpoints, and neither does another host beside them.
fn part_of_definition(key: &str) -> Part {
    match key {
        "secret" | "secrets" | "allowUrls" => Part::Nothing,
        _ => Part::All,
    }
}

/// `agents.callbacks.ci.example.com`, with what is not usual behind it: `-8443`, `-http`.
fn name_of(url: &Url) -> EndpointName {
    let mut name = format!("{NAME}.");
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    name.extend(host.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' }));
    if let Some(port) = url.port() {
        name.push_str(&format!("-{port}"));
    }
    if url.scheme() == "http" {
        name.push_str("-http");
    }
    EndpointName::new(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(allowed: &str, named: &str, expected: bool) {
        let allowed = AllowedUrl(Url::parse(allowed).unwrap());
        assert_eq!(parse(named).is_some_and(|url| allowed.covers(&url)), expected, "{named}");
    }

    #[test]
    fn a_callback_is_under_a_url_of_the_list() {
        let allowed = "https://ci.example.com/hooks/";
        for named in [
            "https://ci.example.com/hooks/",
            "https://ci.example.com/hooks/a/b?job=1&token=x",
            "https://CI.example.com:443/hooks/a",
            "https://ci.example.com/hooks/a/../b",
        ] {
            check(allowed, named, true);
        }
        for named in [
            "",
            "/hooks/a",
            "//ci.example.com/hooks/a",
            "http://ci.example.com/hooks/a",
            "http://ci.example.com:443/hooks/a",
            "https://ci.example.com:8443/hooks/a",
            "https://ci.example.com.evil/hooks/a",
            "https://ci.example.com./hooks/a",
            "https://evil.ci.example.com/hooks/a",
            "https://ci.example.com@evil.example/hooks/a",
            "https://u@ci.example.com/hooks/a",
            "https://u:p@ci.example.com/hooks/a",
            "https://:p@ci.example.com/hooks/a",
            "https://evil.example\\@ci.example.com/hooks/a",
            "https://evil.example#@ci.example.com/hooks/a",
            "https://ci.example.com\\.evil/hooks/a",
            "https://ci.example.com/hooks",
            "https://ci.example.com/hooksX",
            "https://ci.example.com/Hooks/a",
            "https://ci.example.com/hooks/../x",
            "https://ci.example.com/hooks/%2e%2E/x",
            "https://ci.example.com/hooks/.%2e/x",
            "https://ci.example.com/hooks/..%2fx",
            "https://ci.example.com/hooks/%2e%2e%2fx",
            "https://ci.example.com/hooks/..%5Cx",
            "https://ci.example.com/hooks/..\\x",
            "https://ci.example.com/hooks/..;/x",
            "https://ci.example.com/hooks/%252e%252e/x",
            "https://ci.example.com/hooks/a#b",
            "https://ci.example.com/hooks/a b",
            "https://ci.example.com/hooks/\na",
            " https://ci.example.com/hooks/a",
            "https://ci.example.com/hooks/日",
        ] {
            check(allowed, named, false);
        }
        let filled = |bytes: usize| format!("{allowed}{}", "x".repeat(bytes - allowed.len()));
        check(allowed, &filled(URL_MAX_BYTES), true);
        check(allowed, &filled(URL_MAX_BYTES + 1), false);
    }

    #[test]
    fn a_path_without_a_slash_at_its_end_is_itself_and_what_is_below() {
        for (named, expected) in [("/in", true), ("/in/", true), ("/in/a", true), ("/in?a", true), ("/inside", false)] {
            check("https://h/in", &format!("https://h{named}"), expected);
        }
        check("https://h", "https://h/anything", true);
        check("http://127.0.0.1:8080/", "http://0x7f.1:8080/a", true);
    }

    #[test]
    fn an_endpoint_is_named_after_its_host() {
        for (url, expected) in [
            ("https://ci.example.com/a", "ci.example.com"),
            ("https://ci.example.com:8443/", "ci.example.com-8443"),
            ("http://127.0.0.1:81/", "127.0.0.1-81-http"),
            ("https://[::1]/", "__1"),
        ] {
            assert_eq!(name_of(&Url::parse(url).unwrap()).as_str(), format!("{NAME}.{expected}"));
        }
    }
}

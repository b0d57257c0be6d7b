//! Where an endpoint is, and which addresses, otherwise out of reach, it may be at. The connector decides when it dials; here
//! stands what can be told from the text alone.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use url::{Host, Url};

use super::super::field::Field;
use super::super::problem::quoted;
use super::super::proxies;
use super::super::secrets::all;
use super::{AllowedNet, Endpoint};

/// Longest URL. Receivers and the proxies before them take 8 000 bytes of request line at least (RFC 9112).
const URL_MAX_BYTES: usize = 4_096;

/// The URL. No message quotes it: for Slack and others it is the credential.
pub(in super::super) fn read_url(field: &Field<'_>) -> Option<Url> {
    let text = field.required_text()?;
    let read = parse_url(&text);
    read.map_err(|reason| field.problem(format!("must be a URL such as https://example.com/events: {reason}"))).ok()
}

fn parse_url(text: &str) -> Result<Url, String> {
    if text.len() > URL_MAX_BYTES {
        return Err(format!("it is longer than {URL_MAX_BYTES} bytes"));
    }
    // The parser would take tabs and line ends out without a word.
    if text.contains(|c: char| c.is_control() || c.is_whitespace()) {
        return Err("it holds white space or a control character".to_owned());
    }
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    let reason = match () {
        () if !matches!(url.scheme(), "http" | "https") => "its scheme must be http or https",
        () if url.host_str().is_none_or(str::is_empty) => "it names no host",
        () if !url.username().is_empty() || url.password().is_some() => {
            "it holds a user or a password; put them into `headers`, as `Authorization`"
        }
        () if url.fragment().is_some() => "a receiver never sees what follows `#`; take it out",
        () if url.port() == Some(0) => "nobody listens on port 0",
        () => return Ok(url),
    };
    Err(reason.to_owned())
}

/// The networks of `allowPrivate`.
pub(in super::super) fn read_allowed(field: &Field<'_>) -> Option<Vec<AllowedNet>> {
    all(field.items(), |item| {
        let text = item.text()?;
        let allowed = parse_allowed(&text);
        if allowed.is_none() {
            item.problem(format!(
                "must be an address or a network, with the only port if there is one, such as 127.0.0.1/32:8443, 10.1.0.0/16 or \
                 [::1]/128:8443, found {}",
                quoted(&text)
            ));
        }
        allowed
    })
}

/// `10.1.0.0/16`, `127.0.0.1/32:8443`, `127.0.0.1:8443`, `::1/128`, `[::1]/128:8443`, `[::1]:8443`.
fn parse_allowed(text: &str) -> Option<AllowedNet> {
    let (net, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (address, rest) = rest.split_once(']')?;
            let _: Ipv6Addr = address.parse().ok()?;
            let (prefix, port) = split_port(rest)?;
            (proxies::parse(&format!("{address}{prefix}"))?, port)
        }
        None if text.matches(':').count() > 1 => (proxies::parse(text)?, None),
        None => {
            let (net, port) = split_port(text)?;
            (proxies::parse(net)?, port)
        }
    };
    Some(AllowedNet { net: net.trunc(), port })
}

/// What stands before the `:`, and the port behind it.
fn split_port(text: &str) -> Option<(&str, Option<u16>)> {
    match text.split_once(':') {
        None => Some((text, None)),
        // Not `parse` alone, which takes `+8443`.
        Some((net, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some((net, Some(port.parse().ok().filter(|port| *port > 0)?)))
        }
        Some(_) => None,
    }
}

/// What is no error, but will not work or is not safe.
pub(super) fn warn(field: &Field<'_>, endpoint: &Endpoint) {
    let Endpoint { url, allow_private, .. } = endpoint;
    let is_inside = warn_private(field, url, allow_private) || !allow_private.is_empty();
    if url.scheme() == "http" && !is_inside && !(endpoint.secrets.is_empty() && endpoint.headers.is_empty()) {
        field.warn(format!(
            "{}: over plain http everybody on the way reads and changes what is sent; use https",
            field.path
        ));
    }
}

/// Warns of a private address that is not allowed, and of a permission that allows everything. Tells whether the address is private.
pub(in super::super) fn warn_private(field: &Field<'_>, url: &Url, allow_private: &[AllowedNet]) -> bool {
    let at = &field.path;
    let private = private_addresses(url);
    let port = url.port_or_known_default().unwrap_or_default();
    let allowed = |address: &IpAddr| allow_private.iter().any(|allowed| allowed.has(*address, port));
    if !private.is_empty() && !private.iter().any(allowed) {
        let lines: Vec<_> = private.iter().map(|address| format!("\"{}\"", line(*address, port))).collect();
        field.warn(format!(
            "{at}: the address is private, and nothing will be sent there; to allow it, add allowPrivate: [{}]",
            lines.join(", ")
        ));
    }
    for allowed in allow_private.iter().filter(|allowed| allowed.net.prefix_len() == 0) {
        field.warn(format!(
            "{at}: allowPrivate has {}, which is every address there is; name the ones you mean",
            allowed.net
        ));
    }
    !private.is_empty()
}

/// Whether the URL leads, for all that can be told without a network, to where `allow_private` allows. What a name stands for cannot.
pub(super) fn may_be_inside(url: &Url, allow_private: &[AllowedNet]) -> bool {
    let port = url.port_or_known_default().unwrap_or_default();
    let is_allowed = |address: IpAddr| allow_private.iter().any(|allowed| allowed.has(address, port));
    match url.host() {
        Some(Host::Ipv4(address)) => is_allowed(address.into()),
        Some(Host::Ipv6(address)) => is_allowed(IpAddr::V6(address).to_canonical()),
        Some(Host::Domain(_)) => !allow_private.is_empty(),
        None => false,
    }
}

/// The addresses that the host of the URL surely stands for, if they are private.
fn private_addresses(url: &Url) -> Vec<IpAddr> {
    let addresses = match url.host() {
        Some(Host::Ipv4(address)) => vec![IpAddr::V4(address)],
        Some(Host::Ipv6(address)) => vec![IpAddr::V6(address).to_canonical()],
        Some(Host::Domain(name)) if is_localhost(name) => vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()],
        Some(Host::Domain(_)) | None => Vec::new(),
    };
    addresses.into_iter().filter(|address| is_private(*address)).collect()
}

// RFC 6761, 6.3.
fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name == "localhost" || name.ends_with(".localhost")
}

/// For warnings only: the connector's list is longer.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private() || v4.is_link_local() || v4.is_unspecified(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local() || v6.is_unspecified(),
    }
}

/// The entry of `allowPrivate` for one address and port.
fn line(address: IpAddr, port: u16) -> String {
    let prefix = IpNet::from(address).prefix_len();

    match address {
        IpAddr::V4(v4) => format!("{v4}/{prefix}:{port}"),
        IpAddr::V6(v6) => format!("[{v6}]/{prefix}:{port}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_allowed_network_has_at_most_one_port() {
        for (text, expected) in [
            ("10.1.2.3/16", Some("10.1.0.0/16 None")),
            ("127.0.0.1/32:8443", Some("127.0.0.1/32 Some(8443)")),
            ("127.0.0.1:8443", Some("127.0.0.1/32 Some(8443)")),
            ("127.0.0.1", Some("127.0.0.1/32 None")),
            ("::1/128", Some("::1/128 None")),
            ("::1", Some("::1/128 None")),
            ("[::1]", Some("::1/128 None")),
            ("[::1]/128:8443", Some("::1/128 Some(8443)")),
            ("[fd00::]/8", Some("fd00::/8 None")),
            ("[::1]:8443", Some("::1/128 Some(8443)")),
            ("[::ffff:10.0.0.1]/128:80", Some("10.0.0.1/32 Some(80)")),
            ("::1:8443/128", Some("::1:8443/128 None")),
            ("", None),
            ("localhost", None),
            ("localhost:80", None),
            ("10.0.0.0/33", None),
            ("10.0.0.0/8:", None),
            ("10.0.0.0/8:0", None),
            ("10.0.0.0/8:65536", None),
            ("10.0.0.0/8:+80", None),
            ("[10.0.0.1]:80", None),
            ("[::1", None),
            ("[::1]x", None),
            ("[::1/128]:80", None),
            ("*", None),
        ] {
            let found = parse_allowed(text).map(|allowed| format!("{} {:?}", allowed.net, allowed.port));
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn the_line_that_a_warning_prints_is_one_that_is_read() {
        for (address, port, expected) in
            [("127.0.0.1", 80, "127.0.0.1/32:80"), ("::1", 8443, "[::1]/128:8443"), ("10.0.0.8", 8, "10.0.0.8/32:8")]
        {
            let written = line(address.parse().unwrap(), port);
            assert_eq!(written, expected);
            let allowed = parse_allowed(&written).unwrap();
            assert_eq!((allowed.net, allowed.port), (IpNet::from(address.parse::<IpAddr>().unwrap()), Some(port)));
        }
    }
}

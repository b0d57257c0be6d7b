//! Where a request goes, taken from its URL once: what is dialled, what is in the `host` header and what a certificate must be for.

use std::net::IpAddr;

use hyper::Uri;
use hyper::header::HeaderValue;
use rustls::pki_types::ServerName;
use url::{Host, Url};

use super::Fault;

/// Scheme, host and port. Connections are reused where they are equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    host: Host,
    /// The port, the scheme's own if the URL has none.
    pub port: u16,
    /// Whether it is `https`.
    pub is_tls: bool,
}

impl Target {
    /// The URL parser has read the host as browsers do, so `0x7f.1`, `2130706433` and `[::ffff:127.0.0.1]` are addresses by now and
    /// not names.
    pub(super) fn of(url: &Url) -> Result<Self, Fault> {
        let is_tls = match url.scheme() {
            "http" => false,
            "https" => true,
            other => return Err(Fault::host(format!("the URL has the scheme {other}; it must be http or https"))),
        };
        let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else {
            return Err(Fault::host("the URL has no host"));
        };
        Ok(Self { host: host.to_owned(), port, is_tls })
    }

    /// The address, if the host is one, in the form that packets go to: IPv4 written as IPv6 is IPv4.
    pub(super) fn literal(&self) -> Option<IpAddr> {
        match self.host {
            Host::Ipv4(address) => Some(address.into()),
            Host::Ipv6(address) => Some(IpAddr::from(address).to_canonical()),
            Host::Domain(_) => None,
        }
    }

    /// The host as it is written in URLs.
    pub(super) fn host(&self) -> String {
        self.host.to_string()
    }

    /// Whom the certificate must be for: the name as the operator wrote it, never what it resolved to.
    pub(super) fn server_name(&self) -> Result<ServerName<'static>, Fault> {
        match &self.host {
            Host::Ipv4(address) => Ok(ServerName::from(IpAddr::from(*address))),
            Host::Ipv6(address) => Ok(ServerName::from(IpAddr::from(*address))),
            // The dot at the end of a full name is for resolvers; certificates have none.
            Host::Domain(name) => ServerName::try_from(name.trim_end_matches('.').to_owned())
                .map_err(|_| Fault::host(format!("no certificate can be for the name {name}"))),
        }
    }

    /// What goes into the `host` header.
    pub(super) fn host_header(&self) -> Result<HeaderValue, Fault> {
        let usual = if self.is_tls { 443 } else { 80 };
        let text = if self.port == usual { self.host() } else { format!("{}:{}", self.host, self.port) };
        HeaderValue::try_from(text).map_err(|_| Fault::host("the host of the URL cannot be put in a header"))
    }
}

/// The path and query as they stand in the URL; the rest of it is not sent.
pub(super) fn request_target(url: &Url) -> Result<Uri, Fault> {
    let text = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    Uri::try_from(text).map_err(|error| Fault::host(format!("the path of the URL cannot be sent: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn literal(url: &str) -> Option<String> {
        Target::of(&Url::parse(url).unwrap()).unwrap().literal().map(|ip| ip.to_string())
    }

    #[test]
    fn every_spelling_of_an_address_is_that_address() {
        for url in [
            "http://127.0.0.1/",
            "http://0x7f.1/",
            "http://2130706433/",
            "http://0177.0.0.1/",
            "http://127.1/",
            "http://127.0.0.1./",
            "http://0x7f000001/",
            "http://%31%32%37.0.0.1/",
            "http://１２７.0.0.1/",
            "http://127。0。0。1/",
            "http://[::ffff:127.0.0.1]/",
            "http://[0:0:0:0:0:ffff:7f00:1]/",
        ] {
            assert_eq!(literal(url).as_deref(), Some("127.0.0.1"), "{url}");
        }
        assert_eq!(literal("http://localhost/"), None);
        assert_eq!(literal("http://127.0.0.1.example/"), None);
    }

    #[test]
    fn the_host_header_has_the_port_unless_it_is_the_usual_one() {
        let check = |url: &str, expected: &str| {
            let target = Target::of(&Url::parse(url).unwrap()).unwrap();
            assert_eq!(target.host_header().unwrap(), expected);
        };
        check("https://a.test/x", "a.test");
        check("https://a.test:80/x", "a.test:80");
        check("http://[::1]:8080/", "[::1]:8080");
        check("http://bücher.test/", "xn--bcher-kva.test");
    }
}

//! The address of the client, for rate windows. Forwarding headers are written by whoever sends the request, so only
//! those that a trusted proxy passes on are believed, and of them only the part that trusted proxies wrote.

use std::net::{IpAddr, SocketAddr};

use crate::config::Gateway;

/// What the headers of a request say about where it came from.
#[derive(Clone, Copy, Debug, Default)]
pub struct Forwarded<'a> {
    /// `X-Forwarded-For`; several header lines joined by commas.
    pub forwarded_for: Option<&'a str>,
    /// `X-Real-IP`.
    pub real_ip: Option<&'a str>,
}

/// The address of the client: the peer, unless it is a trusted proxy that tells another. IPv4 inside IPv6 becomes IPv4.
pub fn client_address(peer: IpAddr, forwarded: Forwarded<'_>, gateway: &Gateway) -> IpAddr {
    let peer = peer.to_canonical();
    if !gateway.trusted_proxies.contains(peer) {
        return peer;
    }
    first_untrusted_hop(forwarded.forwarded_for.unwrap_or_default(), gateway)
        .or_else(|| gateway.allow_real_ip_fallback.then(|| parse_hop(forwarded.real_ip?)).flatten())
        .unwrap_or(peer)
}

/// Each proxy appends its own peer on the right, so the first hop from the right that is no trusted proxy is the last
/// thing a trusted one saw. A hop that is no address ends the search: what stands left of it was not written by them.
fn first_untrusted_hop(forwarded_for: &str, gateway: &Gateway) -> Option<IpAddr> {
    for hop in forwarded_for.rsplit(',') {
        let address = parse_hop(hop)?;
        if !gateway.trusted_proxies.contains(address) {
            return Some(address);
        }
    }
    None
}

/// An address, with or without a port or brackets, as proxies write them.
fn parse_hop(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim().trim_matches('"');
    let bare = hop.strip_prefix('[').and_then(|hop| hop.strip_suffix(']')).unwrap_or(hop);
    let address = bare.parse().ok().or_else(|| hop.parse::<SocketAddr>().ok().map(|address| address.ip()))?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Env, Format};

    fn check(peer: &str, forwarded_for: Option<&str>, real_ip: Option<&str>, fallback: bool, expected: &str) {
        let text =
            format!("{{ gateway: {{ trustedProxies: ['10.0.0.0/8', '::1'], allowRealIpFallback: {fallback} }} }}");
        let config = Config::parse(&text, Format::Json5, "x".as_ref(), &Env::new(|_| None)).unwrap();
        let forwarded = Forwarded { forwarded_for, real_ip };
        let found = client_address(peer.parse().unwrap(), forwarded, &config.gateway);
        assert_eq!(found.to_string(), expected, "{peer} {forwarded_for:?} {real_ip:?}");
    }

    #[test]
    fn a_peer_that_is_no_trusted_proxy_is_the_client_whatever_it_says() {
        check("192.0.2.1", Some("1.1.1.1"), Some("2.2.2.2"), true, "192.0.2.1");
        check("::ffff:192.0.2.1", None, None, false, "192.0.2.1");
    }

    #[test]
    fn behind_trusted_proxies_the_first_other_hop_from_the_right_is_the_client() {
        check("10.0.0.1", Some("6.6.6.6, 1.1.1.1"), None, false, "1.1.1.1");
        check("10.0.0.1", Some("6.6.6.6, 1.1.1.1, 10.0.0.2,::ffff:10.0.0.3"), None, false, "1.1.1.1");
        check("::ffff:10.0.0.1", Some("::ffff:1.1.1.1"), None, false, "1.1.1.1");
        check("::1", Some("[2001:db8::5]:443"), None, false, "2001:db8::5");
        check("10.0.0.1", Some("[2001:db8::5]"), None, false, "2001:db8::5");
        check("10.0.0.1", Some("1.1.1.1:80"), None, false, "1.1.1.1");
    }

    #[test]
    fn where_the_hops_tell_nothing_the_proxy_is_the_client() {
        for forwarded_for in
            [None, Some(""), Some("10.0.0.2"), Some("1.1.1.1, unknown"), Some("1.1.1.1,"), Some("nonsense")]
        {
            check("10.0.0.1", forwarded_for, None, true, "10.0.0.1");
            check("10.0.0.1", forwarded_for, Some("3.3.3.3"), false, "10.0.0.1");
            check("10.0.0.1", forwarded_for, Some("3.3.3.3"), true, "3.3.3.3");
            check("10.0.0.1", forwarded_for, Some("nonsense"), true, "10.0.0.1");
        }
    }
}

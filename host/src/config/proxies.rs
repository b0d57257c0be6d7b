//! The proxies that an operator trusts, as addresses and networks.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};

use super::field::Field;
use super::problem::quoted;

/// Addresses and networks whose forwarding headers are believed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Whether the address is one of them. IPv4 inside IPv6 (`::ffff:10.0.0.1`) counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|net| net.contains(&address))
    }
}

pub(super) fn read(field: &Field<'_>) -> TrustedProxies {
    TrustedProxies(field.items().iter().filter_map(read_one).collect())
}

fn read_one(field: &Field<'_>) -> Option<IpNet> {
    let text = field.text()?;
    let net = parse(&text);
    if net.is_none() {
        field.problem(format!(
            "must be an address or a network such as 10.0.0.0/8 or fd00::/8, found {}",
            quoted(&text)
        ));
    }
    net
}

/// An address or a network. IPv4 inside IPv6 is IPv4.
pub(super) fn parse(text: &str) -> Option<IpNet> {
    let net: IpNet = text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))?;
    match net {
        // `::ffff:10.0.0.0/104` is 10.0.0.0/8, and has to match what `contains` makes of an address.
        IpNet::V6(v6) if v6.prefix_len() >= 96 => match v6.addr().to_ipv4_mapped() {
            Some(v4) => Ipv4Net::new(v4, v6.prefix_len() - 96).ok().map(IpNet::V4),
            None => Some(net),
        },
        net => Some(net),
    }
}

#[cfg(test)]
impl TrustedProxies {
    /// From texts that are known to be right.
    pub fn of(texts: &[&str]) -> Self {
        Self(texts.iter().map(|text| parse(text).unwrap()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_networks_match_however_they_are_spelt() {
        let trusted = TrustedProxies::of(&["10.0.0.0/8", "192.0.2.7", "::ffff:172.16.0.0/108", "fd00::/8", "::1"]);
        for (address, expected) in [
            ("10.255.0.1", true),
            ("::ffff:10.1.2.3", true),
            ("11.0.0.1", false),
            ("192.0.2.7", true),
            ("192.0.2.8", false),
            ("172.16.5.5", true),
            ("fd12::1", true),
            ("::1", true),
            ("::2", false),
        ] {
            assert_eq!(trusted.contains(address.parse().unwrap()), expected, "{address}");
        }
        for text in ["", "10.0.0.0/33", "localhost", "10.0.0.1:80", "*"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}

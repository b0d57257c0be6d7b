//! `allowedIps`: the addresses and networks that may knock at all. Asked before anything of a request is read.

use std::net::IpAddr;

use ipnet::IpNet;

use super::field::Field;
use super::problem::quoted;
use super::proxies::parse;

/// The addresses that may knock. By default all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedIps(Option<Vec<IpNet>>);

impl AllowedIps {
    /// Whether there is no list.
    pub fn is_everybody(&self) -> bool {
        self.0.is_none()
    }

    /// Whether the address may knock. IPv4 inside IPv6 (`::ffff:10.0.0.1`) counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.as_ref().is_none_or(|nets| nets.iter().any(|net| net.contains(&address)))
    }
}

/// Absent, all may knock. A wrong one is reported, and what is returned is of no use.
pub(super) fn read(field: &Field<'_>) -> AllowedIps {
    if !field.is_present() {
        return AllowedIps::default();
    }
    let items = field.items();
    if items.is_empty() && matches!(field.value(), Some(super::tree::Value::List(_))) {
        field.problem(
            "an empty list lets nobody in; name addresses and networks, or remove the key to let all of them knock",
        );
    }
    AllowedIps(Some(items.iter().filter_map(read_one).collect()))
}

fn read_one(field: &Field<'_>) -> Option<IpNet> {
    let text = field.text()?;
    let net = parse(&text);
    if net.is_none() {
        field.problem(format!(
            "must be an address or a network such as 192.168.1.0/24 or 2001:db8::/32, found {}",
            quoted(&text)
        ));
    }
    net
}

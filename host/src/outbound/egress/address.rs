//! Which addresses are the public internet's. Everything else (this machine, its networks, the cloud's metadata services, tunnels that
//! lead back to either) is only reached where the operator wrote it down.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// IANA's special-purpose IPv4 registry, less what is globally reachable there, and the one address that is special by use.
const NOT_PUBLIC_V4: [(Ipv4Addr, u32); 17] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),          // "this network"; 0.0.0.0 dials this machine
    (Ipv4Addr::new(10, 0, 0, 0), 8),         // private
    (Ipv4Addr::new(100, 64, 0, 0), 10),      // carrier-grade NAT; Alibaba's metadata is 100.100.100.200
    (Ipv4Addr::new(127, 0, 0, 0), 8),        // loopback
    (Ipv4Addr::new(168, 63, 129, 16), 32),   // Azure's host agent: a public number that leads to the machine below
    (Ipv4Addr::new(169, 254, 0, 0), 16),     // link-local; most clouds' metadata is 169.254.169.254
    (Ipv4Addr::new(172, 16, 0, 0), 12),      // private
    (Ipv4Addr::new(192, 0, 0, 0), 24),       // protocol assignments; Oracle's metadata is 192.0.0.192
    (Ipv4Addr::new(192, 0, 2, 0), 24),       // documentation
    (Ipv4Addr::new(192, 88, 99, 0), 24),     // 6to4 relays
    (Ipv4Addr::new(192, 168, 0, 0), 16),     // private
    (Ipv4Addr::new(198, 18, 0, 0), 15),      // benchmarks
    (Ipv4Addr::new(198, 51, 100, 0), 24),    // documentation
    (Ipv4Addr::new(203, 0, 113, 0), 24),     // documentation
    (Ipv4Addr::new(224, 0, 0, 0), 4),        // multicast
    (Ipv4Addr::new(240, 0, 0, 0), 4),        // reserved
    (Ipv4Addr::new(255, 255, 255, 255), 32), // broadcast
];

/// The only part of IPv6 that is given out as global unicast. What lies outside (loopback, `fc00::/7`, `fe80::/10`, `fec0::/10`, multicast,
/// SRv6's `5f00::/16`, every spelling of IPv4 in `::/8`) needs no list.
const GLOBAL_V6: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// NAT64: the last four bytes are the IPv4 address at the other end of the translator.
const NAT64: (Ipv6Addr, u32) = (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);

/// What is special inside of [`GLOBAL_V6`].
const NOT_PUBLIC_V6: [(Ipv6Addr, u32); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), // protocol assignments, Teredo among them
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16), // 6to4: a relay would hand it to any IPv4 address
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20), // documentation
];

/// Whether the address belongs to the public internet, judged as the address that packets would go to.
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !NOT_PUBLIC_V4.iter().any(|net| in_v4(address, *net))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if in_v6(address, NAT64) {
        let [.., a, b, c, d] = address.octets();
        return is_public_v4(Ipv4Addr::new(a, b, c, d));
    }
    in_v6(address, GLOBAL_V6) && !is_isatap(address) && !NOT_PUBLIC_V6.iter().any(|net| in_v6(address, *net))
}

/// ISATAP: under any prefix, an interface id `[02]00:5efe` and an IPv4 address is a tunnel to that address.
fn is_isatap(address: Ipv6Addr) -> bool {
    let [.., high, low, _, _] = address.segments();
    high & !0x0200 == 0 && low == 0x5efe
}

fn in_v4(address: Ipv4Addr, (net, bits): (Ipv4Addr, u32)) -> bool {
    (address.to_bits() ^ net.to_bits()) >> (32 - bits) == 0
}

fn in_v6(address: Ipv6Addr, (net, bits): (Ipv6Addr, u32)) -> bool {
    (address.to_bits() ^ net.to_bits()) >> (128 - bits) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(expected: bool, addresses: &[&str]) {
        for text in addresses {
            let address: IpAddr = text.parse().unwrap();
            assert_eq!(is_public(address), expected, "{text}");
        }
    }

    #[test]
    fn the_public_internet_is_public() {
        check(
            true,
            &["1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255"],
        );
        check(
            true,
            &["128.0.0.0", "168.63.129.15", "169.253.255.255", "172.15.255.255", "172.32.0.0", "191.255.255.255"],
        );
        check(true, &["192.0.1.0", "192.0.3.0", "192.88.98.255", "192.167.255.255", "192.169.0.0", "198.17.255.255"]);
        check(true, &["198.20.0.0", "203.0.112.255", "203.0.114.0", "223.255.255.255"]);
        check(
            true,
            &[
                "2606:4700:4700::1111",
                "2001:200::1",
                "2001:4860:4860::8888",
                "2003::1",
                "2a00:1450::1",
                "2620:4f:8000::1",
            ],
        );
        check(true, &["::ffff:8.8.8.8", "64:ff9b::8.8.8.8"]);
    }

    #[test]
    fn this_machine_is_not_public_in_any_spelling() {
        check(false, &["127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "::1", "::"]);
        check(
            false,
            &[
                "::ffff:127.0.0.1",
                "::ffff:7f00:1",
                "::127.0.0.1",
                "::7f00:1",
                "::ffff:0:127.0.0.1",
                "64:ff9b::127.0.0.1",
            ],
        );
        check(
            false,
            &["2002:7f00:1::", "2001:0:4136:e378:8000:63bf:80ff:fffe", "2a00::5efe:127.0.0.1", "2a00::200:5efe:7f00:1"],
        );
        check(false, &["fe80::5efe:127.0.0.1", "::ffff:0.0.0.0", "64:ff9b:1::127.0.0.1"]);
    }

    #[test]
    fn its_networks_are_not_public() {
        check(false, &["10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255", "192.168.0.0", "192.168.255.255"]);
        check(false, &["100.64.0.0", "100.127.255.255", "169.254.0.1", "169.254.255.255", "64:ff9b::10.0.0.1"]);
        check(false, &["fc00::1", "fdff:ffff::1", "fe80::1", "febf::1", "fec0::1", "feff::1"]);
    }

    #[test]
    fn metadata_services_are_not_public() {
        check(false, &["169.254.169.254", "169.254.170.2", "100.100.100.200", "192.0.0.192", "168.63.129.16"]);
        check(false, &["::ffff:169.254.169.254", "::a9fe:a9fe", "64:ff9b::a9fe:a9fe", "fd00:ec2::254", "fd20:ce::254"]);
        check(false, &["2002:a9fe:a9fe::1", "::ffff:0:a9fe:a9fe", "2a00::5efe:169.254.169.254"]);
    }

    #[test]
    fn what_is_reserved_is_not_public() {
        check(false, &["192.0.0.0", "192.0.0.255", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.19.255.255"]);
        check(false, &["198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"]);
        check(
            false,
            &[
                "100::1",
                "2001:1::1",
                "2001:2::1",
                "2001:10::1",
                "2001:20::1",
                "2001:1ff:ffff::1",
                "2001:db8::1",
                "3fff::1",
            ],
        );
        check(
            false,
            &["3fff:fff::1", "4000::1", "5f00::1", "ff02::1", "ff0e::1", "1fff::1", "::2", "64:ff9b::224.0.0.1"],
        );
    }
}

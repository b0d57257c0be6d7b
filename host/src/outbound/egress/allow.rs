//! The decision whether an address may be connected to.

use std::net::{IpAddr, SocketAddr};

use super::{Fault, is_public};
use crate::config::webhooks::AllowedNet;
use crate::model::AttemptOutcome;

/// Ports that never speak HTTP, where a request could still do something: a mail server, say, skips the lines it does not understand and
/// obeys the rest. The list of the Fetch standard, "bad port".
const NEVER_HTTP: [u16; 83] = [
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109,
    110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531,
    532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060,
    5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
];

/// What an endpoint may connect to.
#[derive(Clone, Copy)]
pub(super) struct Policy<'a> {
    /// What is allowed beside the public internet.
    pub allow: &'a [AllowedNet],
    /// The listeners of this process.
    pub own: &'a [SocketAddr],
}

impl Policy<'_> {
    /// Whether `ip` (canonical) may be connected to at `port`; else why not. `host` is how the operator wrote it.
    pub(super) fn judge(self, host: &str, ip: IpAddr, port: u16) -> Result<(), Fault> {
        let at = SocketAddr::new(ip, port);
        let who = if host == ip.to_string() || host == format!("[{ip}]") {
            at.to_string()
        } else {
            format!("{host} is at {at}, and that")
        };
        if self.is_own_port(port)
            && (ip.is_loopback() || ip.is_unspecified() || self.own.iter().any(|own| own.ip() == ip))
        {
            return Err(own_listener(at));
        }
        let allowed_here = |net: &&AllowedNet| net.net.contains(&ip) && net.port.is_none_or(|only| only == port);
        let mut allowed = self.allow.iter().filter(allowed_here).peekable();
        if !is_public(ip) && allowed.peek().is_none() {
            let line = single(ip, port);
            return forbidden(format!(
                "{who} is not an address of the public internet; if it is meant, add {line} to allowPrivate of the endpoint"
            ));
        }
        if NEVER_HTTP.contains(&port) && !allowed.any(|net| net.port == Some(port)) {
            let line = single(ip, port);
            return forbidden(format!(
                "{who} has a port that other protocols use and HTTP never does; if it is meant, add {line} to allowPrivate of the endpoint"
            ));
        }
        Ok(())
    }

    /// Whether one of our listeners has this port.
    pub(super) fn is_own_port(self, port: u16) -> bool {
        self.own.iter().any(|own| own.port() == port)
    }
}

/// A delivery to ourselves could start the next one, without end.
pub(super) fn own_listener(at: SocketAddr) -> Fault {
    let detail =
        format!("{at} is a listener of this gateway, which never sends to itself; give the endpoint another URL");
    Fault::new(AttemptOutcome::Forbidden, detail)
}

fn forbidden(detail: String) -> Result<(), Fault> {
    Err(Fault::new(AttemptOutcome::Forbidden, detail))
}

/// The entry that would allow just this.
fn single(ip: IpAddr, port: u16) -> String {
    match ip {
        IpAddr::V4(ip) => format!("\"{ip}/32:{port}\""),
        IpAddr::V6(ip) => format!("\"[{ip}]/128:{port}\""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "127.0.0.1:8787";

    fn check(allow: &[(&str, Option<u16>)], dialled: &str) -> Result<(), String> {
        let allow: Vec<_> =
            allow.iter().map(|(net, port)| AllowedNet { net: net.parse().unwrap(), port: *port }).collect();
        let own = [OWN.parse().unwrap()];
        let at: SocketAddr = dialled.parse().unwrap();
        Policy { allow: &allow, own: &own }.judge("a.test", at.ip(), at.port()).map_err(|fault| fault.detail)
    }

    #[test]
    fn a_public_address_needs_no_permission_and_a_private_one_needs_its_own() {
        assert_eq!(check(&[], "8.8.8.8:443"), Ok(()));
        assert!(check(&[], "10.1.2.3:443").unwrap_err().contains("add \"10.1.2.3/32:443\" to allowPrivate"));
        assert!(check(&[("10.0.0.0/8", Some(8443))], "10.1.2.3:443").is_err());
        assert_eq!(check(&[("10.0.0.0/8", Some(8443))], "10.1.2.3:8443"), Ok(()));
        assert_eq!(check(&[("10.0.0.0/8", None)], "10.1.2.3:443"), Ok(()));
        assert!(check(&[("10.0.0.0/8", None)], "[fd00::1]:443").is_err());
        assert_eq!(check(&[("fd00::/8", None)], "[fd00::1]:443"), Ok(()));
    }

    #[test]
    fn a_port_that_is_never_http_must_be_named() {
        for port in [25, 465, 587, 22, 23, 53, 6667] {
            assert!(check(&[], &format!("8.8.8.8:{port}")).is_err(), "{port}");
            assert!(check(&[("10.0.0.0/8", None)], &format!("10.1.1.1:{port}")).is_err(), "{port}");
            assert_eq!(check(&[("10.0.0.0/8", Some(port))], &format!("10.1.1.1:{port}")), Ok(()));
            assert_eq!(check(&[("8.8.8.8/32", Some(port))], &format!("8.8.8.8:{port}")), Ok(()));
        }
    }

    #[test]
    fn our_own_listener_is_refused_whatever_is_allowed() {
        let all = [("0.0.0.0/0", None), ("::/0", None)];
        for own in ["127.0.0.1:8787", "127.9.9.9:8787", "[::1]:8787", "0.0.0.0:8787", "[::]:8787"] {
            assert!(check(&all, own).unwrap_err().contains("never sends to itself"), "{own}");
        }
        assert_eq!(check(&all, "127.0.0.1:8788"), Ok(()));
        assert_eq!(check(&all, "10.0.0.1:8787"), Ok(()));
    }
}

//! Which addresses may be dialed. A merchant chooses the URL, so without a guard it could make
//! the service talk to its own network: to databases, to cloud metadata, to itself.

use super::zones::{answers_with_any_address, is_local};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use url::Host;

/// How far out requests may go. Unless told otherwise: to public addresses, where web servers
/// listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Every address, plain `http` and any port too: for development on one machine.
    pub allow_private: bool,
    /// The ports that may be dialed.
    pub ports: Vec<u16>,
    /// Networks that may be dialed although they are not public. With any of them, names that
    /// mean something on the own network only may be given too: their addresses decide.
    pub networks: Vec<IpNet>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            allow_private: false,
            ports: vec![443, 8443, 80],
            networks: Vec::new(),
        }
    }
}

impl Policy {
    /// Anywhere: for development.
    pub fn private() -> Self {
        Self {
            allow_private: true,
            ..Self::default()
        }
    }

    /// Whether this address may be dialed.
    pub fn allows(&self, address: IpAddr) -> bool {
        self.allow_private
            || is_public(address)
            || self.networks.iter().any(|net| net.contains(&address))
    }

    pub(super) fn allows_port(&self, port: u16) -> bool {
        self.allow_private || self.ports.contains(&port)
    }

    /// Whether this host may be asked for, as far as its text says. The parser has already
    /// turned `0x7f.1`, `2130706433` and their like into addresses.
    pub(super) fn allows_host(&self, host: &Host<&str>) -> bool {
        match host {
            Host::Ipv4(ip) => self.allows(IpAddr::V4(*ip)),
            Host::Ipv6(ip) => self.allows(IpAddr::V6(*ip)),
            Host::Domain(name) => {
                let known = !self.networks.is_empty() || !is_local(name);
                self.allow_private || known && !answers_with_any_address(name)
            }
        }
    }
}

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(a: u16, b: u16, prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, 0), prefix)
}

/// IANA's special-purpose registry, less what is reachable by everybody.
const CLOSED_V4: [Ipv4Net; 16] = [
    v4(0, 0, 0, 0, 8),
    v4(10, 0, 0, 0, 8),
    v4(100, 64, 0, 0, 10),
    v4(127, 0, 0, 0, 8),
    // Azure answers its machines from this public address.
    v4(168, 63, 129, 16, 32),
    v4(169, 254, 0, 0, 16),
    v4(172, 16, 0, 0, 12),
    v4(192, 0, 0, 0, 24),
    v4(192, 0, 2, 0, 24),
    v4(192, 88, 99, 0, 24),
    v4(192, 168, 0, 0, 16),
    v4(198, 18, 0, 0, 15),
    v4(198, 51, 100, 0, 24),
    v4(203, 0, 113, 0, 24),
    v4(224, 0, 0, 0, 4),
    v4(240, 0, 0, 0, 4),
];

/// The whole of global unicast. All else (loopback, v4-mapped, NAT64, unique local, link-local,
/// multicast) lies outside of it.
const OPEN_V6: Ipv6Net = v6(0x2000, 0, 3);

/// What lies inside global unicast and still is not a place on the internet: protocol
/// assignments with Teredo, two ranges for documentation, and 6to4.
const CLOSED_V6: [Ipv6Net; 4] = [
    v6(0x2001, 0, 23),
    v6(0x2001, 0xdb8, 32),
    v6(0x2002, 0, 16),
    v6(0x3fff, 0, 20),
];

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(ip) => !CLOSED_V4.iter().any(|net| net.contains(&ip)),
        IpAddr::V6(ip) => OPEN_V6.contains(&ip) && !CLOSED_V6.iter().any(|net| net.contains(&ip)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: &[&str] = &[
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.1",
        "168.63.129.17",
        "169.253.255.255",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.1",
        "192.167.255.255",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "2606:4700:4700::1111",
        "2a00:1450:4001::200e",
        "2001:4860:4860::8888",
        "2003::1",
    ];

    const CLOSED: &[&str] = &[
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "100.100.100.200",
        "127.0.0.1",
        "127.255.255.254",
        "168.63.129.16",
        "169.254.169.254",
        "169.254.170.2",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.9",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "64:ff9b::a00:1",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:10::1",
        "2001:20::1",
        "2001:db8::1",
        "2002:7f00:1::1",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ];

    #[test]
    fn dials_public_addresses_only() {
        for (list, allowed) in [(OPEN, true), (CLOSED, false)] {
            for text in list {
                let address = text.parse().expect(text);
                assert_eq!(Policy::default().allows(address), allowed, "{text}");
                assert!(Policy::private().allows(address), "{text}");
            }
        }
    }

    #[test]
    fn dials_the_networks_that_it_is_told_of_and_nothing_beside_them() {
        let networks = ["10.20.0.0/16", "192.168.7.9/32", "fd12::/64"];
        let policy = Policy {
            networks: networks.map(|net| net.parse().unwrap()).to_vec(),
            ..Policy::default()
        };
        for (text, allowed) in [
            ("10.20.0.0", true),
            ("10.20.255.255", true),
            ("10.19.255.255", false),
            ("10.21.0.0", false),
            ("192.168.7.9", true),
            ("192.168.7.8", false),
            ("fd12::ffff:1", true),
            ("fd12:0:0:1::1", false),
            ("::ffff:10.20.0.1", false),
            ("64:ff9b::a14:1", false),
            ("127.0.0.1", false),
            ("169.254.169.254", false),
            ("1.1.1.1", true),
        ] {
            let address = text.parse().expect(text);
            assert_eq!(policy.allows(address), allowed, "{text}");
        }
    }
}

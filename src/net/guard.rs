//! Which addresses may be dialed. A merchant chooses the URL, so without a guard it could make
//! the service talk to its own network: to databases, to cloud metadata, to itself.

use ipnet::{Ipv4Net, Ipv6Net};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use url::{Host, Url};

/// How far out requests may go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Private addresses, plain `http` and any port too: for development on one machine.
    pub allow_private: bool,
}

/// Why a URL may not be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// Not an absolute URL, or one with spaces or control characters in it.
    #[error("the URL cannot be read: give an absolute https URL such as https://example.com/hook")]
    Malformed,
    /// Another scheme than `https`.
    #[error("the URL must begin with https://")]
    Scheme,
    /// A user name or a password stands before the host.
    #[error("the URL must not hold a user name or a password")]
    UserInfo,
    /// A port where no public web server listens.
    #[error("the URL's port must be 443, 8443 or 80")]
    Port,
    /// The host is not on the public internet.
    #[error("the URL's host is not a public address")]
    Host,
}

const PORTS: [u16; 3] = [443, 8443, 80];

/// Names that stand for the machine or its own network, whatever a resolver says.
const LOCAL_NAMES: [&str; 5] = ["localhost", "local", "localdomain", "internal", "home.arpa"];

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

impl Policy {
    /// Whether this address may be dialed.
    pub fn allows(self, address: IpAddr) -> bool {
        self.allow_private
            || match address {
                IpAddr::V4(ip) => !CLOSED_V4.iter().any(|net| net.contains(&ip)),
                IpAddr::V6(ip) => {
                    OPEN_V6.contains(&ip) && !CLOSED_V6.iter().any(|net| net.contains(&ip))
                }
            }
    }
}

/// Reads a URL that a merchant gave, and refuses it if its text alone shows that it may not be
/// called. What its name resolves to is checked each time it is dialed.
pub fn check_url(text: &str, policy: Policy) -> Result<Url, UrlError> {
    // The WHATWG parser would drop these silently; what is stored is what was given.
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(UrlError::Malformed);
    }
    let url = Url::parse(text).map_err(|_| UrlError::Malformed)?;
    match url.scheme() {
        "https" => {}
        "http" if policy.allow_private => {}
        _ => return Err(UrlError::Scheme),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(UrlError::UserInfo);
    }
    let host = url.host().ok_or(UrlError::Malformed)?;
    if policy.allow_private {
        return Ok(url);
    }
    if !host_is_public(&host, policy) {
        return Err(UrlError::Host);
    }
    match url.port_or_known_default() {
        Some(port) if PORTS.contains(&port) => Ok(url),
        Some(_) | None => Err(UrlError::Port),
    }
}

/// The parser has already turned `0x7f.1`, `2130706433` and their like into addresses.
fn host_is_public(host: &Host<&str>, policy: Policy) -> bool {
    match host {
        Host::Ipv4(ip) => policy.allows(IpAddr::V4(*ip)),
        Host::Ipv6(ip) => policy.allows(IpAddr::V6(*ip)),
        Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            let under = |zone: &str| {
                let rest = name.strip_suffix(zone);
                rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            };
            name.contains('.') && !LOCAL_NAMES.iter().any(|zone| under(zone))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLIC: Policy = Policy {
        allow_private: false,
    };
    const PRIVATE: Policy = Policy {
        allow_private: true,
    };

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
                assert_eq!(PUBLIC.allows(address), allowed, "{text}");
                assert!(PRIVATE.allows(address), "{text}");
            }
        }
    }

    #[test]
    fn refuses_hostile_urls() {
        for (text, why) in [
            ("", UrlError::Malformed),
            ("example.com/hook", UrlError::Malformed),
            ("/hook", UrlError::Malformed),
            ("https://", UrlError::Malformed),
            ("https://exa mple.com/", UrlError::Malformed),
            ("https://example.com/\r\nHost: evil", UrlError::Malformed),
            ("https://exam\tple.com/", UrlError::Malformed),
            ("https://example.com:99999/", UrlError::Malformed),
            ("https://[::1", UrlError::Malformed),
            ("http://example.com/hook", UrlError::Scheme),
            ("ftp://example.com/", UrlError::Scheme),
            ("file:///etc/passwd", UrlError::Scheme),
            ("gopher://127.0.0.1:6379/_INFO", UrlError::Scheme),
            ("javascript:alert(1)", UrlError::Scheme),
            ("https://user@example.com/", UrlError::UserInfo),
            ("https://user:pass@example.com/", UrlError::UserInfo),
            ("https://example.com@127.0.0.1/", UrlError::UserInfo),
            ("https://example.com:22/", UrlError::Port),
            ("https://example.com:6379/", UrlError::Port),
            ("https://127.0.0.1/", UrlError::Host),
            ("https://127.1/", UrlError::Host),
            ("https://0x7f.1/", UrlError::Host),
            ("https://2130706433/", UrlError::Host),
            ("https://0177.0.0.1/", UrlError::Host),
            ("https://0/", UrlError::Host),
            ("https://①②⑦.0.0.1/", UrlError::Host),
            ("https://127。0。0。1/", UrlError::Host),
            ("https:\\\\127.0.0.1\\", UrlError::Host),
            ("https://169.254.169.254/latest/meta-data/", UrlError::Host),
            ("https://metadata.google.internal/", UrlError::Host),
            ("https://localhost/", UrlError::Host),
            ("https://LOCALHOST./", UrlError::Host),
            ("https://a.localhost/", UrlError::Host),
            ("https://printer.local/", UrlError::Host),
            ("https://intranet/", UrlError::Host),
            ("https://[::1]/", UrlError::Host),
            ("https://[::ffff:127.0.0.1]/", UrlError::Host),
            ("https://[::ffff:7f00:1]/", UrlError::Host),
            ("https://[fd00:ec2::254]/", UrlError::Host),
            ("https://[64:ff9b::7f00:1]/", UrlError::Host),
        ] {
            assert_eq!(check_url(text, PUBLIC), Err(why), "{text}");
        }
    }

    #[test]
    fn takes_public_urls_and_private_ones_where_allowed() {
        for text in [
            "https://example.com/hook?a=b",
            "https://example.com:8443/",
            "https://example.com:80/",
            "https://localhost.example.com/",
            "https://bücher.example/",
            "https://1.1.1.1/",
            "https://[2606:4700:4700::1111]/",
        ] {
            assert!(check_url(text, PUBLIC).is_ok(), "{text}");
        }
        for text in ["http://127.0.0.1:3000/hook", "http://localhost:9/"] {
            assert!(check_url(text, PRIVATE).is_ok(), "{text}");
        }
        let secret = check_url("http://a:b@localhost/", PRIVATE);
        assert_eq!(secret, Err(UrlError::UserInfo));
    }
}

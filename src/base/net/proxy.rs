//! The forward proxy that outgoing requests go through, where a network lets nothing else out.

use std::fmt;
use url::{Host, Url};

/// The address of a forward proxy, which may hold a user name and a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy(Url);

impl Proxy {
    /// Reads `http://host:port` or `https://host:port`, with or without `user:password@`.
    pub fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let is_plain = |name: &str| {
            name.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
        };
        // A host that the HTTP library cannot read would leave us without a proxy, silently.
        let has_host = match url.host()? {
            Host::Domain(name) => is_plain(name),
            Host::Ipv4(_) | Host::Ipv6(_) => true,
        };
        let sound = has_host
            && ["http", "https"].contains(&url.scheme())
            && url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none();
        sound.then_some(Self(url))
    }

    /// The address with its secrets, for the HTTP library.
    pub(super) fn url(&self) -> &str {
        self.0.as_str()
    }

    /// Its name, unless it is known by an address.
    pub(super) fn name(&self) -> Option<&str> {
        self.0.domain()
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Nothing of who we are to the proxy may reach a log.
        let (scheme, host) = (self.0.scheme(), self.0.host_str().unwrap_or_default());
        write!(f, "{scheme}://{host}")?;
        self.0.port().map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_address_of_an_http_proxy() {
        for (text, shown) in [
            ("http://proxy:3128", "http://proxy:3128"),
            ("http://10.0.0.5:3128/", "http://10.0.0.5:3128"),
            ("https://[fd12::1]:8443", "https://[fd12::1]:8443"),
            ("http://us%40er:p%2Fw@proxy:3128", "http://proxy:3128"),
            ("https://us:hidden@proxy.lan", "https://proxy.lan"),
        ] {
            let proxy = Proxy::parse(text).expect(text);
            assert_eq!(format!("{proxy:?}"), shown);
        }
    }

    #[test]
    fn refuses_all_else() {
        for text in [
            "",
            "proxy:3128",
            "10.0.0.5:3128",
            "socks5h://proxy:1080",
            "ftp://proxy:21",
            "http://",
            "http://pro xy:3128",
            "http://pro{xy:3128",
            "http://proxy:3128/path",
            "http://proxy:3128/?a=b",
            "http://proxy:3128/#a",
            "http://proxy:99999",
        ] {
            assert_eq!(Proxy::parse(text), None, "{text}");
        }
    }
}

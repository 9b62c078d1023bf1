//! The forward proxy that outgoing requests go through, where a network lets nothing else out.

use base64::{Engine, prelude::BASE64_STANDARD};
use hyper::{Uri, header::HeaderValue};
use percent_encoding::percent_decode_str;
use std::{fmt, sync::Arc};
use url::{Host, Url};

/// The address of a forward proxy, and who we are to it if it asks.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy(Arc<Parts>);

#[derive(PartialEq, Eq)]
struct Parts {
    address: Uri,
    /// Its name, unless it is known by an address.
    name: Option<String>,
    credentials: Option<HeaderValue>,
}

impl Proxy {
    /// Reads `http://host:port` or `https://host:port`, with or without `user:password@`.
    pub fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let is_plain = |name: &str| {
            name.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
        };
        let host = url.host()?;
        let has_host = match host {
            Host::Domain(name) => is_plain(name),
            Host::Ipv4(_) | Host::Ipv6(_) => true,
        };
        let sound = has_host
            && ["http", "https"].contains(&url.scheme())
            && url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none();
        if !sound {
            return None;
        }
        let scheme = url.scheme();
        let port = url.port().map_or(String::new(), |port| format!(":{port}"));
        Some(Self(Arc::new(Parts {
            address: format!("{scheme}://{host}{port}/").parse().ok()?,
            name: url.domain().map(str::to_owned),
            credentials: credentials(&url),
        })))
    }

    /// Where it is, without secrets.
    pub(super) fn address(&self) -> &Uri {
        &self.0.address
    }

    /// Its name, unless it is known by an address.
    pub(super) fn name(&self) -> Option<&str> {
        self.0.name.as_deref()
    }

    /// What `Proxy-Authorization` says, if it says anything.
    pub(super) fn credentials(&self) -> Option<&HeaderValue> {
        self.0.credentials.as_ref()
    }
}

/// User and password as RFC 7617 writes them. In a URL they are percent-encoded.
fn credentials(url: &Url) -> Option<HeaderValue> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let user = percent_decode_str(url.username());
    let password = percent_decode_str(url.password().unwrap_or_default());
    let pair: Vec<u8> = user.chain([b':']).chain(password).collect();
    let text = format!("Basic {}", BASE64_STANDARD.encode(pair));
    let mut value = HeaderValue::from_str(&text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Nothing of who we are to the proxy may reach a log.
        f.write_str(self.0.address.to_string().trim_end_matches('/'))
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

//! URLs that merchants and operators give: what is taken leads to the public internet.

#![no_main]

use libfuzzer_sys::fuzz_target;
use std::net::{IpAddr, Ipv4Addr};
use threadpay::base::net::{Policy, Proxy, check_url};

/// What nobody outside may have us dial, by the standard library's knowledge instead of ours.
fn is_inside(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(ip) => is_inside_v4(ip),
        IpAddr::V6(ip) => {
            ip.is_loopback()
                || ip.is_unspecified()
                || ip.is_multicast()
                || ip.is_unique_local()
                || ip.is_unicast_link_local()
                || ip.to_ipv4().is_some()
        }
    }
}

fn is_inside_v4(ip: Ipv4Addr) -> bool {
    ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_unspecified()
        || ip.is_broadcast()
        || ip.is_multicast()
        || ip.is_documentation()
}

fn callback(text: &str) {
    let policy = Policy::default();
    let Ok(url) = check_url(text, &policy) else {
        return;
    };
    assert_eq!(url.scheme(), "https");
    assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none());
    assert!(policy.ports.contains(&url.port_or_known_default().unwrap()));
    let host = url.host_str().unwrap();
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    assert!(!address.is_ok_and(is_inside), "{url}");
    let name = host.trim_end_matches('.');
    assert!(
        !["localhost", "metadata.google.internal"].contains(&name),
        "{url}"
    );
    // As it is read, so it is read again; and what is dialed in the open is dialed privately.
    assert_eq!(check_url(url.as_str(), &policy).as_ref(), Ok(&url));
    assert!(check_url(text, &Policy::private()).is_ok());
}

fn proxy(text: &str) {
    if let Some(proxy) = Proxy::parse(text) {
        let shown = format!("{proxy:?}");
        assert!(shown.starts_with("http://") || shown.starts_with("https://"));
        assert!(!shown.contains('@'), "{shown}");
        assert!(Proxy::parse(&shown).is_some(), "{shown}");
    }
}

fuzz_target!(|text: &str| {
    callback(text);
    proxy(text);
});

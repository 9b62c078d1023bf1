//! Reads the URLs that merchants give, and refuses those that show in their text that they may
//! not be called.

use super::policy::Policy;
use url::Url;

/// Why a URL may not be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// Not an absolute URL, or one that programs read differently: with spaces, control
    /// characters or backslashes in it. Or one with a fragment, which is never sent.
    #[error("the URL cannot be read: give an absolute https URL such as https://example.com/hook")]
    Malformed,
    /// Another scheme than `https`.
    #[error("the URL must begin with https://")]
    Scheme,
    /// A user name or a password stands before the host.
    #[error("the URL must not hold a user name or a password")]
    UserInfo,
    /// A port where no public web server listens.
    #[error("the URL's port is not one that callbacks may go to; leave it out to use 443")]
    Port,
    /// The host is not on the public internet.
    #[error("the URL's host is not a public address")]
    Host,
}

/// Reads a URL that a merchant gave, and refuses it if its text alone shows that it may not be
/// called. What its name resolves to is checked each time it is dialed.
pub fn check_url(text: &str, policy: &Policy) -> Result<Url, UrlError> {
    // The WHATWG parser would drop these, or read a slash, silently; what is stored is what was
    // given.
    let is_odd = |c: char| c.is_whitespace() || c.is_control() || c == '\\';
    if text.contains(is_odd) {
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
    if url.fragment().is_some() {
        return Err(UrlError::Malformed);
    }
    let host = url.host().ok_or(UrlError::Malformed)?;
    let port = url.port_or_known_default().ok_or(UrlError::Malformed)?;
    if !policy.allows_host(&host) {
        Err(UrlError::Host)
    } else if !policy.allows_port(port) {
        Err(UrlError::Port)
    } else {
        Ok(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(why: UrlError, urls: &[&str]) {
        for text in urls {
            assert_eq!(check_url(text, &Policy::default()), Err(why), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_whole_url_or_reads_in_two_ways() {
        refused(
            UrlError::Malformed,
            &[
                "",
                "example.com/hook",
                "/hook",
                "//example.com/hook",
                "https://",
                "https://:443/",
                "https://?a=b",
                "https://exa mple.com/",
                " https://example.com/",
                "https://example.com/ ",
                "https://example.com/\u{a0}",
                "https://example.com/\u{2028}",
                "https://example.com/\r\nHost: evil",
                "https://example.com/\0",
                "https://exam\tple.com/",
                "https://example.com:99999/",
                "https://example.com:443:80/",
                "https://example.com\\@127.0.0.1/",
                "https:\\\\127.0.0.1\\",
                "https://example.com/#part",
                "https://127.0.0.1#@example.com/",
                "https://[::1",
                "https://[fe80::1%25eth0]/",
                "https://[fe80::1%eth0]/",
                "https://256.0.0.1/",
                "https://1.2.3.4.5/",
                "https://example.1/",
                "https://0x1ffffffff/",
                "https://exam%00ple.com/",
                "https://exam%2fple.com/",
                // Punycode of what needs none is no name.
                "https://xn--localhost-/",
                "https://xn--/",
            ],
        );
    }

    #[test]
    fn refuses_other_schemes_secrets_and_ports() {
        refused(
            UrlError::Scheme,
            &[
                "http://example.com/hook",
                "HTTP://example.com/hook",
                "ftp://example.com/",
                "ws://example.com/",
                "file:///etc/passwd",
                "gopher://127.0.0.1:6379/_INFO",
                "javascript:alert(1)",
                "data:text/plain,hello",
                "blob:https://example.com/1",
                "view-source:https://example.com/",
                "jar:https://example.com!/",
                "unix:/var/run/docker.sock",
                "example.com:443",
            ],
        );
        refused(
            UrlError::UserInfo,
            &[
                "https://user@example.com/",
                "https://user:pass@example.com/",
                "https://:pass@example.com/",
                "https://example.com@127.0.0.1/",
                "https://example.com:443@127.0.0.1/",
                "https://127.0.0.1@example.com/",
                "https://example.com%40@127.0.0.1/",
            ],
        );
        refused(
            UrlError::Port,
            &[
                "https://example.com:22/",
                "https://example.com:25/",
                "https://example.com:5432/",
                "https://example.com:6379/",
                "https://example.com:0/",
                "https://[2606:4700::1]:8080/",
            ],
        );
    }

    #[test]
    fn refuses_private_addresses_however_they_are_written() {
        refused(
            UrlError::Host,
            &[
                "https://127.0.0.1/",
                "https://127.1/",
                "https://127.0.1/",
                "https://0x7f.1/",
                "https://0x7f000001/",
                "https://0x7F.0x0.0x0.0x1/",
                "https://2130706433/",
                "https://017700000001/",
                "https://0177.0.0.1/",
                "https://0177.0x0.0.1/",
                "https://0/",
                "https://0.0.0.0/",
                "https://127.0.0.1./",
                "https://%31%32%37.0.0.1/",
                "https://127%2e0%2e0%2e1/",
                "https://①②⑦.0.0.1/",
                "https://１２７.0.0.1/",
                "https://127。0。0。1/",
                "https://127\u{ad}.0.0.1/",
                "https://127.0.0.1\u{200b}/",
                "https:127.0.0.1/",
                "https:/127.0.0.1/",
                "https:////127.0.0.1/",
                "https://127.0.0.1?@example.com/",
                "https://127.0.0.1:443/",
                "https://10.1.2.3/",
                "https://172.16.0.1/",
                "https://192.168.0.1/",
                "https://100.64.0.1/",
                "https://198.18.0.1/",
                "https://224.0.0.1/",
                "https://255.255.255.255/",
                // Where clouds answer their machines: AWS, Azure, Alibaba, Oracle.
                "https://169.254.169.254/latest/meta-data/",
                "https://2852039166/",
                "https://0xa9fea9fe/",
                "https://169.254.170.2/v2/credentials",
                "https://168.63.129.16/",
                "https://100.100.100.200/",
                "https://192.0.0.192/",
                "https://[fd00:ec2::254]/",
                "https://[::]/",
                "https://[::1]/",
                "https://[0:0:0:0:0:0:0:1]/",
                "https://[::127.0.0.1]/",
                "https://[::ffff:127.0.0.1]/",
                "https://[::ffff:7f00:1]/",
                "https://[::ffff:0:127.0.0.1]/",
                "https://[64:ff9b::7f00:1]/",
                "https://[64:ff9b:1::a00:1]/",
                "https://[2002:7f00:1::]/",
                "https://[2001:0:7f00:1::]/",
                "https://[fc00::1]/",
                "https://[fe80::1]/",
                "https://[fec0::1]/",
                "https://[ff02::1]/",
            ],
        );
    }

    #[test]
    fn refuses_names_of_the_own_network() {
        refused(
            UrlError::Host,
            &[
                "https://localhost/",
                "https://LOCALHOST./",
                "https://localhost../",
                "https://a.localhost/",
                "https://ｌｏｃａｌｈｏｓｔ/",
                "https://local\u{ad}host/",
                "https://local\u{200b}host/",
                "https://%6c%6f%63alhost/",
                "https://ⓛocalhost/",
                "https://localhost.localdomain/",
                "https://printer.local/",
                "https://metadata.google.internal/",
                "https://metadata/",
                "https://intranet/",
                "https://wiki.intranet/",
                "https://router.lan/",
                "https://nas.home/",
                "https://nas.home.arpa/",
                "https://1.0.0.127.in-addr.arpa/",
                "https://sso.corp/",
                "https://db.private/",
                "https://kubernetes.default.svc/",
                "https://kubernetes.default.svc.cluster.local/",
                "https://vault.service.consul/",
                "https://host.docker.internal/",
                "https://a.onion/",
                "https://a.invalid/",
            ],
        );
    }

    #[test]
    fn refuses_names_that_make_any_address_out_of_themselves() {
        let urls = [
            "https://127.0.0.1.nip.io/",
            "https://7f000001.nip.io/",
            "https://app-10-0-0-1.NIP.IO./",
            "https://169-254-169-254.sslip.io/",
            "https://10.0.0.1.xip.io/",
            "https://localtest.me/",
            "https://a.lvh.me/",
            "https://api.vcap.me/",
            "https://a.lacolhost.com/",
            "https://7f000001.c0a80001.rbndr.us/",
            "https://make-1.1.1.1-rebind-127.0.0.1-rr.1u.ms/",
            "https://127-0-0-1.traefik.me/",
            "https://localh.st/",
        ];
        refused(UrlError::Host, &urls);
        // Nor does an open network make them any better.
        let policy = Policy {
            networks: vec!["10.0.0.0/8".parse().unwrap()],
            ..Policy::default()
        };
        for text in urls {
            assert_eq!(check_url(text, &policy), Err(UrlError::Host), "{text}");
        }
    }

    #[test]
    fn takes_public_urls_and_private_ones_where_allowed() {
        for text in [
            "https://example.com",
            "https://example.com/hook?a=b",
            "https://example.com:8443/",
            "https://example.com:80/",
            "https://example.com./",
            "https://localhost.example.com/",
            "https://notnip.io/",
            "https://xn--bcher-kva.example/",
            "https://bücher.example/",
            "https://1.1.1.1/",
            "https://[2606:4700:4700::1111]/",
        ] {
            assert!(check_url(text, &Policy::default()).is_ok(), "{text}");
        }
        for text in ["http://127.0.0.1:3000/hook", "http://localhost:9/"] {
            assert!(check_url(text, &Policy::private()).is_ok(), "{text}");
        }
        let secret = check_url("http://a:b@localhost/", &Policy::private());
        assert_eq!(secret, Err(UrlError::UserInfo));
    }

    #[test]
    fn goes_to_the_ports_and_networks_that_the_operator_names() {
        let policy = Policy {
            ports: vec![443, 9443],
            networks: vec!["10.20.0.0/16".parse().unwrap(), "::1/128".parse().unwrap()],
            ..Policy::default()
        };
        for text in [
            "https://10.20.0.1:9443/",
            "https://169083905/",
            "https://[::1]/",
            "https://example.com:9443/",
            // What these resolve to decides.
            "https://bot/",
            "https://bot.internal/",
        ] {
            assert!(check_url(text, &policy).is_ok(), "{text}");
        }
        for (text, why) in [
            ("https://10.21.0.1/", UrlError::Host),
            ("https://127.0.0.1/", UrlError::Host),
            ("https://[::ffff:10.20.0.1]/", UrlError::Host),
            ("https://10.20.0.1:8443/", UrlError::Port),
            ("http://10.20.0.1/", UrlError::Scheme),
        ] {
            assert_eq!(check_url(text, &policy), Err(why), "{text}");
        }
    }
}

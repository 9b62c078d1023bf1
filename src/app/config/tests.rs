use super::*;
use std::{collections::BTreeMap, ffi::OsString};

const KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

fn read(extra: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let ours = [
        ("DATABASE_URL", "postgres://me:hidden@db:5432/pay"),
        ("THREADPAY_MASTER_KEY", KEY),
    ];
    // What comes later counts.
    let variables = ours.iter().chain(extra).map(|(n, v)| (n.into(), v.into()));
    let variables: BTreeMap<OsString, OsString> = variables.collect();
    Config::read(&Settings::read(variables)?)
}

#[test]
fn defaults_are_those_of_the_manual() {
    let config = read(&[]).unwrap();
    assert_eq!(config.listen, settings::LISTEN.default);
    assert_eq!(config.public_url, "http://127.0.0.1:8080");
    assert!(!config.allow_private_callbacks);
    assert_eq!(config.callback_ports, [443, 8443, 80]);
    assert_eq!(config.callback_networks, []);
    assert_eq!(config.callback_proxy, None);
    assert_eq!(config.callback_concurrency, 8);
    assert_eq!(config.retention_days, 30);
    assert_eq!(config.rate_limit, NonZeroU32::new(100));
}

#[test]
fn reads_every_variable() {
    let config = read(&[
        ("THREADPAY_LISTEN", "0.0.0.0:80"),
        ("THREADPAY_PUBLIC_URL", "https://pay.example.com/"),
        ("THREADPAY_ALLOW_PRIVATE_CALLBACKS", "true"),
        ("THREADPAY_CALLBACK_PORTS", "443, 9443"),
        (
            "THREADPAY_CALLBACK_NETWORKS",
            "10.20.0.0/16, fd12::/64,192.0.2.7,::1",
        ),
        ("THREADPAY_CALLBACK_PROXY", "http://me:hidden@proxy:3128"),
        ("THREADPAY_CALLBACK_CONCURRENCY", "256"),
        ("THREADPAY_RETENTION_DAYS", "3650"),
        ("THREADPAY_RATE_LIMIT", "50"),
        ("THREADPAY_OPERATOR_LISTEN", "[::1]:9090"),
    ])
    .unwrap();
    let networks = ["10.20.0.0/16", "fd12::/64", "192.0.2.7/32", "::1/128"];
    let networks = networks.map(|net| net.parse::<IpNet>().unwrap());
    assert_eq!(config.listen, "0.0.0.0:80");
    assert_eq!(config.public_url, "https://pay.example.com");
    assert!(config.allow_private_callbacks);
    assert_eq!(config.callback_ports, [443, 9443]);
    assert_eq!(config.callback_networks, networks);
    assert!(config.callback_proxy.is_some());
    assert_eq!(config.callback_concurrency, 256);
    assert_eq!(config.retention_days, 3650);
    assert_eq!(config.rate_limit, NonZeroU32::new(50));
    assert_eq!(config.operator_listen.as_deref(), Some("[::1]:9090"));
    let off = read(&[("THREADPAY_RATE_LIMIT", "off")]);
    assert_eq!(off.unwrap().rate_limit, None);
}

#[test]
fn the_public_address_is_as_browsers_write_it() {
    for (value, wanted) in [
        (" https://pay.example.com/ ", "https://pay.example.com"),
        (
            "HTTPS://Pay.Example.com:443/Shop/",
            "https://pay.example.com/Shop",
        ),
        (
            "https://pay.example.com/a b",
            "https://pay.example.com/a%20b",
        ),
        (
            "https://pay.example.com/x/../é",
            "https://pay.example.com/%C3%A9",
        ),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        (
            "http://pay.example.com/sh\nop",
            "http://pay.example.com/shop",
        ),
    ] {
        let config = read(&[("THREADPAY_PUBLIC_URL", value)]).unwrap();
        assert_eq!(config.public_url, wanted);
    }
}

#[test]
fn every_error_names_its_variable() {
    for (name, value) in [
        ("DATABASE_URL", ""),
        ("DATABASE_URL", "mysql://db"),
        ("THREADPAY_LISTEN", "8080"),
        ("THREADPAY_LISTEN", "localhost:"),
        ("THREADPAY_LISTEN", "::1:8080"),
        ("THREADPAY_LISTEN", "http://localhost:8080"),
        ("THREADPAY_PUBLIC_URL", "pay.example.com"),
        ("THREADPAY_PUBLIC_URL", "https://pay.example.com/?x=1"),
        ("THREADPAY_PUBLIC_URL", "https://pay.example.com//shop"),
        ("THREADPAY_PUBLIC_URL", "https://pay.example.com/a;b"),
        ("THREADPAY_MASTER_KEY", ""),
        ("THREADPAY_MASTER_KEY", "c2hvcnQ="),
        ("THREADPAY_ALLOW_PRIVATE_CALLBACKS", "yes"),
        ("THREADPAY_CALLBACK_PORTS", "443,"),
        ("THREADPAY_CALLBACK_PORTS", "0"),
        ("THREADPAY_CALLBACK_PORTS", "65536"),
        ("THREADPAY_CALLBACK_PORTS", "https"),
        ("THREADPAY_CALLBACK_NETWORKS", "10.20.0.0/33"),
        ("THREADPAY_CALLBACK_NETWORKS", "10.20.0.1/16"),
        ("THREADPAY_CALLBACK_NETWORKS", "10.20.0.0/16 fd12::/64"),
        ("THREADPAY_CALLBACK_NETWORKS", "bots.internal"),
        ("THREADPAY_CALLBACK_PROXY", "proxy:3128"),
        ("THREADPAY_CALLBACK_CONCURRENCY", "0"),
        ("THREADPAY_CALLBACK_CONCURRENCY", "257"),
        ("THREADPAY_RETENTION_DAYS", "0"),
        ("THREADPAY_RETENTION_DAYS", "3651"),
        ("THREADPAY_RATE_LIMIT", "0"),
        ("THREADPAY_OPERATOR_LISTEN", "9090"),
    ] {
        let error = read(&[(name, value)]).unwrap_err().to_string();
        assert!(error.contains(name), "{error}");
    }
}

#[test]
fn a_service_for_development_keeps_its_own_defaults_and_heeds_what_is_set() {
    let mut config = read(&[]).unwrap();
    (config.rate_limit, config.allow_private_callbacks) = (None, true);
    let before = format!("{config:?}");
    config.read_rest(&Settings::default()).unwrap();
    assert_eq!(format!("{config:?}"), before);
    let set = [
        ("THREADPAY_RATE_LIMIT", "7"),
        ("THREADPAY_ALLOW_PRIVATE_CALLBACKS", "false"),
        ("THREADPAY_CALLBACK_PORTS", "9443"),
        ("THREADPAY_OPERATOR_LISTEN", "localhost:9090"),
    ];
    let set = Settings::read(set.map(|(name, value)| (name.into(), value.into())));
    config.read_rest(&set.unwrap()).unwrap();
    assert_eq!(config.rate_limit, NonZeroU32::new(7));
    assert!(!config.allow_private_callbacks);
    assert_eq!(config.callback_ports, [9443]);
    assert_eq!(config.operator_listen.as_deref(), Some("localhost:9090"));
}

#[test]
fn the_address_that_it_really_listens_at_is_told() {
    let at = "127.0.0.1:34567".parse().unwrap();
    let listening = |extra: &[(&str, &str)]| {
        let mut config = read(extra).unwrap();
        config.listens_at(at);
        (config.listen, config.public_url)
    };
    let (listen, public_url) = listening(&[("THREADPAY_LISTEN", "localhost:0")]);
    assert_eq!(listen, "127.0.0.1:34567");
    assert_eq!(public_url, "http://localhost:34567");
    let named = ("THREADPAY_PUBLIC_URL", "https://pay.example.com");
    let (_, public_url) = listening(&[("THREADPAY_LISTEN", "127.0.0.1:0"), named]);
    assert_eq!(public_url, "https://pay.example.com");
}

#[test]
fn secrets_do_not_print() {
    let proxy = |url| read(&[("THREADPAY_CALLBACK_PROXY", url)]);
    let config = proxy("http://me:hidden@proxy:3128").unwrap();
    let mut printed = format!("{config:?} {:?}", config.database);
    for (name, value) in [
        (
            "THREADPAY_CALLBACK_PROXY",
            "http://me:hidden@proxy:3128/path",
        ),
        ("THREADPAY_PUBLIC_URL", "https://me:hidden@pay.example.com"),
        ("THREADPAY_PUBLIC_URL", "https://:hidden@pay.example.com"),
        ("THREADPAY_PUBLIC_URL", "https://@pay.example.com/hidden"),
        // Letters of a password that end the address early.
        ("DATABASE_URL", "postgres://me:12/hidden@db/pay"),
        ("DATABASE_URL", "postgres://me:12?hidden@db/pay"),
        ("DATABASE_URL", "postgres://me:12#hidden@db/pay"),
        ("DATABASE_URL", "postgres://me:x/hidden@db/pay"),
        ("DATABASE_URL", "postgres://me@db/pay?pasword=hidden"),
        ("DATABASE_URL", "me:hidden@db/pay"),
    ] {
        let error = read(&[(name, value)]).unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
        printed.extend([format!(" {error} {error:?}")]);
    }
    assert!(printed.contains("http://proxy:3128"), "{printed}");
    assert!(
        !printed.contains("hidden") && !printed.contains("AQEB"),
        "{printed}"
    );
}

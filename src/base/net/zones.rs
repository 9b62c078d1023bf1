//! Names that lead into the own network whatever a resolver says, or without asking one.

/// Zones that stand for the machine or its own network: reserved by RFC, never to be delegated,
/// or in common use where a network names its own machines.
const LOCAL: [&str; 21] = [
    "alt",
    "arpa",
    "consul",
    "corp",
    "docker",
    "home",
    "i2p",
    "internal",
    "intranet",
    "invalid",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "lxd",
    "mail",
    "nomad",
    "onion",
    "private",
    "svc",
    "workgroup",
];

/// Public zones whose names lead to any address one likes, or to one's own machine. They are made
/// for testing, and serve to get around guards like ours.
const ANY_ADDRESS: [&str; 30] = [
    "127-0-0-1.org.uk",
    "1u.ms",
    "42foo.com",
    "backname.io",
    "ddev.site",
    "fuf.me",
    "ip6.name",
    "lacolhost.com",
    "lcl.host",
    "lndo.site",
    "local.gd",
    "localh.st",
    "localho.st",
    "localhost.direct",
    "localhost.tv",
    "localhst.co.uk",
    "localtest.me",
    "lvh.me",
    "nip.io",
    "plex.direct",
    "rbndr.us",
    "rebind.it",
    "rebind.network",
    "smackaho.st",
    "sslip.io",
    "traefik.me",
    "ulh.us",
    "vcap.me",
    "xip.io",
    "xip.name",
];

/// Whether a name means something on the own network only. A name without a dot is looked for
/// there first.
pub(super) fn is_local(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    !name.contains('.') || lies_in(name, &LOCAL)
}

/// Whether whoever asks for a name chooses the address that it leads to.
pub(super) fn answers_with_any_address(name: &str) -> bool {
    lies_in(name.trim_end_matches('.'), &ANY_ADDRESS)
}

fn lies_in(name: &str, zones: &[&str]) -> bool {
    zones.iter().any(|zone| {
        let rest = name.strip_suffix(zone);
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    })
}

//! What the connections of a thread come to: bytes in memory, and connections of each network.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
};

/// Where a connection comes from, as far as connections are counted: an IPv4 address, or the /64
/// that one holder of IPv6 addresses has.
pub(in crate::http) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => {
            let network = u128::from(v6) & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from(network))
        }
    }
}

/// What all connections of one thread come to.
#[derive(Debug, Default)]
pub(in crate::http) struct Tally {
    /// Bytes that they keep in memory.
    pub(in crate::http) held: Cell<usize>,
    by_network: RefCell<HashMap<IpAddr, usize>>,
}

impl Tally {
    /// How many connections come from this network.
    pub(in crate::http) fn of(&self, network: IpAddr) -> usize {
        let counts = self.by_network.borrow();
        counts.get(&network).copied().unwrap_or(0)
    }

    /// One more comes from this network.
    pub(in crate::http) fn enter(&self, network: IpAddr) {
        let mut counts = self.by_network.borrow_mut();
        let count = counts.entry(network).or_default();
        *count = count.saturating_add(1);
    }

    /// One fewer.
    pub(in crate::http) fn leave(&self, network: IpAddr) {
        let mut counts = self.by_network.borrow_mut();
        let left = counts.get(&network).map_or(0, |n| n.saturating_sub(1));
        if left == 0 {
            counts.remove(&network);
        } else {
            counts.insert(network, left);
        }
    }

    /// So many bytes more are kept.
    pub(in crate::http) fn add(&self, bytes: usize) {
        self.held.set(self.held.get().saturating_add(bytes));
    }

    /// So many bytes are no longer kept.
    pub(in crate::http) fn subtract(&self, bytes: usize) {
        self.held.set(self.held.get().saturating_sub(bytes));
    }
}

//! How many requests a second a caller may make, and the headers that tell it
//! (draft-ietf-httpapi-ratelimit-headers).

use crate::base::ids::KeyId;
use crate::http::server::tally::network;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{
    fmt,
    hash::{BuildHasher, Hash, RandomState},
    net::IpAddr,
    num::NonZeroU32,
};

/// After so many requests those are forgotten that may make all of theirs at once again. So no
/// limiter holds many more entries than there are requests in a second.
const FORGET_EVERY: u32 = 4096;

type Counters<K> =
    RateLimiter<K, DefaultKeyedStateStore<K>, DefaultClock, StateInformationMiddleware>;

/// Counts the requests of each key, and of those who have none.
#[derive(Debug)]
pub(in crate::http) struct Limits {
    keys: Limiter<KeyId>,
    addresses: Limiter<IpAddr>,
    subjects: Limiter<u64>,
    /// Turns what a stranger's request is about into a number that no stranger can foresee.
    hasher: RandomState,
}

impl Limits {
    /// Each may make so many requests a second.
    pub(in crate::http) fn new(per_second: NonZeroU32) -> Self {
        Self {
            keys: Limiter::new("key", per_second),
            addresses: Limiter::new("address", per_second),
            subjects: Limiter::new("subject", per_second),
            hasher: RandomState::new(),
        }
    }

    /// Counts one request of `key`.
    pub(in crate::http) fn key(&self, key: KeyId) -> Standing {
        self.keys.count(&key)
    }

    /// Counts a post of somebody without a key, by where it comes from.
    pub(in crate::http) fn address(&self, address: IpAddr) -> Standing {
        self.addresses.count(&network(address))
    }

    /// Counts one request about `subject`: a page's token, the id of a client.
    pub(in crate::http) fn subject(&self, subject: impl Hash) -> Standing {
        self.subjects.count(&self.hasher.hash_one(subject))
    }
}

/// Counts the requests of each of its kind.
struct Limiter<K: Hash + Eq + Clone> {
    name: &'static str,
    per_second: NonZeroU32,
    clock: DefaultClock,
    counters: Counters<K>,
    counted: AtomicU32,
}

impl<K: Hash + Eq + Clone> fmt::Debug for Limiter<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Limiter({} a second, {})", self.per_second, self.name)
    }
}

/// Where a caller is after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) struct Standing {
    name: &'static str,
    per_second: NonZeroU32,
    /// Requests that may follow at once.
    remaining: u32,
    /// Whole seconds after which one more may follow; zero while some remain.
    wait: u32,
}

impl<K: Hash + Eq + Clone> Limiter<K> {
    fn new(name: &'static str, per_second: NonZeroU32) -> Self {
        let quota = Quota::per_second(per_second);
        Self {
            name,
            per_second,
            clock: DefaultClock::default(),
            counters: RateLimiter::keyed(quota).with_middleware(),
            counted: AtomicU32::new(0),
        }
    }

    fn count(&self, caller: &K) -> Standing {
        let counted = self.counted.fetch_add(1, Ordering::Relaxed);
        if counted % FORGET_EVERY == FORGET_EVERY - 1 {
            self.counters.retain_recent();
            self.counters.shrink_to_fit();
        }
        let (remaining, wait) = match self.counters.check_key(caller) {
            Ok(snapshot) => (snapshot.remaining_burst_capacity(), 0),
            Err(not_until) => {
                let wait = not_until.wait_time_from(self.clock.now());
                let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX);
                (0, seconds.saturating_add(1))
            }
        };
        Standing {
            name: self.name,
            per_second: self.per_second,
            remaining,
            wait,
        }
    }
}

impl Standing {
    /// Seconds to wait, if the request is one too many.
    pub(in crate::http) fn refused(self) -> Option<u32> {
        (self.wait > 0).then_some(self.wait)
    }

    /// Tells the caller where it is.
    pub(in crate::http) fn write(self, headers: &mut HeaderMap) {
        let name = self.name;
        let policy = format!("\"{name}\";q={};w=1", self.per_second);
        let limit = format!("\"{name}\";r={};t={}", self.remaining, self.wait.max(1));
        for (name, value) in [("ratelimit-policy", policy), ("ratelimit", limit)] {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;
    use uuid::Uuid;

    fn limits(per_second: u32) -> Limits {
        Limits::new(NonZeroU32::new(per_second).unwrap())
    }

    #[test]
    fn each_key_has_a_limit_of_its_own() {
        let limits = limits(2);
        let (one, two) = (KeyId(Uuid::from_u128(1)), KeyId(Uuid::from_u128(2)));
        assert_eq!(limits.key(one).remaining, 1);
        assert_eq!(limits.key(one).refused(), None);
        let standing = limits.key(one);
        assert_eq!(standing.refused(), Some(1));
        assert_eq!(limits.key(two).refused(), None);
        let mut headers = HeaderMap::new();
        standing.write(&mut headers);
        let header = |name: &str| headers.get(name).unwrap().to_str().unwrap();
        assert_eq!(header("ratelimit-policy"), "\"key\";q=2;w=1");
        assert_eq!(header("ratelimit"), "\"key\";r=0;t=1");
    }

    #[test]
    fn strangers_are_counted_and_forgotten() {
        let limits = limits(1000);
        for number in 0..100_000_u32 {
            limits.address(IpAddr::V4(Ipv4Addr::from(number)));
            limits.subject(number);
        }
        let (addresses, subjects) = (&limits.addresses.counters, &limits.subjects.counters);
        let most = 2 * usize::try_from(FORGET_EVERY).unwrap();
        assert!(addresses.len() <= most, "{}", addresses.len());
        assert!(subjects.len() <= most, "{}", subjects.len());
    }
}

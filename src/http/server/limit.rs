//! How many requests a key may make in a second, and the headers that tell it
//! (draft-ietf-httpapi-ratelimit-headers).

use crate::base::ids::KeyId;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use std::{fmt, num::NonZeroU32};

/// Counts the requests of each key. One entry for each key that ever called, so its size is bounded
/// by the number of valid keys.
pub(in crate::http) struct Limiter {
    per_second: NonZeroU32,
    clock: DefaultClock,
    keys:
        RateLimiter<KeyId, DefaultKeyedStateStore<KeyId>, DefaultClock, StateInformationMiddleware>,
}

impl fmt::Debug for Limiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Limiter({} a second)", self.per_second)
    }
}

/// Where a key stands after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) struct Standing {
    per_second: NonZeroU32,
    /// Requests that may follow at once.
    remaining: u32,
    /// Whole seconds after which one more may follow; zero while some remain.
    wait: u32,
}

impl Limiter {
    pub(in crate::http) fn new(per_second: NonZeroU32) -> Self {
        let quota = Quota::per_second(per_second);
        Self {
            per_second,
            clock: DefaultClock::default(),
            keys: RateLimiter::keyed(quota).with_middleware(),
        }
    }

    /// Counts one request of `key`.
    pub(in crate::http) fn count(&self, key: KeyId) -> Standing {
        let (remaining, wait) = match self.keys.check_key(&key) {
            Ok(snapshot) => (snapshot.remaining_burst_capacity(), 0),
            Err(not_until) => {
                let wait = not_until.wait_time_from(self.clock.now());
                let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX);
                (0, seconds.saturating_add(1))
            }
        };
        Standing {
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

    /// Tells the caller where it stands.
    pub(in crate::http) fn write(self, headers: &mut HeaderMap) {
        let policy = format!("\"key\";q={};w=1", self.per_second);
        let limit = format!("\"key\";r={};t={}", self.remaining, self.wait.max(1));
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
    use uuid::Uuid;

    #[test]
    fn each_key_has_a_limit_of_its_own() {
        let limiter = Limiter::new(NonZeroU32::new(2).unwrap());
        let (one, two) = (KeyId(Uuid::from_u128(1)), KeyId(Uuid::from_u128(2)));
        assert_eq!(limiter.count(one).remaining, 1);
        assert_eq!(limiter.count(one).refused(), None);
        let standing = limiter.count(one);
        assert_eq!(standing.refused(), Some(1));
        assert_eq!(limiter.count(two).refused(), None);
        let mut headers = HeaderMap::new();
        standing.write(&mut headers);
        let header = |name: &str| headers.get(name).unwrap().to_str().unwrap();
        assert_eq!(header("ratelimit-policy"), "\"key\";q=2;w=1");
        assert_eq!(header("ratelimit"), "\"key\";r=0;t=1");
    }
}

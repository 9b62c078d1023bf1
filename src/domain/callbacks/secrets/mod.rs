//! The secrets of endpoints as they are stored: each sealed for its endpoint, and with its time.

pub mod store;

use super::{EndpointError, EndpointSecret, UnsealError, endpoint::MOST_SECRETS};
use crate::base::{
    ambient::Ambient,
    crypto::SealingKeys,
    ids::{EndpointId, MerchantId},
};
use time::{Duration, OffsetDateTime};

/// A secret that was made for an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSecret {
    /// As `EndpointSecret::seal` made it.
    pub sealed: Vec<u8>,
    /// Its Ed25519 public key.
    pub public_key: Option<[u8; 32]>,
}

/// A secret of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSecret {
    /// Whose it is.
    pub merchant: MerchantId,
    /// Which endpoint's.
    pub endpoint: EndpointId,
    /// 1 for the endpoint's first.
    pub number: i32,
    /// As `EndpointSecret::seal` made it.
    pub sealed: Vec<u8>,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// Until when it signs; `None` for the newest.
    pub expires_at: Option<OffsetDateTime>,
}

impl StoredSecret {
    /// The first secret of an endpoint.
    pub fn first(
        (merchant, endpoint): (MerchantId, EndpointId),
        new: &NewSecret,
        now: OffsetDateTime,
    ) -> Self {
        Self {
            merchant,
            endpoint,
            number: 1,
            sealed: new.sealed.clone(),
            created_at: now,
            expires_at: None,
        }
    }

    /// The same secret, sealed by the newest of the keys.
    pub fn resealed(&self, keys: &SealingKeys, ambient: &Ambient) -> Result<Self, UnsealError> {
        let owner = (self.merchant, self.endpoint);
        let secret = EndpointSecret::open(keys, owner, &self.sealed)?;
        Ok(Self {
            sealed: secret.seal(keys, owner, ambient)?,
            ..*self
        })
    }

    fn signs(&self, now: OffsetDateTime) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }
}

/// Puts a new secret in the place of the newest of `secrets`, which signs on for `overlap`.
/// Gives the two as they are to be stored.
pub fn rotate(
    secrets: &[StoredSecret],
    new: &NewSecret,
    overlap: Duration,
    now: OffsetDateTime,
) -> Result<Vec<StoredSecret>, EndpointError> {
    let Some(newest) = secrets.iter().max_by_key(|secret| secret.number) else {
        return Ok(Vec::new());
    };
    let replaced = StoredSecret {
        expires_at: Some(now + overlap),
        ..newest.clone()
    };
    let others = secrets.iter().filter(|s| s.number != newest.number);
    let signing = others.chain([&replaced]).filter(|s| s.signs(now)).count();
    if signing >= MOST_SECRETS {
        return Err(EndpointError::TooManySecrets);
    }
    let next = StoredSecret {
        number: newest.number + 1,
        sealed: new.sealed.clone(),
        created_at: now,
        expires_at: None,
        ..newest.clone()
    };
    Ok(vec![replaced, next])
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;
    use uuid::Uuid;

    const NOW: OffsetDateTime = datetime!(2026-11-22 06:00:00 UTC);

    #[test]
    fn at_most_five_sign_and_each_for_its_time() {
        let new = NewSecret {
            sealed: vec![7],
            public_key: None,
        };
        let ids = (Uuid::from_u128(1).into(), Uuid::from_u128(2).into());
        let mut secrets = vec![StoredSecret::first(ids, &new, NOW)];
        let turn = |secrets: &mut Vec<StoredSecret>, overlap, now| {
            let changed = rotate(secrets, &new, overlap, now)?;
            secrets.pop();
            secrets.extend(changed);
            Ok(())
        };
        for _ in 0..4 {
            turn(&mut secrets, Duration::DAY, NOW).unwrap();
        }
        assert_eq!(secrets.iter().filter(|s| s.signs(NOW)).count(), 5);
        let sixth = turn(&mut secrets, Duration::DAY, NOW);
        assert_eq!(sixth, Err(EndpointError::TooManySecrets));
        // Without an overlap the newest makes room for its follower.
        turn(&mut secrets, Duration::ZERO, NOW).unwrap();
        assert_eq!(secrets.iter().filter(|s| s.signs(NOW)).count(), 5);
        let later = NOW + Duration::DAY;
        assert_eq!(secrets.iter().filter(|s| s.signs(later)).count(), 1);
        turn(&mut secrets, Duration::days(7), later).unwrap();
        assert_eq!(secrets.iter().filter(|s| s.signs(later)).count(), 2);
    }
}

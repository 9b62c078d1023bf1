//! What all handlers share.

use super::limit::Limiter;
use crate::ambient::Ambient;
use crate::auth::Authenticator;
use crate::config::Config;
use crate::crypto::Keyring;
use crate::telemetry::Metrics;
use sqlx::PgPool;

/// What all handlers share; built once, handed to every worker.
#[derive(Debug)]
pub struct State {
    /// Connections for reading.
    pub pool: PgPool,
    /// Knows callers by their keys.
    pub authenticator: Authenticator,
    /// The cell's keys.
    pub keyring: Keyring,
    /// Counters and histograms.
    pub metrics: Metrics,
    /// What the service was told from outside.
    pub config: Config,
    /// Time and chance.
    pub ambient: Ambient,
    /// Counts each key's requests, where a limit is set.
    pub(super) limiter: Option<Limiter>,
}

impl State {
    /// Puts the parts together.
    pub fn new(
        pool: PgPool,
        keyring: Keyring,
        metrics: Metrics,
        config: Config,
        ambient: Ambient,
    ) -> Self {
        let signer = keyring.signing.clone();
        Self {
            authenticator: Authenticator::new(pool.clone(), signer, ambient.clone()),
            limiter: config.rate_limit.map(Limiter::new),
            pool,
            keyring,
            metrics,
            config,
            ambient,
        }
    }
}

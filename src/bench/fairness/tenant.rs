//! A hostile tenant: keys, a page, and as many endpoints as it may have, none of which answers in
//! time.

use super::super::{
    environment::Environment,
    failure::failed,
    receiver::{ENDPOINTS, Manner},
    services::Caller,
    stage::Stage,
    work::INTENT,
};
use crate::{
    domain::auth::Role,
    program::{ProgramError, keys},
};
use serde::Deserialize;

/// How many keys it floods with.
const KEYS: usize = 4;
/// How many endpoints a merchant may have.
const ENDPOINTS_MAX: usize = 16;

/// A tenant for one round.
#[derive(Debug)]
pub(super) struct Tenant {
    owner: Caller,
    /// The keys that it makes payments with: each key has a limit of its own.
    pub floods: Vec<String>,
    /// The key that it lists with.
    pub lists: String,
    /// The key that it polls with.
    pub polls: String,
    /// The key that it exports with.
    pub exports: String,
    /// The path of a page where it pays.
    pub page: String,
    endpoints: Vec<String>,
}

#[derive(Deserialize)]
struct Made {
    pay_url: String,
}

impl Tenant {
    /// Comes with all that it needs.
    pub async fn enter(environment: &Environment, stage: &Stage) -> Result<Self, ProgramError> {
        let owner = environment.merchant().await?;
        let key = async || {
            let key = keys::create(&environment.db, owner.merchant, Role::Merchant.into());
            Ok::<_, ProgramError>(key.await?.text())
        };
        let mut floods = Vec::new();
        for _ in 0..KEYS {
            floods.push(key().await?);
        }
        let made = stage.ask(&owner, "POST /v1/payment_intents", INTENT).await;
        let made = made.map_err(failed)?;
        let Made { pay_url } = serde_json::from_slice(&made.body).map_err(failed)?;
        let page = pay_url.strip_prefix(&format!("http://{}", stage.address));
        let mut endpoints = Vec::new();
        for number in 0..ENDPOINTS_MAX {
            let is_odd = number % 2 == 1;
            let manner = if is_odd { Manner::Slow } else { Manner::Silent };
            let url = environment.receiver.url(ENDPOINTS - 1, manner)?;
            let url = format!("{url}?{number}");
            endpoints.push(stage.register(&owner, &url, "*").await?);
        }
        Ok(Self {
            floods,
            lists: key().await?,
            polls: key().await?,
            exports: key().await?,
            page: page.unwrap_or_default().to_owned(),
            owner,
            endpoints,
        })
    }

    /// Takes its endpoints away, so that what is due there does not reach into the next round.
    pub async fn leave(&self, stage: &Stage) -> Result<(), ProgramError> {
        for endpoint in &self.endpoints {
            stage.delete(&self.owner, endpoint).await?;
        }
        Ok(())
    }
}

//! The prober: tries failing accounts at their providers, so that each is offered again though nobody
//! pays by it.

use super::{
    Progress, Worker,
    queue::{Bounds, Queue},
    submit,
};
use crate::{
    app::App,
    base::ids::RailAccountId,
    domain::{
        auth::{self, Merchant},
        due::{self, Kind, Taken},
        rail_accounts::{CredentialsError, RailAccount, breaker, store},
    },
    writer::{RailAccountCommand, WriteError},
};
use std::{sync::Arc, time::Duration};

const BOUNDS: Bounds = Bounds {
    merchants: 256,
    share: 16,
    at_once: 16,
};

/// Tries accounts that are failing.
#[derive(Debug)]
pub struct Prober(Queue);

impl Prober {
    /// A prober that begins with the first merchant.
    pub fn new(app: Arc<App>) -> Self {
        Self(Queue::new(app, Kind::RailAccount, BOUNDS))
    }
}

/// Why an account cannot be tried.
#[derive(Debug, thiserror::Error)]
enum ProbeError {
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl Worker for Prober {
    const NAME: &'static str = "probe";
    const PERIOD: Duration = Duration::from_secs(1);
    type Error = sqlx::Error;

    async fn tick(&mut self) -> Result<Progress, sqlx::Error> {
        self.0.tick(probe).await
    }
}

async fn probe(app: &App, taken: Taken) -> Result<(), ProbeError> {
    let (pool, thing) = (&app.worker_pool, (taken.merchant, taken.subject));
    let id = RailAccountId(taken.subject);
    let account = store::get(pool, taken.merchant, id).await?;
    let merchant = auth::store::merchant(pool, taken.merchant).await?;
    let failing = account.filter(RailAccount::is_failing);
    let (Some(account), Some(merchant)) = (failing, merchant) else {
        due::store::done(pool, Kind::RailAccount, &[thing]).await?;
        return Ok(());
    };
    if works(app, &account, &merchant).await? {
        let command = RailAccountCommand::Check(id, None);
        submit::<Prober>(app, taken.merchant, command.into()).await?;
        return Ok(());
    }
    // That the provider is away is nothing that is stuck here.
    let now = app.ambient.now();
    let rest = breaker::rest(now - account.updated_at);
    due::store::again(pool, Kind::RailAccount, thing, now + rest).await?;
    Ok(())
}

async fn works(
    app: &App,
    account: &RailAccount,
    merchant: &Merchant,
) -> Result<bool, CredentialsError> {
    let opened = app.providers.open(account, merchant.mode)?;
    let patience = account.route().rail.patience();
    let checked = app.providers.check(&account.settings, opened.as_ref());
    let checked = tokio::time::timeout(patience, checked).await;
    Ok(matches!(checked, Ok(Ok(()))))
}

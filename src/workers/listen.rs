//! Finds out what providers told: asks them, and takes in what they say.

use super::{Progress, Worker, calls::Calls, learn, submission};
use crate::{
    app::{App, Told, UntoldError},
    base::ids::RailEventId,
    domain::{
        due::{self, Kind, Taken},
        rail_events,
        rails::RailAnswer,
    },
    writer::{SettlementCommand, WriteError},
};
use std::{sync::Arc, time::Duration};

/// Asks providers about what they told.
#[derive(Debug)]
pub struct Listener(Calls);

impl Listener {
    /// A listener that begins with the first merchant.
    pub fn new(app: Arc<App>) -> Self {
        Self(Calls::new(app, Kind::RailEvent))
    }
}

/// Why an event is not done with.
#[derive(Debug, thiserror::Error)]
enum ListenError {
    #[error(transparent)]
    Untold(#[from] UntoldError),
    #[error("the provider gave no answer")]
    NoAnswer,
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl Worker for Listener {
    const NAME: &'static str = "listen";
    const PERIOD: Duration = Duration::from_millis(500);
    type Error = sqlx::Error;

    async fn tick(&mut self) -> Result<Progress, sqlx::Error> {
        self.0.tick(ask).await
    }

    async fn stop(&mut self) {
        self.0.stop().await;
    }
}

async fn ask(app: Arc<App>, taken: Taken) -> Result<(), ListenError> {
    let (merchant, id) = (taken.merchant, RailEventId(taken.subject));
    let waiting = rail_events::store::waiting(&app.worker_pool, merchant, id).await?;
    if let Some(event) = waiting {
        let now = app.ambient.now();
        match app.providers.told(&event).await? {
            Told::Facts(facts) => {
                for fact in facts {
                    if fact.outcome == RailAnswer::Unknown {
                        return Err(ListenError::NoAnswer);
                    }
                    learn::<Listener>(&app, merchant, fact).await?;
                }
            }
            Told::Payout(payout) => {
                let has_more = payout.page.as_ref().is_some_and(|page| page.next.is_some());
                let keep = SettlementCommand::Keep(payout);
                app.writer
                    .submit(submission::<Listener>(merchant, keep))
                    .await?;
                if has_more {
                    let event = (merchant, id.0);
                    due::store::again(&app.worker_pool, Kind::RailEvent, event, now).await?;
                    return Ok(());
                }
            }
        }
        rail_events::store::handled(&app.worker_pool, merchant, id, now).await?;
    }
    due::store::done(&app.worker_pool, Kind::RailEvent, &[(merchant, id.0)]).await?;
    Ok(())
}

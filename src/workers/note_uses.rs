//! Writes down when API keys were last used: seldom, and all of them in one statement.

use super::{Progress, Worker};
use crate::app::App;
use std::{sync::Arc, time::Duration};

/// Writes down when keys let somebody in. Each process has one.
#[derive(Debug)]
pub struct UseRecorder(pub Arc<App>);

impl Worker for UseRecorder {
    const NAME: &'static str = "note_uses";
    const PERIOD: Duration = Duration::from_mins(1);
    type Error = sqlx::Error;

    async fn tick(&mut self) -> Result<Progress, sqlx::Error> {
        self.0.authenticator.note_uses().await?;
        Ok(Progress::Idle)
    }

    async fn stop(&mut self) {
        // A minute of uses is all that a database that is away could take.
        if let Err(error) = self.0.authenticator.note_uses().await {
            tracing::warn!(%error, "the last uses of API keys are not written down");
        }
    }
}

//! Ctrl-C and SIGTERM: the first asks to stop in good order, the second to stop now.

use super::ProgramError;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// What the user wants, for everything that runs long.
#[derive(Clone, Debug)]
pub struct Signals {
    soft: CancellationToken,
    hard: CancellationToken,
}

impl Signals {
    /// Begins to listen; from here on neither signal ends the process by itself.
    pub fn listen() -> Result<Self, ProgramError> {
        let interrupt = signal(SignalKind::interrupt()).map_err(ProgramError::Runtime)?;
        let terminate = signal(SignalKind::terminate()).map_err(ProgramError::Runtime)?;
        let signals = Self {
            soft: CancellationToken::new(),
            hard: CancellationToken::new(),
        };
        tokio::spawn(signals.clone().watch(interrupt, terminate));
        Ok(signals)
    }

    /// Cancelled when work should come to its end: take nothing new, finish what is begun.
    pub fn soft(&self) -> &CancellationToken {
        &self.soft
    }

    /// The result of `work`, unless it is to be dropped first.
    pub async fn unless_hard<T>(
        &self,
        work: impl Future<Output = Result<T, ProgramError>>,
    ) -> Result<T, ProgramError> {
        tokio::select! {
            result = work => result,
            () = self.hard.cancelled() => Err(ProgramError::Interrupted),
        }
    }

    async fn watch(self, mut interrupt: Signal, mut terminate: Signal) {
        for token in [&self.soft, &self.hard] {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            token.cancel();
        }
    }
}

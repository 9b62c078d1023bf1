//! Work that is not the service's: on a thread of its own, so that its processor time is known.

use super::{cost, failure::failed};
use crate::program::ProgramError;
use std::{io, thread, time::Duration};
use tokio::{
    runtime::{Builder, Handle},
    sync::oneshot,
};

/// A thread that runs what it is given until this is dropped.
#[derive(Debug)]
pub(super) struct SideRuntime {
    handle: Handle,
    _stop: oneshot::Sender<()>,
}

impl SideRuntime {
    /// Starts one.
    pub fn start(name: &str) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        let work = move || {
            // Ends when the other half is dropped.
            let _ = runtime.block_on(stopped);
        };
        thread::Builder::new().name(name.to_owned()).spawn(work)?;
        Ok(Self {
            handle,
            _stop: stop,
        })
    }

    /// Where to spawn what runs on.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Runs `work` there to its end.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = io::Result<T>> + Send + 'static,
    ) -> Result<T, ProgramError> {
        let done = self.handle.spawn(work).await.map_err(failed)?;
        done.map_err(failed)
    }

    /// The processor time that the thread has used.
    pub async fn cpu(&self) -> Result<Duration, ProgramError> {
        self.run(async { cost::of_this_thread() }).await
    }
}

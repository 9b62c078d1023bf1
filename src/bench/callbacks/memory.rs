//! How much memory a long queue takes.

use super::{super::cost, Environment, Manner, rate::rush};
use crate::program::ProgramError;
use serde::Serialize;
use std::time::{Duration, Instant};

/// Endpoints of the one merchant: each event is sent to all of them.
const ENDPOINTS: usize = 10;
/// The queue is watched until it is empty, or for so long.
const WATCH: Duration = Duration::from_mins(1);
const LOOK: Duration = Duration::from_millis(10);

/// The resident memory of the process, where the system tells it.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Memory {
    /// Deliveries that were queued.
    pub queued: usize,
    /// How many came while it was watched.
    pub delivered: usize,
    /// Before the service that sends them was started.
    pub before_bytes: Option<u64>,
    /// The most while it sent.
    pub peak_bytes: Option<u64>,
}

/// Queues deliveries while nobody sends, and watches a service that sends them.
pub(super) async fn queue(
    environment: &Environment,
    deliveries: u64,
) -> Result<Memory, ProgramError> {
    let stage = environment.serve(false).await?;
    let caller = environment.merchant().await?;
    for endpoint in 0..ENDPOINTS {
        let url = environment.receiver.url(endpoint, Manner::Healthy)?;
        stage.register(&caller, &url, "*").await?;
    }
    let events = deliveries.div_ceil(u64::try_from(ENDPOINTS).unwrap_or(u64::MAX));
    let made = rush(environment, &stage, (&[caller], events, Duration::MAX)).await?;
    stage.service.stop().await;
    let queued = made * ENDPOINTS;
    let (before_bytes, mut peak_bytes) = (cost::resident_bytes(), None);
    let stage = environment.serve(true).await?;
    let start = Instant::now();
    while environment.receiver.count() < queued && start.elapsed() < WATCH {
        peak_bytes = peak_bytes.max(cost::resident_bytes());
        tokio::time::sleep(LOOK).await;
    }
    let delivered = environment.receiver.forget().len();
    stage.service.stop().await;
    Ok(Memory {
        queued,
        delivered,
        before_bytes,
        peak_bytes,
    })
}

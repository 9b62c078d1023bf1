//! How many deliveries a second, and what each costs.

use super::{
    super::{cost::Share, failure::failed, sample::per_second, services::Caller},
    Environment, Manner,
    load::{Load, Until},
    receiver::Arrivals,
    stage::Stage,
};
use crate::program::ProgramError;
use bytes::Bytes;
use serde::Serialize;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// How many posts the bare client has under way to one endpoint: as many as the dispatcher has.
const IN_FLIGHT_EACH: usize = 8;
/// How long a service warms up.
const WARM_UP: Duration = Duration::from_secs(1);

/// How deliveries came to be due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum How {
    /// The client alone posts; nothing is due.
    Bare,
    /// All were queued before the first was sent.
    Queued,
    /// They were made at the same time as they were sent.
    Together,
}

/// The rate of one measurement.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Rate {
    /// What was measured.
    pub how: How,
    /// How many endpoints took their turns.
    pub endpoints: usize,
    /// How many deliveries came.
    pub deliveries: usize,
    /// How many a second.
    pub per_second: u64,
    /// What each cost.
    pub cpu: Share,
}

/// What the client alone can do: posts of a body as the service sends it.
pub(super) async fn bare(
    environment: &Environment,
    stage: &Stage,
    (endpoints, time): (usize, Duration),
) -> Result<Rate, ProgramError> {
    let body = Bytes::from(environment.receiver.body());
    let (cost, posts, start) = (
        environment.cost().await?,
        environment.receiver.posts(),
        Instant::now(),
    );
    let mut tasks = JoinSet::new();
    for endpoint in 0..endpoints {
        let url = environment.receiver.url(endpoint, Manner::Healthy)?;
        for _ in 0..IN_FLIGHT_EACH {
            let (outbound, body) = (stage.service.app.outbound.clone(), body.clone());
            let url = url.clone();
            tasks.spawn(async move {
                while start.elapsed() < time {
                    let posted = outbound.post(&url, &HEADERS, body.clone()).await;
                    posted.map_err(failed)?;
                }
                Ok::<(), ProgramError>(())
            });
        }
    }
    while let Some(done) = tasks.join_next().await {
        done.map_err(failed)??;
    }
    let (span, spent) = (start.elapsed(), environment.cost().await?);
    let deliveries = environment.receiver.posts() - posts;
    environment.receiver.forget();
    Ok(Rate {
        how: How::Bare,
        endpoints,
        deliveries,
        per_second: per_second(deliveries, span),
        cpu: Share {
            postgres_us: None,
            ..spent.share(cost, deliveries)
        },
    })
}

/// Headers of the length that they have on a delivery.
const HEADERS: [(&str, &str); 4] = [
    ("content-type", "application/json"),
    ("webhook-id", "evt_00000000000000000000000000"),
    ("webhook-timestamp", "1700000000"),
    (
        "webhook-signature",
        "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    ),
];

/// One delivery, from which the length of a body is known.
pub(super) async fn first(environment: &Environment, stage: &Stage) -> Result<(), ProgramError> {
    let callers = environment.merchants(stage, 1).await?;
    rush(environment, stage, (&callers, 1, Duration::MAX)).await?;
    environment.receiver.take(1).await.map(drop)
}

/// Queues so many deliveries while nobody sends, then lets a service send them.
pub(super) async fn queued(
    environment: &Environment,
    (endpoints, count): (usize, u64),
) -> Result<Rate, ProgramError> {
    let stage = environment.serve(false).await?;
    let callers = environment.merchants(&stage, endpoints).await?;
    let made = rush(environment, &stage, (&callers, count, Duration::MAX)).await?;
    stage.service.stop().await;
    let cost = environment.cost().await?;
    let stage = environment.serve(true).await?;
    let arrivals = environment.receiver.take(made).await?;
    let spent = environment.cost().await?;
    stage.service.stop().await;
    let first = arrivals.values().min().copied();
    Ok(Rate {
        how: How::Queued,
        endpoints,
        deliveries: made,
        per_second: per_second(made, span(&arrivals, first)),
        cpu: spent.share(cost, made),
    })
}

/// Asks for money as fast as the service lets, while it sends what is due.
pub(super) async fn together(
    environment: &Environment,
    (endpoints, time): (usize, Duration),
) -> Result<Rate, ProgramError> {
    let stage = environment.serve(true).await?;
    let callers = environment.merchants(&stage, endpoints).await?;
    let warm = rush(environment, &stage, (&callers, u64::MAX, WARM_UP)).await?;
    environment.receiver.take(warm).await?;
    let (cost, start) = (environment.cost().await?, Instant::now());
    let made = rush(environment, &stage, (&callers, u64::MAX, time)).await?;
    let arrivals = environment.receiver.take(made).await?;
    let spent = environment.cost().await?;
    stage.service.stop().await;
    Ok(Rate {
        how: How::Together,
        endpoints,
        deliveries: made,
        per_second: per_second(made, span(&arrivals, Some(start))),
        cpu: spent.share(cost, made),
    })
}

/// Asks until `count` or `time` is reached, and says how often.
pub(super) async fn rush(
    environment: &Environment,
    stage: &Stage,
    (callers, count, time): (&[Caller], u64, Duration),
) -> Result<usize, ProgramError> {
    let load = Load::new(stage.address, callers);
    let made = load.rush(&environment.bots, Until { count, time }).await?;
    usize::try_from(made).map_err(failed)
}

/// From `start` to the last arrival.
fn span(arrivals: &Arrivals, start: Option<Instant>) -> Duration {
    let span = arrivals.values().max().copied().zip(start);
    span.map_or(Duration::ZERO, |(last, start)| last.duration_since(start))
}

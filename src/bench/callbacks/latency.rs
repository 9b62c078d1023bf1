//! How long a callback takes at a steady pace, and whether bad neighbors delay it.

use super::{
    Environment, Manner,
    delays::Spread,
    load::{Asked, Load},
    receiver::ENDPOINTS,
    stage::Stage,
};
use crate::program::ProgramError;
use serde::Serialize;
use std::time::{Duration, Instant};

/// Requests in the first second warm up and do not count.
const WARM_UP: Duration = Duration::from_secs(1);
/// Merchants among whom the endpoints are shared: one may have sixteen.
const MERCHANTS: usize = 2;
/// Events of one round, each sent to all endpoints of its merchant.
const EVENTS: u32 = 100;
/// Events a second.
const EVENTS_PER_SECOND: u32 = 50;
const EACH: usize = ENDPOINTS / MERCHANTS;

/// The delays at one pace.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Pace {
    /// Requests a second.
    pub per_second: u32,
    /// How long their callbacks took.
    #[serde(flatten)]
    pub spread: Spread,
}

/// Delays at the endpoints that are well.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Neighbors {
    /// While all are.
    pub all_healthy: Spread,
    /// While one of the others never answers and one fails.
    pub two_bad: Spread,
}

/// Asks at a steady pace for one merchant with one endpoint.
pub(super) async fn pace(
    environment: &Environment,
    (per_second, seconds): (u32, u32),
) -> Result<Pace, ProgramError> {
    let stage = environment.serve(true).await?;
    let callers = environment.merchants(&stage, 1).await?;
    let load = Load::new(stage.address, &callers);
    let count = per_second * (seconds + 1);
    let asked = load.pace(&environment.bots, per_second, count).await?;
    let arrivals = environment.receiver.take(asked.len()).await?;
    stage.service.stop().await;
    let from = first(&asked) + WARM_UP;
    Ok(Pace {
        per_second,
        spread: Spread::of((&asked, from), &arrivals, |_| true),
    })
}

fn first(asked: &[Asked]) -> Instant {
    let first = asked.iter().map(|asked| asked.at).min();
    first.unwrap_or_else(Instant::now)
}

/// Plays so many rounds of both kinds, in turns.
pub(super) async fn neighbors(
    environment: &Environment,
    rounds: u16,
) -> Result<Neighbors, ProgramError> {
    let stage = environment.serve(true).await?;
    // The first one warms up.
    round(environment, &stage, false).await?;
    let (mut all_healthy, mut two_bad) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        all_healthy.push(round(environment, &stage, false).await?);
        two_bad.push(round(environment, &stage, true).await?);
    }
    stage.service.stop().await;
    Ok(Neighbors {
        all_healthy: Spread::median(&all_healthy),
        two_bad: Spread::median(&two_bad),
    })
}

/// How an endpoint answers in a round with bad ones: each merchant has one.
fn manner(endpoint: usize) -> Manner {
    match endpoint {
        0 => Manner::Silent,
        EACH => Manner::Failing,
        _ => Manner::Healthy,
    }
}

async fn round(
    environment: &Environment,
    stage: &Stage,
    with_bad: bool,
) -> Result<Spread, ProgramError> {
    let mut callers = Vec::new();
    let mut bad = Vec::new();
    for merchant in 0..MERCHANTS {
        let caller = environment.merchant().await?;
        for endpoint in merchant * EACH..(merchant + 1) * EACH {
            let manner = if with_bad {
                manner(endpoint)
            } else {
                Manner::Healthy
            };
            let url = environment.receiver.url(endpoint, manner)?;
            let id = stage.register(&caller, &url, "*").await?;
            if manner != Manner::Healthy {
                bad.push((caller.clone(), id));
            }
        }
        callers.push(caller);
    }
    let load = Load::new(stage.address, &callers);
    let asked = load
        .pace(&environment.bots, EVENTS_PER_SECOND, EVENTS)
        .await?;
    // Each event is one merchant's, and sent to all of its endpoints.
    let expected = asked.len() / MERCHANTS * (ENDPOINTS - bad.len());
    let arrivals = environment.receiver.take(expected).await?;
    let is_well = |endpoint| manner(endpoint) == Manner::Healthy;
    let spread = Spread::of((&asked, first(&asked)), &arrivals, is_well);
    // The next round is not to be disturbed.
    for (caller, id) in bad {
        stage.delete(&caller, &id).await?;
    }
    Ok(spread)
}

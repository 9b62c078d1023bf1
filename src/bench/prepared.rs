//! What is made before the clock starts: intents to be paid or read, and a journal to export.

use super::{
    export,
    failure::failed,
    point::Spot,
    scenario::Scenario,
    services::{Caller, Services, Variant, perform},
    work::{INTENT, Prepared},
};
use crate::program::ProgramError;
use crate::{
    base::{
        db::Db,
        ids::{IntentId, MerchantId},
    },
    domain::intents::{IntentRequest, Terms},
    writer::PaymentCommand,
};
use serde::Deserialize;
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::task::JoinSet;
use uuid::Uuid;

/// Payments a second that one connection will not exceed.
const FASTEST: u64 = 1_500;
/// How many intents are made at a time.
const MADE_AT_ONCE: usize = 256;
/// How many intents are read, again and again.
const READ: usize = 1_000;

type Intents = Vec<(usize, IntentId)>;

/// What is left, by scenario and number of merchants.
#[derive(Debug, Default)]
pub(super) struct PreparedSets {
    intents: HashMap<(Scenario, u16), Intents>,
    has_journal: bool,
}

#[derive(Deserialize)]
struct Made {
    id: IntentId,
}

/// A run that needs intents.
#[derive(Clone, Copy, Debug)]
pub(super) struct Demand {
    /// Which way of writing.
    pub variant: Variant,
    /// What is measured.
    pub spot: Spot,
    /// For how long.
    pub time: Duration,
    /// At which rate; as fast as it goes if none is given.
    pub rate: Option<u32>,
}

impl PreparedSets {
    /// Enough for a run: what is left and, if need be, new ones.
    pub async fn take(
        &mut self,
        services: &Services<'_>,
        demand: Demand,
    ) -> Result<Prepared, ProgramError> {
        let spot = demand.spot;
        let most = most(demand.variant, spot.connections);
        let payments = payments(demand.rate.map_or(most, u64::from), demand.time);
        let wanted = match spot.scenario {
            Scenario::Create | Scenario::Post | Scenario::Export => 0,
            Scenario::Pay => payments,
            Scenario::Mixed => payments / 2,
            Scenario::Read => READ,
        };
        let callers = services.callers(spot.scenario, spot.merchants);
        let name = (spot.scenario, spot.merchants);
        let mut prepared = self.intents.remove(&name).unwrap_or_default();
        while prepared.len() < wanted {
            make(services, &callers, &mut prepared).await?;
        }
        Ok(Prepared::new(prepared))
    }

    /// Keeps what was not used.
    pub fn give_back(&mut self, spot: Spot, prepared: Prepared) {
        let name = (spot.scenario, spot.merchants);
        self.intents.insert(name, prepared.rest());
    }

    /// A journal of so many entries, once.
    pub async fn journal(
        &mut self,
        db: &Db,
        merchant: MerchantId,
        entries: usize,
    ) -> Result<(), ProgramError> {
        if !self.has_journal {
            export::prepare(db, merchant, entries).await?;
            self.has_journal = true;
        }
        Ok(())
    }
}

async fn make(
    services: &Services<'_>,
    callers: &[Caller],
    prepared: &mut Intents,
) -> Result<(), ProgramError> {
    let app = services.app(Variant::Batched);
    let request: IntentRequest = serde_json::from_str(INTENT).map_err(failed)?;
    let terms = request.parse().map_err(failed)?;
    let mut tasks = JoinSet::new();
    let turns = callers
        .iter()
        .enumerate()
        .cycle()
        .skip(prepared.len() % callers.len().max(1));
    for (index, caller) in turns.take(MADE_AT_ONCE) {
        let (app, merchant) = (Arc::clone(app), caller.merchant);
        let mut terms: Terms = terms.clone();
        terms.details.reference = Some(app.ambient.id::<Uuid>().to_string());
        let command = PaymentCommand::Create(Box::new(terms)).into();
        tasks.spawn(async move { (index, perform(&app, merchant, command).await) });
    }
    while let Some(made) = tasks.join_next().await {
        let (index, made) = made.map_err(failed)?;
        let body = made.map_err(failed)?.answer.body;
        let intent: Made = serde_json::from_slice(&body).map_err(failed)?;
        prepared.push((index, intent.id));
    }
    Ok(())
}

/// Payments a second that will not be exceeded. If a stock runs out all the same, the measurement
/// ends there.
fn most(variant: Variant, connections: u16) -> u64 {
    let most = match variant {
        Variant::Batched => 8_000,
        Variant::Plain | Variant::OneByOne => 1_500,
    };
    (u64::from(connections) * FASTEST).min(most)
}

fn payments(per_second: u64, time: Duration) -> usize {
    let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    usize::try_from(per_second.saturating_mul(millis) / 1000).unwrap_or(usize::MAX)
}

//! The mixed load: many callers, each with its own log.

use super::{
    caller::{Caller, Crowd},
    dice::Dice,
    stories::Teller,
    world::Merchant,
};
use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
};
use tokio::task::JoinSet;

/// Callers that go on until they are stopped.
pub struct Load {
    crowd: Arc<Crowd>,
    callers: JoinSet<(usize, Teller)>,
}

impl Load {
    /// Starts so many, who take turns among the merchants.
    pub fn start(merchants: &[Merchant], callers: usize, dice: &mut Dice) -> Self {
        let crowd = Arc::new(Crowd::default());
        let mut load = Self {
            crowd: Arc::clone(&crowd),
            callers: JoinSet::new(),
        };
        for number in 0..callers {
            let merchant = &merchants[number % merchants.len()];
            // One of each merchant's callers sees to an endpoint.
            let endpoint = (number < merchants.len()).then(|| merchant.changing_endpoint.clone());
            let (name, services) = (format!("caller-{number}"), merchant.services.clone());
            let dice = Dice::new(dice.roll());
            let caller = Caller::new(name, services, dice, Arc::clone(&crowd));
            let teller = Teller::new(caller, endpoint);
            let run = async move { (number, teller.run().await) };
            load.callers.spawn(run);
        }
        load
    }

    /// Lets each bring its story to an end. They come back in the order of their numbers.
    pub async fn stop(mut self) -> Vec<Teller> {
        self.crowd.stop.store(true, Ordering::Relaxed);
        let mut tellers = BTreeMap::new();
        while let Some(teller) = self.callers.join_next().await {
            let (number, teller) = teller.unwrap();
            tellers.insert(number, teller);
        }
        tellers.into_values().collect()
    }
}

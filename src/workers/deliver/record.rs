//! What is written down of attempts that have ended: how each ended, and what it tells about its
//! endpoint.

use super::Dispatcher;
use crate::workers::Worker;
use crate::{
    base::{actor::Actor, db::is_outage, ids::EndpointId},
    domain::callbacks::{Disabling, Health, Outcome, Signal, health, outbox, outbox::Sent},
    writer::{EndpointCommand, Submission},
};
use std::collections::{BTreeMap, HashMap, HashSet};
use time::OffsetDateTime;

/// What came of the endpoint's last failed attempt among these.
fn last_error(finished: &[Sent], endpoint: EndpointId) -> Option<String> {
    let mut attempts = finished
        .iter()
        .rev()
        .filter(|sent| sent.endpoint == endpoint);
    let failed = attempts.find(|sent| sent.outcome != Outcome::Delivered);
    failed.map(Sent::described)
}

impl Dispatcher {
    /// Writes down what has finished, and keeps it for the next time if the database is away.
    pub(super) async fn record(&mut self) -> Result<(), sqlx::Error> {
        if self.finished.is_empty() {
            return Ok(());
        }
        let recorded = outbox::record(&self.parts.pool, &self.finished).await;
        if recorded.as_ref().is_err_and(is_outage) {
            self.has_backlog = true;
            return recorded;
        }
        let finished = std::mem::take(&mut self.finished);
        if recorded.is_err() {
            self.record_one_by_one(&finished).await?;
        }
        self.note(&finished).await
    }

    /// Writes down each result by itself, so that one that Postgres refuses takes no other with it.
    /// It is refused always: its lease runs out, and its delivery is sent again.
    async fn record_one_by_one(&mut self, finished: &[Sent]) -> Result<(), sqlx::Error> {
        for (at, sent) in finished.iter().enumerate() {
            match outbox::record(&self.parts.pool, std::slice::from_ref(sent)).await {
                Err(error) if is_outage(&error) => {
                    self.finished = finished.iter().skip(at).cloned().collect();
                    self.has_backlog = true;
                    return Err(error);
                }
                Err(error) => {
                    tracing::error!(%error, delivery = %sent.delivery, "a result cannot be written down");
                }
                Ok(()) => {}
            }
        }
        Ok(())
    }

    /// Takes note of what the attempts tell about their endpoints. Only where that changes something
    /// is anything written.
    async fn note(&mut self, finished: &[Sent]) -> Result<(), sqlx::Error> {
        let mut signaled: BTreeMap<_, Vec<(OffsetDateTime, Signal)>> = BTreeMap::new();
        for sent in finished {
            let signals = signaled.entry((sent.merchant, sent.endpoint)).or_default();
            signals.push((sent.ended_at, sent.signal));
        }
        let (ambient, start) = (self.parts.ambient.clone(), self.limits.per_endpoint);
        let after = |before: Health, signals: &[(OffsetDateTime, Signal)], full| {
            before.after(signals, (start, full), |pause| ambient.jitter(pause))
        };
        let mut full = HashSet::new();
        signaled.retain(|(_, endpoint), signals| {
            let Some(known) = self.known.get_mut(endpoint) else {
                return true;
            };
            if std::mem::take(&mut known.full) {
                full.insert(*endpoint);
            }
            after(known.health, signals, full.contains(endpoint)) != known.health
        });
        if signaled.is_empty() {
            return Ok(());
        }
        let endpoints = signaled
            .keys()
            .map(|&(merchant, endpoint)| health::store::Noted {
                merchant,
                endpoint,
                last_error: last_error(finished, endpoint),
            });
        let endpoints: Vec<_> = endpoints.collect();
        let signals: HashMap<_, _> = signaled
            .iter()
            .map(|((_, id), signaled)| (*id, signaled))
            .collect();
        let now = ambient.now();
        let noted = health::store::note(&self.parts.pool, &endpoints, now, |endpoint, before| {
            let before = before.unwrap_or(Health::new(start));
            signals.get(&endpoint).map_or(before, |signals| {
                after(before, signals, full.contains(&endpoint))
            })
        });
        for (endpoint, health) in noted.await? {
            if let Some(known) = self.known.get_mut(&endpoint) {
                known.health = health;
            }
            if let Some(handover) = self.handover() {
                handover.health(endpoint, health);
            }
            self.give_up(endpoint, health, finished);
        }
        Ok(())
    }

    /// Has an endpoint disabled that wants no more, or has failed for too long.
    fn give_up(&mut self, endpoint: EndpointId, health: Health, finished: &[Sent]) {
        let mut attempts = finished.iter().filter(|sent| sent.endpoint == endpoint);
        let gone = attempts
            .clone()
            .find(|sent| sent.answer.as_ref().is_ok_and(|(status, _)| *status == 410));
        let Some(last) = attempts.next_back() else {
            return;
        };
        let why = match (gone, health.given_up(last.ended_at)) {
            (Some(gone), _) => Disabling::Gone(gone.started_at),
            (None, Some(since)) => Disabling::Failing {
                since,
                last_at: last.started_at,
                last: last.described(),
            },
            (None, None) => return,
        };
        let submission = Submission {
            merchant: last.merchant,
            actor: Actor::Worker(Self::NAME),
            command: EndpointCommand::Disable(endpoint, why).into(),
            claim: None,
            request_id: String::new(),
            bytes: 0,
        };
        let writer = self.parts.writer.clone();
        // If this does not come through, the next failure says it again.
        self.given_up
            .spawn(async move { drop(writer.submit(submission).await) });
    }
}

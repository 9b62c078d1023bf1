//! Registering, changing and deleting callback endpoints, and sending to one by hand.

use super::EndpointCommand;
use crate::{
    base::event_type::EventType,
    base::ids::{EndpointId, ReplayId},
    domain::callbacks::{
        CallbackDelivery, CallbackEndpoint, DeletedEndpoint, Delivery, DeliveryStatus, Disabling,
        Endpoint, EndpointError, EndpointPatch, EndpointStatus, MOST_ENDPOINTS, NewEndpoint,
        NewSecret, Replay, ReplayObject, ReplayStatus, StoredSecret, rotate,
    },
    writer::{
        Rejection,
        decider::{Decider, print},
        decision::{Decision, EventDraft, Recipient},
    },
};
use time::Duration;

const NO_ENDPOINT: Rejection = Rejection::NotFound("callback endpoint");

impl EndpointCommand {
    /// What the command comes to.
    pub fn decide(&self, decider: &Decider<'_>) -> Result<Decision, Rejection> {
        match self {
            Self::Create(id, new, secret) => decider.create_endpoint(*id, new, secret),
            Self::Update(id, patch) => decider.update_endpoint(*id, patch),
            Self::Delete(id) => decider.delete_endpoint(*id),
            Self::Disable(id, why) => decider.disable_endpoint(*id, why),
            Self::RotateSecret(id, overlap, secret) => decider.rotate_secret(*id, *overlap, secret),
            Self::Ping(id) => decider.ping(*id),
            Self::Replay(id, after, through) => decider.replay(*id, *after, *through),
            Self::Retry(delivery) => decider.retry(delivery),
        }
    }
}

impl Decider<'_> {
    fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        let all = self.world.endpoints.values();
        all.filter(|e| e.merchant == self.merchant && e.deleted_at.is_none())
    }

    fn endpoint(&self, id: EndpointId) -> Result<Endpoint, Rejection> {
        let found = self.endpoints().find(|endpoint| endpoint.id == id);
        found.cloned().ok_or(NO_ENDPOINT)
    }

    fn enabled_endpoint(&self, id: EndpointId) -> Result<Endpoint, Rejection> {
        let endpoint = self.endpoint(id)?;
        if endpoint.status == EndpointStatus::Enabled {
            Ok(endpoint)
        } else {
            Err(EndpointError::Disabled.into())
        }
    }

    /// No other endpoint of the merchant may have this URL: it would be sent everything twice.
    fn has_own_url(&self, endpoint: &Endpoint) -> Result<(), EndpointError> {
        let mut others = self.endpoints();
        match others.find(|other| other.id != endpoint.id && other.has_url_of(endpoint)) {
            Some(other) => Err(EndpointError::Duplicate(other.id)),
            None => Ok(()),
        }
    }

    fn create_endpoint(
        &self,
        id: EndpointId,
        new: &NewEndpoint,
        secret: &NewSecret,
    ) -> Result<Decision, Rejection> {
        if self.endpoints().count() >= MOST_ENDPOINTS {
            return Err(EndpointError::TooMany.into());
        }
        let (owner, now) = ((self.merchant, id), self.context.outside.now);
        let endpoint = Endpoint {
            created_by: Some(self.actor.to_string()),
            ..new.clone().create(owner, secret.public_key, now)
        };
        self.has_own_url(&endpoint)?;
        let body = CallbackEndpoint::with_sealed_secret(&endpoint, self.mode()?, &secret.sealed);
        let body = print(&body)?;
        Ok(Decision::answer(201, &body)
            .with(endpoint)
            .with(StoredSecret::first(owner, secret, now)))
    }

    fn update_endpoint(
        &self,
        id: EndpointId,
        patch: &EndpointPatch,
    ) -> Result<Decision, Rejection> {
        let endpoint = self
            .endpoint(id)?
            .update(patch.clone(), self.context.outside.now);
        if patch.url().is_some() {
            self.has_own_url(&endpoint)?;
        }
        let body = print(&CallbackEndpoint::new(&endpoint, self.mode()?))?;
        Ok(Decision::answer(200, &body).with(endpoint))
    }

    fn delete_endpoint(&self, id: EndpointId) -> Result<Decision, Rejection> {
        let endpoint = self.endpoint(id)?.delete(self.context.outside.now);
        let body = print(&DeletedEndpoint::from(id))?;
        Ok(Decision::answer(200, &body).with(endpoint))
    }

    fn disable_endpoint(&self, id: EndpointId, why: &Disabling) -> Result<Decision, Rejection> {
        let disabled = self.endpoint(id)?.disable(why, self.context.outside.now);
        let endpoint = disabled.ok_or(EndpointError::Disabled)?;
        let body = print(&CallbackEndpoint::new(&endpoint, self.mode()?))?;
        let disabled = EventDraft::new(EventType::EndpointDisabled, &body);
        Ok(Decision::answer(200, &body)
            .with(endpoint)
            .causing([disabled]))
    }

    fn rotate_secret(
        &self,
        id: EndpointId,
        overlap: Duration,
        secret: &NewSecret,
    ) -> Result<Decision, Rejection> {
        let endpoint = self.endpoint(id)?;
        let all = self.world.secrets.values();
        let secrets = all.filter(|s| s.merchant == self.merchant && s.endpoint == id);
        let secrets: Vec<StoredSecret> = secrets.cloned().collect();
        let secrets = rotate(&secrets, secret, overlap, self.context.outside.now)?;
        let endpoint = endpoint.rotate(secret.public_key, self.context.outside.now);
        let body = CallbackEndpoint::with_sealed_secret(&endpoint, self.mode()?, &secret.sealed);
        let body = print(&body)?;
        Ok(Decision::answer(200, &body)
            .with(endpoint)
            .with_all(secrets))
    }

    fn ping(&self, id: EndpointId) -> Result<Decision, Rejection> {
        let endpoint = self.enabled_endpoint(id)?;
        let pings = self.world.pings.get(&(self.merchant, id));
        let pings = pings.copied().ok_or(NO_ENDPOINT)?;
        let pings = pings
            .one_more(self.context.outside.now)
            .map_err(EndpointError::from)?;
        let books = self.world.books.get(&self.merchant).ok_or(NO_ENDPOINT)?;
        let recipient = Recipient {
            endpoint: id,
            event: self.context.ambient.id(),
            delivery: self.context.outside.ambient.id(),
        };
        let delivery = Delivery {
            id: recipient.delivery,
            endpoint: id,
            event: recipient.event,
            event_type: EventType::Ping.to_string(),
            event_sequence: books.event_sequence + 1,
            status: DeliveryStatus::Pending.into(),
            due_at: self.context.outside.now,
            created_at: self.context.outside.now,
            attempts_count: 0,
            attempts: Vec::new(),
        };
        let body = print(&CallbackDelivery::new(&delivery))?;
        let pinged = EventDraft {
            recipient: Some(recipient),
            ..EventDraft::new(
                EventType::Ping,
                &print(&CallbackEndpoint::new(&endpoint, self.mode()?))?,
            )
        };
        Ok(Decision::answer(202, &body).with(pings).causing([pinged]))
    }

    fn replay(
        &self,
        id: EndpointId,
        after: i64,
        through: Option<i64>,
    ) -> Result<Decision, Rejection> {
        let endpoint = self.enabled_endpoint(id)?;
        if let Some(running) = self.running_replay(id) {
            return Err(EndpointError::ReplayRunning(running).into());
        }
        let books = self.world.books.get(&self.merchant).ok_or(NO_ENDPOINT)?;
        let through = through.unwrap_or(books.event_sequence);
        let ids = (self.merchant, self.context.outside.ambient.id());
        let replay = Replay::new(ids, endpoint.id, after..through, self.context.outside.now);
        let body = print(&ReplayObject::from(&replay))?;
        Ok(Decision::answer(202, &body).with(replay))
    }

    /// The replay that still runs for an endpoint: from before the batch, or of this one.
    fn running_replay(&self, id: EndpointId) -> Option<ReplayId> {
        let place = (self.merchant, id);
        let is_running = |r: &&Replay| {
            (r.merchant, r.endpoint) == place && !r.retry && r.status == ReplayStatus::Running
        };
        let ordered = self.world.replays.iter().find(is_running).map(|r| r.id);
        ordered.or_else(|| self.world.running.get(&place).copied())
    }

    fn retry(&self, delivery: &Delivery) -> Result<Decision, Rejection> {
        let endpoint = self.enabled_endpoint(delivery.endpoint)?;
        let ids = (self.merchant, self.context.outside.ambient.id());
        let place = delivery.event_sequence;
        let replay = Replay {
            retry: true,
            ..Replay::new(ids, endpoint.id, place - 1..place, self.context.outside.now)
        };
        let delivery = delivery.clone().retried(self.context.outside.now);
        let body = print(&CallbackDelivery::new(&delivery))?;
        Ok(Decision::answer(202, &body).with(replay))
    }
}

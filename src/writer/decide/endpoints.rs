//! Registering, changing and deleting callback endpoints, and sending to one by hand.

use super::{Desk, view};
use crate::{
    base::ids::EndpointId,
    domain::callbacks::{
        CallbackDelivery, CallbackEndpoint, DeletedEndpoint, Delivery, DeliveryStatus, Disabling,
        Endpoint, EndpointError, EndpointPatch, EndpointStatus, EventType, MOST_ENDPOINTS,
        NewEndpoint, NewSecret, Replay, ReplayObject, StoredSecret, rotate,
    },
    writer::{
        Rejection,
        decision::{Decision, Only, Told},
    },
};
use time::Duration;

const NO_ENDPOINT: Rejection = Rejection::NotFound("callback endpoint");

impl Desk<'_> {
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
        match endpoint.status {
            EndpointStatus::Enabled => Ok(endpoint),
            EndpointStatus::Disabled => Err(EndpointError::Disabled.into()),
        }
    }

    /// No other endpoint of the merchant may have this URL: it would be told everything twice.
    fn has_own_url(&self, endpoint: &Endpoint) -> Result<(), EndpointError> {
        let mut others = self.endpoints();
        match others.find(|other| other.id != endpoint.id && other.url == endpoint.url) {
            Some(other) => Err(EndpointError::Duplicate(other.id)),
            None => Ok(()),
        }
    }

    pub(super) fn create_endpoint(
        &self,
        id: EndpointId,
        new: &NewEndpoint,
        secret: &NewSecret,
    ) -> Result<Decision, Rejection> {
        if self.endpoints().count() >= MOST_ENDPOINTS {
            return Err(EndpointError::TooMany.into());
        }
        let (owner, now) = ((self.merchant, id), self.scene.now);
        let endpoint = new.clone().create(owner, secret.public_key, now);
        self.has_own_url(&endpoint)?;
        let body = CallbackEndpoint::with_sealed_secret(&endpoint, &secret.sealed);
        let body = view::print(&body)?;
        Ok(Decision {
            endpoint: Some(endpoint),
            secrets: vec![StoredSecret::first(owner, secret, now)],
            ..Decision::answer(201, &body)
        })
    }

    pub(super) fn update_endpoint(
        &self,
        id: EndpointId,
        patch: &EndpointPatch,
    ) -> Result<Decision, Rejection> {
        let endpoint = self.endpoint(id)?.update(patch.clone(), self.scene.now);
        if patch.url().is_some() {
            self.has_own_url(&endpoint)?;
        }
        let body = view::print(&CallbackEndpoint::new(&endpoint))?;
        Ok(Decision {
            endpoint: Some(endpoint),
            ..Decision::answer(200, &body)
        })
    }

    pub(super) fn delete_endpoint(&self, id: EndpointId) -> Result<Decision, Rejection> {
        let endpoint = self.endpoint(id)?.delete(self.scene.now);
        let body = view::print(&DeletedEndpoint::from(id))?;
        Ok(Decision {
            endpoint: Some(endpoint),
            ..Decision::answer(200, &body)
        })
    }

    pub(super) fn disable_endpoint(
        &self,
        id: EndpointId,
        why: &Disabling,
    ) -> Result<Decision, Rejection> {
        let disabled = self.endpoint(id)?.disable(why, self.scene.now);
        let endpoint = disabled.ok_or(EndpointError::Disabled)?;
        let body = view::print(&CallbackEndpoint::new(&endpoint))?;
        let told = Told {
            event_type: EventType::EndpointDisabled,
            data: body.clone(),
            thread: None,
            of_intent: false,
            only: None,
        };
        Ok(Decision {
            endpoint: Some(endpoint),
            told: vec![told],
            ..Decision::answer(200, &body)
        })
    }

    pub(super) fn rotate_secret(
        &self,
        id: EndpointId,
        overlap: Duration,
        secret: &NewSecret,
    ) -> Result<Decision, Rejection> {
        let endpoint = self.endpoint(id)?;
        let all = self.world.secrets.values();
        let secrets = all.filter(|s| s.merchant == self.merchant && s.endpoint == id);
        let secrets: Vec<StoredSecret> = secrets.cloned().collect();
        let secrets = rotate(&secrets, secret, overlap, self.scene.now)?;
        let endpoint = endpoint.rotate(secret.public_key, self.scene.now);
        let body = CallbackEndpoint::with_sealed_secret(&endpoint, &secret.sealed);
        let body = view::print(&body)?;
        Ok(Decision {
            endpoint: Some(endpoint),
            secrets,
            ..Decision::answer(200, &body)
        })
    }

    pub(super) fn ping(&self, id: EndpointId) -> Result<Decision, Rejection> {
        let endpoint = self.enabled_endpoint(id)?;
        let books = self.world.books.get(&self.merchant).ok_or(NO_ENDPOINT)?;
        let only = Only {
            endpoint: id,
            event: self.scene.ambient.id(),
            delivery: self.scene.ambient.id(),
        };
        let delivery = Delivery {
            id: only.delivery,
            endpoint: id,
            event: only.event,
            event_type: EventType::Ping.to_string(),
            event_sequence: books.event_sequence + 1,
            status: DeliveryStatus::Pending,
            due_at: self.scene.now,
            created_at: self.scene.now,
            attempts_count: 0,
            attempts: Vec::new(),
        };
        let body = view::print(&CallbackDelivery::new(&delivery))?;
        let told = Told {
            event_type: EventType::Ping,
            data: view::print(&CallbackEndpoint::new(&endpoint))?,
            thread: None,
            of_intent: false,
            only: Some(only),
        };
        Ok(Decision {
            told: vec![told],
            ..Decision::answer(202, &body)
        })
    }

    pub(super) fn replay(
        &self,
        id: EndpointId,
        after: i64,
        through: Option<i64>,
    ) -> Result<Decision, Rejection> {
        let endpoint = self.enabled_endpoint(id)?;
        let books = self.world.books.get(&self.merchant).ok_or(NO_ENDPOINT)?;
        let through = through.unwrap_or(books.event_sequence);
        let ids = (self.merchant, self.scene.ambient.id());
        let replay = Replay::new(ids, endpoint.id, (after, through), self.scene.now);
        let body = view::print(&ReplayObject::from(&replay))?;
        Ok(Decision {
            replay: Some(replay),
            ..Decision::answer(202, &body)
        })
    }

    pub(super) fn retry(&self, delivery: &Delivery) -> Result<Decision, Rejection> {
        let endpoint = self.enabled_endpoint(delivery.endpoint)?;
        let ids = (self.merchant, self.scene.ambient.id());
        let place = delivery.event_sequence;
        let replay = Replay {
            retry: true,
            ..Replay::new(ids, endpoint.id, (place - 1, place), self.scene.now)
        };
        let delivery = delivery.clone().retried(self.scene.now);
        let body = view::print(&CallbackDelivery::new(&delivery))?;
        Ok(Decision {
            replay: Some(replay),
            ..Decision::answer(202, &body)
        })
    }
}

//! Registering, changing and deleting callback endpoints.

use super::{Desk, view};
use crate::{
    callbacks::{CallbackEndpoint, DeletedEndpoint, Endpoint, EndpointPatch, NewEndpoint},
    ids::EndpointId,
    writer::{Rejection, decision::Decision},
};

impl Desk<'_> {
    fn endpoint(&self, id: EndpointId) -> Result<Endpoint, Rejection> {
        let found = self
            .world
            .endpoints
            .get(&(self.merchant, id))
            .filter(|e| e.deleted_at.is_none());
        found
            .cloned()
            .ok_or(Rejection::NotFound("callback endpoint"))
    }

    pub(super) fn create_endpoint(
        &self,
        id: EndpointId,
        new: &NewEndpoint,
        sealed: &[u8],
    ) -> Result<Decision, Rejection> {
        let endpoint = new
            .clone()
            .create((self.merchant, id), sealed.to_vec(), self.scene.now);
        let body = view::print(&CallbackEndpoint::with_sealed_secret(&endpoint))?;
        Ok(Decision {
            endpoint: Some(endpoint),
            ..Decision::answer(201, &body)
        })
    }

    pub(super) fn update_endpoint(
        &self,
        id: EndpointId,
        patch: &EndpointPatch,
    ) -> Result<Decision, Rejection> {
        let endpoint = self.endpoint(id)?.update(patch.clone(), self.scene.now);
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
}

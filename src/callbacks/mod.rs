//! Callbacks: a merchant's endpoints, the events they are told of, and the deliveries owed.
//!
//! An event carries the JSON of its object and never learns what that object is. Events and
//! deliveries are written in the transaction of their cause; the dispatcher (`workers::deliver`)
//! leases what is due from the [`outbox`], sends it and writes down what became of it.

mod delivery;
mod endpoint;
mod event;
pub mod feed;
pub mod outbox;
mod request;
mod signature;
pub mod store;
mod view;

pub use delivery::{Delivery, DeliveryAttempt, DeliveryStatus, NewDelivery, Outcome, outcome};
pub use endpoint::{Endpoint, EndpointPatch, EndpointStatus, EventFilter, NewEndpoint};
pub use event::{Event, EventType, NewEvent, StoredEvent};
pub use request::{EndpointChanges, EndpointRequest};
pub use signature::{EndpointSecret, UnsealError};
pub use view::{CallbackAttempt, CallbackDelivery, CallbackEndpoint, DeletedEndpoint, open_answer};

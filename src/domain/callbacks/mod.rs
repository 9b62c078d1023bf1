//! Callbacks: a merchant's endpoints, the events that they are sent, and the deliveries of those.
//!
//! An event carries the JSON of its object and never learns what that object is. Events and
//! deliveries are written in the transaction of their cause; the dispatcher (`workers::deliver`)
//! leases what is due from the [`outbox`], sends it and writes down what became of it.

pub mod delivery;
mod endpoint;
mod event;
pub mod feed;
pub mod health;
pub mod outbox;
pub mod pings;
pub mod replay;
mod request;
pub mod secrets;
mod signature;
pub mod store;
pub mod upkeep;
mod view;

pub use delivery::{Delivery, DeliveryAttempt, DeliveryStatus, NewDelivery, Outcome, outcome};
pub use endpoint::{
    Disabling, Endpoint, EndpointError, EndpointPatch, EndpointStatus, EventFilter, EventPattern,
    MOST_ENDPOINTS, NewEndpoint, Ordering,
};
pub use event::{Event, NewEvent, StoredEvent};
pub use health::{EndpointHealth, Health, Signal};
pub use pings::{Pings, TooManyPings};
pub use replay::{Replay, ReplayObject, ReplayRange, ReplayRequest, ReplayStatus};
pub use request::{EndpointChanges, EndpointRequest, RotateRequest};
pub use secrets::{NewSecret, StoredSecret, rotate};
pub use signature::{EndpointSecret, UnsealError, print_public_key};
pub use view::{CallbackAttempt, CallbackDelivery, CallbackEndpoint, DeletedEndpoint, open_answer};

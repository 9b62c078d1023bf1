//! Payment links: an unguessable URL that opens our page, for one payment or for many.

mod link;
mod request;
pub mod store;
#[cfg(test)]
mod tests;
pub mod token;
mod view;

pub use link::{Link, LinkError, LinkStatus, LinkTerms, Price, Usage};
pub use request::{LinkRequest, choose_amount};
pub use token::PageUrls;
pub use view::PaymentLink;

//! Which intents a list holds.

use super::Status;
use crate::base::ids::LinkId;
use time::OffsetDateTime;

/// Which intents a list holds; all of the merchant's where nothing is said.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Those that stand so at that time.
    pub status: Option<(Status, OffsetDateTime)>,
    /// Those with this reference.
    pub reference: Option<String>,
    /// Those made through this link.
    pub payment_link: Option<LinkId>,
    /// Those asked for in this chat product.
    pub channel: Option<String>,
    /// Those asked for in this conversation.
    pub conversation: Option<String>,
    /// Those asked for in this thread.
    pub thread: Option<String>,
    /// Those made at this time or later.
    pub created_from: Option<OffsetDateTime>,
    /// Those made before this time.
    pub created_to: Option<OffsetDateTime>,
}

//! What a token opens: an intent or a link.

use crate::http::{Problem, State};
use crate::{
    base::{
        crypto::TokenKey,
        db::Window,
        ids::{LinkId, MerchantId},
    },
    domain::{
        auth,
        intents::{self, Intent, Status},
        links::{self, Link, Usage, store::Subject},
    },
};

/// What a token opens.
#[derive(Debug)]
pub(super) struct Opened {
    /// Whose it is.
    pub merchant: MerchantId,
    /// The merchant's name.
    pub name: String,
    /// What it is.
    pub matter: Matter,
}

/// What a page is about.
#[derive(Debug)]
pub(super) enum Matter {
    /// One payment, and the link that it goes through, if it does.
    Intent(Box<Intent>, Option<Link>),
    /// A link, through which a payment may begin.
    Link(Link),
}

/// Finds what `token` names. One that cannot be ours is not looked up: that tells nobody more than
/// how tokens are formed, and everyone who has one knows that. All that could be ours take the same
/// way, and the answer is the same for all.
pub(super) async fn subject(state: &State, token: &str) -> Result<(MerchantId, Subject), Problem> {
    if !TokenKey::is_well_formed(token) {
        return Err(Problem::not_found());
    }
    let found = links::store::find_token(&state.pool, TokenKey::hash(token)).await?;
    found.ok_or_else(Problem::not_found)
}

impl Opened {
    /// Opens the page of `token`.
    pub async fn find(state: &State, token: &str) -> Result<Self, Problem> {
        let (merchant, subject) = subject(state, token).await?;
        let matter = match subject {
            Subject::Link(id) => Matter::Link(link(state, merchant, id).await?),
            Subject::Intent(id) => {
                let intent = intents::store::get(&state.pool, merchant, id).await?;
                let intent = intent.ok_or_else(Problem::not_found)?;
                let through = match intent.terms.payment_link {
                    Some(id) => Some(link(state, merchant, id).await?),
                    None => None,
                };
                Matter::Intent(Box::new(intent), through)
            }
        };
        let name = auth::store::merchant_name(&state.pool, merchant).await?;
        Ok(Self {
            merchant,
            name,
            matter,
        })
    }

    /// The payment to show in place of a link that serves one only: the one that waits for its
    /// payer, who may have lost its page when the chat's browser closed.
    pub async fn or_waiting(self, state: &State) -> Result<Self, Problem> {
        let Matter::Link(link) = &self.matter else {
            return Ok(self);
        };
        if link.terms.usage != Usage::Single || link.open == 0 {
            return Ok(self);
        }
        let filter = intents::store::Filter {
            status: Some(Status::RequiresAction),
            payment_link: Some(link.id),
            ..Default::default()
        };
        let newest = Window {
            older_than: None,
            newer_than: None,
            limit: 1,
        };
        let found = intents::store::list(&state.pool, self.merchant, &filter, newest).await?;
        let matter = match found.0.into_iter().next() {
            Some(intent) => Matter::Intent(Box::new(intent), Some(link.clone())),
            None => self.matter,
        };
        Ok(Self { matter, ..self })
    }
}

async fn link(state: &State, merchant: MerchantId, id: LinkId) -> Result<Link, Problem> {
    let link = links::store::get(&state.pool, merchant, id).await?;
    link.ok_or_else(Problem::not_found)
}

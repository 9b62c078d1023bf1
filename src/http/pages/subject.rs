//! What a token opens: an intent or a link.

use super::{payer::Payer, visit::Visit};
use crate::domain::intents::State as IntentState;
use crate::http::{Problem, State};
use crate::{
    base::{
        crypto::TokenKey,
        ids::{IntentId, LinkId, MerchantId},
    },
    domain::{
        auth::{self, Merchant},
        intents::{self, Attempt, Intent, attempt},
        links::{self, Link, store::Subject},
    },
};

/// The subject of a page, with whose it is.
#[derive(Debug)]
pub(super) struct Page {
    /// The merchant.
    pub merchant: Merchant,
    /// What the page is about.
    pub subject: PageSubject,
}

/// What a page is about.
#[derive(Debug)]
pub(super) enum PageSubject {
    /// One payment.
    Intent(Box<OpenIntent>),
    /// A link, through which a payment may begin.
    Link(Link),
}

/// A payment on its page.
#[derive(Debug)]
pub(super) struct OpenIntent {
    /// The payment.
    pub intent: Intent,
    /// The link that it goes through, if it does.
    pub link: Option<Link>,
    /// Whether the reader may go on with what is under way.
    pub is_readers: bool,
}

/// Finds what `token` names. One that cannot be ours is not looked up: that says no more than
/// how tokens are formed, and everyone who has one knows that. All that could be ours take the same
/// way, and the answer is the same for all.
pub(super) async fn find_token(
    state: &State,
    token: &str,
) -> Result<(MerchantId, Subject), Problem> {
    if !TokenKey::is_well_formed(token) {
        return Err(Problem::not_found());
    }
    let hash = TokenKey::hash(token);
    if state.unknown_pages.holds(&hash) {
        return Err(Problem::not_found());
    }
    let found = links::token::store::find_token(&state.pool, hash).await?;
    if found.is_none() {
        state.unknown_pages.add(hash).await;
    }
    found.ok_or_else(Problem::not_found)
}

impl Page {
    /// Opens the page that `visit` asks for.
    pub async fn find(state: &State, visit: &Visit) -> Result<Self, Problem> {
        let (merchant, subject) = find_token(state, &visit.token).await?;
        let payer = visit.payer.as_ref();
        let subject = match subject {
            Subject::Link(id) => {
                let link = link(state, merchant, id).await?;
                match own_payment(state, &link, payer).await? {
                    Some(intent) => PageSubject::Intent(Box::new(OpenIntent {
                        intent,
                        link: Some(link),
                        is_readers: true,
                    })),
                    None => PageSubject::Link(link),
                }
            }
            Subject::Intent(id) => {
                let intent = intents::store::get(&state.pool, merchant, id).await?;
                let intent = intent.ok_or_else(Problem::not_found)?;
                let through = match intent.terms.payment_link {
                    Some(id) => Some(link(state, merchant, id).await?),
                    None => None,
                };
                PageSubject::Intent(Box::new(OpenIntent {
                    is_readers: is_readers(state, &intent, payer).await?,
                    link: through,
                    intent,
                }))
            }
        };
        let merchant = auth::store::merchant(&state.pool, merchant).await?;
        let merchant = merchant.ok_or_else(Problem::not_found)?;
        Ok(Self { merchant, subject })
    }
}

async fn link(state: &State, merchant: MerchantId, id: LinkId) -> Result<Link, Problem> {
    let link = links::store::get(&state.pool, merchant, id).await?;
    link.ok_or_else(Problem::not_found)
}

/// The payment that this browser began through the link and that is still under way: its payer
/// may have lost its page when the chat's browser closed.
async fn own_payment(
    state: &State,
    link: &Link,
    payer: Option<&Payer>,
) -> Result<Option<Intent>, Problem> {
    let Some(payer) = payer else {
        return Ok(None);
    };
    let found = intents::store::get(&state.pool, link.merchant, payer.intent).await?;
    let own = found.filter(|i| i.terms.payment_link == Some(link.id) && i.is_under_way());
    match own {
        Some(intent) if is_readers(state, &intent, Some(payer)).await? => Ok(Some(intent)),
        Some(_) | None => Ok(None),
    }
}

/// Whether the reader may go on with what is under way: what a payer began on a page belongs to
/// that browser; what a bot began is for whom it gave the page to.
async fn is_readers(
    state: &State,
    intent: &Intent,
    payer: Option<&Payer>,
) -> Result<bool, Problem> {
    let open = match intent.state {
        IntentState::RequiresAction(attempt) | IntentState::Processing(attempt, _) => attempt,
        IntentState::RequiresPayment
        | IntentState::RequiresCapture
        | IntentState::Succeeded
        | IntentState::Canceled(_)
        | IntentState::Expired => return Ok(true),
    };
    let mut found = attempt::store::load(&state.pool, &[(intent.merchant, open)]).await?;
    let attempt = found.pop().transpose().map_err(sqlx::Error::from)?;
    let nonce = attempt.as_ref().and_then(Attempt::page_nonce);
    Ok(nonce.is_none_or(|nonce| payer.is_some_and(|payer| payer.began(intent.id, nonce))))
}

impl PageSubject {
    /// The id of the payment, if there is one yet.
    pub fn intent(&self) -> Option<IntentId> {
        match self {
            Self::Intent(open) => Some(open.intent.id),
            Self::Link(_) => None,
        }
    }
}

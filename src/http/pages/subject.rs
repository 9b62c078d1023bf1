//! What a token opens: an intent or a link.

use super::{
    payer::Payer,
    visit::Visit,
    ways::{self, Wanted, Ways},
};
use crate::domain::intents::State as IntentState;
use crate::http::{Problem, State};
use crate::{
    base::{
        crypto::TokenKey,
        ids::{IntentId, LinkId, MerchantId},
    },
    domain::{
        auth::{self, Merchant},
        intents::{self, Attempt, CaptureMethod, Intent, attempt},
        links::{self, Link, Price, store::Subject},
        rails::NextAction,
    },
};
use time::OffsetDateTime;

/// The subject of a page, with whose it is.
#[derive(Debug)]
pub(super) struct Page {
    /// The merchant.
    pub merchant: Merchant,
    /// What the page is about.
    pub subject: PageSubject,
    /// The ways by which it can be paid.
    pub ways: Ways,
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
    /// Until when the merchant waits for a transfer, while it does.
    pub pays_until: Option<OffsetDateTime>,
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
                    Some(own) => PageSubject::Intent(Box::new(own)),
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
                let open = OpenIntent::of(state, intent, through, payer).await?;
                PageSubject::Intent(Box::new(open))
            }
        };
        let merchant = auth::store::merchant(&state.pool, merchant).await?;
        let merchant = merchant.ok_or_else(Problem::not_found)?;
        let ways = match subject.wanted() {
            Some(wanted) => ways::offered(state, &merchant, wanted).await?,
            None => Ways::default(),
        };
        Ok(Self {
            merchant,
            subject,
            ways,
        })
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
) -> Result<Option<OpenIntent>, Problem> {
    let Some(payer) = payer else {
        return Ok(None);
    };
    let found = intents::store::get(&state.pool, link.merchant, payer.intent).await?;
    let is_open = |i: &Intent| i.is_under_way() || i.waits_for_transfer();
    let own = found.filter(|i| i.terms.payment_link == Some(link.id) && is_open(i));
    let Some(intent) = own else {
        return Ok(None);
    };
    let own = OpenIntent::of(state, intent, Some(link.clone()), Some(payer)).await?;
    Ok(Some(own).filter(|own| own.is_readers))
}

impl OpenIntent {
    /// The payment for this reader.
    async fn of(
        state: &State,
        intent: Intent,
        link: Option<Link>,
        payer: Option<&Payer>,
    ) -> Result<Self, Problem> {
        let open = open_attempt(state, &intent).await?;
        Ok(Self {
            is_readers: is_readers(&intent, open.as_ref(), payer),
            pays_until: open.and_then(|open| open.expires_at),
            intent,
            link,
        })
    }
}

/// The attempt that the payment waits for.
async fn open_attempt(state: &State, intent: &Intent) -> Result<Option<Attempt>, Problem> {
    let open = match intent.state {
        IntentState::RequiresAction(attempt) | IntentState::Processing(attempt, _) => attempt,
        IntentState::RequiresPayment
        | IntentState::RequiresCapture
        | IntentState::Succeeded
        | IntentState::Canceled(_)
        | IntentState::Expired => return Ok(None),
    };
    let mut found = attempt::store::load(&state.pool, &[(intent.merchant, open)]).await?;
    Ok(found.pop().transpose().map_err(sqlx::Error::from)?)
}

/// Whether the reader may go on with what is under way: what a payer began on a page belongs to
/// that browser; what a bot began is for whom it gave the page to.
fn is_readers(intent: &Intent, open: Option<&Attempt>, payer: Option<&Payer>) -> bool {
    let nonce = open.and_then(Attempt::page_nonce);
    nonce.is_none_or(|nonce| payer.is_some_and(|payer| payer.began(intent.id, nonce)))
}

impl PageSubject {
    /// What is to be paid, in any way; none if there is nothing, or nothing to choose.
    fn wanted(&self) -> Option<Wanted<'_>> {
        match self {
            Self::Intent(open) => {
                let (intent, terms) = (&open.intent, &open.intent.terms);
                let is_payable = intent.state == IntentState::RequiresPayment;
                let is_elsewhere = intent.waits_with().and_then(NextAction::address).is_some();
                let offers_ways = is_payable || is_elsewhere || intent.waits_for_transfer();
                offers_ways.then_some(Wanted {
                    rails: &terms.rails,
                    amount: terms.amount,
                    holds: terms.capture_method == CaptureMethod::Manual,
                })
            }
            Self::Link(link) => Some(Wanted {
                rails: &link.terms.rails,
                amount: match link.terms.price {
                    Price::Fixed(amount) => amount,
                    Price::Chosen { min, .. } => min,
                },
                holds: false,
            }),
        }
    }

    /// The id of the payment, if there is one yet.
    pub fn intent(&self) -> Option<IntentId> {
        match self {
            Self::Intent(open) => Some(open.intent.id),
            Self::Link(_) => None,
        }
    }
}

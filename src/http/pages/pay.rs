//! The pay page and the post that pays.

use super::answer;
use super::choice::{Filled, LEAVES};
use super::payer::Payer;
use super::post::{Outcome, Post};
use super::program;
use super::subject::{self, Page, PageSubject};
use super::visit::Visit;
use crate::http::{Problem, State};
use crate::{
    base::{ids::IntentId, money::Money},
    domain::{intents::Choice, links::Price},
    views::pages::{PayPage, PayState, PayerChoice},
    writer::{Command, LinkCommand, LinkPayment, PaymentCommand},
};
use actix_web::{HttpRequest, HttpResponse, web};

/// `GET /p/{token}`
pub(super) async fn show(
    state: web::Data<State>,
    visit: Visit,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let filled = Filled::of_query(&request);
    let page = Page::find(&state, &visit).await?;
    if let Some(answer) = program::answer(&state, (&visit, &request), &page).await? {
        return Ok(answer);
    }
    let mut page = filled.fill(page.page(&state, &visit, filled.way()));
    if let PayState::Elsewhere { at_once, .. } = &mut page.state {
        *at_once = filled.leaves();
    }
    answer::pay(&page)
}

/// `GET /p/{token}/pay`: a browser that loads the address of a post again comes back to the page.
pub(super) async fn back(state: web::Data<State>, visit: Visit) -> Result<HttpResponse, Problem> {
    subject::find_token(&state, &visit.token).await?;
    Ok(answer::see_other(&visit.page_path()))
}

/// `POST /p/{token}/pay`
pub(super) async fn pay(
    state: web::Data<State>,
    visit: Visit,
    post: Post,
) -> Result<HttpResponse, Problem> {
    let opened = Page::find(&state, &visit).await?;
    let nonce = post.form.nonce(&state, &visit.token)?;
    let filled = Filled::of_form(&post.form);
    // Whether it can be paid is the writer's to say: it knows whether this form was sent before.
    let order = opened.order();
    let Ok(choice) = order.read(filled.posted(), visit.reader.locale) else {
        let page = opened.page(&state, &visit, filled.way());
        return if page.state.is_payable() {
            Ok(answer::see_other(&filled.form_path(&visit)))
        } else {
            answer::pay(&page)
        };
    };
    let command = opened.command(&choice);
    let owner = (opened.merchant.id, nonce.as_str());
    let outcome = post.perform(&state, owner, command).await?;
    if let (PageSubject::Link(_), Outcome::Declined(_, code)) = (&opened.subject, outcome) {
        // The next attempt is anybody's, so nobody is led to the page of this one.
        return Ok(answer::see_other(&filled.declined(code).form_path(&visit)));
    }
    land(&state, &visit, outcome, &nonce).await
}

impl Page {
    fn command(&self, choice: &PayerChoice) -> Command {
        let amount = match &self.subject {
            PageSubject::Link(link) => match link.terms.price {
                Price::Chosen { .. } => Some(choice.amount),
                Price::Fixed(_) => None,
            },
            PageSubject::Intent(_) => None,
        };
        let tip = Some(choice.tip).filter(|tip| tip.minor() > 0);
        let chosen = Choice::from(choice.payment_method);
        self.subject.paid_with(chosen, (amount, tip))
    }
}

impl PageSubject {
    /// What pays it so: of a link with this amount, where the payer chooses it, and this tip.
    pub(super) fn paid_with(
        &self,
        choice: Choice,
        (amount, tip): (Option<Money>, Option<Money>),
    ) -> Command {
        match self {
            Self::Intent(open) => PaymentCommand::Confirm(open.intent.id, choice).into(),
            Self::Link(link) => {
                let payment = LinkPayment {
                    choice,
                    amount,
                    tip,
                };
                LinkCommand::Pay(link.id, payment).into()
            }
        }
    }
}

/// Where a payer comes to after a post: always to a page that can be read again without harm.
/// The browser learns which payment it began, for the page of the payment and for this one.
pub(super) async fn land(
    state: &State,
    visit: &Visit,
    outcome: Outcome,
    nonce: &str,
) -> Result<HttpResponse, Problem> {
    let path = |place: &str, id: IntentId| {
        let token = state.urls.token(&id.to_string());
        format!("{}/{place}/{token}", visit.reader.root)
    };
    match outcome {
        Outcome::Paid(id) => Ok(answer::see_other(&path("r", id))),
        Outcome::Unpaid(id) | Outcome::Elsewhere(id) | Outcome::Declined(id, _) => {
            let page = path("p", id);
            // A form must not lead to others' pages, so ours does, once: who comes back stays.
            let mut landed = answer::see_other(&match outcome {
                Outcome::Elsewhere(_) => format!("{page}?{LEAVES}=1"),
                Outcome::Paid(_)
                | Outcome::Unpaid(_)
                | Outcome::Declined(..)
                | Outcome::Refused
                | Outcome::Running => page.clone(),
            });
            let payer = Payer::new(id, nonce);
            let is_secure = state.urls.public_url().starts_with("https:");
            for page in [page, visit.page_path()] {
                let cookie = payer.cookie(page, is_secure);
                landed
                    .add_cookie(&cookie)
                    .map_err(|error| Problem::internal(&error))?;
            }
            Ok(landed)
        }
        Outcome::Running => {
            let page = Page::find(state, visit).await?.page(state, visit, None);
            answer::pay(&PayPage {
                state: PayState::Processing,
                ..page
            })
        }
        Outcome::Refused => refused(&Page::find(state, visit).await?, state, visit),
    }
}

/// An intent's page says how it stands. A link's is answered at once, so that the payer's browser
/// does not take "somebody else was first" for a payment made.
fn refused(opened: &Page, state: &State, visit: &Visit) -> Result<HttpResponse, Problem> {
    let page = opened.page(state, visit, None);
    match (&opened.subject, page.state.http_status()) {
        (PageSubject::Intent(_), _) => {
            let root = &visit.reader.root;
            Ok(answer::see_other(&format!("{root}/p/{}", page.token)))
        }
        (PageSubject::Link(_), 200) => answer::pay_with_status(&page, 409),
        (PageSubject::Link(_), status) => answer::pay_with_status(&page, status),
    }
}

//! The pay page and the post that pays.

use super::answer;
use super::opened::{Matter, Opened};
use super::post::{Outcome, Post};
use super::visit::Visit;
use crate::http::{Problem, State};
use crate::{
    base::ids::IntentId,
    views::pages::{FieldFault, PayPage, PayState, PayerChoice, PostedForm, Price},
    writer::{Command, LinkCommand, LinkPayment, PaymentCommand},
};
use actix_web::{HttpResponse, web};

/// `GET /p/{token}`
pub(super) async fn show(state: web::Data<State>, visit: Visit) -> Result<HttpResponse, Problem> {
    let opened = Opened::find(&state, &visit.token).await?;
    let opened = opened.or_waiting(&state).await?;
    answer::pay(&opened.page(&state, &visit))
}

/// `POST /p/{token}/pay`
pub(super) async fn pay(
    state: web::Data<State>,
    visit: Visit,
    post: Post,
) -> Result<HttpResponse, Problem> {
    let opened = Opened::find(&state, &visit.token).await?;
    let nonce = post.form.nonce(&state, &visit.token)?;
    let posted = PostedForm {
        amount: post.form.get("amount"),
        tip: post.form.get("tip"),
        payment_method: post.form.get("payment_method"),
    };
    // Whether it can be paid is the writer's to say: it knows whether this form was sent before.
    match opened.order().read(posted, visit.locale) {
        Ok(choice) => {
            let command = opened.command(&choice);
            let owner = (opened.merchant, nonce.as_str());
            let outcome = post.perform(&state, owner, command).await?;
            land(&state, &visit, outcome).await
        }
        Err(faults) => answer::pay(&refilled(opened.page(&state, &visit), posted, faults)),
    }
}

impl Opened {
    fn command(&self, choice: &PayerChoice) -> Command {
        let method = choice.payment_method;
        match &self.matter {
            Matter::Intent(intent, _) => PaymentCommand::Confirm(intent.id, method).into(),
            Matter::Link(link) => {
                let amount = match self.order().price {
                    Price::Chosen(_) => Some(choice.amount),
                    Price::Fixed(_) => None,
                };
                let tip = Some(choice.tip).filter(|tip| tip.minor() > 0);
                let payment = LinkPayment {
                    method,
                    amount,
                    tip,
                };
                LinkCommand::Pay(link.id, payment).into()
            }
        }
    }
}

/// The page with what the payer filled in, and what is wrong with it, if it can still be paid.
fn refilled(page: PayPage, posted: PostedForm<'_>, faults: Vec<FieldFault>) -> PayPage {
    let PayPage { mut state, .. } = page;
    if let PayState::Payable(form) = &mut state {
        form.amount = posted.amount.map(str::to_owned);
        form.tip = posted.tip.map(str::to_owned);
        form.payment_method = posted.payment_method.map(str::to_owned);
        form.faults = faults;
        form.decline_code = None;
    }
    PayPage { state, ..page }
}

/// Where a payer comes to after a post: always to a page that can be read again without harm.
pub(super) async fn land(
    state: &State,
    visit: &Visit,
    outcome: Outcome,
) -> Result<HttpResponse, Problem> {
    let token = |id: IntentId| state.urls.token(&id.to_string());
    match outcome {
        Outcome::Paid(id) => Ok(answer::see_other(&format!("/r/{}", token(id)))),
        Outcome::Unpaid(id) => Ok(answer::see_other(&format!("/p/{}", token(id)))),
        Outcome::Running => {
            let opened = Opened::find(state, &visit.token).await?;
            let page = opened.page(state, visit);
            answer::pay(&PayPage {
                state: PayState::Processing,
                ..page
            })
        }
        Outcome::Refused => refused(&Opened::find(state, &visit.token).await?, state, visit),
    }
}

/// An intent's page says how it stands. A link's is answered at once, so that the payer's browser
/// does not take "somebody else was first" for a payment made.
fn refused(opened: &Opened, state: &State, visit: &Visit) -> Result<HttpResponse, Problem> {
    let page = opened.page(state, visit);
    match (&opened.matter, page.state.http_status()) {
        (Matter::Intent(..), _) => Ok(answer::see_other(&format!("/p/{}", page.token))),
        (Matter::Link(_), 200) => answer::pay_with_status(&page, 409),
        (Matter::Link(_), status) => answer::pay_with_status(&page, status),
    }
}

//! The post of a payer who has begun to pay on a page of a provider's, and takes another way.

use super::answer;
use super::post::Post;
use super::subject::{Page, PageSubject};
use super::visit::Visit;
use crate::http::{Problem, State};
use crate::{
    domain::{intents, rails::Rail},
    writer::PaymentCommand,
};
use actix_web::{HttpResponse, web};

/// `POST /p/{token}/another`: gives up what was begun, and leads to the form of the way that is chosen
/// instead. Who has paid meanwhile is shown that.
pub(super) async fn give_up(
    state: web::Data<State>,
    visit: Visit,
    post: Post,
) -> Result<HttpResponse, Problem> {
    let opened = Page::find(&state, &visit).await?;
    let PageSubject::Intent(open) = &opened.subject else {
        return Err(Problem::not_found());
    };
    let nonce = post.form.nonce(&state, &visit.token)?;
    if !open.is_readers {
        let detail = "this payment was begun in another browser";
        return Err(Problem::forbidden(detail));
    }
    let way = post.form.get("way").map(str::parse::<Rail>);
    let Some(Ok(way)) = way else {
        return Err(Problem::invalid("/way", "send the name of a rail"));
    };
    // Else it was given up before: the second of two equal posts.
    if let intents::State::RequiresAction(attempt) = open.intent.state {
        let command = PaymentCommand::GiveUp(open.intent.id, attempt);
        let owner = (opened.merchant.id, nonce.as_str());
        post.perform(&state, owner, command.into()).await?;
    }
    let page = visit.page_path();
    Ok(answer::see_other(&format!("{page}?way={way}")))
}

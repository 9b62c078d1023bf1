//! The post of a payer who has begun to pay on a page of a provider's, and takes another way.

use super::answer;
use super::post::{Own, Post};
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
    let Own {
        merchant,
        open,
        nonce,
    } = post.own(&state, &visit).await?;
    let way = post.form.get("way").map(str::parse::<Rail>);
    let Some(Ok(way)) = way else {
        return Err(Problem::invalid("/way", "send the name of a rail"));
    };
    // Else it was given up before: the second of two equal posts.
    if let intents::State::RequiresAction(attempt) = open.intent.state {
        let command = PaymentCommand::GiveUp(open.intent.id, attempt);
        let owner = (merchant, nonce.as_str());
        post.perform(&state, owner, command.into()).await?;
    }
    let page = visit.page_path();
    Ok(answer::see_other(&format!("{page}?way={way}")))
}

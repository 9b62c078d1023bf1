//! The post that confirms or refuses a payment of the sandbox, in place of the payer's bank.

use super::pay::land;
use super::post::Post;
use super::subject::{Page, PageSubject};
use super::visit::Visit;
use crate::http::{Problem, State, api::sandbox::SandboxOutcome};
use crate::{
    domain::rails::DeclineCode,
    writer::{Awaited, PaymentCommand},
};
use actix_web::{HttpResponse, web};

/// `POST /p/{token}/action`
pub(super) async fn act(
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
    let outcome = post.form.get("outcome").map(str::parse::<SandboxOutcome>);
    let Some(Ok(outcome)) = outcome else {
        return Err(Problem::invalid("/outcome", "send `succeed` or `fail`"));
    };
    let reported = outcome.answer(DeclineCode::AuthenticationFailed);
    let command = PaymentCommand::Report(open.intent.id, Awaited::Action, reported);
    let owner = (opened.merchant.id, nonce.as_str());
    let outcome = post.perform(&state, owner, command.into()).await?;
    land(&state, &visit, outcome, &nonce).await
}

//! The post that confirms or refuses a payment of the sandbox, in place of the payer's bank.

use super::pay::land;
use super::post::{Own, Post};
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
    let Own {
        merchant,
        open,
        nonce,
    } = post.own(&state, &visit).await?;
    let outcome = post.form.get("outcome").map(str::parse::<SandboxOutcome>);
    let Some(Ok(outcome)) = outcome else {
        return Err(Problem::invalid("/outcome", "send `succeed` or `fail`"));
    };
    let reported = outcome.answer(DeclineCode::AuthenticationFailed);
    let command = PaymentCommand::Report(open.intent.id, Awaited::Action, reported);
    let owner = (merchant, nonce.as_str());
    let outcome = post.perform(&state, owner, command.into()).await?;
    land(&state, &visit, outcome, &nonce).await
}

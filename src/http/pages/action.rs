//! The post that confirms or refuses a payment of the sandbox, in place of the payer's bank.

use super::opened::{Matter, Opened};
use super::pay::land;
use super::post::Post;
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
    let opened = Opened::find(&state, &visit.token).await?;
    let Matter::Intent(intent, _) = &opened.matter else {
        return Err(Problem::not_found());
    };
    let nonce = post.form.nonce(&state, &visit.token)?;
    let outcome = post.form.get("outcome").map(str::parse::<SandboxOutcome>);
    let Some(Ok(outcome)) = outcome else {
        return Err(Problem::invalid("/outcome", "send `succeed` or `fail`"));
    };
    let reported = outcome.answer(DeclineCode::AuthenticationFailed);
    let command = PaymentCommand::Report(intent.id, Awaited::Action, reported).into();
    let owner = (opened.merchant, nonce.as_str());
    let outcome = post.perform(&state, owner, command).await?;
    land(&state, &visit, outcome).await
}

//! Refunds.

use crate::base::problem::ProblemCode as Code;
use crate::http::openapi::problems::refused;
use crate::http::route;
use crate::http::{
    Problem, State,
    answer::{self, List},
    extract::{
        Caller, Change, Page, PageParams, PathId, Query, ReadIntents, Statements, WriteIntents,
        check_span,
    },
};
use crate::{
    base::{
        ids::{IntentId, RefundId},
        timestamp,
    },
    domain::{
        auth::Principal,
        intents::{self, Refund, RefundObject, RefundRequest, RefundStatus, refund::store},
        rail_accounts,
        rails::bank_transfer::{Iban, Settings, Transfer, TransferFile},
        reconciliation::{self, BankLine},
    },
    writer::PaymentCommand,
};
use actix_web::{HttpResponse, web};
use serde::Deserialize;
use time::OffsetDateTime;
use utoipa::IntoParams;

/// The routes of this file, below `/v1`.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(
            web::resource("/payment_intents/{id}/refunds")
                .route(route::post(create))
                .route(route::get(of_intent)),
        )
        .service(web::resource("/refunds").route(route::get(list)))
        .service(web::resource("/refunds/{id}").route(route::get(get)))
        .service(web::resource("/refunds/{id}/transfer").route(route::get(transfer)));
}

/// Refund a payment intent
///
/// Gives captured money back, whole or in parts, never more than was captured.
#[utoipa::path(post, path = "/v1/payment_intents/{id}/refunds", tag = "Refunds",
    operation_id = "create_refund",
    params(("id" = IntentId, Path, description = "The intent's id.")),
    request_body = RefundRequest,
    responses(
        (status = 201, description = "The refund.", body = RefundObject),
        (status = 409, description = refused(&[Code::InvalidState, Code::RefundNotPossible, Code::IdempotencyKeyInUse])),
        (status = 422, description = refused(&[Code::AmountTooLarge, Code::InvalidAmount, Code::CardNumberNotAllowed, Code::IdempotencyKeyReused])),
    ))]
pub async fn create(
    state: web::Data<State>,
    id: PathId<IntentId>,
    change: Change<WriteIntents, RefundRequest>,
) -> Result<HttpResponse, Problem> {
    let (request, change) = change.split();
    change
        .perform(&state, PaymentCommand::Refund(id.0, request.parse()?))
        .await
}

/// Which refunds a list holds.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RefundFilter {
    /// Those with this status.
    status: Option<RefundStatus>,
    /// Those made at this time or later.
    #[serde(default, deserialize_with = "timestamp::optional")]
    #[param(value_type = Option<String>, format = DateTime)]
    created_from: Option<OffsetDateTime>,
    /// Those made before this time.
    #[serde(default, deserialize_with = "timestamp::optional")]
    #[param(value_type = Option<String>, format = DateTime)]
    created_to: Option<OffsetDateTime>,
}

impl RefundFilter {
    fn of(self, intent: Option<IntentId>) -> Result<store::Filter, Problem> {
        check_span(self.created_from, self.created_to, "/created_to")?;
        Ok(store::Filter {
            intent,
            status: self.status,
            created_from: self.created_from,
            created_to: self.created_to,
        })
    }
}

/// List the refunds of a payment intent
///
/// Newest first.
#[utoipa::path(get, path = "/v1/payment_intents/{id}/refunds", tag = "Refunds",
    operation_id = "list_refunds",
    params(("id" = IntentId, Path, description = "The intent's id."), RefundFilter, PageParams),
    responses((status = 200, description = "A part of the list.", body = List<RefundObject>)))]
pub async fn of_intent(
    state: web::Data<State>,
    caller: Caller<ReadIntents>,
    id: PathId<IntentId>,
    filter: Query<RefundFilter>,
    page: Page<RefundId>,
) -> Result<HttpResponse, Problem> {
    intents::store::get(&state.pool, caller.merchant, id.0)
        .await?
        .ok_or_else(Problem::not_found)?;
    let filter = filter.0.of(Some(id.0))?;
    show(&state, &caller, filter, page).await
}

/// Of which payment intent a list holds refunds.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OfIntent {
    /// Those of this payment intent.
    payment_intent: Option<IntentId>,
}

/// List refunds
///
/// Newest first.
#[utoipa::path(get, path = "/v1/refunds", tag = "Refunds", operation_id = "list_all_refunds",
    params(OfIntent, RefundFilter, PageParams),
    responses((status = 200, description = "A part of the list.", body = List<RefundObject>)))]
pub async fn list(
    state: web::Data<State>,
    caller: Caller<ReadIntents>,
    of: Query<OfIntent>,
    filter: Query<RefundFilter>,
    page: Page<RefundId>,
) -> Result<HttpResponse, Problem> {
    let filter = filter.0.of(of.0.payment_intent)?;
    show(&state, &caller, filter, page).await
}

async fn show(
    state: &State,
    caller: &Principal,
    filter: store::Filter,
    page: Page<RefundId>,
) -> Result<HttpResponse, Problem> {
    let window = page.window(|id| id.0);
    let turn = state.list_turn(caller.merchant).await?;
    let refunds = store::list(&turn, caller.merchant, filter, window).await?;
    let printed = |id| RefundId(id).to_string();
    answer::object(&List::of(&refunds, printed, |refund| {
        RefundObject::new(refund, caller.mode)
    }))
}

/// Get a refund
#[utoipa::path(get, path = "/v1/refunds/{id}", tag = "Refunds",
    operation_id = "get_refund",
    params(("id" = RefundId, Path, description = "The refund's id.")),
    responses((status = 200, description = "The refund.", body = RefundObject)))]
pub async fn get(
    state: web::Data<State>,
    caller: Caller<ReadIntents>,
    id: PathId<RefundId>,
) -> Result<HttpResponse, Problem> {
    let refund = store::get(&state.pool, caller.merchant, id.0)
        .await?
        .ok_or_else(Problem::not_found)?;
    answer::object(&RefundObject::new(&refund, caller.mode))
}

/// Get the bank transfer of a refund
///
/// For a refund of a payment by bank transfer: a file for your bank (ISO 20022, pain.001.001.09) that
/// sends the money back to the account that it came from. It has the same name at the bank each time,
/// so that no bank takes it twice. The refund is `pending` until a statement tells of it.
#[utoipa::path(get, path = "/v1/refunds/{id}/transfer", tag = "Refunds",
    operation_id = "get_refund_transfer",
    params(("id" = RefundId, Path, description = "The refund's id.")),
    responses(
        (status = 200, description = "The file.", body = String, content_type = "application/xml"),
        (status = 409, description = refused(&[Code::InvalidState, Code::TransferNotPossible])),
    ))]
pub async fn transfer(
    state: web::Data<State>,
    caller: Caller<Statements>,
    id: PathId<RefundId>,
) -> Result<HttpResponse, Problem> {
    let (pool, merchant) = (&state.pool, caller.merchant);
    let refund = store::get(pool, merchant, id.0).await?;
    let refund = refund.ok_or_else(Problem::not_found)?;
    if refund.status != RefundStatus::Pending {
        let said = format!("the refund is {}, so nothing is to be sent", refund.status);
        let problem = Problem::new(Code::InvalidState, said);
        return Err(problem.current_status(refund.status.to_string()));
    }
    let line = reconciliation::bank_line::store::refunded_line(pool, merchant, refund.id).await?;
    let line = line.ok_or_else(|| {
        not_possible("its payment came by no bank transfer that a statement told of")
    })?;
    let account = rail_accounts::store::get(pool, merchant, line.account).await?;
    let account = account.ok_or_else(Problem::not_found)?;
    let settings = account.settings.bank_transfer();
    let settings = settings.ok_or_else(|| not_possible("it was not paid into a bank account"))?;
    let file = file(&refund, &line, (settings, state.ambient.now()))?;
    Ok(HttpResponse::Ok()
        .content_type("application/xml; charset=utf-8")
        .body(file))
}

fn file(
    refund: &Refund,
    line: &BankLine,
    (from, now): (&Settings, OffsetDateTime),
) -> Result<Vec<u8>, Problem> {
    let payer = &line.details.counterparty;
    let iban = payer.account.as_deref().map(Iban::parse);
    let Some(Ok(iban)) = iban else {
        return Err(not_possible(
            "the statement names no IBAN that it came from",
        ));
    };
    let id = refund.id.to_string();
    let transfer = Transfer {
        id: &id,
        amount: refund.amount,
        name: payer.name.as_deref().unwrap_or("Payer"),
        iban,
        bic: None,
        text: refund.reason.as_deref().unwrap_or("Refund"),
    };
    let file = TransferFile {
        id: &id,
        made_at: now,
        execute_on: now.date(),
        from,
        transfers: &[transfer],
    };
    file.write()
        .map_err(|error| not_possible(&error.to_string()))
}

fn not_possible(why: &str) -> Problem {
    let said = format!("the money cannot be sent back by a file: {why}");
    Problem::new(Code::TransferNotPossible, said)
}

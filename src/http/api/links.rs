//! Payment links.

use crate::base::problem::ProblemCode as Code;
use crate::http::openapi::problems::refused;
use crate::http::route;
use crate::http::{
    Problem, State,
    answer::{self, List},
    extract::{Caller, Change, Links, Page, PageParams, PathId, Query, check_span},
};
use crate::{
    base::{
        ids::{IntentId, LinkId},
        mode::Mode,
        timestamp,
    },
    domain::{
        intents::{self, PaymentIntent},
        links::{Link, LinkRequest, LinkStatus, PaymentLink, store},
    },
    writer::LinkCommand,
};
use actix_web::{HttpResponse, web};
use serde::Deserialize;
use time::OffsetDateTime;
use utoipa::IntoParams;

/// The routes of this file, below `/v1`.
pub fn routes(config: &mut web::ServiceConfig) {
    let resource = |path: &str| web::resource(format!("/payment_links{path}"));
    config
        .service(
            resource("")
                .route(route::post(create))
                .route(route::get(list)),
        )
        .service(resource("/{id}").route(route::get(get)))
        .service(resource("/{id}/deactivate").route(route::post(deactivate)))
        .service(resource("/{id}/payments").route(route::get(payments)));
}

/// A body without fields.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Empty {}

impl State {
    fn show_link(&self, link: &Link, mode: Mode, now: OffsetDateTime) -> PaymentLink {
        PaymentLink::new(link, mode, self.urls.pay_url(&link.id.to_string()), now)
    }
}

/// Make a payment link
///
/// Its page takes one payment, or many, for an amount that you set or that the payer chooses.
#[utoipa::path(post, path = "/v1/payment_links", tag = "Payment links",
    operation_id = "create_payment_link",
    request_body = LinkRequest,
    responses(
        (status = 201, description = "The link.", body = PaymentLink),
        (status = 422, description = refused(&[Code::InvalidAmount, Code::InvalidCurrency, Code::CardNumberNotAllowed, Code::InvalidRequest, Code::UnknownField, Code::IdempotencyKeyReused])),
    ))]
pub async fn create(
    state: web::Data<State>,
    change: Change<Links, LinkRequest>,
) -> Result<HttpResponse, Problem> {
    let (request, change) = change.split();
    let terms = request.parse()?;
    change
        .perform(&state, LinkCommand::Create(Box::new(terms)))
        .await
}

/// Which links a list holds.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LinkFilter {
    /// Those with this status.
    status: Option<LinkStatus>,
    /// Those with this reference of yours.
    reference: Option<String>,
    /// Those asked for in this conversation.
    conversation: Option<String>,
    /// Those made at this time or later.
    #[serde(default, deserialize_with = "timestamp::optional")]
    #[param(value_type = Option<String>, format = DateTime)]
    created_from: Option<OffsetDateTime>,
    /// Those made before this time.
    #[serde(default, deserialize_with = "timestamp::optional")]
    #[param(value_type = Option<String>, format = DateTime)]
    created_to: Option<OffsetDateTime>,
}

/// List payment links
///
/// Newest first.
#[utoipa::path(get, path = "/v1/payment_links", tag = "Payment links",
    operation_id = "list_payment_links", params(LinkFilter, PageParams),
    responses((status = 200, description = "A part of the list.", body = List<PaymentLink>)))]
pub async fn list(
    state: web::Data<State>,
    caller: Caller<Links>,
    filter: Query<LinkFilter>,
    page: Page<LinkId>,
) -> Result<HttpResponse, Problem> {
    let Query(filter) = filter;
    check_span(filter.created_from, filter.created_to, "/created_to")?;
    let now = state.time_of(&caller).await?;
    let filter = store::Filter {
        status: filter.status.map(|status| (status, now)),
        reference: filter.reference,
        conversation: filter.conversation,
        created_from: filter.created_from,
        created_to: filter.created_to,
    };
    let window = page.window(|id| id.0);
    let turn = state.list_turn(caller.merchant).await?;
    let links = store::list(&turn, caller.merchant, &filter, window).await?;
    let printed = |id| LinkId(id).to_string();
    answer::object(&List::of(&links, printed, |link| {
        state.show_link(link, caller.mode, now)
    }))
}

/// Get a payment link
#[utoipa::path(get, path = "/v1/payment_links/{id}", tag = "Payment links",
    operation_id = "get_payment_link",
    params(("id" = LinkId, Path, description = "The link's id.")),
    responses((status = 200, description = "The link.", body = PaymentLink)))]
pub async fn get(
    state: web::Data<State>,
    caller: Caller<Links>,
    id: PathId<LinkId>,
) -> Result<HttpResponse, Problem> {
    let link = store::get(&state.pool, caller.merchant, id.0)
        .await?
        .ok_or_else(Problem::not_found)?;
    let now = state.time_of(&caller).await?;
    answer::object(&state.show_link(&link, caller.mode, now))
}

/// Switch a payment link off
///
/// Its page says so from then on. Payments that are under way go on.
#[utoipa::path(post, path = "/v1/payment_links/{id}/deactivate", tag = "Payment links",
    operation_id = "deactivate_payment_link",
    params(("id" = LinkId, Path, description = "The link's id.")),
    request_body = Empty,
    responses(
        (status = 200, description = "The link.", body = PaymentLink),
        (status = 409, description = refused(&[Code::InvalidState])),
    ))]
pub async fn deactivate(
    state: web::Data<State>,
    id: PathId<LinkId>,
    change: Change<Links, Empty>,
) -> Result<HttpResponse, Problem> {
    let (_, change) = change.split();
    change.perform(&state, LinkCommand::Deactivate(id.0)).await
}

/// List the payments of a link
///
/// The intents that payers made through it, newest first.
#[utoipa::path(get, path = "/v1/payment_links/{id}/payments", tag = "Payment links",
    operation_id = "list_payment_link_payments",
    params(("id" = LinkId, Path, description = "The link's id."), PageParams),
    responses((status = 200, description = "A part of the list.", body = List<PaymentIntent>)))]
pub async fn payments(
    state: web::Data<State>,
    caller: Caller<Links>,
    id: PathId<LinkId>,
    page: Page<IntentId>,
) -> Result<HttpResponse, Problem> {
    let merchant = caller.merchant;
    store::get(&state.pool, merchant, id.0)
        .await?
        .ok_or_else(Problem::not_found)?;
    let filter = intents::store::Filter {
        payment_link: Some(id.0),
        ..Default::default()
    };
    let turn = state.list_turn(merchant).await?;
    let window = page.window(|id| id.0);
    let payments = intents::store::list(&turn, merchant, &filter, window).await?;
    let now = state.time_of(&caller).await?;
    let printed = |id| IntentId(id).to_string();
    answer::object(&List::of(&payments, printed, |intent| {
        state.show(intent, &caller, now)
    }))
}

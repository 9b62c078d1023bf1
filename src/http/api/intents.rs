//! Payment intents.

use crate::base::problem::ProblemCode as Code;
use crate::http::openapi::problems::refused;
use crate::http::route;
use crate::http::{
    Problem, State,
    answer::{self, List},
    extract::{
        Caller, Change, Page, PageParams, PathId, Query, ReadIntents, WriteIntents, check_span,
    },
};
use crate::{
    app::Reader,
    base::{ids::IntentId, timestamp},
    domain::{
        auth::Principal,
        intents::{
            CancelRequest, CaptureRequest, ConfirmRequest, Intent, IntentRequest, PaymentIntent,
            Status, store,
        },
        threads::Channel,
    },
    writer::PaymentCommand,
};
use actix_web::{HttpResponse, web};
use serde::Deserialize;
use time::OffsetDateTime;
use utoipa::IntoParams;

/// The routes of this file, below `/v1`.
pub fn routes(config: &mut web::ServiceConfig) {
    let resource = |path: &str| web::resource(format!("/payment_intents{path}"));
    config
        .service(
            resource("")
                .route(route::post(create))
                .route(route::get(list)),
        )
        .service(resource("/{id}").route(route::get(get)))
        .service(resource("/{id}/confirm").route(route::post(confirm)))
        .service(resource("/{id}/capture").route(route::post(capture)))
        .service(resource("/{id}/cancel").route(route::post(cancel)));
}

impl State {
    pub(in crate::http) fn show<'a>(
        &self,
        intent: &'a Intent,
        caller: &Principal,
        now: OffsetDateTime,
    ) -> PaymentIntent<'a> {
        let pay_url = self.urls.pay_url(&intent.id.to_string());
        let shown = PaymentIntent::new(intent, caller.mode, pay_url, now);
        if caller.role.sees_pages() {
            shown
        } else {
            shown.without_page()
        }
    }
}

/// Ask for money
///
/// Makes a payment intent. Put its `pay_url` into the thread; the payer pays on the page behind it.
#[utoipa::path(post, path = "/v1/payment_intents", tag = "Payment intents",
    operation_id = "create_payment_intent",
    request_body = IntentRequest,
    responses(
        (status = 201, description = "The intent.", body = PaymentIntent),
        (status = 422, description = refused(&[Code::InvalidAmount, Code::InvalidCurrency, Code::CardNumberNotAllowed, Code::InvalidRequest, Code::UnknownField, Code::IdempotencyKeyReused])),
    ))]
pub async fn create(
    state: web::Data<State>,
    change: Change<WriteIntents, IntentRequest>,
) -> Result<HttpResponse, Problem> {
    let (request, change) = change.split();
    let terms = request.parse()?;
    change
        .perform(&state, PaymentCommand::Create(Box::new(terms)))
        .await
}

/// Which intents a list holds.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct IntentFilter {
    /// Those that stand so.
    status: Option<Status>,
    /// Those with this reference of yours.
    reference: Option<String>,
    /// Those asked for in this chat product.
    #[param(value_type = Option<Channel>)]
    channel: Option<Channel>,
    /// Those asked for in this conversation.
    conversation: Option<String>,
    /// Those asked for in this thread.
    thread: Option<String>,
    /// Those made at this time or later.
    #[serde(default, deserialize_with = "timestamp::optional")]
    #[param(value_type = Option<String>, format = DateTime)]
    created_from: Option<OffsetDateTime>,
    /// Those made before this time.
    #[serde(default, deserialize_with = "timestamp::optional")]
    #[param(value_type = Option<String>, format = DateTime)]
    created_to: Option<OffsetDateTime>,
}

/// List payment intents
///
/// Newest first.
#[utoipa::path(get, path = "/v1/payment_intents", tag = "Payment intents",
    operation_id = "list_payment_intents",
    params(IntentFilter, PageParams),
    responses((status = 200, description = "A part of the list.", body = List<PaymentIntent>)))]
pub async fn list(
    state: web::Data<State>,
    caller: Caller<ReadIntents>,
    filter: Query<IntentFilter>,
    page: Page<IntentId>,
) -> Result<HttpResponse, Problem> {
    let Query(filter) = filter;
    check_span(filter.created_from, filter.created_to, "/created_to")?;
    let now = state.time_of(&caller).await?;
    let filter = store::Filter {
        status: filter.status.map(|status| (status, now)),
        reference: filter.reference,
        payment_link: None,
        channel: filter.channel.map(|channel| channel.as_str().to_owned()),
        conversation: filter.conversation,
        thread: filter.thread,
        created_from: filter.created_from,
        created_to: filter.created_to,
    };
    let turn = state.list_turn(caller.merchant).await?;
    let window = page.window(|id| id.0);
    let intents = store::list(&turn, caller.merchant, &filter, window).await?;
    let printed = |id| IntentId(id).to_string();
    answer::object(&List::of(&intents, printed, |intent| {
        state.show(intent, &caller, now)
    }))
}

/// Get a payment intent
#[utoipa::path(get, path = "/v1/payment_intents/{id}", tag = "Payment intents",
    operation_id = "get_payment_intent",
    params(("id" = IntentId, Path, description = "The intent's id.")),
    responses((status = 200, description = "The intent.", body = PaymentIntent)))]
pub async fn get(
    state: web::Data<State>,
    reader: web::Data<Reader>,
    caller: Caller<ReadIntents>,
    id: PathId<IntentId>,
) -> Result<HttpResponse, Problem> {
    let read = reader
        .intent(caller.merchant, id.0)
        .await?
        .ok_or_else(Problem::not_found)?;
    let now = state.ambient.now() + read.ahead;
    Ok(answer::printed(answer::print(&state.show(
        &read.intent,
        &caller,
        now,
    ))?))
}

/// Confirm a payment intent
///
/// Charges the payer with a payment method that you hold. (Payers who open the page do this
/// themselves.) A decline leaves the intent payable: try again with a new `Idempotency-Key`. After
/// five declines no attempt is taken until `attempts_blocked_until`; one decline is forgotten every
/// twelve minutes.
#[utoipa::path(post, path = "/v1/payment_intents/{id}/confirm", tag = "Payment intents",
    operation_id = "confirm_payment_intent",
    params(("id" = IntentId, Path, description = "The intent's id.")),
    request_body = ConfirmRequest,
    responses(
        (status = 200, description = "The intent: `succeeded`, `requires_capture`, `requires_action` or `processing`.", body = PaymentIntent),
        (status = 402, description = refused(&[Code::PaymentDeclined])),
        (status = 409, description = refused(&[Code::InvalidState, Code::RailNotAvailable, Code::IdempotencyKeyInUse])),
        (status = 429, description = refused(&[Code::TooManyDeclines, Code::RateLimited])),
        (status = 422, description = refused(&[Code::InvalidPaymentMethod, Code::InvalidRequest, Code::IdempotencyKeyReused])),
    ))]
pub async fn confirm(
    state: web::Data<State>,
    id: PathId<IntentId>,
    change: Change<WriteIntents, ConfirmRequest>,
) -> Result<HttpResponse, Problem> {
    let (request, change) = change.split();
    change
        .perform(&state, PaymentCommand::Confirm(id.0, request.parse()?))
        .await
}

/// Capture a payment intent
///
/// Takes money that is held, whole or in part, once. The rest is released.
#[utoipa::path(post, path = "/v1/payment_intents/{id}/capture", tag = "Payment intents",
    operation_id = "capture_payment_intent",
    params(("id" = IntentId, Path, description = "The intent's id.")),
    request_body = CaptureRequest,
    responses(
        (status = 200, description = "The intent.", body = PaymentIntent),
        (status = 409, description = refused(&[Code::InvalidState, Code::IdempotencyKeyInUse])),
        (status = 422, description = refused(&[Code::AmountTooLarge, Code::InvalidAmount, Code::IdempotencyKeyReused])),
    ))]
pub async fn capture(
    state: web::Data<State>,
    id: PathId<IntentId>,
    change: Change<WriteIntents, CaptureRequest>,
) -> Result<HttpResponse, Problem> {
    let (request, change) = change.split();
    change
        .perform(&state, PaymentCommand::Capture(id.0, request.parse()?))
        .await
}

/// Cancel a payment intent
///
/// Ends it before any money was taken. Money that is held is released.
#[utoipa::path(post, path = "/v1/payment_intents/{id}/cancel", tag = "Payment intents",
    operation_id = "cancel_payment_intent",
    params(("id" = IntentId, Path, description = "The intent's id.")),
    request_body = CancelRequest,
    responses(
        (status = 200, description = "The intent.", body = PaymentIntent),
        (status = 409, description = refused(&[Code::InvalidState, Code::IdempotencyKeyInUse])),
        (status = 422, description = refused(&[Code::InvalidRequest, Code::IdempotencyKeyReused])),
    ))]
pub async fn cancel(
    state: web::Data<State>,
    id: PathId<IntentId>,
    change: Change<WriteIntents, CancelRequest>,
) -> Result<HttpResponse, Problem> {
    let (request, change) = change.split();
    change
        .perform(&state, PaymentCommand::Cancel(id.0, request.reason()))
        .await
}

//! Rail accounts, and what a merchant can be paid by.

use crate::base::problem::ProblemCode as Code;
use crate::http::api::links::Empty;
use crate::http::openapi::problems::refused;
use crate::http::route;
use crate::http::{
    Problem, State,
    answer::{self, List},
    extract::{Caller, Change, Page, PageParams, PathId, RailAccounts, ReadIntents},
};
use crate::{
    base::ids::RailAccountId,
    domain::rail_accounts::{
        AccountCredentials, Owner, RailAccountChanges, RailAccountObject, RailAccountRequest,
        RailOffer, SealedCredentials, store,
    },
    writer::RailAccountCommand,
};
use actix_web::{HttpResponse, web};

/// The routes of this file, below `/v1`.
pub fn routes(config: &mut web::ServiceConfig) {
    let resource = |path: &str| web::resource(format!("/rail_accounts{path}"));
    config
        .service(
            resource("")
                .route(route::post(create))
                .route(route::get(list)),
        )
        .service(
            resource("/{id}")
                .route(route::get(get))
                .route(route::patch(update))
                .route(route::delete(disable)),
        )
        .service(resource("/{id}/check").route(route::post(check)))
        .service(web::resource("/rails").route(route::get(rails)));
}

/// List rails
///
/// All that the merchant has to be paid by, newest account first: the sandbox of a test merchant,
/// and each rail account.
#[utoipa::path(get, path = "/v1/rails", tag = "Rails",
    operation_id = "list_rails",
    responses((status = 200, description = "All of them.", body = List<RailOffer>)))]
pub async fn rails(
    state: web::Data<State>,
    caller: Caller<ReadIntents>,
) -> Result<HttpResponse, Problem> {
    let accounts = store::of(&state.pool, caller.merchant).await?;
    let sandbox = (!caller.mode.is_live()).then(RailOffer::sandbox);
    let accounts = accounts.iter().map(|of| RailOffer::of(of, caller.mode));
    let all = sandbox.into_iter().chain(accounts).collect();
    answer::object(&List::new(all, false))
}

/// Make a rail account
///
/// Either a bank account that transfers are sent to (`bank_transfer`): by the rules of SEPA (`epc`), of
/// the Swiss QR-bill (`swiss`) or of Pix (`pix`), whose form and check digits are verified; or an account
/// at Stripe (`stripe`), whose key is tried there at once. A merchant has at most 100 rail accounts, and
/// no bank account twice.
#[utoipa::path(post, path = "/v1/rail_accounts", tag = "Rails",
    operation_id = "create_rail_account",
    request_body = RailAccountRequest,
    responses(
        (status = 201, description = "The account.", body = RailAccountObject),
        (status = 409, description = refused(&[Code::DuplicateRailAccount, Code::TooManyRailAccounts, Code::IdempotencyKeyInUse])),
        (status = 422, description = refused(&[Code::CardNumberNotAllowed, Code::CredentialsRefused, Code::InvalidRequest, Code::UnknownField, Code::IdempotencyKeyReused])),
        (status = 503, description = refused(&[Code::ProviderUnavailable])),
    ))]
pub async fn create(
    state: web::Data<State>,
    change: Change<RailAccounts, RailAccountRequest>,
) -> Result<HttpResponse, Problem> {
    let (request, change) = change.split();
    let id = state.ambient.id();
    let (new, credentials) = request.check(change.caller.mode)?;
    state
        .providers
        .check(new.settings(), credentials.as_ref())
        .await?;
    let sealed = seal(&state, (change.caller.merchant, id), credentials)?;
    let new = Box::new(new.with_credentials(sealed));
    change
        .perform(&state, RailAccountCommand::Create(id, new))
        .await
}

fn seal(
    state: &State,
    owner: Owner,
    credentials: Option<AccountCredentials>,
) -> Result<Option<SealedCredentials>, Problem> {
    let Some(credentials) = credentials else {
        return Ok(None);
    };
    let sealed = credentials.seal(owner, &state.keyring.secrets, &state.ambient);
    sealed.map(Some).map_err(|error| Problem::internal(&error))
}

/// List rail accounts
///
/// Newest first, disabled ones too.
#[utoipa::path(get, path = "/v1/rail_accounts", tag = "Rails",
    operation_id = "list_rail_accounts", params(PageParams),
    responses((status = 200, description = "A part of the list.", body = List<RailAccountObject>)))]
pub async fn list(
    state: web::Data<State>,
    caller: Caller<RailAccounts>,
    page: Page<RailAccountId>,
) -> Result<HttpResponse, Problem> {
    let window = page.window(|id| id.0);
    let turn = state.list_turn(caller.merchant).await?;
    let accounts = store::list(&turn, caller.merchant, window).await?;
    let printed = |id| RailAccountId(id).to_string();
    answer::object(&List::of(&accounts, printed, |account| {
        RailAccountObject::new(account, caller.mode, state.urls.public_url())
    }))
}

/// Get a rail account
#[utoipa::path(get, path = "/v1/rail_accounts/{id}", tag = "Rails",
    operation_id = "get_rail_account",
    params(("id" = RailAccountId, Path, description = "The account's id.")),
    responses((status = 200, description = "The account.", body = RailAccountObject)))]
pub async fn get(
    state: web::Data<State>,
    caller: Caller<RailAccounts>,
    id: PathId<RailAccountId>,
) -> Result<HttpResponse, Problem> {
    let account = store::get(&state.pool, caller.merchant, id.0)
        .await?
        .ok_or_else(Problem::not_found)?;
    answer::object(&RailAccountObject::new(
        &account,
        caller.mode,
        state.urls.public_url(),
    ))
}

/// Change a rail account
///
/// What is left out stays as it is. The scheme and the account at the bank cannot be changed:
/// what was paid there would not be found. New credentials must be of the same account at the provider,
/// and are tried there at once.
#[utoipa::path(patch, path = "/v1/rail_accounts/{id}", tag = "Rails",
    operation_id = "update_rail_account",
    params(("id" = RailAccountId, Path, description = "The account's id.")),
    request_body = RailAccountChanges,
    responses(
        (status = 200, description = "The account.", body = RailAccountObject),
        (status = 409, description = refused(&[Code::DuplicateRailAccount])),
        (status = 422, description = refused(&[Code::CardNumberNotAllowed, Code::CredentialsRefused, Code::InvalidRequest, Code::UnknownField])),
        (status = 503, description = refused(&[Code::ProviderUnavailable])),
    ))]
pub async fn update(
    state: web::Data<State>,
    id: PathId<RailAccountId>,
    change: Change<RailAccounts, RailAccountChanges>,
) -> Result<HttpResponse, Problem> {
    let (request, change) = change.split();
    let owner = (change.caller.merchant, id.0);
    let sealed = if request.has_credentials() {
        let account = store::get(&state.pool, owner.0, owner.1).await?;
        let account = account.ok_or_else(Problem::not_found)?;
        let given = request.credentials(account.rail(), change.caller.mode)?;
        state
            .providers
            .check(&account.settings, given.as_ref())
            .await?;
        seal(&state, owner, given)?
    } else {
        None
    };
    let patch = Box::new(request.check()?.with_credentials(sealed));
    let command = RailAccountCommand::Change(id.0, patch);
    change.perform(&state, command).await
}

/// Disable a rail account
///
/// It stays, since what was paid by it names it, and can be enabled again.
#[utoipa::path(delete, path = "/v1/rail_accounts/{id}", tag = "Rails",
    operation_id = "disable_rail_account",
    params(("id" = RailAccountId, Path, description = "The account's id.")),
    responses((status = 200, description = "The account, disabled.", body = RailAccountObject)))]
pub async fn disable(
    state: web::Data<State>,
    id: PathId<RailAccountId>,
    change: Change<RailAccounts, Empty>,
) -> Result<HttpResponse, Problem> {
    let (_, change) = change.split();
    let command = RailAccountCommand::Disable(id.0);
    change.perform(&state, command).await
}

/// Check a rail account
///
/// Looks whether it can be used, and answers with it and `checked`, which says what was looked at.
/// Of a bank account that is the form and the check digits of its settings, no more: only a first
/// transfer shows that it is there and whose it is. Of an account at Stripe its key is tried there;
/// one that was `failing` is `active` again if Stripe takes it. `webhook` says whether Stripe sends its
/// events to the account's `webhook_url`, and refuses nothing.
#[utoipa::path(post, path = "/v1/rail_accounts/{id}/check", tag = "Rails",
    operation_id = "check_rail_account",
    params(("id" = RailAccountId, Path, description = "The account's id.")),
    request_body = Empty,
    responses(
        (status = 200, description = "The account, with `checked`.", body = RailAccountObject),
        (status = 409, description = refused(&[Code::IdempotencyKeyInUse])),
        (status = 422, description = refused(&[Code::CredentialsRefused])),
        (status = 503, description = refused(&[Code::ProviderUnavailable])),
    ))]
pub async fn check(
    state: web::Data<State>,
    id: PathId<RailAccountId>,
    change: Change<RailAccounts, Empty>,
) -> Result<HttpResponse, Problem> {
    let (_, change) = change.split();
    let account = store::get(&state.pool, change.caller.merchant, id.0).await?;
    let account = account.ok_or_else(Problem::not_found)?;
    let opened = state.providers.open(&account, change.caller.mode);
    let opened = opened.map_err(|error| Problem::internal(&error))?;
    let (providers, opened) = (&state.providers, opened.as_ref());
    providers.check(&account.settings, opened).await?;
    let webhook = providers.webhook(&account, opened).await;
    let command = RailAccountCommand::Check(id.0, webhook);
    change.perform(&state, command).await
}

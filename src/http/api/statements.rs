//! Statements of bank accounts: files that a merchant's bank gave, and what their lines come to.

use crate::base::problem::ProblemCode as Code;
use crate::http::openapi::problems::refused;
use crate::http::route;
use crate::http::{
    Problem, State,
    answer::{self, List},
    extract::{BankFile, Caller, Change, Page, PageParams, PathId, Query, Statements},
};
use crate::{
    base::ids::{RailAccountId, StatementId, StatementLineId},
    domain::{
        rail_accounts,
        reconciliation::{
            BankLineObject, ImportError, ImportObject, LineState, NewImport, PreviewObject,
            bank_line, import,
        },
        statements::FileFormat,
    },
    writer::StatementCommand,
};
use actix_web::{HttpResponse, web};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

/// The routes of this file, below `/v1`.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(
            web::resource("/statements")
                .route(route::post(hand_in))
                .route(route::get(list)),
        )
        .service(web::resource("/statements/{id}").route(route::get(get)))
        .service(web::resource("/statements/{id}/lines").route(route::get(lines)))
        .service(web::resource("/statement_lines/{id}").route(route::get(line)));
}

/// How a file is read.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ImportParams {
    /// The account that it is about.
    #[param(example = "ra_01m8110y3cf2qrd5w8k6n4t7vb")]
    account: RailAccountId,
    /// The format of the file; `auto`, which is not `csv`, if left out.
    format: Option<FileFormat>,
    /// `true`: the file is only read, and nothing is kept.
    dry_run: Option<bool>,
}

/// Give us a statement
///
/// The body is a file from your bank, as it is: camt.052, .053 or .054, MT940, OFX, or a CSV by the
/// `csv_mapping` of the account. A file that does not add up, or holds no statement of this account, is
/// refused whole. Each booked line is held against the transfers that are waited for: by exact
/// reference, else by amount and day where just one waits, and never by a guess. Money that nobody
/// waits for becomes a movement. A line that came before, by the bank's own id, changes nothing, and
/// neither does the same file twice.
#[utoipa::path(post, path = "/v1/statements", tag = "Statements",
    operation_id = "import_statement", params(ImportParams),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "The file: at most 20 MiB."),
    responses(
        (status = 200, description = "The same file was given to us before: the statement as it is. Or, with `dry_run`, what the file holds.", body = Known),
        (status = 201, description = "The statement, and what its lines came to.", body = ImportObject),
        (status = 404, description = refused(&[Code::NotFound])),
        (status = 409, description = refused(&[Code::IdempotencyKeyInUse])),
        (status = 422, description = refused(&[Code::InvalidStatement, Code::InvalidRequest, Code::IdempotencyKeyReused])),
    ))]
pub async fn hand_in(
    state: web::Data<State>,
    query: Query<ImportParams>,
    change: Change<Statements, BankFile>,
) -> Result<HttpResponse, Problem> {
    let merchant = change.caller.merchant;
    let account = rail_accounts::store::get(&state.pool, merchant, query.0.account).await?;
    let account = account.ok_or_else(Problem::not_found)?;
    let (BankFile(file), change) = change.split();
    let format = query.0.format.unwrap_or(FileFormat::Auto);
    // A large file takes a second to read.
    let read = web::block(move || NewImport::read(&account, format, &file));
    let new = read.await.map_err(|error| Problem::internal(&error))??;
    if query.0.dry_run == Some(true) {
        return answer::object(&PreviewObject::from(&new));
    }
    change
        .perform(&state, StatementCommand::Keep(Box::new(new)))
        .await
}

/// What is answered where nothing new is kept.
#[derive(ToSchema)]
#[schema(as = KnownStatement)]
#[serde(untagged)]
pub enum Known<'a> {
    /// It was given to us before.
    Statement(ImportObject<'a>),
    /// It was only to be read.
    Preview(PreviewObject<'a>),
}

impl From<ImportError> for Problem {
    fn from(error: ImportError) -> Self {
        Self::new(Code::InvalidStatement, error.to_string())
    }
}

/// Which statements a list holds.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct StatementFilter {
    /// Those about this account.
    rail_account: Option<RailAccountId>,
}

/// List statements
///
/// Newest first.
#[utoipa::path(get, path = "/v1/statements", tag = "Statements",
    operation_id = "list_statements", params(StatementFilter, PageParams),
    responses((status = 200, description = "A part of the list.", body = List<ImportObject>)))]
pub async fn list(
    state: web::Data<State>,
    caller: Caller<Statements>,
    filter: Query<StatementFilter>,
    page: Page<StatementId>,
) -> Result<HttpResponse, Problem> {
    let window = page.window(|id| id.0);
    let turn = state.list_turn(caller.merchant).await?;
    let account = filter.0.rail_account;
    let imports = import::store::list(&turn, caller.merchant, account, window).await?;
    let printed = |id| StatementId(id).to_string();
    answer::object(&List::of(&imports, printed, |import| {
        ImportObject::new(import, caller.mode)
    }))
}

/// Get a statement
#[utoipa::path(get, path = "/v1/statements/{id}", tag = "Statements",
    operation_id = "get_statement",
    params(("id" = StatementId, Path, description = "The statement's id.")),
    responses((status = 200, description = "The statement.", body = ImportObject)))]
pub async fn get(
    state: web::Data<State>,
    caller: Caller<Statements>,
    id: PathId<StatementId>,
) -> Result<HttpResponse, Problem> {
    let import = import::store::get(&state.pool, caller.merchant, id.0)
        .await?
        .ok_or_else(Problem::not_found)?;
    answer::object(&ImportObject::new(&import, caller.mode))
}

/// Which lines a list holds.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LineFilter {
    /// Those that came to this.
    status: Option<LineState>,
}

/// List the lines of a statement
///
/// Last of the file first.
#[utoipa::path(get, path = "/v1/statements/{id}/lines", tag = "Statements",
    operation_id = "list_statement_lines",
    params(("id" = StatementId, Path, description = "The statement's id."), LineFilter, PageParams),
    responses((status = 200, description = "A part of the list.", body = List<BankLineObject>)))]
pub async fn lines(
    state: web::Data<State>,
    caller: Caller<Statements>,
    id: PathId<StatementId>,
    filter: Query<LineFilter>,
    page: Page<StatementLineId>,
) -> Result<HttpResponse, Problem> {
    let found = import::store::get(&state.pool, caller.merchant, id.0).await?;
    found.ok_or_else(Problem::not_found)?;
    let window = page.window(|id| id.0);
    let turn = state.list_turn(caller.merchant).await?;
    let of = (caller.merchant, id.0);
    let lines = bank_line::store::list(&turn, of, filter.0.status, window).await?;
    let printed = |id| StatementLineId(id).to_string();
    answer::object(&List::of(&lines, printed, BankLineObject::from))
}

/// Get a line of a statement
#[utoipa::path(get, path = "/v1/statement_lines/{id}", tag = "Statements",
    operation_id = "get_statement_line",
    params(("id" = StatementLineId, Path, description = "The line's id.")),
    responses((status = 200, description = "The line.", body = BankLineObject)))]
pub async fn line(
    state: web::Data<State>,
    caller: Caller<Statements>,
    id: PathId<StatementLineId>,
) -> Result<HttpResponse, Problem> {
    let line = bank_line::store::get(&state.pool, caller.merchant, id.0)
        .await?
        .ok_or_else(Problem::not_found)?;
    answer::object(&BankLineObject::from(&line))
}

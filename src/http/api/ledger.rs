//! The books: accounts, balances, journal entries and the trial balance.

use crate::base::problem::ProblemCode as Code;
use crate::http::openapi::problems::refused;
use crate::http::route;
use crate::http::{
    Problem, State,
    answer::{self, List},
    extract::{Caller, Ledger, Page, PageParams, PathId, Query, ReadIntents, check_span},
};
use crate::{
    base::{
        ids::{EntryId, IntentId},
        timestamp,
    },
    domain::{
        auth::{Principal, Scope},
        ledger::{Account, AccountCode, JournalEntryView},
    },
    views::reports::{
        self, AccountView, AsOf, BalancesView, JournalFilter, ReportError, SourceError,
        TrialBalanceView,
    },
};
use actix_web::{HttpResponse, web};
use serde::Deserialize;
use time::OffsetDateTime;
use utoipa::IntoParams;

/// The routes of this file, below `/v1`.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/accounts").route(route::get(list_accounts)))
        .service(web::resource("/accounts/{code}/balances").route(route::get(balances)))
        .service(web::resource("/journal_entries").route(route::get(list_entries)))
        .service(web::resource("/trial_balance").route(route::get(trial_balance)))
        .service(web::resource("/payment_intents/{id}/entries").route(route::get(intent_entries)));
}

impl From<ReportError> for Problem {
    fn from(error: ReportError) -> Self {
        match error {
            ReportError::NotFound => Self::not_found(),
            ReportError::Invalid(invalid) => Self::from(invalid),
            ReportError::Database(error) => Self::from(error),
        }
    }
}

/// The moment that balances are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AtQuery {
    /// All that was booked up to this time counts; now if left out.
    #[serde(default, deserialize_with = "timestamp::optional")]
    #[param(value_type = Option<String>, format = DateTime)]
    at: Option<OffsetDateTime>,
}

impl AtQuery {
    async fn moment(&self, state: &State, caller: &Principal) -> Result<AsOf, Problem> {
        match self.at {
            Some(at) => Ok(AsOf::time(at)),
            None => Ok(AsOf::latest(state.time_of(caller).await?)),
        }
    }
}

/// List accounts
///
/// The chart of accounts, whether they were posted to or not, in the order of their codes.
#[utoipa::path(get, path = "/v1/accounts", tag = "Ledger", operation_id = "list_accounts",
    responses((status = 200, description = "All accounts.", body = List<AccountView>)))]
pub async fn list_accounts(
    state: web::Data<State>,
    caller: Caller<Ledger>,
) -> Result<HttpResponse, Problem> {
    let turn = state.list_turn(caller.merchant).await?;
    let accounts = reports::accounts(&turn, caller.merchant, caller.mode).await?;
    answer::object(&List::new(accounts, false))
}

/// Get the balances of an account
///
/// Now, or at any time before.
#[utoipa::path(get, path = "/v1/accounts/{code}/balances", tag = "Ledger",
    operation_id = "get_balances",
    params(("code" = String, Path, description = "The account's code.", example = "merchant:pending"), AtQuery),
    responses((status = 200, description = "One balance for each currency that it was posted to in.", body = BalancesView)))]
pub async fn balances(
    state: web::Data<State>,
    caller: Caller<Ledger>,
    code: web::Path<String>,
    query: Query<AtQuery>,
) -> Result<HttpResponse, Problem> {
    let at = query.0.moment(&state, &caller).await?;
    let turn = state.list_turn(caller.merchant).await?;
    let balances = reports::balances(&turn, caller.merchant, &code, at).await?;
    answer::object(&balances)
}

/// The account of a filter, as its code.
pub(super) fn account(code: Option<&str>) -> Result<Option<String>, Problem> {
    let account = code.map(str::parse::<Account>).transpose();
    let account = account.map_err(|e| Problem::invalid("/account", e.to_string()))?;
    Ok(account.map(|account| account.to_string()))
}

/// Which entries a list holds.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EntryFilter {
    /// Those that post to the account with this code.
    #[param(value_type = Option<AccountCode>)]
    account: Option<String>,
    /// Those that this payment intent (`pi_…`) or refund (`re_…`) caused, or the adjustment
    /// (`je_…`) itself.
    #[param(pattern = "^(pi|re|je)_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    source: Option<String>,
    /// Those booked at this time or later.
    #[serde(default, deserialize_with = "timestamp::optional")]
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<OffsetDateTime>,
    /// Those booked before this time.
    #[serde(default, deserialize_with = "timestamp::optional")]
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<OffsetDateTime>,
}

/// List journal entries
///
/// Newest first. Entries never change: what was wrong is put right by another entry.
#[utoipa::path(get, path = "/v1/journal_entries", tag = "Ledger",
    operation_id = "list_journal_entries", params(EntryFilter, PageParams),
    responses(
        (status = 200, description = "A part of the journal.", body = List<JournalEntryView>),
        (status = 422, description = refused(&[Code::InvalidRequest])),
    ))]
pub async fn list_entries(
    state: web::Data<State>,
    caller: Caller<Ledger>,
    filter: Query<EntryFilter>,
    page: Page<EntryId>,
) -> Result<HttpResponse, Problem> {
    let Query(filter) = filter;
    check_span(filter.from, filter.to, "/to")?;
    let source = filter.source.map(|source| source.parse()).transpose();
    let filter = JournalFilter {
        account: account(filter.account.as_deref())?,
        source: source.map_err(|e: SourceError| Problem::invalid("/source", e.to_string()))?,
        from: filter.from,
        to: filter.to,
    };
    let window = page.window(|id| id.0);
    let turn = state.list_turn(caller.merchant).await?;
    let (entries, has_more) = reports::journal(&turn, caller.merchant, &filter, window).await?;
    answer::object(&List::new(entries, has_more))
}

/// Get the trial balance
///
/// The debits and credits of every account, now or at any time before.
#[utoipa::path(get, path = "/v1/trial_balance", tag = "Ledger", operation_id = "get_trial_balance",
    params(AtQuery),
    responses((status = 200, description = "The trial balance.", body = TrialBalanceView)))]
pub async fn trial_balance(
    state: web::Data<State>,
    caller: Caller<Ledger>,
    query: Query<AtQuery>,
) -> Result<HttpResponse, Problem> {
    let at = query.0.moment(&state, &caller).await?;
    let turn = state.list_turn(caller.merchant).await?;
    let balance = reports::trial_balance(&turn, caller.merchant, at).await?;
    answer::object(&balance)
}

/// List the journal entries of a payment intent
///
/// What it caused, oldest first: how its money moved, gross to net. `after` gives what comes later.
#[utoipa::path(get, path = "/v1/payment_intents/{id}/entries", tag = "Payment intents",
    operation_id = "list_payment_intent_entries",
    params(("id" = IntentId, Path, description = "The intent's id."), PageParams),
    responses((status = 200, description = "A part of the entries.", body = List<JournalEntryView>)))]
pub async fn intent_entries(
    state: web::Data<State>,
    caller: Caller<ReadIntents>,
    id: PathId<IntentId>,
    page: Page<EntryId>,
) -> Result<HttpResponse, Problem> {
    let window = page.window(|id| id.0);
    let turn = state.list_turn(caller.merchant).await?;
    let (mut entries, has_more) =
        reports::intent_entries(&turn, caller.merchant, id.0, window).await?;
    if !caller.may(Scope::Ledger) {
        entries = entries.into_iter().map(JournalEntryView::alone).collect();
    }
    answer::object(&List::new(entries, has_more))
}

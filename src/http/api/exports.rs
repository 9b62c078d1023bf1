//! Exports of the journal, streamed.

use crate::base::money::{Currency, field::CurrencyCode};
use crate::base::problem::ProblemCode as Code;
use crate::domain::ledger::AccountCode;
use crate::http::openapi::problems::refused;
use crate::http::route;
use crate::http::{
    Problem, State,
    extract::{Caller, Exports, Query},
    request::RequestId,
    server::{connection_state::ConnectionState, turns::NoTurn},
};
use crate::views::exports::{Export, ExportError, Format, Period, PeriodError, Selection};
use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, header},
    web,
};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use serde::Deserialize;
use std::{
    error::Error,
    rc::Rc,
    time::{Duration, Instant},
};
use utoipa::IntoParams;

/// How long an export may take: while it runs, Postgres keeps all that its snapshot may show.
const DEADLINE: Duration = Duration::from_mins(15);

/// The routes of this file, below `/v1`.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/exports/journal").route(route::get(journal)));
}

impl From<PeriodError> for Problem {
    fn from(error: PeriodError) -> Self {
        let param = match error {
            PeriodError::From(_) => "/from",
            PeriodError::To(_) | PeriodError::Empty(..) => "/to",
        };
        Self::invalid(param, error.to_string())
    }
}

impl From<NoTurn> for Problem {
    fn from(error: NoTurn) -> Self {
        match error {
            NoTurn::OwnRuns => {
                let detail =
                    "an export of this merchant is being read: wait for its end, or hang up on it";
                Self::new(Code::ExportRunning, detail).retry_after(EXPORT_RETRY)
            }
            NoTurn::AllTaken => Self::overloaded(),
        }
    }
}

impl From<ExportError> for Problem {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Database(error) => Self::from(error),
            ExportError::UnknownMerchant(_)
            | ExportError::Entry { .. }
            | ExportError::Books(_)
            | ExportError::Render(_) => Self::internal(&error),
        }
    }
}

/// Seconds after which a merchant may ask whether its other export is over.
const EXPORT_RETRY: u32 = 5;

/// What to export.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    /// What was booked at this time or later: RFC 3339, or a date for its midnight in UTC.
    #[param(format = DateTime, example = "2026-11-01T00:00:00Z")]
    from: String,
    /// What was booked before this time, in the same form.
    #[param(format = DateTime, example = "2026-12-01T00:00:00Z")]
    to: String,
    /// The format of the file.
    format: Format,
    /// Postings in this currency alone.
    #[param(value_type = Option<CurrencyCode>)]
    currency: Option<String>,
    /// Postings to the account with this code alone.
    #[param(value_type = Option<AccountCode>)]
    account: Option<String>,
}

impl ExportQuery {
    fn selection(&self) -> Result<Selection, Problem> {
        let currency = self.currency.as_deref().map(Currency::named);
        let currency = currency.transpose().map_err(|error| {
            Problem::new(Code::InvalidCurrency, error.to_string()).at("/currency")
        })?;
        let account = super::ledger::account(self.account.as_deref())?;
        Ok(Selection { currency, account })
    }
}

/// Export the journal
///
/// One row a posting, oldest first, from one picture of the books; the same bytes each time for a
/// period that is over. The control totals at the end say that the file is whole: if they are
/// missing, or the connection broke off, ask again. With `currency` or `account` the file and its
/// totals hold those postings alone. A merchant has one export at a time, which must be
/// read at 8 KiB a second or faster, and within fifteen minutes.
#[utoipa::path(get, path = "/v1/exports/journal", tag = "Exports", operation_id = "export_journal",
    params(ExportQuery),
    responses(
        (status = 200, description = "The file.", content(
            (String = "text/csv"),
            (String = "application/jsonl"),
        )),
        (status = 422, description = refused(&[Code::InvalidRequest, Code::InvalidCurrency])),
        (status = 429, description = refused(&[Code::ExportRunning, Code::RateLimited])),
    ))]
pub async fn journal(
    state: web::Data<State>,
    caller: Caller<Exports>,
    query: Query<ExportQuery>,
    request_id: RequestId,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let Query(query) = query;
    let selection = query.selection()?;
    let period = Period::parse(&query.from, &query.to)?;
    let format = query.format;
    let name = format!("attachment; filename=\"{}\"", period.file_name(format));
    let mut answer = HttpResponse::Ok();
    answer
        .content_type(format.media_type())
        .insert_header((header::CONTENT_DISPOSITION, name));
    if request.method() == Method::HEAD {
        // Nobody reads the file, so none is made.
        return Ok(answer.streaming(stream::empty::<Result<Bytes, ExportError>>()));
    }
    let turn = state.exports.take(caller.merchant)?;
    let connections = state.list_turn(caller.merchant).await?;
    let export = Export::open(&connections, caller.merchant, period, format).await?;
    let mut export = export.only(selection);
    // Most of what can be wrong shows in the first piece, while a problem can still be answered.
    let first = export.next_chunk().await?.map(Ok);
    let rest = in_time(export.into_stream()).inspect(move |piece| {
        let _held = (&turn, &connections);
        if let Err(error) = piece {
            tracing::error!(request_id = request_id.0, %error, "an export broke off");
        }
    });
    if let Some(connection) = request.conn_data::<Rc<ConnectionState>>() {
        // One that is not taken is not asked for its next piece.
        connection.must_end_by(Instant::now() + DEADLINE);
    }
    Ok(answer.streaming(stream::iter(first).chain(rest)))
}

/// The pieces until the deadline, and then an error.
fn in_time<T>(
    pieces: impl Stream<Item = Result<T, ExportError>>,
) -> impl Stream<Item = Result<T, Box<dyn Error>>> {
    let deadline = Instant::now() + DEADLINE;
    pieces.map(move |piece| {
        if Instant::now() > deadline {
            return Err("it took longer than it may".into());
        }
        Ok(piece?)
    })
}

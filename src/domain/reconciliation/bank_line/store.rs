//! SQL of the lines of statements.
#![expect(
    clippy::as_conversions,
    reason = "this is how sqlx is told of arrays with nulls"
)]

use super::details::StoredDetails;
use crate::domain::reconciliation::{import::store::Name, row_error::RowError};
use crate::{
    base::{
        db::{
            Part as Listed, Pool, Stored, Unreadable, Window, all_written, query_listed, readable,
        },
        ids::{
            AttemptId, IntentId, MerchantId, MovementId, RailAccountId, RefundId, StatementId,
            StatementLineId,
        },
        money::Money,
    },
    domain::reconciliation::{BankLine, FoundBy, LineDecision, LineState},
};
use sqlx::{PgConnection, PgExecutor};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

/// Whose line, and which.
pub type LineName = (MerchantId, StatementLineId);

struct LineRow {
    merchant_id: Uuid,
    id: Uuid,
    statement_id: Uuid,
    rail_account_id: Uuid,
    identity: String,
    direction: String,
    amount: i64,
    currency: String,
    booked_on: Option<Date>,
    value_on: Option<Date>,
    details: Stored<StoredDetails>,
    candidates: Vec<String>,
    is_alone: bool,
    status: String,
    how: Option<String>,
    decision_reason: Option<String>,
    decided_by: Option<String>,
    decided_at: Option<OffsetDateTime>,
    payment_intent_id: Option<Uuid>,
    attempt_id: Option<Uuid>,
    movement_id: Option<Uuid>,
    parts: Vec<Uuid>,
    same_as: Option<Uuid>,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
}

impl TryFrom<LineRow> for BankLine {
    type Error = RowError;

    fn try_from(row: LineRow) -> Result<Self, RowError> {
        // The schema holds that whoever decides is named, and the time.
        let decided = row.decided_by.zip(row.decided_at);
        let reason = row.decision_reason;
        let decision = decided.map(|(by, at)| LineDecision { reason, by, at });
        // Before it was kept, we alone found what lines are.
        let found = row.payment_intent_id.map(|_| FoundBy::Auto);
        let how = row.how.as_deref().map(str::parse).transpose()?;
        Ok(Self {
            id: StatementLineId(row.id),
            merchant: MerchantId(row.merchant_id),
            statement: StatementId(row.statement_id),
            account: RailAccountId(row.rail_account_id),
            identity: row.identity,
            direction: row.direction.parse()?,
            amount: Money::new(row.amount, row.currency.parse()?),
            booked_on: row.booked_on,
            value_on: row.value_on,
            details: row.details.read()?.into(),
            candidates: row.candidates,
            is_alone: row.is_alone,
            state: row.status.parse()?,
            how: how.or(found),
            decision,
            intent: row.payment_intent_id.map(IntentId),
            attempt: row.attempt_id.map(AttemptId),
            movement: row.movement_id.map(MovementId),
            parts: row.parts.into_iter().map(MovementId).collect(),
            same_as: row.same_as.map(StatementLineId),
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// Loads the lines named. A line that came before, by what it is known by, names that line.
pub async fn load(
    db: impl PgExecutor<'_>,
    names: &[LineName],
) -> Result<Vec<Result<BankLine, Unreadable<LineName>>>, sqlx::Error> {
    let merchants: Vec<Uuid> = names.iter().map(|name| name.0.0).collect();
    let ids: Vec<Uuid> = names.iter().map(|name| name.1.0).collect();
    let rows = sqlx::query_as!(
        LineRow,
        "-- statement_lines.load
        SELECT l.merchant_id, l.id, l.statement_id, l.rail_account_id, l.identity, l.direction,
            l.amount, l.currency, l.booked_on, l.value_on,
            l.details AS \"details: Stored<StoredDetails>\", l.candidates, l.is_alone, l.status,
            l.how, l.decision_reason, l.decided_by, l.decided_at, l.payment_intent_id,
            l.attempt_id, l.movement_id, l.parts, b.id AS \"same_as?\", l.created_at, l.updated_at
        FROM (
            SELECT UNNEST($1::uuid[]) AS merchant_id, UNNEST($2::uuid[]) AS id,
                generate_series(1, cardinality($2::uuid[])) AS place
        ) u
        JOIN statement_lines l ON l.merchant_id = u.merchant_id AND l.id = u.id
        LEFT JOIN LATERAL (
            SELECT f.id FROM statement_lines f
            WHERE f.merchant_id = l.merchant_id AND f.rail_account_id = l.rail_account_id
                AND f.identity = l.identity AND f.id < l.id
            ORDER BY f.id LIMIT 1
        ) b ON true
        ORDER BY u.place",
        &merchants,
        &ids
    );
    let rows = rows.fetch_all(db).await?.into_iter();
    let read = rows.map(|row| {
        let name = (MerchantId(row.merchant_id), StatementLineId(row.id));
        BankLine::try_from(row).map_err(|error| Unreadable::new(name, error))
    });
    Ok(read.collect())
}

/// The attempts that these lines may be the money of: those with one of their references, those that
/// wait for just their amount, and those of the refunds that they name.
pub async fn possible(
    db: impl PgExecutor<'_>,
    lines: &[&BankLine],
) -> Result<Vec<(MerchantId, AttemptId)>, sqlx::Error> {
    let merchants: Vec<Uuid> = lines.iter().map(|line| line.merchant.0).collect();
    let accounts: Vec<Uuid> = lines.iter().map(|line| line.account.0).collect();
    let amounts: Vec<i64> = lines.iter().map(|line| line.amount.minor()).collect();
    let candidates: Vec<String> = lines.iter().map(|line| line.candidates.join(" ")).collect();
    let refunds = lines
        .iter()
        .map(|line| spaced(line.refunds().map(|id| id.0)));
    let refunds: Vec<String> = refunds.collect();
    let rows = sqlx::query!(
        r#"-- statement_lines.possible
        SELECT DISTINCT u.merchant_id AS "merchant_id!", a.id AS "id!"
        FROM UNNEST($1::uuid[], $2::uuid[], $3::bigint[], $4::text[], $5::text[])
            AS u (merchant_id, account, amount, candidates, refunds)
        CROSS JOIN LATERAL (
            (SELECT f.id FROM attempts f
            WHERE f.merchant_id = u.merchant_id
                AND f.rail_reference = ANY (string_to_array(u.candidates, ' ')))
            UNION ALL
            (SELECT f.id FROM attempts f
            WHERE f.merchant_id = u.merchant_id AND f.rail_account_id = u.account
                AND f.amount = u.amount AND f.status = 'pending' AND f.kind = 'charge')
            UNION ALL
            (SELECT f.id FROM refunds r
            JOIN attempts f ON f.merchant_id = r.merchant_id
                AND f.intent_id = r.payment_intent_id AND f.refund_id = r.id
            WHERE r.merchant_id = u.merchant_id
                AND r.id = ANY (string_to_array(u.refunds, ' ')::uuid[]))
        ) a"#,
        &merchants,
        &accounts,
        &amounts,
        &candidates,
        &refunds
    );
    let rows = rows.fetch_all(db).await?.into_iter();
    let name = |(merchant, id)| (MerchantId(merchant), AttemptId(id));
    Ok(rows.map(|row| name((row.merchant_id, row.id))).collect())
}

fn spaced(ids: impl Iterator<Item = Uuid>) -> String {
    let ids: Vec<String> = ids.map(|id| id.to_string()).collect();
    ids.join(" ")
}

crate::columns! {
    /// What never changes in lines.
    pub struct Columns of BankLine {
        /// Whose they are.
        merchants: Uuid = |l| l.merchant.0;
        /// Their ids.
        ids: Uuid = |l| l.id.0;
        /// The files that they came in.
        statements: Uuid = |l| l.statement.0;
        /// The accounts.
        accounts: Uuid = |l| l.account.0;
        /// What they are known by.
        identities: &'a str = |l| l.identity.as_str();
        /// Which way money went.
        directions: &'static str = |l| l.direction.as_str();
        /// How much, in minor units.
        amounts: i64 = |l| l.amount.minor();
        /// ISO 4217 codes.
        currencies: &'static str = |l| l.amount.currency().code();
        /// The days they were booked.
        booked: Option<Date> = |l| l.booked_on;
        /// The days from which they bear interest.
        valued: Option<Date> = |l| l.value_on;
        /// What is said beside that, as JSON.
        details: String = |l| StoredDetails::print(&l.details);
        /// What may be references of ours, apart by blanks.
        candidates: String = |l| l.candidates.join(" ");
        /// Whether no other line could be taken for them.
        alone: bool = |l| l.is_alone;
        /// What they come to.
        states: &'static str = |l| l.state.as_str();
        /// Who found that.
        found: Option<&'static str> = |l| l.how.map(FoundBy::as_str);
        /// Why people decided so.
        reasons: Option<&'a str> = |l| l.decision.as_ref()?.reason.as_deref();
        /// Who decided.
        deciders: Option<&'a str> = |l| l.decision.as_ref().map(|d| d.by.as_str());
        /// When.
        decided: Option<OffsetDateTime> = |l| l.decision.as_ref().map(|d| d.at);
        /// The payments that they are for.
        intents: Option<Uuid> = |l| l.intent.map(|id| id.0);
        /// The attempts that they are the money of.
        attempts: Option<Uuid> = |l| l.attempt.map(|id| id.0);
        /// The movements that they made.
        movements: Option<Uuid> = |l| l.movement.map(|id| id.0);
        /// Those that their money was split into, apart by blanks.
        parts: String = |l| spaced(l.parts.iter().map(|id| id.0));
        /// The lines that they repeat.
        same: Option<Uuid> = |l| l.same_as.map(|id| id.0);
        /// When they were given to us.
        created: OffsetDateTime = |l| l.created_at;
        /// When they last changed.
        updated: OffsetDateTime = |l| l.updated_at;
    }
}

/// Stores new lines, none of which is looked at.
pub async fn insert(db: &mut PgConnection, lines: &[&BankLine]) -> Result<(), sqlx::Error> {
    let c = Columns::of(lines);
    let insert = sqlx::query!(
        "-- statement_lines.insert
        INSERT INTO statement_lines (
            merchant_id, id, statement_id, rail_account_id, identity, direction, amount,
            currency, booked_on, value_on, details, candidates, is_alone, status, created_at,
            updated_at
        )
        SELECT u.merchant_id, u.id, u.statement_id, u.account, u.identity, u.direction, u.amount,
            u.currency, u.booked_on, u.value_on, u.details::jsonb,
            string_to_array(u.candidates, ' '), u.is_alone, u.status, u.at, u.at
        FROM UNNEST($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[],
                $7::bigint[], $8::text[], $9::date[], $10::date[], $11::text[], $12::text[],
                $13::boolean[], $14::text[], $15::timestamptz[])
            AS u (merchant_id, id, statement_id, account, identity, direction, amount, currency,
                booked_on, value_on, details, candidates, is_alone, status, at)",
        &c.merchants,
        &c.ids,
        &c.statements,
        &c.accounts,
        &c.identities as &[&str],
        &c.directions as &[&str],
        &c.amounts,
        &c.currencies as &[&str],
        &c.booked as &[Option<Date>],
        &c.valued as &[Option<Date>],
        &c.details,
        &c.candidates,
        &c.alone,
        &c.states as &[&str],
        &c.created
    );
    all_written(insert.execute(db).await?, lines.len())
}

/// Stores what lines come to.
pub async fn update(db: &mut PgConnection, lines: &[&BankLine]) -> Result<(), sqlx::Error> {
    let c = Columns::of(lines);
    let update = sqlx::query!(
        "-- statement_lines.update
        UPDATE statement_lines l SET
            status = u.status,
            payment_intent_id = u.intent,
            attempt_id = u.attempt,
            movement_id = u.movement,
            parts = string_to_array(u.parts, ' ')::uuid[],
            same_as = u.same_as,
            how = u.how,
            decision_reason = u.reason,
            decided_by = u.decider,
            decided_at = u.decided_at,
            updated_at = u.updated_at
        FROM (
            SELECT UNNEST($1::uuid[]) AS merchant_id, UNNEST($2::uuid[]) AS id,
                UNNEST($3::text[]) AS status, UNNEST($4::uuid[]) AS intent,
                UNNEST($5::uuid[]) AS attempt, UNNEST($6::uuid[]) AS movement,
                UNNEST($7::uuid[]) AS same_as, UNNEST($8::timestamptz[]) AS updated_at,
                UNNEST($9::text[]) AS how, UNNEST($10::text[]) AS reason,
                UNNEST($11::text[]) AS decider, UNNEST($12::timestamptz[]) AS decided_at,
                UNNEST($13::text[]) AS parts
        ) u
        WHERE l.merchant_id = u.merchant_id AND l.id = u.id",
        &c.merchants,
        &c.ids,
        &c.states as &[&str],
        &c.intents as &[Option<Uuid>],
        &c.attempts as &[Option<Uuid>],
        &c.movements as &[Option<Uuid>],
        &c.same as &[Option<Uuid>],
        &c.updated,
        &c.found as &[Option<&str>],
        &c.reasons as &[Option<&str>],
        &c.deciders as &[Option<&str>],
        &c.decided as &[Option<OffsetDateTime>],
        &c.parts
    );
    all_written(update.execute(db).await?, lines.len())
}

/// Lines of a file that are not looked at yet, in the order of the file: at most `limit`.
pub async fn unprocessed(
    pool: &Pool,
    (merchant, statement): Name,
    limit: i64,
) -> Result<Vec<StatementLineId>, sqlx::Error> {
    let rows = sqlx::query_scalar!(
        "-- statement_lines.unprocessed
        SELECT id FROM statement_lines
        WHERE merchant_id = $1 AND statement_id = $2 AND status = 'processing'
        ORDER BY id LIMIT $3",
        merchant.0,
        statement.0,
        limit
    );
    let ids = rows.fetch_all(pool).await?.into_iter();
    Ok(ids.map(StatementLineId).collect())
}

/// A part of the lines of a file, or of those that came to this.
pub async fn list(
    pool: &Pool,
    (merchant, statement): Name,
    state: Option<LineState>,
    window: Window,
) -> Result<Listed<BankLine>, sqlx::Error> {
    let seen = query_listed!(
        "-- statement_lines.list
        WITH listed AS NOT MATERIALIZED (
            SELECT id, ($7::text IS NULL OR status = $7) AS is_wanted
            FROM statement_lines WHERE merchant_id = $1 AND statement_id = $6
        )",
        merchant,
        window,
        statement.0,
        state.map(LineState::as_str),
    );
    let part = window.part(seen.fetch_all(pool).await?);
    let names = part.names(|id| (merchant, StatementLineId(id)));
    // They are never deleted, so all are found, in the order of their names.
    let lines = readable(load(pool, &names).await?);
    Ok(part.with(lines))
}

/// One line of a merchant.
pub async fn get(
    pool: &Pool,
    merchant: MerchantId,
    id: StatementLineId,
) -> Result<Option<BankLine>, sqlx::Error> {
    let found = load(pool, &[(merchant, id)]).await?.pop();
    Ok(found.transpose()?)
}

/// The line whose money is given back by this refund: who paid it, and to which account.
pub async fn refunded_line(
    pool: &Pool,
    merchant: MerchantId,
    refund: RefundId,
) -> Result<Option<BankLine>, sqlx::Error> {
    let found = sqlx::query_scalar!(
        "-- statement_lines.refunded_line
        SELECT l.id FROM refunds r
        JOIN attempts a ON a.merchant_id = r.merchant_id
            AND a.intent_id = r.payment_intent_id AND a.refund_id = r.id
        JOIN statement_lines l ON l.merchant_id = a.merchant_id
            AND l.attempt_id = a.charge_id AND l.direction = 'in'
        WHERE r.merchant_id = $1 AND r.id = $2
        ORDER BY l.id LIMIT 1",
        merchant.0,
        refund.0
    );
    let id = found.fetch_optional(pool).await?;
    match id {
        Some(id) => get(pool, merchant, StatementLineId(id)).await,
        None => Ok(None),
    }
}

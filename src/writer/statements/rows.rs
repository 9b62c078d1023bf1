//! Loading and recording statements.

use crate::{
    domain::{
        due::{self, Kind},
        intents::booked_accounts,
        ledger::Account,
        reconciliation::{BankLine, Import, ImportStatus, LineState, bank_line, import},
    },
    writer::{
        needs::Needs,
        world::{World, values},
    },
};
use sqlx::PgConnection;
use time::{Duration, OffsetDateTime};

/// After how long a worker goes on with a file whose request has not.
const PATIENCE: Duration = Duration::minutes(1);

/// Loads what is named.
pub async fn load(
    db: &mut PgConnection,
    world: &mut World,
    needs: &mut Needs,
) -> Result<(), sqlx::Error> {
    if !needs.files.is_empty() {
        let known = import::store::known(&mut *db, &needs.files).await?;
        needs.statements.extend(known);
    }
    load_lines(&mut *db, world, needs).await?;
    if needs.statements.is_empty() {
        return Ok(());
    }
    for read in import::store::load(&mut *db, &needs.statements).await? {
        match read {
            Ok(import) => {
                let key = import.idempotency_key.clone();
                needs.keys.extend(key.map(|key| (import.merchant, key)));
                world.statements.load((import.merchant, import.id), import);
            }
            Err(row) => world.statements.load_unreadable(row),
        }
    }
    Ok(())
}

/// Loads lines. Those that are not looked at yet name the attempts that they may be the money of;
/// those that a person decides about, the statement that counts them.
async fn load_lines(
    db: &mut PgConnection,
    world: &mut World,
    needs: &mut Needs,
) -> Result<(), sqlx::Error> {
    if needs.statement_lines.is_empty() {
        return Ok(());
    }
    for read in bank_line::store::load(&mut *db, &needs.statement_lines).await? {
        match read {
            Ok(line) => {
                needs.add_named_by_line(&line);
                world.statement_lines.load((line.merchant, line.id), line);
            }
            Err(row) => world.statement_lines.load_unreadable(row),
        }
    }
    let lines = world.statement_lines.values();
    let (new, known): (Vec<_>, Vec<_>) = lines.partition(|l| l.state == LineState::Processing);
    let statements = known
        .into_iter()
        .map(|line| (line.merchant, line.statement));
    needs.statements.extend(statements);
    if !new.is_empty() {
        let possible = bank_line::store::possible(db, &new).await?;
        needs.attempts.extend(possible);
    }
    Ok(())
}

impl Needs {
    /// What a line names: the movements that it may have made, and the balances that it may move.
    fn add_named_by_line(&mut self, line: &BankLine) {
        let (merchant, currency) = (line.merchant, line.amount.currency());
        self.facts
            .push((merchant, line.route().rail, line.external_id()));
        let movements = line.parts.iter().copied().chain(line.movement);
        self.movements.extend(movements.map(|id| (merchant, id)));
        self.add_balances(merchant, booked_accounts(line.route(), currency));
        self.add_balances(merchant, [(Account::suspense(), currency)]);
    }
}

/// Records what is made or changed.
pub async fn record(
    db: &mut PgConnection,
    world: &World,
    now: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    let (made, changed) = (
        values(world.statements.made()),
        values(world.statements.changed()),
    );
    if !made.is_empty() {
        import::store::insert(&mut *db, &made).await?;
    }
    if !changed.is_empty() {
        import::store::update(&mut *db, &changed).await?;
    }
    record_due(db, (&made, &changed), now).await?;
    let (made, changed) = (
        values(world.statement_lines.made()),
        values(world.statement_lines.changed()),
    );
    if !made.is_empty() {
        bank_line::store::insert(&mut *db, &made).await?;
    }
    if !changed.is_empty() {
        bank_line::store::update(&mut *db, &changed).await?;
    }
    Ok(())
}

/// Says when a worker looks after a new file, or that there is nothing more to do.
async fn record_due(
    db: &mut PgConnection,
    (made, changed): (&[&Import], &[&Import]),
    now: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    let begun = made.iter().map(|i| (i.merchant, i.id.0, now + PATIENCE));
    let begun: Vec<due::store::Row> = begun.collect();
    if !begun.is_empty() {
        due::store::set(&mut *db, Kind::Statement, &begun).await?;
    }
    let done = changed
        .iter()
        .filter(|i| i.status == ImportStatus::Processed);
    let done: Vec<_> = done.map(|i| (i.merchant, i.id.0)).collect();
    if !done.is_empty() {
        due::store::done(&mut *db, Kind::Statement, &done).await?;
    }
    Ok(())
}

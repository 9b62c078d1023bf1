//! SQL of statements.

use super::{Counts, Import, Part};
use crate::base::{
    db::{Part as Listed, Pool, Stored, Unreadable, Window, query_listed, readable},
    ids::{MerchantId, RailAccountId, StatementId},
    names::UnknownName,
};
use crate::domain::reconciliation::LineState;
use crate::domain::reconciliation::row_error::RowError;
use sqlx::{PgConnection, PgExecutor};
use std::collections::HashMap;
use time::OffsetDateTime;
use uuid::Uuid;

/// Whose file, and which.
pub type Name = (MerchantId, StatementId);
/// Whose file, of which account, with which SHA-256.
pub type Digest = (MerchantId, RailAccountId, [u8; 32]);

struct Row {
    merchant_id: Uuid,
    id: Uuid,
    rail_account_id: Uuid,
    format: String,
    digest: Vec<u8>,
    parts: Stored<Vec<Part>>,
    status: String,
    counts: Option<Stored<HashMap<String, u32>>>,
    left_out: i32,
    idempotency_key: Option<String>,
    key_fingerprint: Option<Vec<u8>>,
    created_by: String,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
}

impl TryFrom<Row> for Import {
    type Error = RowError;

    fn try_from(row: Row) -> Result<Self, RowError> {
        let counts = row
            .counts
            .map(Stored::read)
            .transpose()?
            .unwrap_or_default();
        let count = |(state, count): (String, u32)| Ok((state.parse::<LineState>()?, count));
        let counts: Result<Counts, UnknownName> = counts.into_iter().map(count).collect();
        Ok(Self {
            id: StatementId(row.id),
            merchant: MerchantId(row.merchant_id),
            account: RailAccountId(row.rail_account_id),
            format: row.format.parse()?,
            // The schema holds it to 32 bytes.
            digest: row.digest.try_into().unwrap_or_default(),
            parts: row.parts.read()?,
            status: row.status.parse()?,
            counts: counts?,
            left_out: row.left_out.try_into()?,
            idempotency_key: row.idempotency_key,
            key_fingerprint: row.key_fingerprint.and_then(|f| f.try_into().ok()),
            created_by: row.created_by,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// Loads the files named. While lines of one are not looked at, its counts are of those that are.
pub async fn load(
    db: impl PgExecutor<'_>,
    names: &[Name],
) -> Result<Vec<Result<Import, Unreadable<Name>>>, sqlx::Error> {
    let merchants: Vec<Uuid> = names.iter().map(|name| name.0.0).collect();
    let ids: Vec<Uuid> = names.iter().map(|name| name.1.0).collect();
    let rows = sqlx::query_as!(
        Row,
        "-- statements.load
        SELECT s.merchant_id, s.id, s.rail_account_id, s.format, s.digest,
            s.parts AS \"parts: Stored<Vec<Part>>\", s.status,
            coalesce(s.counts, c.counts) AS \"counts: Stored<HashMap<String, u32>>\",
            s.left_out, s.idempotency_key, s.key_fingerprint, s.created_by, s.created_at,
            s.updated_at
        FROM (SELECT UNNEST($1::uuid[]) AS merchant_id, UNNEST($2::uuid[]) AS id) u
        CROSS JOIN LATERAL (
            SELECT f.ctid AS row FROM statements f
            WHERE f.merchant_id = u.merchant_id AND f.id = u.id
            LIMIT 1
        ) f
        JOIN statements s ON s.ctid = f.row
        LEFT JOIN LATERAL (
            SELECT jsonb_object_agg(l.status, l.count) AS counts
            FROM (
                SELECT l.status, count(*) AS count FROM statement_lines l
                WHERE s.counts IS NULL AND l.merchant_id = s.merchant_id
                    AND l.statement_id = s.id
                GROUP BY l.status
            ) l
        ) c ON true",
        &merchants,
        &ids
    );
    let rows = rows.fetch_all(db).await?.into_iter();
    let read = rows.map(|row| {
        let name = (MerchantId(row.merchant_id), StatementId(row.id));
        Import::try_from(row).map_err(|error| Unreadable::new(name, error))
    });
    Ok(read.collect())
}

/// The files with these bytes that were given to us before.
pub async fn known(db: impl PgExecutor<'_>, files: &[Digest]) -> Result<Vec<Name>, sqlx::Error> {
    let merchants: Vec<Uuid> = files.iter().map(|file| file.0.0).collect();
    let accounts: Vec<Uuid> = files.iter().map(|file| file.1.0).collect();
    let digests: Vec<Vec<u8>> = files.iter().map(|file| file.2.to_vec()).collect();
    let rows = sqlx::query!(
        "-- statements.known
        SELECT s.merchant_id, s.id
        FROM UNNEST($1::uuid[], $2::uuid[], $3::bytea[]) AS u (merchant_id, account, digest)
        JOIN statements s ON s.merchant_id = u.merchant_id
            AND s.rail_account_id = u.account AND s.digest = u.digest",
        &merchants,
        &accounts,
        &digests
    );
    let rows = rows.fetch_all(db).await?.into_iter();
    let name = |(merchant, id)| (MerchantId(merchant), StatementId(id));
    Ok(rows.map(|row| name((row.merchant_id, row.id))).collect())
}

/// Stores new files.
pub async fn insert(db: &mut PgConnection, imports: &[&Import]) -> Result<(), sqlx::Error> {
    for import in imports {
        let insert = sqlx::query!(
            "-- statements.insert
            INSERT INTO statements (
                merchant_id, id, rail_account_id, format, digest, parts, status, left_out,
                idempotency_key, key_fingerprint, created_by, created_at, updated_at
            )
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
            import.merchant.0,
            import.id.0,
            import.account.0,
            import.format.as_str(),
            &import.digest,
            serde_json::to_value(&import.parts).unwrap_or_default(),
            import.status.as_str(),
            i32::try_from(import.left_out).unwrap_or(i32::MAX),
            import.idempotency_key.as_deref(),
            import.key_fingerprint.as_ref().map(<[u8; 32]>::as_slice),
            import.created_by,
            import.created_at,
            import.updated_at
        );
        insert.execute(&mut *db).await?;
    }
    Ok(())
}

/// Stores that all lines of files are looked at.
pub async fn update(db: &mut PgConnection, imports: &[&Import]) -> Result<(), sqlx::Error> {
    for import in imports {
        let counts = import.counts.iter();
        let counts: HashMap<&str, u32> = counts.map(|(s, n)| (s.as_str(), *n)).collect();
        let update = sqlx::query!(
            "-- statements.update
            UPDATE statements SET status = $3, counts = $4, updated_at = $5
            WHERE merchant_id = $1 AND id = $2",
            import.merchant.0,
            import.id.0,
            import.status.as_str(),
            serde_json::to_value(counts).unwrap_or_default(),
            import.updated_at
        );
        update.execute(&mut *db).await?;
    }
    Ok(())
}

/// One file of a merchant.
pub async fn get(
    pool: &Pool,
    merchant: MerchantId,
    id: StatementId,
) -> Result<Option<Import>, sqlx::Error> {
    let found = load(pool, &[(merchant, id)]).await?.pop();
    Ok(found.transpose()?)
}

/// A part of a merchant's files, or of those about one account.
pub async fn list(
    pool: &Pool,
    merchant: MerchantId,
    account: Option<RailAccountId>,
    window: Window,
) -> Result<Listed<Import>, sqlx::Error> {
    let seen = query_listed!(
        "-- statements.list
        WITH listed AS NOT MATERIALIZED (
            SELECT id, ($6::uuid IS NULL OR rail_account_id = $6) AS is_wanted
            FROM statements WHERE merchant_id = $1
        )",
        merchant,
        window,
        account.map(|id| id.0),
    );
    let part = window.part(seen.fetch_all(pool).await?);
    let names = part.names(|id| (merchant, StatementId(id)));
    // They are never deleted, so all are found, in the order of their names.
    let imports = readable(load(pool, &names).await?);
    Ok(part.with(imports))
}

//! SQL of the tokens that open pages.
#![expect(
    clippy::as_conversions,
    reason = "this is how sqlx is told of arrays with nulls"
)]

use crate::base::db::Pool;
use crate::{
    base::ids::{IntentId, LinkId, MerchantId},
    domain::links::store::{Subject, TokenRow},
};
use sqlx::PgConnection;
use uuid::Uuid;

/// Stores the hashes of new tokens.
pub async fn insert_tokens(db: &mut PgConnection, tokens: &[TokenRow]) -> Result<(), sqlx::Error> {
    let hashes: Vec<Vec<u8>> = tokens.iter().map(|t| t.0.to_vec()).collect();
    let merchants: Vec<Uuid> = tokens.iter().map(|t| t.1.0).collect();
    let (intents, links): (Vec<Option<Uuid>>, Vec<Option<Uuid>>) = tokens
        .iter()
        .map(|t| match t.2 {
            Subject::Intent(id) => (Some(id.0), None),
            Subject::Link(id) => (None, Some(id.0)),
        })
        .unzip();
    let insert = sqlx::query!(
        "-- links.insert_tokens
        INSERT INTO link_tokens (token_hash, merchant_id, intent_id, link_id)
        SELECT UNNEST($1::bytea[]), UNNEST($2::uuid[]), UNNEST($3::uuid[]), UNNEST($4::uuid[])",
        &hashes,
        &merchants,
        &intents as &[Option<Uuid>],
        &links as &[Option<Uuid>]
    );
    insert.execute(db).await.map(drop)
}

/// What the token with this hash opens, and whose it is.
pub async fn find_token(
    pool: &Pool,
    hash: [u8; 32],
) -> Result<Option<(MerchantId, Subject)>, sqlx::Error> {
    let row = sqlx::query!(
        "-- links.find_token
        SELECT merchant_id, intent_id, link_id FROM link_tokens WHERE token_hash = $1",
        &hash[..]
    );
    Ok(row.fetch_optional(pool).await?.and_then(|row| {
        let intent = row.intent_id.map(|id| Subject::Intent(IntentId(id)));
        let subject = intent.or(row.link_id.map(|id| Subject::Link(LinkId(id))));
        subject.map(|subject| (MerchantId(row.merchant_id), subject))
    }))
}

/// The tokens whose hashes follow this one, and what they open.
pub async fn following(
    db: &mut PgConnection,
    last: &[u8],
    limit: i64,
) -> Result<Vec<(Vec<u8>, Subject)>, sqlx::Error> {
    let rows = sqlx::query!(
        "-- links.following_tokens
        SELECT token_hash, intent_id, link_id FROM link_tokens
        WHERE token_hash > $1 ORDER BY token_hash LIMIT $2",
        last,
        limit
    );
    let rows = rows.fetch_all(db).await?.into_iter().filter_map(|row| {
        let intent = row.intent_id.map(|id| Subject::Intent(IntentId(id)));
        let subject = intent.or(row.link_id.map(|id| Subject::Link(LinkId(id))))?;
        Some((row.token_hash, subject))
    });
    Ok(rows.collect())
}

/// Gives tokens other hashes: those of other tokens, so that the old ones open nothing.
pub async fn replace(
    db: &mut PgConnection,
    (old, new): (&[Vec<u8>], &[Vec<u8>]),
) -> Result<(), sqlx::Error> {
    let replace = sqlx::query!(
        "-- links.replace_tokens
        UPDATE link_tokens t SET token_hash = n.new
        FROM UNNEST($1::bytea[], $2::bytea[]) AS n (old, new)
        WHERE t.token_hash = n.old AND n.old <> n.new",
        old,
        new
    );
    replace.execute(db).await.map(drop)
}

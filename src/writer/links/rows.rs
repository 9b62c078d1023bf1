//! Loading and recording payment links and the tokens of their pages.

use crate::{
    domain::{
        due::{self, Kind},
        links::{
            Link,
            store::{self, Subject},
            token,
        },
    },
    writer::{
        needs::Needs,
        payments::load_intents,
        world::{World, values},
    },
};
use sqlx::PgConnection;
use time::OffsetDateTime;

/// Loads what is named.
pub async fn load(
    db: &mut PgConnection,
    world: &mut World,
    needs: &mut Needs,
) -> Result<(), sqlx::Error> {
    if needs.links.is_empty() {
        return Ok(());
    }
    let loaded = needs.intents.len();
    for read in store::load(&mut *db, &needs.links).await? {
        match read {
            Ok(link) => {
                needs.add_named_by_link(&link);
                world.links.load((link.merchant, link.id), link);
            }
            Err(row) => world.links.load_unreadable(row),
        }
    }
    // Those that the links name.
    load_intents(db, world, needs, loaded).await
}

/// Records what is made or changed.
pub async fn record(
    db: &mut PgConnection,
    world: &World,
    _: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    let (made, changed) = (values(world.links.made()), values(world.links.changed()));
    if !made.is_empty() {
        store::insert(&mut *db, &made).await?;
        record_ends(&mut *db, world, &made).await?;
    }
    if !changed.is_empty() {
        store::update(&mut *db, &changed).await?;
    }
    let tokens = world.tokens.iter().copied();
    let tokens: Vec<_> = tokens
        .filter(|token| matches!(token.2, Subject::Link(_)))
        .collect();
    if !tokens.is_empty() {
        token::store::insert_tokens(db, &tokens).await?;
    }
    Ok(())
}

/// Makes the ends of new links due whose merchant's clock is ahead, as it is done for intents.
async fn record_ends(
    db: &mut PgConnection,
    world: &World,
    made: &[&Link],
) -> Result<(), sqlx::Error> {
    let ends = made.iter().filter_map(|link| {
        let clock = world.clock_ahead(link.merchant)?;
        Some((link.merchant, link.id.0, clock.outside(link.expires_at()?)))
    });
    let ends: Vec<due::store::Row> = ends.collect();
    if !ends.is_empty() {
        due::store::set(db, Kind::LinkExpiry, &ends).await?;
    }
    Ok(())
}

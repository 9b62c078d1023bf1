//! Loading and recording payment links and the tokens of their pages.

use crate::{
    domain::links::{
        store::{self, Subject},
        token,
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
        store::insert(db, &made).await?;
    }
    if !changed.is_empty() {
        store::update(db, &changed).await?;
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

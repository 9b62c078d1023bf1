//! The rails by which a page can be paid.

use crate::http::State;
use crate::{
    base::money::Money,
    domain::{
        auth::Merchant,
        rail_accounts,
        rails::{Rail, Rails},
    },
};

/// All rails, the one to offer first in front where the merchant did not say.
const ALL: [Rail; 3] = [Rail::Sandbox, Rail::Stripe, Rail::BankTransfer];

/// What is to be paid.
pub(super) struct Wanted<'a> {
    /// The rails that are allowed.
    pub rails: &'a Rails,
    /// How much, at least.
    pub amount: Money,
    /// Whether the money is held at first.
    pub holds: bool,
}

/// The rails that fit: that are allowed, can hold money where it is to be held, and have an account
/// that takes the amount.
pub(super) async fn offered(
    state: &State,
    merchant: &Merchant,
    wanted: Wanted<'_>,
) -> Result<Vec<Rail>, sqlx::Error> {
    let Wanted {
        rails,
        amount,
        holds,
    } = wanted;
    let fits = |rail: &Rail| {
        let is_played = rail.is_for_tests() && merchant.mode.is_live();
        rails.allow(*rail) && !is_played && (rail.holds() || !holds)
    };
    let fitting: Vec<Rail> = in_order(rails).into_iter().filter(fits).collect();
    if !fitting.iter().any(|rail| rail.has_accounts()) {
        return Ok(fitting);
    }
    let accounts = rail_accounts::store::of(&state.pool, merchant.id).await?;
    let has_account = |rail: Rail| {
        let mut own = accounts
            .iter()
            .filter(|account| account.route().rail == rail);
        own.any(|account| account.takes(amount).is_ok())
    };
    let paid_by = |rail: &Rail| !rail.has_accounts() || has_account(*rail);
    Ok(fitting.into_iter().filter(paid_by).collect())
}

fn in_order(rails: &Rails) -> Vec<Rail> {
    rails.listed().unwrap_or(&ALL).to_vec()
}

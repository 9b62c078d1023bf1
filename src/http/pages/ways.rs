//! The rails by which a page can be paid.

use crate::http::State;
use crate::{
    base::money::Money,
    domain::{
        auth::Merchant,
        rail_accounts::{self, RailAccount},
        rails::{Rail, Rails},
    },
};

/// All rails, the one to offer first in front where the merchant did not say.
const ALL: [Rail; 4] = [Rail::Sandbox, Rail::Stripe, Rail::BankTransfer, Rail::X402];

/// What is to be paid.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// The rails that are allowed.
    pub rails: &'a Rails,
    /// How much, at least.
    pub amount: Money,
    /// Whether the money is held at first.
    pub holds: bool,
}

/// The ways that fit: whose rail is allowed, can hold money where it is to be held, and has an account
/// that works and takes the amount.
#[derive(Debug, Default)]
pub(super) struct Ways {
    /// Those for people, the one to offer first in front.
    pub rails: Vec<Rail>,
    /// The accounts that programs can pay.
    pub for_programs: Vec<RailAccount>,
}

/// The ways that fit.
pub(super) async fn offered(
    state: &State,
    merchant: &Merchant,
    wanted: Wanted<'_>,
) -> Result<Ways, sqlx::Error> {
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
        return Ok(Ways {
            rails: fitting,
            for_programs: Vec::new(),
        });
    }
    let mut accounts = rail_accounts::store::of(&state.pool, merchant.id).await?;
    accounts.retain(|account| account.is_offered(amount));
    let has_account = |rail: Rail| {
        let mut all = accounts.iter();
        all.any(|account| account.route().rail == rail)
    };
    let for_people =
        |rail: &Rail| !rail.is_for_programs() && (!rail.has_accounts() || has_account(*rail));
    let for_programs = |account: &RailAccount| {
        let rail = account.route().rail;
        rail.is_for_programs() && fitting.contains(&rail)
    };
    Ok(Ways {
        rails: fitting.iter().copied().filter(for_people).collect(),
        for_programs: accounts.into_iter().filter(for_programs).collect(),
    })
}

fn in_order(rails: &Rails) -> Vec<Rail> {
    rails.listed().unwrap_or(&ALL).to_vec()
}

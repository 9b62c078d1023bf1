//! Holds what a payer sent against what was asked for, before anybody else sees it.
//!
//! The signature itself is for the facilitator and the token to judge: `/verify` moves nothing.

#[cfg(test)]
mod tests;

use super::{
    Address, AssetAmount, Bytes32, Network, Payload, Refused, Settings, hex, reference::reference,
    required::SCHEME,
};
use std::str::FromStr;
use time::{Duration, OffsetDateTime};

/// How much of its life an authorization must have left: facilitators want six seconds, and we
/// write down what we do before.
pub const LEAST_REST: Duration = Duration::seconds(10);
/// How much later than asked for an authorization may end: clocks of payers are ahead.
pub const CLOCKS: Duration = Duration::seconds(60);
/// How many bytes a signature has: that of a key, or what a wallet that is a contract takes.
const SIGNATURE: std::ops::RangeInclusive<usize> = 65..=4096;

/// What a payment must be of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The chain.
    pub network: Network,
    /// The token.
    pub asset: Address,
    /// Who is to be paid.
    pub pay_to: Address,
    /// How much, exactly.
    pub amount: AssetAmount,
}

impl Terms {
    /// Those of `amount` at an account.
    pub fn new(settings: &Settings, amount: AssetAmount) -> Self {
        Self {
            network: settings.network,
            asset: settings.asset,
            pay_to: settings.pay_to,
            amount,
        }
    }
}

/// What a payment must be, here and now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    /// What was asked for.
    pub terms: Terms,
    /// The time.
    pub now: OffsetDateTime,
    /// How long an authorization was asked to live at most; [`CLOCKS`] is added.
    pub longest: Duration,
}

/// A payment that says what was asked for. It is known by [`Authorization::reference`], and can be
/// brought to the chain once, by whoever holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorization {
    /// What it pays.
    pub terms: Terms,
    /// Who pays.
    pub payer: Address,
    /// What it is known by among the payer's.
    pub nonce: Bytes32,
    /// From when on it can not be used any more, by the chain's time.
    pub valid_before: OffsetDateTime,
    /// The payer's JSON, to be presented as it came, as often as needed.
    pub original: String,
}

impl Authorization {
    /// `network:token:payer:nonce` in small letters: the token takes it once.
    pub fn reference(&self) -> String {
        let Terms { network, asset, .. } = self.terms;
        reference(network, (&asset, &self.payer), &self.nonce)
    }

    /// Reads one again that [`check`] has taken, from its [`Authorization::original`], whatever
    /// time it is.
    pub fn read(original: String, terms: &Terms) -> Result<Self, Refused> {
        let (authorization, _) = of_terms(&Payload::parse(original)?, terms)?;
        Ok(authorization)
    }
}

/// Takes a payment that is exactly what was asked for, here and now, or says by what word it is
/// refused.
pub fn check(payload: &Payload, expected: &Expected) -> Result<Authorization, Refused> {
    let (authorization, valid_after) = of_terms(payload, &expected.terms)?;
    // The token wants the block's time to be past it.
    if valid_after >= expected.now {
        return Err(Refused::ValidAfter);
    }
    let rest = authorization.valid_before - expected.now;
    if rest < LEAST_REST || rest > expected.longest.saturating_add(CLOCKS) {
        return Err(Refused::ValidBefore);
    }
    Ok(authorization)
}

/// What holds at any time; and from when on the payment is valid.
fn of_terms(payload: &Payload, terms: &Terms) -> Result<(Authorization, OffsetDateTime), Refused> {
    let (accepted, claim) = (&payload.accepted, &payload.signed.authorization);
    if accepted.scheme != SCHEME {
        return Err(Refused::Scheme);
    }
    same(&accepted.network, &terms.network, Refused::Network)?;
    same(&accepted.asset, &terms.asset, Refused::Asset)?;
    same(&accepted.pay_to, &terms.pay_to, Refused::Requirements)?;
    same(&accepted.amount, &terms.amount, Refused::Requirements)?;
    same(&claim.to, &terms.pay_to, Refused::Recipient)?;
    same(&claim.value, &terms.amount, Refused::Value)?;
    let payer = claim.from.parse().map_err(|_| Refused::Payer)?;
    if payer == terms.pay_to {
        return Err(Refused::Payer);
    }
    let length = hex::length(&payload.signed.signature);
    if !length.is_some_and(|length| SIGNATURE.contains(&length)) {
        return Err(Refused::Signature);
    }
    let authorization = Authorization {
        terms: *terms,
        payer,
        nonce: claim.nonce.parse().map_err(|_| Refused::Nonce)?,
        valid_before: moment(&claim.valid_before).ok_or(Refused::ValidBefore)?,
        original: payload.original.clone(),
    };
    let valid_after = moment(&claim.valid_after).ok_or(Refused::ValidAfter)?;
    Ok((authorization, valid_after))
}

fn same<T: FromStr + PartialEq>(text: &str, wanted: &T, why: Refused) -> Result<(), Refused> {
    let is_same = text.parse().is_ok_and(|found: T| found == *wanted);
    if is_same { Ok(()) } else { Err(why) }
}

/// Seconds since 1970, without signs or zeros before them.
fn moment(text: &str) -> Option<OffsetDateTime> {
    let seconds: i64 = text.parse().ok()?;
    let is_plain = seconds >= 0 && seconds.to_string() == text;
    OffsetDateTime::from_unix_timestamp(is_plain.then_some(seconds)?).ok()
}

//! What can be done to payment links.

use crate::{
    base::{
        ids::{LinkId, MerchantId},
        money::Money,
    },
    domain::{intents::Choice, links::LinkTerms},
    writer::needs::Needs,
};

/// A change of one payment link.
#[derive(Clone, Debug)]
pub enum LinkCommand {
    /// Make a payment link.
    Create(Box<LinkTerms>),
    /// Begin a payment through a link.
    Pay(LinkId, LinkPayment),
    /// Switch a link off.
    Deactivate(LinkId),
    /// End a link whose time is over.
    Expire(LinkId),
}

/// What a payer chose on a link's page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkPayment {
    /// What the payer pays with.
    pub choice: Choice,
    /// The amount, where the payer chooses it.
    pub amount: Option<Money>,
    /// The tip.
    pub tip: Option<Money>,
}

impl LinkCommand {
    /// The rows that it names.
    pub(in crate::writer) fn needs(&self, merchant: MerchantId, needs: &mut Needs) {
        match self {
            Self::Create(_) => {}
            Self::Pay(id, payment) => {
                needs.links.push((merchant, *id));
                needs.add_named_by_choice(merchant, &payment.choice);
            }
            Self::Deactivate(id) | Self::Expire(id) => needs.links.push((merchant, *id)),
        }
    }
}

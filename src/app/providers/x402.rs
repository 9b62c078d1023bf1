//! Payments by programs: what is asked of facilitators and nodes.

use super::{Asking, CheckError, Errand, NotReady, Providers};
use crate::domain::{
    rail_accounts::{AccountCredentials, RailAccount},
    rails::{
        Heard, RailFact,
        x402::{
            AccountFault, Authorization, Client, Credentials, Doubt, Order, Requirements, Settings,
            Signed, Terms, facilitator::Verdict,
        },
    },
};

/// Why a payment is not taken: nothing was begun.
#[derive(Debug, thiserror::Error)]
pub enum NotLookedAt {
    /// The facilitator says no, by this word.
    #[error("{0}")]
    Refused(String),
    /// The facilitator or the node cannot be asked now.
    #[error("{0}")]
    Away(#[from] Doubt),
    /// We cannot ask them.
    #[error(transparent)]
    NotReady(#[from] NotReady),
}

impl Providers {
    pub(super) async fn ask_x402(&self, errand: Errand<'_>) -> Result<RailFact, NotReady> {
        let (order, node) = self.x402_order(errand).await?;
        let client = Client {
            outbound: &self.outbound,
            settings: &order.settings,
            node: node.as_ref().map(Credentials::rpc_url),
            heard: errand.heard,
        };
        Ok(match errand.how {
            Asking::First => order.send(client).await,
            Asking::Again | Asking::LookUp => order.find_out(client, self.ambient.now()).await,
        })
    }

    async fn x402_order(
        &self,
        errand: Errand<'_>,
    ) -> Result<(Order, Option<Credentials>), NotReady> {
        let Errand { call, account, .. } = errand;
        let attempt = self.attempt(account.merchant, call.attempt).await?;
        let settings = account.settings.x402();
        let settings = settings.ok_or(NotReady::Missing("address"))?;
        let amount = settings.amount(call.amount).and_then(Result::ok);
        let amount = amount.ok_or(NotReady::Missing("amount"))?;
        let stored = attempt.request.as_deref();
        let signed = stored.and_then(|stored| Signed::read(stored, &Terms::new(settings, amount)));
        let order = Order {
            call: call.clone(),
            settings: settings.clone(),
            signed: signed.ok_or(NotReady::Missing("payment"))?,
        };
        Ok((order, self.node(account).await?))
    }

    /// The node that an account names, if it does.
    async fn node(&self, account: &RailAccount) -> Result<Option<Credentials>, NotReady> {
        if account.credentials.is_none() {
            return Ok(None);
        }
        let merchant = self.merchant(account.merchant).await?;
        match self.open(account, merchant.mode)? {
            Some(AccountCredentials::X402(node)) => Ok(Some(node)),
            Some(AccountCredentials::Stripe(_)) | None => Ok(None),
        }
    }

    /// Has the facilitator of an account look at a payment that is what was asked, which moves nothing,
    /// and says what is to be written down before anybody is given it.
    pub async fn look_at(
        &self,
        (account, settings): (&RailAccount, &Settings),
        authorization: Authorization,
        asked: &Requirements,
    ) -> Result<Signed, NotLookedAt> {
        let (node, heard) = (self.node(account).await?, Heard::default());
        let client = Client {
            outbound: &self.outbound,
            settings,
            node: node.as_ref().map(Credentials::rpc_url),
            heard: &heard,
        };
        let looked = async {
            let last = client.head().await?;
            let signed = Signed::new(authorization, asked, last.map(|block| block.number));
            let verdict = client.verify(&signed.authorization, &signed.presented);
            match verdict.await {
                Verdict::Valid => Ok(signed),
                Verdict::Invalid { reason } => Err(NotLookedAt::Refused(reason)),
                Verdict::Unknown(doubt) => Err(doubt.into()),
            }
        };
        let looked = looked.await;
        let now = self.ambient.now();
        self.watch.note(account, heard.last(), now).await;
        looked
    }

    pub(super) async fn check_x402(
        &self,
        settings: &Settings,
        node: Option<&Credentials>,
    ) -> Result<(), CheckError> {
        let client = Client {
            outbound: &self.outbound,
            settings,
            node: node.map(Credentials::rpc_url),
            heard: &Heard::default(),
        };
        client.check_account().await.map_err(|fault| match fault {
            AccountFault::Unknown(doubt) => CheckError::Unreachable(doubt.to_string()),
            AccountFault::Unsupported | AccountFault::Chain(_) | AccountFault::Decimals => {
                CheckError::Refused(fault.to_string())
            }
        })
    }
}

//! Payments by programs: what is asked of facilitators and nodes.

use super::{Asking, CheckError, NotReady, Providers};
use crate::{
    base::ids::MerchantId,
    domain::{
        rail_accounts::{AccountCredentials, RailAccount},
        rails::{
            RailCall, RailFact,
            x402::{AccountFault, Client, Credentials, Order, Settings, Signed, Terms},
        },
    },
};

impl Providers {
    pub(super) async fn ask_x402(
        &self,
        merchant: MerchantId,
        call: &RailCall,
        how: Asking,
    ) -> Result<RailFact, NotReady> {
        let order = self.x402_order(merchant, call).await?;
        Ok(match how {
            Asking::First => order.send(&self.outbound).await,
            Asking::Again | Asking::LookUp => {
                order.find_out(&self.outbound, self.ambient.now()).await
            }
        })
    }

    async fn x402_order(&self, merchant: MerchantId, call: &RailCall) -> Result<Order, NotReady> {
        let attempt = self.attempt(merchant, call.attempt).await?;
        let account = self.account(merchant, call).await?;
        let settings = account.settings.x402();
        let settings = settings.ok_or(NotReady::Missing("address"))?;
        let amount = settings.amount(call.amount).and_then(Result::ok);
        let amount = amount.ok_or(NotReady::Missing("amount"))?;
        let stored = attempt.request.as_deref();
        let signed = stored.and_then(|stored| Signed::read(stored, &Terms::new(settings, amount)));
        Ok(Order {
            call: call.clone(),
            settings: settings.clone(),
            node: self.node(&account).await?,
            signed: signed.ok_or(NotReady::Missing("payment"))?,
        })
    }

    /// The node that an account names, if it does.
    pub async fn node(&self, account: &RailAccount) -> Result<Option<Credentials>, NotReady> {
        if account.credentials.is_none() {
            return Ok(None);
        }
        let merchant = self.merchant(account.merchant).await?;
        match self.open(account, merchant.mode)? {
            Some(AccountCredentials::X402(node)) => Ok(Some(node)),
            Some(AccountCredentials::Stripe(_)) | None => Ok(None),
        }
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
        };
        client.check_account().await.map_err(|fault| match fault {
            AccountFault::Unknown(doubt) => CheckError::Unreachable(doubt.to_string()),
            AccountFault::Unsupported | AccountFault::Chain(_) | AccountFault::Decimals => {
                CheckError::Refused(fault.to_string())
            }
        })
    }
}

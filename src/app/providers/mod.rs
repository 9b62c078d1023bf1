//! Calls to the rails, across the network where they are there: with all that was stored for a call,
//! and with the opened credentials of the account that it is made by.

mod told;

pub use told::UntoldError;

use crate::{
    base::{
        ambient::Ambient,
        crypto::SealingKeys,
        db::Pool,
        ids::{AttemptId, MerchantId},
        mode::Mode,
        net::Outbound,
    },
    domain::{
        auth::{self, Merchant},
        intents::{Attempt, attempt},
        links::PageUrls,
        rail_accounts::{self, AccountCredentials, CredentialsError, RailAccount},
        rails::{
            CallKind, Rail, RailAnswer, RailCall, RailFact,
            stripe::{
                self, ChargeThere, Client, ObjectId, Order,
                answers::{Balance, CallError, Reason},
                calls,
            },
        },
    },
};

/// The way to all rails.
pub struct Providers {
    /// Connections to look up what is stored for a call.
    pub pool: Pool,
    /// Opens the credentials of accounts.
    pub keys: SealingKeys,
    /// The way out, with the patience that providers need.
    pub outbound: Outbound,
    /// Where Stripe's API is, without a slash at the end.
    pub stripe_url: String,
    /// Addresses of pages.
    pub urls: PageUrls,
    /// The time.
    pub ambient: Ambient,
}

/// Why a call cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum NotReady {
    /// The rows could not be read.
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
    /// The credentials cannot be used.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// What is named is not there.
    #[error("the {0} of the call is not there")]
    Missing(&'static str),
}

/// Why an account cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// The provider does not take the credentials.
    #[error("{0}")]
    Refused(String),
    /// The provider cannot be asked now.
    #[error("the provider cannot be asked now: {0}")]
    Unreachable(String),
}

/// How a rail is asked.
#[derive(Clone, Copy, Debug)]
enum Asking {
    First,
    Again,
    LookUp,
}

impl Providers {
    /// Sends a call for the first time.
    pub async fn send(&self, merchant: MerchantId, call: &RailCall) -> RailFact {
        match call.route.rail {
            Rail::Sandbox | Rail::BankTransfer => {
                let answer = Rail::answer_at_once(call).unwrap_or(RailAnswer::Unknown);
                RailFact::answer(call, answer)
            }
            Rail::Stripe => self.ask(merchant, call, Asking::First).await,
        }
    }

    /// Sends a call that may not have left us. Where the rail keeps its answer to itself, it is asked
    /// what it did.
    pub async fn send_again(&self, merchant: MerchantId, call: &RailCall) -> RailFact {
        match call.route.rail {
            Rail::Sandbox | Rail::BankTransfer => match Rail::answer_at_once(call) {
                Some(answer) => RailFact::answer(call, answer),
                None => self.look_up(merchant, call).await,
            },
            Rail::Stripe => self.ask(merchant, call, Asking::Again).await,
        }
    }

    /// Asks what became of a call.
    pub async fn look_up(&self, merchant: MerchantId, call: &RailCall) -> RailFact {
        match call.route.rail {
            Rail::Sandbox | Rail::BankTransfer => {
                let answer = Rail::found_at_once(call).unwrap_or(RailAnswer::Unknown);
                RailFact::answer(call, answer)
            }
            Rail::Stripe => self.ask(merchant, call, Asking::LookUp).await,
        }
    }

    async fn ask(&self, merchant: MerchantId, call: &RailCall, how: Asking) -> RailFact {
        let unknown = RailFact::answer(call, RailAnswer::Unknown);
        let (order, keys) = match self.order(merchant, call).await {
            Ok(order) => order,
            Err(reason) => {
                tracing::error!(attempt = %call.attempt, %reason, "a call cannot be made");
                return unknown;
            }
        };
        let (client, now) = (self.stripe(&keys), self.ambient.now());
        let asked = async {
            match how {
                Asking::First => order.send(client, now).await,
                Asking::Again => order.send_again(client, now).await,
                Asking::LookUp => order.look_up(client, now).await,
            }
        };
        let answered = tokio::time::timeout(call.route.rail.patience(), asked).await;
        answered.unwrap_or(unknown)
    }

    /// A client of Stripe's for an account.
    pub fn stripe<'a>(&'a self, keys: &'a stripe::Credentials) -> Client<'a> {
        Client {
            outbound: &self.outbound,
            base: &self.stripe_url,
            key: &keys.secret_key,
        }
    }

    /// The opened credentials of an account.
    pub fn open(
        &self,
        account: &RailAccount,
        mode: Mode,
    ) -> Result<AccountCredentials, CredentialsError> {
        let sealed = account.credentials.as_ref();
        let owner = (account.merchant, account.id);
        let sealed = sealed.ok_or(CredentialsError::Missing)?;
        sealed.open((owner, account.rail()), &self.keys, mode)
    }

    /// Asks the provider whether it takes these credentials.
    pub async fn check(&self, credentials: &AccountCredentials) -> Result<(), CheckError> {
        let AccountCredentials::Stripe(keys) = credentials;
        // The form of the key says its mode.
        match self
            .stripe(keys)
            .call::<Balance>(&calls::read_balance())
            .await
        {
            Ok(_) => Ok(()),
            Err(CallError::Refused(refusal)) => match refusal.reason {
                Reason::Account => Err(CheckError::Refused(refusal.to_string())),
                // It knows the key, and only lets it not read the balance.
                Reason::Missing | Reason::State | Reason::Declined | Reason::Request => Ok(()),
            },
            Err(CallError::Unknown(doubt)) => Err(CheckError::Unreachable(doubt.to_string())),
        }
    }

    /// A call, with all that was stored for it.
    async fn order(
        &self,
        merchant: MerchantId,
        call: &RailCall,
    ) -> Result<(Order, stripe::Credentials), NotReady> {
        let merchant = auth::store::merchant(&self.pool, merchant).await?;
        let merchant = merchant.ok_or(NotReady::Missing("merchant"))?;
        let attempt = self.attempt(merchant.id, call.attempt).await?;
        let account = call.route.account.ok_or(NotReady::Missing("account"))?;
        let account = rail_accounts::store::get(&self.pool, merchant.id, account).await?;
        let account = account.ok_or(NotReady::Missing("account"))?;
        let AccountCredentials::Stripe(keys) = self.open(&account, merchant.mode)?;
        let refund = match call.kind {
            CallKind::Refund => object_id(attempt.reference.as_deref()),
            CallKind::Charge | CallKind::Capture | CallKind::Void | CallKind::Close => None,
        };
        let request = attempt.request.as_deref().map(|body| {
            let stored = self.urls.stored_url(&attempt.intent.to_string());
            let page = self.urls.pay_url(&attempt.intent.to_string());
            calls::create_stored_session(call.attempt, body, |value| {
                (value == stored).then(|| page.clone())
            })
        });
        let charge = match call.charge {
            Some(charge) => self.attempt(merchant.id, charge).await?,
            None => attempt,
        };
        let order = Order {
            call: call.clone(),
            mode: merchant.mode,
            request,
            refund,
            charge: there(&charge, &merchant),
        };
        Ok((order, keys))
    }

    async fn attempt(&self, merchant: MerchantId, id: AttemptId) -> Result<Attempt, NotReady> {
        let found = self.find(merchant, id).await?;
        found.ok_or(NotReady::Missing("attempt"))
    }

    async fn find(&self, merchant: MerchantId, id: AttemptId) -> Result<Option<Attempt>, NotReady> {
        let found = attempt::store::get(&self.pool, merchant, id).await?;
        Ok(found.map(|(attempt, _)| attempt))
    }
}

/// A charge as Stripe knows it, which goes by everybody's time.
fn there(charge: &Attempt, merchant: &Merchant) -> ChargeThere {
    ChargeThere {
        call: charge.call(None),
        session: object_id(charge.reference.as_deref()),
        payment: object_id(charge.external_id.as_deref()),
        begun_at: charge.created_at - merchant.ahead,
        ends_at: charge.expires_at.map(|at| at - merchant.ahead),
    }
}

fn object_id(text: Option<&str>) -> Option<ObjectId> {
    text.and_then(ObjectId::parse)
}

//! Calls to the rails, across the network where they are there: with all that was stored for a call,
//! and with the opened credentials of the account that it is made by.

mod payouts;
mod sandbox;
mod told;
mod watch;
mod webhook;
mod x402;

pub use told::{Told, UntoldError};
pub use watch::Watch;
pub use x402::NotLookedAt;

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
        rail_accounts::{
            self, AccountCredentials, AccountRail, AccountSettings, CredentialsError, RailAccount,
        },
        rails::{
            CallKind, Heard, Rail, RailAnswer, RailCall, RailFact, Sign,
            stripe::{
                self, ChargeThere, Client, ObjectId, Order,
                answers::{Balance, CallError, Reason},
                calls,
            },
        },
    },
};
use std::time::Duration;

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
    /// Watches how calls by the accounts go.
    pub watch: Watch,
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

/// How long a worker waits for a rail: shorter than the first pause of what is due, so that no two
/// ask at once.
const WORKER_PATIENCE: Duration = Duration::from_secs(7);

/// How a rail is asked.
#[derive(Clone, Copy, Debug)]
enum Asking {
    First,
    Again,
    LookUp,
}

/// A call to a provider, by an account.
#[derive(Clone, Copy)]
struct Errand<'a> {
    call: &'a RailCall,
    how: Asking,
    account: &'a RailAccount,
    /// What the answers say of the account.
    heard: &'a Heard,
}

impl Providers {
    /// Sends a call for the first time.
    pub async fn send(&self, merchant: MerchantId, call: &RailCall) -> RailFact {
        self.ask(merchant, call, Asking::First).await
    }

    /// Sends a call that may not have left us. Where the rail keeps its answer to itself, it is asked
    /// what it did.
    pub async fn send_again(&self, merchant: MerchantId, call: &RailCall) -> RailFact {
        self.ask(merchant, call, Asking::Again).await
    }

    /// Asks what became of a call.
    pub async fn look_up(&self, merchant: MerchantId, call: &RailCall) -> RailFact {
        self.ask(merchant, call, Asking::LookUp).await
    }

    async fn ask(&self, merchant: MerchantId, call: &RailCall, how: Asking) -> RailFact {
        let asked = match call.route.rail {
            Rail::Sandbox => self.ask_sandbox(merchant, call, how).await,
            Rail::BankTransfer => {
                let answer = Rail::answer_at_once(call).unwrap_or(RailAnswer::Unknown);
                Ok(RailFact::answer(call, answer))
            }
            Rail::Stripe | Rail::X402 => self.ask_provider(merchant, call, how).await,
        };
        asked.unwrap_or_else(|reason| {
            tracing::error!(attempt = %call.attempt, %reason, "a call cannot be made");
            RailFact::answer(call, RailAnswer::Unknown)
        })
    }

    /// Asks over the network, and notes what that says of the account.
    async fn ask_provider(
        &self,
        merchant: MerchantId,
        call: &RailCall,
        how: Asking,
    ) -> Result<RailFact, NotReady> {
        let account = self.account(merchant, call).await?;
        let heard = Heard::default();
        let errand = Errand {
            call,
            how,
            account: &account,
            heard: &heard,
        };
        let patience = match how {
            Asking::First => call.route.rail.patience(),
            Asking::Again | Asking::LookUp => WORKER_PATIENCE,
        };
        let asked = async {
            match account.rail() {
                AccountRail::X402 => self.ask_x402(errand).await,
                AccountRail::Stripe => self.ask_stripe(errand).await,
                AccountRail::BankTransfer => Err(NotReady::Missing("provider")),
            }
        };
        let answered = tokio::time::timeout(patience, asked).await;
        if answered.is_err() {
            heard.hear(Some(Sign::Failed));
        }
        let now = self.ambient.now();
        self.watch.note(&account, heard.last(), now).await;
        answered.unwrap_or_else(|_| Ok(RailFact::answer(call, RailAnswer::Unknown)))
    }

    async fn ask_stripe(&self, errand: Errand<'_>) -> Result<RailFact, NotReady> {
        let (order, keys) = self.order(errand.account, errand.call).await?;
        let (client, now) = (self.stripe(&keys, errand.heard), self.ambient.now());
        Ok(match errand.how {
            Asking::First => order.send(client, now).await,
            Asking::Again => order.send_again(client, now).await,
            Asking::LookUp => order.look_up(client, now).await,
        })
    }

    /// A client of Stripe's for an account.
    fn stripe<'a>(&'a self, keys: &'a stripe::Credentials, heard: &'a Heard) -> Client<'a> {
        Client {
            outbound: &self.outbound,
            base: &self.stripe_url,
            key: &keys.secret_key,
            heard,
        }
    }

    /// The opened credentials of an account, if it has any.
    pub fn open(
        &self,
        account: &RailAccount,
        mode: Mode,
    ) -> Result<Option<AccountCredentials>, CredentialsError> {
        let owner = ((account.merchant, account.id), account.rail());
        let sealed = account.credentials.as_ref();
        let opened = sealed.map(|sealed| sealed.open(owner, &self.keys, mode));
        opened.transpose()
    }

    /// Asks the provider whether an account of these settings and credentials can be used. A bank is
    /// not asked: it tells no stranger.
    pub async fn check(
        &self,
        settings: &AccountSettings,
        credentials: Option<&AccountCredentials>,
    ) -> Result<(), CheckError> {
        match (settings, credentials) {
            (AccountSettings::BankTransfer(_), _) => Ok(()),
            (AccountSettings::Stripe(_), Some(AccountCredentials::Stripe(keys))) => {
                self.check_stripe(keys).await
            }
            (AccountSettings::X402(settings), Some(AccountCredentials::X402(node))) => {
                self.check_x402(settings, Some(node)).await
            }
            (AccountSettings::X402(settings), None) => self.check_x402(settings, None).await,
            (AccountSettings::Stripe(_) | AccountSettings::X402(_), _) => {
                let none = "the account has no credentials of its rail".to_owned();
                Err(CheckError::Refused(none))
            }
        }
    }

    async fn check_stripe(&self, keys: &stripe::Credentials) -> Result<(), CheckError> {
        let heard = Heard::default();
        let client = self.stripe(keys, &heard);
        // The form of the key says its mode.
        match client.call::<Balance>(&calls::read_balance()).await {
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
        account: &RailAccount,
        call: &RailCall,
    ) -> Result<(Order, stripe::Credentials), NotReady> {
        let merchant = self.merchant(account.merchant).await?;
        let attempt = self.attempt(merchant.id, call.attempt).await?;
        let Some(AccountCredentials::Stripe(keys)) = self.open(account, merchant.mode)? else {
            return Err(NotReady::Missing("key"));
        };
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

    async fn merchant(&self, id: MerchantId) -> Result<Merchant, NotReady> {
        let found = auth::store::merchant(&self.pool, id).await?;
        found.ok_or(NotReady::Missing("merchant"))
    }

    /// The account that a call is made by.
    async fn account(
        &self,
        merchant: MerchantId,
        call: &RailCall,
    ) -> Result<RailAccount, NotReady> {
        let id = call.route.account.ok_or(NotReady::Missing("account"))?;
        let found = rail_accounts::store::get(&self.pool, merchant, id).await?;
        found.ok_or(NotReady::Missing("account"))
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

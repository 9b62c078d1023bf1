//! Making, changing, switching off and checking rail accounts.

use super::RailAccountCommand;
use crate::{
    base::{event_type::EventType, ids::RailAccountId},
    domain::rail_accounts::{
        NewRailAccount, RailAccount, RailAccountObject, RailAccountPatch, Webhook,
    },
    writer::{
        Rejection,
        decider::{Decider, print},
        decision::{Decision, EventDraft},
    },
};

impl RailAccountCommand {
    /// What the command comes to.
    pub fn decide(&self, decider: &Decider<'_>) -> Result<Decision, Rejection> {
        match self {
            Self::Create(id, new) => decider.create_rail_account(*id, new),
            Self::Change(id, patch) => decider.change_rail_account(*id, patch),
            Self::Disable(id) => decider.change_rail_account(*id, &RailAccountPatch::disable()),
            Self::Check(id, webhook) => decider.check_rail_account(*id, *webhook),
            Self::Fail(id) => decider.fail_rail_account(*id),
        }
    }
}

impl Decider<'_> {
    pub(in crate::writer) fn rail_accounts(&self) -> impl Iterator<Item = &RailAccount> {
        let all = self.world.rail_accounts.values();
        all.filter(|account| account.merchant == self.merchant)
    }

    fn rail_account(&self, id: RailAccountId) -> Result<&RailAccount, Rejection> {
        let found = self.world.rail_accounts.find(&(self.merchant, id))?;
        found.ok_or(Rejection::NotFound("rail account"))
    }

    fn create_rail_account(
        &self,
        id: RailAccountId,
        new: &NewRailAccount,
    ) -> Result<Decision, Rejection> {
        let (maker, now) = (self.actor.to_string(), self.context.now);
        let ids = (self.merchant, id);
        let made = new.clone().create(ids, maker, now);
        let made = made.beside(self.rail_accounts())?;
        let body = print(&self.show_account(&made)?)?;
        Ok(Decision::answer(201, &body).with(made))
    }

    fn change_rail_account(
        &self,
        id: RailAccountId,
        patch: &RailAccountPatch,
    ) -> Result<Decision, Rejection> {
        let account = self.rail_account(id)?;
        let changed = account.change(patch, self.rail_accounts(), self.context.now)?;
        let body = print(&self.show_account(&changed)?)?;
        let event = self.turn_of(account, &changed)?;
        Ok(Decision::answer(200, &body).with(changed).causing(event))
    }

    /// An account that was loaded was read by the rules of today.
    fn check_rail_account(
        &self,
        id: RailAccountId,
        webhook: Option<Webhook>,
    ) -> Result<Decision, Rejection> {
        let (account, public_url) = (self.rail_account(id)?, self.context.urls.public_url());
        let recovered = account.recovered(self.context.now);
        let now = recovered.as_ref().unwrap_or(account);
        let checked = RailAccountObject::checked(now, self.mode()?, public_url, webhook);
        let event = self.turn_of(account, now)?;
        Ok(Decision::answer(200, &print(&checked)?)
            .with_all(recovered)
            .causing(event))
    }

    /// Several processes may have counted to the end.
    fn fail_rail_account(&self, id: RailAccountId) -> Result<Decision, Rejection> {
        let account = self.rail_account(id)?;
        let failed = account.failed(self.context.now);
        let now = failed.as_ref().unwrap_or(account);
        let event = self.turn_of(account, now)?;
        let body = print(&self.show_account(now)?)?;
        Ok(Decision::answer(200, &body).with_all(failed).causing(event))
    }

    /// The event of an account that begins to fail or works again.
    fn turn_of(
        &self,
        before: &RailAccount,
        after: &RailAccount,
    ) -> Result<Option<EventDraft>, Rejection> {
        let turn = match (before.is_failing(), after.is_failing()) {
            (false, true) => EventType::RailAccountFailing,
            (true, false) if after.is_active() => EventType::RailAccountRecovered,
            (true | false, true | false) => return Ok(None),
        };
        let data = print(&self.show_account(after)?)?;
        Ok(Some(EventDraft::new(turn, &data)))
    }

    fn show_account<'a>(&self, of: &'a RailAccount) -> Result<RailAccountObject<'a>, Rejection> {
        let public_url = self.context.urls.public_url();
        Ok(RailAccountObject::new(of, self.mode()?, public_url))
    }
}

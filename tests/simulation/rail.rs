//! A rail that knows the truth. It does each call at most once, by its attempt, and tells what became
//! of it when asked, or without being asked: too early, twice, or long after. Its answers get lost, and
//! it does things that nobody asked for; what it holds is known to it alone.

use super::{
    dice::{Dice, mix, random_part},
    store::Store,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use threadpay::{
    base::{
        flow::Flow,
        ids::{AttemptId, MerchantId},
        money::{Currency, Money},
    },
    domain::{
        intents::{Attempt, AttemptStatus, CaptureMethod},
        rails::{
            CallKind, DeclineCode, FactKind, PaymentMethod, Rail, RailAnswer, RailCall, RailFact,
            Route, SandboxMethod,
        },
    },
};

#[derive(Debug)]
pub struct ModelRail {
    seed: u64,
    truth: BTreeMap<AttemptId, RailAnswer>,
    /// What charges moved that moved another amount than they were asked to.
    amounts: BTreeMap<AttemptId, Money>,
    /// Charges of which nothing is held any more.
    released: BTreeSet<AttemptId>,
    /// What happened that no attempt asked for, and whose it is.
    news: Vec<(MerchantId, RailFact)>,
}

const REFUSED: RailAnswer = RailAnswer::Declined(DeclineCode::ProcessingError);

impl ModelRail {
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            truth: BTreeMap::new(),
            amounts: BTreeMap::new(),
            released: BTreeSet::new(),
            news: Vec::new(),
        }
    }

    /// Sends a call; the answer is lost where it must be, and with a method that times out.
    pub fn send(&mut self, call: &RailCall, lost: bool) -> RailFact {
        let truth = self.look_up(call);
        if lost || Rail::answer_at_once(call).is_none() {
            RailFact::answer(call, RailAnswer::Unknown)
        } else {
            truth
        }
    }

    /// What became of a call, or becomes of it now if it never arrived.
    pub fn look_up(&mut self, call: &RailCall) -> RailFact {
        if !self.truth.contains_key(&call.attempt) {
            let outcome = self.act(call);
            self.truth.insert(call.attempt, outcome);
        }
        self.fact(call)
    }

    /// What it tells of a call that arrived.
    fn fact(&self, call: &RailCall) -> RailFact {
        let outcome = self.truth[&call.attempt];
        let amount = self.amounts.get(&call.attempt).copied();
        RailFact {
            amount: amount.filter(|_| outcome == RailAnswer::Succeeded),
            ..RailFact::answer(call, outcome)
        }
    }

    fn act(&mut self, call: &RailCall) -> RailAnswer {
        let mut dice = Dice::new(mix(&[self.seed, random_part(call.attempt.0)]));
        let about = call.charge.unwrap_or(call.attempt);
        match call.kind {
            CallKind::Charge => {
                if dice.percent(10) {
                    // What is reported by hand is in the currency that was asked for.
                    let is_by_hand = matches!(
                        call.method,
                        Some(PaymentMethod::Sandbox(
                            SandboxMethod::Pending | SandboxMethod::RequiresAction
                        ))
                    );
                    let amount = another(call.amount, !is_by_hand, &mut dice);
                    self.amounts.insert(call.attempt, amount);
                }
                Rail::found_at_once(call).unwrap()
            }
            CallKind::Close => match self.truth.get(&about) {
                Some(RailAnswer::RequiresAction) if dice.percent(10) => REFUSED,
                Some(RailAnswer::RequiresAction) | None => {
                    self.truth.insert(about, REFUSED);
                    RailAnswer::Succeeded
                }
                Some(RailAnswer::Declined(_)) => RailAnswer::Succeeded,
                Some(RailAnswer::Succeeded | RailAnswer::Pending | RailAnswer::Unknown) => REFUSED,
            },
            CallKind::Capture if self.released.contains(&about) => REFUSED,
            CallKind::Void if self.released.contains(&about) => RailAnswer::Succeeded,
            CallKind::Capture | CallKind::Void | CallKind::Refund => match dice.below(10) {
                0 => REFUSED,
                1 => RailAnswer::Pending,
                _ => {
                    if call.kind != CallKind::Refund {
                        self.released.insert(about);
                    }
                    RailAnswer::Succeeded
                }
            },
        }
    }

    /// Takes what a new attempt was answered at once as the truth.
    pub fn hear(&mut self, attempt: &Attempt) {
        if !is_at_the_rail(attempt) {
            return;
        }
        let answer = match attempt.status {
            AttemptStatus::Started | AttemptStatus::Unknown => return,
            AttemptStatus::Pending => RailAnswer::Pending,
            AttemptStatus::RequiresAction => RailAnswer::RequiresAction,
            AttemptStatus::Succeeded | AttemptStatus::Reversed => RailAnswer::Succeeded,
            AttemptStatus::Failed | AttemptStatus::Closed => REFUSED,
        };
        self.truth.insert(attempt.id, answer);
        match (attempt.kind, attempt.charge) {
            (CallKind::Close, Some(charge)) => {
                self.truth.insert(charge, REFUSED);
            }
            (CallKind::Capture | CallKind::Void, Some(charge)) => {
                self.released.insert(charge);
            }
            _ => {}
        }
    }

    /// What became of a call that arrived.
    pub fn truth(&self, attempt: AttemptId) -> Option<RailAnswer> {
        self.truth.get(&attempt).copied()
    }

    /// The payer acted, or the outcome came: somebody says so who plays the rail. Who has paid before
    /// has paid.
    pub fn settle(&mut self, attempt: AttemptId, outcome: RailAnswer) {
        let truth = self.truth.entry(attempt).or_insert(outcome);
        if *truth != RailAnswer::Succeeded {
            *truth = outcome;
        }
    }

    /// What only waits for time goes through.
    pub fn settle_pending(&mut self, wanted: impl Fn(AttemptId) -> bool) {
        for (attempt, truth) in &mut self.truth {
            if *truth == RailAnswer::Pending && wanted(*attempt) {
                *truth = RailAnswer::Succeeded;
            }
        }
    }

    /// Something happens there that nobody here has asked for.
    pub fn happen(&mut self, store: &Store, merchants: &[MerchantId], dice: &mut Dice) -> String {
        let rows = store.attempts.values().rev().take(40);
        let known = rows.filter(|attempt| self.truth.contains_key(&attempt.id));
        let attempt = dice.prefer(known, |attempt| random_part(attempt.id.0));
        if let Some(attempt) = attempt.filter(|_| dice.percent(85)) {
            return self.happen_to(attempt, store, dice);
        }
        let merchant = dice.pick(merchants).unwrap();
        let currency = dice.pick(&["EUR", "JPY", "KWD"]).unwrap().parse().unwrap();
        let amount = Money::new(dice.amount(1000), currency);
        self.tell(merchant, (CallKind::Charge.into(), None), amount, dice);
        format!("{amount} come for nothing that is known")
    }

    fn happen_to(&mut self, attempt: &Attempt, store: &Store, dice: &mut Dice) -> String {
        let (id, truth) = (attempt.id, self.truth[&attempt.id]);
        let intent = &store.intents[&(attempt.merchant, attempt.intent)];
        let holds = intent.terms.capture_method == CaptureMethod::Manual;
        let after = match (attempt.kind, truth) {
            (CallKind::Charge, RailAnswer::RequiresAction | RailAnswer::Pending) => {
                dice.pick(&[RailAnswer::Succeeded, REFUSED]).unwrap()
            }
            // Its payer pays after all.
            (CallKind::Charge, RailAnswer::Declined(_)) => RailAnswer::Succeeded,
            // It comes back.
            (CallKind::Refund, RailAnswer::Succeeded) => REFUSED,
            (CallKind::Charge, RailAnswer::Succeeded) if !holds => {
                let amount = self.amounts.get(&id).copied().unwrap_or(attempt.amount);
                let back = Money::new(dice.amount(amount.minor()), amount.currency());
                let (kind, how) = match dice.below(4) {
                    0 => (FactKind::Dispute(Flow::Out), "disputed"),
                    1 => (FactKind::Dispute(Flow::In), "won in a dispute"),
                    _ => (CallKind::Refund.into(), "given back"),
                };
                self.tell(attempt.merchant, (kind, Some(id)), back, dice);
                return format!("{back} of {id} are {how}");
            }
            (CallKind::Charge, RailAnswer::Succeeded) if !self.released.contains(&id) => {
                self.released.insert(id);
                let what = (CallKind::Void.into(), Some(id));
                self.tell(attempt.merchant, what, attempt.amount, dice);
                return format!("what {id} holds lapses");
            }
            _ => return "nothing".to_owned(),
        };
        self.truth.insert(id, after);
        format!("the {} {id} is {after:?}", attempt.kind)
    }

    fn tell(
        &mut self,
        merchant: MerchantId,
        (kind, attempt): (FactKind, Option<AttemptId>),
        amount: Money,
        dice: &mut Dice,
    ) {
        let fact = RailFact {
            route: Route::SANDBOX,
            kind,
            outcome: RailAnswer::Succeeded,
            attempt,
            external_id: Some(format!("txn_{}", dice.roll())),
            reference: None,
            next_action: None,
            amount: Some(amount),
            occurred_at: None,
        };
        self.news.push((merchant, fact));
    }

    /// One of the things that it tells without being asked: as it is now.
    pub fn ring(&self, store: &Store, dice: &mut Dice) -> Option<(MerchantId, RailFact)> {
        if dice.percent(40) && !self.news.is_empty() {
            return dice.pick(&self.news);
        }
        let newest = store.attempts.values().rev().take(30);
        let known = newest.filter(|attempt| self.truth.contains_key(&attempt.id));
        let attempt = dice.prefer(known, |attempt| random_part(attempt.id.0))?;
        Some(self.of(attempt))
    }

    /// All that it has to tell.
    pub fn ring_all(&self, store: &Store) -> Vec<(MerchantId, RailFact)> {
        let known = store.attempts.values();
        let known = known.filter(|attempt| self.truth.contains_key(&attempt.id));
        let known = known.map(|attempt| self.of(attempt));
        known.chain(self.news.iter().cloned()).collect()
    }

    fn of(&self, attempt: &Attempt) -> (MerchantId, RailFact) {
        (attempt.merchant, self.fact(&attempt.call(None)))
    }

    /// What it owes each merchant, by what it has done.
    pub fn holds(&self, store: &Store) -> HashMap<(MerchantId, Currency), i128> {
        let mut sums = HashMap::new();
        let mut add = |merchant, amount: Money, sign: i128| {
            let sum: &mut i128 = sums.entry((merchant, amount.currency())).or_default();
            *sum += sign * i128::from(amount.minor());
        };
        let moved = store.attempts.values();
        let moved = moved.filter(|attempt| is_at_the_rail(attempt));
        for attempt in moved.filter(|a| self.truth(a.id) == Some(RailAnswer::Succeeded)) {
            let intent = &store.intents[&(attempt.merchant, attempt.intent)];
            let holds = intent.terms.capture_method == CaptureMethod::Manual;
            let amount = self.amounts.get(&attempt.id).copied();
            let amount = amount.unwrap_or(attempt.amount);
            match attempt.kind {
                CallKind::Charge if holds => {}
                CallKind::Charge | CallKind::Capture => add(attempt.merchant, amount, 1),
                CallKind::Refund => add(attempt.merchant, amount, -1),
                CallKind::Void | CallKind::Close => {}
            }
        }
        for (merchant, fact) in &self.news {
            match fact.kind {
                FactKind::Call(CallKind::Charge) | FactKind::Dispute(Flow::In) => {
                    add(*merchant, fact.amount.unwrap(), 1);
                }
                FactKind::Call(CallKind::Refund) | FactKind::Dispute(Flow::Out) => {
                    add(*merchant, fact.amount.unwrap(), -1);
                }
                FactKind::Call(CallKind::Capture | CallKind::Void | CallKind::Close) => {}
            }
        }
        sums
    }
}

/// Whether the rail was asked, or did it without us: not where a movement was taken for it.
pub fn is_at_the_rail(attempt: &Attempt) -> bool {
    let gives_back = attempt.kind == CallKind::Refund && attempt.refund.is_none();
    attempt.movement.is_none() || gives_back
}

/// Another amount than was asked for.
fn another(asked: Money, any_currency: bool, dice: &mut Dice) -> Money {
    let minor = asked.minor();
    match dice.below(if any_currency { 3 } else { 2 }) {
        0 => Money::new(minor + dice.amount(50), asked.currency()),
        1 => Money::new(dice.amount(minor), asked.currency()),
        _ => {
            let other = if asked.currency().code() == "EUR" {
                "JPY"
            } else {
                "EUR"
            };
            Money::new(minor, other.parse().unwrap())
        }
    }
}

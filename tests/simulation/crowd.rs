//! Who asks: bots, merchants and payers, with requests that are likely and some that are not.

use super::{dice::Dice, store::Store};
use serde_json::json;
use std::collections::HashMap;
use threadpay::{
    callbacks::{Disabling, EndpointChanges, EndpointRequest, NewEndpoint, NewSecret},
    idempotency::{Claim, Fingerprint},
    ids::{EndpointId, IntentId, LinkId, MerchantId},
    intents::{IntentRequest, State},
    links::{LinkRequest, Price},
    money::{Currency, Money},
    net::Policy,
    rails::{PaymentMethod, Rail, SandboxMethod},
    writer::{Command, Payment, Submission},
};
use time::{Duration, OffsetDateTime};

#[derive(Debug, Default)]
pub struct Crowd {
    /// Requests that were made, to be made again.
    history: Vec<Submission>,
    /// Keys used so far by each merchant; all count from one, so that merchants share names.
    keys: HashMap<MerchantId, u32>,
}

/// What a request is made with.
pub struct Desk<'a> {
    pub store: &'a Store,
    pub merchants: &'a [MerchantId],
    pub now: OffsetDateTime,
}

impl Crowd {
    /// The next request: a new one, or one from before.
    pub fn next(&mut self, desk: &Desk<'_>, dice: &mut Dice) -> Submission {
        if dice.percent(15)
            && let Some(submission) = dice.pick(&self.history)
        {
            return again(submission, dice);
        }
        let merchant = dice.pick(desk.merchants).unwrap();
        let command = command(desk, merchant, dice);
        let number = self.keys.entry(merchant).or_default();
        *number += 1;
        let claim = dice.percent(92).then(|| Claim {
            key: format!("request-{number}").parse().unwrap(),
            fingerprint: Fingerprint::of("POST", &format!("{command:?}"), &json!(null)),
        });
        let submission = Submission {
            merchant,
            command,
            claim,
            request_id: format!("req-{merchant}-{number}"),
        };
        if submission.claim.is_some() {
            self.history.push(submission.clone());
        }
        submission
    }
}

/// The same request, or sometimes another one under its key.
fn again(submission: Submission, dice: &mut Dice) -> Submission {
    let other = dice.percent(20);
    let claim = submission.claim.map(|claim| Claim {
        fingerprint: if other {
            Fingerprint::of("POST", "/other", &json!(null))
        } else {
            claim.fingerprint
        },
        ..claim
    });
    Submission {
        claim,
        request_id: "again".to_owned(),
        ..submission
    }
}

fn command(desk: &Desk<'_>, merchant: MerchantId, dice: &mut Dice) -> Command {
    // Now and then somebody tries what is another's.
    let owner = if dice.percent(3) {
        dice.pick(desk.merchants).unwrap()
    } else {
        merchant
    };
    let intent = some(&Store::ids(&desk.store.intents, owner), dice);
    let link = some(&Store::ids(&desk.store.links, owner), dice);
    match (dice.below(100), intent, link) {
        (0..6, _, _) => create_link(dice),
        (6..20, _, Some(link)) => pay_link(desk, (owner, link), dice),
        (20..22, _, Some(link)) => Command::DeactivateLink(link),
        (22..24, _, _) => create_endpoint(desk, dice),
        (24..52, Some(intent), _) => confirm(intent, dice),
        (52..60, Some(intent), _) => {
            Command::Capture(intent, body(amount_of(desk, owner, intent, dice)))
        }
        (60..65, Some(intent), _) => Command::Cancel(intent, body(json!({"reason": "duplicate"}))),
        (65..84, _, _) => match paid(desk, owner, dice).or(intent) {
            Some(intent) => Command::Refund(intent, body(amount_of(desk, owner, intent, dice))),
            None => create_intent(dice),
        },
        _ => create_intent(dice),
    }
}

/// One of the rows, most often a new one.
fn some<Id: Copy>(ids: &[Id], dice: &mut Dice) -> Option<Id> {
    let recent = ids
        .len()
        .saturating_sub(if dice.percent(70) { 6 } else { ids.len() });
    dice.pick(&ids[recent..])
}

/// An intent that has been paid.
fn paid(desk: &Desk<'_>, owner: MerchantId, dice: &mut Dice) -> Option<IntentId> {
    let own = desk.store.intents.values().filter(|i| i.merchant == owner);
    let paid = own.filter(|i| i.state == State::Succeeded);
    let refundable = paid.filter(|i| i.refundable().unwrap().minor() > 0);
    let ids: Vec<IntentId> = refundable.map(|i| i.id).collect();
    some(&ids, dice)
}

fn body<T: serde::de::DeserializeOwned>(value: serde_json::Value) -> T {
    serde_json::from_value(value).unwrap()
}

fn currency(dice: &mut Dice) -> Currency {
    dice.pick(&["EUR", "JPY", "KWD"]).unwrap().parse().unwrap()
}

fn money(dice: &mut Dice, most: i64, currency: Currency) -> String {
    Money::new(dice.amount(most), currency).to_string()
}

fn create_intent(dice: &mut Dice) -> Command {
    let currency = currency(dice);
    let request: IntentRequest = body(json!({
        "amount": money(dice, 1000, currency),
        "currency": currency.code(),
        "capture_method": if dice.percent(40) { "manual" } else { "automatic" },
        "expires_in": if dice.percent(50) { 60 } else { 86_400 },
        "thread": {"channel": "slack", "conversation": format!("C{}", dice.below(3))},
    }));
    Command::CreateIntent(Box::new(request.parse().unwrap()))
}

fn create_link(dice: &mut Dice) -> Command {
    let currency = currency(dice);
    let mut request = json!({"currency": currency.code()});
    if dice.percent(70) {
        request["amount"] = json!(money(dice, 1000, currency));
    } else {
        let (min, max) = (Money::new(2, currency), Money::new(200, currency));
        request["amount_options"] = json!({"min": min.to_string(), "max": max.to_string()});
    }
    if dice.percent(50) {
        request["usage"] = json!("multi");
        request["max_payments"] = json!(1 + dice.below(4));
    }
    if dice.percent(30) {
        request["tip_options"] = json!(["0", Money::new(7, currency).to_string()]);
    }
    if dice.percent(50) {
        request["expires_in"] = json!(120);
    }
    let request: LinkRequest = body(request);
    Command::CreateLink(Box::new(request.parse().unwrap()))
}

fn create_endpoint(desk: &Desk<'_>, dice: &mut Dice) -> Command {
    let types = dice.pick(&["refund.*", "payment_intent.succeeded", "payment_link.*"]);
    let types = json!([types.unwrap()]);
    let new = endpoint(&types, dice.roll());
    let id = uuid::Uuid::from_u128(u128::from(dice.roll()));
    // With few endpoints a run stays quick; most of the time an old one is meant instead.
    match dice.pick(&desk.store.endpoints.keys().copied().collect::<Vec<_>>()) {
        Some((_, id)) if dice.percent(75) && desk.store.watcher(id).is_none() => {
            change_endpoint(id, desk, dice)
        }
        _ => Command::CreateEndpoint(id.into(), Box::new(new), no_secret()),
    }
}

fn change_endpoint(id: EndpointId, desk: &Desk<'_>, dice: &mut Dice) -> Command {
    match dice.below(100) {
        0..30 => Command::DeleteEndpoint(id),
        30..50 => Command::Ping(id),
        50..60 => Command::DisableEndpoint(id, Disabling::Gone(desk.now)),
        60..70 => {
            let changes: EndpointChanges = body(json!({"enabled": dice.percent(70)}));
            let patch = changes.check(&Policy::private()).unwrap();
            Command::UpdateEndpoint(id, Box::new(patch))
        }
        70..90 => Command::RotateSecret(id, Duration::seconds(60), no_secret()),
        _ => Command::Replay(id, i64::try_from(dice.below(5)).unwrap(), None),
    }
}

/// A secret that nothing is signed with.
pub fn no_secret() -> NewSecret {
    NewSecret {
        sealed: vec![0; 60],
        public_key: None,
    }
}

/// An endpoint for events of these types, with an address of its own.
pub fn endpoint(event_types: &serde_json::Value, place: u64) -> NewEndpoint {
    let url = format!("http://127.0.0.1:9/{place}");
    let request = json!({"url": url, "event_types": event_types});
    let request: EndpointRequest = body(request);
    request.check(&Policy::private()).unwrap()
}

fn method(dice: &mut Dice) -> &'static str {
    let word = dice.pick(SandboxMethod::WORDS).unwrap();
    if dice.percent(50) {
        "pm_sandbox_ok"
    } else {
        word
    }
}

fn confirm(intent: IntentId, dice: &mut Dice) -> Command {
    let method = if dice.percent(2) {
        "pm_nonsense"
    } else {
        method(dice)
    };
    Command::Confirm(intent, body(json!({"payment_method": method})))
}

/// A part of an intent's amount, or a little more than there is, or all of it.
fn amount_of(
    desk: &Desk<'_>,
    owner: MerchantId,
    intent: IntentId,
    dice: &mut Dice,
) -> serde_json::Value {
    let amount = desk.store.intents[&(owner, intent)].terms.amount;
    if dice.percent(30) {
        return json!({});
    }
    let most = amount.minor() + amount.minor() / 10 + 1;
    json!({"amount": money(dice, most, amount.currency())})
}

fn pay_link(desk: &Desk<'_>, (owner, id): (MerchantId, LinkId), dice: &mut Dice) -> Command {
    let terms = &desk.store.links[&(owner, id)].terms;
    let amount = match terms.price {
        Price::Fixed(_) => None,
        Price::Chosen { max, .. } => Some(Money::new(dice.amount(max.minor() + 1), max.currency())),
    };
    let tip = dice.pick(&terms.tips);
    let method = PaymentMethod::parse(Rail::Sandbox, method(dice)).unwrap();
    Command::PayLink(
        id,
        Payment {
            method,
            amount,
            tip,
        },
    )
}

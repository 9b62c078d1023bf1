//! Who asks: bots, merchants and payers, with requests that are likely and some that are not.

use super::{
    dice::{Dice, random_part},
    outbox::Outbox,
    store::{Rows, Store, of_merchant},
};
use serde_json::json;
use threadpay::{
    base::{
        ids::{AttemptId, EndpointId, IntentId, LinkId, MerchantId, MovementId},
        money::{Currency, Money},
        net::Policy,
    },
    domain::{
        callbacks::{
            Delivery, Disabling, EndpointChanges, EndpointRequest, NewEndpoint, NewSecret,
        },
        intents::{
            CancellationReason, CaptureRequest, Intent, IntentRequest, RefundRequest, State,
        },
        ledger::EntryRequest,
        links::{LinkRequest, Price},
        movements::ResolveRequest,
        rails::{PaymentMethod, Rail, SandboxMethod},
    },
    writer::{
        ClockCommand, Command, EndpointCommand, LinkCommand, LinkPayment, MovementCommand,
        PaymentCommand, PostingCommand,
    },
};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// What a request is made with.
pub struct Desk<'a> {
    pub store: &'a Store,
    pub outbox: &'a Outbox,
    pub merchants: &'a [MerchantId],
    pub now: OffsetDateTime,
    /// The merchant's own name for what is asked for, which no other request has.
    pub reference: String,
}

/// What a client asks for, and of whom.
pub fn request(desk: &Desk<'_>, dice: &mut Dice) -> (MerchantId, Command) {
    let merchant = dice.pick(desk.merchants).unwrap();
    // Now and then somebody tries what is another's.
    let owner = if dice.percent(3) {
        dice.pick(desk.merchants).unwrap()
    } else {
        merchant
    };
    (merchant, command(desk, owner, dice))
}

fn command(desk: &Desk<'_>, owner: MerchantId, dice: &mut Dice) -> Command {
    let kind = dice.below(100);
    let intent = some(&desk.store.intents, owner, dice, |id| id.0);
    let link = some(&desk.store.links, owner, dice, |id| id.0);
    let mut fitting = |fits: fn(&Intent) -> bool| fitting(desk, owner, dice, fits).or(intent);
    let (payable, begun, held, paid) = (
        fitting(|intent| intent.state == State::RequiresPayment),
        fitting(|intent| matches!(intent.state, State::RequiresAction(_))),
        fitting(|intent| intent.state == State::RequiresCapture),
        fitting(is_refundable),
    );
    match (kind, intent, link) {
        (0..6, _, _) => create_link(desk, dice),
        (6..20, _, Some(link)) => pay_link(desk, (owner, link), dice),
        (20..22, _, Some(link)) => LinkCommand::Deactivate(link).into(),
        (22..28, _, _) => endpoint_command(desk, owner, dice),
        (28..54, Some(intent), _) => confirm(payable.unwrap_or(intent), dice),
        (54..62, Some(intent), _) => {
            let intent = held.unwrap_or(intent);
            let request: CaptureRequest = body(amount_of(desk, owner, intent, dice));
            PaymentCommand::Capture(intent, request.parse().unwrap()).into()
        }
        (62..66, Some(intent), _) => {
            PaymentCommand::Cancel(intent, Some(CancellationReason::Duplicate)).into()
        }
        (66..68, _, _) => post(dice),
        (68, _, _) => advance(dice),
        (69..74, _, _) if has_movements(desk, owner) => resolve(desk, owner, dice),
        (69..82, Some(intent), _) => {
            let intent = paid.unwrap_or(intent);
            let request: RefundRequest = body(amount_of(desk, owner, intent, dice));
            PaymentCommand::Refund(intent, request.parse().unwrap()).into()
        }
        (82..86, Some(intent), _) => give_up(desk, owner, begun.unwrap_or(intent)),
        _ => create_intent(desk, dice),
    }
}

/// Moves the merchant's clock on.
fn advance(dice: &mut Dice) -> Command {
    let by = dice.pick(&["1m", "20m", "2h", "1d", "6d"]).unwrap();
    ClockCommand::Advance(by.parse().unwrap()).into()
}

fn has_movements(desk: &Desk<'_>, owner: MerchantId) -> bool {
    of_merchant(&desk.store.movements, owner).next().is_some()
}

/// Decides about a movement, often in a way that it does not take.
fn resolve(desk: &Desk<'_>, owner: MerchantId, dice: &mut Dice) -> Command {
    let open = of_merchant(&desk.store.movements, owner).rev();
    let wanted = if dice.percent(80) { 1 } else { 2 };
    let open = open.filter(|(_, m)| m.resolution.is_none() || wanted == 2);
    let ids: Vec<MovementId> = open.map(|(key, _)| key.1).take(20).collect();
    let newest = of_merchant(&desk.store.movements, owner).next_back();
    let newest = newest.unwrap().0.1;
    let id = dice.prefer(ids, |id| random_part(id.0)).unwrap_or(newest);
    let movement = &desk.store.movements[&(owner, id)];
    let own = of_merchant(&desk.store.intents, owner).rev();
    let fits = own.filter(|(_, intent)| {
        intent.terms.amount == movement.amount || intent.takes_refund(movement.amount)
    });
    let intent = dice.prefer(fits.map(|(key, _)| key.1).take(10), |id| random_part(id.0));
    let mut request = json!({"action": "assign", "payment_intent": intent});
    if intent.is_none() || dice.percent(70) {
        let action = dice.pick(&["accept", "refund", "keep"]).unwrap();
        request = json!({"action": action});
    }
    let request: ResolveRequest = body(request);
    MovementCommand::Resolve(id, request.parse().unwrap()).into()
}

/// One of a merchant's rows, most often a new one.
fn some<Id: Ord + Copy + From<Uuid>, V>(
    rows: &Rows<Id, V>,
    owner: MerchantId,
    dice: &mut Dice,
    uuid: impl Fn(Id) -> Uuid,
) -> Option<Id> {
    let most = if dice.percent(70) { 6 } else { 200 };
    let ids = of_merchant(rows, owner).rev().map(|(key, _)| key.1);
    dice.prefer(ids.take(most), |id| random_part(uuid(*id)))
}

/// An intent for which something makes sense.
fn fitting(
    desk: &Desk<'_>,
    owner: MerchantId,
    dice: &mut Dice,
    fits: impl Fn(&Intent) -> bool,
) -> Option<IntentId> {
    let own = of_merchant(&desk.store.intents, owner).rev();
    let ids = own.filter(|(_, intent)| fits(intent)).map(|(key, _)| key.1);
    dice.prefer(ids.take(8), |id| random_part(id.0))
        .filter(|_| dice.percent(80))
}

fn is_refundable(intent: &Intent) -> bool {
    intent.state == State::Succeeded && intent.refundable().unwrap().minor() > 0
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

fn create_intent(desk: &Desk<'_>, dice: &mut Dice) -> Command {
    let currency = currency(dice);
    let request: IntentRequest = body(json!({
        "amount": money(dice, 1000, currency),
        "currency": currency.code(),
        "capture_method": if dice.percent(40) { "manual" } else { "automatic" },
        "reference": desk.reference,
        "expires_in": if dice.percent(50) { 60 } else { 86_400 },
        "thread": {"channel": "slack", "conversation": format!("C{}", dice.below(3))},
    }));
    PaymentCommand::Create(Box::new(request.parse().unwrap())).into()
}

/// Books an entry of two or four lines by hand.
fn post(dice: &mut Dice) -> Command {
    let mut lines = Vec::new();
    for _ in 0..=dice.below(2) {
        let currency = currency(dice);
        let amount = money(dice, 1000, currency);
        let side = |account: &str, direction: &str| {
            json!({"account": account, "direction": direction,
                "amount": amount, "currency": currency.code()})
        };
        let accounts = ["rail:sandbox:clearing", "suspense", "fees:rail"];
        lines.push(side(dice.pick(&accounts).unwrap(), "debit"));
        lines.push(side("merchant:pending", "credit"));
    }
    let request: EntryRequest = body(json!({"postings": lines}));
    PostingCommand::Post(request.parse(time::macros::date!(2026 - 11 - 29)).unwrap()).into()
}

fn create_link(desk: &Desk<'_>, dice: &mut Dice) -> Command {
    let currency = currency(dice);
    let mut request = json!({"currency": currency.code(), "reference": desk.reference});
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
    LinkCommand::Create(Box::new(request.parse().unwrap())).into()
}

fn endpoint_command(desk: &Desk<'_>, owner: MerchantId, dice: &mut Dice) -> Command {
    let own = of_merchant(&desk.store.endpoints, owner).map(|(key, _)| key.1);
    let (watchers, others): (Vec<_>, Vec<_>) = own.partition(|id| desk.store.watchers.contains(id));
    let old = dice.prefer(others, |id| random_part(id.0));
    let watcher = watchers.first();
    match (old, watcher) {
        // Those that see everything are sent some of it again, and never changed.
        (_, Some(watcher)) if dice.percent(15) => replay(*watcher, dice),
        (Some(id), _) if dice.percent(75) => change_endpoint(id, desk, dice),
        _ => create_endpoint(dice),
    }
}

fn create_endpoint(dice: &mut Dice) -> Command {
    let types = dice.pick(&["refund.*", "payment_intent.*", "payment_link.*", "*"]);
    let ordering = if dice.percent(70) { "intent" } else { "none" };
    let new = endpoint(types.unwrap(), ordering, dice.roll());
    let id = Uuid::from_u64_pair(dice.roll(), dice.roll());
    EndpointCommand::Create(id.into(), Box::new(new), no_secret()).into()
}

fn change_endpoint(id: EndpointId, desk: &Desk<'_>, dice: &mut Dice) -> Command {
    match dice.below(100) {
        0..20 => EndpointCommand::Delete(id).into(),
        20..30 => EndpointCommand::Ping(id).into(),
        30..40 => EndpointCommand::Disable(id, Disabling::Gone(desk.now)).into(),
        40..65 => {
            let changes: EndpointChanges = match dice.below(3) {
                0 => body(json!({"enabled": false})),
                1 => body(json!({"ordering": "none"})),
                _ => body(json!({"enabled": true, "ordering": "intent"})),
            };
            let patch = changes.check(&Policy::private()).unwrap();
            EndpointCommand::Update(id, Box::new(patch)).into()
        }
        65..80 => EndpointCommand::RotateSecret(id, Duration::seconds(60), no_secret()).into(),
        80..90 => retry(id, desk, dice).unwrap_or(EndpointCommand::Ping(id).into()),
        _ => replay(id, dice),
    }
}

fn replay(id: EndpointId, dice: &mut Dice) -> Command {
    EndpointCommand::Replay(id, i64::try_from(dice.below(5)).unwrap(), None).into()
}

/// Sends one delivery again that an endpoint has, or is owed.
fn retry(id: EndpointId, desk: &Desk<'_>, dice: &mut Dice) -> Option<Command> {
    let rows = desk.outbox.of(id);
    let row = dice.prefer(rows, |row| row.sequence.unsigned_abs())?;
    let event = &desk.store.events[&(row.merchant, row.sequence)];
    Some(
        EndpointCommand::Retry(Box::new(Delivery {
            id: row.id,
            endpoint: id,
            event: event.id,
            event_type: event.event_type.to_string(),
            event_sequence: row.sequence,
            status: row.status.into(),
            due_at: row.due_at,
            created_at: row.created_at,
            attempts_count: row.attempts,
            attempts: Vec::new(),
        }))
        .into(),
    )
}

/// A secret that nothing is signed with.
pub fn no_secret() -> NewSecret {
    NewSecret {
        sealed: vec![0; 60],
        public_key: None,
    }
}

/// An endpoint for events of this kind, with an address of its own.
pub fn endpoint(types: &str, ordering: &str, place: u64) -> NewEndpoint {
    let url = format!("http://127.0.0.1:9/{place}");
    let request = json!({"url": url, "event_types": [types], "ordering": ordering});
    let request: EndpointRequest = body(request);
    request.check(&Policy::private()).unwrap()
}

/// Enables an endpoint again.
pub fn enable(id: EndpointId) -> Command {
    let changes: EndpointChanges = body(json!({"enabled": true}));
    EndpointCommand::Update(id, Box::new(changes.check(&Policy::private()).unwrap())).into()
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
    let method = PaymentMethod::parse(Rail::Sandbox, method(dice)).unwrap();
    PaymentCommand::Confirm(intent, method.into()).into()
}

/// A payer takes another way than the one that was begun, if any was.
fn give_up(desk: &Desk<'_>, owner: MerchantId, id: IntentId) -> Command {
    let open = if let State::RequiresAction(open) = desk.store.intents[&(owner, id)].state {
        open
    } else {
        AttemptId(id.0)
    };
    PaymentCommand::GiveUp(id, open).into()
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
    LinkCommand::Pay(
        id,
        LinkPayment {
            choice: method.into(),
            amount,
            tip,
        },
    )
    .into()
}

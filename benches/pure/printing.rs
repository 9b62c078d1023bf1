//! What is stored, answered and shown.

use super::{
    case,
    stall::{Stall, create, post},
    time_all,
};
use criterion::Criterion;
use serde_json::value::to_raw_value;
use std::rc::Rc;
use threadpay::{
    base::{event_type::EventType, language::Locale, money::Money},
    domain::{
        callbacks::NewEvent,
        intents::{Intent, LineItem, LineItemKind, PaymentIntent},
        ledger::{JournalEntry, JournalEntryView},
        links::Price,
        rails::Rail,
    },
    views::pages::{Order, PayForm, PayPage, PayState, Receipt, pay_page, receipt_page},
};

pub fn all(criterion: &mut Criterion) {
    let stall = Rc::new(Stall::open());
    let mut world = stall.world();
    let batch = [create(), post()].map(|command| stall.submission(0, command));
    stall.decide(&mut world, &batch[..1]);
    let keyless = threadpay::writer::Submission {
        claim: None,
        ..batch[1].clone()
    };
    stall.decide(&mut world, &[keyless]);
    let intent = world.intents.values().next().unwrap().clone();
    let entry = world.entries[0].clone();
    stored(criterion, &stall, (&intent, &entry));
    pages(criterion, &intent);
}

/// The JSON of things, and of an event about one.
fn stored(criterion: &mut Criterion, stall: &Rc<Stall>, (intent, entry): (&Intent, &JournalEntry)) {
    let (now, urls) = (stall.now, stall.urls.clone());
    let url = urls.stored_url(&intent.id.to_string());
    let data = to_raw_value(&PaymentIntent::new(
        intent,
        threadpay::base::mode::Mode::Test,
        url,
        now,
    ))
    .unwrap();
    let event = NewEvent {
        mode: threadpay::base::mode::Mode::Test,
        actor: threadpay::base::actor::Actor::Payer,
        id: stall.ambient.id(),
        event_type: EventType::IntentCreated,
        timestamp: now,
        sequence: 1,
        intent_id: Some(intent.id.0),
        intent_sequence: Some(1),
        thread: to_raw_value(&intent.terms.details.thread).ok(),
        data,
        journal_entries: vec![entry.id.to_string()],
        conversation: None,
    };
    let (intent, entry, body) = (intent.clone(), entry.clone(), event.render());
    let reveal = urls.clone();
    let cases = vec![
        case("intent", move || {
            let url = urls.stored_url(&intent.id.to_string());
            serde_json::to_vec(&PaymentIntent::new(
                &intent,
                threadpay::base::mode::Mode::Test,
                url,
                now,
            ))
            .unwrap()
        }),
        case("journal_entry", move || {
            serde_json::to_vec(&JournalEntryView::from(entry.clone())).unwrap()
        }),
        case("event", move || event.render()),
        case("reveal", move || reveal.reveal(&body)),
    ];
    time_all(criterion, "render", cases);
}

fn pages(criterion: &mut Criterion, intent: &Intent) {
    let item = |label: &str, quantity, unit_amount: Money| LineItem {
        kind: LineItemKind::Item,
        label: label.to_owned(),
        quantity,
        unit_amount,
    };
    let amount = intent.terms.amount;
    let items = vec![
        item("Flat white", 2, Money::new(425, amount.currency())),
        item("Cinnamon bun", 1, Money::new(400, amount.currency())),
    ];
    let (locale, token) = (Locale::negotiate("de"), "00abcdefghijklmnopqrstuv");
    let form = PayForm {
        csrf: "csrf-token".to_owned(),
        ..PayForm::default()
    };
    let page = PayPage {
        reader: locale.into(),
        token: token.to_owned(),
        order: Order {
            merchant: "Café Nord".to_owned(),
            description: intent.terms.details.description.clone(),
            reference: intent.terms.details.reference.clone(),
            items: items.clone(),
            price: Price::Fixed(amount),
            tips: Vec::new(),
            expires_at: Some(intent.created_at),
            is_held: false,
            test_mode: true,
            rails: vec![Rail::Sandbox],
        },
        state: PayState::Payable(form),
        now: intent.created_at,
    };
    let receipt = Receipt {
        reader: locale.into(),
        token: token.to_owned(),
        intent: intent.id,
        merchant: "Café Nord".to_owned(),
        description: intent.terms.details.description.clone(),
        reference: intent.terms.details.reference.clone(),
        items,
        amount,
        tip: None,
        refunded: Money::zero(amount.currency()),
        authorized_only: false,
        paid_at: intent.created_at,
        test_mode: true,
    };
    let cases = vec![
        case("pay_page", move || pay_page(&page).unwrap()),
        case("receipt_page", move || receipt_page(&receipt).unwrap()),
    ];
    time_all(criterion, "render", cases);
}

//! A merchant with a small journal, for the tests that read the books.

use serde_json::{Value, json};
use std::collections::HashMap;
use threadpay::base::db::Pool;
use threadpay::{
    base::{
        ambient::Ambient,
        ids::{AttemptId, EntryId, EventId, IntentId, LinkId, MerchantId, RefundId},
        money::Money,
        timestamp,
    },
    domain::ledger::{
        Account, Books, Direction, Draft, EntryHash, EntryKind, JournalEntry, Origin, ThreadPlace,
        store as ledger,
    },
};
use time::{Duration, OffsetDateTime, macros::datetime};
use uuid::Uuid;

/// When the first entry was booked.
pub const START: OffsetDateTime = datetime!(2026-01-31 23:00:00.123_456 UTC);

/// A merchant with five entries, an hour apart: captures of 12.50 EUR (by a link, from a Slack
/// thread), 500 JPY (from a Telegram group) and 1.250 KWD, a refund of 2.50 EUR, and a capture of
/// 0.50 EUR whose id was made by a wrong clock.
pub struct Shop {
    /// The merchant.
    pub merchant: MerchantId,
    /// The intents of the captures, in that order.
    pub intents: Vec<IntentId>,
    /// The refund of the first.
    pub refund: RefundId,
    /// The link of the first.
    pub link: LinkId,
    /// What was booked.
    pub entries: Vec<JournalEntry>,
}

/// An id that was made at this time.
pub fn id_of<Id: From<Uuid>>(at: OffsetDateTime) -> Id {
    let millis = u64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap();
    let random = Ambient::system().bytes();
    Id::from(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
}

/// A capture or refund of the amount, as payments book it.
pub fn draft(kind: EntryKind, source: String, intent: IntentId, amount: Money) -> Draft {
    let (clearing, pending) = (
        Account::rail_clearing("sandbox", None),
        Account::merchant_pending(),
    );
    let (debit, credit) = match kind {
        EntryKind::Capture | EntryKind::Movement | EntryKind::Reversal | EntryKind::Adjustment => {
            (clearing, pending)
        }
        EntryKind::Refund => (pending, clearing),
    };
    let lines = vec![
        (debit, Direction::Debit, amount),
        (credit, Direction::Credit, amount),
    ];
    Draft::new(kind, source, lines)
        .unwrap()
        .with_origin(Origin {
            payment_intent: Some(intent),
            ..Origin::default()
        })
}

/// Empty books of a new merchant.
pub async fn open_books(pool: &Pool) -> Books {
    let merchant: MerchantId = Ambient::system().id();
    sqlx::query("INSERT INTO merchants (merchant_id, name, created_at) VALUES ($1, 'Shop', $2)")
        .bind(merchant.0)
        .bind(START)
        .execute(pool)
        .await
        .unwrap();
    sqlx::query("INSERT INTO books (merchant_id, entry_hash, booked_at) VALUES ($1, decode(repeat('00', 32), 'hex'), $2)")
        .bind(merchant.0).bind(OffsetDateTime::UNIX_EPOCH).execute(pool).await.unwrap();
    Books {
        merchant,
        entry_sequence: 0,
        entry_hash: EntryHash::default(),
        mode: threadpay::base::mode::Mode::Test,
        event_sequence: 0,
        booked_at: OffsetDateTime::UNIX_EPOCH,
        balances: HashMap::new(),
    }
}

/// Stores what was booked, as the writer does.
pub async fn save(pool: &Pool, books: &Books, entries: &[JournalEntry]) {
    let mut db = pool.acquire().await.unwrap();
    let accounts = [
        Account::rail_clearing("sandbox", None),
        Account::merchant_pending(),
    ]
    .map(|a| (books.merchant, a));
    ledger::open_accounts(&mut db, &accounts, START)
        .await
        .unwrap();
    let balances: Vec<_> = books
        .balances
        .iter()
        .map(|(k, b)| (books.merchant, k.clone(), *b))
        .collect();
    ledger::record(&mut db, entries, &balances).await.unwrap();
    let heads = "UPDATE books SET entry_sequence = $2, entry_hash = $3, event_sequence = $4, booked_at = $5 WHERE merchant_id = $1";
    sqlx::query(heads)
        .bind(books.merchant.0)
        .bind(books.entry_sequence)
        .bind(&books.entry_hash.0[..])
        .bind(books.event_sequence)
        .bind(books.booked_at)
        .execute(&mut *db)
        .await
        .unwrap();
}

/// A payment that succeeded.
struct Payment {
    id: IntentId,
    attempt: AttemptId,
    amount: Money,
    link: Option<LinkId>,
    thread: Value,
    reference: Option<&'static str>,
}

impl Payment {
    /// What an entry keeps of it, given the attempt that moved the money.
    fn origin(&self, attempt: AttemptId) -> Origin {
        let thread: Option<ThreadPlace> = serde_json::from_value(self.thread.clone()).unwrap();
        Origin {
            cause: Some(attempt.to_string()),
            payment_intent: Some(self.id),
            payment_link: self.link,
            reference: self.reference.map(str::to_owned),
            thread,
            rail: Some("sandbox".to_owned()),
            payment_method: Some("pm_sandbox_ok".to_owned()),
            ..Origin::default()
        }
    }
}

async fn insert_payment(pool: &Pool, merchant: MerchantId, payment: &Payment) {
    sqlx::query(
        "INSERT INTO payment_intents (merchant_id, id, status, currency, amount, amount_authorized, amount_captured, capture_method,
            reference, thread, line_items, metadata, rail, payment_link_id, charge_attempt_id, event_sequence, expires_at, created_at, updated_at)
        VALUES ($1, $2, 'succeeded', $3, $4, $4, $4, 'automatic', $5, nullif($6, 'null')::jsonb, '[]', '{}', 'sandbox', $7, $9, 2, $8, $8, $8)",
    )
    .bind(merchant.0)
    .bind(payment.id.0)
    .bind(payment.amount.currency().code())
    .bind(payment.amount.minor())
    .bind(payment.reference)
    .bind(payment.thread.to_string())
    .bind(payment.link.map(|link| link.0))
    .bind(START)
    .bind(payment.attempt.0)
    .execute(pool)
    .await
    .unwrap();
    let attempt = (payment.attempt, payment.id, None);
    insert_attempt(pool, merchant, attempt, payment.amount).await;
}

/// An attempt that succeeded: a charge of the intent, or one that gives the refund back.
async fn insert_attempt(
    pool: &Pool,
    merchant: MerchantId,
    (attempt, intent, refund): (AttemptId, IntentId, Option<RefundId>),
    amount: Money,
) {
    sqlx::query(
        "INSERT INTO attempts (merchant_id, id, intent_id, refund_id, kind, status, rail, amount, currency, created_at, updated_at)
        VALUES ($1, $2, $3, $4, CASE WHEN $4 IS NULL THEN 'charge' ELSE 'refund' END, 'succeeded', 'sandbox', $5, $6, $7, $7)",
    )
    .bind(merchant.0)
    .bind(attempt.0)
    .bind(intent.0)
    .bind(refund.map(|id| id.0))
    .bind(amount.minor())
    .bind(amount.currency().code())
    .bind(START)
    .execute(pool)
    .await
    .unwrap();
}

async fn insert_link(pool: &Pool, merchant: MerchantId, link: LinkId) {
    sqlx::query(
        "INSERT INTO payment_links (merchant_id, id, status, currency, price, tip_options, usage, payments_count, payments_open,
            metadata, rail, created_at, updated_at)
        VALUES ($1, $2, 'completed', 'EUR', '{\"fixed\": 1250}', '[]', 'single', 1, 0, '{}', 'sandbox', $3, $3)",
    )
    .bind(merchant.0)
    .bind(link.0)
    .bind(START)
    .execute(pool)
    .await
    .unwrap();
}

/// 2.50 EUR back of the intent.
async fn insert_refund(pool: &Pool, merchant: MerchantId, refund: RefundId, intent: IntentId) {
    sqlx::query(
        "WITH refund AS (
            INSERT INTO refunds (merchant_id, id, payment_intent_id, status, amount, currency, created_at, updated_at)
            VALUES ($1, $2, $3, 'succeeded', 250, 'EUR', $4, $4)
        ) UPDATE payment_intents SET amount_refunded = 250, event_sequence = 4 WHERE merchant_id = $1 AND id = $3",
    )
    .bind(merchant.0)
    .bind(refund.0)
    .bind(intent.0)
    .bind(START)
    .execute(pool)
    .await
    .unwrap();
}

/// An event: its type, the intent and its place there, what it is about, and the entry booked with it.
type Told = (&'static str, IntentId, i32, Value, Option<EntryId>);

async fn insert_event(pool: &Pool, merchant: MerchantId, sequence: i64, event: Told) {
    let (kind, intent, place, data, entry) = event;
    let id: EventId = Ambient::system().id();
    let payload = json!({"id": id, "object": "event", "type": kind, "sequence": sequence,
        "timestamp": timestamp::format(START),
        "intent_sequence": place, "data": data, "journal_entries": Vec::from_iter(entry)});
    sqlx::query(
        "INSERT INTO events (merchant_id, sequence, id, type, intent_id, intent_sequence, payload, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(merchant.0)
    .bind(sequence)
    .bind(id.0)
    .bind(kind)
    .bind(intent.0)
    .bind(place)
    .bind(payload.to_string().into_bytes())
    .bind(START)
    .execute(pool)
    .await
    .unwrap();
}

/// What is told of the payments and the refund, in the order in which they were booked.
fn told(payments: &[Payment], refund: RefundId, entries: &[JournalEntry]) -> Vec<Told> {
    let intent = |payment: &Payment| {
        let (amount, currency) = (payment.amount.to_string(), payment.amount.currency().code());
        json!({"id": payment.id, "amount": amount, "amount_captured": amount, "currency": currency})
    };
    let refunded = json!({"id": refund, "amount": "2.50", "currency": "EUR"});
    let created = |payment: &Payment| {
        let data = intent(payment);
        ("payment_intent.created", payment.id, 1, data, None)
    };
    let paid = |number: usize, entry: usize| {
        let payment = &payments[number];
        let entry = Some(entries[entry].id);
        (
            "payment_intent.succeeded",
            payment.id,
            2,
            intent(payment),
            entry,
        )
    };
    let first = payments[0].id;
    let mut told: Vec<Told> = payments.iter().map(created).collect();
    told.extend([
        paid(0, 0),
        paid(1, 1),
        paid(2, 2),
        ("refund.created", first, 3, refunded.clone(), None),
        ("refund.succeeded", first, 4, refunded, Some(entries[3].id)),
        paid(3, 4),
    ]);
    told
}

fn payments(link: LinkId) -> Vec<Payment> {
    let slack = json!({"channel": "slack", "tenant": "T1", "conversation": "C2",
        "thread": "1700000000.000100", "message": null, "user": "U3"});
    let telegram = json!({"channel": "telegram", "tenant": null, "conversation": "-1001234567890",
        "thread": "77", "message": "5", "user": null});
    let odd_text = "two\r\nlines, \"quoted\" — ö";
    let payment = |minor, code: &str, link, thread, reference| {
        let (id, attempt) = (Ambient::system().id(), Ambient::system().id());
        let amount = Money::new(minor, code.parse().unwrap());
        Payment {
            id,
            attempt,
            amount,
            link,
            thread,
            reference,
        }
    };
    vec![
        payment(1250, "EUR", Some(link), slack, Some("=SUM(A1)")),
        payment(500, "JPY", None, telegram.clone(), Some(odd_text)),
        payment(1250, "KWD", None, Value::Null, Some("+order")),
        payment(50, "EUR", None, telegram, None),
    ]
}

/// Seeds a shop.
pub async fn seed(pool: &Pool) -> Shop {
    let mut books = open_books(pool).await;
    let merchant = books.merchant;
    let (link, refund) = (Ambient::system().id(), Ambient::system().id());
    let payments = payments(link);
    insert_link(pool, merchant, link).await;
    for payment in &payments {
        insert_payment(pool, merchant, payment).await;
    }
    let capture = |n: usize| {
        let payment: &Payment = &payments[n];
        let source = payment.id.to_string();
        draft(EntryKind::Capture, source, payment.id, payment.amount)
            .with_origin(payment.origin(payment.attempt))
    };
    let first = payments[0].id;
    insert_refund(pool, merchant, refund, first).await;
    let back = Money::new(250, payments[0].amount.currency());
    let giving_back: AttemptId = Ambient::system().id();
    insert_attempt(pool, merchant, (giving_back, first, Some(refund)), back).await;
    let refunded = draft(EntryKind::Refund, refund.to_string(), first, back)
        .with_origin(payments[0].origin(giving_back));
    let drafts = [capture(0), capture(1), capture(2), refunded, capture(3)];
    let mut entries = Vec::new();
    for (hour, draft) in (0..).zip(drafts) {
        let now = START + Duration::hours(hour);
        let made = if hour == 4 {
            now - Duration::days(3)
        } else {
            now
        };
        entries.push(books.book(draft, id_of(made), now));
    }
    for event in told(&payments, refund, &entries) {
        books.event_sequence += 1;
        insert_event(pool, merchant, books.event_sequence, event).await;
    }
    save(pool, &books, &entries).await;
    let intents = payments.iter().map(|payment| payment.id).collect();
    Shop {
        merchant,
        intents,
        refund,
        link,
        entries,
    }
}

//! A merchant with a small journal, for the tests that read the books.

use sqlx::PgPool;
use std::collections::HashMap;
use threadpay::{
    base::{
        ambient::Ambient,
        ids::{IntentId, LinkId, MerchantId, RefundId},
        money::Money,
    },
    domain::ledger::{
        Account, Books, Direction, Draft, EntryHash, EntryKind, JournalEntry, store as ledger,
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
        Account::rail_clearing("sandbox"),
        Account::merchant_pending(),
    );
    let (debit, credit) = match kind {
        EntryKind::Capture | EntryKind::Adjustment => (clearing, pending),
        EntryKind::Refund => (pending, clearing),
    };
    let lines = vec![
        (debit, Direction::Debit, amount),
        (credit, Direction::Credit, amount),
    ];
    Draft::new(kind, source, lines)
        .unwrap()
        .for_payment_intent(intent.0)
}

/// Empty books of a new merchant.
pub async fn open_books(pool: &PgPool) -> Books {
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
pub async fn save(pool: &PgPool, books: &Books, entries: &[JournalEntry]) {
    let mut db = pool.acquire().await.unwrap();
    let accounts = [
        Account::rail_clearing("sandbox"),
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
    amount: Money,
    link: Option<LinkId>,
    thread: &'static str,
    reference: &'static str,
}

async fn insert_payment(pool: &PgPool, merchant: MerchantId, payment: &Payment) {
    sqlx::query(
        "INSERT INTO payment_intents (merchant_id, id, status, currency, amount, amount_authorized, amount_captured, capture_method,
            reference, thread, line_items, metadata, rail, payment_link_id, event_sequence, expires_at, created_at, updated_at)
        VALUES ($1, $2, 'succeeded', $3, $4, $4, $4, 'automatic', $5, $6::jsonb, '[]', '{}', 'sandbox', $7, 1, $8, $8, $8)",
    )
    .bind(merchant.0)
    .bind(payment.id.0)
    .bind(payment.amount.currency().code())
    .bind(payment.amount.minor())
    .bind(payment.reference)
    .bind(payment.thread)
    .bind(payment.link.map(|link| link.0))
    .bind(START)
    .execute(pool)
    .await
    .unwrap();
}

async fn insert_link(pool: &PgPool, merchant: MerchantId, link: LinkId) {
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
async fn insert_refund(pool: &PgPool, merchant: MerchantId, refund: RefundId, intent: IntentId) {
    sqlx::query(
        "WITH refund AS (
            INSERT INTO refunds (merchant_id, id, payment_intent_id, status, amount, currency, created_at, updated_at)
            VALUES ($1, $2, $3, 'succeeded', 250, 'EUR', $4, $4)
        ) UPDATE payment_intents SET amount_refunded = 250 WHERE merchant_id = $1 AND id = $3",
    )
    .bind(merchant.0)
    .bind(refund.0)
    .bind(intent.0)
    .bind(START)
    .execute(pool)
    .await
    .unwrap();
}

async fn insert_events(pool: &PgPool, merchant: MerchantId, intent: IntentId, count: i64) {
    sqlx::query(
        "INSERT INTO events (merchant_id, sequence, id, type, intent_id, payload, created_at)
        SELECT $1, s, gen_random_uuid(), 'payment_intent.succeeded', $2, '{}', $3 FROM generate_series(1, $4) s",
    )
    .bind(merchant.0)
    .bind(intent.0)
    .bind(START)
    .bind(count)
    .execute(pool)
    .await
    .unwrap();
}

fn payments(link: LinkId) -> Vec<Payment> {
    let slack = r#"{"channel":"slack","tenant":"T1","conversation":"C2","thread":"1700000000.000100","message":null,"user":"U3"}"#;
    let telegram = r#"{"channel":"telegram","tenant":null,"conversation":"-1001234567890","thread":"77","message":"5","user":null}"#;
    let odd_text = "two\r\nlines, \"quoted\" — ö";
    let payment = |minor, code: &str, link, thread, reference| {
        let id = Ambient::system().id();
        let amount = Money::new(minor, code.parse().unwrap());
        Payment {
            id,
            amount,
            link,
            thread,
            reference,
        }
    };
    vec![
        payment(1250, "EUR", Some(link), slack, "=SUM(A1)"),
        payment(500, "JPY", None, telegram, odd_text),
        payment(1250, "KWD", None, "null", "+order"),
        payment(50, "EUR", None, telegram, ""),
    ]
}

/// Seeds a shop.
pub async fn seed(pool: &PgPool) -> Shop {
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
    };
    let first = payments[0].id;
    insert_refund(pool, merchant, refund, first).await;
    insert_events(pool, merchant, first, 3).await;
    let back = Money::new(250, payments[0].amount.currency());
    let refunded = draft(EntryKind::Refund, refund.to_string(), first, back);
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
    books.event_sequence = 3;
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

//! A plan that Postgres made on a few rows stays when there are many, until it next looks at the
//! table. What a statement reads must not grow with what there is.

use super::harness::{Sink, run, run_on_database, run_test};
use serde_json::Value;
use sqlx::{AssertSqlSafe, ConnectOptions, PgConnection, Row, raw_sql};
use std::{fs, path::Path};
use threadpay::base::db::Pool;
use threadpay::base::db::{Db, Use};

const MERCHANT: &str = "00000000-0000-0000-0000-00000000000a";
const ENDPOINT: &str = "00000000-0000-0000-0000-00000000000b";

/// The text of a statement of ours, by its name.
fn statement(name: &str) -> String {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join(".sqlx");
    let head = format!("-- {name}\n");
    let mut texts = fs::read_dir(kept).unwrap().map(|file| {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        let kept: Value = serde_json::from_str(&text).unwrap();
        kept["query"].as_str().unwrap().to_owned()
    });
    texts.find(|text| text.starts_with(&head)).unwrap()
}

/// A connection that has planned a statement.
pub struct Planned(PgConnection);

impl Planned {
    pub async fn new(pool: &Pool, purpose: Use, name: &str) -> Self {
        let url = pool.connect_options().to_url_lossy();
        let db = Db::from_url(url.as_str()).unwrap();
        let mut db = db.connect(purpose).await.unwrap();
        run(&mut db, &format!("PREPARE planned AS {}", statement(name))).await;
        Self(db)
    }

    /// Runs it, and counts the blocks that it looked at.
    pub async fn blocks(&mut self, arguments: &str) -> i64 {
        let explain =
            format!("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE planned ({arguments})");
        let row = raw_sql(AssertSqlSafe(explain)).fetch_one(&mut self.0);
        let explained: Value = row.await.unwrap().get(0);
        let plan = &explained[0]["Plan"];
        plan["Shared Hit Blocks"].as_i64().unwrap() + plan["Shared Read Blocks"].as_i64().unwrap()
    }
}

/// Deliveries of as many intents, from this number on.
fn deliveries(status: &str, first: u32, count: u32) -> String {
    format!(
        "INSERT INTO deliveries (merchant_id, id, endpoint_id, event_sequence, intent_id, status, due_at, created_at, updated_at)
        SELECT '{MERCHANT}', gen_random_uuid(), '{ENDPOINT}', n, gen_random_uuid(), '{status}', now(), now(), now()
        FROM generate_series({first}, {first} + {count} - 1) n"
    )
}

#[test]
fn a_claim_does_not_look_at_what_was_delivered() {
    run_on_database(async |pool| {
        let mut db = pool.acquire().await.unwrap();
        for sql in [
            format!(
                "INSERT INTO callback_endpoints (merchant_id, id, url, event_types, status, created_at, updated_at)
                VALUES ('{MERCHANT}', '{ENDPOINT}', 'https://bot.example', '{{*}}', 'enabled', now(), now())"
            ),
            "ALTER TABLE deliveries SET (autovacuum_enabled = off)".into(),
            deliveries("delivered", 1, 9),
            deliveries("pending", 10, 1),
            "VACUUM deliveries".into(),
            format!("INSERT INTO waiting_endpoints (merchant_id, endpoint_id, at) VALUES ('{MERCHANT}', '{ENDPOINT}', now())"),
        ] {
            run(&mut db, &sql).await;
        }
        let mut claim = Planned::new(pool, Use::Dispatcher, "outbox.claim").await;
        let arguments = "gen_random_uuid(), now(), now() + interval '1 minute', 100, 16, 24, 7, 0, 512, '{}', '{}'";
        claim.blocks(arguments).await;
        run(&mut db, &deliveries("delivered", 11, 5_000)).await;
        run(&mut db, &deliveries("pending", 5_011, 20)).await;
        let blocks = claim.blocks(arguments).await;
        assert!(blocks < 1_000, "it looked at {blocks} blocks");
    });
}

/// However many endpoints are paused or disabled, with something due for each of them.
#[test]
fn a_claim_does_not_look_at_endpoints_that_are_sent_nothing() {
    run_test(async |app| {
        let (bot, sink) = (&app.merchant.bot, Sink::start(&[]));
        bot.create_endpoint(&sink.url, &["*"]).await;
        let arguments = "gen_random_uuid(), now() - interval '1 year', now(), 100, 16, 24, 7, 0, 512, '{}', '{}'";
        let mut claim = Planned::new(&app.pool, Use::Dispatcher, "outbox.claim").await;
        claim.blocks(arguments).await;
        let none = claim.blocks(arguments).await;
        let mut db = app.pool.acquire().await.unwrap();
        let merchant = "md5((n / 16)::text)::uuid";
        let endpoint = "('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid";
        for sql in [
            format!(
                "INSERT INTO callback_endpoints (merchant_id, id, url, event_types, status, created_at, updated_at)
                SELECT {merchant}, {endpoint}, 'http://127.0.0.1:9/', '{{*}}',
                    CASE n % 2 WHEN 0 THEN 'enabled' ELSE 'disabled' END, now(), now() - interval '1 day'
                FROM generate_series(1, 2000) n"
            ),
            format!(
                "INSERT INTO endpoint_health (merchant_id, endpoint_id, in_flight_limit, failures, failing_since, paused_until, pauses, updated_at)
                SELECT {merchant}, {endpoint}, 1, 9, now(), now() + interval '1 day', 9, now() FROM generate_series(1, 2000) n"
            ),
            format!(
                "INSERT INTO deliveries (merchant_id, id, endpoint_id, event_sequence, status, due_at, created_at, updated_at)
                SELECT {merchant}, gen_random_uuid(), {endpoint}, 1, 'pending', now() - interval '1 hour', now(), now()
                FROM generate_series(1, 2000) n"
            ),
            // What was woken for them lately.
            format!("INSERT INTO waiting_endpoints (merchant_id, endpoint_id, at) SELECT {merchant}, {endpoint}, now() FROM generate_series(1, 2000) n"),
        ] {
            run(&mut db, &sql).await;
        }
        bot.ask_for("1.00", "EUR").await;
        app.deliver().await;
        assert_eq!(sink.sequences(), [1]);
        run(&mut db, "VACUUM waiting_endpoints").await;
        let blocks = claim
            .blocks(&arguments.replace("now() - interval '1 year'", "now()"))
            .await;
        assert!(
            blocks <= none + 20,
            "it looked at {blocks} blocks, and at {none} where there are no such endpoints"
        );
        run(&mut db, "DELETE FROM deliveries WHERE merchant_id IN (SELECT md5(n::text)::uuid FROM generate_series(0, 125) n)").await;
    });
}

#[test]
fn a_list_does_not_look_at_what_it_does_not_show() {
    run_on_database(async |pool| {
        let mut db = pool.acquire().await.unwrap();
        let intents = |merchant: &str, count: u32| {
            format!(
                "INSERT INTO payment_intents (merchant_id, id, status, currency, amount, capture_method, line_items, metadata, rail,
                    event_sequence, reference, expires_at, created_at, updated_at)
                SELECT {merchant}, gen_random_uuid(), 'requires_payment', 'EUR', 100, 'automatic', '[]', '{{}}', 'sandbox', 1, 'order-' || n, now(), now(), now()
                FROM generate_series(1, {count}) n"
            )
        };
        for sql in [
            "ALTER TABLE payment_intents SET (autovacuum_enabled = off)".into(),
            intents("md5((n % 20)::text)::uuid", 2_000),
            "VACUUM ANALYZE payment_intents".into(),
            intents(&format!("'{MERCHANT}'"), 5_000),
        ] {
            run(&mut db, &sql).await;
        }
        let mut list = Planned::new(pool, Use::Reads, "intents.list").await;
        let listed = |reference: &str| {
            format!(
                "'{MERCHANT}', NULL, NULL, 11, 20000, {reference}, {}",
                ["NULL"; 10].join(", ")
            )
        };
        let blocks = list.blocks(&listed("NULL")).await;
        assert!(blocks < 100, "it looked at {blocks} blocks");
        run(&mut db, "ANALYZE payment_intents").await;
        // After the fifth time Postgres would think of a plan for any arguments.
        for time in 1..=7 {
            let blocks = list.blocks(&listed(&format!("'order-{time}'"))).await;
            assert!(blocks < 100, "by reference it looked at {blocks} blocks");
        }
        // One reference may be that of all there is.
        run(&mut db, "UPDATE payment_intents SET reference = 'stall'").await;
        let blocks = list.blocks(&listed("'stall'")).await;
        assert!(
            blocks < 100,
            "by a common reference it looked at {blocks} blocks"
        );
    });
}

/// What has no index is looked for among so many rows, and no more.
#[test]
fn a_list_looks_at_so_many_rows() {
    run_on_database(async |pool| {
        let mut db = pool.acquire().await.unwrap();
        let head = format!("'{MERCHANT}', NULL, NULL, 21");
        let mut lists = Vec::new();
        for (name, before, status, after) in [
            ("intents.list", 7, "processing", 2),
            ("links.list", 6, "inactive", 0),
            ("refunds.list", 5, "failed", 0),
        ] {
            let list = Planned::new(pool, Use::Lists, name).await;
            let mut rest = vec!["NULL".to_owned(); before];
            rest.push(format!("'{status}'"));
            if name != "refunds.list" {
                rest.push("now()".into());
            }
            rest.extend(vec!["NULL".to_owned(); after]);
            lists.push((name, list, rest.join(", ")));
        }
        let id = "('019b0000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid";
        for sql in [
            format!(
                "INSERT INTO payment_intents (merchant_id, id, status, currency, amount, capture_method, line_items, metadata, rail,
                    event_sequence, expires_at, created_at, updated_at)
                SELECT '{MERCHANT}', {id}, 'succeeded', 'EUR', 100, 'automatic', '[]', '{{}}', 'sandbox', 1, now(), now(), now()
                FROM generate_series(1, 9000) n"
            ),
            format!(
                "INSERT INTO payment_links (merchant_id, id, status, currency, price, tip_options, usage, payments_count, payments_open,
                    metadata, rail, created_at, updated_at)
                SELECT '{MERCHANT}', {id}, 'active', 'EUR', '{{}}', '[]', 'multi', 0, 0, '{{}}', 'sandbox', now(), now()
                FROM generate_series(1, 9000) n"
            ),
            format!(
                "INSERT INTO refunds (merchant_id, id, payment_intent_id, status, amount, currency, created_at, updated_at)
                SELECT '{MERCHANT}', {id}, {id}, 'succeeded', 1, 'EUR', now(), now() FROM generate_series(1, 9000) n"
            ),
        ] {
            run(&mut db, &sql).await;
        }
        for (name, list, rest) in &mut lists {
            let mut blocks = Vec::new();
            for most in [1000, 2000] {
                blocks.push(list.blocks(&format!("{head}, {most}, {rest}")).await);
            }
            let grown = blocks[1] <= 3 * blocks[0] && blocks[1] < 1_000;
            assert!(grown, "{name} looked at {blocks:?} blocks");
        }
    });
}

#[test]
fn a_booking_looks_at_the_balances_that_it_changes_and_at_no_others() {
    run_on_database(async |pool| {
        let mut db = pool.acquire().await.unwrap();
        let mut load = Planned::new(pool, Use::Writer, "writer.load").await;
        let arguments = format!(
            "'{{{MERCHANT}}}', '{{{MERCHANT},{MERCHANT}}}', '{{rail:sandbox:clearing,merchant:pending}}', '{{EUR,EUR}}',
            '{{}}', '{{}}', '{{}}', '{{}}'"
        );
        let before = load.blocks(&arguments).await;
        let balances = format!(
            "INSERT INTO balances (merchant_id, account, currency, debits, credits)
            SELECT '{MERCHANT}'::uuid, account, 'C' || lpad(n::text, 2, '0'), 1, 1
            FROM (VALUES ('rail:sandbox:clearing'), ('merchant:pending')) a (account), generate_series(0, 99) n
            UNION ALL SELECT '{MERCHANT}'::uuid, 'bank:' || n, 'EUR', 1, 1 FROM generate_series(1, 3000) n"
        );
        run(&mut db, &balances).await;
        let blocks = load.blocks(&arguments).await - before;
        assert!(blocks < 20, "it looked at {blocks} blocks more");
    });
}

/// A merchant's events, one a second since long ago.
fn events(count: u32) -> String {
    format!(
        "INSERT INTO events (merchant_id, sequence, id, type, payload, created_at)
        SELECT '{MERCHANT}', n, md5(n::text)::uuid, 'ping', repeat('x', 500)::bytea,
            timestamptz '2026-01-01' + n * interval '1 second'
        FROM generate_series(1, {count}) n"
    )
}

/// Statements over what is kept long: for which use each is planned, and what it is asked.
fn kept_long() -> [(Use, &'static str, String); 10] {
    [
        (
            Use::Reads,
            "feed.event",
            format!("'{MERCHANT}', md5('70')::uuid"),
        ),
        (
            Use::Reads,
            "feed.event",
            format!("'{MERCHANT}', md5('no')::uuid"),
        ),
        (
            Use::Reads,
            "replays.first_at",
            format!("'{MERCHANT}', '2026-01-01 02:00:00Z'"),
        ),
        (
            Use::Lists,
            "feed.events",
            format!("'{MERCHANT}', 19000, NULL, NULL, 21, 20000"),
        ),
        (
            Use::Lists,
            "feed.events",
            format!("'{MERCHANT}', 0, 'refund.failed', NULL, 21, 500"),
        ),
        (
            Use::Dispatcher,
            "replays.events",
            format!("'{MERCHANT}', 9000, 20000, 500"),
        ),
        (
            Use::Dispatcher,
            "idempotency.forget",
            "now() - interval '25 hours', 5000".into(),
        ),
        (
            Use::Dispatcher,
            "upkeep.forget",
            "now() - interval '30 days', 1000, '019a0000-0000-7000-8000-000000000000'".into(),
        ),
        (
            Use::Lists,
            "reports.find_entry",
            format!("'{MERCHANT}', md5('no')::uuid"),
        ),
        (
            Use::Lists,
            "deliveries.list",
            format!("'{MERCHANT}', '{ENDPOINT}', 'exhausted', NULL, NULL, 21"),
        ),
    ]
}

/// What statements read once their tables are full, which they were planned on when they were empty.
#[test]
fn what_is_kept_long_is_not_read_whole() {
    run_on_database(async |pool| {
        let mut db = pool.acquire().await.unwrap();
        let keys = "INSERT INTO idempotency_keys (merchant_id, key, fingerprint, status, answer, created_at)
            SELECT md5((n % 20)::text)::uuid, n::text, decode(repeat('00', 32), 'hex'), 200, '',
                now() - n * interval '1 second' FROM generate_series(1, 20000) n";
        let deliveries = format!(
            "INSERT INTO deliveries (merchant_id, id, endpoint_id, event_sequence, status, due_at, created_at, updated_at)
            SELECT '{MERCHANT}', ('019b0000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
                '{ENDPOINT}', n, CASE WHEN n = 10 THEN 'exhausted' ELSE 'delivered' END, now(), now(), now()
            FROM generate_series(1, 20000) n"
        );
        let entries = format!(
            "INSERT INTO journal_entries (merchant_id, sequence, id, kind, source, booked_at, effective_date, previous_hash, hash)
            SELECT '{MERCHANT}', n, md5(n::text)::uuid, 'fee', '', now(), now(),
                decode(repeat('00', 32), 'hex'), decode(repeat('00', 32), 'hex')
            FROM generate_series(1, 20000) n"
        );
        let cases = kept_long();
        let mut planned = Vec::new();
        for (purpose, name, arguments) in &cases {
            let mut statement = Planned::new(pool, *purpose, name).await;
            statement.blocks(arguments).await;
            planned.push(statement);
        }
        for sql in [events(20_000), keys.into(), deliveries, entries] {
            run(&mut db, &sql).await;
        }
        for ((_, name, arguments), statement) in cases.iter().zip(&mut planned) {
            let blocks = statement.blocks(arguments).await;
            assert!(
                blocks < 150,
                "{name} ({arguments}) looked at {blocks} blocks"
            );
        }
    });
}

/// However many accounts others have.
#[test]
fn accounts_of_others_are_not_looked_at() {
    run_on_database(async |pool| {
        let cases = [
            (
                Use::Writer,
                "rail_accounts.all",
                format!("'{{{MERCHANT}}}', 100"),
            ),
            (
                Use::Reads,
                "rail_accounts.load",
                format!("'{{{MERCHANT}}}', '{{{ENDPOINT}}}'"),
            ),
            (
                Use::Lists,
                "rail_accounts.list",
                format!("'{MERCHANT}', NULL, NULL, 21, 20000"),
            ),
        ];
        let mut planned = Vec::new();
        for (purpose, name, arguments) in &cases {
            let mut statement = Planned::new(pool, *purpose, name).await;
            statement.blocks(arguments).await;
            planned.push(statement);
        }
        let mut db = pool.acquire().await.unwrap();
        let fill = "INSERT INTO rail_accounts (merchant_id, id, rail, settings, status, created_by, created_at, updated_at)
            SELECT md5(n::text)::uuid, gen_random_uuid(), 'bank_transfer', '{}', 'active', 'operator', now(), now()
            FROM generate_series(1, 20000) n";
        run(&mut db, fill).await;
        for ((_, name, arguments), statement) in cases.iter().zip(&mut planned) {
            let blocks = statement.blocks(arguments).await;
            assert!(
                blocks < 20,
                "{name} ({arguments}) looked at {blocks} blocks"
            );
        }
    });
}

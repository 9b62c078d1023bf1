//! Moving one merchant's clock reads that merchant's rows alone, however many others have.

use super::{
    harness::{run, run_on_database},
    plans::Planned,
};
use threadpay::base::db::Use;

const MERCHANT: &str = "00000000-0000-0000-0000-00000000000a";
const ENDPOINT: &str = "00000000-0000-0000-0000-00000000000b";

#[test]
fn what_waits_at_others_is_not_looked_at() {
    run_on_database(async |pool| {
        let moved = format!("'{MERCHANT}', 60");
        let ends = format!("'{MERCHANT}', '00000000-0000-0000-0000-000000000000', 60");
        let waiting = format!("'{MERCHANT}', now()");
        let cases = [
            ("clocks.due", &moved),
            ("clocks.intents_end", &ends),
            ("clocks.links_end", &ends),
            ("clocks.deliveries", &moved),
            ("clocks.health", &moved),
            ("clocks.secrets", &moved),
            ("clocks.waiting", &waiting),
        ];
        let mut planned = Vec::new();
        for (name, arguments) in cases {
            let mut statement = Planned::new(pool, Use::Writer, name).await;
            statement.blocks(arguments).await;
            planned.push(statement);
        }
        let own = format!(
            "INSERT INTO callback_endpoints (merchant_id, id, url, event_types, status, created_at, updated_at)
            VALUES ('{MERCHANT}', '{ENDPOINT}', 'http://x', '{{*}}', 'enabled', now(), now())"
        );
        let mut db = pool.acquire().await.unwrap();
        for fill in [
            own.as_str(),
            "INSERT INTO due (merchant_id, kind, subject, at)
            SELECT md5(n::text)::uuid, 'attempt', gen_random_uuid(), now()
            FROM generate_series(1, 20000) n",
            "INSERT INTO payment_links (merchant_id, id, status, currency, price, tip_options, usage,
                payments_count, payments_open, metadata, rail, expires_at, created_at, updated_at)
            SELECT md5(n::text)::uuid, gen_random_uuid(), 'active', 'EUR', '{\"fixed\": 1}', '[]',
                'multi', 0, 0, '{}', 'sandbox', now(), now(), now()
            FROM generate_series(1, 20000) n",
            "INSERT INTO payment_intents (merchant_id, id, status, currency, amount, capture_method,
                line_items, metadata, rail, event_sequence, expires_at, created_at, updated_at)
            SELECT md5(n::text)::uuid, gen_random_uuid(), 'requires_payment', 'EUR', 1, 'automatic',
                '[]', '{}', 'sandbox', 1, now(), now(), now()
            FROM generate_series(1, 20000) n",
            "INSERT INTO deliveries (merchant_id, id, endpoint_id, event_sequence, status, due_at,
                created_at, updated_at)
            SELECT md5(n::text)::uuid, gen_random_uuid(), md5(n::text)::uuid, 1, 'pending', now(),
                now(), now()
            FROM generate_series(1, 20000) n",
            "INSERT INTO endpoint_health (merchant_id, endpoint_id, in_flight_limit, failures, pauses,
                updated_at)
            SELECT md5(n::text)::uuid, gen_random_uuid(), 8, 0, 0, now()
            FROM generate_series(1, 20000) n",
            "INSERT INTO endpoint_secrets (merchant_id, endpoint_id, number, sealed, created_at)
            SELECT md5(n::text)::uuid, gen_random_uuid(), 1, '', now()
            FROM generate_series(1, 20000) n",
        ] {
            run(&mut db, fill).await;
        }
        for ((name, arguments), statement) in cases.iter().zip(&mut planned) {
            let blocks = statement.blocks(arguments).await;
            assert!(blocks < 20, "{name} looked at {blocks} blocks");
        }
    });
}

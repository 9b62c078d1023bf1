//! One time for all processes: Postgres'. What a machine's own clock shows decides nothing.

use super::harness::{TestApp, ambient, config, new_key, run_test};
use threadpay::{
    app::{App, ClockWatch, StartError},
    base::db,
    http,
};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};
use tokio_util::sync::CancellationToken;

const INTENTS: &str = "/v1/payment_intents";
const BODY: &str = r#"{"amount":"1.00","currency":"EUR"}"#;

async fn postgres(app: &TestApp) -> OffsetDateTime {
    let mut db = app.pool.acquire().await.unwrap();
    db::time(&mut db).await.unwrap()
}

#[test]
fn a_process_whose_clock_is_off_does_not_start() {
    run_test(async |app| {
        for (off, said) in [
            (Duration::DAY, "86400 s ahead of that of Postgres"),
            (-Duration::DAY, "86400 s behind that of Postgres"),
            (Duration::seconds(9), "9 s ahead of"),
        ] {
            let (clock, ambient) = ambient();
            clock.set_wrong(off);
            let started = App::start(
                config(&app.database_url, ([127, 0, 0, 1], 0).into()),
                ambient,
                http::rejection::render,
            );
            let Err(StartError::Clock(error)) = started.await else {
                panic!("it starts with a clock that is off by {off}")
            };
            // What the comparison takes is not held against the clock.
            let (number, _) = said.split_once(' ').unwrap();
            let number: i64 = number.parse().unwrap();
            let error = error.to_string();
            let less = said.replace(&number.to_string(), &(number - 1).to_string());
            assert!(error.contains(said) || error.contains(&less), "{error}");
            assert!(error.contains("NTP"), "{error}");
        }
    });
}

#[test]
fn a_process_whose_clock_goes_wrong_says_so_and_writes_what_is_true() {
    run_test(async |app| {
        let second = TestApp::on(app.database_url.clone()).await;
        for off in [Duration::DAY, -Duration::DAY] {
            second.clock.set_wrong(off);
            let bot = app.merchant.bot.at(&second.base_url);
            let before = postgres(app).await;
            let intent = bot.post_with(&new_key(), INTENTS, BODY).await.expect(201);
            let made = intent["created_at"].as_str().unwrap();
            let made = OffsetDateTime::parse(made, &Rfc3339).unwrap();
            assert!(before <= made && made <= postgres(app).await, "{made}");
            let watch = ClockWatch::default();
            watch
                .run(&second.pool, &second.ambient, CancellationToken::new())
                .await;
            let said = watch.off().unwrap().to_string();
            assert!(said.contains("of Postgres"), "{said}");
        }
        second.anyone.get("/readyz").await.expect(200);
        let watch = &second.app.clock;
        watch
            .run(&second.pool, &second.ambient, CancellationToken::new())
            .await;
        let answer = second.anyone.get("/readyz").await;
        answer.problem(503, "clock_off");
        second.end().await;
    });
}

/// A clock that is a day ahead forgets no key, and so nobody's money is given back twice; it ends
/// no payment that may still be paid.
#[test]
fn a_wrong_clock_forgets_nothing_and_ends_nothing() {
    run_test(async |app| {
        let second = TestApp::on(app.database_url.clone()).await;
        let (bot, key) = (&app.merchant.bot, new_key());
        let paid = bot.paid("2.00", "EUR").await;
        let open = bot.ask_for("1.00", "EUR").await;
        let refund = format!("{INTENTS}/{paid}/refunds");
        let first = bot.post_with(&key, &refund, r#"{"amount":"1.00"}"#).await;
        first.expect(201);
        second.clock.set_wrong(Duration::days(26));
        second.forget().await;
        second.expire().await;
        let elsewhere = bot.at(&second.base_url);
        let again = elsewhere
            .post_with(&key, &refund, r#"{"amount":"1.00"}"#)
            .await;
        assert_eq!(again.bytes, first.bytes);
        bot.confirm(&open, "pm_sandbox_ok").await.expect(200);
        second.end().await;
    });
}

//! What the reads of one merchant do to those of another.

use super::harness::{Sink, run, run_test};
use futures_util::future::join_all;
use serde_json::json;
use time::Duration;

#[test]
fn slow_lists_of_one_merchant_keep_nobody_else_from_reading() {
    run_test(async |app| {
        let other = app.another_merchant().await;
        let id = other.bot.ask_for("1.00", "EUR").await;
        // All lists of links are slow as long as this lock is held.
        let mut slow = app.pool.begin().await.unwrap();
        run(
            &mut slow,
            "LOCK TABLE payment_links IN ACCESS EXCLUSIVE MODE",
        )
        .await;
        let lists = (0..32).map(|_| app.merchant.bot.get("/v1/payment_links"));
        let lists = join_all(lists);
        let others = async {
            let stuck = "SELECT count(*) FROM pg_stat_activity
                WHERE wait_event_type = 'Lock' AND query LIKE '%links.list%'";
            super::harness::eventually("the lists to be stuck", async || {
                (app.count(stuck).await > 3).then_some(())
            })
            .await;
            for path in [
                format!("/v1/payment_intents/{id}"),
                "/v1/payment_intents?reference=none".to_owned(),
                "/v1/callback_endpoints".to_owned(),
            ] {
                other.bot.get(&path).await.expect(200);
            }
            // A caller who was not yet known.
            app.another_merchant()
                .await
                .bot
                .get("/v1/events")
                .await
                .expect(200);
        };
        let (lists, ()) = tokio::join!(lists, others);
        for list in &lists {
            list.problem(503, "overloaded");
            assert!(list.header("retry-after").is_some());
        }
        let narrow = |list: &super::harness::Answer| list.text().contains("created_from");
        assert!(lists.iter().any(narrow), "{:?}", lists[0]);
        slow.rollback().await.unwrap();
        app.merchant.bot.get("/v1/payment_links").await.expect(200);
    });
}

#[test]
fn a_narrowed_feed_of_one_merchant_keeps_nobody_else_from_reading() {
    run_test(async |app| {
        let other = app.another_merchant().await;
        let id = other.bot.ask_for("1.00", "EUR").await;
        // The feed is slow as long as this lock is held.
        let mut slow = app.pool.begin().await.unwrap();
        run(&mut slow, "LOCK TABLE events IN ACCESS EXCLUSIVE MODE").await;
        let narrowed = |number: usize| {
            let wait = ["", "&wait=1"][number % 2];
            let path = format!("/v1/events?conversation=none{wait}");
            async move { app.merchant.bot.get(&path).await }
        };
        let narrowed = join_all((0..48).map(narrowed));
        let others = async {
            reads_of_the_feed(app, 4).await;
            // What reads no feed is answered, and what reads another merchant's has begun.
            other.bot.intent(&id).await;
            let poll = tokio::spawn({
                let bot = other.bot.clone();
                async move { bot.get("/v1/events?wait=30").await }
            });
            reads_of_the_feed(app, 5).await;
            slow.rollback().await.unwrap();
            poll.await.unwrap().expect(200);
        };
        tokio::join!(narrowed, others);
    });
}

#[test]
fn many_polls_of_one_merchant_do_not_delay_those_of_others() {
    run_test(async |app| {
        let other = app.another_merchant().await;
        for bot in [&app.merchant.bot, &other.bot] {
            bot.ask_for("1.00", "EUR").await;
        }
        // All reads of the feed take long as long as this lock is held.
        let mut slow = app.pool.begin().await.unwrap();
        run(&mut slow, "LOCK TABLE events IN ACCESS EXCLUSIVE MODE").await;
        let polls = (0..32).map(|_| app.merchant.bot.get("/v1/events?wait=30"));
        let others = async {
            waiting(app, 32).await;
            reads_of_the_feed(app, 2).await;
            let poll = async { other.bot.get("/v1/events?wait=30").await.expect(200) };
            let end = async {
                waiting(app, 33).await;
                reads_of_the_feed(app, 3).await;
                slow.rollback().await.unwrap();
            };
            tokio::join!(poll, end)
        };
        tokio::join!(join_all(polls), others);
    });
}

/// Waits until so many polls have come.
async fn waiting(app: &super::harness::TestApp, count: usize) {
    let all = format!("Feeds ({count} wait)");
    super::harness::eventually("the polls", async || {
        (format!("{:?}", app.app.feeds) == all).then_some(())
    })
    .await;
}

/// Waits until so many reads of the feed, and no more, have begun and cannot go on.
async fn reads_of_the_feed(app: &super::harness::TestApp, count: i64) {
    let stuck = "SELECT count(*) FROM pg_stat_activity
        WHERE wait_event_type = 'Lock' AND query LIKE '%feed.events%' AND datname = current_database()";
    let found = super::harness::eventually("so many reads of the feed", async || {
        Some(app.count(stuck).await).filter(|found| *found >= count)
    })
    .await;
    assert_eq!(found, count);
}

#[test]
fn a_row_of_a_newer_version_hides_no_other() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let (known, newer) = (
            bot.ask_for("1.00", "EUR").await,
            bot.ask_for("2.00", "EUR").await,
        );
        let amount = serde_json::json!({"amount": "1.00", "currency": "EUR"});
        let links = [
            bot.create_link(&amount).await,
            bot.create_link(&amount).await,
        ];
        let mut db = app.pool.acquire().await.unwrap();
        run(
            &mut db,
            "UPDATE payment_intents SET rail = 'pigeon' WHERE amount = 200",
        )
        .await;
        let last = r#"UPDATE payment_links SET rails = '["pigeon"]'
            WHERE id = (SELECT id FROM payment_links ORDER BY id DESC LIMIT 1)"#;
        run(&mut db, last).await;
        let shown = async |path: &str| {
            let page = bot.get(path).await.expect(200);
            let ids = page["data"].as_array().unwrap().iter();
            ids.map(|object| object["id"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            shown("/v1/payment_intents").await,
            std::slice::from_ref(&known)
        );
        assert_eq!(
            shown("/v1/payment_links").await,
            [links[0]["id"].as_str().unwrap()]
        );
        run(&mut db, "UPDATE payment_intents SET rail = 'sandbox'").await;
        run(&mut db, "UPDATE payment_links SET rails = NULL").await;
        assert_eq!(shown("/v1/payment_intents").await, [newer, known]);
    });
}

#[test]
fn an_event_of_a_newer_version_is_replayed_like_others() {
    run_test(async |app| {
        let sink = Sink::start(&[]);
        let bot = &app.merchant.bot;
        let endpoint = bot.create_endpoint(&sink.url, &["*"]).await;
        bot.ask_for("1.00", "EUR").await;
        bot.ask_for("2.00", "EUR").await;
        app.deliver().await;
        let mut db = app.pool.acquire().await.unwrap();
        let newer = "ALTER TABLE events DISABLE TRIGGER ALL;
            UPDATE events SET type = 'pigeon.landed', payload = convert_to(replace(
                convert_from(payload, 'UTF8'), 'payment_intent.created', 'pigeon.landed'), 'UTF8')
            WHERE sequence = 1;
            ALTER TABLE events ENABLE TRIGGER ALL";
        run(&mut db, newer).await;
        let path = format!(
            "/v1/callback_endpoints/{}/replay",
            endpoint["id"].as_str().unwrap()
        );
        bot.post(&path, &json!({"after_sequence": 0}))
            .await
            .expect(202);
        app.replay().await;
        app.deliver().await;
        let mut sequences = sink.sequences();
        sequences.sort_unstable();
        assert_eq!(sequences, [1, 1, 2, 2]);
        bot.get("/v1/events").await.expect(200);
    });
}

#[test]
fn a_result_that_cannot_be_written_down_takes_no_other_with_it() {
    run_test(async |app| {
        let sink = Sink::start(&[418]);
        let bot = &app.merchant.bot;
        let endpoint = bot.create_endpoint(&sink.url, &["*"]).await;
        let endpoint = endpoint["id"].as_str().unwrap();
        let mut db = app.pool.acquire().await.unwrap();
        let refuse =
            "ALTER TABLE delivery_attempts ADD CONSTRAINT no_tea CHECK (status_code <> 418)";
        run(&mut db, refuse).await;
        bot.ask_for("1.00", "EUR").await;
        bot.ask_for("2.00", "EUR").await;
        app.deliver().await;
        assert_eq!(bot.deliveries(endpoint, "status=delivered").await.len(), 1);
        run(
            &mut db,
            "ALTER TABLE delivery_attempts DROP CONSTRAINT no_tea",
        )
        .await;
        app.clock.advance(Duration::minutes(1));
        app.deliver().await;
        assert_eq!(bot.deliveries(endpoint, "status=delivered").await.len(), 2);
    });
}

//! The short way of a new event: from the commit to the dispatcher of the same process.

use crate::{
    dispatch::id,
    harness::{Sink, eventually, run_test},
};
use serde_json::json;

/// The dispatcher of the process that commits an event gets it without a claim, once it knows the
/// endpoint.
#[test]
fn a_new_event_needs_no_claim_where_the_endpoint_is_known_and_unchanged() {
    run_test(async |app| {
        let (bot, old, new) = (&app.merchant.bot, Sink::start(&[]), Sink::start(&[]));
        let endpoint = bot.create_endpoint(&old.url, &["*"]).await;
        let worker = app.start_dispatcher();
        let intent = bot.ask_for("1.00", "EUR").await;
        let delivered = async |count: usize| {
            eventually("delivered", async || {
                let rows = bot.deliveries(id(&endpoint), "status=delivered").await;
                (rows.len() == count).then_some(())
            })
            .await;
        };
        delivered(1).await;
        // A claim passes by an endpoint that another holds.
        let mut other = app.pool.begin().await.unwrap();
        let hold = sqlx::query("SELECT id FROM callback_endpoints FOR UPDATE");
        hold.execute(&mut *other).await.unwrap();
        bot.confirm(&intent, "pm_sandbox_ok").await.expect(200);
        bot.ask_for("1.00", "EUR").await;
        eventually("three callbacks", async || {
            (old.sequences() == [1, 2, 3] || old.sequences() == [1, 3, 2]).then_some(())
        })
        .await;
        other.rollback().await.unwrap();
        delivered(3).await;
        let elsewhere = json!({"url": new.url});
        bot.change_endpoint(id(&endpoint), &elsewhere)
            .await
            .expect(200);
        bot.ask_for("1.00", "EUR").await;
        delivered(4).await;
        assert_eq!((old.sequences().len(), new.sequences()), (3, vec![4]));
        worker.stop().await;
    });
}

//! What slow endpoints may take of a dispatcher: a share, so that others' callbacks are not late.

use super::harness::{Sink, TestApp, eventually, run_test};
use threadpay::workers::Limits;

/// Has a neighbor told of something while at least `least` deliveries are under way to endpoints that
/// never answer: so many of each merchant. How many are under way in the end.
async fn beside_silent_endpoints(
    app: &TestApp,
    merchants: usize,
    endpoints: usize,
    least: i64,
) -> i64 {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let limits = Limits {
        total: 16,
        grace: std::time::Duration::ZERO,
        ..Limits::default()
    };
    let worker = app.start_dispatcher_with(limits);
    for _ in 0..merchants {
        let hostile = app.another_merchant().await;
        for number in 0..endpoints {
            let url = format!("http://{address}/{number}");
            hostile.bot.create_endpoint(&url, &["*"]).await;
        }
        for _ in 0..10 {
            hostile.bot.ask_for("1.00", "EUR").await;
        }
    }
    let busy = "SELECT count(*) FROM deliveries WHERE status = 'pending' AND lease_id IS NOT NULL";
    eventually("all that may be are under way", async || {
        (app.count(busy).await >= least).then_some(())
    })
    .await;
    let (bot, sink) = (&app.merchant.bot, Sink::start(&[]));
    bot.create_endpoint(&sink.url, &["*"]).await;
    bot.ask_for("1.00", "EUR").await;
    eventually("the neighbor's callback", async || {
        (sink.received().len() == 1).then_some(())
    })
    .await;
    let busy = app.count(busy).await;
    worker.stop().await;
    busy
}

#[test]
fn a_merchant_whose_endpoints_never_answer_holds_no_more_than_its_share() {
    run_test(async |app| {
        let busy = beside_silent_endpoints(app, 1, 3, 4).await;
        // A quarter of all places. What is handed over while a claim runs may come on top.
        assert!((4..=8).contains(&busy), "{busy}");
    });
}

#[test]
fn endpoints_with_nothing_under_way_find_a_place_however_many_never_answer() {
    run_test(async |app| {
        let busy = beside_silent_endpoints(app, 5, 1, 12).await;
        assert!(busy <= 16, "{busy}");
    });
}

//! A crowd that does everything at once, at two processes, while the workers tick: whatever
//! happens, nobody sees a fault of ours, and the books are true at the end.

use super::{
    dice::Dice,
    harness::{Answer, Client, TestApp, run_test},
};
use futures_util::future::{Either, join_all, select};
use serde_json::json;
use std::sync::Mutex;
use time::Duration;

const CALLERS: u64 = 8;
const STEPS: usize = 25;

/// Where everybody finds what there is: intents, and the pages of links.
#[derive(Default)]
struct Board {
    intents: Mutex<Vec<String>>,
    pages: Mutex<Vec<String>>,
}

impl Board {
    fn pick(of: &Mutex<Vec<String>>, dice: &mut Dice) -> Option<String> {
        dice.pick(&of.lock().unwrap())
    }
}

#[test]
fn a_crowd_leaves_the_books_true() {
    run_test(async |app| {
        let other = TestApp::on(app.database_url.clone()).await;
        let (bot, board) = (&app.merchant.bot, Board::default());
        let processes = [bot.clone(), bot.at(&other.base_url)];
        let seed = u64::from_be_bytes(app.ambient.bytes());
        println!("the crowd's seed is {seed}");
        let caller = |number: u64| {
            let bot = processes[usize::try_from(number % 2).unwrap()].clone();
            walk(bot, &board, Dice::new(seed.wrapping_add(number)))
        };
        let crowd = join_all((0..CALLERS).map(caller));
        let workers = async {
            loop {
                for app in [app, &other] {
                    app.clock.advance(Duration::milliseconds(700));
                    app.resolve().await;
                    app.expire().await;
                }
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        };
        match select(Box::pin(crowd), Box::pin(workers)).await {
            Either::Left(_) | Either::Right(_) => {}
        }
        for _ in 0..3 {
            app.clock.advance(Duration::minutes(1));
            app.resolve().await;
        }
        let hanging = "SELECT count(*) FROM payment_intents i WHERE status = 'processing' AND NOT EXISTS (
            SELECT 1 FROM attempts a WHERE a.merchant_id = i.merchant_id AND a.id = i.open_attempt_id AND a.status = 'pending')";
        assert_eq!(app.count(hanging).await, 0);
        assert!(
            app.count("SELECT count(*) FROM journal_entries").await > 5,
            "an idle crowd proves nothing"
        );
        other.end().await;
    });
}

/// What one of the crowd does.
async fn walk(bot: Client, board: &Board, mut dice: Dice) {
    let methods = threadpay::domain::rails::SandboxMethod::WORDS;
    for _ in 0..STEPS {
        let method = if dice.percent(50) {
            "pm_sandbox_ok"
        } else {
            dice.pick(methods).unwrap()
        };
        let outcome = dice.pick(&["succeed", "fail"]).unwrap();
        let amount = format!("{}.00", dice.amount(12));
        let intent = Board::pick(&board.intents, &mut dice);
        let page = Board::pick(&board.pages, &mut dice);
        let answer = match (dice.below(100), intent, page) {
            (0..25, Some(id), _) => bot.confirm(&id, method).await,
            (25..45, Some(id), _) => bot.refund(&id, &amount).await,
            (45..53, Some(id), _) => bot.capture(&id, &json!({"amount": amount})).await,
            (53..58, Some(id), _) => bot.cancel(&id).await,
            (58..64, Some(id), _) => bot.act(&id, outcome).await,
            (64..68, Some(id), _) => bot.settle(&id, outcome).await,
            (68..80, _, Some(url)) => pay(&bot, &url, method).await,
            (80..86, _, _) => link(&bot, board, &mut dice).await,
            _ => ask(&bot, board, &mut dice).await,
        };
        let fair = [200, 201, 303, 402, 409, 410, 422].contains(&answer.status);
        assert!(fair, "{}: {}", answer.status, answer.text());
    }
}

async fn ask(bot: &Client, board: &Board, dice: &mut Dice) -> Answer {
    let held = if dice.percent(40) {
        "manual"
    } else {
        "automatic"
    };
    let body =
        json!({"amount": "10.00", "currency": "EUR", "capture_method": held, "expires_in": 60});
    let answer = bot.create_intent(&body).await;
    board.intents.lock().unwrap().push(answer.id());
    answer
}

async fn link(bot: &Client, board: &Board, dice: &mut Dice) -> Answer {
    let most = 1 + dice.below(3);
    let body = json!({"amount": "3.00", "currency": "EUR", "usage": "multi", "max_payments": most});
    let answer = bot.post("/v1/payment_links", &body).await;
    let url = answer.expect(201)["url"].as_str().unwrap().to_owned();
    board.pages.lock().unwrap().push(url);
    answer
}

/// Pays on a page, if it can still be paid.
async fn pay(payer: &Client, url: &str, method: &str) -> Answer {
    let page = payer.get(url).await;
    let Some(csrf) = page.form_token() else {
        return page;
    };
    let fields = [("csrf", csrf.as_str()), ("payment_method", method)];
    payer.post_form(&format!("{url}/pay"), &fields).await
}

/// Reads share look-ups: each still gets its own, a lost connection is nobody's loss.
#[test]
fn many_readers_at_once_get_each_their_own() {
    run_test(async |app| {
        let (own, other) = (&app.merchant.bot, &app.another_merchant().await.bot);
        let mut intents = Vec::new();
        for _ in 0..20 {
            intents.push(own.ask_for("1.00", "EUR").await);
        }
        for round in 0..2 {
            let reads = intents.iter().flat_map(|id| {
                let path = format!("/v1/payment_intents/{id}");
                [(own, 200), (other, 404), (own, 200)]
                    .map(|(bot, status)| (id, status, (bot, path.clone())))
            });
            let reads = reads.map(async |(id, status, (bot, path))| {
                let found = bot.get(&path).await.expect(status);
                assert!(status == 404 || found["id"] == **id);
            });
            join_all(reads).await;
            if round == 0 {
                let cut = "SELECT count(pg_terminate_backend(pid, 30000)) FROM pg_stat_activity
                    WHERE datname = current_database() AND pid <> pg_backend_pid()
                        AND query LIKE '-- intents.load%'";
                assert!(app.count(cut).await > 0);
            }
        }
    });
}

/// A reader remembers what it read. It must not matter: not who changed the intent, nor how often
/// it was read before, nor that its connection was lost in between or time has passed.
#[test]
fn reads_show_what_is_so_by_now() {
    run_test(async |app| {
        let other = TestApp::on(app.database_url.clone()).await;
        let here = &app.merchant.bot;
        let there = here.at(&other.base_url);
        // Over several connections, so that each of the service's threads reads.
        let all_show = async |id: &str, status: &str, refunded: &str| {
            for _ in 0..2 {
                for found in join_all((0..16).map(|_| here.intent(id))).await {
                    assert_eq!(found["status"], status);
                    assert_eq!(found["amount_refunded"], refunded);
                }
            }
        };
        let id = here.ask_for("10.00", "EUR").await;
        all_show(&id, "requires_payment", "0.00").await;
        there.confirm(&id, "pm_sandbox_ok").await.expect(200);
        all_show(&id, "succeeded", "0.00").await;
        there.refund(&id, "4.00").await.expect(201);
        all_show(&id, "succeeded", "4.00").await;
        let cut = "SELECT count(pg_terminate_backend(pid, 30000)) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '-- intents.load%'";
        assert!(app.count(cut).await > 0);
        here.refund(&id, "1.00").await.expect(201);
        all_show(&id, "succeeded", "5.00").await;
        let id = here.ask_for("10.00", "EUR").await;
        all_show(&id, "requires_payment", "0.00").await;
        app.clock.advance(Duration::days(2));
        all_show(&id, "expired", "0.00").await;
        other.end().await;
    });
}

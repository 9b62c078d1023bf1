//! The pages of payers: reading changes nothing, and nothing can be guessed.

use super::harness::{Browser, TestApp, run_test};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::future::join_all;
use serde_json::{Value, json};
use threadpay::base::crypto::ed25519;
use time::Duration;

async fn pay_url(app: &TestApp) -> (String, String) {
    let body = json!({"amount": "12.50", "currency": "EUR", "description": "2 × flat white <b>"});
    let intent = app.merchant.bot.create_intent(&body).await.expect(201);
    let text = |name: &str| intent[name].as_str().unwrap().to_owned();
    (text("id"), text("pay_url"))
}

/// All rows that matter, as one text.
async fn everything(app: &TestApp) -> String {
    let mut rows = String::new();
    for table in [
        "payment_intents",
        "payment_links",
        "attempts",
        "events",
        "idempotency_keys",
        "books",
    ] {
        let sql = format!(
            "SELECT coalesce(json_agg(t), '[]')::text FROM (SELECT * FROM {table} ORDER BY 1, 2) t"
        );
        let sql = sqlx::AssertSqlSafe(sql);
        let text: String = sqlx::query_scalar(sql).fetch_one(&app.pool).await.unwrap();
        rows.push_str(&text);
    }
    rows
}

#[test]
fn reading_a_page_changes_nothing() {
    run_test(async |app| {
        let (_, intent) = pay_url(app).await;
        let link = app
            .merchant
            .bot
            .create_link(&json!({"amount": "1.00", "currency": "EUR"}))
            .await;
        let link = link["url"].as_str().unwrap();
        let before = everything(app).await;
        for url in [intent.as_str(), link] {
            for path in ["", "/qr.svg", "/qr.png"] {
                for method in ["GET", "HEAD"] {
                    let request = app.anyone.request(method, &format!("{url}{path}"));
                    let answer = app
                        .anyone
                        .send(request.header("user-agent", "TelegramBot (like TwitterBot)"))
                        .await;
                    assert_eq!(answer.status, 200, "{method} {url}{path}");
                    assert_eq!(answer.bytes.is_empty(), method == "HEAD");
                }
            }
        }
        assert_eq!(everything(app).await, before);
    });
}

#[test]
fn a_page_says_little_to_the_browser_and_less_to_others() {
    run_test(async |app| {
        let (_, url) = pay_url(app).await;
        app.anyone.pay(&url, "pm_sandbox_ok").await;
        let receipt = url.replace("/p/", "/r/");
        for url in [&url, &receipt] {
            let page = app.anyone.get(url).await;
            assert_eq!(page.status, 200, "{url}");
            assert_eq!(page.header("cache-control"), Some("no-store"));
            assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
            assert!(page.header("x-robots-tag").unwrap().contains("noindex"));
            let csp = page.header("content-security-policy").unwrap();
            assert!(
                csp.contains("frame-ancestors 'none'") && !csp.contains("unsafe-inline"),
                "{csp}"
            );
            let text = page.text();
            assert!(!text.contains("<script"), "{text}");
            assert!(
                text.contains("2 × flat white &lt;b&gt;")
                    || text.contains("2 × flat white &#60;b&#62;"),
                "{text}"
            );
        }
    });
}

#[test]
fn unknown_pages_are_all_the_same() {
    run_test(async |app| {
        let (id, url) = pay_url(app).await;
        let token = url.rsplit_once('/').unwrap().1;
        let mut near = token.to_owned();
        near.pop();
        let last = if token.ends_with('a') { 'b' } else { 'a' };
        let mut answers = Vec::new();
        let other = format!("{near}{last}");
        for token in [
            "00aaaaaaaaaaaaaaaaaaaaaa",
            &near,
            &other,
            "x",
            &id,
            "01aaaaaaaaaaaaaaaaaaaaaa",
            // What would end a header, or lead elsewhere.
            "%0d%0aset-cookie:%20a=b",
            "%00",
            "%C3%A9",
            "..%2f..",
            "%5c%5cevil.example",
        ] {
            for page in [
                "p/T",
                "r/T",
                "p/T/pay",
                "p/T/action",
                "p/T/review",
                "p/T/qr.svg",
            ] {
                let path = format!("/{}", page.replace('T', token));
                answers.push(app.anyone.get(&path).await);
            }
            for page in ["pay", "action", "review"] {
                let path = format!("/p/{token}/{page}");
                answers.push(app.anyone.post_form(&path, &[("amount", "1.00")]).await);
            }
        }
        for answer in &answers {
            assert_eq!((answer.status, &answer.bytes), (404, &answers[0].bytes));
        }
    });
}

#[test]
fn pages_keep_the_lines_of_a_text() {
    run_test(async |app| {
        let body = json!({"amount": "1.00", "currency": "EUR", "description": "one\r\ntwo\rthree"});
        let intent = app.merchant.bot.create_intent(&body).await.expect(201);
        let url = intent["pay_url"].as_str().unwrap();
        let page = app.anyone.get(url).await.text();
        assert!(page.contains("<bdi>one\ntwo\nthree</bdi>"), "{page}");
        let style = page.split("href=\"").nth(1).unwrap();
        let style = app
            .anyone
            .get(style.split('"').next().unwrap())
            .await
            .text();
        assert!(style.contains("bdi { white-space: pre-line; }"));
    });
}

#[test]
fn a_form_pays_once_and_only_its_own_page() {
    run_test(async |app| {
        let (id, url) = pay_url(app).await;
        let (_, other) = pay_url(app).await;
        let csrf = app.anyone.open_form(&url).await;
        let pay = async |url: &str, csrf: &str| {
            let fields = [("csrf", csrf), ("payment_method", "pm_sandbox_ok")];
            app.anyone.post_form(&format!("{url}/pay"), &fields).await
        };
        assert_eq!(pay(&other, &csrf).await.status, 403);
        assert_eq!(pay(&url, "").await.status, 403);
        assert_eq!(pay(&url, &format!("{csrf}x")).await.status, 403);
        let (csrf, pay) = (csrf.as_str(), &pay);
        let answers = join_all((0..5).map(|_| pay(&url, csrf))).await;
        for answer in answers {
            assert_eq!(answer.status, 303, "{}", answer.text());
            let place = answer.header("location").unwrap();
            assert_eq!(app.anyone.get(place).await.status, 200, "{place}");
        }
        assert_eq!(app.merchant.bot.intent(&id).await["status"], "succeeded");
        assert_eq!(app.count("SELECT count(*) FROM attempts").await, 1);
    });
}

#[test]
fn an_old_form_is_refused() {
    run_test(async |app| {
        let body = json!({"amount": "1.00", "currency": "EUR", "expires_in": 200_000});
        let intent = app.merchant.bot.create_intent(&body).await.expect(201);
        let url = intent["pay_url"].as_str().unwrap();
        let csrf = app.anyone.open_form(url).await;
        app.clock.advance(Duration::hours(25));
        let fields = [("csrf", csrf.as_str()), ("payment_method", "pm_sandbox_ok")];
        let answer = app.anyone.post_form(&format!("{url}/pay"), &fields).await;
        assert_eq!(answer.status, 403);
        assert_eq!(app.anyone.pay(url, "pm_sandbox_ok").await.status, 303);
    });
}

#[test]
fn a_page_shows_how_the_payment_stands() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let (id, url) = pay_url(app).await;
        let payer = Browser::new(&app.anyone);
        let declined = payer.pay(&url, "pm_sandbox_declined").await;
        assert_eq!(declined.status, 200);
        payer.pay(&url, "pm_sandbox_requires_action").await;
        let acted = payer.act(&url, "succeed").await;
        assert_eq!(acted.status, 303, "{}", acted.text());
        assert_eq!(bot.intent(&id).await["status"], "succeeded");
        let receipt = url.replace("/p/", "/r/");
        assert!(app.anyone.get(&receipt).await.text().contains("12.50"));
        let signed = app.anyone.get(&format!("{receipt}/receipt.jws")).await;
        check_signature(app, &signed.text()).await;
        let (canceled, url) = pay_url(app).await;
        bot.cancel(&canceled).await.expect(200);
        assert_eq!(app.anyone.get(&url).await.status, 410);
        // Who has not paid has no receipt: back to the page.
        let none = app.anyone.get(&url.replace("/p/", "/r/")).await;
        assert_eq!(none.status, 303);
        assert!(url.ends_with(none.header("location").unwrap()));
    });
}

/// Checks a signed copy of a receipt as anyone can: with the public keys of the service.
async fn check_signature(app: &TestApp, jws: &str) {
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
    let (signed, signature) = jws.rsplit_once('.').unwrap();
    let (header, payload) = signed.split_once('.').unwrap();
    let header: Value = serde_json::from_slice(&decode(header)).unwrap();
    let payload: Value = serde_json::from_slice(&decode(payload)).unwrap();
    assert!(payload.to_string().contains("12.50"), "{payload}");
    let keys = app.anyone.get("/.well-known/jwks.json").await.expect(200);
    let mut keys = keys["keys"].as_array().unwrap().iter();
    let key = keys.find(|key| key["kid"] == header["kid"]).unwrap();
    let key = decode(key["x"].as_str().unwrap());
    assert!(ed25519::verify(&key, signed.as_bytes(), &decode(signature)));
}

#[test]
fn pages_speak_the_payer_s_language() {
    run_test(async |app| {
        let (_, url) = pay_url(app).await;
        let mut pages = Vec::<Value>::new();
        for language in ["en", "de", "es", "fr", "pt", "ja"] {
            let request = app
                .anyone
                .request("GET", &url)
                .header("accept-language", language);
            let page = app.anyone.send(request).await.text();
            assert!(page.contains(&format!("lang=\"{language}")), "{language}");
            let amount = if ["en", "ja"].contains(&language) {
                "12.50"
            } else {
                "12,50"
            };
            assert!(page.contains(amount), "{language}: {page}");
            pages.push(page.into());
        }
        pages.dedup();
        assert_eq!(pages.len(), 6);
    });
}

//! A public address with a path, whether the proxy in front passes the path on or takes it away.

use super::harness::{TestApp, run_test};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use threadpay::app::config::Config;

/// Every address that a page leads to.
fn addresses(page: &str) -> Vec<&str> {
    let names = ["href=\"", "src=\"", "action=\""];
    let found = names.iter().flat_map(|name| page.split(name).skip(1));
    found.map(|rest| rest.split('"').next().unwrap()).collect()
}

async fn journey(shop: &TestApp, base: &str) {
    // As the proxy passes on what a browser asks for.
    let passed = |url: &str| {
        let (_, path) = url.split_once("/shop/").unwrap();
        format!("{base}/{path}")
    };
    let (bot, anyone) = (shop.merchant.bot.at(base), shop.anyone.at(base));
    let body = json!({"amount": "2.00", "currency": "EUR"});
    let intent = bot.create_intent(&body).await.expect(201);
    let url = intent["pay_url"].as_str().unwrap();
    assert!(url.starts_with(&format!("{}/p/", shop.base_url)), "{url}");
    let page = anyone.get(&passed(url)).await;
    let text = page.text();
    for address in addresses(&text) {
        assert!(address.starts_with("/shop/"), "{address}");
        if !address.ends_with("/pay") {
            assert_eq!(anyone.get(&passed(address)).await.status, 200, "{address}");
        }
    }
    let csrf = page.form_token().unwrap();
    let fields = [("csrf", csrf.as_str()), ("payment_method", "pm_sandbox_ok")];
    let paid = anyone
        .post_form(&passed(&format!("{url}/pay")), &fields)
        .await;
    assert_eq!(paid.status, 303, "{}", paid.text());
    let receipt = paid.header("location").unwrap();
    assert!(receipt.starts_with("/shop/r/"), "{receipt}");
    let text = anyone.get(&passed(receipt)).await.text();
    let copy = addresses(&text);
    let copy = copy.iter().find(|one| one.contains("receipt.jws")).unwrap();
    let signed = anyone.get(&passed(copy)).await.text();
    let payload = URL_SAFE_NO_PAD.decode(signed.split('.').nth(1).unwrap());
    let payload: Value = serde_json::from_slice(&payload.unwrap()).unwrap();
    assert_eq!(payload["iss"], shop.base_url);
    // The keys are found below the issuer, tokens where the document says.
    anyone.get("/.well-known/jwks.json").await.expect(200);
    assert_eq!(anyone.token_of(&bot.key()).await.status, 200);
    let document = anyone.get("/openapi.json").await.expect(200);
    assert_eq!(document["servers"][0]["url"], "/shop");
    assert_eq!(anyone.get("/p/00aaaaaaaaaaaaaaaaaaaaaa").await.status, 404);
    anyone.get("/shopping").await.problem(404, "no_such_route");
}

#[test]
fn the_path_of_the_public_address_is_kept_or_taken_away() {
    run_test(async |app| {
        let shop = TestApp::with(app.database_url.clone(), |config| Config {
            public_url: format!("{}/shop", config.public_url),
            ..config
        });
        let shop = shop.await;
        journey(&shop, &shop.base_url).await;
        journey(&shop, shop.base_url.strip_suffix("/shop").unwrap()).await;
        shop.end().await;
    });
}

//! The main job, played step by step over the API and the page, as the world would.

use super::bot::{Arrived, Bot};
use crate::{
    base::net::Visitor,
    program::{ProgramError, notes::TestMerchant, print},
};
use serde_json::{Value, json};
use std::time::Duration;

/// How long the callback may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Says a step aloud.
fn say(number: u8, step: &str, detail: &str) {
    print::remark(&format!(
        "\n{number}. {step}\n   {}",
        detail.replace('\n', "\n   ")
    ));
}

fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn must(held: bool, what: &str) -> Result<(), ProgramError> {
    if held {
        Ok(())
    } else {
        Err(ProgramError::Failed(format!("the demo failed: {what}")))
    }
}

/// Plays one payment and gives its facts; an error if a step did not hold.
pub(super) async fn play(base_url: &str, merchant: &TestMerchant) -> Result<Value, ProgramError> {
    let visitor = Visitor::new().map_err(|e| ProgramError::Failed(e.to_string()))?;
    let mut bot = Bot::start(base_url, &merchant.api_key, visitor.clone())?;
    let endpoint = json!({"url": bot.callback_url, "event_types": ["payment_intent.succeeded"]});
    let endpoint = bot
        .post("/v1/callback_endpoints", "demo-endpoint", &endpoint)
        .await?;

    let intent = ask(&bot).await?;
    let (id, pay_url) = (text(&intent, "/id"), text(&intent, "/pay_url"));
    let receipt_url = pay(&visitor, pay_url).await?;
    let entry = booked(&bot, id).await?;
    let event = called_back(&mut bot, text(&endpoint, "/secret"), id).await?;
    let export = exported(&bot, text(&entry, "/id")).await?;
    print::remark(&format!(
        "\nOpen:\n   {pay_url}   the page the payer saw\n   {receipt_url}   the receipt\n   {base_url}/docs   the API reference\n\n\
         Your test key: {}",
        merchant.api_key
    ));
    Ok(json!({
        "ok": true, "base_url": base_url, "merchant_id": merchant.merchant_id, "api_key": merchant.api_key,
        "payment_intent": id, "pay_url": pay_url, "receipt_url": receipt_url, "journal_entry": entry,
        "callback": {"id": text(&event, "/id"), "type": text(&event, "/type"), "signature_verified": true},
        "export_line": export, "docs_url": format!("{base_url}/docs"),
    }))
}

async fn ask(bot: &Bot) -> Result<Value, ProgramError> {
    let request = json!({
        "amount": "12.50", "currency": "EUR", "description": "2 × flat white", "reference": "order-1042",
        "thread": {"channel": "telegram", "conversation": "-1001234567890", "thread": "77", "user": "42"},
        "line_items": [{"label": "Flat white", "quantity": 2, "unit_amount": "6.25"}],
    });
    say(
        1,
        "The bot asks for money in the thread.",
        &format!("POST /v1/payment_intents\n{request}"),
    );
    let intent = bot
        .post("/v1/payment_intents", "order-1042", &request)
        .await?;
    say(
        2,
        "Threadpay answers with a link, which the bot posts.",
        text(&intent, "/pay_url"),
    );
    let again = bot
        .post("/v1/payment_intents", "order-1042", &request)
        .await?;
    must(
        again == intent,
        "the same request under the same key made another intent",
    )?;
    Ok(intent)
}

/// The payer opens the page, and sends its form back as a browser without scripts does.
async fn pay(visitor: &Visitor, pay_url: &str) -> Result<String, ProgramError> {
    let failed = |e: crate::base::net::VisitError| {
        ProgramError::Failed(format!("the pay page does not answer: {e}"))
    };
    let page = visitor.get(pay_url, &[]).await.map_err(failed)?;
    must(page.status == 200, "the pay page did not open")?;
    let csrf = field(&page.body, "csrf")
        .ok_or_else(|| ProgramError::Failed("the pay page has no form".to_owned()))?;
    let form = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("csrf", csrf)
        .append_pair("payment_method", "pm_sandbox_ok")
        .finish();
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let paid = visitor
        .post(&format!("{pay_url}/pay"), &headers, form)
        .await
        .map_err(failed)?;
    let place = paid
        .location
        .filter(|_| paid.status == 303)
        .unwrap_or_default();
    let receipt_url = url::Url::parse(pay_url)
        .and_then(|page| page.join(&place))
        .map(String::from)
        .unwrap_or_default();
    let receipt = visitor.get(&receipt_url, &[]).await.map_err(failed)?;
    must(
        receipt.status == 200 && receipt_url.contains("/r/"),
        "the payment did not lead to a receipt",
    )?;
    say(
        3,
        "The payer opens the link, presses the button and pays.",
        &format!("Receipt: {receipt_url}"),
    );
    Ok(receipt_url)
}

/// The value of the hidden field `name` of a page.
fn field<'a>(page: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = page.split_once(&format!("name=\"{name}\""))?;
    let (_, value) = rest.split_once("value=\"")?;
    value.split_once('"').map(|(value, _)| value)
}

async fn booked(bot: &Bot, intent: &str) -> Result<Value, ProgramError> {
    let found = bot
        .get(&format!("/v1/payment_intents/{intent}/entries"))
        .await?;
    let entry = found.pointer("/data/0").cloned().unwrap_or_default();
    let postings = entry
        .pointer("/postings")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let line = |p: &Value| {
        format!(
            "{:<6}  {:<24} {:>8} {}",
            text(p, "/direction"),
            text(p, "/account"),
            text(p, "/amount"),
            text(p, "/currency")
        )
    };
    let lines: Vec<String> = postings.iter().map(line).collect();
    say(
        4,
        "The ledger books it: both sides, in one commit with the payment.",
        &format!("{}\n{}", text(&entry, "/id"), lines.join("\n")),
    );
    must(
        postings.len() == 2,
        "the payment is not booked on two sides",
    )?;
    Ok(entry)
}

async fn called_back(bot: &mut Bot, secret: &str, intent: &str) -> Result<Value, ProgramError> {
    let arrived: Option<Arrived> = tokio::time::timeout(PATIENCE, bot.callbacks.recv())
        .await
        .ok()
        .flatten();
    let arrived = arrived
        .ok_or_else(|| ProgramError::Failed("the demo failed: no callback arrived".to_owned()))?;
    let event = arrived.event()?;
    let verified = arrived.is_signed_by(secret);
    let verdict = if verified {
        "the signature is right"
    } else {
        "the signature is WRONG"
    };
    say(
        5,
        "The signed callback reaches the bot.",
        &format!(
            "{} {}: {verdict}",
            text(&event, "/type"),
            text(&event, "/id")
        ),
    );
    must(verified, "the callback's signature is wrong")?;
    must(
        text(&event, "/data/id") == intent,
        "the callback is about another payment",
    )?;
    Ok(event)
}

async fn exported(bot: &Bot, entry: &str) -> Result<String, ProgramError> {
    let path = "/v1/exports/journal?from=2000-01-01&to=2100-01-01&format=csv";
    let export = bot
        .text(path)
        .await
        .map_err(|e| ProgramError::Failed(format!("the export does not answer: {e}")))?;
    let line = export
        .body
        .lines()
        .find(|line| line.starts_with(entry))
        .unwrap_or_default()
        .to_owned();
    say(6, "Finance exports the journal; one line of it:", &line);
    must(!line.is_empty(), "the export does not hold the entry")?;
    Ok(line)
}

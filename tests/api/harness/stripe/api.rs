//! What the API makes of a request.

use super::memory::{Form, Memory, Refusal, number_of, text_of, value, within};
use serde_json::{Value, json};

/// How many of a list are told if the request does not say.
const LIMIT: usize = 10;

/// A request, read.
#[derive(Clone, Debug)]
pub struct Asked {
    /// `GET` or `POST`.
    pub method: String,
    /// Such as `/v1/refunds`, without what stands behind it.
    pub path: String,
    /// What stands in the body or behind the path.
    pub form: Form,
}

/// Does what is asked for.
pub fn answer(memory: &mut Memory, asked: &Asked) -> Result<Value, Refusal> {
    let form = &asked.form;
    let parts: Vec<&str> = asked.path.split('/').skip(2).collect();
    let mut answer = match (asked.method.as_str(), parts.as_slice()) {
        ("POST", ["checkout", "sessions"]) => create_session(memory, form)?,
        ("POST", ["checkout", "sessions", id, "expire"]) => expire_session(memory, id)?,
        ("POST", ["payment_intents", id, "capture"]) => capture(memory, id, form)?,
        ("POST", ["payment_intents", id, "cancel"]) => cancel(memory, id)?,
        ("POST", ["refunds"]) => refund(memory, form)?,
        ("GET", ["balance"]) => json!({"object": "balance", "livemode": false}),
        ("GET", ["core", "event_destinations"]) => destinations(memory),
        ("GET", [family @ .., id]) if kind(family).is_some() => {
            found(memory, kind(family).unwrap_or_default(), id)?
        }
        ("GET", family) if kind(family).is_some() => {
            list(memory, kind(family).unwrap_or_default(), asked)?
        }
        (method, _) => {
            let told = format!("Unrecognized request URL ({method}: {}).", asked.path);
            return Err(Refusal::plain(404, told));
        }
    };
    for (name, path) in form {
        if name.starts_with("expand[") {
            expand(memory, &mut answer, path);
        }
    }
    Ok(answer)
}

/// What the objects below a path are.
fn kind(family: &[&str]) -> Option<&'static str> {
    match family {
        ["checkout", "sessions"] => Some("checkout.session"),
        ["payment_intents"] => Some("payment_intent"),
        ["charges"] => Some("charge"),
        ["refunds"] => Some("refund"),
        ["disputes"] => Some("dispute"),
        ["payouts"] => Some("payout"),
        ["balance_transactions"] => Some("balance_transaction"),
        ["webhook_endpoints"] => Some("webhook_endpoint"),
        _ => None,
    }
}

fn found(memory: &Memory, kind: &str, id: &str) -> Result<Value, Refusal> {
    let found = memory.get(id).filter(|object| object["object"] == kind);
    found.cloned().ok_or_else(|| Refusal::missing(kind, id))
}

/// Some of a list, the latest first.
fn list(memory: &Memory, kind: &str, asked: &Asked) -> Result<Value, Refusal> {
    let form = &asked.form;
    let since = number(form, "created[gte]")?;
    let is_asked_for = |object: &&Value| {
        let payout = object["id"].as_str().and_then(|id| memory.paid_out.get(id));
        object["object"] == kind
            && since.is_none_or(|since| number_of(object, "created") >= since)
            && value(form, "payment_intent").is_none_or(|id| object["payment_intent"] == id)
            && value(form, "payout").is_none_or(|id| payout.is_some_and(|payout| payout == id))
    };
    let objects = memory.objects.iter().rev().filter(is_asked_for);
    let mut data: Vec<Value> = objects.cloned().collect();
    if let Some(after) = value(form, "starting_after") {
        let at = data.iter().position(|object| object["id"] == after);
        data.drain(..=at.ok_or_else(|| Refusal::missing(kind, after))?);
    }
    let limit = value(form, "limit").and_then(|text| text.parse().ok());
    let limit = limit.unwrap_or(LIMIT).min(memory.page);
    let has_more = data.len() > limit;
    data.truncate(limit);
    Ok(json!({"object": "list", "url": asked.path, "data": data, "has_more": has_more}))
}

/// Where events are sent, as the second API tells it.
fn destinations(memory: &Memory) -> Value {
    let kind = "v2.core.event_destination";
    let all = memory.objects.iter().filter(|o| o["object"] == kind);
    let data: Vec<&Value> = all.collect();
    json!({"data": data, "next_page_url": null, "previous_page_url": null})
}

/// Puts the object in the place of its id.
fn expand(memory: &Memory, within: &mut Value, path: &str) {
    if let Value::Array(items) = within {
        for item in items {
            expand(memory, item, path);
        }
        return;
    }
    let (name, rest) = path
        .split_once('.')
        .map_or((path, None), |(name, rest)| (name, Some(rest)));
    let Some(member) = within.get_mut(name) else {
        return;
    };
    if let Some(object) = member.as_str().and_then(|id| memory.get(id)) {
        *member = object.clone();
    }
    if let Some(rest) = rest {
        expand(memory, member, rest);
    }
}

fn missing_parameter(name: &str) -> Refusal {
    let told = format!("Missing required param: {name}.");
    let mut refusal = Refusal::coded(400, "parameter_missing", told);
    refusal.error["param"] = json!(name);
    refusal
}

/// A value that is a number.
fn number(form: &Form, name: &str) -> Result<Option<i64>, Refusal> {
    let number = value(form, name).map(|text| {
        text.parse().map_err(|_| {
            let told = format!("Invalid integer: {text}");
            let mut refusal = Refusal::coded(400, "parameter_invalid_integer", told);
            refusal.error["param"] = json!(name);
            refusal
        })
    });
    number.transpose()
}

fn create_session(memory: &mut Memory, form: &Form) -> Result<Value, Refusal> {
    let price = |name: &str| format!("line_items[0][price_data]{name}");
    let needed = |name: &str| value(form, name).ok_or_else(|| missing_parameter(name));
    let needed_number = |name: &str| number(form, name)?.ok_or_else(|| missing_parameter(name));
    let session = json!({
        "object": "checkout.session", "mode": needed("mode")?, "status": "open",
        "payment_status": "unpaid", "payment_intent": null,
        "client_reference_id": value(form, "client_reference_id"),
        "metadata": within(form, "metadata"), "amount_total": needed_number(&price("[unit_amount]"))?,
        "currency": needed(&price("[currency]"))?, "expires_at": needed_number("expires_at")?,
        "success_url": needed("success_url")?, "cancel_url": value(form, "cancel_url"),
    });
    let id = memory.make("cs_test", session);
    let url = format!("{}/pay/{id}", memory.url);
    memory.change(&id, json!({"url": url}));
    memory.forms.insert(id.clone(), form.clone());
    Ok(memory.read(&id))
}

fn expire_session(memory: &mut Memory, id: &str) -> Result<Value, Refusal> {
    if found(memory, "checkout.session", id)?["status"] != "open" {
        let told = "Only Checkout Sessions with a status in [\"open\"] can be expired.";
        return Err(Refusal::plain(400, told));
    }
    memory.change(id, json!({"status": "expired", "url": null}));
    Ok(memory.read(id))
}

/// A payment of which something is held.
fn held(memory: &Memory, id: &str) -> Result<Value, Refusal> {
    let payment = found(memory, "payment_intent", id)?;
    if payment["status"] == "requires_capture" {
        return Ok(payment);
    }
    let status = text_of(&payment, "status");
    let told = format!("This PaymentIntent has a status of {status}, not requires_capture.");
    Err(Refusal::coded(400, "payment_intent_unexpected_state", told))
}

fn capture(memory: &mut Memory, id: &str, form: &Form) -> Result<Value, Refusal> {
    let held = number_of(&held(memory, id)?, "amount_capturable");
    let amount = number(form, "amount_to_capture")?.unwrap_or(held);
    if amount > held {
        let told = "The amount to capture is greater than what is held.";
        return Err(Refusal::coded(400, "amount_too_large", told));
    }
    memory.take(id, amount);
    Ok(memory.read(id))
}

fn cancel(memory: &mut Memory, id: &str) -> Result<Value, Refusal> {
    held(memory, id)?;
    memory.cancel(id, "requested_by_customer");
    Ok(memory.read(id))
}

fn refund(memory: &mut Memory, form: &Form) -> Result<Value, Refusal> {
    let payment = value(form, "payment_intent").unwrap_or_default();
    let amount = number(form, "amount")?;
    let id = memory.refund(payment, amount, &within(form, "metadata"))?;
    Ok(memory.read(&id))
}

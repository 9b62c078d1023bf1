//! What events tell of payment intents, refunds and links, beside the rows of these. What never
//! changes of them is the same in both: an amount that nobody has paid yet stands nowhere else.

use super::{Fault, Faults, store::EventRow};
use crate::{
    base::{
        ids::{EventId, IntentId, LinkId, MerchantId, RefundId},
        mode::Mode,
    },
    domain::{
        intents::{self, PaymentIntent, RefundObject, refund},
        links::{self, PaymentLink},
    },
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::PgConnection;
use std::{
    collections::{HashMap, HashSet},
    fmt::Display,
    str::FromStr,
};

const INTENT: &[&str] = &[
    "amount",
    "currency",
    "tip",
    "capture_method",
    "description",
    "reference",
    "line_items",
    "thread",
    "payment_link",
    "rails",
    "expires_at",
    "created_at",
];
const REFUND: &[&str] = &[
    "payment_intent",
    "amount",
    "currency",
    "reason",
    "created_at",
];
const LINK: &[&str] = &[
    "amount",
    "currency",
    "amount_options",
    "tip_options",
    "usage",
    "max_payments",
    "description",
    "reference",
    "thread",
    "rails",
    "expires_at",
    "created_at",
];

#[derive(Deserialize)]
struct Payload {
    data: Value,
}

/// What an event tells.
struct Told {
    event: String,
    /// What it is about, in words.
    noun: &'static str,
    id: String,
    data: Value,
    /// What of it never changes.
    members: &'static [&'static str],
}

/// The row of an object as the API prints it, or why it cannot be read.
type Object = Result<Value, String>;

/// Holds the objects of events against their rows, and names each once.
#[derive(Debug, Default)]
pub(super) struct Telling {
    named: HashSet<String>,
}

impl Telling {
    /// Checks a page of a merchant's events.
    pub async fn check(
        &mut self,
        db: &mut PgConnection,
        merchant: MerchantId,
        page: &[EventRow],
        faults: &mut Faults,
    ) -> Result<(), sqlx::Error> {
        let told: Vec<Told> = page.iter().filter_map(told).collect();
        let objects = objects(db, merchant, &told).await?;
        for told in &told {
            let problem = objects
                .get(&told.id)
                .and_then(|object| told.differs(object));
            if let Some(problem) = problem
                && self.named.insert(told.id.clone())
            {
                let object = format!("{} {}", told.noun, told.id);
                faults.add(Fault::new(merchant, object, problem));
            }
        }
        Ok(())
    }
}

/// What an event tells of an object that has a row. A payload that cannot be read is named where
/// it is held against its own row.
fn told(row: &EventRow) -> Option<Told> {
    let (noun, members) = match row.event_type.split_once('.')?.0 {
        "payment_intent" => ("payment intent", INTENT),
        "refund" => ("refund", REFUND),
        "payment_link" => ("payment link", LINK),
        _ => return None,
    };
    let Payload { data } = serde_json::from_slice(&row.payload).ok()?;
    Some(Told {
        event: format!("event {} {}", row.sequence, EventId(row.id)),
        noun,
        id: data.get("id")?.as_str()?.to_owned(),
        data,
        members,
    })
}

/// The rows of what events tell of, by their printed ids.
async fn objects(
    db: &mut PgConnection,
    merchant: MerchantId,
    told: &[Told],
) -> Result<HashMap<String, Object>, sqlx::Error> {
    let mut objects = HashMap::new();
    for read in intents::store::load(&mut *db, &names::<IntentId>(merchant, told)).await? {
        let intent = read.map(|intent| {
            let url = String::new();
            let printed = PaymentIntent::new(&intent, Mode::Test, url, intent.created_at);
            (intent.id, print(printed))
        });
        keep(&mut objects, intent.map_err(|row| (row.name.1, row.fault)));
    }
    for read in refund::store::load(&mut *db, &names::<RefundId>(merchant, told)).await? {
        let refund = read.map(|refund| (refund.id, print(RefundObject::new(&refund, Mode::Test))));
        keep(&mut objects, refund.map_err(|row| (row.name.1, row.fault)));
    }
    for read in links::store::load(&mut *db, &names::<LinkId>(merchant, told)).await? {
        let link = read.map(|link| {
            let printed = PaymentLink::new(&link, Mode::Test, String::new(), link.created_at);
            (link.id, print(printed))
        });
        keep(&mut objects, link.map_err(|row| (row.name.1, row.fault)));
    }
    Ok(objects)
}

/// Whose, and which: each once.
fn names<I: FromStr + Display>(merchant: MerchantId, told: &[Told]) -> Vec<(MerchantId, I)> {
    let ids: HashSet<&str> = told.iter().map(|told| told.id.as_str()).collect();
    let ids = ids.into_iter().filter_map(|id| id.parse().ok());
    ids.map(|id| (merchant, id)).collect()
}

fn print(object: impl Serialize) -> Value {
    serde_json::to_value(object).unwrap_or_default()
}

fn keep<I: Display>(objects: &mut HashMap<String, Object>, read: Result<(I, Value), (I, String)>) {
    let (id, object) = match read {
        Ok((id, printed)) => (id, Ok(printed)),
        Err((id, fault)) => (id, Err(fault)),
    };
    objects.insert(id.to_string(), object);
}

impl Told {
    /// Where the row differs from what is told of it. An older version may have told less.
    fn differs(&self, object: &Object) -> Option<String> {
        let row = match object {
            Ok(row) => row,
            Err(fault) => return Some(format!("its row cannot be read: {fault}")),
        };
        let members = self.members.iter();
        let mut pairs =
            members.filter_map(|name| Some((name, self.data.get(name)?, row.get(name)?)));
        let (name, told, found) = pairs.find(|(_, told, found)| !agrees(told, found))?;
        let event = &self.event;
        Some(format!(
            "its {name} should be {told}, which {event} tells, found {found}"
        ))
    }
}

fn agrees(told: &Value, found: &Value) -> bool {
    match (told, found) {
        (Value::Object(told), Value::Object(found)) => told
            .iter()
            .all(|(name, told)| agrees(told, found.get(name).unwrap_or(&Value::Null))),
        (Value::Array(told), Value::Array(found)) => {
            told.len() == found.len() && told.iter().zip(found).all(|(t, f)| agrees(t, f))
        }
        _ => told == found,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_row_says_what_was_told_of_it() {
        let told = |data: Value| Told {
            event: "event 1".into(),
            noun: "payment intent",
            id: "pi_".into(),
            data,
            members: INTENT,
        };
        let row = json!({"amount": "1.00", "thread": {"channel": "sms", "user": null}, "updated_at": "x",
            "line_items": [{"kind": "item", "label": "a"}]});
        let differs = |data| told(data).differs(&Ok(row.clone()));
        let same = [
            json!({}),
            json!({"amount": "1.00", "updated_at": "y"}),
            json!({"thread": {"channel": "sms"}, "line_items": [{"label": "a"}]}),
        ];
        for data in same {
            assert_eq!(differs(data.clone()), None, "{data}");
        }
        let other = [
            json!({"amount": "2.00"}),
            json!({"thread": {"channel": "sms", "user": "1"}}),
            json!({"thread": null}),
            json!({"line_items": []}),
            json!({"line_items": [{"label": "b"}]}),
        ];
        for data in other {
            assert!(differs(data.clone()).is_some(), "{data}");
        }
        let expected = r#"its amount should be "2.00", which event 1 tells, found "1.00""#;
        assert_eq!(differs(json!({"amount": "2.00"})).unwrap(), expected);
        let unread = told(json!({})).differs(&Err("no".into())).unwrap();
        assert!(unread.ends_with("cannot be read: no"), "{unread}");
    }
}

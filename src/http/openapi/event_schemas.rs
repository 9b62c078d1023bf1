//! The schema of events: one for the events about each kind of object, so that `data` has a type.

#![expect(
    clippy::indexing_slicing,
    reason = "what a document lacks reads as null, and the schemas are objects"
)]

use crate::base::event_type::EventType;
use serde_json::{Map, Value, json};

/// What the types of events begin with, the schema of these events, and that of their `data`.
const SUBJECTS: [(&str, &str, &str); 8] = [
    ("payment_intent", "PaymentIntentEvent", "PaymentIntent"),
    ("refund", "RefundEvent", "Refund"),
    ("movement", "MovementEvent", "Movement"),
    ("statement", "StatementEvent", "Statement"),
    ("payment_link", "PaymentLinkEvent", "PaymentLink"),
    ("rail_account", "RailAccountEvent", "RailAccount"),
    (
        "callback_endpoint",
        "CallbackEndpointEvent",
        "CallbackEndpoint",
    ),
    ("ping", "PingEvent", "CallbackEndpoint"),
];

fn place(schema: &str) -> String {
    format!("#/components/schemas/{schema}")
}

fn types(subject: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let words = EventType::WORDS.iter().zip(EventType::ABOUT);
    words
        .filter(move |(word, _)| word.split('.').next() == Some(subject))
        .map(|(word, about)| (*word, about.trim()))
}

/// Makes the schema of all events a choice between those of each subject, told apart by `type`.
pub(super) fn split(schemas: &mut Map<String, Value>) {
    let Some(whole) = schemas.get("Event").cloned() else {
        return;
    };
    let (mut choices, mut mapping) = (Vec::new(), Map::new());
    for (subject, name, data) in SUBJECTS {
        choices.push(json!({ "$ref": place(name) }));
        for (word, _) in types(subject) {
            mapping.insert(word.to_owned(), place(name).into());
        }
        schemas.insert(name.to_owned(), about(&whole, subject, data));
    }
    let event = json!({
        "description": whole["description"],
        "oneOf": choices,
        "discriminator": {"propertyName": "type", "mapping": mapping},
    });
    schemas.insert("Event".to_owned(), event);
}

/// The schema of events about one kind of object.
fn about(whole: &Value, subject: &str, data: &str) -> Value {
    let words: Vec<&str> = types(subject).map(|(word, _)| word).collect();
    let meanings = types(subject).map(|(word, about)| format!("\n- `{word}`: {about}"));
    let mut schema = whole.clone();
    schema["description"] = json!(format!("An event whose `data` is a `{data}`."));
    let properties = &mut schema["properties"];
    let text = |property: &Value| property["description"].as_str().unwrap_or("").to_owned();
    let kind = format!("What happened.\n{}", meanings.collect::<String>());
    properties["type"] = json!({"type": "string", "enum": words, "description": kind});
    let what = text(&properties["data"]);
    properties["data"] = json!({"$ref": place(data), "description": what});
    let thread = text(&properties["thread"]);
    properties["thread"] = json!({
        "oneOf": [{"type": "null"}, {"$ref": place("Thread")}],
        "description": thread,
    });
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_of_event_has_a_schema_with_the_schema_of_its_data() {
        let document: Value = serde_json::from_str(&super::super::document()).unwrap();
        let schema = |path: &Value| {
            let path = path.as_str().unwrap().trim_start_matches('#');
            document.pointer(path).unwrap_or_else(|| panic!("{path}"))
        };
        let event = &document["components"]["schemas"]["Event"];
        let mapping = event["discriminator"]["mapping"].as_object().unwrap();
        for word in EventType::WORDS {
            let properties = &schema(&mapping[*word])["properties"];
            let types = properties["type"]["enum"].as_array().unwrap();
            assert!(types.contains(&json!(word)), "{word}");
            assert!(schema(&properties["data"]["$ref"])["properties"].is_object());
        }
        assert_eq!(mapping.len(), EventType::WORDS.len());
    }
}

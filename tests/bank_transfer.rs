//! What payers are told of bank transfers, and files of transfers, for programs that are not ours
//! to judge: `tests/verifiers/bank_transfers.py` puts questions into the folder that
//! `BANK_TRANSFERS` names, as `asked.jsonl`, and reads the answers there, in `told.jsonl` and a
//! picture of each code. Without a folder the questions are a few of our own.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use serde_json::{Value, json};
use std::{env, fs, path::Path};
use threadpay::{
    base::money::Money,
    domain::rails::bank_transfer::{Iban, Reference, Scheme, Settings, Transfer, TransferFile},
    views::pages::{Mark, qr_png},
};
use time::{OffsetDateTime, macros::date};
use uuid::Uuid;

const OWN: [&str; 3] = [
    r#"{"settings": {"scheme": "epc", "name": "Corner Café", "iban": "DE89370400440532013000"}}"#,
    r#"{"settings": {"scheme": "swiss", "name": "Corner Café", "iban": "CH4431999123000889012",
        "address": {"postcode": "8000", "town": "Zürich", "country": "CH"}}}"#,
    r#"{"settings": {"scheme": "pix", "name": "Cafe", "pix_key": "caixa@cafe.com.br", "city": "Recife"}}"#,
];

#[test]
fn each_question_is_answered() {
    let Ok(folder) = env::var("BANK_TRANSFERS") else {
        for question in OWN {
            let told = answer(&serde_json::from_str(question).unwrap());
            let found = Reference::find(&format!("thanks! {}", told["printed"].as_str().unwrap()));
            let found: Vec<String> = found.iter().map(ToString::to_string).collect();
            assert!(found.contains(&told["reference"].as_str().unwrap().to_owned()));
            assert!(
                !qr_png(told["payload"].as_str().unwrap(), Mark::None)
                    .unwrap()
                    .is_empty()
            );
        }
        return;
    };
    let folder = Path::new(&folder);
    let asked = fs::read_to_string(folder.join("asked.jsonl")).unwrap();
    let questions = asked.lines().enumerate();
    let told = questions.map(|(number, question)| {
        let told = answer(&serde_json::from_str(question).unwrap());
        if let Some(payload) = told["payload"].as_str() {
            let picture = folder.join(format!("{number}.png"));
            let scheme: Scheme = told["scheme"].as_str().unwrap().parse().unwrap();
            fs::write(picture, qr_png(payload, scheme.into()).unwrap()).unwrap();
        }
        told.to_string() + "\n"
    });
    let told: String = told.collect();
    fs::write(folder.join("told.jsonl"), told).unwrap();
}

/// What a payer is told or, where there are transfers, the file; or why not. Of a reference:
/// whether it is one.
fn answer(question: &Value) -> Value {
    if let Some(reference) = question["reference"].as_str() {
        return json!({"valid": Reference::parse(reference).is_some()});
    }
    let settings = match Settings::parse("/settings", &question["settings"]) {
        Ok(settings) => settings,
        Err(error) => return json!({"param": error.param, "detail": error.detail}),
    };
    if question["transfers"].is_array() {
        return match file(&settings, question) {
            Ok(file) => json!({"file": file}),
            Err(detail) => json!({"detail": detail}),
        };
    }
    let currency = question["currency"].as_str();
    let currency = currency.unwrap_or(settings.scheme().currencies()[0]);
    let amount = question["amount"].as_str().unwrap_or("12.50");
    let amount = Money::parse(amount, currency.parse().unwrap()).unwrap();
    let id = question["id"].as_str().map(|id| id.parse().unwrap());
    let reference = settings.reference(id.unwrap_or(Uuid::from_u128(1)));
    match settings.instructions(amount, &reference) {
        Ok(told) => {
            let mut told = serde_json::to_value(told).unwrap();
            told["printed"] = reference.printed().into();
            told
        }
        Err(error) => json!({"detail": error.to_string()}),
    }
}

fn file(from: &Settings, question: &Value) -> Result<String, String> {
    let text = |of: &'static str| move |value: &Value| value[of].as_str().unwrap().to_owned();
    let asked = question["transfers"].as_array().unwrap();
    let column = |of| asked.iter().map(text(of)).collect::<Vec<String>>();
    let [ids, amounts, names, ibans, texts] = ["id", "amount", "name", "iban", "text"].map(column);
    let transfer = |at: usize| Transfer {
        id: &ids[at],
        amount: Money::parse(&amounts[at], "EUR".parse().unwrap()).unwrap(),
        name: &names[at],
        iban: Iban::parse(&ibans[at]).unwrap(),
        bic: None,
        text: &texts[at],
    };
    let transfers: Vec<Transfer<'_>> = (0..asked.len()).map(transfer).collect();
    let file = TransferFile {
        id: question["id"].as_str().unwrap(),
        made_at: OffsetDateTime::UNIX_EPOCH,
        execute_on: date!(2026 - 11 - 23),
        from,
        transfers: &transfers,
    };
    let written = file.write().map_err(|error| error.to_string())?;
    Ok(String::from_utf8(written).unwrap())
}

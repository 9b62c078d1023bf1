use super::super::{FileFormat, Flow, Line, Reason, Refused, read};
use super::*;
use crate::base::money::Money;
use proptest::prelude::*;
use serde_json::{Value, json};
use time::macros::date;

fn mapping(changes: &Value) -> Mapping {
    let mut mapping = json!({
        "delimiter": ";", "date_format": "DD.MM.YYYY", "decimal": "comma", "thousands": "point", "currency": "EUR",
        "columns": {"date": "Tag", "amount": "Betrag"},
    });
    for (key, value) in changes.as_object().unwrap() {
        mapping[key] = value.clone();
    }
    serde_json::from_value(mapping).unwrap()
}

fn lines(text: &str, changes: &Value) -> Vec<Line> {
    let statements = read(FileFormat::Csv, text.as_bytes(), Some(&mapping(changes)));
    statements.unwrap().remove(0).lines
}

fn refused(text: &str, changes: &Value) -> Refused {
    read(FileFormat::Csv, text.as_bytes(), Some(&mapping(changes))).unwrap_err()
}

fn signed(lines: &[Line]) -> Vec<i64> {
    lines.iter().map(|line| line.signed().minor()).collect()
}

#[test]
fn reads_a_table_with_all_its_columns() {
    let columns = json!({
        "date": 1, "value_date": "Wert", "amount": "Betrag", "bank_id": "Id", "references": ["Ref"],
        "texts": ["Zweck", 1], "counterparty": "Wer", "counterparty_account": "Konto", "fee": "Entgelt",
    });
    let text = "Kontoauszug\n\nTag;Wert;Betrag;Id;Ref;Zweck;Wer;Konto;Entgelt\n\
        28.11.2026;29.11.2026;-1.234,5;B1;R1;\"a;b\";Ada;DE02;0,30\n27.11.2026;;2,00;;;;;;\nSumme;;;\n";
    let changes =
        json!({"columns": columns, "header_rows": 2, "footer_rows": 1, "account": "DE99"});
    let statement = read(FileFormat::Csv, text.as_bytes(), Some(&mapping(&changes)))
        .unwrap()
        .remove(0);
    assert_eq!(statement.account.as_deref(), Some("DE99"));
    let line = &statement.lines[0];
    assert_eq!((line.direction, line.amount.minor()), (Flow::Out, 123_450));
    assert_eq!(
        (line.booked_on, line.value_on),
        (Some(date!(2026 - 11 - 28)), Some(date!(2026 - 11 - 29)))
    );
    assert_eq!(line.bank_id.as_deref(), Some("B1"));
    assert_eq!(line.details.references[0].value, "R1");
    assert_eq!(line.details.text.as_deref(), Some("a;b\n28.11.2026"));
    assert_eq!(line.details.counterparty.name.as_deref(), Some("Ada"));
    assert_eq!(
        line.details.charges[0].amount,
        Money::new(30, "EUR".parse().unwrap())
    );
    assert_eq!(
        (
            statement.lines[1].bank_id.as_deref(),
            statement.lines[1].value_on
        ),
        (None, None)
    );
}

#[test]
fn says_which_way_money_went_in_each_way_of_banks() {
    let date = "28.11.2026";
    let amounts = format!("Tag;Betrag\n{date};1,00\n{date};-2,00\n{date};- 3\n");
    assert_eq!(signed(&lines(&amounts, &json!({}))), [100, -200, -300]);
    assert_eq!(
        signed(&lines(&amounts, &json!({"sign": "inverted"}))),
        [-100, 200, 300]
    );
    let columns = json!({"columns": {"date": 1, "debit": 2, "credit": 3}});
    let parts = format!("Tag;Soll;Haben\n{date};1,00;\n{date};;2,00\n{date};0,00;3,00\n");
    assert_eq!(signed(&lines(&parts, &columns)), [-100, 200, 300]);
    let columns = json!({"columns": {"date": 1, "amount": 2, "direction": {"column": 3, "in": "H", "out": "S"}}});
    let words = format!("a;b;c\n{date};1,00;S\n{date};2,00;H\n");
    assert_eq!(signed(&lines(&words, &columns)), [-100, 200]);
}

#[test]
fn reads_windows_1252_and_currencies_of_a_column() {
    let columns = json!({"columns": {"date": 1, "amount": 2, "currency": 3, "texts": [4]}, "currency": null,
        "encoding": "windows1252", "header_rows": 0});
    let statements = read(
        FileFormat::Csv,
        b"28.11.2026;1,00;eur;M\xfcller",
        Some(&mapping(&columns)),
    );
    assert_eq!(
        statements.unwrap()[0].lines[0].details.text.as_deref(),
        Some("Müller")
    );
    let mixed = "28.11.2026;1,00;EUR;a\n28.11.2026;1,00;USD;b\n";
    assert!(matches!(
        refused(mixed, &columns).reason,
        Reason::OtherCurrency { .. }
    ));
}

#[test]
fn refuses_what_money_depends_on_and_says_where() {
    for amount in [
        "",
        "1,000",
        "1.00",
        "1.0000,00",
        ".100",
        "1,001",
        "1,00-",
        "(1,00)",
        "€1",
        "1 000",
        "--1",
        "1e3",
        "99999999999999999999,00",
    ] {
        let text = format!("Tag;Betrag\n28.11.2026;1,00\n28.11.2026;{amount}\n");
        let refused = refused(&text, &json!({}));
        assert_eq!(
            (refused.place.statement, refused.place.line),
            (Some(1), Some(2)),
            "{amount}: {refused}"
        );
    }
    let columns = json!({"columns": {"date": 1, "debit": 2, "credit": 3}});
    for row in [
        "28.11.2026;1,00;2,00",
        "28.11.2026;;",
        "28.11.2026;-1,00;",
        "28.11.2026;1,00",
        "31.02.2026;1,00;",
    ] {
        let refused = refused(&format!("a;b;c\n{row}\n"), &columns);
        assert_eq!(refused.place.line, Some(1), "{row}");
    }
    for text in [
        "",
        "Tag;Betrag\n",
        "\n\n",
        "Tag;Betrag;Tag\n28.11.2026;1;x\n",
        "Day;Amount\n28.11.2026;1\n",
    ] {
        assert_eq!(refused(text, &json!({})).place.line, None, "{text}");
    }
}

#[test]
fn a_mapping_that_cannot_be_used_is_refused() {
    let wrong = [
        json!({"delimiter": ";;"}),
        json!({"delimiter": "é"}),
        json!({"delimiter": "\""}),
        json!({"thousands": "comma"}),
        json!({"currency": null}),
        json!({"currency": "XXX"}),
        json!({"date_format": "DD.MM"}),
        json!({"header_rows": 0}),
        json!({"columns": {"date": 0, "amount": 1}}),
        json!({"columns": {"date": 1}}),
        json!({"columns": {"date": 1, "debit": 2}}),
        json!({"columns": {"date": 1, "amount": 2, "credit": 3}}),
    ];
    for changes in wrong {
        assert!(mapping(&changes).check().is_err(), "{changes}");
    }
    assert_eq!(mapping(&json!({})).check(), Ok(()));
    let unknown =
        serde_json::from_value::<Mapping>(json!({"columns": {"date": 1}, "colour": "red"}));
    assert!(unknown.is_err());
    let back = serde_json::to_value(mapping(&json!({}))).unwrap();
    assert_eq!(
        serde_json::from_value::<Mapping>(back).unwrap(),
        mapping(&json!({}))
    );
    assert!(matches!(
        read(FileFormat::Csv, b"a", None).unwrap_err().reason,
        Reason::Mapping(_)
    ));
    assert!(read(FileFormat::Ofx, b"<OFX></OFX>", Some(&mapping(&json!({})))).is_err());
}

proptest! {
    #[test]
    fn no_table_makes_it_panic(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "28.11.2026", ";", "1.234,5", "-", "\n", "\"", "é", "Tag;Betrag", "\r", "\0", "0", " ",
        ]), 0..40),
        has_parts in any::<bool>(),
    ) {
        let parts = json!({"columns": {"date": 1, "debit": 2, "credit": 3}, "footer_rows": 1});
        let changes = if has_parts { parts } else { json!({}) };
        let _ = read(FileFormat::Csv, pieces.concat().as_bytes(), Some(&mapping(&changes)));
    }
}

use super::super::{FileFormat, Flow, LineStatus, Reason, ReferenceKind, Refused, Statement, read};
use crate::base::money::Money;
use time::macros::date;

fn dollars(minor: i64) -> Money {
    Money::new(minor, "USD".parse().unwrap())
}

/// A file of OFX 1 with this in its list of transactions.
fn file(list: &str) -> String {
    format!(
        "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nENCODING:USASCII\nCHARSET:1252\n\n<OFX><BANKMSGSRSV1><STMTTRNRS>\
         <TRNUID>T1<STATUS><CODE>0<SEVERITY>INFO</STATUS><STMTRS><CURDEF>USD<BANKACCTFROM><BANKID>1<ACCTID>123\
         <ACCTTYPE>CHECKING</BANKACCTFROM><BANKTRANLIST><DTSTART>20261101<DTEND>20261128{list}</BANKTRANLIST>\
         <LEDGERBAL><BALAMT>7.50<DTASOF>20261128</LEDGERBAL></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>"
    )
}

fn transaction(amount: &str, rest: &str) -> String {
    format!(
        "<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20261128120000[-5:EST]<TRNAMT>{amount}{rest}</STMTTRN>"
    )
}

fn taken(text: &str) -> Statement {
    read(FileFormat::Auto, text.as_bytes(), None)
        .unwrap()
        .remove(0)
}

fn refused(text: &str) -> Refused {
    read(FileFormat::Auto, text.as_bytes(), None).unwrap_err()
}

#[test]
fn reads_a_statement() {
    let rest = "<FITID>F1<CHECKNUM>1001<REFNUM>R1<NAME>Ada & Sons<BANKACCTTO><BANKID>9<ACCTID>99</BANKACCTTO><MEMO>rent";
    let statement = taken(&file(&transaction("-12.5", rest)));
    assert_eq!(
        (statement.id.as_deref(), statement.account.as_deref()),
        (Some("T1"), Some("123"))
    );
    assert_eq!(
        (statement.from, statement.to),
        (Some(date!(2026 - 11 - 01)), Some(date!(2026 - 11 - 28)))
    );
    assert_eq!(statement.opening, None);
    assert_eq!(statement.closing.unwrap().amount, dollars(750));
    let line = &statement.lines[0];
    assert_eq!((line.direction, line.amount), (Flow::Out, dollars(1250)));
    assert_eq!(
        (line.bank_id.as_deref(), line.booked_on),
        (Some("F1"), Some(date!(2026 - 11 - 28)))
    );
    let details = &line.details;
    let references: Vec<_> = details
        .references
        .iter()
        .map(|r| (r.kind, r.value.as_str()))
        .collect();
    assert_eq!(
        references,
        [
            (ReferenceKind::Cheque, "1001"),
            (ReferenceKind::Customer, "R1")
        ]
    );
    assert_eq!(details.counterparty.name.as_deref(), Some("Ada & Sons"));
    assert_eq!(details.counterparty.account.as_deref(), Some("99"));
    assert_eq!(
        (details.text.as_deref(), details.code.as_deref()),
        (Some("rent"), Some("DEBIT"))
    );
}

#[test]
fn ends_that_banks_leave_out_are_not_missed() {
    let open = file(&transaction("1,5", "<FITID>A"))
        .replace("</STMTTRN>", "")
        .replace("</BANKTRANLIST>", "");
    let both = file(&(transaction("1", "") + &transaction("2", ""))).replace("</STMTTRN>", "");
    assert_eq!(taken(&open).lines[0].amount, dollars(150));
    assert_eq!(taken(&both).lines.len(), 2);
    let ends_with_balance = open.split("</LEDGERBAL>").next().unwrap();
    assert_eq!(
        taken(ends_with_balance).closing.unwrap().amount,
        dollars(750)
    );
    let cut = open.split("<LEDGERBAL>").next().unwrap();
    assert!(refused(cut).to_string().contains("cut off"));
}

#[test]
fn reads_xml_with_a_pending_transaction() {
    let xml = "<?xml version=\"1.0\"?><?OFX OFXHEADER=\"200\"?><OFX><CCSTMTRS><CURDEF>USD</CURDEF><CCACCTFROM><ACCTID>4</ACCTID>\
        </CCACCTFROM><BANKTRANLISTP><STMTTRNP><DTTRAN>20261128</DTTRAN><TRNAMT>-1.00</TRNAMT><NAME>A</NAME></STMTTRNP>\
        </BANKTRANLISTP></CCSTMTRS></OFX>";
    assert_eq!(taken(xml).lines[0].status, LineStatus::Pending);
}

#[test]
fn a_correction_and_investments_are_refused() {
    assert!(
        refused(&file(&transaction("1", "<CORRECTFITID>F0")))
            .to_string()
            .contains("CORRECTFITID")
    );
    let investments = file("").replace("STMTRS>", "INVSTMTRS>");
    assert!(refused(&investments).to_string().contains("INVSTMTRS"));
    assert_eq!(refused("<OFX></OFX>").reason, Reason::NoStatement);
}

#[test]
fn refuses_what_money_depends_on_and_says_where() {
    let good = transaction("1.00", "");
    for (from, to) in [
        ("1.00", "$1.00"),
        ("1.00", "1.001"),
        ("1.00", "1,000"),
        ("1.00", "1,000.00"),
        ("1.00", ""),
        ("1.00", "1.00<TRNAMT>2.00"),
        ("1.00", "99999999999999999999"),
        ("20261128120000", "20260230"),
        ("20261128120000[-5:EST]", ""),
    ] {
        let refused = refused(&file(&format!("{good}{}", good.replace(from, to))));
        assert_eq!(
            (refused.place.statement, refused.place.line),
            (Some(1), Some(2)),
            "{to}: {refused}"
        );
    }
    let other = transaction("1.00", "<CURRENCY><CURRATE>1.1<CURSYM>EUR</CURRENCY>");
    assert!(matches!(
        refused(&file(&other)).reason,
        Reason::OtherCurrency { .. }
    ));
    let original = transaction(
        "1.00",
        "<ORIGCURRENCY><CURRATE>1.1<CURSYM>EUR</ORIGCURRENCY>",
    );
    assert_eq!(taken(&file(&original)).lines[0].amount, dollars(100));
}

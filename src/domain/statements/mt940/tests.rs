use super::super::{
    FileFormat, Flow, Line, LineStatus, Reason, ReferenceKind, Refused, Statement, read,
};
use crate::base::money::Money;
use time::macros::date;

fn euro(minor: i64) -> Money {
    Money::new(minor, "EUR".parse().unwrap())
}

/// A message that begins with nothing, with these fields in it.
fn message(lines: &str, closing: &str) -> String {
    format!(
        ":20:REF\r\n:25:12345678/0001\r\n:28C:5/1\r\n:60F:C261127EUR0,\r\n{lines}:62F:{closing}\r\n-\r\n"
    )
}

fn taken(text: &str) -> Statement {
    read(FileFormat::Auto, text.as_bytes(), None)
        .unwrap()
        .remove(0)
}

fn line(lines: &str, closing: &str) -> Line {
    taken(&message(lines, closing)).lines.remove(0)
}

fn refused(text: &str) -> Refused {
    read(FileFormat::Auto, text.as_bytes(), None).unwrap_err()
}

fn references(line: &Line) -> Vec<(ReferenceKind, &str)> {
    let references = line.details.references.iter();
    references.map(|r| (r.kind, r.value.as_str())).collect()
}

#[test]
fn reads_a_line_with_all_its_parts() {
    let lines = ":61:2601021231CR12,5NTRFCUSTOMER-1//BANK-1\r\n/OCMT/USD14,00/CHGS/EUR0,30/\r\n:86:hello\r\nworld\r\n";
    let statement = taken(&message(lines, "C261128EUR12,50"));
    assert_eq!(statement.account.as_deref(), Some("12345678/0001"));
    assert_eq!(
        (statement.from, statement.to),
        (Some(date!(2026 - 11 - 27)), Some(date!(2026 - 11 - 28)))
    );
    let line = &statement.lines[0];
    assert_eq!((line.direction, line.amount), (Flow::In, euro(1250)));
    assert_eq!(
        (line.value_on, line.booked_on),
        (Some(date!(2026 - 01 - 02)), Some(date!(2025 - 12 - 31)))
    );
    assert_eq!(line.bank_id.as_deref(), Some("BANK-1"));
    let expected = [
        (ReferenceKind::Customer, "CUSTOMER-1"),
        (ReferenceKind::Bank, "BANK-1"),
    ];
    assert_eq!(references(line), expected);
    assert_eq!(
        line.details.instructed,
        Some(Money::new(1400, "USD".parse().unwrap()))
    );
    assert_eq!(line.details.charges[0].amount, euro(30));
    assert!(
        line.details
            .text
            .as_deref()
            .unwrap()
            .ends_with("hello\nworld")
    );
}

#[test]
fn marks_say_where_money_went() {
    use Flow::{In, Out};
    let cases = [
        ("C", In, false, "C261128EUR1,"),
        ("D", Out, false, "D261128EUR1,"),
        ("RC", Out, true, "D261128EUR1,"),
        ("RD", In, true, "C261128EUR1,"),
        ("RDR", In, true, "C261128EUR1,"),
    ];
    for (mark, direction, is_reversal, closing) in cases {
        let line = line(&format!(":61:261128{mark}1,NTRFNONREF\r\n"), closing);
        assert_eq!(
            (line.direction, line.is_reversal),
            (direction, is_reversal),
            "{mark}"
        );
        assert_eq!(
            (line.bank_id.as_deref(), line.day()),
            (None, Some(date!(2026 - 11 - 28)))
        );
    }
}

#[test]
fn reads_the_numbered_way_of_field_86() {
    let lines = ":61:261128C1,NTRFNONREF\r\n:86:166?00GUTSCHRIFT?109?20EREF+END-\r\n1?21TO-END?22SVWZ+RF18 5390?230754 \
                 7034?30ABCDEFGH?31123?32Ada Love?33lace?38DE02120300000000202051\r\n";
    let line = line(lines, "C261128EUR1,");
    assert_eq!(
        references(&line),
        [(ReferenceKind::EndToEnd, "END-1TO-END")]
    );
    assert_eq!(line.details.text.as_deref(), Some("RF18 53900754 7034"));
    let party = &line.details.counterparty;
    assert_eq!(party.name.as_deref(), Some("Ada Lovelace"));
    assert_eq!(party.account.as_deref(), Some("DE02120300000000202051"));
    assert_eq!(party.bank.as_deref(), Some("ABCDEFGH"));
    assert_eq!(line.details.code.as_deref(), Some("NTRF/166"));
}

#[test]
fn reads_the_slashed_way_of_field_86() {
    let lines = ":61:261128C1,NTRFEREF\r\n:86:/EREF/E2E-1/CNTP/NL00BANK0123456789/BANKNL2A/A. Love\r\nlace/REMI/STRD/CUR/9001123412341234/\r\n";
    let line = line(lines, "C261128EUR1,");
    assert!(references(&line).contains(&(ReferenceKind::EndToEnd, "E2E-1")));
    assert!(references(&line).contains(&(ReferenceKind::Creditor, "9001123412341234")));
    assert_eq!(
        line.details.counterparty.name.as_deref(),
        Some("A. Lovelace")
    );
}

#[test]
fn keeps_words_that_look_like_keys() {
    let lines = ":61:261128C1,NTRFNONREF\r\n:86:166?20SVWZ+see EREF+X\r\n";
    let line = line(lines, "C261128EUR1,");
    assert!(references(&line).is_empty());
    assert_eq!(line.details.text.as_deref(), Some("see EREF+X"));
}

#[test]
fn pages_follow_each_other() {
    let pages = |next: &str| {
        format!(
            ":20:A\n:25:1\n:28C:1/1\n:60F:C261127EUR0,\n:61:261127C1,NTRFX\n:62M:C261127EUR1,\n-\n\
             :20:A\n:25:1\n:28C:1/2\n:60M:C261127EUR{next},\n:62F:C261127EUR{next},\n-\n"
        )
    };
    assert_eq!(
        read(FileFormat::Mt940, pages("1").as_bytes(), None)
            .unwrap()
            .len(),
        2
    );
    let refused = refused(&pages("2"));
    assert_eq!(refused.place.statement, Some(2));
    assert_eq!(
        refused.reason,
        Reason::Page {
            expected: euro(100),
            found: euro(200)
        }
    );
}

#[test]
fn reads_a_report_during_the_day() {
    let report = |sum: &str| {
        format!(
            ":20:A\n:25:1\n:28C:1/1\n:34F:EURC0,\n:13D:2611281200+0100\n:61:261128C1,NTRFX\n\
             :61:261128ED2,NTRFX\n:90D:1EUR2,\n:90C:1EUR{sum},\n-\n"
        )
    };
    let statement = taken(&report("1"));
    assert_eq!((statement.opening, statement.closing), (None, None));
    assert_eq!(statement.lines[1].status, LineStatus::Pending);
    assert!(matches!(refused(&report("3")).reason, Reason::Total { .. }));
}

#[test]
fn refuses_what_money_depends_on_and_says_where() {
    let good = ":61:261128C1,00NTRFX\r\n";
    for (from, to) in [
        ("1,00", "100"),
        ("1,00", "1,001"),
        ("1,00", "1,0,0"),
        ("1,00", ""),
        ("1,00", "99999999999999999999,"),
        ("261128", "260230"),
        ("C1", "X1"),
    ] {
        let lines = format!("{good}{}", good.replace(from, to));
        let refused = refused(&message(&lines, "C261128EUR2,"));
        assert_eq!(
            (refused.place.statement, refused.place.line),
            (Some(1), Some(2)),
            "{to}: {refused}"
        );
    }
    let cases = [
        message(good, "C261128EUR2,"),
        message(good, "C2611281,"),
        message(good, "1"),
        message(good, "C261128EUR1,").replace(":60F:C261127EUR0,\r\n", ""),
        message(good, "C261128EUR1,").replace(":62F:", ":64:"),
        message(":25:X\r\n", "C261128EUR0,"),
        message("", "C261128EUR0,").replace("-\r\n", good),
    ];
    for case in cases {
        assert_eq!(refused(&case).place.statement, Some(1), "{case}");
    }
}

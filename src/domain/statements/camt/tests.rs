use super::super::{
    Charge, FileFormat, Flow, Line, LineStatus, Party, Reason, ReferenceKind, Refused, Statement,
    read,
};
use crate::base::money::Money;
use time::macros::date;

fn euro(minor: i64) -> Money {
    Money::new(minor, "EUR".parse().unwrap())
}

fn balance(code: &str, mark: &str, amount: &str) -> String {
    format!(
        "<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy=\"EUR\">{amount}</Amt>\
         <CdtDbtInd>{mark}</CdtDbtInd><Dt><Dt>2026-11-28</Dt></Dt></Bal>"
    )
}

fn entry(amount: &str, mark: &str, rest: &str) -> String {
    format!(
        "<Ntry><Amt Ccy=\"EUR\">{amount}</Amt><CdtDbtInd>{mark}</CdtDbtInd><Sts>BOOK</Sts>\
         <BookgDt><Dt>2026-11-28</Dt></BookgDt>{rest}</Ntry>"
    )
}

/// A statement of camt.053 version 2 with this in it.
fn statement(inside: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.02\">\
         <BkToCstmrStmt><GrpHdr><MsgId>M</MsgId></GrpHdr><Stmt><Id>S1</Id>\
         <ElctrncSeqNb>7</ElctrncSeqNb><Acct><Id><IBAN>DE02120300000000202051</IBAN></Id></Acct>\
         {inside}</Stmt></BkToCstmrStmt></Document>"
    )
}

fn taken(text: &str) -> Statement {
    let mut statements = read(FileFormat::Auto, text.as_bytes(), None).unwrap();
    assert_eq!(statements.len(), 1);
    statements.remove(0)
}

fn refused(text: &str) -> Refused {
    read(FileFormat::Auto, text.as_bytes(), None).unwrap_err()
}

fn line(entry: &str) -> Line {
    taken(&statement(entry)).lines.remove(0)
}

fn reference(line: &Line, kind: ReferenceKind) -> Option<&str> {
    let mut references = line.details.references.iter();
    references
        .find(|reference| reference.kind == kind)
        .map(|reference| reference.value.as_str())
}

#[test]
fn reads_a_statement_that_adds_up() {
    let balances = balance("OPBD", "DBIT", "5.00") + &balance("CLBD", "CRDT", "4.5");
    let entries =
        entry("12.50", "CRDT", "") + &entry("3", "DBIT", "<ValDt><Dt>2026-11-30</Dt></ValDt>");
    let statement = taken(&statement(&(balances + &entries)));
    assert_eq!(statement.account.as_deref(), Some("DE02120300000000202051"));
    assert_eq!(
        (statement.id.as_deref(), statement.number.as_deref()),
        (Some("S1"), Some("7"))
    );
    assert_eq!(statement.opening.unwrap().amount, euro(-500));
    assert_eq!(statement.closing.unwrap().on, Some(date!(2026 - 11 - 28)));
    let signed: Vec<_> = statement.lines.iter().map(Line::signed).collect();
    assert_eq!(signed, [euro(1250), euro(-300)]);
    assert_eq!(statement.lines[1].value_on, Some(date!(2026 - 11 - 30)));
}

#[test]
fn a_statement_that_does_not_add_up_is_refused_with_both_sums() {
    let balances = balance("PRCD", "CRDT", "5.00") + &balance("CLBD", "CRDT", "4.50");
    let refused = refused(&statement(&(balances + &entry("1.00", "DBIT", ""))));
    assert_eq!(refused.place.statement, Some(1));
    assert_eq!(
        refused.reason,
        Reason::Unbalanced {
            opening: euro(500),
            expected: euro(400),
            found: euro(450)
        }
    );
    let said = refused.to_string();
    assert!(
        said.starts_with("statement 1: ") && said.contains("4.00") && said.contains("4.50"),
        "{said}"
    );
}

#[test]
fn totals_of_a_notification_are_held_against_its_lines() {
    let notification = |sum: &str| {
        let summary =
            format!("<TxsSummry><TtlCdtNtries><Sum>{sum}</Sum></TtlCdtNtries></TxsSummry>");
        let inside = format!("{summary}{}", entry("1.00", "CRDT", ""));
        statement(&inside)
            .replace("BkToCstmrStmt", "BkToCstmrDbtCdtNtfctn")
            .replace("Stmt>", "Ntfctn>")
            .replace("camt.053", "camt.054")
    };
    assert_eq!(taken(&notification("1.00")).opening, None);
    assert!(matches!(
        refused(&notification("2.00")).reason,
        Reason::Total { .. }
    ));
}

#[test]
fn only_booked_entries_of_a_report_count() {
    let pending = entry("9.00", "CRDT", "").replace("<Sts>BOOK</Sts>", "<Sts><Cd>PDNG</Cd></Sts>");
    let inside = balance("OPBD", "CRDT", "1.00") + &balance("ITBD", "CRDT", "2.00") + &pending;
    let report = |inside: &str| {
        statement(inside)
            .replace("BkToCstmrStmt", "BkToCstmrAcctRpt")
            .replace("Stmt>", "Rpt>")
            .replace("camt.053.001.02", "camt.052.001.14")
    };
    let read = taken(&report(&(inside + &entry("1.00", "CRDT", ""))));
    let statuses: Vec<_> = read.lines.iter().map(|line| line.status).collect();
    assert_eq!(statuses, [LineStatus::Pending, LineStatus::Booked]);
    let silent = entry("1.00", "CRDT", "").replace("<Sts>BOOK</Sts>", "");
    assert_eq!(
        refused(&report(&silent)).reason,
        Reason::Missing("the status (Sts)")
    );
}

#[test]
fn the_direction_of_a_reversal_is_what_the_bank_says_and_the_party_is_the_payer() {
    let parties = "<NtryDtls><TxDtls><RltdPties><Dbtr><Nm>Ada</Nm></Dbtr><Cdtr><Nm>We</Nm></Cdtr>\
                   </RltdPties></TxDtls></NtryDtls>";
    let reversal = format!("<RvslInd>true</RvslInd>{parties}");
    let back = line(&entry("1.00", "DBIT", &reversal));
    assert_eq!((back.direction, back.is_reversal), (Flow::Out, true));
    for line in [back, line(&entry("1.00", "CRDT", parties))] {
        assert_eq!(line.details.counterparty.name.as_deref(), Some("Ada"));
    }
}

#[test]
fn a_single_transaction_is_the_entry() {
    let details = "<NtryRef>1</NtryRef><NtryDtls><TxDtls>\
        <Refs><AcctSvcrRef>BANK-1</AcctSvcrRef><EndToEndId>E2E</EndToEndId><TxId>NOTPROVIDED</TxId></Refs>\
        <Amt Ccy=\"EUR\">12.50</Amt><AmtDtls><InstdAmt><Amt Ccy=\"USD\">14.00</Amt></InstdAmt></AmtDtls>\
        <Chrgs><TtlChrgsAndTaxAmt Ccy=\"EUR\">0.30</TtlChrgsAndTaxAmt><Rcrd><Amt Ccy=\"EUR\">0.30</Amt>\
        <CdtDbtInd>DBIT</CdtDbtInd><ChrgInclInd>true</ChrgInclInd></Rcrd></Chrgs>\
        <BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd>\
        <RltdPties><Dbtr><Pty><Nm>Ada &amp; Sons</Nm></Pty></Dbtr><DbtrAcct><Id><Othr><Id>123</Id></Othr></Id>\
        </DbtrAcct></RltdPties><RltdAgts><DbtrAgt><FinInstnId><BICFI>ABCDEFGH</BICFI></FinInstnId></DbtrAgt></RltdAgts>\
        <RmtInf><Ustrd>one</Ustrd><Ustrd>two</Ustrd><Strd><CdtrRefInf><Ref>RF18539007547034</Ref></CdtrRefInf></Strd>\
        </RmtInf></TxDtls></NtryDtls><AddtlNtryInf>Credit</AddtlNtryInf>";
    let line = line(&entry("12.50", "CRDT", details));
    assert!(line.transactions.is_empty());
    assert_eq!(line.bank_id.as_deref(), Some("BANK-1"));
    assert_eq!(
        reference(&line, ReferenceKind::Creditor),
        Some("RF18539007547034")
    );
    assert_eq!(reference(&line, ReferenceKind::EndToEnd), Some("E2E"));
    assert_eq!(reference(&line, ReferenceKind::Transaction), None);
    assert_eq!(line.details.text.as_deref(), Some("one\ntwo\nCredit"));
    assert_eq!(line.details.code.as_deref(), Some("PMNT/RCDT/ESCT"));
    assert_eq!(
        line.details.instructed,
        Some(Money::new(1400, "USD".parse().unwrap()))
    );
    let charge = Charge {
        amount: euro(30),
        is_included: Some(true),
    };
    assert_eq!(line.details.charges, [charge]);
    let party = Party {
        name: Some("Ada & Sons".to_owned()),
        account: Some("123".to_owned()),
        bank: Some("ABCDEFGH".to_owned()),
    };
    assert_eq!(line.details.counterparty, party);
}

#[test]
fn a_batch_keeps_its_transactions() {
    let part = |id: &str, amount: &str| {
        format!(
            "<TxDtls><Refs><AcctSvcrRef>{id}</AcctSvcrRef></Refs><AmtDtls><TxAmt><Amt Ccy=\"EUR\">{amount}</Amt>\
             </TxAmt></AmtDtls></TxDtls>"
        )
    };
    let batch = |parts: &str| {
        line(&entry(
            "3.00",
            "CRDT",
            &format!("<NtryDtls>{parts}</NtryDtls>"),
        ))
    };
    let whole = batch(&(part("A", "1.00") + &part("B", "2.00")));
    assert!(whole.is_itemized());
    assert_eq!(whole.transactions[1].amount, Some(euro(200)));
    assert_eq!(whole.transactions[1].bank_id.as_deref(), Some("B"));
    let repeated = batch(&(part("A", "1.00") + &part("A", "1.00")));
    assert!(!repeated.is_itemized());
    assert_eq!(repeated.transactions[0].bank_id, None);
}

#[test]
fn an_id_of_two_entries_identifies_neither() {
    let id = |id: &str| format!("<AcctSvcrRef>{id}</AcctSvcrRef>");
    let same = entry("1.00", "CRDT", &id("X"));
    let statement = taken(&statement(&format!(
        "{same}{same}{}",
        entry("1.00", "CRDT", &id("Y"))
    )));
    let ids: Vec<_> = statement
        .lines
        .iter()
        .map(|line| line.bank_id.as_deref())
        .collect();
    assert_eq!(ids, [None, None, Some("Y")]);
    assert_eq!(
        reference(&statement.lines[0], ReferenceKind::Bank),
        Some("X")
    );
}

#[test]
fn an_entrys_reference_counts_inside_its_statement_alone() {
    let line = line(&entry("1.00", "CRDT", "<NtryRef>1</NtryRef>"));
    assert_eq!(line.bank_id.as_deref(), Some("S1/1"));
}

#[test]
fn names_of_namespaces_and_envelopes_do_not_matter() {
    let wrapped = statement(&entry("1.00", "CRDT", ""))
        .replace("<?xml version=\"1.0\"?>", "<Envelope>")
        .replace("xmlns=", "xmlns:n=")
        + "</Envelope>";
    let prefixed = wrapped
        .replace("<Ntry>", "<n:Ntry>")
        .replace("</Ntry>", "</n:Ntry>");
    assert_eq!(taken(&prefixed).lines.len(), 1);
    let old = statement("").replace("053.001.02", "053.001.01");
    assert!(refused(&old).to_string().contains("camt.053.001.01"));
    let other = read(
        FileFormat::Camt054,
        statement(&entry("1.00", "CRDT", "")).as_bytes(),
        None,
    );
    assert!(matches!(
        other.unwrap_err().reason,
        Reason::OtherFormat { .. }
    ));
}

#[test]
fn refuses_what_money_depends_on_and_says_where() {
    let good = entry("1.00", "CRDT", "");
    let cases = [
        good.replace("1.00", "1.005"),
        good.replace("1.00", "-1.00"),
        good.replace("1.00", "1,00"),
        good.replace("1.00", "1e3"),
        good.replace("1.00", "99999999999999999999"),
        good.replace("1.00", "1<x/>00"),
        good.replace("EUR", "XXX"),
        good.replace(" Ccy=\"EUR\"", ""),
        good.replace("CRDT", "BOTH"),
        good.replace("<CdtDbtInd>CRDT</CdtDbtInd>", ""),
        good.replace("2026-11-28", "2026-02-30"),
        good.replace("<BookgDt><Dt>2026-11-28</Dt></BookgDt>", ""),
    ];
    for case in cases {
        let refused = refused(&statement(&format!("{good}{case}")));
        assert_eq!(
            (refused.place.statement, refused.place.line),
            (Some(1), Some(2)),
            "{case}: {refused}"
        );
    }
    let mixed = format!(
        "{}{}",
        balance("OPBD", "CRDT", "1.00"),
        good.replace("EUR", "USD")
    );
    let mixed = statement(&(mixed + &balance("CLBD", "CRDT", "2.00")));
    assert!(matches!(
        refused(&mixed).reason,
        Reason::OtherCurrency { .. }
    ));
}

#[test]
fn hostile_xml_is_refused() {
    let bomb = "<!DOCTYPE d [<!ENTITY a \"aaaa\">]><Document><BkToCstmrStmt><Stmt>&a;</Stmt></BkToCstmrStmt></Document>";
    let deep = format!("<BkToCstmrStmt>{}", "<a>".repeat(100_000));
    let cases = [
        bomb.to_owned(),
        statement("&unknown;"),
        deep,
        statement("<Ntry>"),
        statement("</Stmt>"),
        statement(&entry(
            "1.00",
            "CRDT",
            &format!("<AddtlNtryInf>{}</AddtlNtryInf>", "x".repeat(20_000)),
        )),
    ];
    for case in cases {
        refused(&case);
    }
}

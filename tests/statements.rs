//! Statements of real banks, as others read them.
//!
//! The crates `mt940` and `ofx-rs` ship statements of many banks. They lie where cargo keeps the crates;
//! each is read as its crate reads it, or refused for a reason. `tests/verifiers/statements.py` holds what
//! is read against what libraries for Python read.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use mt940::{ExtDebitOrCredit, Message, StatementLine, parse_mt940, sanitizers::sanitize};
use ofx_rs::{
    aggregates::TransactionList,
    document::{BankingMessageSet, CreditCardMessageSet},
};
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};
use threadpay::domain::statements::{
    Balance, FileFormat, Flow, Line, ReferenceKind, Statement, parse, read,
};

/// Where cargo keeps a crate's files.
fn home_of(name: &str) -> PathBuf {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let arguments = ["metadata", "--format-version=1", "--offline", "--locked"];
    let output = Command::new(cargo).args(arguments).output().unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut packages = metadata["packages"].as_array().unwrap().iter();
    let package = packages.find(|package| package["name"] == name).unwrap();
    let manifest = Path::new(package["manifest_path"].as_str().unwrap());
    manifest.parent().unwrap().to_owned()
}

/// All files below a folder whose names end like this.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.to_str().unwrap().ends_with(ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn compare(ours: &[Statement], theirs: &[Message]) {
    assert_eq!(ours.len(), theirs.len(), "statements");
    for (one, other) in ours.iter().zip(theirs) {
        let number = other
            .sequence_no
            .as_ref()
            .map_or(other.statement_no.clone(), |page| {
                format!("{}/{page}", other.statement_no)
            });
        assert_eq!(one.number.as_deref(), Some(number.as_str()));
        assert_eq!(one.account.as_deref(), Some(other.account_id.as_str()));
        assert_eq!(one.currency.code(), other.opening_balance.iso_currency_code);
        for (balance, theirs) in [
            (one.opening.unwrap(), &other.opening_balance),
            (one.closing.unwrap(), &other.closing_balance),
        ] {
            let amount = balance.amount.to_string();
            assert_eq!(
                decimal(amount.trim_start_matches('-')),
                theirs.amount.normalize().to_string()
            );
            assert_eq!(balance.on.unwrap().to_string(), theirs.date.to_string());
        }
        assert_eq!(one.lines.len(), other.statement_lines.len(), "lines");
        for (line, theirs) in one.lines.iter().zip(&other.statement_lines) {
            compare_lines(line, theirs);
        }
    }
}

/// Without zeros at the end, as the crate prints it.
fn decimal(text: &str) -> String {
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn compare_lines(line: &Line, theirs: &StatementLine) {
    assert_eq!(
        decimal(&line.amount.to_string()),
        theirs.amount.normalize().to_string()
    );
    let direction = match theirs.ext_debit_credit_indicator {
        ExtDebitOrCredit::Credit | ExtDebitOrCredit::ReverseCredit => Flow::In,
        ExtDebitOrCredit::Debit | ExtDebitOrCredit::ReverseDebit => Flow::Out,
    };
    assert_eq!(line.direction, direction);
    assert_eq!(
        line.value_on.unwrap().to_string(),
        theirs.value_date.to_string()
    );
    let day = |day: time::Date| day.to_string();
    assert_eq!(
        line.booked_on.map(day),
        theirs.entry_date.map(|day| day.to_string())
    );
    let references = |kind| {
        let references = line.details.references.iter();
        references
            .filter(move |r| r.kind == kind)
            .map(|r| r.value.as_str())
            .next()
    };
    let said = |text: &str| {
        Some(text.trim().to_owned()).filter(|text| text != "NONREF" && !text.is_empty())
    };
    assert_eq!(
        references(ReferenceKind::Customer)
            .map(sanitize)
            .as_deref()
            .map(str::trim),
        said(&theirs.customer_ref).as_deref()
    );
    let bank = theirs.bank_ref.as_deref().and_then(said);
    assert_eq!(
        references(ReferenceKind::Bank)
            .map(sanitize)
            .as_deref()
            .map(str::trim),
        bank.as_deref()
    );
}

#[test]
fn statements_of_banks_are_read_as_the_crate_mt940_reads_them_or_refused() {
    let (mut same, mut refused, mut alone) = (0, 0, 0);
    for path in files(&home_of("mt940").join("tests/data"), ".sta") {
        let bytes = fs::read(&path).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        let text = String::from_utf8_lossy(&bytes);
        let theirs = parse_mt940(&text).or_else(|_| parse_mt940(&sanitize(&text)));
        let whole = match read(FileFormat::Mt940, &bytes, None) {
            Ok(_) => "adds up".to_owned(),
            Err(refused) => refused.to_string(),
        };
        match (parse(FileFormat::Mt940, &bytes, None), theirs) {
            (Ok(ours), Ok(theirs)) => {
                println!("{name}: as the crate; {whole}");
                compare(&ours, &theirs);
                same += 1;
            }
            (Ok(ours), Err(theirs)) => {
                let theirs = theirs.to_string();
                println!(
                    "{name}: {} statements, refused by the crate: {:?}; {whole}",
                    ours.len(),
                    theirs.lines().next()
                );
                alone += 1;
            }
            (Err(reason), theirs) => {
                println!(
                    "{name}: refused, {} by the crate: {reason}",
                    if theirs.is_ok() { "read" } else { "refused" }
                );
                refused += 1;
            }
        }
    }
    // Of those that are refused, the crate reads one that is in German marks.
    assert_eq!((same, alone, refused), (23, 7, 8));
}

/// The account and all lines as (amount, id, day), in the order of the file.
type Read = Vec<(String, Vec<(String, String, String)>)>;

fn by_ofx_rs(text: &str) -> Read {
    let lines = |list: Option<&TransactionList>| {
        let transactions = list.into_iter().flat_map(TransactionList::transactions);
        let lines = transactions.map(|one| {
            let day = one.date_posted().as_offset_date_time().date();
            let amount = one.amount().as_decimal().normalize();
            (
                amount.to_string(),
                one.fit_id().to_string(),
                day.to_string(),
            )
        });
        lines.collect()
    };
    let document = ofx_rs::parse(text).unwrap();
    let banks = document
        .banking()
        .map(BankingMessageSet::statement_responses);
    let banks = banks.into_iter().flatten().filter_map(|one| one.response());
    let cards = document
        .credit_card()
        .map(CreditCardMessageSet::statement_responses);
    let cards = cards.into_iter().flatten().filter_map(|one| one.response());
    let banks = banks.map(|one| {
        (
            one.bank_account().account_id().to_string(),
            lines(one.transaction_list()),
        )
    });
    let cards = cards.map(|one| {
        (
            one.credit_card_account().account_id().to_string(),
            lines(one.transaction_list()),
        )
    });
    banks.chain(cards).collect()
}

fn by_us(statements: &[Statement]) -> Read {
    let lines = |statement: &Statement| {
        let lines = statement.lines.iter().map(|line| {
            let amount = line.signed().to_string();
            let amount = if amount.contains('.') {
                decimal(&amount)
            } else {
                amount
            };
            let day = line.booked_on.unwrap().to_string();
            (amount, line.bank_id.clone().unwrap(), day)
        });
        lines.collect()
    };
    let statements = statements.iter();
    statements
        .map(|one| (one.account.clone().unwrap(), lines(one)))
        .collect()
}

#[test]
fn ofx_is_read_as_the_crate_ofx_rs_reads_it_or_refused() {
    let (mut same, mut refused) = (0, Vec::new());
    for path in files(&home_of("ofx-rs").join("tests/fixtures"), ".ofx") {
        let bytes = fs::read(&path).unwrap();
        match read(FileFormat::Auto, &bytes, None) {
            Ok(ours) => {
                assert_eq!(
                    by_us(&ours),
                    by_ofx_rs(str::from_utf8(&bytes).unwrap()),
                    "{path:?}"
                );
                same += 1;
            }
            Err(reason) => refused.push(reason.to_string()),
        }
    }
    let [investments, correction] = &refused[..] else {
        panic!("{refused:?}");
    };
    assert!(investments.contains("INVSTMTRS") && correction.contains("CORRECTFITID"));
    assert_eq!(same, 7);
}

/// Prints what is read of each file in the folder `STATEMENTS`, as a line of JSON.
#[test]
#[ignore = "prints, for tests/verifiers/statements.py"]
fn prints_what_is_read() {
    let folder = std::env::var("STATEMENTS").unwrap();
    for path in files(Path::new(&folder), "") {
        let bytes = fs::read(&path).unwrap();
        let whole = read(FileFormat::Auto, &bytes, None).err();
        let read = parse(FileFormat::Auto, &bytes, None);
        let line = json!({
            "file": path.to_str(),
            "refused": whole.map(|refused| refused.to_string()),
            "statements": read.ok().map(|statements| statements.iter().map(print).collect::<Vec<_>>()),
        });
        println!("{line}");
    }
}

fn print(statement: &Statement) -> Value {
    let balance = |balance: Option<Balance>| balance.map(|balance| balance.amount.to_string());
    let lines = statement.lines.iter().map(|line| {
        let references = line.details.references.iter();
        json!({
            "amount": line.signed().to_string(),
            "status": line.status,
            "booked_on": line.booked_on.map(|day| day.to_string()),
            "value_on": line.value_on.map(|day| day.to_string()),
            "bank_id": line.bank_id,
            "references": references.map(|r| (r.kind, &r.value)).collect::<Vec<_>>(),
            "text": line.details.text,
            "name": line.details.counterparty.name,
            "account": line.details.counterparty.account,
            "transactions": line.transactions.iter().map(|one| json!({
                "amount": one.amount.map(|amount| amount.to_string()),
                "references": one.details.references.iter().map(|r| (r.kind, &r.value)).collect::<Vec<_>>(),
                "name": one.details.counterparty.name,
            })).collect::<Vec<_>>(),
        })
    });
    json!({
        "id": statement.id,
        "account": statement.account,
        "currency": statement.currency.code(),
        "opening": balance(statement.opening),
        "closing": balance(statement.closing),
        "lines": lines.collect::<Vec<_>>(),
    })
}

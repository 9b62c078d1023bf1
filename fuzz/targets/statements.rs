//! Files of banks. The first byte chooses the format; a CSV begins with its mapping, up to a NUL.

#![no_main]

use libfuzzer_sys::fuzz_target;
use threadpay::{
    base::money::Money,
    domain::statements::{
        FileFormat, LINES_MAX, Line, LineStatus, Mapping, Reason, Refused, Statement, Transaction,
        parse, read,
    },
};

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, bytes)) = bytes.split_first() else {
        return;
    };
    let words = FileFormat::WORDS;
    let format: FileFormat = words[usize::from(*choice) % words.len()].parse().unwrap();
    if format == FileFormat::Csv {
        table(bytes);
    } else {
        file(format, bytes, None);
    }
});

fn table(bytes: &[u8]) {
    let mut parts = bytes.splitn(2, |byte| *byte == 0);
    let (mapping, table) = (parts.next().unwrap(), parts.next().unwrap_or_default());
    if let Ok(mapping) = serde_json::from_slice::<Mapping>(mapping) {
        // One that cannot be used reads nothing.
        let is_usable = mapping.check().is_ok();
        assert!(is_usable || parse(FileFormat::Csv, table, Some(&mapping)).is_err());
        file(FileFormat::Csv, table, Some(&mapping));
    }
}

/// A file is taken whole, or refused with words; what is taken adds up.
fn file(format: FileFormat, bytes: &[u8], mapping: Option<&Mapping>) {
    let parsed = parse(format, bytes, mapping);
    match (read(format, bytes, mapping), parsed) {
        (Ok(statements), Ok(parsed)) => {
            assert_eq!(statements, parsed);
            assert!(!statements.is_empty());
            statements.iter().for_each(sound);
            let lines = statements.iter().flat_map(|statement| &statement.lines);
            assert!(lines.map(|line| 1 + line.transactions.len()).sum::<usize>() <= 2 * LINES_MAX);
        }
        (Err(refused), _) => told(&refused),
        (Ok(_), Err(refused)) => panic!("read, but not parsed: {refused}"),
    }
}

fn told(refused: &Refused) {
    // Messages quote a little of the file, never much.
    assert!(!refused.to_string().is_empty());
    let quotes = matches!(refused.reason, Reason::Malformed(_));
    assert!(quotes || refused.to_string().len() < 1000, "{refused}");
}

fn sound(statement: &Statement) {
    let booked = |line: &&Line| line.status == LineStatus::Booked;
    let mut sum = 0;
    for line in statement.lines.iter().filter(booked) {
        assert_eq!(line.amount.currency(), statement.currency);
        assert!(line.day().is_some());
        sum += i128::from(line.signed().minor());
    }
    if let (Some(opening), Some(closing)) = (statement.opening, statement.closing) {
        let minor = |amount: Money| i128::from(amount.minor());
        assert_eq!(minor(opening.amount) + sum, minor(closing.amount));
    }
    let mut texts = vec![&statement.id, &statement.number, &statement.account];
    for line in &statement.lines {
        assert!(line.amount.minor() >= 0);
        texts.push(&line.bank_id);
        let parts = line.transactions.iter();
        texts.extend(parts.map(|Transaction { bank_id, .. }| bank_id));
        let details = line.transactions.iter().map(|part| &part.details);
        for details in details.chain([&line.details]) {
            let party = &details.counterparty;
            texts.extend([&details.text, &details.code, &details.return_reason]);
            texts.extend([&party.name, &party.account, &party.bank]);
            let references = details.references.iter();
            assert!(
                references
                    .clone()
                    .all(|reference| reference.value.len() <= 255)
            );
            assert!(
                references
                    .clone()
                    .all(|reference| !reference.value.contains('\0'))
            );
        }
    }
    // Postgres keeps no NUL, and an empty text is none.
    for text in texts.into_iter().flatten() {
        assert!(!text.is_empty() && !text.contains('\0'), "{text:?}");
    }
}

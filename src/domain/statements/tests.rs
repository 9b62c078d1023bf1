use super::*;
use proptest::prelude::*;

/// Pieces that files are made of, so that what is tried looks like one.
const PIECES: [&str; 24] = [
    "<Document>",
    "<BkToCstmrStmt><Stmt>",
    "</Stmt>",
    "<Ntry>",
    "</Ntry>",
    "<Amt Ccy=\"EUR\">",
    "1.00",
    "</Amt>",
    "<CdtDbtInd>CRDT</CdtDbtInd>",
    "<Sts>BOOK</Sts>",
    "<!--",
    "&#x20;",
    ":20:A\n",
    ":25:1\n",
    ":60F:C261127EUR1,\n",
    ":61:261128C1,NTRF",
    "\n:86:166?20EREF+",
    "?21",
    ":62F:C261127EUR1,\n",
    "<OFX><STMTRS><STMTTRN>",
    "<TRNAMT>-1",
    "<FITID>1",
    "\n",
    "é",
];

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        for word in FileFormat::WORDS {
            let _ = read(word.parse().unwrap(), &bytes, None);
        }
    }

    #[test]
    fn no_pieces_of_files_make_it_panic(pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..40)) {
        let text = pieces.concat();
        for word in FileFormat::WORDS {
            let _ = read(word.parse().unwrap(), text.as_bytes(), None);
        }
    }
}

#[test]
fn says_that_it_does_not_know_a_file() {
    for text in ["", "hello", "%PDF-1.4", "<html><body/></html>", "{\"a\":1}"] {
        assert_eq!(
            read(FileFormat::Auto, text.as_bytes(), None)
                .unwrap_err()
                .reason,
            Reason::Unrecognized,
            "{text}"
        );
    }
    let large = vec![b' '; FILE_BYTES_MAX + 1];
    assert!(matches!(
        read(FileFormat::Auto, &large, None).unwrap_err().reason,
        Reason::TooMuch { .. }
    ));
}

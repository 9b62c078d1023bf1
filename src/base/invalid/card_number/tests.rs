use super::*;
use crate::base::invalid::{check_id, read_metadata, read_text};
use proptest::prelude::*;
use uuid::Builder;

/// Numbers that card schemes and processors publish for tests.
const CARDS: [&str; 15] = [
    "4242424242424242",
    "4000056655665556",
    "4111111111111111",
    "5555555555554444",
    "2223003122003222",
    "5200828282828210",
    "378282246310005",
    "371449635398431",
    "6011111111111117",
    "6011000990139424",
    "3056930009020004",
    "36227206271667",
    "3566002020360505",
    "6200000000000005",
    "6205500000000000004",
];

/// The digits in groups of these lengths.
fn grouped(digits: &str, lengths: &[usize], joint: &str) -> String {
    let mut rest = digits;
    let groups = lengths.iter().map(|&length| {
        let (group, after) = rest.split_at(length.min(rest.len()));
        rest = after;
        group.to_owned()
    });
    let mut groups: Vec<String> = groups.collect();
    groups.push(rest.to_owned());
    groups.retain(|group| !group.is_empty());
    groups.join(joint)
}

#[test]
fn finds_cards_however_people_write_them() {
    for card in CARDS {
        for joint in ["", " ", "-", "  ", " - ", "\u{a0}", "–"] {
            let layouts: [&[usize]; 2] = [&[4, 4, 4, 4], &[4, 6, 5]];
            for lengths in layouts {
                let written = grouped(card, lengths, joint);
                for text in [
                    written.clone(),
                    format!("my card is {written}."),
                    format!("Visa:{written}, 12/29, 123"),
                    format!("no.{written}"),
                    format!("{written} 12/29 123"),
                    format!("2026-11-22 {written}\n"),
                    format!("12 {written} 987"),
                    format!("(„{written}“)"),
                ] {
                    assert!(is_in(&text), "{text}");
                }
            }
        }
    }
}

#[test]
fn finds_cards_in_any_script_and_with_any_sign() {
    let scripts: [u32; 6] = [0x660, 0x6f0, 0x966, 0xe50, 0xff10, 0x1d7ce];
    for card in CARDS {
        for zero in scripts {
            let digits = card.chars().map(|c| c.to_digit(10).unwrap());
            let written: String = digits.map(|d| char::from_u32(zero + d).unwrap()).collect();
            assert!(is_in(&written), "{written}");
            let spaced: Vec<String> = written.chars().map(|c| c.to_string()).collect();
            let spaced: Vec<String> = spaced.chunks(4).map(<[String]>::concat).collect();
            assert!(
                is_in(&spaced.join("\u{3000}")) || card.len() % 4 < 3,
                "{spaced:?}"
            );
        }
        for hidden in ["\u{200b}", "\u{ad}", "\u{2060}"] {
            let letters: Vec<String> = card.chars().map(|c| c.to_string()).collect();
            assert!(is_in(&letters.join(hidden)), "{card}");
        }
    }
    for card in [
        "4242424242424242",
        "5555555555554444",
        "6205500000000000004",
    ] {
        for sign in [
            ".", "/", "_", "*", "·", "•", "|", ",", ":", "\t", "\u{2009}", "－", "−", "〜",
        ] {
            let written = grouped(card, &[4, 4, 4, 4], sign);
            for text in [
                written.clone(),
                format!("card: {written}."),
                format!("({written})"),
            ] {
                assert!(is_in(&text), "{text}");
            }
        }
    }
    for sign in [".", "/", "_"] {
        assert!(is_in(&grouped("378282246310005", &[4, 6, 5], sign)));
    }
}

#[test]
fn finds_cards_digit_by_digit_and_in_any_dress() {
    let dressed = |first: u32, zero: u32| {
        move |digit: u32| match digit {
            0 => char::from_u32(zero).unwrap(),
            digit => char::from_u32(first + digit - 1).unwrap(),
        }
    };
    for card in CARDS {
        let digits: Vec<u32> = card.chars().map(|c| c.to_digit(10).unwrap()).collect();
        let letters: Vec<String> = card.chars().map(String::from).collect();
        for sign in [
            " ",
            "-",
            ".",
            "·",
            "_",
            "\u{a0}",
            "\u{2009}",
            "\u{fe0f}\u{20e3}",
            "\u{301}",
        ] {
            for text in [
                letters.join(sign),
                format!("it is {}, 12/29", letters.join(sign)),
            ] {
                assert!(is_in(&text), "{text}");
            }
        }
        for (first, zero) in [(0x2081, 0x2080), (0x2460, 0x24ea), (0x2776, 0x24ff)] {
            let text: String = digits.iter().copied().map(dressed(first, zero)).collect();
            assert!(is_in(&text), "{text}");
        }
    }
    assert!(is_in("⁴²⁴²⁴²⁴²⁴²⁴²⁴²⁴²"));
}

#[test]
fn takes_what_is_no_card() {
    for text in [
        "",
        "Table 4, 2 × flat white, 12.50 EUR",
        "4242424242424241",
        "42424242424242424242424242424242",
        "order-1042",
        "order 2026112200012345",
        "1731234567890",
        "1731234567890123456",
        "+49 1512 3456 7890 1234",
        "+4242424242424242",
        "4006381333931",
        "4915123456784",
        "4222222222222",
        "490154203237518",
        "INV4242424242424242",
        "id_4242424242424242",
        "4242424242424242th",
        "3.4242424242424242",
        "51 52 53 54 55 56 57 58",
        "4 2 4 2 4 2 4 2 4 2 4 2 4 2 4 1",
        "4 2-4 2 4 2 4 2 4 2 4 2 4 2 4 2",
        "1 4 2 4 2 4 2 4 2 4 2 4 2 4 2 4 2",
        "4, 2, 4, 2, 4, 2, 4, 2, 4, 2, 4, 2, 4, 2, 4, 2",
        "4242\n4242\n4242\n4242",
        "DE75 5121 0800 1245 1261 99",
        "8944500102198304826",
        "pi_01m810zz1qf30stf80swm6wd6q",
        "٤٢٤٢",
        "4242.4242.4242.4241",
        "4242.4242.42424242.1",
        "INV4242.4242.4242.4242",
        "4242, 4242, 4242, 4242",
    ] {
        assert!(!is_in(text), "{text}");
    }
}

#[test]
fn a_text_with_a_card_is_refused_and_an_id_is_not() {
    let card = "4242 4242 4242 4242";
    let refused = read_text("/description", card, 500).unwrap_err();
    assert_eq!(
        (refused.code.as_str(), refused.param.as_str()),
        ("card_number_not_allowed", "/description")
    );
    assert!(!refused.detail.contains("4242"));
    assert_eq!(check_id("/thread/user", card, 500), Ok(()));
    let note = |key: &str, value: &str| {
        let metadata = [(key.into(), value.into())].into();
        read_metadata(metadata).map(drop)
    };
    let fault = |result: Result<(), crate::base::invalid::Invalid>| result.unwrap_err().param;
    assert_eq!(fault(note("a/b", card)), "/metadata/a~1b");
    assert_eq!(fault(note(card, "x")), "/metadata");
    assert_eq!(note("a", "4242"), Ok(()));
}

proptest! {
    #[test]
    fn any_card_of_visa_is_found_between_any_words(
        body in "4[0-9]{14}", before in "([a-zäß]{0,8}[ :,(\n])?", after in "([ ,;:)\n][a-zäß]{0,8})?",
    ) {
        let check = (0..10).map(|digit| format!("{body}{digit}"));
        let cards: Vec<String> = check.filter(|card| has_right_check_digit(card)).collect();
        prop_assert_eq!(cards.len(), 1, "one check digit is right");
        prop_assert!(is_in(&format!("{before}{}{after}", cards[0])), "{}", cards[0]);
    }

    #[test]
    fn a_wrong_digit_is_no_card(card in 0..CARDS.len(), at in 0..14_usize, by in 1..10_u32) {
        let wrong: String = CARDS[card].chars().enumerate().map(|(place, c)| {
            let digit = c.to_digit(10).unwrap();
            let digit = if place == at { (digit + by) % 10 } else { digit };
            char::from_digit(digit, 10).unwrap()
        }).collect();
        prop_assert!(!is_in(&wrong), "{wrong}");
    }

    #[test]
    fn uuids_pass(bits in any::<u128>(), digits in "[0-9]{8}-[0-9]{4}-[1-8][0-9]{3}-[89][0-9]{3}-[0-9]{12}") {
        prop_assert!(!is_in(&digits), "{digits}");
        let id = Builder::from_random_bytes(bits.to_be_bytes()).into_uuid();
        prop_assert!(!is_in(&format!("{id} {}", id.simple())), "{id}");
    }

    #[test]
    fn phone_numbers_pass(text in "\\+[1-9][0-9]{0,2}([ -]?[0-9]{2,4}){2,3}|00?[1-9][0-9]{6,12}|[1-9][0-9]{6,12}") {
        prop_assert!(!is_in(&text), "{text}");
    }

    #[test]
    fn order_numbers_pass(text in "[A-Z]{1,4}[0-9]{1,20}|20[0-9]{2}-[0-9]{1,8}|[0-9]{1,13}|[0-9]{20,40}|1[0-9]{12,18}") {
        prop_assert!(!is_in(&text), "{text}");
    }

    #[test]
    fn no_text_breaks_it(text in ".{0,200}|[0-9 .+_-]{0,200}") {
        is_in(&text);
    }
}

//! How large an amount may be written, so that no line ends in the middle of it.

/// The class of an amount, with the space before it; none for what is short.
pub(super) fn class(amount: &str) -> &'static str {
    match amount.chars().count() {
        0..=12 => "",
        13..=17 => " long",
        _ => " longest",
    }
}

/// The class of a button with an amount on it.
pub(super) fn button_class(text: &str) -> &'static str {
    // The signs of a word are broken only where it does not fit a line.
    let mut words = text.split(' ').map(|word| word.chars().count());
    if words.any(|letters| letters > 18) {
        " long"
    } else {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longer_the_smaller() {
        for (amount, wanted) in [
            ("€12.50", ""),
            ("US$1,250.00", ""),
            ("€1,234,567.89", " long"),
            ("Rp\u{a0}12.500.000,00", " long"),
            ("€\u{a0}999.999.999.999,99", " longest"),
            ("KWD\u{a0}999,999,999,999.999", " longest"),
        ] {
            assert_eq!(class(amount), wanted, "{amount}");
        }
        assert_eq!(button_class("US$\u{a0}1.250,00 bezahlen"), "");
        assert_eq!(button_class("Pay KWD\u{a0}999,999,999,999.999"), " long");
    }
}

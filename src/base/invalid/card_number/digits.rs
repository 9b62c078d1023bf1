//! Digits of all scripts, and what people see as a space or a dash, as ASCII.

/// The zeros of all decimal digits (Unicode 16, general category Nd). Nine digits follow each.
const ZEROS: [u32; 71] = [
    0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66,
    0xde6, 0xe50, 0xed0, 0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90,
    0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10,
    0x104a0, 0x10d30, 0x10d40, 0x11066, 0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0,
    0x11650, 0x116c0, 0x116d0, 0x116da, 0x11730, 0x118e0, 0x11950, 0x11bf0, 0x11c50, 0x11d50,
    0x11da0, 0x11f50, 0x16130, 0x16a60, 0x16ac0, 0x16b50, 0x16d70, 0x1ccf0, 0x1e140, 0x1e2f0,
    0x1e4f0, 0x1e5f1, 0x1e950, 0x1fbf0,
];
/// The mathematical ones: five sets of ten.
const MATHEMATICAL: std::ops::RangeInclusive<u32> = 0x1d7ce..=0x1d7ff;

/// Digits that are raised, lowered, circled, or have something around them: where a row begins,
/// with which digit, and how many follow one another.
const DRESSED: [(u32, u32, u32); 18] = [
    (0xb2, 2, 2),
    (0xb9, 1, 1),
    (0x2070, 0, 1),
    (0x2074, 4, 6),
    (0x2080, 0, 10),
    (0x2460, 1, 9),
    (0x2474, 1, 9),
    (0x2488, 1, 9),
    (0x24ea, 0, 1),
    (0x24f5, 1, 9),
    (0x24ff, 0, 1),
    (0x2776, 1, 9),
    (0x2780, 1, 9),
    (0x278a, 1, 9),
    (0x1f100, 0, 1),
    (0x1f101, 0, 10),
    (0x1f10b, 0, 1),
    (0x1f10c, 0, 1),
];

/// The value of a digit of any script and in any dress.
pub(super) fn value(c: char) -> Option<u32> {
    let code = u32::from(c);
    if code < 0x80 {
        return c.to_digit(10);
    }
    if MATHEMATICAL.contains(&code) {
        return Some((code - MATHEMATICAL.start()) % 10);
    }
    // The last of the zeros that are not above it.
    let at = ZEROS.partition_point(|zero| *zero <= code).checked_sub(1)?;
    let digit = code.checked_sub(*ZEROS.get(at)?)?;
    (digit < 10).then_some(digit).or_else(|| undressed(code))
}

fn undressed(code: u32) -> Option<u32> {
    let mut rows = DRESSED.iter();
    rows.find_map(|(start, first, count)| {
        let after = code.checked_sub(*start).filter(|after| after < count)?;
        Some(first + after)
    })
}

/// The character as far as a number goes: digits, spaces and dashes as ASCII has them, and nothing
/// for what cannot be seen.
pub(super) fn plain(c: char) -> Option<char> {
    if let Some(digit) = value(c) {
        return char::from_digit(digit, 10);
    }
    match c {
        // Soft hyphens, marks of width nothing, joiners, directions, variations, fillers, and what
        // is drawn over or around the character before (the frame of a key, an accent).
        '\u{ad}'
        | '\u{300}'..='\u{36f}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{20d0}'..='\u{20f0}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{e0000}'..='\u{e01ef}' => None,
        '\n' | '\r' | '\u{2028}' | '\u{2029}' | '\u{85}' => Some('\n'),
        c if c.is_whitespace() => Some(' '),
        '\u{2010}'..='\u{2015}'
        | '\u{2212}'
        | '\u{2043}'
        | '\u{2e3a}'
        | '\u{2e3b}'
        | '\u{fe58}'
        | '\u{fe63}'
        | '\u{ff0d}'
        | '\u{30fc}' => Some('-'),
        c => Some(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_set_has_ten_digits() {
        assert!(ZEROS.is_sorted());
        for zero in ZEROS {
            for digit in 0..10 {
                let c = char::from_u32(zero + digit).unwrap();
                assert_eq!(value(c), Some(digit), "{c:?}");
                assert!(c.is_numeric() || zero > 0x10d00, "{c:?}");
            }
        }
        for (c, digit) in [('\u{1d7ce}', 0), ('\u{1d7ff}', 9), ('\u{1d7d8}', 0)] {
            assert_eq!(value(c), Some(digit));
        }
        for (text, digits) in [("²³¹⁰⁹₀₉", "2310909"), ("①⑨⓪⑴⒐⓵❾➀➒🄀🄊", "19019191909")]
        {
            let read: Option<String> = text.chars().map(plain).collect();
            assert_eq!(read.as_deref(), Some(digits), "{text}");
        }
        for c in ['a', '/', ':', '٪', '\u{66a}', '\u{ff1a}', '½', '⑩', '⁺'] {
            assert_eq!(value(c), None, "{c:?}");
        }
    }
}

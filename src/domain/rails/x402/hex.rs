//! Bytes as chains write them: `0x` and two hexadecimal digits a byte.

/// Reads exactly `N` bytes, in capital or small letters.
pub(super) fn read<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.strip_prefix("0x")?.as_bytes();
    let (pairs, rest) = digits.as_chunks::<2>();
    if pairs.len() != N || !rest.is_empty() {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}

/// How many bytes a text stands for, if it is well formed.
pub(super) fn length(text: &str) -> Option<usize> {
    let digits = text.strip_prefix("0x")?.as_bytes();
    let is_hex = digits.iter().all(u8::is_ascii_hexdigit);
    (is_hex && digits.len().is_multiple_of(2)).then_some(digits.len() / 2)
}

/// Reads a quantity of JSON-RPC: no zeros before it, at most 64 bits.
pub(super) fn quantity(text: &str) -> Option<u64> {
    let digits = text.strip_prefix("0x")?;
    let is_short = digits == "0" || !digits.starts_with('0');
    let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let number = (is_short && is_hex).then_some(digits)?;
    u64::from_str_radix(number, 16).ok()
}

/// Writes bytes in small letters, with `0x` before them.
pub(super) fn write(bytes: &[u8]) -> String {
    let halves = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let digits = halves.filter_map(|half| char::from_digit(half.into(), 16));
    "0x".chars().chain(digits).collect()
}

fn digit(letter: u8) -> Option<u8> {
    let value = char::from(letter).to_digit(16)?;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_whole_bytes_of_the_right_number() {
        assert_eq!(read("0x00fF"), Some([0, 255]));
        for odd in [
            "00ff", "0X00ff", "0x0ff", "0x00ff0", "0x00ffff", "0x00fg", "0x+0ff", "",
        ] {
            assert_eq!(read::<2>(odd), None, "{odd}");
        }
        assert_eq!(write(&[0, 255]), "0x00ff");
        assert_eq!((length("0x"), length("0x00Ff")), (Some(0), Some(2)));
        assert_eq!(
            (length("0x0"), length("0x0g"), length("00")),
            (None, None, None)
        );
    }

    #[test]
    fn reads_quantities_of_64_bits() {
        assert_eq!((quantity("0x0"), quantity("0x1f")), (Some(0), Some(31)));
        assert_eq!(quantity("0xffffffffffffffff"), Some(u64::MAX));
        for odd in [
            "0x",
            "0x01",
            "1",
            "0x10000000000000000",
            "0x+1",
            "0x-1",
            "0x1g",
        ] {
            assert_eq!(quantity(odd), None, "{odd}");
        }
    }
}

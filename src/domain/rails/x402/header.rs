//! JSON in headers: base64 of its text, as the three headers of x402 carry it.

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde::Serialize;

/// Most bytes of a header that is read. An authorization takes about one kilobyte; signatures of
/// wallets that are contracts take more.
pub const LONGEST_HEADER: usize = 16 * 1024;

/// With the padding at the end or without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The value of a header that carries this.
pub(super) fn write(value: &impl Serialize) -> String {
    // What we write has only texts as keys, so that it does not fail.
    BASE64.encode(serde_json::to_vec(value).unwrap_or_default())
}

/// The text that a header carries, if it is one.
pub(super) fn read(header: &str) -> Option<String> {
    let is_short = header.len() <= LONGEST_HEADER;
    let bytes = is_short.then(|| BASE64.decode(header))?.ok()?;
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_it_writes_with_padding_or_without() {
        let header = write(&serde_json::json!({"name": "Zoë's ☕"}));
        for header in [header.as_str(), header.trim_end_matches('=')] {
            assert_eq!(read(header).unwrap(), "{\"name\":\"Zoë's ☕\"}");
        }
        assert_eq!(read("e30=="), None);
        assert_eq!(read(&"A".repeat(LONGEST_HEADER + 4)), None);
        assert_eq!(read("_-8="), None);
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(header in "\\PC*") {
            prop_assert!(read(&header).is_none_or(|text| text.len() <= header.len()));
        }
    }
}
